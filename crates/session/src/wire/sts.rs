//! The STS calls.

use std::cell::OnceCell;
use std::time::Duration;

use aws_sdk_sts::Client;
use aws_sdk_sts::config::{
    AppName, BehaviorVersion, Config, Credentials as SdkCredentials, Region as SdkRegion,
};
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use jiff::SignedDuration;
use keyward_creds::{
    AccountId, Credentials, LongTermKey, MfaCode, MfaSerial, RoleArn, Secret, Timestamp,
};
use tokio::runtime::Runtime;

use super::answer::AnswerCheck;
use super::endpoint;
use super::error::{CLOCK_TOLERANCE, CallContext};
use super::{Network, StsError};
use crate::plan::StsEndpoint;

/// Who signs a call.
pub enum Signer<'a> {
    /// An IAM user's key.
    Key(&'a LongTermKey),
    /// A session.
    Session(&'a Credentials),
}

/// What AssumeRole takes.
pub struct AssumeRole<'a> {
    /// `RoleArn`.
    pub role: &'a RoleArn,
    /// `RoleSessionName`.
    pub session_name: &'a str,
    /// `ExternalId`.
    pub external_id: Option<&'a str>,
    /// `DurationSeconds`.
    pub duration: Duration,
    /// `SerialNumber` and `TokenCode`.
    pub mfa: Option<(&'a MfaSerial, MfaCode)>,
}

/// Who a key belongs to, as GetCallerIdentity tells.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The account.
    pub account: Option<AccountId>,
    /// The caller's ARN.
    pub arn: String,
}

/// What came back, and how far this machine's clock is off if that is worth a word.
#[derive(Clone, Debug)]
pub struct Answer<T> {
    /// What was asked for.
    pub value: T,
    /// How far our clock is ahead of AWS's (negative: behind), when that is minutes. The SDK signs with
    /// AWS's time then, but nothing else on this machine will.
    pub clock_ahead: Option<SignedDuration>,
}

/// STS, called one call at a time.
pub struct Sts {
    network: Network,
    machinery: OnceCell<Machinery>,
}

/// What the first call builds.
struct Machinery {
    runtime: Runtime,
    http: SharedHttpClient,
}

impl Sts {
    /// Does nothing yet; the first call does.
    pub fn new(network: Network) -> Self {
        Self { network, machinery: OnceCell::new() }
    }

    /// GetSessionToken.
    pub fn get_session_token(
        &self,
        sts: &StsEndpoint,
        signer: Signer<'_>,
        duration: Duration,
        mfa: Option<(&MfaSerial, MfaCode)>,
        now: Timestamp,
    ) -> Result<Answer<Credentials>, StsError> {
        let call = self.call("GetSessionToken", sts, signer, mfa.is_some(), now)?;
        let mut request = call.client.get_session_token().duration_seconds(seconds(duration));
        if let Some((serial, code)) = mfa {
            request = request.serial_number(serial.as_str()).token_code(code.expose());
        }
        let output = call.wait(request.send())?;
        let value = call.credentials(output.credentials, duration, None)?;
        Ok(call.answer(value))
    }

    /// AssumeRole.
    pub fn assume_role(
        &self,
        sts: &StsEndpoint,
        signer: Signer<'_>,
        wanted: AssumeRole<'_>,
        now: Timestamp,
    ) -> Result<Answer<Credentials>, StsError> {
        let call = self.call("AssumeRole", sts, signer, wanted.mfa.is_some(), now)?;
        let mut request = call
            .client
            .assume_role()
            .role_arn(wanted.role.as_str())
            .role_session_name(wanted.session_name)
            .set_external_id(wanted.external_id.map(str::to_owned))
            .duration_seconds(seconds(wanted.duration));
        if let Some((serial, code)) = wanted.mfa {
            request = request.serial_number(serial.as_str()).token_code(code.expose());
        }
        let output = call.wait(request.send())?;
        let became = output.assumed_role_user.as_ref().map_or("", |user| user.arn.as_str());
        if !is_session_of(became, wanted.role) {
            return Err(call.nonsense("a session of another role"));
        }
        let account = Some(wanted.role.account());
        let value = call.credentials(output.credentials, wanted.duration, account)?;
        Ok(call.answer(value))
    }

    /// GetCallerIdentity: works for every valid credential, whatever policies say.
    pub fn get_caller_identity(
        &self,
        sts: &StsEndpoint,
        signer: Signer<'_>,
        now: Timestamp,
    ) -> Result<Answer<Identity>, StsError> {
        let call = self.call("GetCallerIdentity", sts, signer, false, now)?;
        let output = call.wait(call.client.get_caller_identity().send())?;
        Ok(call.answer(Identity {
            account: output.account.and_then(|account| account.parse().ok()),
            arn: output.arn.unwrap_or_default(),
        }))
    }

