use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::common::{World, real};

/// A TLS front for the fake AWS, with a certificate of an authority that nobody knows.
struct TlsFront {
    process: Child,
    endpoint: String,
    authority: PathBuf,
}

impl TlsFront {
    fn of(world: &World) -> Self {
        let folder =
            world.sandbox.write("tls/forwarder.py", include_str!("network/tls_forwarder.py"));
        let folder = folder.parent().unwrap();
        make_certificates(folder);
        let port = world.aws.endpoint().rsplit(':').next().unwrap().to_owned();
        let mut process = Command::new("python3")
            .current_dir(folder)
            .args(["forwarder.py", "server.pem", "server.key", &port])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut port = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut port).unwrap();
        let endpoint = format!("https://localhost:{}", port.trim());
        Self { process, endpoint, authority: folder.join("authority.pem") }
    }
}

impl Drop for TlsFront {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn make_certificates(folder: &Path) {
    std::fs::write(folder.join("names"), "subjectAltName=DNS:localhost\n").unwrap();
    for arguments in [
        "req -x509 -newkey rsa:2048 -nodes -keyout authority.key -out authority.pem -days 2 -subj /CN=authority",
        "req -newkey rsa:2048 -nodes -keyout server.key -out server.csr -subj /CN=localhost",
        "x509 -req -in server.csr -CA authority.pem -CAkey authority.key -CAcreateserial -out server.pem -days 2 -extfile names",
    ] {
        let run = Command::new("openssl").current_dir(folder).args(arguments.split(' ')).output();
        let run = run.unwrap();
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    }
}

#[test]
fn tls_is_spoken_with_whom_the_ca_bundle_trusts_and_with_nobody_else() {
    if !real::has(&["openssl", "python3"]) {
        return;
    }
    let world = World::without_mfa().stored();
    let front = TlsFront::of(&world);
    let exec = || {
        let exec = world.sandbox.keyward(["exec", "base", "--", "true"]);
        exec.env("AWS_ENDPOINT_URL", &front.endpoint)
    };
    exec().run().exits(119).stderr_has("UnknownIssuer").stderr_has("AWS_CA_BUNDLE");
    assert_eq!(world.calls(), [""; 0]);
    exec().env("AWS_CA_BUNDLE", &front.authority).run().success();
    assert_eq!(world.calls(), ["GetSessionToken"]);
    let bundle = front.authority.display();
    world.sandbox.write_config(&format!("[profile base]\nca_bundle = {bundle}\n"));
    world.sandbox.run(["clear"]).success();
    exec().run().success();
}

#[test]
fn proxies_are_used_except_for_hosts_that_need_none() {
    let world = World::without_mfa().stored();
    let exec = || {
        let exec = world.sandbox.keyward(["exec", "base", "--", "true"]);
        exec.env("HTTP_PROXY", "http://127.0.0.1:1")
    };
    exec().run().exits(119).stderr_has("cannot be reached");
    assert_eq!(world.calls(), [""; 0]);
    exec().env("NO_PROXY", "127.0.0.1").run().success();
}

#[test]
fn the_sts_end_point_goes_before_the_one_for_everything_and_the_profile_s_own() {
    let world = World::without_mfa().stored();
    let here = world.aws.endpoint();
    let nowhere = "http://127.0.0.1:1";
    let exec = || world.sandbox.keyward(["exec", "base", "--", "true"]);
    exec().env("AWS_ENDPOINT_URL", nowhere).env("AWS_ENDPOINT_URL_STS", &here).run().success();
    world.sandbox.run(["clear"]).success();
    world.sandbox.write_config(&format!("[profile base]\nendpoint_url = {here}\n"));
    exec().without_env("AWS_ENDPOINT_URL").run().success();
    assert_eq!(world.calls(), ["GetSessionToken"; 2]);
}
