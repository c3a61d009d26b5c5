//! From a plan to credentials. The only place where plan, cache, vault and STS meet.
//!
//! The last hop is looked for in the cache first; only what is missing is made, each hop under its own
//! lock, so that of many processes one mints and the others use its result.

mod failure;

use std::path::Path;
use std::time::Duration;

use keyward_creds::{AccessKeyId, Credentials, MfaCode, MfaSerial, ProfileName, Timestamp};
use keyward_vault::files::{self, FileError, LockFile};
use keyward_vault::{StoreError, StoredKey, Vault};

use crate::ask::{Clock, Notice, Person};
use crate::cache::{Entry, HopKey, Lookup, SessionCache, SessionFacts};
use crate::plan::{Call, Hop, Note, Plan, Start};
use crate::source::mfa::{MfaCodes, MfaError};
use crate::wire::{self, AssumeRole, Refusal, Signer, Sts, StsError};

pub use failure::FailureClass;

/// A session that only has to sign the next call may be this near its end.
const SIGNING_MARGIN: Duration = Duration::from_secs(60);
/// A process that waits longer than this says for whom.
const SAY_AFTER: Duration = Duration::from_millis(300);

/// Why there are no credentials.
#[derive(Debug, thiserror::Error)]
pub enum ResolveError {
    /// The vault.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// STS.
    #[error(transparent)]
    Sts(#[from] StsError),
    /// STS refused a hop; which one matters for the hint.
    #[error("{source}")]
    Hop {
        /// The hop.
        hop: Box<Hop>,
        /// What STS said.
        source: StsError,
    },
    /// No MFA code.
    #[error(transparent)]
    Mfa(#[from] MfaError),
    /// A file of ours.
    #[error(transparent)]
    File(#[from] FileError),
    /// The plan begins with a key that is not in the store.
    #[error("no stored key `{profile}`")]
    NoStoredKey {
        /// The profile that should hold it.
        profile: ProfileName,
    },
    /// The stored key is not the one we remembered; plan again.
    #[error("the stored key of `{profile}` has changed")]
    KeyChanged {
        /// The profile that holds it.
        profile: ProfileName,
        /// What is stored now.
        now: Box<StoredKey>,
    },
    /// Another process, for which this one waited, has just failed at the same session.
    #[error("{message}")]
    FailedElsewhere {
        /// What kind of failure.
        class: FailureClass,
        /// Its message.
        message: String,
    },
}

/// Everything that resolving needs.
pub struct Resolver<'a> {
    /// Long-term keys.
    pub vault: &'a Vault,
    /// What names the store in hop keys: the same key id in two stores is two starts.
    pub store_name: &'a str,
    /// Sessions made earlier.
    pub cache: &'a SessionCache,
    /// AWS.
    pub sts: &'a Sts,
    /// MFA codes.
    pub codes: &'a MfaCodes<'a>,
    /// Who is told about waiting.
    pub person: &'a dyn Person,
    /// Time.
    pub clock: &'a dyn Clock,
    /// A private folder for lock files.
    pub locks: &'a Path,
}

impl Resolver<'_> {
    /// Credentials as `plan` says, good for `min_left` at least if a session can be. `key_id` is the
    /// public half of the key that the plan starts from.
    pub fn resolve(
        &self,
        plan: &Plan,
        key_id: &AccessKeyId,
        min_left: Duration,
    ) -> Result<Credentials, ResolveError> {
        let Start::StoredKey { profile: holder } = &plan.start;
        let keys = hop_keys(plan, self.store_name, key_id);
        let walk = Walk {
            resolver: self,
            holder,
            key_id,
            hops: &plan.hops,
            keys: &keys,
            notes: &plan.notes,
        };
        match plan.hops.len() {
            0 => Ok(walk.stored_key()?.key.into()),
            hops => walk.session(hops - 1, min_left),
        }
    }
}

/// The names under which the sessions of `plan` are cached, first hop first.
pub fn hop_keys(plan: &Plan, store_name: &str, key_id: &AccessKeyId) -> Vec<HopKey> {
    let Start::StoredKey { profile: holder } = &plan.start;
    let mut key = HopKey::of_stored_key(store_name, holder, key_id);
    plan.hops
        .iter()
        .map(|hop| {
            key = key.then(hop);
            key
        })
        .collect()
}

/// One walk along a plan's hops.
struct Walk<'a> {
    resolver: &'a Resolver<'a>,
    holder: &'a ProfileName,
    key_id: &'a AccessKeyId,
    hops: &'a [Hop],
    keys: &'a [HopKey],
    notes: &'a [Note],
}

