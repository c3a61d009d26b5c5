//! What the environment adds to a request: region, end point, trusted authorities, who is asking.

use std::ffi::OsStr;
use std::path::PathBuf;

use keyward_creds::{Partition, Region};
use keyward_session::config::profile::Profile;
use keyward_session::plan::{Request, StsEndpoint};
use keyward_session::wire::{Network, Sts};

use super::{App, Asked, Failure};

impl App {
    /// Where STS is when no profile is asked for: to verify a new key.
    pub(crate) fn sts_for_verifying(
        &self,
        profile: &Profile,
    ) -> Result<(Sts, StsEndpoint), Failure> {
        let region =
            self.region(None)?.or_else(|| profile.region.as_ref().map(|r| r.value.clone()));
        let device = profile.mfa_serial.as_ref().map(|serial| serial.value.partition());
        let partition = device.unwrap_or(Partition::Aws);
        let url =
            self.endpoint().or_else(|| profile.endpoint_url.as_ref().map(|u| u.value.clone()));
        let region = region.unwrap_or_else(|| partition.default_region());
        let ca_bundle = profile.ca_bundle.as_ref().map(|path| path.value.clone().into());
        Ok((Sts::new(self.network(ca_bundle)), StsEndpoint { region, url }))
    }

    pub(super) fn request(&self, asked: &Asked) -> Result<Request, Failure> {
        Ok(Request {
            profile: asked.profile.clone(),
            no_session: asked.no_session,
            duration: asked.duration,
            region: self.region(asked.region.clone())?,
            endpoint_url: self.endpoint(),
            session_name: self.session_name(),
        })
    }

    fn region(&self, flag: Option<Region>) -> Result<Option<Region>, Failure> {
        if flag.is_some() {
            return Ok(flag);
        }
        let lent = keyward_exec::lent_region(self.environment.all());
        for name in ["AWS_REGION", "AWS_DEFAULT_REGION"] {
            let text = self.environment.text(name).filter(|text| lent != Some(OsStr::new(text)));
            if let Some(text) = text {
                let parsed = text.parse().map_err(|_| Failure::BadVariable {
                    name,
                    value: text.to_owned(),
                    takes: "a region such as `eu-west-1`",
                });
                return parsed.map(Some);
            }
        }
        Ok(None)
    }

    fn endpoint(&self) -> Option<String> {
        let ignored = self
            .environment
            .text("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")
            .is_some_and(|text| text.eq_ignore_ascii_case("true"));
        let names = ["AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL"];
        let found = names.into_iter().find_map(|name| self.environment.text(name));
        found.filter(|_| !ignored).map(str::to_owned)
    }

    pub(super) fn network(&self, configured_ca_bundle: Option<PathBuf>) -> Network {
        Network {
            ca_bundle: self.environment.path("AWS_CA_BUNDLE").or(configured_ca_bundle),
            cert_file: self.environment.path("SSL_CERT_FILE"),
        }
    }

    /// `user@host`, in the letters AWS allows: who it was, for CloudTrail.
    fn session_name(&self) -> String {
        let user = self.environment.text("USER").or_else(|| self.environment.text("LOGNAME"));
        let legal = |c: char| c.is_ascii_alphanumeric() || "+=,.@-_".contains(c);
        let whole = format!("{}@{}", user.unwrap_or("keyward"), host_name());
        whole.chars().map(|c| if legal(c) { c } else { '-' }).take(64).collect()
    }
}

#[cfg(unix)]
fn host_name() -> String {
    nix::unistd::gethostname().map_or_else(
        |_| "localhost".to_owned(),
        |name| name.to_string_lossy().split('.').next().unwrap_or_default().to_owned(),
    )
}

#[cfg(windows)]
fn host_name() -> String {
    "windows".to_owned()
}
