//! The HTTPS client: ring for TLS, one file of trusted authorities, proxies from the environment.

use std::path::{Path, PathBuf};
use std::time::Duration;

use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{self, TlsContext, TrustStore};
use aws_smithy_runtime_api::client::http::{
    HttpConnectorSettings, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::shared::IntoShared;

use super::StsError;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const READ_TIMEOUT: Duration = Duration::from_secs(10);

/// Where distributions keep their one bundle of trusted authorities.
const BUNDLES: &[&str] = &[
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
    "/usr/local/share/certs/ca-root-nss.crt",
];

/// How to reach AWS.
#[derive(Clone, Debug, Default)]
pub struct Network {
    /// `AWS_CA_BUNDLE` or `ca_bundle`: must be readable.
    pub ca_bundle: Option<PathBuf>,
    /// `SSL_CERT_FILE`: used when readable.
    pub cert_file: Option<PathBuf>,
}

impl Network {
    /// An HTTP client for the SDK. Proxies are the usual variables (`HTTPS_PROXY`, `NO_PROXY` …).
    pub(super) fn client(&self) -> Result<SharedHttpClient, StsError> {
        let context = TlsContext::builder().with_trust_store(self.trust_store()?).build().map_err(
            |error| StsError::BadCaBundle {
                path: self.ca_bundle.clone().unwrap_or_default(),
                reason: error.to_string(),
            },
        )?;
        let settings = HttpConnectorSettings::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .read_timeout(READ_TIMEOUT)
            .build();
        // Built once: the SDK asks for a connector at every attempt, and reading the roots takes 1 ms.
        let connector: SharedHttpConnector = Connector::builder()
            .tls_provider(tls::Provider::rustls(CryptoMode::Ring))
            .tls_context(context)
            .connector_settings(settings)
            .proxy_config(ProxyConfig::from_env())
            .sleep_impl(TokioSleep::new())
            .build()
            .into_shared();
        Ok(http_client_fn(move |_, _| connector.clone()))
    }

    /// One bundle file instead of the native loader, which reads three hundred files at every start.
    fn trust_store(&self) -> Result<TrustStore, StsError> {
        if let Some(path) = &self.ca_bundle {
            let pem = std::fs::read(path).map_err(|error| StsError::BadCaBundle {
                path: path.clone(),
                reason: error.to_string(),
            })?;
            return Ok(TrustStore::empty().with_pem_certificate(pem));
        }
        let candidates = self.cert_file.as_deref().into_iter().chain(BUNDLES.iter().map(Path::new));
        for path in candidates {
            if let Ok(pem) = std::fs::read(path) {
                return Ok(TrustStore::empty().with_pem_certificate(pem));
            }
        }
        Ok(TrustStore::empty().with_native_roots(true))
    }
}
