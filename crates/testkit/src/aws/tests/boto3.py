"""Asks the fake AWS the way AWS's own Python library does. Endpoint and key come from AWS_* variables."""
import os

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

SERIAL, CODE, ROLE = os.environ["SERIAL"], os.environ["CODE"], os.environ["ROLE"]
once = Config(retries={"total_max_attempts": 1})


def clients(credentials=None):
    keys = ("AccessKeyId", "SecretAccessKey", "SessionToken")
    session = boto3.Session(*[credentials[key] for key in keys] if credentials else [])
    return session.client("sts", config=once), session.client("iam", config=once)


def code_of(call, **parameters):
    try:
        call(**parameters)
    except ClientError as error:
        return error.response["Error"]["Code"]
    return "OK"


sts, iam = clients()
assert sts.get_caller_identity()["Arn"].endswith(":user/alice")
role = {"RoleArn": ROLE, "RoleSessionName": "boto3"}
assert code_of(sts.assume_role, **role) == "AccessDenied"
assert code_of(sts.get_session_token, SerialNumber=SERIAL, TokenCode="000000") in ("AccessDenied",)

plain_sts, plain_iam = clients(sts.get_session_token()["Credentials"])
assert code_of(plain_iam.get_user) == "InvalidClientTokenId"
assert code_of(plain_sts.get_session_token) == "AccessDenied"

answer = sts.get_session_token(SerialNumber=SERIAL, TokenCode=CODE)["Credentials"]
assert answer["Expiration"].utcoffset().total_seconds() == 0
mfa_sts, mfa_iam = clients(answer)
assert mfa_iam.get_user()["User"]["UserName"] == "alice"
assert mfa_iam.list_mfa_devices()["MFADevices"][0]["SerialNumber"] == SERIAL
tags = [{"Key": "team", "Value": "ops + dev @x=y"}]
assumed = mfa_sts.assume_role(**role, Tags=tags, TransitiveTagKeys=["team"])
assert assumed["AssumedRoleUser"]["Arn"].endswith(":assumed-role/deploy/boto3")
assert clients(assumed["Credentials"])[0].get_caller_identity()["Account"] == "222222222222"
assert code_of(mfa_sts.assume_role, **role, DurationSeconds=3601) == "ValidationError"

new = iam.create_access_key()["AccessKey"]
assert code_of(iam.create_access_key) == "LimitExceeded"
iam.update_access_key(AccessKeyId=new["AccessKeyId"], Status="Inactive")
states = {key["Status"] for key in iam.list_access_keys()["AccessKeyMetadata"]}
assert states == {"Active", "Inactive"}
iam.delete_access_key(AccessKeyId=new["AccessKeyId"])
assert [user["UserName"] for user in iam.list_users()["Users"]] == ["alice"]
print("boto3 agrees")
