//! What AWS says, and what to do about it.

use jiff::SignedDuration;
use keyward_session::wire::{Refusal, StsError};

use super::Report;
use crate::exit::Code;

pub(super) fn of(error: &StsError) -> Report {
    let new = |id, message: String| Report::new(id, Code::Aws, message);
    match error {
        StsError::Refused { call, refusal, code, message } => {
            let report = new(id_of(*refusal), format!("{call}: {code}: {message}"));
            match hint_for(*refusal) {
                Some(hint) => report.hint(hint),
                None => report,
            }
        }
        StsError::ClockOff { call, ahead } => {
            new("clock-off", format!("{call}: this machine's clock is {} AWS's", off(*ahead)))
                .hint("set the clock (timedatectl set-ntp true), then try again")
        }
        StsError::Unreachable { endpoint, reason } => {
            let report = new("unreachable", format!("{endpoint} cannot be reached: {reason}"));
            report.hint(match reason.contains("certificate") {
                true => "AWS_CA_BUNDLE or ca_bundle names the authorities to trust",
                false => "see whether network, proxy and region are right",
            })
        }
        StsError::TimedOut { endpoint, code_sent } => {
            let report = new("timeout", format!("{endpoint} did not answer in time"));
            report.hint(match code_sent {
                true => "the MFA code may be used up: wait for the next one before trying again",
                false => "see whether network, proxy and region are right",
            })
        }
        StsError::Nonsense { endpoint, reason } => {
            new("nonsense", format!("{endpoint} does not answer as AWS does: {reason}"))
                .hint("see whether a proxy or AWS_ENDPOINT_URL stands in between")
        }
        StsError::BadCaBundle { path, reason } => Report::new(
            "ca-bundle",
            Code::Config,
            format!("{} is not a usable CA bundle: {reason}", path.display()),
        )
        .hint("correct AWS_CA_BUNDLE or ca_bundle"),
        StsError::BadEndpoint { url, reason } => {
            Report::new("bad-endpoint", Code::Config, format!("`{url}` is not an end point"))
                .hint(format!("{reason}; correct AWS_ENDPOINT_URL or endpoint_url"))
        }
    }
}

fn id_of(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::UnknownKey => "unknown-key",
        Refusal::WrongSecret => "wrong-secret",
        Refusal::Expired => "session-expired",
        Refusal::WrongMfaCode => "wrong-mfa-code",
        Refusal::WrongMfaSerial => "wrong-mfa-serial",
        Refusal::AccessDenied => "access-denied",
        Refusal::DurationTooLong => "duration-too-long",
        Refusal::Throttled => "throttled",
        Refusal::RegionDisabled => "region-disabled",
        Refusal::Unavailable => "aws-unavailable",
        Refusal::Other => "aws-refused",
    }
}

fn hint_for(refusal: Refusal) -> Option<&'static str> {
    Some(match refusal {
        Refusal::UnknownKey => "the key is inactive or deleted, or belongs to another partition",
        Refusal::WrongSecret => "the secret does not belong to this key id: add the key again",
        Refusal::Expired => "the session that signed this has ended: keyward clear, then try again",
        Refusal::WrongMfaCode => {
            "the code is wrong, or was used (each works once): wait for the next one and try again"
        }
        Refusal::WrongMfaSerial => "correct mfa_serial: it names a device of the key's own user",
        Refusal::AccessDenied => {
            "the role's trust policy decides: does it name this user, ask for MFA (mfa_serial) or an external_id?"
        }
        Refusal::DurationTooLong => {
            "the role allows less: use a shorter --duration or duration_seconds"
        }
        Refusal::Throttled => "too many calls at once: try again in a moment",
        Refusal::RegionDisabled => {
            "use another region (--region), or have an administrator enable STS there"
        }
        Refusal::Unavailable => "AWS has trouble: try again, or another region (--region)",
        Refusal::Other => return None,
    })
}

/// A clock difference in words: `2 h 5 min ahead of`.
pub(crate) fn off(ahead: SignedDuration) -> String {
    let seconds = ahead.as_secs().unsigned_abs();
    let span = match seconds {
        0..=119 => format!("{seconds} s"),
        120..=7199 => format!("{} min", seconds / 60),
        7200..=172_799 => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
        _ => format!("{} days", seconds / 86400),
    };
    format!("{span} {}", if ahead.is_negative() { "behind" } else { "ahead of" })
}
