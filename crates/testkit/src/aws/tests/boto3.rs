//! A second opinion: AWS's own Python library accepts the replies and gets the same refusals.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::*;

/// A Python that can import boto3, or why there is none.
#[expect(clippy::disallowed_methods, reason = "the environment chooses which Python to test with")]
fn python_with_boto3() -> Result<PathBuf, String> {
    let python = std::env::var_os("KEYWARD_TEST_PYTHON").map(PathBuf::from);
    let python = python.unwrap_or_else(|| "/usr/bin/python3".into());
    let importing = Command::new(&python)
        .args(["-c", "import boto3"])
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if importing {
        return Ok(python);
    }
    let reason = format!("{} cannot import boto3; set KEYWARD_TEST_PYTHON", python.display());
    let required = std::env::var_os("KEYWARD_REQUIRE_ALL").is_some_and(|value| value == "1");
    assert!(!required, "{reason}");
    Err(reason)
}

#[test]
fn boto3_understands_every_answer() {
    let python = match python_with_boto3() {
        Ok(python) => python,
        Err(reason) => {
            // Past the test runner's capture, so that a skipped test is seen and counted.
            use std::io::Write;
            let line = format!("SKIPPED boto3: needs {reason}\n");
            return std::io::stderr().write_all(line.as_bytes()).unwrap();
        }
    };
    let Scene { aws, alice, key, .. } = scene();
    let device = alice.mfa_device("me");
    drop(aws.role(ROLE).trusts(&alice).requires_mfa());
    let output = Command::new(python)
        .args(["-c", include_str!("boto3.py")])
        .env_clear()
        .envs([
            ("AWS_ENDPOINT_URL", aws.endpoint().as_str()),
            ("AWS_ACCESS_KEY_ID", key.id()),
            ("AWS_SECRET_ACCESS_KEY", key.secret()),
            ("AWS_DEFAULT_REGION", "us-east-1"),
            ("AWS_CONFIG_FILE", "/dev/null"),
            ("AWS_EC2_METADATA_DISABLED", "true"),
            ("SERIAL", device.serial()),
            ("CODE", &device.code_now()),
            ("ROLE", ROLE),
        ])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(said.trim(), "boto3 agrees", "{}", String::from_utf8_lossy(&output.stderr));
}
