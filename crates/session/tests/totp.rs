//! Codes from a stored seed: the right ones, each once, and a wait instead of a second use.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use keyward_creds::{MfaCode, MfaSerial, Secret, Timestamp};
use keyward_session::ask::{AskError, Clock, Notice, Person};
use keyward_session::source::totp::{check_seed, next_code};

/// RFC 6238's test seed, `12345678901234567890`.
const SEED: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

/// A clock that a wait moves.
struct Watch(Cell<Timestamp>);

impl Watch {
    fn at(second: i64) -> Self {
        Self(Cell::new(Timestamp::from_second(second).expect("a time")))
    }
}

impl Clock for Watch {
    fn now(&self) -> Timestamp {
        self.0.get()
    }
    fn sleep(&self, duration: Duration) {
        self.0.set(self.0.get().checked_add(duration).expect("a time"));
    }
}

/// A person who is told things and never asked.
#[derive(Default)]
struct Listener(RefCell<Vec<Notice>>);

impl Person for Listener {
    fn mfa_code(&self, _: &MfaSerial) -> Result<Option<MfaCode>, AskError> {
        panic!("nobody is asked for a code that a seed gives")
    }
    fn notice(&self, notice: Notice) {
        self.0.borrow_mut().push(notice);
    }
}

fn code(folder: &tempfile::TempDir, watch: &Watch, listener: &Listener) -> String {
    let serial = "arn:aws:iam::111111111111:mfa/me".parse().expect("a serial");
    let seed = Secret::new(SEED.to_owned());
    let code = next_code(&seed, &serial, &folder.path().join("totp"), watch, listener);
    code.expect("a code").expose().to_owned()
}

#[test]
fn codes_are_those_of_rfc_6238() {
    // The last six of the RFC's eight digits.
    for (second, expected) in
        [(59, "287082"), (1_111_111_109, "081804"), (20_000_000_000, "353130")]
    {
        let folder = tempfile::tempdir().expect("a folder");
        assert_eq!(code(&folder, &Watch::at(second), &Listener::default()), expected);
    }
}

#[test]
fn a_code_is_used_once_and_the_next_one_is_waited_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let (watch, listener) = (Watch::at(1000), Listener::default());
    let first = code(&folder, &watch, &listener);
    assert_eq!(watch.now().as_second(), 1000, "the first is had at once");
    let second = code(&folder, &watch, &listener);
    assert_ne!(first, second);
    assert_eq!(watch.now().as_second(), 1020, "the second when its time has come");
    let wait = Duration::from_secs(20);
    assert_eq!(*listener.0.borrow(), [Notice::WaitingForNextCode { wait }]);
}

#[test]
fn a_note_from_a_clock_that_was_years_ahead_blocks_nobody() {
    let folder = tempfile::tempdir().expect("a folder");
    code(&folder, &Watch::at(4_000_000_000), &Listener::default());
    let watch = Watch::at(1000);
    code(&folder, &watch, &Listener::default());
    assert_eq!(watch.now().as_second(), 1000);
}

#[test]
fn seeds_are_taken_as_people_paste_them() {
    let checked =
        |text: &str| check_seed(&Secret::new(text.to_owned())).map(|s| s.expose().to_owned());
    for text in [
        SEED,
        "gezd gnbv gy3t qojq gezd gnbv gy3t qojq",
        " GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ==\n",
        "otpauth://totp/AWS:me?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=AWS",
    ] {
        assert_eq!(checked(text).as_deref(), Some(SEED), "{text}");
    }
    for text in ["", "not base32!", "GEZD", "otpauth://totp/AWS:me?issuer=AWS", "123456"] {
        assert_eq!(checked(text), None, "{text}");
    }
}
