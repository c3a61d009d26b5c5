//! Checking MFA codes.

use super::authenticate::Caller;
use super::incoming::Incoming;
use super::limits::{SERIAL, TOKEN_CODE};
use super::refusal::Refusal;
use super::totp;
use super::world::{CredentialKind, World};

/// Judges the code of a call and uses it up. `Ok(false)` when the call has none.
pub(crate) fn check(
    world: &mut World,
    caller: &Caller,
    incoming: &Incoming,
) -> Result<bool, Refusal> {
    let serial = SERIAL.optional(incoming)?;
    let code = TOKEN_CODE.optional(incoming)?;
    let (serial, code) = match (serial, code) {
        (None, None) => return Ok(false),
        (Some(serial), Some(code)) => (serial, code),
        _ => return Err(failed(", must provide both MFA serial number and one time pass code.")),
    };
    let now = world.now();
    let of_a_user = matches!(caller.kind, CredentialKind::LongTerm | CredentialKind::Session);
    let owned = |owner: &str| of_a_user && owner == caller.principal.entity;
    let device = world.devices.get_mut(serial).filter(|d| owned(&d.owner) && !d.passkey);
    let device = device.ok_or_else(|| {
        failed(
            ", unable to validate MFA code.  Please verify your MFA serial number is valid and \
             associated with this user.",
        )
    })?;
    let fresh = totp::matching_step(&device.seed, code, now)
        .is_some_and(|step| device.used_steps.insert(step));
    if fresh { Ok(true) } else { Err(failed(" with invalid MFA one time pass code. ")) }
}

fn failed(how: &str) -> Refusal {
    Refusal::access_denied(format!("MultiFactorAuthentication failed{how}"))
}
