//! The child's environment: a function of the parent's and of what is handed out.
//!
//! An old variable that survives is worse than a missing one: the child then works in an account nobody
//! asked for. So every name that could say who the child is goes first, all its duplicates too, and then
//! ours are set.

use std::ffi::{OsStr, OsString};

use crate::Handout;

/// Variables no child inherits, and why.
pub struct Scrubbed {
    /// What would go wrong if it did.
    pub reason: &'static str,
    /// The names. A final `*` stands for any ending.
    pub names: &'static [&'static str],
}

/// Everything that is taken out of the parent's environment before ours is put in.
///
/// Kept on purpose, as the parent had them:
/// - where configuration and trust come from: `AWS_CONFIG_FILE`, `AWS_SHARED_CREDENTIALS_FILE`,
///   `AWS_CA_BUNDLE`, `AWS_ENDPOINT_URL` and its family;
/// - settings of Keyward and aws-vault that say nothing about who we are, such as `KEYWARD_VAULT` and
///   `AWS_SESSION_TOKEN_TTL`: a nested run wants them;
/// - `AWS_EC2_METADATA_DISABLED`: it can only close a source of credentials, never open one;
/// - `AWS_BEARER_TOKEN_BEDROCK` and its like: a service's own key, chosen apart from any profile.
pub const SCRUBBED: &[Scrubbed] = &[
    Scrubbed {
        reason: "other credentials: a stale token beside a new key makes every call fail",
        names: &[
            "AWS_ACCESS_KEY_ID",
            "AWS_SECRET_ACCESS_KEY",
            "AWS_SESSION_TOKEN",
            "AWS_SECURITY_TOKEN",
            "AWS_ACCESS_KEY",
            "AWS_SECRET_KEY",
            "AWS_CREDENTIAL_FILE",
        ],
    },
    Scrubbed {
        reason: "facts about other credentials: tools would refresh, warn and route by them",
        names: &["AWS_CREDENTIAL_EXPIRATION", "AWS_SESSION_EXPIRATION", "AWS_ACCOUNT_ID"],
    },
    Scrubbed {
        reason: "a profile beside keys: SDKs disagree on which of the two wins",
        names: &["AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SDK_LOAD_CONFIG"],
    },
    Scrubbed {
        reason: "a role somebody else meant: SDKs would assume it, or fail to",
        names: &["AWS_ROLE_ARN", "AWS_ROLE_SESSION_NAME", "AWS_WEB_IDENTITY_TOKEN_FILE"],
    },
    Scrubbed {
        reason: "other places to fetch credentials from",
        names: &[
            "AWS_CONTAINER_CREDENTIALS_*",
            "AWS_CONTAINER_AUTHORIZATION_*",
            "AWS_EC2_METADATA_SERVICE_ENDPOINT",
            "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
        ],
    },
    Scrubbed {
        reason: "marks of Keyward and its like around us: prompts would show the wrong profile",
        names: &[
            "AWS_VAULT",
            "KEYWARD_PROFILE",
            "KEYWARD_REGION",
            "AWSU_PROFILE",
            "AWSUME_PROFILE",
            "AWSUME_EXPIRATION",
            "AWS_SSO_PROFILE",
        ],
    },
    Scrubbed {
        reason: "what unlocks a vault: the child gets a session, not the way to long-term keys",
        names: &[
            "KEYWARD_PASSPHRASE*",
            "AWS_VAULT_FILE_PASSPHRASE",
            "AWS_VAULT_OP_CONNECT_TOKEN",
            "AWS_VAULT_OP_SERVICE_ACCOUNT_TOKEN",
        ],
    },
];

/// Builds the child's whole environment. Touches nothing outside its arguments.
///
/// What is kept keeps its order; ours follow. The region variables are the parent's when the handout
/// names no region.
pub fn child_environment(
    parent: &[(OsString, OsString)],
    session: &Handout<'_>,
) -> Vec<(OsString, OsString)> {
    let profile = session.profile.as_str();
    let mut ours: Vec<(OsString, OsString)> = session
        .variables()
        .into_iter()
        .map(|variable| (variable.name.into(), variable.value.as_ref().into()))
        .collect();
    ours.push(("AWS_VAULT".into(), profile.into()));
    ours.push(("KEYWARD_PROFILE".into(), profile.into()));

    let replaced = |name: &OsStr| ours.iter().any(|(our_name, _)| same_name(our_name, name));
    let lent = lent_region(parent);
    let is_lent = |name: &OsStr, value: &OsStr| {
        lent == Some(value) && REGIONS.iter().any(|region| same_name(OsStr::new(region), name))
    };
    let kept = parent
        .iter()
        .filter(|(name, value)| !is_scrubbed(name) && !replaced(name) && !is_lent(name, value));
    let mut environment: Vec<(OsString, OsString)> = kept.cloned().collect();
    environment.append(&mut ours);
    environment
}

