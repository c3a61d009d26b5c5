//! A world of our own for the built binary: its home, its environment, its vault, its AWS.
//!
//! ```no_run
//! # use keyward_testkit::{FakeAws, Sandbox};
//! let aws = FakeAws::start();
//! let key = aws.user("alice").access_key();
//! let sandbox = Sandbox::new("target/debug/keyward").aws(&aws).file_vault("correct horse battery");
//! sandbox.store_key("bastion", &key);
//! sandbox.run(["list"]).success();
//! sandbox.keyward(["export", "bastion"]).hands_out().run().success();
//! ```
//!
//! Every run is a leak test: see [`Sandbox::plant`].

mod invocation;
mod leaks;
mod os;
mod outcome;
mod running;
mod terminal;

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};

use tempfile::TempDir;

use crate::aws::{AccessKey, FakeAws};
use crate::lock;
use leaks::Canaries;

pub use invocation::Invocation;
pub use nix::sys::signal::Signal;
pub use outcome::Outcome;
pub use running::Running;
pub use terminal::Terminal;

/// A throw-away home for the binary under test; gone when dropped.
pub struct Sandbox {
    ground: Arc<Ground>,
    environment: BTreeMap<OsString, OsString>,
}

/// What outlives the handle while a process still runs.
struct Ground {
    root: TempDir,
    /// `root` without symbolic links.
    path: PathBuf,
    binary: PathBuf,
    canaries: Mutex<Canaries>,
    /// Files in which the test itself put secrets.
    holders: Mutex<Vec<PathBuf>>,
}

impl Sandbox {
    /// A new world for `binary`, usually `env!("CARGO_BIN_EXE_keyward")`.
    ///
    /// # Panics
    ///
    /// When the temporary directory cannot be made.
    pub fn new(binary: impl AsRef<Path>) -> Self {
        let root = tempfile::Builder::new().prefix("keyward-").tempdir();
        let root = root.expect("a temporary directory can be made");
        let path = root.path().canonicalize().expect("it exists");
        for directory in ["home/.aws", "run", "tmp"] {
            make_private(&path.join(directory));
        }
        let home = path.join("home");
        let environment = [
            ("PATH", search_path()),
            ("HOME", home.into()),
            ("TERM", "xterm-256color".into()),
            ("LANG", "C.UTF-8".into()),
            ("TMPDIR", path.join("tmp").into()),
            ("XDG_RUNTIME_DIR", path.join("run").into()),
        ];
        let environment =
            environment.into_iter().map(|(name, value)| (name.into(), value)).collect();
        let ground = Ground {
            root,
            path,
            binary: binary.as_ref().to_owned(),
            canaries: Mutex::default(),
            holders: Mutex::default(),
        };
        Self { ground: Arc::new(ground), environment }
    }

    /// Writes `~/.aws/config`.
    pub fn config(self, text: &str) -> Self {
        self.write_config(text);
        self
    }

    /// Writes `~/.aws/config` again, in the middle of a test.
    pub fn write_config(&self, text: &str) {
        self.write("home/.aws/config", text);
    }

    /// Writes `~/.aws/credentials`, which may then hold secrets.
    pub fn credentials(self, text: &str) -> Self {
        self.may_hold_secrets(self.write("home/.aws/credentials", text));
        self
    }

    /// Sends every AWS call to a fake, and searches for whatever that fake hands out.
    pub fn aws(self, aws: &FakeAws) -> Self {
        lock(&self.ground.canaries).follow(aws.secrets_view());
        self.env("AWS_ENDPOINT_URL", aws.endpoint()).env("AWS_EC2_METADATA_DISABLED", "true")
    }

    /// Chooses the encrypted file as the vault and unlocks it with this passphrase, unattended.
    pub fn file_vault(self, passphrase: &str) -> Self {
        self.plant("vault passphrase", passphrase);
        let file = self.write("passphrase", passphrase);
        self.may_hold_secrets(&file);
        self.env("KEYWARD_VAULT", "file").env("KEYWARD_PASSPHRASE_FILE", file)
    }

