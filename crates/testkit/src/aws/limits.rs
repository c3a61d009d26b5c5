//! The documented shapes of parameters: lengths, alphabets and ranges.

use super::incoming::Incoming;
use super::policy::SessionPolicies;
use super::refusal::Refusal;

/// Lengths and alphabet of one text parameter.
pub(crate) struct Shape {
    name: &'static str,
    min: usize,
    max: usize,
    legal: fn(char) -> bool,
}

pub(crate) const SESSION_NAME: Shape = shape("RoleSessionName", 2, 64, is_name);
pub(crate) const FEDERATED_NAME: Shape = shape("Name", 2, 32, is_name);
pub(crate) const SOURCE_IDENTITY: Shape = shape("SourceIdentity", 2, 64, is_name);
pub(crate) const EXTERNAL_ID: Shape =
    shape("ExternalId", 2, 1224, |c| is_name(c) || c == ':' || c == '/');
pub(crate) const SERIAL: Shape =
    shape("SerialNumber", 9, 256, |c| is_name(c) || c == ':' || c == '/');
pub(crate) const TOKEN_CODE: Shape = shape("TokenCode", 6, 6, |c| c.is_ascii_digit());
pub(crate) const ROLE_ARN: Shape = shape("RoleArn", 20, 2048, |c| !c.is_control());

const POLICY_LIMIT: usize = 2048;

const fn shape(name: &'static str, min: usize, max: usize, legal: fn(char) -> bool) -> Shape {
    Shape { name, min, max, legal }
}

/// `[\w+=,.@-]`
fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || "_+=,.@-".contains(c)
}

impl Shape {
    /// The parameter, when it was given.
    pub(crate) fn optional<'a>(&self, incoming: &'a Incoming) -> Result<Option<&'a str>, Refusal> {
        let Some(value) = incoming.get(self.name) else { return Ok(None) };
        let parameter = camel(self.name);
        let length = value.chars().count();
        if length < self.min {
            let rule = format!("Member must have length greater than or equal to {}", self.min);
            return Err(Refusal::constraint(value, &parameter, &rule));
        }
        if length > self.max {
            let rule = format!("Member must have length less than or equal to {}", self.max);
            return Err(Refusal::constraint(value, &parameter, &rule));
        }
        if !value.chars().all(self.legal) {
            let rule = "Member must satisfy regular expression pattern";
            return Err(Refusal::constraint(value, &parameter, rule));
        }
        Ok(Some(value))
    }

    /// The parameter, which must be given.
    pub(crate) fn required<'a>(&self, incoming: &'a Incoming) -> Result<&'a str, Refusal> {
        self.optional(incoming)?.ok_or_else(|| {
            Refusal::constraint("null", &camel(self.name), "Member must not be null")
        })
    }
}

/// `RoleSessionName` as messages spell it: `roleSessionName`.
fn camel(name: &str) -> String {
    let (first, rest) = name.split_at(1);
    first.to_ascii_lowercase() + rest
}

/// `DurationSeconds` within bounds, or the default.
pub(crate) fn duration(incoming: &Incoming, default: i64, max: i64) -> Result<i64, Refusal> {
    let Some(text) = incoming.get("DurationSeconds") else { return Ok(default) };
    let seconds: i64 = text
        .parse()
        .map_err(|_| Refusal::constraint(text, "durationSeconds", "Member must be an integer"))?;
    if seconds < 900 {
        let rule = "Member must have value greater than or equal to 900";
        return Err(Refusal::constraint(text, "durationSeconds", rule));
    }
    if seconds > max {
        let rule = format!("Member must have value less than or equal to {max}");
        return Err(Refusal::constraint(text, "durationSeconds", &rule));
    }
    Ok(seconds)
}

/// `Policy` and `PolicyArns`, within their common budget.
pub(crate) fn policies(incoming: &Incoming) -> Result<SessionPolicies, Refusal> {
    let mut policies = SessionPolicies::default();
    let inline = incoming.get("Policy");
    let arns = incoming.members("PolicyArns", ".arn");
    if arns.len() > 10 {
        let rule = "Member must have length less than or equal to 10";
        return Err(Refusal::constraint("[...]", "policyArns", rule));
    }
    let in_alphabet = |c: char| matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{FF}');
    if let Some(json) = inline {
        let length = json.chars().count();
        if !(1..=POLICY_LIMIT).contains(&length) || !json.chars().all(in_alphabet) {
            let rule = "Member must have length between 1 and 2048 and satisfy its pattern";
            return Err(Refusal::constraint("...", "policy", rule));
        }
        policies.add_document(json)?;
    }
    let total: usize = inline.map_or(0, str::len) + arns.iter().map(|arn| arn.len()).sum::<usize>();
    if total > POLICY_LIMIT {
        return Err(Refusal::packed_policy_too_large());
    }
    for arn in arns {
        if !(arn.starts_with("arn:") && arn.contains(":policy/") && arn.len() >= 20) {
            return Err(Refusal::validation(format!("ARN {arn} is not valid.")));
        }
        policies.add_managed(arn);
    }
    Ok(policies)
}

/// Session tags: counts, lengths, no key twice, transitive keys among them.
pub(crate) fn tags(incoming: &Incoming) -> Result<(), Refusal> {
    let keys = incoming.members("Tags", ".Key");
    let values = incoming.members("Tags", ".Value");
    let transitive = incoming.members("TransitiveTagKeys", "");
    if keys.len() > 50 || transitive.len() > 50 {
        let rule = "Member must have length less than or equal to 50";
        return Err(Refusal::constraint("[...]", "tags", rule));
    }
    if keys.len() != values.len() {
        return Err(Refusal::constraint("null", "tags.1.member.value", "Member must not be null"));
    }
    let legal = |text: &str, max: usize| {
        text.chars().count() <= max
            && text.chars().all(|c| c.is_alphanumeric() || " _.:/=+-@".contains(c))
    };
    if keys.iter().any(|key| key.is_empty() || !legal(key, 128)) {
        return Err(Refusal::constraint("...", "tags.1.member.key", "its length and pattern"));
    }
    if values.iter().any(|value| !legal(value, 256)) {
        return Err(Refusal::constraint("...", "tags.1.member.value", "its length and pattern"));
    }
    let mut folded: Vec<String> = keys.iter().map(|key| key.to_lowercase()).collect();
    folded.sort();
    if folded.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(Refusal::validation("Duplicate tag keys found."));
    }
    if transitive.iter().any(|key| !keys.contains(key)) {
        return Err(Refusal::validation("The transitive tag key must be among the passed tags."));
    }
    Ok(())
}
