//! Secrets kept by an external program, so that any password manager can be plugged in.
//!
//! One request, one line of JSON, on its input; one reply, one line of JSON, on its output. `HELPER.md` has
//! the protocol. The program is started directly, never through a shell.

mod protocol;
mod run;
#[cfg(test)]
#[cfg(unix)]
mod tests;

use std::ffi::OsString;
use std::path::PathBuf;

use keyward_creds::SecretBytes;

use self::protocol::{Reply, Request};
use crate::store::{Label, SecretStore, StoreKind, known_labels};
use crate::{HelperFault, StoreError};

/// A store behind a program. It is started anew for every operation.
pub struct HelperStore {
    program: PathBuf,
    arguments: Vec<OsString>,
    environment: Vec<(OsString, OsString)>,
}

impl HelperStore {
    /// The helper at the path `program`, which is not searched for anywhere. `environment` is all it sees of
    /// the environment: what is not there, it does not get.
    pub fn new(
        program: PathBuf,
        arguments: Vec<OsString>,
        environment: Vec<(OsString, OsString)>,
    ) -> Self {
        Self { program, arguments, environment }
    }

    fn ask(&self, request: &Request<'_>) -> Result<Reply, StoreError> {
        run::helper(self, request.to_line().expose())
            .and_then(|line| protocol::read(&line))
            .map_err(|fault| self.failed(fault))
    }

    fn failed(&self, fault: HelperFault) -> StoreError {
        StoreError::Helper { program: self.program.display().to_string(), fault }
    }
}

impl SecretStore for HelperStore {
    fn kind(&self) -> StoreKind {
        StoreKind::Helper
    }

    fn get(&self, label: &Label) -> Result<Option<SecretBytes>, StoreError> {
        let label = label.to_string();
        let reply = self.ask(&Request::Get { label: &label })?;
        reply.value().map_err(|fault| self.failed(fault))
    }

    fn put(&self, label: &Label, value: &SecretBytes) -> Result<(), StoreError> {
        let label = label.to_string();
        let reply = self.ask(&Request::Put { label: &label, value })?;
        reply.stored().map_err(|fault| self.failed(fault))
    }

    fn remove(&self, label: &Label) -> Result<bool, StoreError> {
        let label = label.to_string();
        let reply = self.ask(&Request::Delete { label: &label })?;
        reply.deleted().map_err(|fault| self.failed(fault))
    }

    fn labels(&self) -> Result<Vec<Label>, StoreError> {
        let reply = self.ask(&Request::List)?;
        Ok(known_labels(reply.labels().map_err(|fault| self.failed(fault))?))
    }
}
