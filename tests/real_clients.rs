use std::process::Command;
use std::sync::OnceLock;

use keyward_testkit::aws::User;
use keyward_testkit::{Action, FakeAws, Sandbox};

use crate::common::real::{self, Python, Server};
use crate::common::{DEPLOY, DEPLOY_CALLER, World, sandbox};

const BINARY: &str = env!("CARGO_BIN_EXE_keyward");
/// Asks with the AWS CLI who it is.
const CLI: [&str; 7] = ["aws", "sts", "get-caller-identity", "--query", "Arn", "--output", "text"];
/// Asks with boto3, several times in one process, as programs do.
const BOTO3: &str = "import boto3
sts = boto3.client('sts')
arns = {sts.get_caller_identity()['Arn'] for again in range(5)}
print(*arns)";

/// Makes alice, her key, and a role that trusts her alone; prints what the test needs to know.
const POPULATE: &str = "import boto3, json
iam = boto3.client('iam')
user = iam.create_user(UserName='alice')['User']['Arn']
def policy(**who):
    return json.dumps({'Version': '2012-10-17', 'Statement': [{'Effect': 'Allow', **who}]})
everything = policy(Action='*', Resource='*')
iam.put_user_policy(UserName='alice', PolicyName='all', PolicyDocument=everything)
trust = policy(Action='sts:AssumeRole', Principal={'AWS': user})
role = iam.create_role(RoleName='deploy', AssumeRolePolicyDocument=trust)['Role']['Arn']
iam.put_role_policy(RoleName='deploy', PolicyName='all', PolicyDocument=everything)
key = iam.create_access_key(UserName='alice')['AccessKey']
print(key['AccessKeyId'], key['SecretAccessKey'], user, role)";

/// From now on moto checks signatures and policies.
const MOTO_CHECKS: &str = "import os, urllib.request
url = os.environ['AWS_ENDPOINT_URL'] + '/moto-api/reset-auth'
urllib.request.urlopen(urllib.request.Request(url, b'0', {'Content-Type': 'text/plain'}))";

/// Alice at a server that is not ours.
struct Elsewhere {
    endpoint: &'static str,
    id: String,
    secret: String,
    user: String,
    role: String,
}

impl Elsewhere {
    fn moto(python: &Python) -> &'static Self {
        static MOTO: OnceLock<Elsewhere> = OnceLock::new();
        MOTO.get_or_init(|| {
            let there = Self::populated(python, &Server::moto(python).endpoint);
            let _ = in_python(python, there.endpoint, MOTO_CHECKS);
            there
        })
    }

    fn ministack(python: &Python) -> &'static Self {
        static MINISTACK: OnceLock<Elsewhere> = OnceLock::new();
        MINISTACK.get_or_init(|| Self::populated(python, &Server::ministack(python).endpoint))
    }

    fn populated(python: &Python, endpoint: &'static str) -> Self {
        let said = in_python(python, endpoint, POPULATE);
        let words: Vec<String> = said.split_whitespace().map(str::to_owned).collect();
        let [id, secret, user, role] = words.try_into().unwrap();
        Self { endpoint, id, secret, user, role }
    }

    /// A sandbox whose `base` holds alice's key, checked by that server, and whose `deploy` is the role.
    fn sandbox(&self, python: &Python) -> Sandbox {
        let sandbox = Sandbox::new(BINARY)
            .file_vault("correct horse battery staple")
            .first_in_path(python.bin())
            .env("AWS_ENDPOINT_URL", self.endpoint)
            .config(&format!(
                "[profile base]\nregion = us-east-1\n\n\
                 [profile deploy]\nrole_arn = {}\nsource_profile = base\nregion = us-east-1\n\n\
                 [profile sdk]\ncredential_process = {BINARY} export --format=json deploy\n\
                 region = us-east-1\n",
                self.role
            ));
        sandbox.plant("alice's key", &self.secret);
        let input = format!("{}\n{}\n", self.id, self.secret);
        sandbox.run_with_stdin(["add", "base"], &input).success().stderr_has(&self.user);
        sandbox
    }

    /// How the role shows as a caller, up to the session's name.
    fn caller(&self) -> String {
        self.role.replace(":iam:", ":sts:").replace(":role/", ":assumed-role/") + "/"
    }
}

