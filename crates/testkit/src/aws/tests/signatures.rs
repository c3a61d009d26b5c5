//! Who is let in at all.

use super::*;
use crate::sigv4::{self, SigningKey, hex_sha256};

const ASK: Action = Action::GetCallerIdentity;

#[test]
fn a_good_signature_shows_who_signed() {
    let Scene { aws: _aws, caller, alice, .. } = scene();
    let reply = caller.ok(ASK, &[]);
    assert_eq!(reply.element("Arn").unwrap(), alice.arn());
    assert_eq!(reply.element("Account").unwrap(), HOME_ACCOUNT);
    assert!(reply.element("UserId").unwrap().starts_with("AIDA"));
    assert!(reply.head.contains("x-amzn-requestid: "));
    assert!(reply.head.contains(" GMT\r\n"));
}

#[test]
fn every_region_answers() {
    let Scene { aws: _aws, caller, .. } = scene();
    for region in ["us-east-1", "eu-west-1", "ap-southeast-4", "us-gov-west-1"] {
        assert_eq!(caller.clone().in_region(region).outcome(ASK, &[]).1, "OK");
    }
    let nowhere = caller.in_region("moon");
    assert_eq!(nowhere.outcome(ASK, &[]), refused(403, "SignatureDoesNotMatch"));
}

#[test]
fn an_unknown_key_a_wrong_secret_and_no_signature_are_three_answers() {
    let Scene { aws, key, .. } = scene();
    let unsigned = Client::new(aws.endpoint());
    assert_eq!(unsigned.outcome(ASK, &[]), refused(403, "MissingAuthenticationToken"));
    let stranger = unsigned.clone().signed_by("AKIAAAAAAAAAAAAAAAAA", key.secret(), None);
    assert_eq!(stranger.outcome(ASK, &[]), refused(403, "InvalidClientTokenId"));
    let guesser = unsigned.signed_by(key.id(), "guess", None);
    assert_eq!(guesser.outcome(ASK, &[]), refused(403, "SignatureDoesNotMatch"));
}

#[test]
fn an_inactive_key_is_refused_until_it_is_active_again() {
    let Scene { alice, aws, key, caller, .. } = scene();
    let other = aws.client(&alice.access_key());
    let update = |status| [("AccessKeyId", key.id()), ("Status", status)];
    other.ok(Action::UpdateAccessKey, &update("Inactive"));
    assert_eq!(caller.outcome(ASK, &[]), refused(403, "InvalidClientTokenId"));
    other.ok(Action::UpdateAccessKey, &update("Active"));
    assert_eq!(caller.arn(), alice.arn());
}

#[test]
fn any_changed_byte_breaks_the_signature() {
    let Scene { aws: _aws, caller, .. } = scene();
    let good = caller.request(ASK, &[]).unwrap();
    assert_eq!(caller.send(good.clone()).unwrap().outcome(), "OK");
    let mut tampered = vec![good.clone(), good.clone(), good.clone()];
    tampered[0].body.extend(b"&x=y");
    tampered[1].query = "x=y".to_owned();
    tampered[2].headers[1].1 = "application/x-www-form-urlencoded".to_owned();
    for request in tampered {
        let reply = caller.send(request).unwrap();
        assert_eq!((reply.status, reply.outcome()), (403, "SignatureDoesNotMatch"));
    }
}

#[test]
fn a_header_of_amazon_that_is_not_signed_is_refused() {
    let Scene { aws: _aws, caller, .. } = scene();
    let mut request = caller.request(ASK, &[]).unwrap();
    request.headers.push(("x-amz-content-sha256".to_owned(), hex_sha256(&request.body)));
    assert_eq!(caller.send(request).unwrap().outcome(), "SignatureDoesNotMatch");
}

#[test]
fn half_an_authorization_is_incomplete() {
    let Scene { aws: _aws, caller, .. } = scene();
    let mut request = caller.request(ASK, &[]).unwrap();
    request.headers.retain(|(name, _)| name != "x-amz-date");
    let reply = caller.send(request).unwrap();
    assert_eq!((reply.status, reply.outcome()), (400, "IncompleteSignature"));
}

