//! From a request to an answer: which action, who asks, what goes wrong on purpose.

use super::action::{Action, Service};
use super::authenticate::authenticate;
use super::call::Call;
use super::fault::Fault;
use super::incoming::Incoming;
use super::refusal::Refusal;
use super::reply::{Answer, Delivery};
use super::world::{CredentialKind, World};
use super::xml::Xml;
use super::{iam, sts};
use crate::random;

/// Error text that tries to clear the screen, set the title, recolour, reorder and fake a prompt.
pub(crate) const HOSTILE_TEXT: &str =
    "no\u{1b}[2J\u{1b}]0;owned\u{7}\u{1b}[31m\r\nerror: all is well\u{202e}\u{9b}1A\u{8}\u{0b}end";

/// An answer, and how it is to be delivered.
pub(crate) struct Decision {
    pub(crate) answer: Answer,
    pub(crate) delivery: Delivery,
    pub(crate) request_id: String,
    /// The `Date` header, by the server's clock.
    pub(crate) date: String,
}

/// Decides one request and records it.
pub(crate) fn decide(world: &mut World, incoming: &Incoming) -> Decision {
    let request_id = random::request_id();
    let action = incoming.action();
    let known = action.as_ref().ok().copied();
    let fault = world.take_fault(known);
    world.shortened_life = match &fault {
        Some(Fault::ExpiresIn(life)) => Some(*life),
        _ => None,
    };
    let performed = match fault.as_ref().and_then(refusal_of) {
        Some(refusal) => Err(refusal),
        None => action.and_then(|action| perform(world, action, incoming)),
    };
    let call = record(world, incoming, outcome(fault.as_ref(), &performed));
    world.calls.push(call);

    let service = known.map_or(Service::Sts, Action::service);
    let mut answer = match performed {
        Ok((action, content)) => Answer::success(action, content, &request_id),
        Err(refusal) => Answer::refusal(&refusal, service, &request_id),
    };
    if let Some(Fault::Nonsense(how)) = fault {
        answer.spoil(how);
    }
    let date = world.now().strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    Decision { answer, delivery: delivery_of(fault), request_id, date }
}

fn perform(
    world: &mut World,
    action: Action,
    incoming: &Incoming,
) -> Result<(Action, Vec<Xml>), Refusal> {
    let caller = authenticate(world, incoming, action)?;
    let content = match action.service() {
        Service::Sts => sts::perform(world, &caller, action, incoming),
        Service::Iam => iam::perform(world, &caller, action, incoming),
    };
    Ok((action, content?))
}

/// The error a fault answers instead of performing the call.
fn refusal_of(fault: &Fault) -> Option<Refusal> {
    match fault {
        Fault::Throttle => Some(Refusal::throttling()),
        Fault::Status(status) => Some(Refusal::server_fault(*status)),
        Fault::Deny => Some(Refusal::access_denied("Denied by the test.")),
        Fault::HostileMessage => Some(Refusal::access_denied(HOSTILE_TEXT)),
        _ => None,
    }
}

fn delivery_of(fault: Option<Fault>) -> Delivery {
    match fault {
        Some(Fault::Stall(wait)) => Delivery::Late(Some(wait)),
        Some(Fault::StallForever) => Delivery::Late(None),
        Some(Fault::Drip(pause)) => Delivery::Dripping(pause),
        Some(Fault::Cut) => Delivery::HalfThenClose,
        Some(Fault::AcceptThenCut) => Delivery::CloseUnanswered,
        _ => Delivery::AtOnce,
    }
}

fn outcome<T>(fault: Option<&Fault>, performed: &Result<T, Refusal>) -> String {
    let result = performed.as_ref().map_or_else(|refusal| refusal.code, |_| "OK");
    match fault {
        None => result.to_owned(),
        Some(fault) => format!("{result} ({fault:?} injected)"),
    }
}

fn record(world: &World, incoming: &Incoming, outcome: String) -> Call {
    let claim = incoming.claim.as_ref().ok().and_then(Option::as_ref);
    let key_id = claim.map(|claim| claim.key_id.clone());
    let kind = key_id.as_deref().and_then(|id| {
        let session = world.sessions.get(id).map(|session| session.kind);
        session.or_else(|| world.keys.get(id).map(|_| CredentialKind::LongTerm))
    });
    let mut parameters = incoming.parameters.clone();
    let action = parameters.remove("Action").unwrap_or_default();
    parameters.remove("Version");
    let code = parameters.get_mut("TokenCode");
    let mfa_code = code.is_some();
    if let Some(code) = code {
        "******".clone_into(code);
    }
    let user_agent = incoming.request.header("user-agent").next().unwrap_or_default().to_owned();
    let region = claim.map(|claim| claim.scope.region.clone());
    Call { action, key_id, kind, mfa_code, region, parameters, user_agent, outcome }
}
