//! The Security Token Service, as its API reference describes it.

use jiff::SignedDuration;

use super::action::Action;
use super::authenticate::Caller;
use super::incoming::Incoming;
use super::limits;
use super::mfa;
use super::policy::SessionPolicies;
use super::refusal::Refusal;
use super::trust;
use super::world::{CredentialKind, Principal, Session, World, account, partition};
use super::xml::Xml;
use crate::random;

/// The longest session a chained role may have, in seconds.
const CHAINING_LIMIT: i64 = 3600;

/// Performs an action for a caller and returns the content of the result element.
pub(crate) fn perform(
    world: &mut World,
    caller: &Caller,
    action: Action,
    incoming: &Incoming,
) -> Result<Vec<Xml>, Refusal> {
    check_kind(caller, action)?;
    match action {
        Action::GetCallerIdentity => Ok(identity(caller)),
        Action::GetSessionToken => get_session_token(world, caller, incoming),
        Action::AssumeRole => assume_role(world, caller, incoming),
        Action::GetFederationToken => get_federation_token(world, caller, incoming),
        Action::GetAccessKeyInfo => get_access_key_info(world, incoming),
        other => Err(Refusal::invalid_action(other.name(), "2011-06-15")),
    }
}

/// What each kind of credentials may ask of STS.
fn check_kind(caller: &Caller, action: Action) -> Result<(), Refusal> {
    use Action::{AssumeRole, GetCallerIdentity, GetFederationToken, GetSessionToken};
    use CredentialKind::{Federated, LongTerm, Session};
    let refused = match (caller.kind, action) {
        (_, GetCallerIdentity) => false,
        (LongTerm, AssumeRole) if caller.principal.is_root() => {
            return Err(Refusal::access_denied("Roles may not be assumed by root accounts."));
        }
        (LongTerm, _) => false,
        (_, GetSessionToken | GetFederationToken) => true,
        (Session, other) => other != AssumeRole,
        (Federated, _) => true,
        (CredentialKind::Role, _) => false,
    };
    if refused {
        let name = action.name();
        return Err(Refusal::access_denied(format!("Cannot call {name} with session credentials")));
    }
    if action != GetCallerIdentity && !caller.policies.allow(&action.in_policies()) {
        return Err(Refusal::not_authorized(&caller.principal.arn, &action.in_policies(), "*"));
    }
    Ok(())
}

fn identity(caller: &Caller) -> Vec<Xml> {
    vec![
        Xml::text("Arn", &caller.principal.arn),
        Xml::text("UserId", &caller.principal.id),
        Xml::text("Account", &caller.principal.account),
    ]
}

fn get_session_token(
    world: &mut World,
    caller: &Caller,
    incoming: &Incoming,
) -> Result<Vec<Xml>, Refusal> {
    let root = caller.principal.is_root();
    let mut seconds = limits::duration(incoming, 43_200, 129_600)?;
    if root {
        seconds = seconds.min(3600);
    }
    let mfa = mfa::check(world, caller, incoming)?;
    let principal = caller.principal.clone();
    Ok(vec![mint(world, Mint { mfa, ..Mint::new(CredentialKind::Session, principal, seconds) })])
}

fn assume_role(
    world: &mut World,
    caller: &Caller,
    incoming: &Incoming,
) -> Result<Vec<Xml>, Refusal> {
    let arn = limits::ROLE_ARN.required(incoming)?;
    let name = limits::SESSION_NAME.required(incoming)?;
    let external_id = limits::EXTERNAL_ID.optional(incoming)?;
    let source_identity = limits::SOURCE_IDENTITY.optional(incoming)?;
    let seconds = limits::duration(incoming, 3600, 43_200)?;
    let policies = limits::policies(incoming)?;
    limits::tags(incoming)?;
    if !is_role_arn(arn) {
        return Err(Refusal::validation(format!("{arn} is invalid")));
    }
    let code_given = mfa::check(world, caller, incoming)?;

    let role = trust::check(world, caller, arn, external_id, code_given)?;
    if seconds > role.max_session {
        return Err(Refusal::validation(
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        ));
    }
    if caller.kind != CredentialKind::LongTerm && seconds > CHAINING_LIMIT {
        return Err(Refusal::validation(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by \
             role chaining.",
        ));
    }
    let source_identity = trust::source_identity(caller, source_identity)?;
    let principal = assumed(arn, &role.id, name);
    let user = Xml::Node(
        "AssumedRoleUser",
        vec![Xml::text("AssumedRoleId", &principal.id), Xml::text("Arn", &principal.arn)],
    );
    let mut reply = vec![user];
    if !policies.is_empty() {
        reply.push(Xml::text("PackedPolicySize", 6));
    }
    if let Some(identity) = &source_identity {
        reply.push(Xml::text("SourceIdentity", identity));
    }
    let mint_order = Mint::new(CredentialKind::Role, principal, seconds);
    reply.push(mint(world, Mint { policies, source_identity, ..mint_order }));
    Ok(reply)
}

