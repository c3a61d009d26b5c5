//! Many processes, or threads, at one vault.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use super::super::FileStore;
use super::{Person, Place, TRIFLING};
use crate::testing::{
    AN_HOUR, another_process, installed, label, passes, possible, secret, text_of, variable,
};
use crate::{CacheGrade, SecretStore, UnlockCache};

const PROCESSES: u32 = 8;

fn named_vault() -> PathBuf {
    PathBuf::from(variable("KEYWARD_TEST_VAULT").unwrap())
}

#[test]
fn concurrent_writers_lose_nothing() {
    let place = Place::new();
    let writers: Vec<_> = (0..8)
        .map(|writer| {
            let store = place.open();
            thread::spawn(move || {
                for number in 0..20 {
                    store.put(&label(&format!("w{writer}-{number}")), &secret("x")).unwrap();
                }
            })
        })
        .collect();
    for writer in writers {
        writer.join().unwrap();
    }
    assert_eq!(place.open().labels().unwrap().len(), 160);
}

#[test]
fn concurrent_writing_processes_lose_nothing() {
    let place = Place::new();
    let children: Vec<_> = (0..4)
        .map(|writer| {
            another_process(&[], "file_store::tests::processes::inner_writer")
                .env("KEYWARD_TEST_VAULT", place.vault())
                .env("KEYWARD_TEST_NAME", writer.to_string())
                .stdout(Stdio::null())
                .spawn()
                .unwrap()
        })
        .collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(place.open().labels().unwrap().len(), 40);
}

#[test]
#[ignore = "started by concurrent_writing_processes_lose_nothing"]
fn inner_writer() {
    let name = variable("KEYWARD_TEST_NAME").unwrap();
    let (asked, interactive) = (Arc::new(AtomicU32::new(0)), true);
    let person = Person { types: Some("pass"), asked, interactive };
    let cache = UnlockCache::disabled();
    let store = FileStore::with_cost(named_vault(), Box::new(person), cache, TRIFLING);
    for number in 0..10 {
        store.put(&label(&format!("w{name}-{number}")), &secret("x")).unwrap();
        println!("stored {number}");
    }
}

#[test]
fn a_writer_killed_at_any_moment_loses_nothing_it_has_reported() {
    let place = Place::new();
    for round in 0..24_usize {
        let mut child = another_process(&[], "file_store::tests::processes::inner_writer")
            .env("KEYWARD_TEST_VAULT", place.vault())
            .env("KEYWARD_TEST_NAME", round.to_string())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let reports = output.lines().map_while(Result::ok).filter(|line| line.contains("stored "));
        let reported = reports.take(1 + round % 8).count();
        child.kill().unwrap();
        child.wait().unwrap();

        let labels = place.open().labels().unwrap();
        for number in 0..reported {
            assert!(labels.contains(&label(&format!("w{round}-{number}"))), "{round} {number}");
        }
    }
}

#[test]
fn of_many_processes_that_need_the_key_one_asks_for_the_passphrase() {
    if !installed(&["keyctl"]) {
        return;
    }
    let place = Place::new();
    place.open().put(&label("prod"), &secret("one")).unwrap();
    let outer = passes(
        another_process(
            &["keyctl", "session", "-"],
            "file_store::tests::processes::inner_session_of_readers",
        )
        .env("KEYWARD_TEST_VAULT", place.vault()),
    );
    assert!(outer.contains("asked 1 time(s)") || outer.contains("skipped"), "{outer}");
}

#[test]
#[ignore = "started by of_many_processes_that_need_the_key_one_asks_for_the_passphrase"]
fn inner_session_of_readers() {
    let grade = UnlockCache::new(String::new(), AN_HOUR, PathBuf::new()).grade();
    if !possible(grade == CacheGrade::LoginSession, "no kernel session keyring") {
        return;
    }
    let readers: Vec<_> = (0..PROCESSES)
        .map(|_| {
            another_process(&[], "file_store::tests::processes::inner_reader")
                .stdout(Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect();
    let asked: usize = readers
        .into_iter()
        .map(|reader| {
            let output = reader.wait_with_output().unwrap();
            assert!(output.status.success());
            String::from_utf8_lossy(&output.stdout).matches("passphrase asked").count()
        })
        .sum();
    println!("asked {asked} time(s)");
}

#[test]
#[ignore = "started by inner_session_of_readers"]
fn inner_reader() {
    let asked = Arc::new(AtomicU32::new(0));
    let person = Person { types: Some("pass"), asked: Arc::clone(&asked), interactive: true };
    let mask = named_vault().with_file_name("mask");
    let cache = UnlockCache::new(named_vault().display().to_string(), AN_HOUR, mask);
    let store = FileStore::with_cost(named_vault(), Box::new(person), cache, TRIFLING);
    assert_eq!(text_of(&store, "prod").unwrap(), "one");
    for _ in 0..asked.load(Ordering::SeqCst) {
        println!("passphrase asked");
    }
}
