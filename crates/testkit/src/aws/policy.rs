//! Session policies: they narrow what a session may do, never widen it.
//!
//! Actions only. Resources and conditions are not judged, which is enough to tell a session that can
//! write from one that cannot.

use serde_json::Value;

use super::refusal::Refusal;

/// The policies given when a session was made. None at all means no narrowing.
#[derive(Clone, Debug, Default)]
pub(crate) struct SessionPolicies(Vec<Policy>);

#[derive(Clone, Debug)]
struct Policy(Vec<Statement>);

#[derive(Clone, Debug)]
struct Statement {
    allow: bool,
    /// True for `NotAction`.
    inverted: bool,
    actions: Vec<String>,
}

impl SessionPolicies {
    pub(crate) fn add_document(&mut self, json: &str) -> Result<(), Refusal> {
        let malformed = || Refusal::malformed_policy("The policy is not in the valid JSON format.");
        let document: Value = serde_json::from_str(json).map_err(|_| malformed())?;
        let statements = match &document["Statement"] {
            Value::Array(list) => list.iter().map(statement).collect::<Option<Vec<_>>>(),
            single @ Value::Object(_) => statement(single).map(|one| vec![one]),
            _ => None,
        };
        self.0.push(Policy(statements.ok_or_else(malformed)?));
        Ok(())
    }

    /// Adds a managed policy. AWS's own reading policies are known by name; any other allows all.
    pub(crate) fn add_managed(&mut self, arn: &str) {
        let name = arn.rsplit('/').next().unwrap_or_default();
        let reads_only = ["ReadOnlyAccess", "ViewOnlyAccess", "SecurityAudit"].contains(&name)
            || name.ends_with("ReadOnlyAccess");
        let actions: &[&str] =
            if reads_only { &["*:Get*", "*:List*", "*:Describe*"] } else { &["*"] };
        let actions = actions.iter().map(|&action| action.to_owned()).collect();
        self.0.push(Policy(vec![Statement { allow: true, inverted: false, actions }]));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a session with these policies may perform `action` (as `iam:GetUser`).
    pub(crate) fn allow(&self, action: &str) -> bool {
        let statements = || self.0.iter().flat_map(|policy| &policy.0);
        let says = |allow| statements().any(|s| s.allow == allow && s.covers(action));
        self.is_empty() || (says(true) && !says(false))
    }
}

impl Statement {
    fn covers(&self, action: &str) -> bool {
        let named = self.actions.iter().any(|pattern| {
            matches(pattern.to_ascii_lowercase().as_bytes(), action.to_ascii_lowercase().as_bytes())
        });
        named != self.inverted
    }
}

fn statement(value: &Value) -> Option<Statement> {
    let inverted = value.get("NotAction").is_some();
    let actions = match value.get(if inverted { "NotAction" } else { "Action" })? {
        Value::String(one) => vec![one.clone()],
        Value::Array(many) => {
            many.iter().map(|v| v.as_str().map(str::to_owned)).collect::<Option<_>>()?
        }
        _ => return None,
    };
    let allow = match value["Effect"].as_str()? {
        "Allow" => true,
        "Deny" => false,
        _ => return None,
    };
    Some(Statement { allow, inverted, actions })
}

/// Shell-like matching with `*` and `?`.
fn matches(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern, text) {
        ([], []) => true,
        ([b'*', rest @ ..], _) => (0..=text.len()).any(|skip| matches(rest, &text[skip..])),
        ([b'?', rest @ ..], [_, text @ ..]) => matches(rest, text),
        ([p, rest @ ..], [t, text @ ..]) if p == t => matches(rest, text),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deny_beats_an_allow_and_silence_is_a_no() {
        let mut policies = SessionPolicies::default();
        assert!(policies.allow("iam:CreateAccessKey"));
        policies.add_managed("arn:aws:iam::aws:policy/ReadOnlyAccess");
        assert!(policies.allow("iam:ListUsers"));
        assert!(!policies.allow("iam:CreateAccessKey"));
        let deny = r#"{"Statement":{"Effect":"Deny","Action":"iam:*","Resource":"*"}}"#;
        policies.add_document(deny).unwrap();
        assert!(!policies.allow("iam:ListUsers"));
    }

    #[test]
    fn what_is_not_a_policy_is_malformed() {
        for text in ["", "{", "{}", r#"{"Statement":[{"Effect":"Maybe","Action":"*"}]}"#] {
            let refusal = SessionPolicies::default().add_document(text).unwrap_err();
            assert_eq!(refusal.code, "MalformedPolicyDocument", "{text}");
        }
    }
}