fn get_federation_token(
    world: &mut World,
    caller: &Caller,
    incoming: &Incoming,
) -> Result<Vec<Xml>, Refusal> {
    let name = limits::FEDERATED_NAME.required(incoming)?;
    let mut seconds = limits::duration(incoming, 43_200, 129_600)?;
    if caller.principal.is_root() {
        seconds = seconds.min(3600);
    }
    let mut policies = limits::policies(incoming)?;
    limits::tags(incoming)?;
    if policies.is_empty() {
        let nothing = r#"{"Statement":{"Effect":"Deny","Action":"*"}}"#;
        policies.add_document(nothing)?;
    }
    let (account, id) = (&caller.principal.account, format!("{}:{name}", caller.principal.account));
    let arn =
        format!("arn:{}:sts::{account}:federated-user/{name}", partition(&caller.principal.entity));
    let principal =
        Principal { entity: arn.clone(), arn, id: id.clone(), account: account.clone() };
    let user = Xml::Node(
        "FederatedUser",
        vec![Xml::text("FederatedUserId", id), Xml::text("Arn", &principal.arn)],
    );
    let order = Mint::new(CredentialKind::Federated, principal, seconds);
    Ok(vec![mint(world, Mint { policies, ..order }), user])
}

fn get_access_key_info(world: &World, incoming: &Incoming) -> Result<Vec<Xml>, Refusal> {
    let id = incoming.get("AccessKeyId").unwrap_or_default();
    let owner = world.keys.get(id).map(|key| account(&key.owner));
    let holder = world.sessions.get(id).map(|session| session.principal.account.as_str());
    let account = owner
        .or(holder)
        .ok_or_else(|| Refusal::validation(format!("Invalid length or value: {id}")))?;
    Ok(vec![Xml::text("Account", account)])
}

fn is_role_arn(arn: &str) -> bool {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    matches!(parts.as_slice(), ["arn", _, "iam", "", account, role]
        if account.len() == 12 && role.strip_prefix("role/").is_some_and(|name| !name.is_empty()))
}

/// An assumed role's ARN has the role's name without its path.
fn assumed(role: &str, role_id: &str, session: &str) -> Principal {
    let name = role.rsplit('/').next().unwrap_or_default();
    let account = account(role);
    Principal {
        arn: format!("arn:{}:sts::{account}:assumed-role/{name}/{session}", partition(role)),
        entity: role.to_owned(),
        id: format!("{role_id}:{session}"),
        account: account.to_owned(),
    }
}

/// What to put into new temporary credentials.
struct Mint {
    kind: CredentialKind,
    principal: Principal,
    seconds: i64,
    mfa: bool,
    policies: SessionPolicies,
    source_identity: Option<String>,
}

impl Mint {
    fn new(kind: CredentialKind, principal: Principal, seconds: i64) -> Self {
        let policies = SessionPolicies::default();
        Self { kind, principal, seconds, mfa: false, policies, source_identity: None }
    }
}

/// Makes credentials and returns them as their element.
fn mint(world: &mut World, order: Mint) -> Xml {
    let id = random::identifier("ASIA");
    let lives = world.shortened_life.unwrap_or(SignedDuration::from_secs(order.seconds));
    let session = Session {
        secret: random::secret_key(),
        token: random::session_token(),
        expires: world.now() + lives,
        kind: order.kind,
        principal: order.principal,
        mfa: order.mfa,
        policies: order.policies,
        source_identity: order.source_identity,
    };
    let element = Xml::Node(
        "Credentials",
        vec![
            Xml::text("AccessKeyId", &id),
            Xml::text("SecretAccessKey", &session.secret),
            Xml::text("SessionToken", &session.token),
            Xml::text("Expiration", session.expires.strftime("%Y-%m-%dT%H:%M:%SZ")),
        ],
    );
    world.sessions.insert(id, session);
    element
}
