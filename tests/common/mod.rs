//! The world most scenarios start from: alice with a key, an MFA device and a role to assume.

/// What real programs and servers there are.
pub(crate) mod real;

use keyward_testkit::aws::{AccessKey, MfaDevice, Role, User};
use keyward_testkit::{FakeAws, Sandbox};

/// The role of the usual world, in another account than alice's.
pub(crate) const DEPLOY: &str = "arn:aws:iam::222222222222:role/deploy";
/// The passphrase of every file vault.
pub(crate) const PASSPHRASE: &str = "correct horse battery staple";
/// What a command sees as its identity in that role.
pub(crate) const DEPLOY_CALLER: &str = "arn:aws:sts::222222222222:assumed-role/deploy/";

/// A sandbox with nothing in it but an unlocked way to the built binary and a file vault.
pub(crate) fn sandbox(aws: &FakeAws) -> Sandbox {
    Sandbox::new(env!("CARGO_BIN_EXE_keyward")).aws(aws).file_vault(PASSPHRASE)
}

/// Alice, her key, her device, the role that trusts her, and a sandbox whose config knows them.
pub(crate) struct World {
    pub(crate) aws: FakeAws,
    pub(crate) alice: User,
    pub(crate) key: AccessKey,
    pub(crate) device: MfaDevice,
    pub(crate) role: Role,
    pub(crate) sandbox: Sandbox,
}

impl World {
    /// The key is not stored yet. `[profile base]` has the MFA device, `[profile deploy]` the role.
    pub(crate) fn with_mfa() -> Self {
        Self::build(|device| format!("mfa_serial = {}\n", device.serial()))
    }

    /// As [`World::with_mfa`], without a device in the configuration or in the role's trust.
    pub(crate) fn without_mfa() -> Self {
        Self::build(|_| String::new())
    }

    fn build(base: impl Fn(&MfaDevice) -> String) -> Self {
        let aws = FakeAws::start();
        let alice = aws.user("alice");
        let key = alice.access_key();
        let device = alice.mfa_device("alice-phone");
        let base = base(&device);
        let role = aws.role(DEPLOY).trusts(&alice);
        let role = if base.is_empty() { role } else { role.requires_mfa() };
        let sandbox = sandbox(&aws).config(&format!(
            "[profile base]\n{base}region = eu-west-1\n\n\
             [profile deploy]\nrole_arn = {DEPLOY}\nsource_profile = base\n"
        ));
        Self { aws, alice, key, device, role, sandbox }
    }

    /// Stores the key under `base`.
    pub(crate) fn stored(self) -> Self {
        self.sandbox.store_key("base", &self.key);
        self.aws.forget_calls();
        self
    }

    /// Stores the key and the device's seed under `base`, so that nobody has to type codes.
    pub(crate) fn stored_with_seed(self) -> Self {
        let input = format!(
            "{}\n{}\n{}\n{}\n",
            self.key.id(),
            self.key.secret(),
            self.device.serial(),
            self.device.seed_base32()
        );
        self.sandbox.plant("alice's secret key", self.key.secret());
        self.sandbox.plant("alice's TOTP seed", &self.device.seed_base32());
        self.sandbox.run_with_stdin(["add", "base", "--no-verify"], &input).success();
        self.aws.forget_calls();
        self
    }

    /// The names of the calls AWS saw, in order.
    pub(crate) fn calls(&self) -> Vec<String> {
        self.aws.calls().into_iter().map(|call| call.action).collect()
    }
}

/// A program of the testkit that prints the caller's ARN, as an argument of a command line.
pub(crate) fn whoami() -> &'static str {
    keyward_testkit::cargo::whoami_binary().to_str().unwrap()
}
