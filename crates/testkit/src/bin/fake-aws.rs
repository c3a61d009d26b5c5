//! Runs the fake AWS for trying things by hand, until it is killed.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program for people")]

use std::process::ExitCode;

use keyward_testkit::FakeAws;

const USAGE: &str = "\
Usage: fake-aws [--port PORT] [--user NAME] [--role ARN] [--role-requires-mfa]

Starts a fake AWS on 127.0.0.1 with one user, one access key and one MFA device, and prints what a
shell needs to use them. With --role, a role that trusts the user.";

/// What was typed.
struct Flags {
    port: u16,
    user: String,
    role: Option<String>,
    role_requires_mfa: bool,
}

fn main() -> ExitCode {
    let Some(flags) = parse(std::env::args().skip(1)) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    let aws = FakeAws::start_on(flags.port);
    let user = aws.user(&flags.user);
    let (key, device) = (user.access_key(), user.mfa_device(&flags.user));
    if let Some(arn) = &flags.role {
        let role = aws.role(arn).trusts(&user);
        drop(if flags.role_requires_mfa { role.requires_mfa() } else { role });
    }
    println!("export AWS_ENDPOINT_URL={}", aws.endpoint());
    println!("export AWS_ACCESS_KEY_ID={}", key.id());
    println!("export AWS_SECRET_ACCESS_KEY={}", key.secret());
    println!("export AWS_DEFAULT_REGION=us-east-1 AWS_EC2_METADATA_DISABLED=true");
    println!("# MFA serial {}", device.serial());
    println!("# MFA seed   {}", device.seed_base32());
    println!("# MFA code   {} (now)", device.code_now());
    loop {
        std::thread::park();
    }
}

fn parse(mut arguments: impl Iterator<Item = String>) -> Option<Flags> {
    let mut flags =
        Flags { port: 0, user: "alice".to_owned(), role: None, role_requires_mfa: false };
    while let Some(flag) = arguments.next() {
        match flag.as_str() {
            "--port" => flags.port = arguments.next()?.parse().ok()?,
            "--user" => flags.user = arguments.next()?,
            "--role" => flags.role = Some(arguments.next()?),
            "--role-requires-mfa" => flags.role_requires_mfa = true,
            _ => return None,
        }
    }
    Some(flags)
}
