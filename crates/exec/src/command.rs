//! What to run, and where it lies.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use crate::ExecError;

/// What to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// What the user typed: a program and its arguments.
    Given {
        /// As typed; a name without `/` is looked for on the path.
        program: OsString,
        /// Everything after it.
        arguments: Vec<OsString>,
    },
    /// The user's own shell, without arguments: it is no log-in shell.
    Shell(OsString),
}

impl Command {
    /// The command that `words` name, or a shell when there are none.
    ///
    /// `shell` is the value of `$SHELL` (of `%COMSPEC%` on Windows); unset or empty, the system's
    /// standard shell stands in.
    pub fn chosen(words: Vec<OsString>, shell: Option<OsString>) -> Self {
        const STANDARD: &str = if cfg!(windows) { "cmd.exe" } else { "/bin/sh" };
        let mut words = words.into_iter();
        match words.next() {
            Some(program) => Self::Given { program, arguments: words.collect() },
            None => {
                let named = shell.filter(|shell| !shell.is_empty());
                Self::Shell(named.unwrap_or_else(|| STANDARD.into()))
            }
        }
    }

    /// The program as it was named.
    pub fn program(&self) -> &OsStr {
        match self {
            Self::Given { program, .. } => program,
            Self::Shell(program) => program,
        }
    }

    /// The argument vector, `argv[0]` as it was typed.
    pub fn argv(&self) -> Vec<OsString> {
        match self {
            Self::Given { program, arguments } => {
                std::iter::once(program).chain(arguments).cloned().collect()
            }
            Self::Shell(program) => vec![program.clone()],
        }
    }
}

/// Where `program` lies, by `execvp`'s rules and the *child's* `PATH`. Asking early costs nothing and
/// spares the user an MFA code spent on a misspelt command.
///
/// A name with a `/` is not searched for. An empty element of the path is the current
/// directory; without a path `/bin` and `/usr/bin` are searched. A directory, or a file that may not be
/// executed, is passed over, and reported as [`ExecError::NotExecutable`] only if nothing better
/// follows. Unlike `execvp`, a directory that may not be searched counts as empty.
#[cfg(unix)]
pub fn resolve(program: &OsStr, search_path: Option<&OsStr>) -> Result<PathBuf, ExecError> {
    use std::os::unix::ffi::OsStrExt;

    if program.as_bytes().contains(&b'/') {
        return at_path(program);
    }
    let not_found = || ExecError::NotFound { program: program.to_owned() };
    if program.is_empty() {
        return Err(not_found());
    }
    let mut refused = None;
    for directory in
        search_path.unwrap_or("/bin:/usr/bin".as_ref()).as_bytes().split(|b| *b == b':')
    {
        let directory = if directory.is_empty() { b"." } else { directory };
        let candidate = PathBuf::from(OsStr::from_bytes(directory)).join(program);
        match std::fs::metadata(&candidate) {
            Ok(found) if found.is_file() && may_execute(&candidate) => return Ok(candidate),
            Ok(_) => refused = refused.or(Some(candidate)),
            Err(_) => {}
        }
    }
    Err(refused.map_or_else(not_found, |path| ExecError::NotExecutable { path }))
}

/// A program named with its folder. What cannot be looked at is left to `execve` to judge.
#[cfg(unix)]
fn at_path(program: &OsStr) -> Result<PathBuf, ExecError> {
    let path = PathBuf::from(program);
    match std::fs::metadata(&path) {
        Ok(found) if found.is_file() && may_execute(&path) => Ok(path),
        Ok(_) => Err(ExecError::NotExecutable { path }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Err(ExecError::NotFound { program: program.to_owned() })
        }
        Err(_) => Ok(path),
    }
}

#[cfg(unix)]
fn may_execute(file: &std::path::Path) -> bool {
    use nix::fcntl::{AT_FDCWD, AtFlags};
    use nix::unistd::{AccessFlags, faccessat};
    faccessat(AT_FDCWD, file, AccessFlags::X_OK, AtFlags::AT_EACCESS).is_ok()
}

