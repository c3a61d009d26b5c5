//! A profile's settings with their types, after inheritance.
//!
//! A setting is looked for in the profile's own section, then along its `include_profile` chain. Settings
//! that do not say *who you are* (region, MFA device, durations, end points) are looked for in `[default]`
//! as well; identity never comes from there, so that no profile becomes somebody else by accident.

use std::str::FromStr;
use std::time::Duration;

use keyward_creds::{MfaSerial, ProfileName, Region, RoleArn};

use super::syntax::{Property, SectionKind};
use super::{ConfigError, ConfigFile};

/// How many sections an `include_profile` chain may have.
const INCLUDE_DEPTH: usize = 16;

/// Ways to begin that are not a stored key, by the setting that asks for them.
const OTHER_STARTS: &[&str] = &[
    "sso_session",
    "sso_start_url",
    "sso_account_id",
    "sso_role_name",
    "credential_process",
    "credential_source",
    "web_identity_token_file",
    "web_identity_token_process",
    "login_session",
    "aws_access_key_id",
];

/// Settings that would change the credentials and that this version does not act on. Ignoring them
/// would hand out something else than was asked for.
const UNSUPPORTED: &[&str] = &[
    "mfa_process",
    "session_tags",
    "transitive_session_tags",
    "source_identity",
    "session_policy",
    "session_policy_arns",
];

/// A value and where it stands in the config file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting<T> {
    /// The checked value.
    pub value: T,
    /// Byte offset of its line; [`ConfigFile::place`] makes a line number of it.
    pub offset: u64,
}

/// One profile. A profile that exists only as a stored key has no section and only inherited settings.
#[derive(Clone, Debug)]
pub struct Profile {
    /// Its name.
    pub name: ProfileName,
    /// Whether the config file has a section for it.
    pub has_section: bool,
    /// The role to assume.
    pub role_arn: Option<Setting<RoleArn>>,
    /// Whose credentials assume it.
    pub source_profile: Option<Setting<ProfileName>>,
    /// Passed to AssumeRole.
    pub external_id: Option<Setting<String>>,
    /// Passed to AssumeRole.
    pub role_session_name: Option<Setting<String>>,
    /// The MFA device.
    pub mfa_serial: Option<Setting<MfaSerial>>,
    /// `duration_seconds`.
    pub duration: Option<Setting<Duration>>,
    /// The region.
    pub region: Option<Setting<Region>>,
    /// Another place to send AWS calls to.
    pub endpoint_url: Option<Setting<String>>,
    /// File of trusted certificate authorities.
    pub ca_bundle: Option<Setting<String>>,
    /// The first setting that asks for another start than a stored key.
    pub other_start: Option<Setting<&'static str>>,
    /// The first setting that this version cannot honour.
    pub unsupported: Option<Setting<&'static str>>,
}

impl Profile {
    /// Reads `name` from `config`. Without a section the profile has inherited settings only.
    pub fn read(config: &ConfigFile, name: &ProfileName) -> Result<Self, ConfigError> {
        let layers = Layers::read(config, name)?;
        Ok(Self {
            has_section: layers.has_section,
            role_arn: layers.identity("role_arn")?,
            source_profile: layers.identity("source_profile")?,
            external_id: layers.identity_matching(
                "external_id",
                2..=1224,
                b"+=,.@:/-_",
                "2 to 1224 letters, digits and +=,.@:/-_",
            )?,
            role_session_name: layers.identity_matching(
                "role_session_name",
                2..=64,
                b"+=,.@-_",
                "2 to 64 letters, digits and +=,.@-_",
            )?,
            mfa_serial: layers.inherited("mfa_serial")?,
            duration: layers.duration("duration_seconds")?,
            region: layers.inherited("region")?,
            endpoint_url: layers.inherited("endpoint_url")?,
            ca_bundle: layers.inherited("ca_bundle")?,
            other_start: layers.first_of(OTHER_STARTS),
            unsupported: layers.first_of(UNSUPPORTED),
            name: name.clone(),
        })
    }
}

