//! The calls along a chain: the planner's table as code.

use std::time::Duration;

use keyward_creds::{MfaSerial, Partition, Region};

use super::chain::Chain;
use super::{Call, Clamp, Hop, Note, Request, StsEndpoint, value_of};
use crate::config::profile::Profile;

/// AWS makes no session shorter than this.
const SHORTEST: Duration = Duration::from_secs(15 * 60);
/// What a role's session lasts unless somebody asks for more.
const ROLE_DEFAULT: Duration = Duration::from_secs(3600);
/// The most a role may be configured to give.
const ROLE_LONGEST: Duration = Duration::from_secs(12 * 3600);
/// The most a role gives to a caller that is itself a session (role chaining).
const CHAINED_LONGEST: Duration = Duration::from_secs(3600);
/// What a session without MFA lasts unless somebody asks for more.
const SESSION_DEFAULT: Duration = Duration::from_secs(3600);
/// What a session with MFA lasts, so that one code is enough for a working day.
const MFA_SESSION_DEFAULT: Duration = Duration::from_secs(8 * 3600);
/// The most GetSessionToken gives.
const SESSION_LONGEST: Duration = Duration::from_secs(36 * 3600);

/// The calls to make along `chain`, and what differs from what was asked for.
pub(super) fn along(chain: &Chain, request: &Request) -> (Vec<Hop>, Vec<Note>) {
    let mut planner = Planner { request, chain, hops: Vec::new(), notes: Vec::new() };
    planner.add_hops();
    (planner.hops, planner.notes)
}

struct Planner<'a> {
    request: &'a Request,
    chain: &'a Chain,
    hops: Vec<Hop>,
    notes: Vec<Note>,
}

impl Planner<'_> {
    fn add_hops(&mut self) {
        let alias_device = self.chain.alias.as_ref().and_then(|alias| value_of(&alias.mfa_serial));
        let holder_device = value_of(&self.chain.holder.mfa_serial);
        let Some(first_role) = self.chain.roles.first() else {
            if !self.request.no_session {
                self.add_session(alias_device.or(holder_device), self.request.duration);
            }
            return;
        };
        let role_device = value_of(&first_role.mfa_serial);
        let device = role_device.clone().or(holder_device.clone());
        let devices_differ =
            role_device.is_some() && holder_device.is_some() && role_device != holder_device;
        let one_long_role =
            self.chain.roles.len() == 1 && self.wanted(first_role).0 > CHAINED_LONGEST;
        let straight = self.request.no_session || devices_differ || one_long_role;
        if device.is_some() && one_long_role && !self.request.no_session && !devices_differ {
            let (wanted, _) = self.wanted(first_role);
            self.notes.push(Note::OwnCode { profile: first_role.name.clone(), wanted });
        }
        if device.is_some() && !straight {
            self.add_session(device, None);
            self.add_roles(None);
        } else {
            self.add_roles(device);
        }
    }

    fn add_session(&mut self, mfa: Option<MfaSerial>, asked: Option<Duration>) {
        let holder = &self.chain.holder;
        let usual = if mfa.is_some() { MFA_SESSION_DEFAULT } else { SESSION_DEFAULT };
        let duration = self.clamp(holder, asked.unwrap_or(usual), asked.is_some(), |wanted| {
            (wanted > SESSION_LONGEST).then_some((SESSION_LONGEST, Clamp::TooLong))
        });
        let partition = mfa.as_ref().map(MfaSerial::partition);
        let default = partition.unwrap_or(Partition::Aws).default_region();
        let sts = self.endpoint(holder, default);
        let call = Call::GetSessionToken;
        self.hops.push(Hop { profile: holder.name.clone(), call, duration, mfa, sts });
    }

    /// Adds every role; `device` goes with the first one.
    fn add_roles(&mut self, device: Option<MfaSerial>) {
        for (at, profile) in self.chain.roles.iter().enumerate() {
            let Some(role) = value_of(&profile.role_arn) else { continue };
            let mfa = device.clone().filter(|_| at == 0);
            self.note_unusable_device(at, profile);
            let chained = !self.hops.is_empty();
            let (wanted, was_asked) = self.wanted(profile);
            let duration = self.clamp(profile, wanted, was_asked, |wanted| match chained {
                true if wanted > CHAINED_LONGEST => Some((CHAINED_LONGEST, Clamp::RoleChaining)),
                false if wanted > ROLE_LONGEST => Some((ROLE_LONGEST, Clamp::TooLong)),
                _ => None,
            });
            let sts = self.endpoint(profile, role.partition().default_region());
            let session_name = value_of(&profile.role_session_name)
                .unwrap_or_else(|| self.request.session_name.clone());
            let external_id = value_of(&profile.external_id);
            let call = Call::AssumeRole { role, session_name, external_id };
            self.hops.push(Hop { profile: profile.name.clone(), call, duration, mfa, sts });
        }
    }

    /// From the second role on, the caller is a role, and only users have devices. A device that is the
    /// key holder's own has done its work already.
    fn note_unusable_device(&mut self, at: usize, profile: &Profile) {
        let Some(serial) = value_of(&profile.mfa_serial) else { return };
        let first_device = value_of(&self.chain.roles[0].mfa_serial)
            .or_else(|| value_of(&self.chain.holder.mfa_serial));
        if at > 0 && first_device.as_ref() != Some(&serial) {
            self.notes.push(Note::MfaUnusable { profile: profile.name.clone(), serial });
        }
    }

    /// How long `profile`'s role shall last, and whether somebody asked for that.
    fn wanted(&self, profile: &Profile) -> (Duration, bool) {
        let is_target = self.chain.roles.last().is_some_and(|last| last.name == profile.name);
        let asked = self.request.duration.filter(|_| is_target).or(value_of(&profile.duration));
        (asked.unwrap_or(ROLE_DEFAULT), asked.is_some())
    }

    fn clamp(
        &mut self,
        profile: &Profile,
        wanted: Duration,
        was_asked: bool,
        upper: impl Fn(Duration) -> Option<(Duration, Clamp)>,
    ) -> Duration {
        let lower = (wanted < SHORTEST).then_some((SHORTEST, Clamp::TooShort));
        let Some((given, why)) = lower.or_else(|| upper(wanted)) else { return wanted };
        if was_asked {
            let profile = profile.name.clone();
            self.notes.push(Note::Clamped { profile, asked: wanted, given, why });
        }
        given
    }

    fn endpoint(&self, profile: &Profile, default: Region) -> StsEndpoint {
        let region = self.request.region.clone().or_else(|| value_of(&profile.region));
        let url = self.request.endpoint_url.clone().or_else(|| value_of(&profile.endpoint_url));
        StsEndpoint { region: region.unwrap_or(default), url }
    }
}
