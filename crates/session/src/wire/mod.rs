//! Calls to AWS. The only place that knows the AWS SDK.
//!
//! [`Sts`] makes a call and waits for it; the runtime, the TLS trust store and the connection exist only
//! from the first call on, so a run that the cache can serve pays for none of them.

mod answer;
mod endpoint;
mod error;
mod http;
mod sts;

pub use endpoint::travels_in_clear;
pub use error::{Refusal, StsError};
pub use http::Network;
pub use sts::{Answer, AssumeRole, Identity, Signer, Sts};
