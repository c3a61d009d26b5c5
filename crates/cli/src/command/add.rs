//! `keyward add`.

mod input;

use clap::Args;
use keyward_creds::{MfaSerial, ProfileName};
use keyward_session::ask::{Clock, Notice, Person};
use keyward_session::config::ConfigFile;
use keyward_session::config::append::{append_section, heading};
use keyward_session::config::profile::Profile;
use keyward_session::wire::{Identity, Signer, travels_in_clear};
use keyward_vault::{StoredKey, Vault};

use crate::app::{App, Failure};
use crate::exit::Exit;
use crate::prompt::OnTerminal;
use crate::{complete, prompt, ui};
use input::Typed;

/// Store an access key
///
/// Asks for the key id, the secret (hidden), an MFA device and its TOTP seed (both optional), and lets
/// AWS confirm the key before it is stored. Without a terminal the same four are read from standard
/// input, one a line; the last two may be missing.
#[derive(Args, Debug)]
pub(crate) struct AddArgs {
    /// Take AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY instead of asking
    #[arg(long)]
    env: bool,
    /// MFA device of the key's user (ARN or serial number)
    #[arg(long, value_name = "SERIAL")]
    mfa_serial: Option<MfaSerial>,
    /// Store the key without asking AWS whether it is good
    #[arg(long)]
    no_verify: bool,
    /// Leave ~/.aws/config alone
    #[arg(long)]
    no_add_config: bool,
    /// Replace another key stored under this name without asking
    #[arg(long)]
    replace: bool,
    /// Profile to store it under; a section is appended to ~/.aws/config if it has none
    #[arg(add = complete::profile_names())]
    profile: ProfileName,
}

pub(crate) fn run(app: &App, args: AddArgs) -> Result<Exit, Failure> {
    let config = app.config()?;
    let profile = Profile::read(&config, &args.profile)?;
    refuse_alias(&config, &profile)?;
    let (vault, write_down) = app.vault_for_adding()?;
    let typed = input::read(app, &args, profile.mfa_serial.as_ref().map(|serial| &serial.value))?;
    if typed.key.id.as_str().starts_with("ASIA") {
        return Err(Failure::TemporaryKey { id: typed.key.id });
    }
    let before = vault.key(&args.profile)?;
    may_replace(&args, before.as_ref(), &typed)?;
    let identity = match args.no_verify {
        true => None,
        false => Some(verify(app, &profile, &typed)?),
    };
    let stored = StoredKey {
        totp: typed.totp_after(before.as_ref()),
        account: identity.as_ref().and_then(|identity| identity.account.clone()),
        user_arn: identity.as_ref().map(|identity| identity.arn.clone()),
        added: app.clock.now(),
        key: typed.key,
    };
    if write_down {
        app.write_down_store(vault.kind())?;
    }
    let is_same = before.as_ref().is_some_and(|before| before.key.id == stored.key.id);
    app.change_key(&vault, &args.profile, is_same, |vault| {
        refuse_another(&args.profile, before.as_ref(), vault.key(&args.profile)?.as_ref())?;
        vault.put_key(&args.profile, &stored)?;
        Ok(Some(stored.clone()))
    })?;
    say_stored(app, &vault, &stored, identity.as_ref());
    warn_of_plaintext(app, &args.profile);
    if !args.no_add_config {
        complete_config(app, &profile, typed.serial.as_ref())?;
    }
    Ok(Exit::Success)
}

/// Refuses when somebody stored another key while we asked.
fn refuse_another(
    profile: &ProfileName,
    before: Option<&StoredKey>,
    now: Option<&StoredKey>,
) -> Result<(), Failure> {
    let id = |stored: Option<&StoredKey>| stored.map(|stored| stored.key.id.clone());
    match id(now) {
        Some(other) if Some(&other) != id(before).as_ref() => {
            Err(Failure::WouldReplace { profile: profile.clone(), id: other })
        }
        _ => Ok(()),
    }
}

