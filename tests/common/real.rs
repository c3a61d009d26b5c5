//! Programs and servers that are not ours. A test that needs one which is missing says so and ends; with
//! `KEYWARD_REQUIRE_ALL=1` it fails instead.

use std::io::{BufRead, BufReader, Write, stderr};
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{OnceLock, mpsc};
use std::thread;
use std::time::Duration;

/// Starting a server on a busy machine takes seconds; longer than this, it will not come.
const PATIENCE: Duration = Duration::from_secs(60);

/// Whether all these programs are in the path.
pub(crate) fn has(programs: &[&str]) -> bool {
    let path = variable("PATH").unwrap_or_default();
    let found = |name: &str| std::env::split_paths(&path).any(|folder| folder.join(name).is_file());
    let missing: Vec<&str> = programs.iter().filter(|name| !found(name)).copied().collect();
    is_there(missing.is_empty(), &missing.join(" and "))
}

/// Whether the kernel holds keys for us, which some containers forbid.
pub(crate) fn has_kernel_keyring() -> bool {
    if !has(&["keyctl"]) {
        return false;
    }
    let add = ["add", "user", "keyward-test-probe", "x", "@s"];
    let probe = quietly(Command::new("keyctl").args(add));
    is_there(probe, "a kernel keyring")
}

/// Whether we may make file systems of our own, in a namespace.
pub(crate) fn has_namespaces() -> bool {
    if !has(&["unshare", "mount"]) {
        return false;
    }
    let mount = ["-rm", "mount", "-t", "tmpfs", "none", env!("CARGO_TARGET_TMPDIR")];
    let probe = quietly(Command::new("unshare").args(mount));
    is_there(probe, "user namespaces (unshare -rm)")
}

/// The virtual environment of `tests/requirements.txt`.
pub(crate) struct Python {
    bin: PathBuf,
}

impl Python {
    /// `KEYWARD_TEST_PYTHON` names its interpreter; boto3, the AWS CLI, moto and ministack lie beside it.
    pub(crate) fn found() -> Option<Self> {
        let interpreter = variable("KEYWARD_TEST_PYTHON").map(PathBuf::from);
        let bin = interpreter.as_deref().and_then(Path::parent).map(Path::to_owned);
        let whole = |bin: &PathBuf| {
            let beside = |name| bin.join(name).is_file();
            ["python", "aws", "moto_server", "ministack"].into_iter().all(beside)
        };
        let bin = bin.filter(whole);
        let needed = "KEYWARD_TEST_PYTHON, a python with tests/requirements.txt installed";
        is_there(bin.is_some(), needed);
        bin.map(|bin| Self { bin })
    }

    /// Where its programs are.
    pub(crate) fn bin(&self) -> &Path {
        &self.bin
    }
}

/// A server of somebody else, on loopback. It ends when this test process does.
pub(crate) struct Server {
    /// For `AWS_ENDPOINT_URL`.
    pub(crate) endpoint: String,
    /// It waits for its input to close, and that happens when this process ends, however it ends.
    _keeper: Child,
}

impl Server {
    /// moto's server, started once.
    pub(crate) fn moto(python: &Python) -> &'static Self {
        static MOTO: OnceLock<Server> = OnceLock::new();
        MOTO.get_or_init(|| {
            let port = free_port().to_string();
            let mut command = kept(&python.bin.join("moto_server"));
            command.args(["-H", "127.0.0.1", "-p", &port]);
            Self::start(command, &port)
        })
    }

    /// ministack, checking signatures and policies, started once.
    pub(crate) fn ministack(python: &Python) -> &'static Self {
        static MINISTACK: OnceLock<Server> = OnceLock::new();
        MINISTACK.get_or_init(|| {
            let port = free_port().to_string();
            let mut command = kept(&python.bin.join("ministack"));
            // Its other listeners would take ports we did not choose.
            command.env("IOT_MTLS_ENABLED", "0");
            command.env("BIND_HOST", "127.0.0.1").env("GATEWAY_PORT", &port).env("AUTH", "true");
            Self::start(command, &port)
        })
    }

    /// Both servers say where they run once they listen.
    fn start(mut command: Command, port: &str) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let log = BufReader::new(child.stderr.take().unwrap());
        let (line, lines) = mpsc::channel();
        thread::spawn(move || {
            // Read to the end, also when nobody listens any more: a full pipe would stop the server.
            log.lines().map_while(Result::ok).for_each(|text| drop(line.send(text)));
        });
        let endpoint = format!("http://127.0.0.1:{port}");
        let mut said = String::new();
        while !said.contains(&format!("Running on {endpoint}")) {
            let Ok(text) = lines.recv_timeout(PATIENCE) else {
                panic!("the server on {endpoint} does not start:\n{said}");
            };
            said = said + &text + "\n";
        }
        Self { endpoint, _keeper: child }
    }
}

/// `program` with a keeper that ends it, and all it started, when the keeper's input closes.
fn kept(program: &Path) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", "\"$0\" \"$@\" & read -r never; kill -s KILL 0"]).arg(program);
    command.env_clear().env("PATH", variable("PATH").unwrap_or_default());
    command.env("HOME", env!("CARGO_TARGET_TMPDIR")).env("TMPDIR", env!("CARGO_TARGET_TMPDIR"));
    command.process_group(0);
    command
}

/// A port that was free just now.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn quietly(command: &mut Command) -> bool {
    let command = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// Passes `there` on. A test that goes without says so past the harness, which hides what tests print.
fn is_there(there: bool, what: &str) -> bool {
    if !there {
        let test = thread::current().name().unwrap_or("a test").to_owned();
        assert!(variable("KEYWARD_REQUIRE_ALL").is_none(), "{test} needs {what}");
        let line = format!("SKIPPED {test}: needs {what}\n");
        stderr().write_all(line.as_bytes()).unwrap();
    }
    there
}

#[expect(clippy::disallowed_methods, reason = "whoever runs the tests says by these what there is")]
fn variable(name: &str) -> Option<std::ffi::OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}
