//! Prints the ARN that the credentials in the environment belong to, by asking STS.
//!
//! A child for tests and the demo that needs no AWS CLI: it signs with the testkit's own code and
//! speaks plain HTTP to the endpoint in `AWS_ENDPOINT_URL_STS` or `AWS_ENDPOINT_URL`.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program that prints one line")]

use std::process::ExitCode;

use keyward_testkit::{Action, client::Client};

fn main() -> ExitCode {
    match identity() {
        Ok(arn) => {
            println!("{arn}");
            ExitCode::SUCCESS
        }
        Err(problem) => {
            eprintln!("whoami: {problem}");
            ExitCode::FAILURE
        }
    }
}

fn identity() -> Result<String, String> {
    let need = |name: &str| variable(name).ok_or_else(|| format!("{name} is not set"));
    let endpoint = variable("AWS_ENDPOINT_URL_STS")
        .or_else(|| variable("AWS_ENDPOINT_URL"))
        .ok_or("neither AWS_ENDPOINT_URL_STS nor AWS_ENDPOINT_URL is set")?;
    let (id, secret) = (need("AWS_ACCESS_KEY_ID")?, need("AWS_SECRET_ACCESS_KEY")?);
    let token = variable("AWS_SESSION_TOKEN");
    let region = variable("AWS_REGION").or_else(|| variable("AWS_DEFAULT_REGION"));
    let client = Client::new(&endpoint)
        .signed_by(&id, &secret, token.as_deref())
        .in_region(region.as_deref().unwrap_or("us-east-1"));
    let reply = client
        .call(Action::GetCallerIdentity, &[])
        .map_err(|error| format!("cannot ask {endpoint}: {error}"))?;
    let arn = reply.element("Arn").map(str::to_owned);
    arn.ok_or_else(|| format!("{} ({})", reply.outcome(), reply.status))
}

/// A variable that is set to something.
#[expect(clippy::disallowed_methods, reason = "a child's whole input is its environment")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