    fn call(
        &self,
        name: &'static str,
        sts: &StsEndpoint,
        signer: Signer<'_>,
        code_sent: bool,
        now: Timestamp,
    ) -> Result<PreparedCall<'_>, StsError> {
        let machinery = self.machinery()?;
        // A code is good once: after an unclear end only the person can know whether to try again.
        let retries = match code_sent {
            true => RetryConfig::disabled(),
            false => RetryConfig::standard().with_max_attempts(3),
        };
        let check = AnswerCheck::of(name);
        let mut config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(SdkRegion::new(sts.region.as_str().to_owned()))
            .credentials_provider(sdk_credentials(signer))
            .http_client(machinery.http.clone())
            .sleep_impl(TokioSleep::new())
            .retry_config(retries)
            .interceptor(check.clone())
            .timeout_config(timeouts());
        config.set_app_name(AppName::new("keyward").ok());
        if let Some(url) = &sts.url {
            endpoint::check(url)?;
            config = config.endpoint_url(url);
        }
        let endpoint = match &sts.url {
            Some(url) => keyward_creds::text::printable(url),
            None => format!("STS in {}", sts.region),
        };
        let client = Client::from_conf(config.build());
        tracing::debug!(call = name, endpoint, mfa = code_sent, "calling STS");
        let runtime = &machinery.runtime;
        Ok(PreparedCall { name, client, check, runtime, endpoint, code_sent, now })
    }

    fn machinery(&self) -> Result<&Machinery, StsError> {
        if let Some(built) = self.machinery.get() {
            return Ok(built);
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(
            |error| StsError::Unreachable {
                endpoint: "the network".to_owned(),
                reason: error.to_string(),
            },
        )?;
        let http = self.network.client()?;
        Ok(self.machinery.get_or_init(|| Machinery { runtime, http }))
    }
}

/// A client ready for one call, with what its error will tell.
struct PreparedCall<'a> {
    name: &'static str,
    client: Client,
    check: AnswerCheck,
    runtime: &'a Runtime,
    endpoint: String,
    code_sent: bool,
    now: Timestamp,
}

impl PreparedCall<'_> {
    fn wait<T, E>(
        &self,
        sending: impl Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    ) -> Result<T, StsError>
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        self.runtime.block_on(sending).map_err(|error| {
            CallContext {
                call: self.name,
                endpoint: &self.endpoint,
                code_sent: self.code_sent,
                now: self.now,
            }
            .error(&error)
        })
    }

    fn answer<T>(&self, value: T) -> Answer<T> {
        let ahead = self.check.date().map(|date| self.now.duration_since(date));
        Answer { value, clock_ahead: ahead.filter(|ahead| ahead.abs() > CLOCK_TOLERANCE) }
    }

    fn nonsense(&self, reason: &str) -> StsError {
        StsError::Nonsense { endpoint: self.endpoint.clone(), reason: reason.to_owned() }
    }

    fn credentials(
        &self,
        given: Option<aws_sdk_sts::types::Credentials>,
        duration: Duration,
        account: Option<AccountId>,
    ) -> Result<Credentials, StsError> {
        let given = given.ok_or_else(|| self.nonsense("no credentials in the answer"))?;
        let expires_at = Timestamp::from_second(given.expiration.secs())
            .ok()
            .filter(|end| self.is_plausible_end(*end, duration))
            .ok_or_else(|| self.nonsense("a session that ends at an impossible time"))?;
        let access_key_id =
            given.access_key_id.parse().map_err(|_| self.nonsense("a malformed access key id"))?;
        let is_word = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic());
        if !is_word(&given.session_token) || !is_word(&given.secret_access_key) {
            return Err(self.nonsense("credentials without a well-formed secret and token"));
        }
        Ok(Credentials {
            access_key_id,
            secret_access_key: Secret::new(given.secret_access_key),
            session_token: Some(Secret::new(given.session_token)),
            expires_at: Some(expires_at),
            account,
        })
    }

    /// A session ends after now, by AWS's clock, and no later than was asked for.
    fn is_plausible_end(&self, end: Timestamp, duration: Duration) -> bool {
        let now = self.check.date().unwrap_or(self.now);
        let longest = SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX);
        let left = end.duration_since(now);
        SignedDuration::ZERO < left && left <= longest.saturating_add(CLOCK_TOLERANCE)
    }
}

/// Whether `arn` is a session of `role`: `arn:aws:sts::ACCOUNT:assumed-role/NAME/SESSION`, where a
/// role's path is left out.
fn is_session_of(arn: &str, role: &RoleArn) -> bool {
    let name = role.role_name().rsplit('/').next().unwrap_or_default();
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let [_, _, "sts", _, account, resource] = parts.as_slice() else { return false };
    let session = resource.strip_prefix("assumed-role/").and_then(|rest| rest.strip_prefix(name));
    *account == role.account().as_str() && session.is_some_and(|rest| rest.starts_with('/'))
}

fn sdk_credentials(signer: Signer<'_>) -> SdkCredentials {
    let (id, secret, token) = match signer {
        Signer::Key(key) => (&key.id, &key.secret, None),
        Signer::Session(session) => {
            (&session.access_key_id, &session.secret_access_key, session.session_token.as_ref())
        }
    };
    let token = token.map(|token| token.expose().to_owned());
    SdkCredentials::new(id.as_str(), secret.expose(), token, None, "keyward")
}

fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .operation_attempt_timeout(Duration::from_secs(12))
        .operation_timeout(Duration::from_secs(30))
        .build()
}

fn seconds(duration: Duration) -> i32 {
    i32::try_from(duration.as_secs()).unwrap_or(i32::MAX)
}
