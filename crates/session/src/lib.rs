//! From an AWS profile to short-lived credentials.
//!
//! Read in the order of the story:
//!
//! 1. [`config`]: `~/.aws/config` becomes a [`config::profile::Profile`];
//! 2. [`plan`]: profiles become a [`plan::Plan`], the calls to make, decided before any secret is read;
//! 3. [`resolve`]: the plan becomes credentials. What the [`cache`] has is used; the rest is made from the
//!    vault's key, an MFA code ([`source`]) and STS ([`wire`]), one process at a time.
//!
//! [`ask`] has what only the outside can tell: the person and the clock. Nothing here prints, reads the
//! environment or knows what time it is.

pub mod ask;
pub mod cache;
pub mod config;
pub mod plan;
pub mod resolve;
pub mod source;
pub mod wire;
