//! How AWS says no: a status, a code and a sentence.

/// An error answer. The codes and statuses are AWS's documented ones; the sentences only resemble.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) code: &'static str,
    pub(crate) message: String,
}

impl Refusal {
    fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }

    pub(crate) fn access_denied(message: impl Into<String>) -> Self {
        Self::new(403, "AccessDenied", message)
    }

    pub(crate) fn not_authorized(caller: &str, action: &str, resource: &str) -> Self {
        let message = format!(
            "User: {caller} is not authorized to perform: {action} on resource: {resource}"
        );
        Self::access_denied(message)
    }

    pub(crate) fn validation(message: impl Into<String>) -> Self {
        Self::new(400, "ValidationError", message)
    }

    pub(crate) fn constraint(value: &str, parameter: &str, constraint: &str) -> Self {
        Self::validation(format!(
            "1 validation error detected: Value '{value}' at '{parameter}' failed to satisfy \
             constraint: {constraint}"
        ))
    }

    pub(crate) fn invalid_token() -> Self {
        let message = "The security token included in the request is invalid.";
        Self::new(403, "InvalidClientTokenId", message)
    }

    pub(crate) fn expired_token() -> Self {
        Self::new(403, "ExpiredToken", "The security token included in the request is expired")
    }

    pub(crate) fn signature(message: impl Into<String>) -> Self {
        Self::new(403, "SignatureDoesNotMatch", message)
    }

    pub(crate) fn incomplete_signature(part: &str) -> Self {
        let message = format!("Authorization header requires '{part}' parameter.");
        Self::new(400, "IncompleteSignature", message)
    }

    pub(crate) fn missing_authentication() -> Self {
        Self::new(403, "MissingAuthenticationToken", "Request is missing Authentication Token")
    }

    pub(crate) fn invalid_action(action: &str, version: &str) -> Self {
        let message = format!("Could not find operation {action} for version {version}");
        Self::new(400, "InvalidAction", message)
    }

    pub(crate) fn malformed_policy(message: impl Into<String>) -> Self {
        Self::new(400, "MalformedPolicyDocument", message)
    }

    pub(crate) fn packed_policy_too_large() -> Self {
        let message = "Packed policy consumes more than 100% of allotted space";
        Self::new(400, "PackedPolicyTooLarge", message)
    }

    pub(crate) fn no_such_entity(message: impl Into<String>) -> Self {
        Self::new(404, "NoSuchEntity", message)
    }

    pub(crate) fn limit_exceeded(message: impl Into<String>) -> Self {
        Self::new(409, "LimitExceeded", message)
    }

    pub(crate) fn throttling() -> Self {
        Self::new(400, "Throttling", "Rate exceeded")
    }

    pub(crate) fn server_fault(status: u16) -> Self {
        let code = if status == 503 { "ServiceUnavailable" } else { "InternalFailure" };
        Self::new(status, code, "We encountered an internal error. Please try again.")
    }

    /// Whose fault it is, as the XML says it.
    pub(crate) fn blames(&self) -> &'static str {
        if self.status < 500 { "Sender" } else { "Receiver" }
    }
}
