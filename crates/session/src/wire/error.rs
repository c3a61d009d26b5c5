//! What can go wrong between us and AWS, told apart by what the person can do about it.

use std::path::PathBuf;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use jiff::SignedDuration;
use keyward_creds::Timestamp;
use keyward_creds::text::printable;

use super::answer::date_of;

/// AWS accepts signatures within five minutes of its own clock.
pub(super) const CLOCK_TOLERANCE: SignedDuration = SignedDuration::from_mins(4);

/// Why a call to STS gave nothing.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StsError {
    /// STS said no.
    #[error("{call} refused: {code}: {message}")]
    Refused {
        /// The call.
        call: &'static str,
        /// What kind of no.
        refusal: Refusal,
        /// AWS's code.
        code: String,
        /// AWS's words, made safe to show.
        message: String,
    },
    /// The signature was refused because this machine's clock is wrong.
    #[error("{call} refused: this machine's clock is off")]
    ClockOff {
        /// The call.
        call: &'static str,
        /// How far our clock is ahead of AWS's; negative when it is behind.
        ahead: SignedDuration,
    },
    /// No connection.
    #[error("{endpoint} cannot be reached: {reason}")]
    Unreachable {
        /// Whom we called.
        endpoint: String,
        /// What the network said.
        reason: String,
    },
    /// No answer in time. Whether the call took effect is not known.
    #[error("{endpoint} did not answer in time")]
    TimedOut {
        /// Whom we called.
        endpoint: String,
        /// An MFA code went with the call, and may be used up.
        code_sent: bool,
    },
    /// The answer makes no sense.
    #[error("{endpoint} answered with nonsense: {reason}")]
    Nonsense {
        /// Whom we called.
        endpoint: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The file of trusted authorities cannot be used.
    #[error("{} is not a usable CA bundle: {reason}", path.display())]
    BadCaBundle {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The end point's address cannot be used.
    #[error("`{url}` is not an end point: {reason}")]
    BadEndpoint {
        /// The address.
        url: String,
        /// What is wrong with it.
        reason: &'static str,
    },
}

/// Kinds of refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// No such key, or it is inactive or deleted.
    UnknownKey,
    /// The secret does not belong to the key id.
    WrongSecret,
    /// The session that signed has ended.
    Expired,
    /// Wrong or used MFA code.
    WrongMfaCode,
    /// The device is not this user's.
    WrongMfaSerial,
    /// Anything that policies forbid; also a role's trust that asks for MFA or an external id.
    AccessDenied,
    /// Longer than the role allows.
    DurationTooLong,
    /// Too many calls.
    Throttled,
    /// STS is switched off in this region.
    RegionDisabled,
    /// AWS's own fault.
    Unavailable,
    /// Anything else.
    Other,
}

/// Where and how a call was made, for its error.
pub(super) struct CallContext<'a> {
    pub(super) call: &'static str,
    pub(super) endpoint: &'a str,
    pub(super) code_sent: bool,
    pub(super) now: Timestamp,
}

impl CallContext<'_> {
    pub(super) fn error<E>(&self, error: &SdkError<E, HttpResponse>) -> StsError
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        let endpoint = self.endpoint.to_owned();
        match error {
            SdkError::ServiceError(service) => {
                self.refused(service.err().code(), service.err().message(), service.raw())
            }
            SdkError::TimeoutError(_) => StsError::TimedOut { endpoint, code_sent: self.code_sent },
            SdkError::DispatchFailure(failure) if failure.is_timeout() => {
                StsError::TimedOut { endpoint, code_sent: self.code_sent }
            }
            SdkError::ResponseError(_) => StsError::Nonsense { endpoint, reason: innermost(error) },
            _ => StsError::Unreachable { endpoint, reason: innermost(error) },
        }
    }

    fn refused(&self, code: Option<&str>, message: Option<&str>, raw: &HttpResponse) -> StsError {
        let status = raw.status().as_u16();
        let Some(code) = code else {
            let endpoint = self.endpoint.to_owned();
            let reason = format!("status {status} without an AWS error");
            return StsError::Nonsense { endpoint, reason };
        };
        let message = message.unwrap_or_default();
        if let Some(ahead) = self.clock_difference(code, raw) {
            return StsError::ClockOff { call: self.call, ahead };
        }
        StsError::Refused {
            call: self.call,
            refusal: classify(code, message, status),
            code: printable(code),
            message: printable(message),
        }
    }

    /// How far we are ahead of AWS, if that explains a refused signature.
    fn clock_difference(&self, code: &str, raw: &HttpResponse) -> Option<SignedDuration> {
        const BY_TIME: &[&str] = &[
            "SignatureDoesNotMatch",
            "InvalidSignatureException",
            "RequestExpired",
            "RequestTimeTooSkewed",
            "InvalidClientTokenId",
        ];
        if !BY_TIME.contains(&code) {
            return None;
        }
        let ahead = self.now.duration_since(date_of(raw)?);
        (ahead.abs() > CLOCK_TOLERANCE).then_some(ahead)
    }
}

fn classify(code: &str, message: &str, status: u16) -> Refusal {
    let says = |text: &str| message.contains(text);
    match code {
        "InvalidClientTokenId" | "UnrecognizedClientException" => Refusal::UnknownKey,
        "SignatureDoesNotMatch" | "InvalidSignatureException" => Refusal::WrongSecret,
        "ExpiredToken" | "ExpiredTokenException" => Refusal::Expired,
        "AccessDenied" | "AccessDeniedException" if says("one time pass code") => {
            Refusal::WrongMfaCode
        }
        "AccessDenied" | "AccessDeniedException" if says("MFA serial number") => {
            Refusal::WrongMfaSerial
        }
        "AccessDenied" | "AccessDeniedException" => Refusal::AccessDenied,
        "ValidationError" if says("DurationSeconds") => Refusal::DurationTooLong,
        "Throttling"
        | "ThrottlingException"
        | "RequestLimitExceeded"
        | "TooManyRequestsException" => Refusal::Throttled,
        "RegionDisabledException" => Refusal::RegionDisabled,
        _ if status >= 500 => Refusal::Unavailable,
        _ => Refusal::Other,
    }
}

/// The cause that says most: the innermost one.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    printable(&cause.to_string())
}