const REGIONS: [&str; 2] = ["AWS_REGION", "AWS_DEFAULT_REGION"];

/// The region that a Keyward around us set because its profile has it. It goes with that profile.
pub fn lent_region(parent: &[(OsString, OsString)]) -> Option<&OsStr> {
    let marked = parent.iter().find(|(name, _)| same_name(OsStr::new("KEYWARD_REGION"), name));
    marked.map(|(_, value)| value.as_os_str())
}

/// The parent's variables without credentials and without the means of unlocking: what a program of ours
/// gets that is not given credentials.
pub fn without_credentials(parent: &[(OsString, OsString)]) -> Vec<(OsString, OsString)> {
    parent.iter().filter(|(name, _)| !is_scrubbed(name)).cloned().collect()
}

/// True for a name that no child inherits.
fn is_scrubbed(name: &OsStr) -> bool {
    SCRUBBED.iter().flat_map(|group| group.names).any(|listed| match listed.strip_suffix('*') {
        Some(start) => begins_with(name, start),
        None => same_name(OsStr::new(listed), name),
    })
}

fn begins_with(name: &OsStr, start: &str) -> bool {
    let first = name.as_encoded_bytes().get(..start.len());
    first.is_some_and(|first| same_bytes(first, start.as_bytes()))
}

fn same_name(one: &OsStr, other: &OsStr) -> bool {
    same_bytes(one.as_encoded_bytes(), other.as_encoded_bytes())
}

/// Windows does not tell `aws_profile` from `AWS_PROFILE`; the others do.
fn same_bytes(one: &[u8], other: &[u8]) -> bool {
    if cfg!(windows) { one.eq_ignore_ascii_case(other) } else { one == other }
}

#[cfg(test)]
mod tests {
    use super::*;
    use keyward_creds::{Credentials, LongTermKey, ProfileName, Region, Secret};
    use proptest::prelude::*;

    fn credentials() -> Credentials {
        let key = LongTermKey {
            id: "AKIAIOSFODNN7EXAMPLE".parse().unwrap_or_else(|_| unreachable!()),
            secret: Secret::new("new-secret".to_owned()),
        };
        key.into()
    }

    fn child_of(
        parent: &[(&str, &str)],
        credentials: &Credentials,
        region: Option<&Region>,
    ) -> Vec<(String, String)> {
        let profile: ProfileName = "my prod".parse().unwrap_or_else(|_| unreachable!());
        let parent: Vec<(OsString, OsString)> =
            parent.iter().map(|(name, value)| (name.into(), value.into())).collect();
        let text = |text: OsString| text.into_string().unwrap_or_default();
        let handout = Handout { profile: &profile, credentials, region, region_is_own: true };
        child_environment(&parent, &handout)
            .into_iter()
            .map(|(name, value)| (text(name), text(value)))
            .collect()
    }

    fn shown(environment: &[(String, String)]) -> Vec<String> {
        environment.iter().map(|(name, value)| format!("{name}={value}")).collect()
    }

    #[test]
    fn a_session_in_a_region_sets_all_eleven_variables_after_the_parents_own() {
        let session = Credentials {
            session_token: Some(Secret::new("token".to_owned())),
            expires_at: Some("2026-01-02T03:04:05.999Z".parse().unwrap()),
            account: Some("123456789012".parse().unwrap()),
            ..credentials()
        };
        let region = "eu-west-1".parse().unwrap();
        let parent = [("PATH", "/bin"), ("AWS_REGION", "old"), ("HOME", "/h")];
        assert_eq!(
            shown(&child_of(&parent, &session, Some(&region))),
            [
                "PATH=/bin",
                "HOME=/h",
                "AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE",
                "AWS_SECRET_ACCESS_KEY=new-secret",
                "AWS_SESSION_TOKEN=token",
                "AWS_CREDENTIAL_EXPIRATION=2026-01-02T03:04:05Z",
                "AWS_REGION=eu-west-1",
                "AWS_DEFAULT_REGION=eu-west-1",
                "KEYWARD_REGION=eu-west-1",
                "AWS_ACCOUNT_ID=123456789012",
                "AWS_VAULT=my prod",
                "KEYWARD_PROFILE=my prod",
            ]
        );
    }

