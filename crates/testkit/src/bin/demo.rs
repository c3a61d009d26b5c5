//! Keyward's first five minutes, played by the real binary against a fake AWS in a throw-away home.
//!
//! `cargo run -p keyward-testkit --bin demo` needs Rust and nothing else. It exits with 1 when a step
//! does not go as told, or when a secret shows where it must not.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program that tells a story")]

use std::process::ExitCode;

#[cfg(unix)]
fn main() -> ExitCode {
    match story::tell() {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("\nThe demo failed: {problem:#}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(not(unix))]
fn main() -> ExitCode {
    eprintln!("The demo runs on Linux, macOS and WSL.");
    ExitCode::FAILURE
}

#[cfg(unix)]
mod story {
    use std::os::unix::fs::symlink;

    use anyhow::{Context, ensure};
    use keyward_testkit::aws::{AccessKey, MfaDevice};
    use keyward_testkit::{Action, FakeAws, Invocation, Outcome, Sandbox, cargo};

    const ROLE: &str = "arn:aws:iam::222222222222:role/deploy";
    const IN_ROLE: &str = "arn:aws:sts::222222222222:assumed-role/deploy/";

    /// Everything on stage.
    struct Stage {
        aws: FakeAws,
        key: AccessKey,
        device: MfaDevice,
        sandbox: Sandbox,
    }

    pub(crate) fn tell() -> anyhow::Result<()> {
        println!("Building keyward ...");
        let stage = set_up()?;
        println!("A fake AWS listens on {}. Nothing of yours is touched.\n", stage.aws.endpoint());
        add_the_key(&stage)?;
        list(&stage, "What is stored, and what is open?", "bastion")?;
        run_in_the_role(&stage)?;
        run_again_from_the_cache(&stage)?;
        export(&stage)?;
        list(&stage, "Two sessions are open now.", "deploy")?;
        what_aws_saw(&stage);
        stage.sandbox.has_no_leaks();
        println!("No secret of this story lies readable in any file of the throw-away home,");
        println!("and none was shown or passed as an argument. The home is deleted now.");
        Ok(())
    }

    fn set_up() -> anyhow::Result<Stage> {
        let keyward = cargo::build("keyward", "keyward")?;
        let aws = FakeAws::start();
        let alice = aws.user("alice");
        let (key, device) = (alice.access_key(), alice.mfa_device("alice"));
        drop(aws.role(ROLE).trusts(&alice).requires_mfa());
        let config = format!(
            "[default]\nregion = eu-west-1\n\n[profile bastion]\nmfa_serial = {}\n\n\
             [profile deploy]\nrole_arn = {ROLE}\nsource_profile = bastion\n",
            device.serial()
        );
        let passphrase = keyward_testkit::random_passphrase();
        let sandbox = Sandbox::new(keyward).aws(&aws).config(&config).file_vault(&passphrase);
        let programs = sandbox.root().join("bin");
        std::fs::create_dir(&programs)?;
        symlink(cargo::whoami_binary(), programs.join("whoami"))?;
        let sandbox = sandbox.first_in_path(&programs);
        println!("\n~/.aws/config of this story:\n{}", indented(&config));
        Ok(Stage { aws, key, device, sandbox })
    }

    fn add_the_key(stage: &Stage) -> anyhow::Result<()> {
        println!(
            "Alice puts her access key and the seed of her MFA device into an encrypted vault."
        );
        println!("At a terminal keyward asks for them; here they come from a pipe.");
        let (key, device) = (&stage.key, &stage.device);
        let lines = [key.id(), key.secret(), device.serial(), &device.seed_base32()].join("\n");
        let adding = stage.sandbox.keyward(["add", "bastion"]).stdin(lines + "\n");
        play("keyward add bastion", adding).map(drop)
    }

    fn list(stage: &Stage, title: &str, must_show: &str) -> anyhow::Result<()> {
        println!("{title}");
        let outcome = play("keyward list", stage.sandbox.keyward(["list"]))?;
        ensure!(outcome.stdout.contains(must_show), "the list does not show `{must_show}`");
        Ok(())
    }

    fn run_in_the_role(stage: &Stage) -> anyhow::Result<()> {
        println!(
            "A command with the role's credentials. The role asks for MFA; `whoami` asks AWS."
        );
        stage.aws.forget_calls();
        let command = stage.sandbox.keyward(["exec", "deploy", "--", "whoami"]);
        let outcome = play("keyward exec deploy -- whoami", command)?;
        ensure!(outcome.stdout.starts_with(IN_ROLE), "the command did not run in the role");
        let asked = calls_by_keyward(stage);
        println!("   keyward called AWS {asked} times.\n");
        ensure!(asked > 0, "credentials came from nowhere");
        Ok(())
    }

    fn run_again_from_the_cache(stage: &Stage) -> anyhow::Result<()> {
        println!("The same again: the session is in the encrypted cache.");
        let before = calls_by_keyward(stage);
        let command = stage.sandbox.keyward(["exec", "deploy", "--", "whoami"]);
        let outcome = play("keyward exec deploy -- whoami", command)?;
        ensure!(outcome.stdout.starts_with(IN_ROLE), "the command did not run in the role");
        let asked = calls_by_keyward(stage) - before;
        println!("   keyward called AWS {asked} times.\n");
        ensure!(asked == 0, "the cache was not used");
        Ok(())
    }

    /// `whoami` asks for the caller's identity; everything else was keyward.
    fn calls_by_keyward(stage: &Stage) -> usize {
        let whoami = Action::GetCallerIdentity.name();
        stage.aws.calls().iter().filter(|call| call.action != whoami).count()
    }

    fn export(stage: &Stage) -> anyhow::Result<()> {
        println!(
            "For SDKs: what `credential_process = keyward export --format=json bastion` gets."
        );
        println!("   $ keyward export --format=json bastion");
        let command = stage.sandbox.keyward(["export", "--format=json", "bastion"]).hands_out();
        let outcome = succeed(command)?;
        let shown: serde_json::Value =
            serde_json::from_str(&outcome.stdout).context("the export is no JSON")?;
        ensure!(shown["Version"] == 1, "the export is not for credential_process");
        let mut masked = shown;
        for secret in ["SecretAccessKey", "SessionToken"] {
            ensure!(masked[secret].is_string(), "the export has no {secret}");
            masked[secret] = "(hidden by this demo)".into();
        }
        println!("{}", indented(&serde_json::to_string_pretty(&masked)?));
        Ok(())
    }

    fn what_aws_saw(stage: &Stage) {
        println!("What the fake AWS saw since the first exec:");
        for call in stage.aws.calls() {
            println!("   {call}");
        }
        println!();
    }

    /// Shows a command and what it printed; it must succeed.
    fn play(typed: &str, command: Invocation) -> anyhow::Result<Outcome> {
        println!("   $ {typed}");
        let outcome = succeed(command)?;
        println!("{}", indented(&format!("{}{}", outcome.stderr, outcome.stdout)));
        Ok(outcome)
    }

    fn succeed(command: Invocation) -> anyhow::Result<Outcome> {
        let outcome = command.run();
        ensure!(outcome.code == Some(0), "this step did not succeed:\n{}", outcome.whole());
        Ok(outcome)
    }

    fn indented(text: &str) -> String {
        text.lines().map(|line| format!("   {line}\n")).collect()
    }
}