/// A key stored under a profile that uses another one's would never be used.
fn refuse_alias(config: &ConfigFile, profile: &Profile) -> Result<(), Failure> {
    match &profile.source_profile {
        Some(source) if source.value != profile.name => Err(Failure::AddToSource {
            profile: profile.name.clone(),
            source: source.value.clone(),
            place: config.place(source.offset),
        }),
        _ => Ok(()),
    }
}

/// A key that is overwritten is gone, so another one is replaced only on request.
fn may_replace(args: &AddArgs, before: Option<&StoredKey>, typed: &Typed) -> Result<(), Failure> {
    let Some(other) = before.filter(|before| before.key.id != typed.key.id) else { return Ok(()) };
    if args.replace {
        return Ok(());
    }
    let would = Failure::WouldReplace { profile: args.profile.clone(), id: other.key.id.clone() };
    let question = format!("{} holds the key {}. Replace it?", args.profile, other.key.id);
    match prompt::confirm(&question) {
        Ok(true) => Ok(()),
        Ok(false) => Err(Failure::Declined { what: format!("the key {} stays", other.key.id) }),
        Err(_) => Err(would),
    }
}

fn verify(app: &App, profile: &Profile, typed: &Typed) -> Result<Identity, Failure> {
    let (sts, endpoint) = app.sts_for_verifying(profile)?;
    if let Some(url) = endpoint.url.as_deref().filter(|url| travels_in_clear(url)) {
        OnTerminal.notice(Notice::PlainHttp { url: url.to_owned() });
    }
    sts.get_caller_identity(&endpoint, Signer::Key(&typed.key), app.clock.now())
        .map(|answer| answer.value)
        .map_err(|source| Failure::NotVerified { id: typed.key.id.clone(), source })
}

/// Keys in the credentials file go before a `credential_process` for the AWS CLI and most SDKs, so
/// somebody who has just moved a key into the vault would go on using the old one.
fn warn_of_plaintext(app: &App, profile: &ProfileName) {
    let Some(path) = app.environment.aws_credentials_file() else { return };
    let text = std::fs::read_to_string(&path).unwrap_or_default();
    let heading = format!("[{profile}]");
    if text.lines().any(|line| line.trim() == heading) {
        ui::say(&format!(
            "keyward: {} has a section {heading} too, and AWS's tools prefer it; delete it there",
            path.display()
        ));
    }
}

fn say_stored(app: &App, vault: &Vault, stored: &StoredKey, identity: Option<&Identity>) {
    let owner = identity.map_or_else(
        || " (not verified)".to_owned(),
        |identity| format!(" of {}", keyward_creds::text::printable(&identity.arn)),
    );
    let place = app.store_in_words(vault.kind());
    ui::say(&format!("stored the key {}{owner} in {place}", stored.key.id));
}

/// Appends the profile's section, or says which line is missing in the one that is there: a section
/// that exists is its owner's to edit.
fn complete_config(
    app: &App,
    profile: &Profile,
    serial: Option<&MfaSerial>,
) -> Result<(), Failure> {
    let path = &app.paths.aws_config;
    if !profile.has_section {
        let inherited = profile.mfa_serial.as_ref().map(|inherited| &inherited.value);
        let settings: Vec<(&str, &str)> = serial
            .filter(|serial| inherited != Some(serial))
            .map(|serial| ("mfa_serial", serial.as_str()))
            .into_iter()
            .collect();
        append_section(path, &profile.name, &settings).map_err(|source| {
            Failure::SectionNotWritten { profile: profile.name.clone(), source }
        })?;
        ui::say(&format!("added {} to {}", heading(&profile.name), path.display()));
        return Ok(());
    }
    let configured = profile.mfa_serial.as_ref().map(|configured| &configured.value);
    if let Some(serial) = serial.filter(|serial| configured != Some(serial)) {
        ui::say(&format!(
            "[profile {}] exists and was not changed. For MFA it needs this line:\n    mfa_serial = {serial}",
            profile.name
        ));
    }
    Ok(())
}