    #[test]
    fn a_region_that_went_with_the_outer_profile_is_not_passed_on_and_the_persons_own_is() {
        let region = |parent: &[(&str, &str)]| {
            let child = child_of(parent, &credentials(), None);
            child.into_iter().find(|(name, _)| name == "AWS_REGION").map(|(_, value)| value)
        };
        let lent = [("AWS_REGION", "eu-west-1"), ("KEYWARD_REGION", "eu-west-1")];
        assert_eq!(region(&lent), None);
        let changed = [("AWS_REGION", "us-west-2"), ("KEYWARD_REGION", "eu-west-1")];
        assert_eq!(region(&changed).as_deref(), Some("us-west-2"));
        assert_eq!(region(&[("AWS_REGION", "eu-west-1")]).as_deref(), Some("eu-west-1"));
    }

    const DROPPED: [&str; 31] = [
        "AWS_SESSION_TOKEN",
        "AWS_SECURITY_TOKEN",
        "AWS_ACCESS_KEY",
        "AWS_SECRET_KEY",
        "AWS_CREDENTIAL_FILE",
        "AWS_CREDENTIAL_EXPIRATION",
        "AWS_SESSION_EXPIRATION",
        "AWS_ACCOUNT_ID",
        "AWS_PROFILE",
        "AWS_DEFAULT_PROFILE",
        "AWS_SDK_LOAD_CONFIG",
        "AWS_ROLE_ARN",
        "AWS_ROLE_SESSION_NAME",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
        "AWS_EC2_METADATA_SERVICE_ENDPOINT",
        "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
        "AWSU_PROFILE",
        "AWSUME_PROFILE",
        "AWSUME_EXPIRATION",
        "AWS_SSO_PROFILE",
        "KEYWARD_PASSPHRASE",
        "KEYWARD_PASSPHRASE_FILE",
        "AWS_VAULT_FILE_PASSPHRASE",
        "AWS_VAULT_OP_CONNECT_TOKEN",
        "AWS_VAULT_OP_SERVICE_ACCOUNT_TOKEN",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
    ];

    const KEPT: [&str; 15] = [
        "AWS_CONFIG_FILE",
        "AWS_SHARED_CREDENTIALS_FILE",
        "AWS_CA_BUNDLE",
        "AWS_ENDPOINT_URL",
        "AWS_ENDPOINT_URL_STS",
        "AWS_EC2_METADATA_DISABLED",
        "AWS_REGION",
        "AWS_DEFAULT_REGION",
        "AWS_SESSION_TOKEN_TTL",
        "AWS_VAULT_BACKEND",
        "AWS_MFA_SERIAL",
        "KEYWARD_VAULT",
        "HTTPS_PROXY",
        "aws_profile",
        "XAWS_PROFILE",
    ];

    #[test]
    fn what_could_say_who_the_child_is_goes_and_settings_stay() {
        let parent: Vec<_> = DROPPED.iter().chain(&KEPT).map(|name| (*name, "old")).collect();
        let child = child_of(&parent, &credentials(), None);
        let old: Vec<_> =
            child.iter().filter(|(_, value)| value == "old").map(|(name, _)| name).collect();
        let kept = KEPT.iter().filter(|name| cfg!(unix) || **name != "aws_profile");
        assert_eq!(old, kept.collect::<Vec<_>>());
    }

    fn any_name() -> impl Strategy<Value = &'static str> {
        let names: Vec<_> =
            DROPPED.into_iter().chain(KEPT).chain(["AWS_VAULT", "KEYWARD_PROFILE"]).collect();
        prop::sample::select(names)
    }

    proptest! {
        #[test]
        fn however_often_a_name_was_set_the_child_sees_only_ours(
            parent in prop::collection::vec((any_name(), "old[0-9]"), 0..60),
        ) {
            let parent: Vec<_> = parent.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let child = child_of(&parent, &credentials(), None);
            for (name, _) in parent.iter().filter(|(name, _)| !KEPT.contains(name)) {
                let values: Vec<_> = child.iter().filter(|(n, _)| n == name).collect();
                prop_assert!(values.iter().all(|(_, value)| !value.starts_with("old")), "{name}");
                prop_assert!(values.len() <= 1);
            }
            let others = child.iter().filter(|(name, _)| KEPT.contains(&name.as_str()));
            let theirs = parent.iter().filter(|(name, _)| KEPT.contains(name));
            prop_assert!(others.map(|(n, v)| (n.as_str(), v.as_str())).eq(theirs.copied()));
        }
    }
}
