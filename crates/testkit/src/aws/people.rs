//! Users, keys, devices and roles as tests speak of them.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use data_encoding::BASE32_NOPAD;

use super::totp;
use super::world::{self, Device, World};
use crate::{lock, random};

/// Something with an ARN that a role can trust.
pub trait Named {
    /// The ARN.
    fn arn(&self) -> String;
}

impl Named for str {
    fn arn(&self) -> String {
        self.to_owned()
    }
}

/// An IAM user, or an account's root.
pub struct User {
    pub(super) world: Arc<Mutex<World>>,
    pub(super) arn: String,
}

/// A user's access key.
#[derive(Clone)]
pub struct AccessKey {
    world: Arc<Mutex<World>>,
    id: String,
    secret: String,
}

/// A user's MFA device.
pub struct MfaDevice {
    world: Arc<Mutex<World>>,
    serial: String,
    seed: Vec<u8>,
}

/// A role and its trust policy.
pub struct Role {
    pub(super) world: Arc<Mutex<World>>,
    pub(super) arn: String,
}

impl Named for User {
    fn arn(&self) -> String {
        self.arn.clone()
    }
}

impl Named for Role {
    fn arn(&self) -> String {
        self.arn.clone()
    }
}

impl User {
    /// A new active access key.
    pub fn access_key(&self) -> AccessKey {
        let mut world = lock(&self.world);
        let id = world.create_key(&self.arn);
        let secret = world.keys[&id].secret.clone();
        AccessKey { world: Arc::clone(&self.world), id, secret }
    }

    /// The ids of the keys this user has now.
    pub fn key_ids(&self) -> Vec<String> {
        lock(&self.world).keys_of(&self.arn).map(|(id, _)| id.clone()).collect()
    }

    /// A new virtual device of this name.
    pub fn mfa_device(&self, name: &str) -> MfaDevice {
        let resource = format!("mfa/{name}");
        self.device(&resource, false)
    }

    /// A passkey: listed among the user's devices, useless to STS.
    pub fn passkey(&self, name: &str) -> MfaDevice {
        let user = self.arn.rsplit('/').next().unwrap_or_default();
        let resource = format!("u2f/user/{user}/{name}");
        self.device(&resource, true)
    }

    fn device(&self, resource: &str, passkey: bool) -> MfaDevice {
        let (partition, account) = (world::partition(&self.arn), world::account(&self.arn));
        let serial = format!("arn:{partition}:iam::{account}:{resource}");
        let seed = random::totp_seed();
        let mut world = lock(&self.world);
        let device = Device {
            owner: self.arn.clone(),
            seed: seed.clone(),
            used_steps: Default::default(),
            passkey,
            enabled: world.now(),
        };
        world.devices.insert(serial.clone(), device);
        MfaDevice { world: Arc::clone(&self.world), serial, seed }
    }
}

impl AccessKey {
    /// `AKIA…`
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The secret half.
    pub fn secret(&self) -> &str {
        &self.secret
    }

    /// Makes the key inactive.
    pub fn deactivate(&self) {
        if let Some(key) = lock(&self.world).keys.get_mut(&self.id) {
            key.active = false;
        }
    }

    /// Whether the key exists and is active.
    pub fn works(&self) -> bool {
        lock(&self.world).keys.get(&self.id).is_some_and(|key| key.active)
    }

    /// Deletes the key.
    pub fn delete(&self) {
        lock(&self.world).keys.remove(&self.id);
    }
}

impl MfaDevice {
    /// `arn:aws:iam::111111111111:mfa/me`
    pub fn serial(&self) -> &str {
        &self.serial
    }

    /// The seed as authenticator apps take it.
    pub fn seed_base32(&self) -> String {
        BASE32_NOPAD.encode(&self.seed)
    }

    /// The code the device shows now, by the server's clock.
    pub fn code_now(&self) -> String {
        totp::code(&self.seed, totp::step(lock(&self.world).now()))
    }

    /// A code that is accepted now: the one shown, or, if that is used up, a neighbour of it.
    ///
    /// # Panics
    ///
    /// When all three codes of the window are used up.
    pub fn unused_code(&self) -> String {
        let world = lock(&self.world);
        let used = &world.devices[&self.serial].used_steps;
        let now = totp::step(world.now());
        let step = [now, now + 1, now - 1].into_iter().find(|step| !used.contains(step));
        totp::code(&self.seed, step.expect("three codes in half a minute are enough"))
    }

    /// A code that is wrong now.
    pub fn wrong_code(&self) -> String {
        let now = totp::step(lock(&self.world).now());
        let right: Vec<String> =
            (now - 2..=now + 2).map(|step| totp::code(&self.seed, step)).collect();
        let candidates = (0..10).map(|digit| digit.to_string().repeat(6));
        let wrong = |code: &String| !right.contains(code);
        candidates.into_iter().find(wrong).expect("five codes cannot fill ten places")
    }

    /// Lets used codes count again, so that a test need not wait half a minute.
    pub fn forget_used_codes(&self) {
        if let Some(device) = lock(&self.world).devices.get_mut(&self.serial) {
            device.used_steps.clear();
        }
    }
}

impl Role {
    /// Lets a user, a role or everybody in an account (by its root's ARN) assume the role.
    pub fn trusts<T: Named + ?Sized>(self, principal: &T) -> Self {
        self.change(|role| role.trusts.push(principal.arn()))
    }

    /// Lets in only who has shown an MFA code: in this call, or when the session was made.
    pub fn requires_mfa(self) -> Self {
        self.change(|role| role.requires_mfa = true)
    }

    /// Lets in only who names this external id.
    pub fn external_id(self, id: &str) -> Self {
        self.change(|role| role.external_id = Some(id.to_owned()))
    }

    /// The longest session, one hour to twelve.
    pub fn max_session(self, length: Duration) -> Self {
        self.change(|role| role.max_session = i64::try_from(length.as_secs()).unwrap_or(i64::MAX))
    }

    fn change(self, how: impl FnOnce(&mut world::Role)) -> Self {
        how(lock(&self.world).ensure_role(&self.arn));
        self
    }
}
