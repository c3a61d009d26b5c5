//! Who really signed a request.

use jiff::{SignedDuration, Timestamp};
use subtle::ConstantTimeEq;

use super::action::{Action, Service};
use super::incoming::Incoming;
use super::policy::SessionPolicies;
use super::refusal::Refusal;
use super::world::{CredentialKind, Principal, World, partition};
use crate::sigv4::{
    Authorization, canonical_request, hex_sha256, parse_amz_date, signature, string_to_sign,
};

/// How far a signer's clock may be off.
const WINDOW: SignedDuration = SignedDuration::from_mins(5);

/// A caller whose signature was good.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) kind: CredentialKind,
    pub(crate) principal: Principal,
    /// `aws:MultiFactorAuthPresent` of the credentials.
    pub(crate) mfa: bool,
    pub(crate) policies: SessionPolicies,
    pub(crate) source_identity: Option<String>,
}

/// Verifies key, token, scope, clock and signature, in this order.
pub(crate) fn authenticate(
    world: &mut World,
    incoming: &Incoming,
    action: Action,
) -> Result<Caller, Refusal> {
    let claim = match &incoming.claim {
        Ok(Some(claim)) => claim,
        Ok(None) => return Err(Refusal::missing_authentication()),
        Err(malformed) => return Err(Refusal::incomplete_signature(malformed.0)),
    };
    let (caller, secret) = look_up(world, claim)?;
    check_scope(claim, action.service(), &caller.principal)?;
    check_clock(claim, world.now())?;
    check_signature(claim, incoming, &secret)?;
    Ok(caller)
}

fn look_up(world: &mut World, claim: &Authorization) -> Result<(Caller, String), Refusal> {
    let now = world.now();
    if let Some(session) = world.sessions.get(&claim.key_id) {
        let token = claim.token.as_deref().unwrap_or_default();
        if !bool::from(token.as_bytes().ct_eq(session.token.as_bytes())) {
            return Err(Refusal::invalid_token());
        }
        if session.expires <= now {
            return Err(Refusal::expired_token());
        }
        let caller = Caller {
            kind: session.kind,
            principal: session.principal.clone(),
            mfa: session.mfa,
            policies: session.policies.clone(),
            source_identity: session.source_identity.clone(),
        };
        return Ok((caller, session.secret.clone()));
    }
    let key = world.keys.get_mut(&claim.key_id).ok_or_else(Refusal::invalid_token)?;
    if !key.active || claim.token.is_some() {
        return Err(Refusal::invalid_token());
    }
    if key.unknown_for > 0 {
        key.unknown_for -= 1;
        return Err(Refusal::invalid_token());
    }
    let owner = world.users.get(&key.owner).ok_or_else(Refusal::invalid_token)?;
    let caller = Caller {
        kind: CredentialKind::LongTerm,
        principal: owner.principal.clone(),
        mfa: false,
        policies: SessionPolicies::default(),
        source_identity: None,
    };
    Ok((caller, key.secret.clone()))
}

fn check_scope(
    claim: &Authorization,
    service: Service,
    principal: &Principal,
) -> Result<(), Refusal> {
    let expected = service.scope_name();
    if claim.scope.service != expected {
        let message = format!("Credential should be scoped to correct service: '{expected}'.");
        return Err(Refusal::signature(message));
    }
    let region = claim.scope.region.as_str();
    let home = match partition(&principal.entity) {
        "aws-cn" => "cn-north-1",
        "aws-us-gov" => "us-gov-west-1",
        _ => "us-east-1",
    };
    if !(is_region(region) && (service == Service::Sts || region == home)) {
        let message = format!("Credential should be scoped to a valid region, not '{region}'.");
        return Err(Refusal::signature(message));
    }
    if claim.date.get(..8) != Some(&claim.scope.date) {
        return Err(Refusal::signature("Date in Credential scope does not match YYYYMMDD"));
    }
    Ok(())
}

/// `eu-west-1`, `us-gov-west-1`: lower-case words, then a number.
fn is_region(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let Some((number, words)) = parts.split_last() else { return false };
    let is_word = |w: &&str| !w.is_empty() && w.bytes().all(|b| b.is_ascii_lowercase());
    words.len() >= 2 && words.iter().all(is_word) && number.parse::<u8>().is_ok()
}

fn check_clock(claim: &Authorization, now: Timestamp) -> Result<(), Refusal> {
    let signed = parse_amz_date(&claim.date)
        .ok_or_else(|| Refusal::incomplete_signature("a valid X-Amz-Date"))?;
    let lives = claim.expires.map_or(WINDOW, SignedDuration::from_secs);
    if signed + lives < now {
        let message = format!("Signature expired: {signed} is now earlier than {}", now - lives);
        return Err(Refusal::signature(message));
    }
    if signed > now + WINDOW {
        let latest = now + WINDOW;
        let message = format!("Signature not yet current: {signed} is still later than {latest}");
        return Err(Refusal::signature(message));
    }
    Ok(())
}

fn check_signature(
    claim: &Authorization,
    incoming: &Incoming,
    secret: &str,
) -> Result<(), Refusal> {
    let request = &incoming.request;
    let must_be_signed = |name: &str| name == "host" || name.starts_with("x-amz-");
    let left_out = request.headers.iter().find(|(name, _)| {
        let name = name.to_ascii_lowercase();
        must_be_signed(&name) && !claim.signed_headers.contains(&name)
    });
    if let Some((name, _)) = left_out {
        let message = format!("'{name}' must be a 'SignedHeader' in the AWS Authorization.");
        return Err(Refusal::signature(message));
    }
    let payload_hash = hex_sha256(&request.body);
    let canonical = canonical_request(request, &claim.signed_headers, &payload_hash);
    let to_sign = string_to_sign(&claim.date, &claim.scope, &canonical);
    let expected = signature(secret, &claim.scope, &to_sign);
    if bool::from(expected.as_bytes().ct_eq(claim.signature.as_bytes())) {
        Ok(())
    } else {
        Err(Refusal::signature(
            "The request signature we calculated does not match the signature you provided. \
             Check your AWS Secret Access Key and signing method.",
        ))
    }
}
