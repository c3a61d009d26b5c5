//! The nouns everything else speaks in.
//!
//! Read [`secret`] first: a [`Secret`] has one exit, `expose`, and is wiped when dropped. Then
//! [`credentials`], the two kinds of AWS credentials, and [`names`], the values that arrive as text and
//! are checked once, at the door.
//!
//! Nothing here knows how anything is obtained or stored.

pub mod credentials;
pub mod names;
pub mod secret;
pub mod text;

pub use credentials::{Credentials, LongTermKey};
pub use jiff::Timestamp;
pub use names::{
    AccessKeyId, AccountId, MfaCode, MfaSerial, NameError, Partition, ProfileName, Region, RoleArn,
};
pub use secret::{Secret, SecretBytes};