#[test]
fn a_clock_is_trusted_for_five_minutes_either_way() {
    let Scene { aws, caller, .. } = scene();
    for (minutes, expected) in [(4, "OK"), (-4, "OK")] {
        aws.clock_skew(SignedDuration::from_mins(minutes));
        assert_eq!(caller.outcome(ASK, &[]).1, expected, "{minutes}");
    }
    for (minutes, message) in [(6, "Signature expired"), (-6, "Signature not yet current")] {
        aws.clock_skew(SignedDuration::from_mins(minutes));
        let reply = caller.call(ASK, &[]).unwrap();
        assert_eq!((reply.status, reply.outcome()), (403, "SignatureDoesNotMatch"), "{minutes}");
        assert!(reply.element("Message").unwrap().starts_with(message));
    }
}

#[test]
fn a_signature_is_for_one_service() {
    let Scene { caller, key, aws, .. } = scene();
    let mut request = Client::new(aws.endpoint()).request(ASK, &[]).unwrap();
    let key = SigningKey { id: key.id(), secret: key.secret(), token: None };
    sigv4::sign(&mut request, key, "us-east-1", "iam", aws.now());
    assert_eq!(caller.send(request).unwrap().outcome(), "SignatureDoesNotMatch");
    let abroad = caller.in_region("eu-west-1");
    assert_eq!(abroad.outcome(Action::GetUser, &[]), refused(403, "SignatureDoesNotMatch"));
}

#[test]
fn session_credentials_need_their_own_token_and_a_key_needs_none() {
    let Scene { aws, key, caller, .. } = scene();
    let mine = caller.ok(Action::GetSessionToken, &[]);
    let other = caller.ok(Action::GetSessionToken, &[]);
    let (id, secret) =
        (mine.element("AccessKeyId").unwrap(), mine.element("SecretAccessKey").unwrap());
    let client = Client::new(aws.endpoint());
    for token in [None, other.element("SessionToken"), Some("junk")] {
        let caller = client.clone().signed_by(id, secret, token);
        assert_eq!(caller.outcome(ASK, &[]), refused(403, "InvalidClientTokenId"));
    }
    let token = mine.element("SessionToken");
    assert_eq!(client.clone().signed_by(id, secret, token).outcome(ASK, &[]).1, "OK");
    let stale = client.signed_by(key.id(), key.secret(), token);
    assert_eq!(stale.outcome(ASK, &[]), refused(403, "InvalidClientTokenId"));
}

#[test]
fn a_presigned_question_is_answered_until_it_expires() {
    let Scene { aws, key, .. } = scene();
    let client = Client::new(aws.endpoint());
    let host = aws.endpoint().replace("http://", "");
    let at = aws.now();
    let scope = sigv4::Scope::new(at, "us-east-1", "sts");
    let date = sigv4::amz_date(at);
    let credential = format!("{}/{scope}", key.id()).replace('/', "%2F");
    let mut request = sigv4::Request {
        method: "GET".to_owned(),
        path: "/".to_owned(),
        query: format!(
            "Action=GetCallerIdentity&Version=2011-06-15&X-Amz-Algorithm={}&X-Amz-Credential=\
             {credential}&X-Amz-Date={date}&X-Amz-Expires=60&X-Amz-SignedHeaders=host",
            sigv4::ALGORITHM
        ),
        headers: vec![("host".to_owned(), host)],
        body: Vec::new(),
    };
    let canonical = sigv4::canonical_request(&request, &["host".to_owned()], &hex_sha256(b""));
    let to_sign = sigv4::string_to_sign(&date, &scope, &canonical);
    let proof = sigv4::signature(key.secret(), &scope, &to_sign);
    request.query.push_str(&format!("&X-Amz-Signature={proof}"));
    assert_eq!(client.send(request.clone()).unwrap().outcome(), "OK");
    aws.clock_skew(SignedDuration::from_secs(120));
    assert_eq!(client.send(request).unwrap().outcome(), "SignatureDoesNotMatch");
}

#[test]
fn an_unknown_action_or_version_is_invalid() {
    let Scene { aws: _aws, caller, .. } = scene();
    for body in [
        "Action=AssumeRoleWithWebIdentity&Version=2011-06-15",
        "Action=GetCallerIdentity&Version=2010-05-08",
        "Version=2011-06-15",
        "",
    ] {
        let mut request = caller.request(ASK, &[]).unwrap();
        request.body = body.into();
        let reply = caller.send(request).unwrap();
        assert_eq!((reply.status, reply.outcome()), (400, "InvalidAction"), "{body}");
    }
}
