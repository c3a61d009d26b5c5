//! Files, directories and locks, on the real file system.

use std::fs;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use super::*;

fn dir() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

fn names_in(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn reason(result: Result<impl std::fmt::Debug, FileError>) -> UnsafePath {
    match result.unwrap_err() {
        FileError::Unsafe { reason, .. } => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_file_is_written_read_and_replaced_and_nothing_is_left_beside_it() {
    let dir = dir();
    let path = dir.path().join("file");
    assert!(read_private(&path, 10).unwrap().is_none());
    write_private(&path, b"one").unwrap();
    write_private(&path, b"another").unwrap();
    assert_eq!(read_private(&path, 10).unwrap().unwrap(), b"another");
    assert_eq!(names_in(dir.path()), ["file"]);
}

#[test]
fn a_file_larger_than_its_limit_is_refused() {
    let dir = dir();
    let path = dir.path().join("file");
    write_private(&path, &[0; 11]).unwrap();
    for read in [read_private, read_trusted] {
        assert_eq!(read(&path, 11).unwrap().unwrap(), [0; 11]);
        assert!(matches!(read(&path, 10), Err(FileError::TooLarge { limit: 10, .. })));
    }
}

#[test]
fn a_failed_write_leaves_the_old_content_and_no_rubbish() {
    let dir = dir();
    let path = dir.path().join("file");
    fs::create_dir_all(path.join("in the way")).unwrap();
    assert!(matches!(write_private(&path, b"new"), Err(FileError::Io { .. })));
    assert_eq!(names_in(dir.path()), ["file"]);
    let nowhere = dir.path().join("missing/file");
    assert!(matches!(write_private(&nowhere, b"new"), Err(FileError::Io { .. })));
}

#[test]
fn a_changed_user_file_is_not_overwritten() {
    let dir = dir();
    let path = dir.path().join("config");
    fs::write(&path, "theirs").unwrap();
    for before in [None, Some(b"read earlier".as_slice())] {
        let refused = replace_file(&path, before, b"ours");
        assert!(matches!(refused, Err(FileError::ChangedMeanwhile { .. })), "{refused:?}");
    }
    assert_eq!(fs::read(&path).unwrap(), b"theirs");
    replace_file(&path, Some(b"theirs"), b"ours").unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"ours");
    fs::remove_file(&path).unwrap();
    assert!(matches!(
        replace_file(&path, Some(b"ours"), b"again"),
        Err(FileError::ChangedMeanwhile { .. })
    ));
    replace_file(&path, None, b"new").unwrap();
    assert_eq!(names_in(dir.path()), ["config"]);
}

#[test]
fn a_lock_is_held_by_one_at_a_time() {
    let dir = dir();
    let path = dir.path().join("lock");
    let held = LockFile::acquire(&path).unwrap();
    assert!(!held.waited());
    assert!(LockFile::try_acquire(&path).unwrap().is_none());
    drop(held);
    assert!(LockFile::try_acquire(&path).unwrap().is_some());
    assert!(path.exists());
}

#[test]
fn somebody_who_waits_is_told_once_and_knows_afterwards() {
    let dir = dir();
    let path = dir.path().join("lock");
    let held = LockFile::acquire(&path).unwrap();
    let (announced, hears) = std::sync::mpsc::channel();
    let waiting = thread::spawn(move || {
        let told = AtomicU32::new(0);
        let lock = LockFile::acquire_or(&path, Duration::from_millis(1), || {
            told.fetch_add(1, Ordering::SeqCst);
            announced.send(()).unwrap();
        });
        (lock.unwrap().waited(), told.load(Ordering::SeqCst))
    });
    hears.recv().unwrap();
    drop(held);
    assert_eq!(waiting.join().unwrap(), (true, 1));
}

#[test]
fn nobody_is_told_when_there_was_nothing_to_wait_for() {
    let dir = dir();
    let path = dir.path().join("lock");
    let lock = LockFile::acquire_or(&path, Duration::ZERO, || panic!("nobody waits")).unwrap();
    assert!(!lock.waited());
}

#[cfg(unix)]
mod on_unix {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, lchown, symlink};

    use super::*;
    use crate::testing::possible;

    const SOMEBODY_ELSE: u32 = 12_345;

    fn mode(path: &Path) -> u32 {
        fs::symlink_metadata(path).unwrap().mode() & 0o7777
    }

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    /// Giving files away needs the administrator; tests that do are only complete when run as such.
    fn administrator() -> bool {
        let is = nix::unistd::geteuid().is_root();
        if !is {
            println!("skipped: only the administrator can give files away");
        }
        is
    }

    #[test]
    fn what_we_create_is_for_us_alone() {
        let dir = dir();
        let ours = dir.path().join("a/b");
        private_dir(&ours).unwrap();
        private_dir(&ours).unwrap();
        assert_eq!((mode(&dir.path().join("a")), mode(&ours)), (0o700, 0o700));
        write_private(&ours.join("file"), b"x").unwrap();
        assert_eq!(mode(&ours.join("file")), 0o600);
        LockFile::acquire(&ours.join("lock")).unwrap();
        assert_eq!(mode(&ours.join("lock")), 0o600);
    }

    #[test]
    fn a_directory_that_others_can_write_to_is_refused() {
        let dir = dir();
        for open in [0o770, 0o707, 0o1777] {
            set_mode(dir.path(), open);
            let refused = reason(private_dir(dir.path()));
            assert_eq!(refused, UnsafePath::WritableByOthers { mode: open });
        }
        set_mode(dir.path(), 0o755);
        private_dir(dir.path()).unwrap();
    }

    #[test]
    fn a_planted_link_file_or_pipe_is_refused() {
        let dir = dir();
        let (planted, target) = (dir.path().join("planted"), dir.path().join("target"));
        fs::create_dir(&target).unwrap();
        symlink(&target, &planted).unwrap();
        assert_eq!(reason(private_dir(&planted)), UnsafePath::SymbolicLink);
        fs::remove_file(&planted).unwrap();
        fs::write(&planted, "").unwrap();
        assert_eq!(reason(private_dir(&planted)), UnsafePath::NotADirectory);
        fs::remove_file(&planted).unwrap();

        fs::write(target.join("file"), "x").unwrap();
        symlink(target.join("file"), &planted).unwrap();
        assert_eq!(reason(read_private(&planted, 10)), UnsafePath::SymbolicLink);
        assert_eq!(reason(LockFile::acquire(&planted)), UnsafePath::SymbolicLink);
        write_private(&planted, b"new").unwrap();
        assert_eq!(fs::read(target.join("file")).unwrap(), b"x");
        assert!(!planted.is_symlink());
        fs::remove_file(&planted).unwrap();

        nix::unistd::mkfifo(&planted, nix::sys::stat::Mode::S_IRWXU).unwrap();
        assert_eq!(reason(read_private(&planted, 10)), UnsafePath::NotAFile);
        assert_eq!(reason(read_private(&target, 10)), UnsafePath::NotAFile);
    }

    #[test]
    fn what_belongs_to_somebody_else_is_refused() {
        if !administrator() {
            return;
        }
        let dir = dir();
        let (file, planted) = (dir.path().join("file"), dir.path().join("planted"));
        write_private(&file, b"x").unwrap();
        chown(&file, Some(SOMEBODY_ELSE), None).unwrap();
        let foreign = UnsafePath::ForeignOwner { uid: SOMEBODY_ELSE };
        assert_eq!(reason(read_private(&file, 10)), foreign);
        symlink(&file, &planted).unwrap();
        lchown(&planted, Some(SOMEBODY_ELSE), None).unwrap();
        let refused = reason(replace_file(&planted, Some(b"x"), b"y"));
        assert_eq!(refused, UnsafePath::ForeignLink { uid: SOMEBODY_ELSE });
        chown(dir.path(), Some(SOMEBODY_ELSE), None).unwrap();
        assert_eq!(reason(private_dir(dir.path())), foreign);
    }

    #[test]
    fn a_users_file_is_read_through_links_and_a_missing_one_is_none() {
        let dir = dir();
        let (real, link) = (dir.path().join("real"), dir.path().join("link"));
        symlink("hop", &link).unwrap();
        symlink("real", dir.path().join("hop")).unwrap();
        assert!(read_trusted(&real, 10).unwrap().is_none());
        assert!(read_trusted(&link, 10).unwrap().is_none());
        fs::write(&real, "content").unwrap();
        for mode in [0o400, 0o600, 0o644, 0o664, 0o660] {
            set_mode(&real, mode);
            assert_eq!(read_trusted(&link, 10).unwrap().unwrap(), b"content");
        }
        let (a, b) = (dir.path().join("a"), dir.path().join("b"));
        symlink(&a, &b).unwrap();
        symlink(&b, &a).unwrap();
        assert!(matches!(read_trusted(&a, 10), Err(FileError::Io { .. })));
    }

    #[test]
    fn a_users_file_that_everybody_may_write_to_is_refused_behind_a_link_too() {
        let dir = dir();
        let (real, link) = (dir.path().join("real"), dir.path().join("link"));
        fs::write(&real, "content").unwrap();
        symlink(&real, &link).unwrap();
        for open in [0o602, 0o666] {
            set_mode(&real, open);
            for path in [&real, &link] {
                let refused = reason(read_trusted(path, 10));
                assert_eq!(refused, UnsafePath::WritableByOthers { mode: open });
            }
        }
    }

    #[test]
    fn a_users_file_is_a_regular_one_and_nobody_waits_on_a_pipe() {
        let dir = dir();
        let (pipe, link) = (dir.path().join("pipe"), dir.path().join("link"));
        nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
        symlink(&pipe, &link).unwrap();
        for path in [&pipe, &link, &dir.path().to_owned(), &"/dev/null".into()] {
            assert_eq!(reason(read_trusted(path, 10)), UnsafePath::NotAFile, "{path:?}");
        }
    }

    #[test]
    fn a_users_file_belongs_to_the_user_or_the_administrator() {
        read_trusted(Path::new("/etc/passwd"), 1 << 20).unwrap().unwrap();
        if !administrator() {
            return;
        }
        let dir = dir();
        let (real, link) = (dir.path().join("real"), dir.path().join("link"));
        fs::write(&real, "content").unwrap();
        symlink(&real, &link).unwrap();
        lchown(&link, Some(SOMEBODY_ELSE), None).unwrap();
        assert_eq!(read_trusted(&link, 10).unwrap().unwrap(), b"content");
        chown(&real, Some(SOMEBODY_ELSE), None).unwrap();
        for path in [&real, &link] {
            let refused = reason(read_trusted(path, 10));
            assert_eq!(refused, UnsafePath::ForeignOwner { uid: SOMEBODY_ELSE });
        }
    }

    #[test]
    fn a_users_link_mode_and_owner_survive_an_edit() {
        let dir = dir();
        let (real, link) = (dir.path().join("dotfiles/config"), dir.path().join("config"));
        fs::create_dir(dir.path().join("dotfiles")).unwrap();
        fs::write(&real, "before").unwrap();
        set_mode(&real, 0o640);
        if administrator() {
            chown(&real, Some(SOMEBODY_ELSE), Some(SOMEBODY_ELSE)).unwrap();
        }
        let owner = fs::metadata(&real).unwrap().uid();
        symlink("dotfiles/./hop", &link).unwrap();
        symlink("config", dir.path().join("dotfiles/hop")).unwrap();

        replace_file(&link, Some(b"before"), b"after").unwrap();

        assert!(link.is_symlink() && dir.path().join("dotfiles/hop").is_symlink());
        assert_eq!(fs::read(&real).unwrap(), b"after");
        let kept = fs::metadata(&real).unwrap();
        assert_eq!((kept.uid(), kept.mode() & 0o7777), (owner, 0o640));
    }

    #[test]
    fn a_link_to_nowhere_yet_gets_its_file_and_a_circle_is_refused() {
        let dir = dir();
        let link = dir.path().join("config");
        symlink("not yet", &link).unwrap();
        replace_file(&link, None, b"new").unwrap();
        assert_eq!(fs::read(dir.path().join("not yet")).unwrap(), b"new");
        let (a, b) = (dir.path().join("a"), dir.path().join("b"));
        symlink(&a, &b).unwrap();
        symlink(&b, &a).unwrap();
        assert!(matches!(replace_file(&a, None, b"x"), Err(FileError::Io { .. })));
    }

    #[test]
    fn a_full_disk_leaves_the_old_file_as_it_was() {
        let dir = dir();
        let mounted = std::process::Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=64k,mode=700", "tmpfs"])
            .arg(dir.path())
            .output()
            .is_ok_and(|output| output.status.success());
        if !possible(mounted, "no small file system can be mounted here") {
            return;
        }
        let path = dir.path().join("file");
        write_private(&path, b"old").unwrap();
        let refused = write_private(&path, &[1; 128 << 10]);
        let (content, names) = (fs::read(&path).unwrap(), names_in(dir.path()));
        std::process::Command::new("umount").arg(dir.path()).status().unwrap();
        assert!(
            matches!(&refused, Err(FileError::Io { source, .. }) if source.kind() == io::ErrorKind::StorageFull),
            "{refused:?}"
        );
        assert_eq!((content.as_slice(), names), (b"old".as_slice(), vec!["file".to_owned()]));
    }
}
