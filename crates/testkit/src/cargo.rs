//! Building the binaries of this workspace from a test or the demo.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use serde_json::Value;

/// Builds one binary in the profile this crate was built in, and returns its path. Cargo's own messages
/// go to stderr.
///
/// Fails when cargo cannot be started or the build fails.
pub fn build(package: &str, binary: &str) -> io::Result<PathBuf> {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../Cargo.toml");
    let mut command = Command::new(cargo());
    command.args(["build", "--quiet", "--message-format=json", "--manifest-path"]).arg(manifest);
    command.args(["--package", package, "--bin", binary]);
    if !cfg!(debug_assertions) {
        command.arg("--release");
    }
    let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output()?;
    let messages = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        let rendered = messages.lines().filter_map(rendered).collect::<String>();
        return Err(io::Error::other(format!("cannot build `{binary}`\n{rendered}")));
    }
    let built = messages.lines().filter_map(|line| executable(line, binary)).next_back();
    built.ok_or_else(|| io::Error::other(format!("cargo did not say where `{binary}` is")))
}

/// The program that prints who it is to AWS, built once per process.
///
/// # Panics
///
/// When it cannot be built.
pub fn whoami_binary() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| build("keyward-testkit", "whoami").expect("whoami can be built"))
}

/// The cargo that runs us, or the one in the path.
#[expect(clippy::disallowed_methods, reason = "cargo passes its own path this way")]
fn cargo() -> PathBuf {
    std::env::var_os("CARGO").map_or_else(|| "cargo".into(), PathBuf::from)
}

fn executable(message: &str, binary: &str) -> Option<PathBuf> {
    let message: Value = serde_json::from_str(message).ok()?;
    let is_it = message["reason"] == "compiler-artifact" && message["target"]["name"] == binary;
    message["executable"].as_str().filter(|_| is_it).map(PathBuf::from)
}

fn rendered(message: &str) -> Option<String> {
    let message: Value = serde_json::from_str(message).ok()?;
    message["message"]["rendered"].as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FakeAws;

    #[test]
    fn whoami_is_built_and_says_who_signed() {
        let aws = FakeAws::start();
        let key = aws.user("alice").access_key();
        let ask = |secret: &str| {
            let mut command = Command::new(whoami_binary());
            command.env_clear().env("AWS_ENDPOINT_URL", aws.endpoint());
            command.env("AWS_ACCESS_KEY_ID", key.id()).env("AWS_SECRET_ACCESS_KEY", secret);
            command.output().unwrap()
        };
        let right = ask(key.secret());
        assert_eq!(right.stdout, b"arn:aws:iam::111111111111:user/alice\n");
        let wrong = ask("guess");
        assert_eq!(wrong.status.code(), Some(1));
        assert_eq!(wrong.stderr, b"whoami: SignatureDoesNotMatch (403)\n");
    }
}
