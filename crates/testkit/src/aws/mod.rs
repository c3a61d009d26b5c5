//! A fake AWS on loopback: STS and the part of IAM that keys need, written from AWS's documentation.
//!
//! [`FakeAws`] is the handle. `dispatch` tells what happens to a request, `authenticate` who sent it,
//! `sts` and `iam` what the calls do, `world` what is remembered.

mod action;
mod authenticate;
mod call;
mod dispatch;
mod fault;
mod iam;
mod incoming;
mod limits;
mod mfa;
mod people;
mod policy;
mod refusal;
mod reply;
mod server;
mod sts;
mod totp;
mod trust;
mod world;
mod xml;

use std::sync::{Arc, Mutex};

use jiff::{SignedDuration, Timestamp};

use crate::client::Client;
use crate::lock;
use server::Server;
use world::World;

pub use action::Action;
pub use call::Call;
pub use fault::{ArmedFault, Fault, Nonsense};
pub use people::{AccessKey, MfaDevice, Named, Role, User};
pub use world::CredentialKind;

/// The account users live in unless a test says otherwise.
pub const HOME_ACCOUNT: &str = "111111111111";

/// A running fake AWS. Stops when dropped.
pub struct FakeAws {
    world: Arc<Mutex<World>>,
    server: Server,
}

/// A secret that the fake AWS gave out, and what it is.
#[derive(Clone)]
pub struct GivenOut {
    /// "session token of ASIA…"
    pub what: String,
    /// The secret text.
    pub secret: String,
}

impl FakeAws {
    /// Starts one on a random port.
    ///
    /// # Panics
    ///
    /// When this machine lets no one listen on loopback.
    pub fn start() -> Self {
        Self::start_on(0)
    }

    /// Starts one on a port, or on a random one for 0.
    ///
    /// # Panics
    ///
    /// When the port is taken.
    pub fn start_on(port: u16) -> Self {
        let world = Arc::new(Mutex::new(World::default()));
        let server = Server::start(Arc::clone(&world), port).expect("loopback can be listened on");
        Self { world, server }
    }

    /// The URL for `AWS_ENDPOINT_URL`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.server.address)
    }

    /// A caller that signs with a key, for asking this server directly.
    pub fn client(&self, key: &AccessKey) -> Client {
        Client::new(self.endpoint()).signed_by(key.id(), key.secret(), None)
    }

    /// The IAM user of this name in [`HOME_ACCOUNT`], made when missing.
    pub fn user(&self, name: &str) -> User {
        self.user_at(&format!("arn:aws:iam::{HOME_ACCOUNT}:user/{name}"))
    }

    /// The IAM user with this ARN, made when missing.
    pub fn user_at(&self, arn: &str) -> User {
        lock(&self.world).ensure_user(arn);
        User { world: Arc::clone(&self.world), arn: arn.to_owned() }
    }

    /// The root user of an account, made when missing.
    pub fn root(&self, account: &str) -> User {
        self.user_at(&format!("arn:aws:iam::{account}:root"))
    }

    /// The role with this ARN, made when missing. A new role trusts nobody and allows one hour.
    pub fn role(&self, arn: &str) -> Role {
        lock(&self.world).ensure_role(arn);
        Role { world: Arc::clone(&self.world), arn: arn.to_owned() }
    }

    /// Makes the next call of this action go wrong; see [`ArmedFault::times`].
    pub fn fault(&self, action: Action, fault: Fault) -> ArmedFault {
        let id = lock(&self.world).arm(Some(action), fault);
        ArmedFault { world: Arc::clone(&self.world), id }
    }

    /// Makes the next call of whatever action go wrong.
    pub fn fault_any(&self, fault: Fault) -> ArmedFault {
        let id = lock(&self.world).arm(None, fault);
        ArmedFault { world: Arc::clone(&self.world), id }
    }

    /// Shifts the server's clock against this machine's: `Date` headers, signature window, MFA codes
    /// and expirations. The world outside is right, so this stands for *our* clock being off the
    /// other way.
    pub fn clock_skew(&self, skew: SignedDuration) {
        lock(&self.world).skew = skew;
    }

    /// The server's clock.
    pub fn now(&self) -> Timestamp {
        lock(&self.world).now()
    }

    /// Keys made from now on are unknown for their first `uses` calls: news travels slowly at AWS.
    pub fn new_keys_are_unknown_for(&self, uses: u32) {
        lock(&self.world).news_takes = uses;
    }

    /// Ends every session made so far.
    pub fn expire_sessions(&self) {
        let mut world = lock(&self.world);
        let now = world.now();
        world.sessions.values_mut().for_each(|session| session.expires = now);
    }

    /// Every request so far, in order.
    pub fn calls(&self) -> Vec<Call> {
        lock(&self.world).calls.clone()
    }

    /// The requests of one action so far.
    pub fn calls_of(&self, action: Action) -> Vec<Call> {
        self.calls().into_iter().filter(|call| call.action == action.name()).collect()
    }

    /// Forgets the requests so far, so that a test counts from here.
    pub fn forget_calls(&self) {
        lock(&self.world).calls.clear();
    }

    /// Every secret it knows: what a leak test searches for.
    pub fn secrets(&self) -> Vec<GivenOut> {
        Secrets(Arc::clone(&self.world)).all()
    }

    /// A view of the secrets that outlives this borrow.
    pub(crate) fn secrets_view(&self) -> Secrets {
        Secrets(Arc::clone(&self.world))
    }
}

/// The secrets of a fake AWS, now and later.
#[derive(Clone)]
pub(crate) struct Secrets(Arc<Mutex<World>>);

impl Secrets {
    pub(crate) fn all(&self) -> Vec<GivenOut> {
        let world = lock(&self.0);
        let given = |what: String, secret: &str| GivenOut { what, secret: secret.to_owned() };
        let keys = world.keys.iter().map(|(id, key)| given(format!("secret of {id}"), &key.secret));
        let secrets =
            world.sessions.iter().map(|(id, s)| given(format!("secret of {id}"), &s.secret));
        let tokens = world.sessions.iter().map(|(id, s)| given(format!("token of {id}"), &s.token));
        let seeds = world.devices.iter().map(|(serial, device)| {
            let seed = data_encoding::BASE32_NOPAD.encode(&device.seed);
            given(format!("seed of {serial}"), &seed)
        });
        keys.chain(secrets).chain(tokens).chain(seeds).collect()
    }
}

#[cfg(test)]
mod tests;
