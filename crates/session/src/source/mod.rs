//! Where MFA codes come from.

pub mod mfa;
pub mod totp;
