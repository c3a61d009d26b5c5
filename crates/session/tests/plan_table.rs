//! The planner's table (`plan.rs`), row by row: what the configuration says, what is asked for, and the
//! calls that follow. A call reads `caller > call` with MFA device and duration.

use std::collections::BTreeSet;
use std::time::Duration;

use keyward_creds::ProfileName;
use keyward_session::config::ConfigFile;
use keyward_session::plan::{Call, Clamp, Hop, Note, Plan, PlanError, Request, plan};

const ME: &str = "arn:aws:iam::111111111111:mfa/me";
const OTHER: &str = "arn:aws:iam::111111111111:mfa/other";

/// A world of one config file and the keys `base` and `solo`.
struct World {
    _folder: tempfile::TempDir,
    config: ConfigFile,
}

impl World {
    fn new(config: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("config");
        std::fs::write(&path, config).expect("a config file");
        let config = ConfigFile::open(&path).expect("a readable config file");
        Self { _folder: folder, config }
    }

    fn plan(&self, request: &Request) -> Result<Plan, PlanError> {
        let stored: BTreeSet<ProfileName> =
            ["base", "solo"].iter().map(|name| name.parse().expect("a name")).collect();
        plan(&self.config, &stored, request)
    }

    fn calls(&self, request: &Request) -> String {
        match self.plan(request) {
            Ok(plan) => plan.hops.iter().map(shown).collect::<Vec<_>>().join(" | "),
            Err(error) => format!("error: {error}"),
        }
    }
}

fn shown(hop: &Hop) -> String {
    let call = match &hop.call {
        Call::GetSessionToken => "session".to_owned(),
        Call::AssumeRole { role, .. } => role.role_name().to_owned(),
    };
    let device = hop
        .mfa
        .as_ref()
        .map_or("", |serial| serial.as_str().rsplit('/').next().unwrap_or_default());
    let device = if device.is_empty() { String::new() } else { format!(" +{device}") };
    format!("{call}{device} {}m", hop.duration.as_secs() / 60)
}

fn request(profile: &str) -> Request {
    Request {
        profile: profile.parse().expect("a name"),
        no_session: false,
        duration: None,
        region: None,
        endpoint_url: None,
        session_name: "someone@somewhere".to_owned(),
    }
}

fn hours(hours: u64) -> Option<Duration> {
    Some(Duration::from_secs(hours * 3600))
}

/// `[profile base]` with `base` lines, and roles r1 ← base, r2 ← r1, r3 ← r2 with their own lines.
fn chain(base: &str, r1: &str, r2: &str) -> World {
    let role = |n: u8| format!("role_arn = arn:aws:iam::222222222222:role/r{n}");
    World::new(&format!(
        "[profile base]\n{base}\n\
         [profile r1]\n{}\nsource_profile = base\n{r1}\n\
         [profile r2]\n{}\nsource_profile = r1\n{r2}\n\
         [profile r3]\n{}\nsource_profile = r2\n",
        role(1),
        role(2),
        role(3),
    ))
}

fn serial(device: &str) -> String {
    format!("mfa_serial = {device}")
}