fn in_python(python: &Python, endpoint: &str, script: &str) -> String {
    let output = Command::new(python.bin().join("python"))
        .args(["-c", script])
        .env_clear()
        .env("AWS_ENDPOINT_URL", endpoint)
        .env("AWS_DEFAULT_REGION", "us-east-1")
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Our fake AWS, which checks signatures and MFA codes, with real clients in the path.
fn fake(python: &Python) -> World {
    let mut world = World::with_mfa().stored_with_seed();
    let serial = world.device.serial().to_owned();
    world.sandbox.write_config(&format!(
        "[profile base]\nmfa_serial = {serial}\nregion = eu-west-1\n\n\
         [profile deploy]\nrole_arn = {DEPLOY}\nsource_profile = base\nregion = eu-west-1\n\n\
         [profile sdk]\ncredential_process = {BINARY} export --format=json deploy\n\
         region = eu-west-1\n"
    ));
    world.sandbox =
        std::mem::replace(&mut world.sandbox, Sandbox::new("none")).first_in_path(python.bin());
    world
}

#[test]
fn real_clients_inside_exec_are_the_role_at_moto_and_at_ministack() {
    let Some(python) = Python::found() else { return };
    for there in [Elsewhere::moto(&python), Elsewhere::ministack(&python)] {
        let sandbox = there.sandbox(&python);
        let cli = [&["exec", "deploy", "--"][..], &CLI].concat();
        let run = sandbox.run(cli);
        run.success();
        assert!(run.stdout.starts_with(&there.caller()), "{}", run.whole());
        let run = sandbox.run(["exec", "deploy", "--", "python", "-c", BOTO3]);
        run.success();
        assert!(run.stdout.starts_with(&there.caller()), "{}", run.whole());
    }
}

#[test]
fn real_clients_that_call_us_are_the_role_at_moto_and_at_ministack() {
    let Some(python) = Python::found() else { return };
    for there in [Elsewhere::moto(&python), Elsewhere::ministack(&python)] {
        let sandbox = there.sandbox(&python).env("AWS_PROFILE", "sdk");
        for words in [&CLI[..], &["python", "-c", BOTO3]] {
            let run = sandbox.program(words[0], &words[1..]).run();
            run.success().quiet();
            assert!(run.stdout.starts_with(&there.caller()), "{}", run.whole());
        }
    }
}

#[test]
fn a_session_of_ministack_is_the_user() {
    let Some(python) = Python::found() else { return };
    let there = Elsewhere::ministack(&python);
    let run = there.sandbox(&python).run([&["exec", "base", "--"][..], &CLI].concat());
    run.success().stdout_is(&there.user);
}

#[test]
fn a_secret_with_a_typing_mistake_is_noticed_by_moto_and_by_ministack() {
    let Some(python) = Python::found() else { return };
    for there in [Elsewhere::moto(&python), Elsewhere::ministack(&python)] {
        let sandbox = there.sandbox(&python);
        let mistyped = there.secret.chars().rev().collect::<String>();
        sandbox.plant("mistyped secret", &mistyped);
        let run = sandbox.run_with_stdin(["add", "other"], &format!("{}\n{mistyped}\n", there.id));
        run.exits(119).stderr_has(&format!("AWS does not confirm the key {}", there.id));
        sandbox.run(["list", "--credentials"]).stdout_is("base\n");
    }
}

#[test]
fn credential_process_serves_the_aws_cli_and_boto3_from_one_session() {
    let Some(python) = Python::found() else { return };
    let world = fake(&python);
    for words in [&CLI[..], &["python", "-c", BOTO3]] {
        let run = world.sandbox.program(words[0], &words[1..]).env("AWS_PROFILE", "sdk").run();
        run.success().quiet();
        assert!(run.stdout.starts_with(DEPLOY_CALLER), "{}", run.whole());
    }
    let sessions = world.calls().into_iter().filter(|call| call != "GetCallerIdentity");
    assert_eq!(sessions.collect::<Vec<_>>(), ["GetSessionToken", "AssumeRole"]);
    assert_eq!(world.aws.calls_of(Action::GetCallerIdentity).len(), 1 + 5);
}

#[test]
fn credential_process_that_fails_says_why_through_the_client() {
    let Some(python) = Python::found() else { return };
    let world = fake(&python);
    world.sandbox.run(["lock"]).success();
    let cli = world.sandbox.program(CLI[0], &CLI[1..]).env("AWS_PROFILE", "sdk");
    let run = cli.without_env("KEYWARD_PASSPHRASE_FILE").run();
    assert_ne!(run.code, Some(0), "{}", run.whole());
    run.stderr_has("is locked, and there is no terminal to ask on");
    assert_eq!(world.calls(), [""; 0]);
}

#[test]
fn a_shell_that_takes_the_exports_has_the_role() {
    let Some(python) = Python::found() else { return };
    let world = fake(&python);
    let evaluated =
        format!("eval \"$({BINARY} export --format=export-env deploy)\"; {}", CLI.join(" "));
    let sourced = format!("{BINARY} export --format=fish deploy | source; {}", CLI.join(" "));
    let shells = [
        ("sh", &evaluated),
        ("dash", &evaluated),
        ("bash", &evaluated),
        ("zsh", &evaluated),
        ("fish", &sourced),
    ];
    for (shell, script) in shells {
        if real::has(&[shell]) {
            let run = world.sandbox.program(shell, ["-c", script]).run();
            run.success().quiet();
            assert!(run.stdout.starts_with(DEPLOY_CALLER), "{shell}:\n{}", run.whole());
        }
    }
}

#[test]
fn a_credentials_file_made_by_export_serves_the_clients() {
    let Some(python) = Python::found() else { return };
    let world = fake(&python);
    let file = world.sandbox.root().join("exported");
    world.sandbox.may_hold_secrets(&file);
    let script = format!("{BINARY} export --format=ini deploy >{}", file.display());
    world.sandbox.program("sh", ["-c", &script]).run().success().quiet();
    let cli = world.sandbox.program(CLI[0], &CLI[1..]).env("AWS_PROFILE", "deploy");
    // The profile's own role and source come from the config file, which is left out here.
    let cli = cli.env("AWS_CONFIG_FILE", "/dev/null").env("AWS_DEFAULT_REGION", "eu-west-1");
    let run = cli.env("AWS_SHARED_CREDENTIALS_FILE", &file).run();
    run.success().quiet();
    assert!(run.stdout.starts_with(DEPLOY_CALLER), "{}", run.whole());
}

#[test]
fn the_aws_cli_and_we_read_the_same_config_file_alike() {
    let Some(python) = Python::found() else { return };
    let aws = FakeAws::start();
    let alice: User = aws.user("alice");
    let key = alice.access_key();
    let _role = aws.role(DEPLOY).trusts(&alice).external_id("4711");
    let sandbox = sandbox(&aws).first_in_path(python.bin()).config(&format!(
        "# a comment\n[profile base]\nregion=eu-north-1\n\n[profile \"with space\"]\n\
         ; another comment\nrole_arn={DEPLOY}\nsource_profile   =   base\n\
         role_session_name = me\nexternal_id = 4711\nregion = eu-west-1\n\
         s3 =\n  max_concurrent_requests = 20\n"
    ));
    let credentials = format!(
        "[base]\naws_access_key_id = {}\naws_secret_access_key = {}\n",
        key.id(),
        key.secret()
    );
    let file = sandbox.write("plain", credentials);
    sandbox.may_hold_secrets(&file);
    sandbox.may_hold_secrets("home/.aws/cli");
    let theirs = sandbox.program(CLI[0], &CLI[1..]).env("AWS_PROFILE", "with space");
    let theirs = theirs.env("AWS_SHARED_CREDENTIALS_FILE", file).run();
    sandbox.store_key("base", &key);
    let ours = sandbox.run([&["exec", "with space", "--"][..], &CLI].concat());
    assert_eq!(ours.success().stdout, theirs.success().stdout);
    let [their_call, our_call] = aws.calls_of(Action::AssumeRole).try_into().unwrap();
    for name in ["RoleArn", "RoleSessionName", "ExternalId"] {
        assert_eq!(our_call.parameter(name), their_call.parameter(name), "{name}");
    }
    assert_eq!(our_call.region, their_call.region);
}
