//! Names and codes that arrive as text, checked once. A typo must not cost a network call, and hostile
//! text must not get past the door.

use std::fmt;
use std::str::FromStr;

use crate::Secret;

/// Why a text is not the name it was given as. It carries no secret: see [`MfaCode`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} {problem}")]
pub struct NameError {
    /// What was expected, with an article: "an access key id".
    pub what: &'static str,
    /// What is wrong with the text.
    pub problem: &'static str,
}

fn wrong<T>(what: &'static str, problem: &'static str) -> Result<T, NameError> {
    Err(NameError { what, problem })
}

/// Declares a checked text type: private content, `as_str`, `Display`, `FromStr` through `$check`.
macro_rules! checked_text {
    ($(#[$doc:meta])* $name:ident, $check:path) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(String);

        impl $name {
            /// The text as it was given.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = NameError;
            fn from_str(text: &str) -> Result<Self, NameError> {
                $check(text)?;
                Ok(Self(text.to_owned()))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

checked_text! {
    /// The name of a profile: a section of `~/.aws/config`, a stored key, or both.
    ///
    /// Any printable text of 1 to 128 characters that does not begin with `-` or white space: spaces,
    /// quotes and `$( )` are legal; control characters, text-reordering marks, `]`, `#` and `;` are not.
    ProfileName, check_profile_name
}
checked_text! {
    /// The public half of an access key: 16 to 128 letters and digits.
    AccessKeyId, check_access_key_id
}
checked_text! {
    /// An AWS account: twelve digits.
    AccountId, check_account_id
}
checked_text! {
    /// The ARN of an IAM role.
    RoleArn, check_role_arn
}
checked_text! {
    /// An MFA device as STS names it: an ARN (`…:mfa/name`) or a hardware serial number.
    MfaSerial, check_mfa_serial
}
checked_text! {
    /// A region's name, such as `eu-west-1`. It becomes part of a host name, so nothing else may pass.
    Region, check_region
}

fn check_profile_name(text: &str) -> Result<(), NameError> {
    const WHAT: &str = "a profile name";
    if text.is_empty() || text.chars().count() > 128 {
        return wrong(WHAT, "has 1 to 128 characters");
    }
    if text.starts_with('-') {
        return wrong(WHAT, "does not begin with `-`");
    }
    if text.trim() != text {
        return wrong(WHAT, "does not begin or end with white space");
    }
    if crate::text::printable(text) != text {
        return wrong(WHAT, "has no control characters");
    }
    if text.contains([']', '#', ';']) {
        return wrong(
            WHAT,
            "has no `]`, `#` or `;`, which end a section's name in the config file",
        );
    }
    Ok(())
}

fn check_access_key_id(text: &str) -> Result<(), NameError> {
    let well_formed =
        (16..=128).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric());
    if well_formed { Ok(()) } else { wrong("an access key id", "is 16 to 128 letters and digits") }
}

fn check_account_id(text: &str) -> Result<(), NameError> {
    let well_formed = text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit());
    if well_formed { Ok(()) } else { wrong("an account id", "is twelve digits") }
}

fn check_role_arn(text: &str) -> Result<(), NameError> {
    const WHAT: &str = "a role ARN";
    const SHAPE: &str = "looks like `arn:aws:iam::123456789012:role/name`";
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let ["arn", partition, "iam", "", account, resource] = parts.as_slice() else {
        return wrong(WHAT, SHAPE);
    };
    let named = resource.strip_prefix("role/").is_some_and(|name| {
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_graphic() && b != b'"' && b != b'`')
    });
    let in_partition = !partition.is_empty()
        && partition.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if text.len() > 2048 || !named || !in_partition || check_account_id(account).is_err() {
        return wrong(WHAT, SHAPE);
    }
    Ok(())
}

fn check_mfa_serial(text: &str) -> Result<(), NameError> {
    let legal = |b: u8| b.is_ascii_alphanumeric() || b"=/:,.@+-_".contains(&b);
    let well_formed = (9..=256).contains(&text.len()) && text.bytes().all(legal);
    if well_formed {
        Ok(())
    } else {
        wrong("an MFA serial", "looks like `arn:aws:iam::123456789012:mfa/name` or `GAHT12345678`")
    }
}

fn check_region(text: &str) -> Result<(), NameError> {
    let legal = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let well_formed = (1..=63).contains(&text.len())
        && text.bytes().all(legal)
        && !text.starts_with('-')
        && !text.ends_with('-');
    if well_formed { Ok(()) } else { wrong("a region", "looks like `eu-west-1`") }
}

impl RoleArn {
    /// The account the role lives in.
    pub fn account(&self) -> AccountId {
        AccountId(self.0.split(':').nth(4).unwrap_or_default().to_owned())
    }

    /// The role's name with its path: `team/deploy` for `…:role/team/deploy`.
    pub fn role_name(&self) -> &str {
        self.0.split_once(":role/").map_or("", |(_, name)| name)
    }

    /// The partition named in the ARN.
    pub fn partition(&self) -> Partition {
        Partition::of_arn(&self.0)
    }
}

impl MfaSerial {
    /// The account the device belongs to, when the serial is an ARN.
    pub fn account(&self) -> Option<AccountId> {
        self.0.strip_prefix("arn:")?.split(':').nth(3)?.parse().ok()
    }

    /// The partition of the device; `aws` for hardware serials, which do not say.
    pub fn partition(&self) -> Partition {
        Partition::of_arn(&self.0)
    }
}

/// One of AWS's separate worlds. Credentials of one mean nothing in another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Partition {
    /// The commercial regions.
    Aws,
    /// China.
    China,
    /// GovCloud (US).
    GovCloud,
    /// The European Sovereign Cloud.
    Eusc,
    /// The US intelligence regions, by their four separate names.
    Iso,
    /// ISO-B.
    IsoB,
    /// ISO-E.
    IsoE,
    /// ISO-F.
    IsoF,
}

impl Partition {
    fn of_arn(arn: &str) -> Self {
        match arn.split(':').nth(1).unwrap_or("aws") {
            "aws-cn" => Self::China,
            "aws-us-gov" => Self::GovCloud,
            "aws-eusc" => Self::Eusc,
            "aws-iso" => Self::Iso,
            "aws-iso-b" => Self::IsoB,
            "aws-iso-e" => Self::IsoE,
            "aws-iso-f" => Self::IsoF,
            _ => Self::Aws,
        }
    }

    /// The region whose STS answers when nobody named one.
    pub fn default_region(self) -> Region {
        let name = match self {
            Self::Aws => "us-east-1",
            Self::China => "cn-north-1",
            Self::GovCloud => "us-gov-west-1",
            Self::Eusc => "eusc-de-east-1",
            Self::Iso => "us-iso-east-1",
            Self::IsoB => "us-isob-east-1",
            Self::IsoE => "eu-isoe-west-1",
            Self::IsoF => "us-isof-south-1",
        };
        Region(name.to_owned())
    }
}

/// Six digits from an MFA device: good once, for about thirty seconds.
#[derive(Clone, Debug)]
pub struct MfaCode(Secret);

impl MfaCode {
    /// The digits, for the one call they are meant for.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

impl FromStr for MfaCode {
    type Err = NameError;
    fn from_str(typed: &str) -> Result<Self, NameError> {
        let digits: String = typed.chars().filter(|c| !c.is_whitespace()).collect();
        if digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_digit()) {
            Ok(Self(Secret::new(digits)))
        } else {
            wrong("an MFA code", "is six digits")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_role_arn_tells_account_name_and_partition() {
        let arn: RoleArn = "arn:aws-cn:iam::222222222222:role/team/deploy".parse().unwrap();
        assert_eq!(arn.account().as_str(), "222222222222");
        assert_eq!(arn.role_name(), "team/deploy");
        assert_eq!(arn.partition().default_region().as_str(), "cn-north-1");
    }

    #[test]
    fn what_is_not_a_role_arn_is_refused() {
        for text in [
            "",
            "role/x",
            "arn:aws:iam::222222222222:user/x",
            "arn:aws:iam::2222:role/x",
            "arn:aws:iam::222222222222:role/",
            "arn:aws:iam::222222222222:role/a b",
            "arn:aws:iam:eu-west-1:222222222222:role/x",
        ] {
            assert!(text.parse::<RoleArn>().is_err(), "{text}");
        }
    }

    #[test]
    fn an_mfa_code_is_six_digits_and_may_be_typed_in_groups() {
        assert_eq!("123 456".parse::<MfaCode>().unwrap().expose(), "123456");
        for text in ["12345", "1234567", "12345x", "", "١٢٣٤٥٦"] {
            assert!(text.parse::<MfaCode>().is_err(), "{text}");
        }
    }

    #[test]
    fn profile_names_may_be_odd_but_not_dangerous() {
        for text in ["prod", "my prod", "it's \"mine\"", "$(touch x)", "a/b@c+d", "büro"] {
            assert!(text.parse::<ProfileName>().is_ok(), "{text}");
        }
        for text in ["", " a", "-n", "a\nb", "a\u{1b}[0m", "a]b", "a#b", "\u{202e}abc"] {
            assert!(text.parse::<ProfileName>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_region_can_only_be_part_of_a_host_name() {
        assert!("eu-west-1".parse::<Region>().is_ok());
        for text in ["evil.example/", "a.b", "EU", "-a", "", "us east"] {
            assert!(text.parse::<Region>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_a_check_panic(text in ".*") {
            let _ = text.parse::<ProfileName>();
            let _ = text.parse::<RoleArn>();
            let _ = text.parse::<MfaSerial>().map(|serial| (serial.account(), serial.partition()));
            let _ = text.parse::<Region>();
            let _ = text.parse::<MfaCode>();
        }
    }
}