#[test]
fn every_row_of_the_table_makes_the_calls_it_says() {
    let no_mfa = chain("", "", "");
    let on_key = chain(&serial(ME), "", "");
    let on_role = chain("", &serial(ME), "");
    let on_both = chain(&serial(ME), &serial(ME), "");
    let differing = chain(&serial(ME), &serial(OTHER), "");
    /// What it shows, the world, the profile, `--no-session`, `--duration`, and the calls.
    type Row<'a> = (&'a str, &'a World, &'a str, bool, Option<Duration>, &'a str);
    let rows: &[Row<'_>] = &[
        ("key without MFA", &no_mfa, "base", false, None, "session 60m"),
        ("key without MFA, asked", &no_mfa, "base", false, hours(36), "session 2160m"),
        ("key with MFA", &on_key, "base", false, None, "session +me 480m"),
        ("key with MFA, asked", &on_key, "base", false, hours(2), "session +me 120m"),
        ("key itself", &on_key, "base", true, None, ""),
        ("one role, no MFA", &no_mfa, "r1", false, None, "r1 60m"),
        ("one role, no MFA, long", &no_mfa, "r1", false, hours(12), "r1 720m"),
        ("one role, MFA on the key", &on_key, "r1", false, None, "session +me 480m | r1 60m"),
        ("one role, MFA on the role", &on_role, "r1", false, None, "session +me 480m | r1 60m"),
        ("one role, MFA on both", &on_both, "r1", false, None, "session +me 480m | r1 60m"),
        ("one role, MFA, exactly 1 h", &on_key, "r1", false, hours(1), "session +me 480m | r1 60m"),
        ("one role, MFA, long", &on_key, "r1", false, hours(4), "r1 +me 240m"),
        ("one role, MFA on role, long", &on_role, "r1", false, hours(4), "r1 +me 240m"),
        ("one role, devices differ", &differing, "r1", false, None, "r1 +other 60m"),
        ("one role, no session, MFA", &on_key, "r1", true, None, "r1 +me 60m"),
        ("one role, no session, no MFA", &no_mfa, "r1", true, hours(6), "r1 360m"),
        ("two roles, no MFA", &no_mfa, "r2", false, None, "r1 60m | r2 60m"),
        ("two roles, MFA", &on_key, "r2", false, None, "session +me 480m | r1 60m | r2 60m"),
        (
            "two roles, MFA, long",
            &on_key,
            "r2",
            false,
            hours(4),
            "session +me 480m | r1 60m | r2 60m",
        ),
        ("two roles, devices differ", &differing, "r2", false, None, "r1 +other 60m | r2 60m"),
        ("two roles, no session", &on_key, "r2", true, None, "r1 +me 60m | r2 60m"),
        ("three roles, no MFA, long", &no_mfa, "r3", false, hours(4), "r1 60m | r2 60m | r3 60m"),
        (
            "three roles, MFA",
            &on_key,
            "r3",
            false,
            None,
            "session +me 480m | r1 60m | r2 60m | r3 60m",
        ),
        ("a key without a section", &no_mfa, "solo", false, None, "session 60m"),
        ("too short", &no_mfa, "r1", false, Some(Duration::from_secs(60)), "r1 15m"),
        ("too long a role", &no_mfa, "r1", false, hours(13), "r1 720m"),
        ("too long a session", &no_mfa, "base", false, hours(40), "session 2160m"),
    ];
    for (what, world, profile, no_session, duration, expected) in rows {
        let asked = Request { no_session: *no_session, duration: *duration, ..request(profile) };
        assert_eq!(world.calls(&asked), *expected, "{what}");
    }
}

#[test]
fn duration_seconds_of_a_role_counts_like_the_flag_and_the_flag_wins() {
    let world = chain(&serial(ME), "duration_seconds = 14400", "");
    assert_eq!(world.calls(&request("r1")), "r1 +me 240m");
    let shorter = Request { duration: hours(1), ..request("r1") };
    assert_eq!(world.calls(&shorter), "session +me 480m | r1 60m");
}

#[test]
fn what_aws_would_refuse_is_clamped_and_said_only_when_somebody_asked_for_it() {
    let world = chain("", "", "");
    let asked = world.plan(&Request { duration: hours(4), ..request("r2") }).expect("a plan");
    let [Note::Clamped { asked: wanted, given, why, .. }] = asked.notes.as_slice() else {
        panic!("{:?}", asked.notes)
    };
    assert_eq!(
        (*wanted, *given, *why),
        (hours(4).unwrap(), hours(1).unwrap(), Clamp::RoleChaining)
    );
    let silent = world.plan(&request("r2")).expect("a plan");
    assert_eq!(silent.notes, []);
}

#[test]
fn a_device_on_a_later_role_is_said_to_be_of_no_use() {
    let world = chain("", "", &serial(ME));
    let plan = world.plan(&request("r2")).expect("a plan");
    assert!(matches!(plan.notes.as_slice(), [Note::MfaUnusable { .. }]), "{:?}", plan.notes);
    let shared = chain(&serial(ME), "", &serial(ME));
    assert_eq!(shared.plan(&request("r2")).expect("a plan").notes, []);
}

