use std::fs;

use keyward_testkit::{Outcome, Signal};

use super::{lock, vault_of};
use crate::common::{World, real};

const BINARY: &str = env!("CARGO_BIN_EXE_keyward");
/// Puts the home directory on a small file system of its own, which goes when the script ends.
const SMALL_HOME: &str = "set -e; mkdir $TMPDIR/home; cp -a $HOME/. $TMPDIR/home; \
    mount -t tmpfs -o size=512k,mode=700 none $HOME; cp -a $TMPDIR/home/. $HOME; cd $HOME; set +e\n";
const FULL: &str = "dd if=/dev/zero of=$HOME/filler bs=4k 2>/dev/null; : >$HOME/empty\n";
const READ_ONLY: &str = "mount -o remount,ro none $HOME || exit 99\n";
/// Every file of ours is as it was.
const UNCHANGED: &str =
    "diff -r -x keyward-filler -x filler -x empty -x locks $TMPDIR/home $HOME && echo unchanged\n";

/// Runs a script of `KEYWARD …` lines in a namespace where we may mount.
fn in_namespace(world: &World, script: &str) -> Outcome {
    let script = format!("{SMALL_HOME}{script}");
    let shell = world.sandbox.program("unshare", ["-rm", "sh", "-c", &script]);
    let second = world.alice.access_key();
    let shell = shell.env("KEYWARD", BINARY).env("NEW_ID", second.id());
    shell.stdin(second.secret()).run()
}

/// The lines that add a key, on standard output what became of it.
const ADD: &str = "read -r secret; printf '%s\\n%s\\n' $NEW_ID $secret | \
    $KEYWARD add second --no-verify; echo add $?\n";

#[test]
fn a_full_disk_leaves_the_old_vault_and_says_so() {
    if !real::has_namespaces() {
        return;
    }
    let world = World::without_mfa().stored();
    let remove = "$KEYWARD remove --force base; echo remove $?\n";
    let run = in_namespace(&world, &[FULL, ADD, remove, UNCHANGED].concat());
    run.success().stdout_is("add 125\nremove 125\nunchanged\n");
    let vault = "error: [HOME]/.local/share/keyward/vault";
    let complaints = run.whole().matches("No space left on device").count();
    assert_eq!(complaints, 2, "{}", run.whole());
    run.stderr_has(vault).stderr_has("hint: nothing was changed; mend this and try again");
}

#[test]
fn a_read_only_home_leaves_the_old_vault_and_says_so() {
    if !real::has_namespaces() {
        return;
    }
    let world = World::without_mfa().stored();
    let remove = "$KEYWARD remove --force base; echo remove $?\n";
    let run = in_namespace(&world, &[READ_ONLY, ADD, remove, UNCHANGED].concat());
    run.success().stdout_is("add 125\nremove 125\nunchanged\n");
    let complaints = run.whole().matches("Read-only file system").count();
    assert_eq!(complaints, 2, "{}", run.whole());
    run.stderr_has("hint: nothing was changed; mend this and try again");
}

#[test]
fn a_cached_session_is_served_from_a_disk_that_takes_nothing() {
    if !real::has_namespaces() {
        return;
    }
    let world = World::without_mfa().stored();
    world.sandbox.run(["exec", "deploy", "--", "true"]).success();
    world.aws.forget_calls();
    let exec = "$KEYWARD exec deploy -- true; echo exec $?\n\
        $KEYWARD list --sessions | cut -d' ' -f1\n\
        $KEYWARD lock; $KEYWARD exec deploy -- true; echo locked exec $?\n";
    for disk in [READ_ONLY, FULL] {
        let run = in_namespace(&world, &[disk, exec].concat());
        run.success().stdout_is("exec 0\ndeploy\nlocked exec 0\n");
        assert_eq!(world.calls(), [""; 0], "{}", run.whole());
        fs::remove_dir_all(world.sandbox.root().join("tmp/home")).unwrap();
    }
}

#[test]
fn a_file_that_may_not_grow_is_never_half_a_vault() {
    let world = World::without_mfa().stored();
    lock(&world.sandbox);
    let vault = vault_of(&world.sandbox);
    let before = fs::read(&vault).unwrap();
    let second = world.alice.access_key();
    let adding = |first: &str| {
        let script = format!("{first}; ulimit -f 0; exec {BINARY} add second --no-verify");
        let shell = world.sandbox.program("sh", ["-c", &script]);
        shell.stdin(format!("{}\n{}\n", second.id(), second.secret())).run()
    };
    // The limit's own signal kills us in the middle of writing.
    adding(":").killed_by(Signal::SIGXFSZ);
    assert_eq!(fs::read(&vault).unwrap(), before);
    // Ignored, it makes writing fail.
    adding("trap '' XFSZ").exits(125).stderr_has("File too large");
    assert_eq!(fs::read(&vault).unwrap(), before);
    world.sandbox.run(["list", "--credentials"]).success().stdout_is("base\n");
}
