//! Whether a role lets a caller in.

use super::authenticate::Caller;
use super::refusal::Refusal;
use super::world::{CredentialKind, World};

/// What a caller who is let in needs to know of the role.
pub(crate) struct Admitted {
    pub(crate) id: String,
    /// Seconds.
    pub(crate) max_session: i64,
}

/// Judges the trust policy. A missing role and an unwelcome caller get the same answer, as at AWS.
pub(crate) fn check(
    world: &World,
    caller: &Caller,
    role_arn: &str,
    external_id: Option<&str>,
    code_given: bool,
) -> Result<Admitted, Refusal> {
    let refused = || Refusal::not_authorized(&caller.principal.arn, "sts:AssumeRole", role_arn);
    let role = world.roles.get(role_arn).ok_or_else(refused)?;
    let principal = &caller.principal;
    let names = [principal.entity.clone(), principal.arn.clone(), principal.root_arn()];
    let welcome = role.trusts.iter().any(|trusted| names.contains(trusted));
    let has_mfa = code_given || (caller.kind == CredentialKind::Session && caller.mfa);
    let knows_id = role.external_id.as_deref().is_none_or(|id| external_id == Some(id));
    if welcome && knows_id && (has_mfa || !role.requires_mfa) {
        Ok(Admitted { id: role.id.clone(), max_session: role.max_session })
    } else {
        Err(refused())
    }
}

/// A source identity, once set, stays through a chain and cannot be replaced.
pub(crate) fn source_identity(
    caller: &Caller,
    wanted: Option<&str>,
) -> Result<Option<String>, Refusal> {
    match (&caller.source_identity, wanted) {
        (Some(kept), Some(other)) if kept != other => Err(Refusal::access_denied(
            "The source identity of a role session cannot be changed by role chaining.",
        )),
        (Some(kept), _) => Ok(Some(kept.clone())),
        (None, wanted) => Ok(wanted.map(str::to_owned)),
    }
}