#[test]
fn an_alias_has_the_session_of_its_source_and_its_own_region() {
    let world = World::new(
        "[profile base]\nregion = eu-west-1\n[profile alias]\nsource_profile = base\nregion = us-west-2\n",
    );
    let plan = world.plan(&request("alias")).expect("a plan");
    assert_eq!(world.calls(&request("alias")), "session 60m");
    assert_eq!(plan.region.expect("a region").as_str(), "us-west-2");
}

#[test]
fn a_key_on_the_way_beats_its_profile_s_role() {
    let world = World::new(
        "[profile base]\nrole_arn = arn:aws:iam::222222222222:role/never\nsource_profile = solo\n\
         [profile dev]\nrole_arn = arn:aws:iam::222222222222:role/dev\nsource_profile = base\n",
    );
    assert_eq!(world.calls(&request("dev")), "dev 60m");
    assert_eq!(world.calls(&request("base")), "never 60m");
}

#[test]
fn a_profile_that_is_its_own_source_uses_its_own_key() {
    let world = World::new(
        "[profile base]\nrole_arn = arn:aws:iam::222222222222:role/x\nsource_profile = base\n",
    );
    assert_eq!(world.calls(&request("base")), "x 60m");
}

#[test]
fn the_region_of_a_call_falls_back_to_the_partition_s_own() {
    let world = World::new(
        "[profile base]\n[profile cn]\nrole_arn = arn:aws-cn:iam::222222222222:role/x\nsource_profile = base\n",
    );
    let plan = world.plan(&request("cn")).expect("a plan");
    assert_eq!(plan.hops[0].sts.region.as_str(), "cn-north-1");
    assert_eq!(plan.region, None);
}

#[test]
fn an_unknown_profile_names_near_matches_and_who_named_it() {
    let world = World::new(
        "[profile production]\n[profile dev]\nrole_arn = arn:aws:iam::222222222222:role/x\nsource_profile = bsae\n",
    );
    let Err(PlanError::UnknownProfile { near, named_by, .. }) = world.plan(&request("prodution"))
    else {
        panic!("no error")
    };
    assert_eq!(near.iter().map(ProfileName::as_str).collect::<Vec<_>>(), ["production"]);
    assert!(named_by.is_none());
    let Err(PlanError::UnknownProfile { near, named_by, .. }) = world.plan(&request("dev")) else {
        panic!("no error")
    };
    assert_eq!(near[0].as_str(), "base");
    let (by, place) = named_by.expect("who names it");
    assert_eq!(by.as_str(), "dev");
    assert!(place.to_string().ends_with("config:4"), "{place}");
}

#[test]
fn a_loop_is_shown_whole() {
    let world = World::new(
        "[profile a]\nsource_profile = b\n[profile b]\nsource_profile = c\n[profile c]\nsource_profile = b\n",
    );
    let Err(PlanError::Loop { path }) = world.plan(&request("a")) else { panic!("no loop") };
    assert_eq!(path.iter().map(ProfileName::as_str).collect::<Vec<_>>(), ["a", "b", "c", "b"]);
}

#[test]
fn what_cannot_be_done_is_refused_and_never_ignored() {
    let sso = World::new("[profile x]\nsso_session = corp\n");
    assert!(matches!(
        sso.plan(&request("x")),
        Err(PlanError::Unsupported { setting: "sso_session", .. })
    ));
    let tags = World::new("[profile base]\nsession_tags = a=b\n");
    assert!(matches!(
        tags.plan(&request("base")),
        Err(PlanError::Unsupported { setting: "session_tags", .. })
    ));
    let orphan = World::new("[profile x]\nrole_arn = arn:aws:iam::222222222222:role/x\n");
    assert!(matches!(orphan.plan(&request("x")), Err(PlanError::RoleWithoutSource { .. })));
    let empty = World::new("[profile x]\nregion = eu-west-1\n");
    assert!(matches!(empty.plan(&request("x")), Err(PlanError::NoCredentials { .. })));
}
