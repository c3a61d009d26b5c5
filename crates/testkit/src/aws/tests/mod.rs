//! Each refusal rule, asked for over the wire and signed by our own signer.

mod boto3;
mod faults;
mod iam;
mod mfa;
mod roles;
mod sessions;
mod signatures;

use super::*;
use crate::client::Reply;

pub(super) const ROLE: &str = "arn:aws:iam::222222222222:role/team/deploy";

/// A server, alice, and alice with her key.
pub(super) struct Scene {
    pub(super) aws: FakeAws,
    pub(super) alice: User,
    pub(super) key: AccessKey,
    pub(super) caller: Client,
}

pub(super) fn scene() -> Scene {
    let aws = FakeAws::start();
    let alice = aws.user("alice");
    let key = alice.access_key();
    let caller = aws.client(&key);
    Scene { aws, alice, key, caller }
}

impl Client {
    /// The outcome of a call: `OK` or the code, with the status.
    #[track_caller]
    pub(super) fn outcome(&self, action: Action, parameters: &[(&str, &str)]) -> (u16, String) {
        let reply = self.call(action, parameters).unwrap();
        (reply.status, reply.outcome().to_owned())
    }

    /// A call that must succeed.
    #[track_caller]
    pub(super) fn ok(&self, action: Action, parameters: &[(&str, &str)]) -> Reply {
        let reply = self.call(action, parameters).unwrap();
        assert_eq!(reply.outcome(), "OK", "{}", reply.body);
        reply
    }

    /// The caller that a call for credentials makes out of this one.
    #[track_caller]
    pub(super) fn become_by(&self, action: Action, parameters: &[(&str, &str)]) -> Client {
        self.with_credentials_of(&self.ok(action, parameters)).unwrap()
    }

    /// The caller's ARN.
    #[track_caller]
    pub(super) fn arn(&self) -> String {
        self.ok(Action::GetCallerIdentity, &[]).element("Arn").unwrap().to_owned()
    }
}

pub(super) fn refused(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

pub(super) fn to_role(role: &str) -> Vec<(&str, &str)> {
    vec![("RoleArn", role), ("RoleSessionName", "test")]
}