/// The sections a profile's settings come from, nearest first.
struct Layers<'a> {
    config: &'a ConfigFile,
    has_section: bool,
    own_and_included: Vec<Vec<Property>>,
    default: Option<Vec<Property>>,
}

impl<'a> Layers<'a> {
    fn read(config: &'a ConfigFile, name: &ProfileName) -> Result<Self, ConfigError> {
        let mut layers =
            Self { config, has_section: false, own_and_included: Vec::new(), default: None };
        let mut path = vec![name.clone()];
        let mut next = section_of(config, name)?;
        layers.has_section = next.is_some();
        while let Some(section) = next.take() {
            layers.own_and_included.push(section);
            let Some(include) = layers.included_by_last()? else { break };
            let current = path.last().unwrap_or(name).clone();
            let again = path.contains(&include.value) || path.len() == INCLUDE_DEPTH;
            path.push(include.value.clone());
            if again {
                return Err(ConfigError::IncludeLoop { path });
            }
            next = section_of(config, &include.value)?;
            if next.is_none() {
                return Err(ConfigError::IncludeMissing {
                    profile: current,
                    missing: include.value,
                    place: config.place(include.offset),
                });
            }
        }
        let default_name = "default";
        if path.iter().all(|name| name.as_str() != default_name) {
            layers.default = default_section(config)?;
        }
        Ok(layers)
    }

    fn included_by_last(&self) -> Result<Option<Setting<ProfileName>>, ConfigError> {
        let last = self.own_and_included.last().map(Vec::as_slice).unwrap_or_default();
        find(last, "include_profile")
            .map(|property| self.parse(property, "include_profile"))
            .transpose()
    }

    fn identity<T: FromStr<Err: ToString>>(
        &self,
        key: &'static str,
    ) -> Result<Option<Setting<T>>, ConfigError> {
        self.own(key).map(|property| self.parse(property, key)).transpose()
    }

    fn inherited<T: FromStr<Err: ToString>>(
        &self,
        key: &'static str,
    ) -> Result<Option<Setting<T>>, ConfigError> {
        self.own_or_default(key).map(|property| self.parse(property, key)).transpose()
    }

    fn identity_matching(
        &self,
        key: &'static str,
        length: std::ops::RangeInclusive<usize>,
        punctuation: &[u8],
        takes: &str,
    ) -> Result<Option<Setting<String>>, ConfigError> {
        let Some(property) = self.own(key) else { return Ok(None) };
        let legal = |b: u8| b.is_ascii_alphanumeric() || punctuation.contains(&b);
        if length.contains(&property.value.len()) && property.value.bytes().all(legal) {
            Ok(Some(Setting { value: property.value.clone(), offset: property.offset }))
        } else {
            Err(self.bad_value(property, key, format!("it takes {takes}")))
        }
    }

    fn duration(&self, key: &'static str) -> Result<Option<Setting<Duration>>, ConfigError> {
        let Some(property) = self.own_or_default(key) else { return Ok(None) };
        match property.value.parse::<u32>() {
            Ok(seconds) if seconds > 0 => Ok(Some(Setting {
                value: Duration::from_secs(seconds.into()),
                offset: property.offset,
            })),
            _ => Err(self.bad_value(
                property,
                key,
                "it takes a whole number of seconds above 0".into(),
            )),
        }
    }

    fn first_of(&self, keys: &[&'static str]) -> Option<Setting<&'static str>> {
        keys.iter().find_map(|&key| {
            self.own(key).map(|property| Setting { value: key, offset: property.offset })
        })
    }

    fn own(&self, key: &str) -> Option<&Property> {
        self.own_and_included.iter().find_map(|layer| find(layer, key))
    }

    fn own_or_default(&self, key: &str) -> Option<&Property> {
        self.own(key).or_else(|| find(self.default.as_deref()?, key))
    }

    fn parse<T: FromStr<Err: ToString>>(
        &self,
        property: &Property,
        key: &'static str,
    ) -> Result<Setting<T>, ConfigError> {
        match property.value.parse() {
            Ok(value) => Ok(Setting { value, offset: property.offset }),
            Err(error) => Err(self.bad_value(property, key, error.to_string())),
        }
    }

    fn bad_value(&self, property: &Property, key: &'static str, problem: String) -> ConfigError {
        let place = self.config.place(property.offset);
        ConfigError::BadValue { place, key, value: property.value.clone(), problem }
    }
}

/// The last non-empty value of `key`: a later line wins, an empty value is no value.
fn find<'a>(section: &'a [Property], key: &str) -> Option<&'a Property> {
    section.iter().rev().find(|p| p.key == key).filter(|p| !p.value.is_empty())
}

