//! What is handed out: one profile's credentials, and the names they go by.

use std::borrow::Cow;

use jiff::Timestamp;
use keyward_creds::{Credentials, ProfileName, Region};

/// Credentials on their way out, with what a reader of them wants to know.
#[derive(Clone, Copy, Debug)]
pub struct Handout<'a> {
    /// The profile they were asked for by.
    pub profile: &'a ProfileName,
    /// The credentials themselves.
    pub credentials: &'a Credentials,
    /// The region the profile works in, when anybody named one.
    pub region: Option<&'a Region>,
    /// Whether the region is the profile's own. If so it is marked as such: a nested run of another profile
    /// must not take it for the person's wish.
    pub region_is_own: bool,
}

/// One environment variable of a handout. The value may be a secret: it has no `Debug`.
pub(crate) struct Variable<'a> {
    pub(crate) name: &'static str,
    pub(crate) value: Cow<'a, str>,
}

impl<'a> Handout<'a> {
    /// The variables SDKs read, in the order they are printed.
    ///
    /// Both region variables, because boto3 reads only `AWS_DEFAULT_REGION` and most others only
    /// `AWS_REGION`. The account where it is known: SDKs build account-based endpoints from it.
    pub(crate) fn variables(&self) -> Vec<Variable<'a>> {
        let Self { credentials, region, region_is_own, .. } = *self;
        let token = credentials.session_token.as_ref();
        let region = region.map(Region::as_str);
        let account = credentials.account.as_ref();
        [
            ("AWS_ACCESS_KEY_ID", Some(credentials.access_key_id.as_str().into())),
            ("AWS_SECRET_ACCESS_KEY", Some(credentials.secret_access_key.expose().into())),
            ("AWS_SESSION_TOKEN", token.map(|token| token.expose().into())),
            ("AWS_CREDENTIAL_EXPIRATION", self.expiration().map(Cow::from)),
            ("AWS_REGION", region.map(Cow::from)),
            ("AWS_DEFAULT_REGION", region.map(Cow::from)),
            ("KEYWARD_REGION", region.filter(|_| region_is_own).map(Cow::from)),
            ("AWS_ACCOUNT_ID", account.map(|account| account.as_str().into())),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some(Variable { name, value: value? }))
        .collect()
    }

    /// The end of the credentials' life as `2026-01-02T03:04:05Z`, whole seconds, rounded down: some
    /// readers refuse a fraction, and none refuses this.
    pub(crate) fn expiration(&self) -> Option<String> {
        let end = self.credentials.expires_at?;
        let whole_seconds = Timestamp::from_second(end.as_second()).unwrap_or(end);
        Some(whole_seconds.to_string())
    }
}
