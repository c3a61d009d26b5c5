use std::process::Command;

use crate::common::World;

const FORMATS: [&str; 7] = ["env", "export-env", "json", "ini", "fish", "powershell", "dotenv"];

fn export(world: &World, format: &str) -> String {
    let run = world.sandbox.keyward(["export", "--format", format, "base"]).hands_out().run();
    run.success();
    run.stdout
}

#[test]
fn json_is_what_credential_process_expects() {
    let world = World::without_mfa().stored();
    let text = export(&world, "json");
    assert!(text.ends_with("}\n"), "{text}");
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(json["Version"], 1);
    assert!(json["AccessKeyId"].as_str().unwrap().starts_with("ASIA"));
    for secret in ["SecretAccessKey", "SessionToken"] {
        assert!(json[secret].as_str().unwrap().len() > 20);
    }
    let expiration = json["Expiration"].as_str().unwrap();
    assert!(expiration == "[TIME]" || expiration.ends_with('Z'), "{expiration}");
}

#[test]
fn json_of_the_key_itself_has_no_expiration() {
    let world = World::without_mfa().stored();
    let run = world.sandbox.keyward(["export", "-n", "--format=json", "base"]).hands_out().run();
    let json = run.success().json();
    assert_eq!(json["AccessKeyId"], world.key.id());
    assert!(json.get("SessionToken").is_none() && json.get("Expiration").is_none());
}

#[test]
fn every_format_has_the_credentials_and_the_region() {
    let world = World::without_mfa().stored();
    for format in FORMATS {
        let text = export(&world, format);
        assert!(text.contains("ASIA"), "{format}: {text}");
        assert_eq!(text.contains("eu-west-1"), format != "json", "{format}: {text}");
    }
    assert_eq!(world.calls(), ["GetSessionToken"], "one session serves all of them");
}

#[test]
fn shells_read_back_what_was_written() {
    let world = World::without_mfa().stored();
    let json: serde_json::Value = serde_json::from_str(&export(&world, "json")).unwrap();
    let expected = format!(
        "{} {}",
        json["AccessKeyId"].as_str().unwrap(),
        json["SessionToken"].as_str().unwrap()
    );
    let read = |shell: &str, script: String| {
        let run = Command::new(shell)
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", world.sandbox.home())
            .args(["-c", &script])
            .output()
            .unwrap();
        assert!(run.status.success(), "{shell}: {}", String::from_utf8_lossy(&run.stderr));
        String::from_utf8(run.stdout).unwrap().trim().to_owned()
    };
    let print = "echo $AWS_ACCESS_KEY_ID $AWS_SESSION_TOKEN";
    for shell in ["sh", "bash"] {
        assert_eq!(
            read(shell, format!("set -eu; {}\n{print}", export(&world, "export-env"))),
            expected
        );
        assert_eq!(read(shell, format!("set -a; {}\n{print}", export(&world, "dotenv"))), expected);
    }
}

#[test]
fn a_session_with_less_than_a_quarter_of_an_hour_is_made_anew() {
    let world = World::without_mfa().stored();
    let fault = keyward_testkit::Fault::ExpiresIn(keyward_testkit::SignedDuration::from_mins(14));
    world.aws.fault(keyward_testkit::Action::GetSessionToken, fault).times(1);
    export(&world, "json");
    export(&world, "json");
    assert_eq!(world.calls(), ["GetSessionToken"; 2]);
}

#[test]
fn without_a_terminal_an_sdk_is_told_at_once_what_to_run() {
    let world = World::with_mfa().stored();
    let run = world.sandbox.run(["export", "--format=json", "deploy"]);
    run.exits(123)
        .stdout_is("")
        .stderr_has("an MFA code of")
        .stderr_has("run the same command once in a terminal");
    assert_eq!(world.calls(), [""; 0]);
}

#[test]
fn an_unknown_format_names_the_known_ones() {
    let world = World::without_mfa();
    let run = world.sandbox.run(["export", "--format=yaml", "base"]);
    run.exits(118).stderr_has("powershell");
}