fn section_of(
    config: &ConfigFile,
    name: &ProfileName,
) -> Result<Option<Vec<Property>>, ConfigError> {
    if name.as_str() == "default" {
        return default_section(config);
    }
    config.section(SectionKind::Profile, name.as_str())
}

/// `[profile default]` beats `[default]`, wherever they stand.
fn default_section(config: &ConfigFile) -> Result<Option<Vec<Property>>, ConfigError> {
    match config.section(SectionKind::Profile, "default")? {
        Some(section) => Ok(Some(section)),
        None => config.section(SectionKind::BareDefault, "default"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, name: &str) -> Result<Profile, ConfigError> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config");
        std::fs::write(&path, text).unwrap();
        Profile::read(&ConfigFile::open(&path)?, &name.parse().unwrap())
    }

    #[test]
    fn identity_never_comes_from_default_but_region_and_mfa_do() {
        let text = "[default]\nregion = eu-west-1\nmfa_serial = GAHT12345678\n\
                    role_arn = arn:aws:iam::111111111111:role/admin\n[profile dev]\noutput = json\n";
        let dev = read(text, "dev").unwrap();
        assert_eq!(dev.region.unwrap().value.as_str(), "eu-west-1");
        assert_eq!(dev.mfa_serial.unwrap().value.as_str(), "GAHT12345678");
        assert!(dev.role_arn.is_none());
    }

    #[test]
    fn an_included_profile_lends_what_the_profile_does_not_say() {
        let text = "[profile base]\nregion = eu-west-1\nsource_profile = root\n\
                    [profile dev]\ninclude_profile = base\nregion = us-east-2\n";
        let dev = read(text, "dev").unwrap();
        assert_eq!(dev.region.unwrap().value.as_str(), "us-east-2");
        assert_eq!(dev.source_profile.unwrap().value.as_str(), "root");
    }

    #[test]
    fn an_include_loop_names_the_whole_circle() {
        let text = "[profile a]\ninclude_profile = b\n[profile b]\ninclude_profile = a\n";
        let Err(ConfigError::IncludeLoop { path }) = read(text, "a") else { panic!() };
        assert_eq!(path.iter().map(ProfileName::as_str).collect::<Vec<_>>(), ["a", "b", "a"]);
    }

    #[test]
    fn profile_default_beats_default_and_the_loser_is_dropped() {
        let text = "[profile default]\nregion = eu-west-1\n[default]\nregion = us-east-1\nmfa_serial = GAHT12345678\n";
        let default = read(text, "default").unwrap();
        assert_eq!(default.region.unwrap().value.as_str(), "eu-west-1");
        assert!(default.mfa_serial.is_none());
    }

    #[test]
    fn a_value_that_does_not_fit_is_named_with_its_line() {
        let text = "[profile dev]\n\nduration_seconds = 1h\n";
        let Err(ConfigError::BadValue { place, value, .. }) = read(text, "dev") else { panic!() };
        assert!(matches!(place, crate::config::Place::Line { line: 3, .. }));
        assert_eq!(value, "1h");
    }

    #[test]
    fn sections_of_one_name_are_merged_and_the_last_value_wins() {
        let text = "[profile dev]\nregion = a\nmfa_serial = GAHT12345678\n[profile x]\n[profile dev]\nregion = b\n";
        let dev = read(text, "dev").unwrap();
        assert_eq!(dev.region.unwrap().value.as_str(), "b");
        assert!(dev.mfa_serial.is_some());
    }
}
