//! What the fake AWS saw.

use std::collections::BTreeMap;
use std::fmt;

use super::world::CredentialKind;

/// One request, however it ended.
#[derive(Clone, Debug)]
pub struct Call {
    /// The action asked for, known or not.
    pub action: String,
    /// The access key id it claimed to be signed with.
    pub key_id: Option<String>,
    /// What that key is, when it is known.
    pub kind: Option<CredentialKind>,
    /// Whether an MFA code came with the call.
    pub mfa_code: bool,
    /// The region of the signature's scope.
    pub region: Option<String>,
    /// All parameters but `Action` and `Version`; an MFA code is shown as `******`.
    pub parameters: BTreeMap<String, String>,
    /// `User-Agent`, empty when none was sent.
    pub user_agent: String,
    /// `OK`, the error code, or the fault that was injected.
    pub outcome: String,
}

impl Call {
    /// A parameter by its name on the wire.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.get(name).map(String::as_str)
    }

    /// Whether it was performed and answered.
    pub fn succeeded(&self) -> bool {
        self.outcome == "OK"
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let signer = match self.kind {
            Some(CredentialKind::LongTerm) => "a long-term key",
            Some(CredentialKind::Session) => "a session",
            Some(CredentialKind::Role) => "role credentials",
            Some(CredentialKind::Federated) => "federated credentials",
            None => "nobody known",
        };
        let mfa = if self.mfa_code { " and an MFA code" } else { "" };
        write!(f, "{}: signed by {signer}{mfa}: {}", self.action, self.outcome)
    }
}
