//! Keys and devices of a user.

use super::*;
use Action::{
    CreateAccessKey, DeleteAccessKey, GetCallerIdentity, GetUser, ListAccessKeys, ListMfaDevices,
    ListUsers,
};

#[test]
fn a_user_has_two_keys_at_most_and_inactive_ones_count() {
    let Scene { aws: _aws, alice, caller, key, .. } = scene();
    let second = caller.ok(CreateAccessKey, &[]);
    let second_id = second.element("AccessKeyId").unwrap();
    assert_eq!(second.element("Status").unwrap(), "Active");
    assert_eq!(caller.outcome(CreateAccessKey, &[]), refused(409, "LimitExceeded"));
    let inactive = [("AccessKeyId", second_id), ("Status", "Inactive")];
    caller.ok(Action::UpdateAccessKey, &inactive);
    assert_eq!(caller.outcome(CreateAccessKey, &[]), refused(409, "LimitExceeded"));
    let listed = caller.ok(ListAccessKeys, &[]).body;
    assert!(listed.contains(key.id()) && listed.contains("<Status>Inactive</Status>"));
    caller.ok(DeleteAccessKey, &[("AccessKeyId", second_id)]);
    assert_eq!(alice.key_ids(), [key.id()]);
}

#[test]
fn a_new_key_may_be_unknown_for_a_while() {
    let Scene { aws, caller, .. } = scene();
    aws.new_keys_are_unknown_for(2);
    let reply = caller.ok(CreateAccessKey, &[]);
    let new = caller.with_credentials_of(&reply).unwrap();
    for _ in 0..2 {
        assert_eq!(new.outcome(GetCallerIdentity, &[]), refused(403, "InvalidClientTokenId"));
    }
    new.ok(GetCallerIdentity, &[]);
}

#[test]
fn the_user_is_the_one_who_signs_or_the_one_named() {
    let Scene { aws, caller, .. } = scene();
    let bob = aws.user("bob");
    assert_eq!(caller.ok(GetUser, &[]).element("UserName").unwrap(), "alice");
    let named = caller.ok(GetUser, &[("UserName", "bob")]);
    assert_eq!(named.element("Arn").unwrap(), bob.arn());
    let nobody = caller.outcome(GetUser, &[("UserName", "eve")]);
    assert_eq!(nobody, refused(404, "NoSuchEntity"));
    let foreign = bob.access_key();
    let stolen = caller.outcome(DeleteAccessKey, &[("AccessKeyId", foreign.id())]);
    assert_eq!(stolen, refused(404, "NoSuchEntity"));
    assert!(caller.ok(ListUsers, &[]).body.contains("bob"));
}

#[test]
fn devices_are_listed_with_passkeys_among_them() {
    let Scene { aws: _aws, alice, caller, .. } = scene();
    let devices = [alice.mfa_device("me"), alice.passkey("yubi")];
    let listed = caller.ok(ListMfaDevices, &[]).body;
    for device in devices {
        assert!(listed.contains(&format!("<SerialNumber>{}<", device.serial())));
    }
}
