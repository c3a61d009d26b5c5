//! One-time codes by RFC 6238: SHA-1, six digits, thirty seconds.

use jiff::Timestamp;
use totp_rs::{Algorithm, Builder, Secret, Totp};

pub(crate) const STEP_SECONDS: u64 = 30;

/// The step `at` falls into.
pub(crate) fn step(at: Timestamp) -> u64 {
    u64::try_from(at.as_second()).unwrap_or_default() / STEP_SECONDS
}

/// The code of one step.
pub(crate) fn code(seed: &[u8], step: u64) -> String {
    generator(seed).generate(step * STEP_SECONDS).to_string()
}

fn generator(seed: &[u8]) -> Totp {
    Builder::new()
        .with_algorithm(Algorithm::SHA1)
        .with_digits(6)
        .with_skew(0)
        .with_step_duration(STEP_SECONDS)
        .with_secret(Secret::new(seed.into()))
        .build_noncompliant()
}

/// The step for which `code` is right, one step of drift either way.
pub(crate) fn matching_step(seed: &[u8], code_given: &str, at: Timestamp) -> Option<u64> {
    let now = step(at);
    (now.saturating_sub(1)..=now + 1).find(|&step| code(seed, step) == code_given)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B, the SHA-1 rows, last six of their eight digits.
    #[test]
    fn codes_are_those_of_the_rfc() {
        let seed = b"12345678901234567890";
        for (second, expected) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            let at = Timestamp::from_second(second).unwrap();
            assert_eq!(code(seed, step(at)), expected);
        }
    }

    #[test]
    fn a_code_is_right_one_step_early_or_late_and_no_further() {
        let (seed, at) = (b"12345678901234567890", Timestamp::from_second(1_000_000_000).unwrap());
        let now = step(at);
        for step in now - 2..=now + 2 {
            let accepted = matching_step(seed, &code(seed, step), at);
            assert_eq!(accepted, (step.abs_diff(now) <= 1).then_some(step));
        }
    }
}
