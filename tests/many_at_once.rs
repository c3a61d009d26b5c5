use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;

use crate::common::{DEPLOY_CALLER, PASSPHRASE, World, whoami};

const MANY: usize = 100;

#[test]
fn a_hundred_processes_on_a_cold_cache_use_one_code_and_one_session() {
    let world = World::with_mfa().stored_with_seed();
    world.sandbox.run(["lock"]).success();
    let running: Vec<_> =
        (0..MANY).map(|_| world.sandbox.spawn(["exec", "deploy", "--", "true"])).collect();
    for process in running {
        process.wait().success();
    }
    assert_eq!(world.calls(), ["GetSessionToken", "AssumeRole"]);
}

#[test]
fn a_hundred_processes_ask_for_the_passphrase_once() {
    let world = World::without_mfa().stored();
    world.sandbox.run(["lock"]).success();
    let count = world.sandbox.write("asked", "");
    let command = world.sandbox.write(
        "print-passphrase",
        format!("#!/bin/sh\necho once >> {}\necho '{PASSPHRASE}'\n", count.display()),
    );
    world.sandbox.may_hold_secrets(&command);
    std::fs::set_permissions(&command, Permissions::from_mode(0o700)).unwrap();
    let settings = format!("passphrase_command = [{:?}]\n", command.display().to_string());
    let folder = world.sandbox.home().join(".config/keyward");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("config.toml"), settings).unwrap();
    let start = || {
        let exec = world.sandbox.keyward(["exec", "base", "--", "true"]);
        exec.without_env("KEYWARD_PASSPHRASE_FILE").spawn()
    };
    let running: Vec<_> = (0..MANY).map(|_| start()).collect();
    for process in running {
        process.wait().success();
    }
    assert_eq!(std::fs::read_to_string(&count).unwrap(), "once\n");
}

#[test]
fn what_they_share_is_what_each_of_them_gets() {
    let world = World::with_mfa().stored_with_seed();
    let running: Vec<_> =
        (0..5).map(|_| world.sandbox.spawn(["exec", "deploy", "--", whoami()])).collect();
    for process in running {
        let run = process.wait();
        run.success();
        assert!(run.stdout.starts_with(DEPLOY_CALLER), "{}", run.stdout);
    }
    assert_eq!(world.aws.calls_of(keyward_testkit::Action::AssumeRole).len(), 1);
}

#[test]
fn when_the_one_that_mints_is_killed_another_takes_its_turn() {
    let world = World::without_mfa().stored();
    let stall = keyward_testkit::Fault::StallForever;
    let stalling = world.aws.fault(keyward_testkit::Action::GetSessionToken, stall);
    stalling.always();
    let first = world.sandbox.spawn(["exec", "base", "--", "true"]);
    wait_for_a_lock(&world.sandbox.home().join(".local/state/keyward/locks"));
    let waiting: Vec<_> =
        (0..5).map(|_| world.sandbox.spawn(["exec", "base", "--", "true"])).collect();
    for process in &waiting {
        process.shows_on_stderr("another process is getting a session for base");
    }
    stalling.never_again();
    first.signal(keyward_testkit::Signal::SIGKILL);
    first.wait().killed_by(keyward_testkit::Signal::SIGKILL);
    for process in waiting {
        process.wait().success();
    }
    let answered = world.aws.calls().iter().filter(|call| call.succeeded()).count();
    assert_eq!(answered, 1, "one of those that waited mints for all");
}

#[test]
fn a_refusal_is_shared_by_those_that_waited_for_it() {
    let world = World::with_mfa().stored_with_seed();
    let deny = keyward_testkit::Fault::Deny;
    world.aws.fault(keyward_testkit::Action::GetSessionToken, deny).always();
    let running: Vec<_> =
        (0..20).map(|_| world.sandbox.spawn(["exec", "base", "--", "true"])).collect();
    for process in running {
        process.wait().exits(119);
    }
    // Whoever came too late to wait may have tried again; that each of them did would be the fault.
    assert!(world.calls().len() < 10, "{:?}", world.calls());
}

/// Returns once a process has taken its turn at a session.
#[expect(clippy::disallowed_methods, reason = "measures its own waiting")]
fn wait_for_a_lock(folder: &std::path::Path) {
    let started = std::time::Instant::now();
    let is_a_hop_s = |name: std::ffi::OsString| name.len() > "keys.lock".len();
    let taken = || {
        let items = std::fs::read_dir(folder).into_iter().flatten().flatten();
        items.map(|item| item.file_name()).any(is_a_hop_s)
    };
    while !taken() {
        assert!(started.elapsed().as_secs() < 60, "nobody took a lock in {}", folder.display());
        std::thread::yield_now();
    }
}