/// On Windows the system finds programs itself when it starts them.
#[cfg(not(unix))]
pub fn resolve(program: &OsStr, _search_path: Option<&OsStr>) -> Result<PathBuf, ExecError> {
    Ok(program.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_words_the_users_shell_is_run_and_without_that_the_standard_one() {
        let zsh = Command::chosen(vec![], Some("/bin/zsh".into()));
        assert_eq!(zsh, Command::Shell("/bin/zsh".into()));
        assert_eq!(zsh.argv(), ["/bin/zsh"]);
        for none in [None, Some(OsString::new())] {
            let standard = if cfg!(windows) { "cmd.exe" } else { "/bin/sh" };
            assert_eq!(Command::chosen(vec![], none).program(), standard);
        }
    }

    #[test]
    fn given_words_are_run_as_they_were_typed() {
        let command = Command::chosen(vec!["ls".into(), "-l".into()], Some("/bin/zsh".into()));
        assert_eq!(command.program(), "ls");
        assert_eq!(command.argv(), ["ls", "-l"]);
    }

    #[cfg(unix)]
    mod on_the_path {
        use super::super::*;
        use std::fs;
        use std::os::unix::fs::PermissionsExt;
        use std::path::Path;

        /// Directories `a` and `b`, each with the named files, executable when the name ends in `x`.
        fn world(files: &[&str]) -> tempfile::TempDir {
            let world = tempfile::tempdir().unwrap_or_else(|_| unreachable!());
            for directory in ["a", "b", "a/folder"] {
                let _ = fs::create_dir(world.path().join(directory));
            }
            for file in files {
                let file = world.path().join(file);
                let mode =
                    if file.as_os_str().as_encoded_bytes().ends_with(b"x") { 0o755 } else { 0o644 };
                let _ = fs::write(&file, "");
                let _ = fs::set_permissions(&file, fs::Permissions::from_mode(mode));
            }
            world
        }

        fn search(world: &Path, program: &str) -> Result<PathBuf, ExecError> {
            let path = format!("{0}/missing:{0}/a:{0}/b", world.display());
            resolve(program.as_ref(), Some(path.as_ref()))
        }

        #[test]
        fn the_first_executable_file_wins_past_files_that_are_none() {
            let world = world(&["a/onex", "b/onex", "a/two", "b/two"]);
            assert_eq!(search(world.path(), "onex").unwrap(), world.path().join("a/onex"));
            fs::set_permissions(world.path().join("b/two"), fs::Permissions::from_mode(0o755))
                .unwrap();
            assert_eq!(search(world.path(), "two").unwrap(), world.path().join("b/two"));
        }

        #[test]
        fn found_but_not_executable_and_not_found_are_two_answers() {
            let world = world(&["a/plain"]);
            for name in ["plain", "folder"] {
                let error = search(world.path(), name).unwrap_err();
                let expected = world.path().join("a").join(name);
                assert!(matches!(error, ExecError::NotExecutable { path } if path == expected));
            }
            for name in ["nothing", ""] {
                assert!(matches!(search(world.path(), name), Err(ExecError::NotFound { .. })));
            }
        }

        #[test]
        fn a_name_with_a_slash_is_judged_where_it_stands() {
            let search = |program| search(Path::new("/bin"), program);
            assert_eq!(search("/bin/sh").unwrap(), Path::new("/bin/sh"));
            assert!(matches!(search("./Cargo.toml"), Err(ExecError::NotExecutable { .. })));
            assert!(matches!(search("./src"), Err(ExecError::NotExecutable { .. })));
            assert!(matches!(search("./sh"), Err(ExecError::NotFound { .. })));
        }

        #[test]
        fn an_empty_element_is_the_current_directory() {
            // Tests run in the directory of the crate's manifest, which is no program.
            for path in ["", ":/missing", "/missing:", "/missing::/missing"] {
                let error = resolve("Cargo.toml".as_ref(), Some(path.as_ref())).unwrap_err();
                let found = Path::new("./Cargo.toml");
                assert!(
                    matches!(error, ExecError::NotExecutable { path } if path == found),
                    "{path}"
                );
            }
        }

        #[test]
        fn without_a_path_the_system_directories_are_searched() {
            let found = resolve("sh".as_ref(), None).unwrap();
            assert!(found == Path::new("/bin/sh") || found == Path::new("/usr/bin/sh"));
        }
    }
}
