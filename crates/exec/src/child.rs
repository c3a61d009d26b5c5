//! Becoming the command.
//!
//! On Unix our process turns into the command by `execve`: same process id, same terminal, same parent,
//! so signals, job control and exit code are the command's own and need no code here. Files we opened
//! close by themselves, and the handlers we installed fall back to the default. What `execve` would
//! keep is left as our parent gave it to us: the signal mask and ignored signals, of which Rust's
//! start-up changed one (see `sigpipe`).
//!
//! Windows cannot replace a process. There we start the command, wait, and give back its exit code.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use crate::Command;

/// Why the command did not run. Past the start, every outcome is the command's own.
#[derive(Debug, thiserror::Error)]
pub enum ExecError {
    /// Nothing of that name: 127 by convention.
    #[error("no program {program:?}")]
    NotFound {
        /// As it was typed.
        program: OsString,
    },
    /// A directory, or a file that may not be executed: 126 by convention.
    #[error("{path:?} is not executable")]
    NotExecutable {
        /// What was found.
        path: PathBuf,
    },
    /// The file is there, but what its `#!` line (or its header) names is not: 126, as in bash. A
    /// script with Windows line ends is the usual case.
    #[error("the interpreter of {path:?} is missing")]
    InterpreterMissing {
        /// The script.
        path: PathBuf,
    },
    /// A NUL byte where the system knows none.
    #[error("NUL byte in {0}")]
    Nul(NulPlace),
    /// The system refused for another reason, such as arguments too long or no memory.
    #[error("cannot run {path:?}")]
    Refused {
        /// What was to run.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Where a NUL byte was found. The text itself may be secret and is not here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NulPlace {
    /// In the program's path.
    #[error("the program's path")]
    Program,
    /// In this argument; 0 is the program's name.
    #[error("argument {0}")]
    Argument(usize),
    /// In this variable of the environment.
    #[error("variable {0:?}")]
    Variable(OsString),
}

/// Runs `command`, which [`resolve`](crate::resolve) found at `program`, with `environment` and nothing
/// else.
///
/// On Unix it returns only when that failed; on Windows with the command's exit code.
#[cfg(unix)]
pub fn run(
    program: &Path,
    command: &Command,
    environment: &[(OsString, OsString)],
) -> Result<i32, ExecError> {
    Err(replace_process(program, &command.argv(), environment))
}

/// Turns this process into `program`. Returns only when it cannot.
///
/// A file without `#!` that the kernel does not know is a script for `/bin/sh`, as `execvp` has it.
#[cfg(unix)]
pub fn replace_process(
    program: &Path,
    argv: &[OsString],
    environment: &[(OsString, OsString)],
) -> ExecError {
    match unix::try_replace(program, argv, environment) {
        Err(error) => error,
        Ok(never) => match never {},
    }
}

#[cfg(unix)]
mod unix {
    use std::convert::Infallible;
    use std::ffi::{CStr, CString, OsString};
    use std::os::unix::ffi::OsStrExt;
    use std::path::Path;

    use nix::errno::Errno;
    use nix::unistd::execve;
    use zeroize::Zeroizing;

    use super::{ExecError, NulPlace};

    pub(super) fn try_replace(
        program: &Path,
        argv: &[OsString],
        environment: &[(OsString, OsString)],
    ) -> Result<Infallible, ExecError> {
        let path = without_nul(program.as_os_str().as_bytes(), || NulPlace::Program)?;
        let argv = argv
            .iter()
            .enumerate()
            .map(|(n, word)| without_nul(word.as_bytes(), || NulPlace::Argument(n)))
            .collect::<Result<Vec<_>, _>>()?;
        let assignments: Vec<_> =
            environment.iter().map(|(name, value)| assignment(name, value)).collect();
        let environment = environment
            .iter()
            .zip(&assignments)
            .map(|((name, _), bytes)| {
                CStr::from_bytes_with_nul(bytes)
                    .map_err(|_| ExecError::Nul(NulPlace::Variable(name.clone())))
            })
            .collect::<Result<Vec<_>, _>>()?;

        crate::sigpipe::as_our_parent_left_it();
        let errno = match failure(&path, &argv, &environment) {
            Errno::ENOEXEC => {
                let (shell, argv) = as_script(&path, &argv);
                failure(shell, &argv, &environment)
            }
            other => other,
        };
        crate::sigpipe::ignore();
        Err(explain(errno, program))
    }

    fn failure(path: &CStr, argv: &[CString], environment: &[&CStr]) -> Errno {
        match execve(path, argv, environment) {
            Err(errno) => errno,
            Ok(never) => match never {},
        }
    }

    fn as_script(path: &CString, argv: &[CString]) -> (&'static CStr, Vec<CString>) {
        const SHELL: &CStr = c"/bin/sh";
        let arguments = argv.iter().skip(1);
        let argv = [&SHELL.to_owned(), path].into_iter().chain(arguments).cloned().collect();
        (SHELL, argv)
    }

    /// `NAME=value` with its final NUL, wiped should the command not start.
    fn assignment(name: &OsString, value: &OsString) -> Zeroizing<Vec<u8>> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(name.len() + value.len() + 2));
        bytes.extend_from_slice(name.as_bytes());
        bytes.push(b'=');
        bytes.extend_from_slice(value.as_bytes());
        bytes.push(0);
        bytes
    }

    fn without_nul(
        bytes: impl Into<Vec<u8>>,
        place: impl FnOnce() -> NulPlace,
    ) -> Result<CString, ExecError> {
        CString::new(bytes.into()).map_err(|_| ExecError::Nul(place()))
    }

    fn explain(errno: Errno, program: &Path) -> ExecError {
        let path = program.to_path_buf();
        match errno {
            Errno::ENOENT if program.exists() => ExecError::InterpreterMissing { path },
            Errno::ENOENT | Errno::ENOTDIR => ExecError::NotFound { program: path.into() },
            Errno::EACCES | Errno::EISDIR => ExecError::NotExecutable { path },
            other => ExecError::Refused { path, source: other.into() },
        }
    }
}

/// Runs `command` with `environment` and nothing else, waits, and returns its exit code.
#[cfg(not(unix))]
pub fn run(
    program: &Path,
    command: &Command,
    environment: &[(OsString, OsString)],
) -> Result<i32, ExecError> {
    let status = std::process::Command::new(program)
        .args(command.argv().into_iter().skip(1))
        .env_clear()
        .envs(environment.iter().map(|(name, value)| (name, value)))
        .status()
        .map_err(|source| explain(source, program))?;
    Ok(status.code().unwrap_or(1))
}

#[cfg(not(unix))]
fn explain(source: io::Error, program: &Path) -> ExecError {
    let path = program.to_path_buf();
    match source.kind() {
        io::ErrorKind::NotFound => ExecError::NotFound { program: path.into() },
        io::ErrorKind::PermissionDenied => ExecError::NotExecutable { path },
        _ => ExecError::Refused { path, source },
    }
}