impl Walk<'_> {
    /// The session after hop `at`: from the cache, or made now.
    fn session(&self, at: usize, min_left: Duration) -> Result<Credentials, ResolveError> {
        // Asking more than half of a session's life to be left would make the cache useless.
        let margin = min_left.min(self.hops[at].duration / 2);
        if let Some(cached) = self.cached(at, margin) {
            return Ok(cached);
        }
        let began = self.now();
        let lock = self.lock(at)?;
        // Also without having waited: another process may have finished since we looked.
        if let Some(cached) = self.cached(at, margin) {
            return Ok(cached);
        }
        if lock.as_ref().is_some_and(LockFile::waited)
            && let Some(failed) =
                failure::recall(self.resolver.cache, &self.keys[at], began, self.now())
        {
            return Err(failed);
        }
        let made = self.make(at);
        match &made {
            Ok(_) => self.resolver.cache.remove_note(&self.keys[at]),
            Err(error) => {
                failure::leave(self.resolver.cache, &self.keys[at], error, self.now());
            }
        }
        made
    }

    /// Makes hop `at` and keeps what came of it.
    fn make(&self, at: usize) -> Result<Credentials, ResolveError> {
        let hop = &self.hops[at];
        if at + 1 == self.hops.len() {
            let person = self.resolver.person;
            self.notes.iter().for_each(|note| person.notice(Notice::Plan(note.clone())));
        }
        let made = match at {
            0 => self.call_with_key(hop)?,
            _ => {
                let signer = self.session(at - 1, SIGNING_MARGIN)?;
                self.call(hop, Signer::Session(&signer), None)
            }
        };
        let credentials =
            made.map_err(|source| ResolveError::Hop { hop: Box::new(hop.clone()), source })?;
        self.remember(at, &credentials);
        Ok(credentials)
    }

    /// Makes a call that the stored key signs. Whoever types a wrong code may try again; nothing else is
    /// tried twice here.
    fn call_with_key(&self, hop: &Hop) -> Result<Result<Credentials, StsError>, ResolveError> {
        const ATTEMPTS: usize = 3;
        let stored = self.stored_key()?;
        let may_mistype = self.resolver.codes.are_typed(&stored, hop);
        let mut attempt = 1;
        loop {
            let code = self.code_for(hop, &stored)?;
            let made = self.call(hop, Signer::Key(&stored.key), code);
            let is_wrong =
                matches!(&made, Err(StsError::Refused { refusal: Refusal::WrongMfaCode, .. }));
            if !(is_wrong && may_mistype && attempt < ATTEMPTS) {
                return Ok(made);
            }
            self.resolver.person.notice(Notice::WrongCode);
            attempt += 1;
        }
    }

    fn call(
        &self,
        hop: &Hop,
        signer: Signer<'_>,
        mfa: Option<(&MfaSerial, MfaCode)>,
    ) -> Result<Credentials, StsError> {
        let Resolver { sts, person, .. } = self.resolver;
        let now = self.now();
        if let Some(url) = hop.sts.url.as_deref().filter(|url| wire::travels_in_clear(url)) {
            person.notice(Notice::PlainHttp { url: url.to_owned() });
        }
        let answer = match &hop.call {
            Call::GetSessionToken => {
                sts.get_session_token(&hop.sts, signer, hop.duration, mfa, now)?
            }
            Call::AssumeRole { role, session_name, external_id } => {
                let external_id = external_id.as_deref();
                let wanted =
                    AssumeRole { role, session_name, external_id, duration: hop.duration, mfa };
                sts.assume_role(&hop.sts, signer, wanted, now)?
            }
        };
        if hop.mfa.is_none() && hop.call == Call::GetSessionToken {
            person.notice(Notice::SessionWithoutMfa { profile: hop.profile.clone() });
        }
        if let Some(ahead) = answer.clock_ahead {
            person.notice(Notice::ClockOff { ahead });
        }
        Ok(answer.value)
    }

    fn code_for<'h>(
        &self,
        hop: &'h Hop,
        stored: &StoredKey,
    ) -> Result<Option<(&'h MfaSerial, MfaCode)>, ResolveError> {
        let Some(serial) = &hop.mfa else { return Ok(None) };
        Ok(Some((serial, self.resolver.codes.code(serial, stored)?)))
    }

    fn stored_key(&self) -> Result<StoredKey, ResolveError> {
        let profile = self.holder.clone();
        match self.resolver.vault.key(&profile)? {
            None => Err(ResolveError::NoStoredKey { profile }),
            Some(stored) if stored.key.id != *self.key_id => {
                Err(ResolveError::KeyChanged { profile, now: Box::new(stored) })
            }
            Some(stored) => Ok(stored),
        }
    }

    fn cached(&self, at: usize, margin: Duration) -> Option<Credentials> {
        match self.resolver.cache.look_up(&self.keys[at], self.now(), margin) {
            Lookup::Fresh(credentials) => Some(credentials),
            Lookup::Stale | Lookup::Absent => None,
        }
    }

    fn remember(&self, at: usize, credentials: &Credentials) {
        let Some(expires_at) = credentials.expires_at else { return };
        let hop = &self.hops[at];
        let role = match &hop.call {
            Call::GetSessionToken => None,
            Call::AssumeRole { role, .. } => Some(role.clone()),
        };
        let facts = SessionFacts {
            profile: hop.profile.clone(),
            holder: self.holder.clone(),
            role,
            mfa: hop.mfa.is_some(),
            expires_at,
        };
        let entry = Entry { facts, credentials: credentials.clone() };
        self.resolver.cache.store(&self.keys[at], &entry);
    }

    /// Takes the hop's turn. On a full or read-only disk there are no turns, and none is needed enough to
    /// fail for.
    fn lock(&self, at: usize) -> Result<Option<LockFile>, ResolveError> {
        let path = self.resolver.locks.join(format!("{}.lock", self.keys[at]));
        let profile = self.hops[at].profile.clone();
        let say = || self.resolver.person.notice(Notice::WaitingForOther { profile });
        let taken = files::private_dir(self.resolver.locks)
            .and_then(|()| LockFile::acquire_or(&path, SAY_AFTER, say));
        match taken {
            Ok(lock) => Ok(Some(lock)),
            Err(error @ FileError::Io { .. }) => {
                tracing::warn!(%error, "no lock, going on without");
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }

    fn now(&self) -> Timestamp {
        self.resolver.clock.now()
    }
}
