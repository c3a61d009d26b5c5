//! Ways to misbehave, by action and count.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::SignedDuration;

use super::action::Action;
use super::world::World;
use crate::lock;

/// One way in which a call goes wrong.
#[derive(Clone, Debug)]
pub enum Fault {
    /// Answers `Throttling` (400) and does nothing.
    Throttle,
    /// Answers this status with a server error and does nothing.
    Status(u16),
    /// Answers `AccessDenied` and does nothing.
    Deny,
    /// Answers an error whose text holds terminal escapes, bidi overrides and new lines.
    HostileMessage,
    /// Performs the call, then keeps the answer back for this long.
    Stall(Duration),
    /// Performs the call, then never answers; the connection stays open.
    StallForever,
    /// Performs the call and sends the body byte by byte, pausing this long between two.
    Drip(Duration),
    /// Performs the call, sends half of the body and closes.
    Cut,
    /// Performs the call and closes without a word.
    AcceptThenCut,
    /// Performs the call and answers 200 with something else than the documented reply.
    Nonsense(Nonsense),
    /// Performs the call; the credentials it returns really live this long. Below zero they arrive
    /// expired.
    ExpiresIn(SignedDuration),
}

/// What comes instead of the documented reply. Unless said otherwise it holds the real values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nonsense {
    /// A log-in page, as captive portals send it.
    Html,
    /// Nothing at all.
    Empty,
    /// The first two thirds of the XML, with a matching `Content-Length`.
    Truncated,
    /// A root element of another name.
    OtherRoot,
    /// The right names in no namespace.
    NoNamespace,
    /// The real reply inside the text of an error-free JSON document.
    Json,
    /// A document type with an entity before the reply.
    Doctype,
    /// Two replies, one after the other.
    Twice,
    /// No `SecretAccessKey` (or no `Arn`).
    MissingField,
    /// An `Expiration` that is no time.
    BadExpiration,
    /// More than 64 MiB of white space inside the reply.
    Huge,
}

/// A fault that waits for its call.
#[derive(Debug)]
pub(crate) struct Armed {
    id: u64,
    /// `None` waits for any action.
    action: Option<Action>,
    fault: Fault,
    left: u32,
}

impl World {
    pub(crate) fn arm(&mut self, action: Option<Action>, fault: Fault) -> u64 {
        let id = self.faults.iter().map(|armed| armed.id + 1).max().unwrap_or_default();
        self.faults.push(Armed { id, action, fault, left: 1 });
        id
    }

    /// The first fault that waits for this action; uses up one of its times.
    pub(crate) fn take_fault(&mut self, action: Option<Action>) -> Option<Fault> {
        let waits = |armed: &&mut Armed| {
            armed.left > 0 && (armed.action.is_none() || armed.action == action)
        };
        let armed = self.faults.iter_mut().find(waits)?;
        armed.left -= 1;
        Some(armed.fault.clone())
    }
}

/// A fault just armed, good for one call unless told otherwise.
pub struct ArmedFault {
    pub(crate) world: Arc<Mutex<World>>,
    pub(crate) id: u64,
}

impl ArmedFault {
    /// Goes wrong `count` times.
    pub fn times(&self, count: u32) {
        let mut world = lock(&self.world);
        for armed in world.faults.iter_mut().filter(|armed| armed.id == self.id) {
            armed.left = count;
        }
    }

    /// Goes wrong every time from now on.
    pub fn always(&self) {
        self.times(u32::MAX);
    }

    /// Stops going wrong.
    pub fn never_again(&self) {
        self.times(0);
    }
}