    /// Sets a variable for every run.
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.environment.insert(name.as_ref().to_owned(), value.as_ref().to_owned());
        self
    }

    /// Takes a variable away from every run.
    pub fn without_env(mut self, name: impl AsRef<OsStr>) -> Self {
        self.environment.remove(name.as_ref());
        self
    }

    /// Lets programs in this directory be found before all others of the same name.
    pub fn first_in_path(self, directory: impl AsRef<Path>) -> Self {
        let mut path = directory.as_ref().as_os_str().to_owned();
        if let Some(rest) = self.environment.get(OsStr::new("PATH")) {
            path.push(":");
            path.push(rest);
        }
        self.env("PATH", path)
    }

    /// Stores a key by the real `keyward add PROFILE --env --no-verify`.
    pub fn store_key(&self, profile: &str, key: &AccessKey) -> &Self {
        self.plant(&format!("secret of {}", key.id()), key.secret());
        let adding = self.keyward(["add", profile, "--env", "--no-verify"]);
        let adding = adding.env("AWS_ACCESS_KEY_ID", key.id());
        adding.env("AWS_SECRET_ACCESS_KEY", key.secret()).run().success();
        self
    }

    /// From now on, a run in which this secret shows fails: in stdout (unless
    /// [`Invocation::hands_out`]), in stderr, in a file of the sandbox (unless
    /// [`Self::may_hold_secrets`]) or in the arguments of a process it started; plainly, in base64, in
    /// hex, escaped for a URL, as UTF-16 or as a list of numbers; whole or by half.
    ///
    /// Keys of [`Self::store_key`], the passphrase and all that [`Self::aws`] hands out are planted
    /// already. Arguments are sampled while the process runs, which a very short-lived process can
    /// escape; they are those of all newer processes, so that two tests that run side by side should
    /// not share a canary that one of them passes as an argument.
    ///
    /// # Panics
    ///
    /// For a secret under eight bytes, which chance alone would find.
    pub fn plant(&self, what: &str, secret: &str) {
        lock(&self.ground.canaries).plant(what, secret);
    }

    /// Declares that a file, or everything below a directory, may hold secrets.
    pub fn may_hold_secrets(&self, path: impl AsRef<Path>) {
        lock(&self.ground.holders).push(self.ground.path.join(path));
    }

    /// The home directory.
    pub fn home(&self) -> PathBuf {
        self.ground.path.join("home")
    }

    /// The directory that holds everything of this sandbox.
    pub fn root(&self) -> &Path {
        &self.ground.path
    }

    /// Writes a file below [`Self::root`], readable by its owner only, and returns its path.
    ///
    /// # Panics
    ///
    /// When it cannot be written.
    pub fn write(&self, name: impl AsRef<Path>, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.ground.path.join(name);
        make_private(path.parent().expect("a file lies in a directory"));
        fs::write(&path, text).expect("the sandbox is writable");
        let private = fs::Permissions::from_mode(0o600);
        fs::set_permissions(&path, private).expect("the sandbox is ours");
        path
    }

    /// Runs the binary without terminal and input, to its end.
    pub fn run<I: IntoIterator<Item: AsRef<OsStr>>>(&self, arguments: I) -> Outcome {
        self.keyward(arguments).run()
    }

    /// Runs the binary without terminal, with this input.
    pub fn run_with_stdin<I: IntoIterator<Item: AsRef<OsStr>>>(
        &self,
        arguments: I,
        input: &str,
    ) -> Outcome {
        self.keyward(arguments).stdin(input).run()
    }

    /// Starts the binary without terminal and goes on.
    pub fn spawn<I: IntoIterator<Item: AsRef<OsStr>>>(&self, arguments: I) -> Running {
        self.keyward(arguments).spawn()
    }

    /// Starts the binary on a terminal of its own.
    pub fn terminal<I: IntoIterator<Item: AsRef<OsStr>>>(&self, arguments: I) -> Terminal {
        self.keyward(arguments).terminal()
    }

    /// A run of the binary yet to be described.
    pub fn keyward<I: IntoIterator<Item: AsRef<OsStr>>>(&self, arguments: I) -> Invocation {
        self.program(&self.ground.binary, arguments)
    }

    /// A run of any program in this world, for instance a shell that calls the binary.
    pub fn program<I: IntoIterator<Item: AsRef<OsStr>>>(
        &self,
        program: impl AsRef<OsStr>,
        arguments: I,
    ) -> Invocation {
        let mut command = Command::new(program);
        command.args(arguments).env_clear().envs(&self.environment).current_dir(self.home());
        Invocation::new(Arc::clone(&self.ground), command)
    }

    /// The bare command for the binary, for what nothing above covers. Its runs are not leak tests.
    pub fn command<I: IntoIterator<Item: AsRef<OsStr>>>(&self, arguments: I) -> Command {
        self.keyward(arguments).into_command()
    }

    /// Searches the sandbox's files now; [`Self::plant`] tells for what.
    ///
    /// # Panics
    ///
    /// When a secret is found.
    #[track_caller]
    pub fn has_no_leaks(&self) {
        let found = self.ground.leaks_in_files();
        assert!(found.is_empty(), "secrets leaked:\n{}", found.join("\n"));
    }
}

impl Drop for Sandbox {
    /// Lets the tool drop what it keeps outside of files, such as keys in the kernel's keyring.
    fn drop(&mut self) {
        if self.ground.binary.is_file() {
            running::to_its_end(self.command(["lock"]));
        }
    }
}

fn make_private(directory: &Path) {
    fs::create_dir_all(directory).expect("the sandbox is writable");
    let private = fs::Permissions::from_mode(0o700);
    fs::set_permissions(directory, private).expect("the sandbox is ours");
}

#[expect(clippy::disallowed_methods, reason = "the one thing a sandbox inherits")]
fn search_path() -> OsString {
    std::env::var_os("PATH").unwrap_or_else(|| "/usr/bin:/bin".into())
}

#[cfg(test)]
mod tests;
