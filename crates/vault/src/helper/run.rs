//! Running a helper within bounds of time and size.

use std::io::{self, Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use keyward_creds::SecretBytes;
use zeroize::{Zeroize, Zeroizing};

use super::HelperStore;
use crate::HelperFault;

/// How long a helper may take. Long, because it may ask its own person.
const ANSWER_WITHIN: Duration = Duration::from_secs(120);
/// The largest reply.
const LARGEST_REPLY: usize = 1 << 20;
/// How often a helper that has answered is looked at until it has ended.
const LOOK_AGAIN: Duration = Duration::from_millis(1);

/// Starts the helper, hands it `request` and gives back its reply. Its error output goes to the person.
pub(super) fn helper(store: &HelperStore, request: &[u8]) -> Result<SecretBytes, HelperFault> {
    helper_within(store, request, ANSWER_WITHIN)
}

pub(super) fn helper_within(
    store: &HelperStore,
    request: &[u8],
    limit: Duration,
) -> Result<SecretBytes, HelperFault> {
    #[expect(clippy::disallowed_methods, reason = "measures its own waiting")]
    let deadline = Instant::now() + limit;
    let mut child = Ended(start(store)?);
    hand_over(&mut child.0, request)?;
    let reply = collect(&mut child.0)?;
    let left = || {
        #[expect(clippy::disallowed_methods, reason = "measures its own waiting")]
        deadline.saturating_duration_since(Instant::now())
    };
    let reply = match reply.recv_timeout(left()) {
        Ok(reply) => reply?,
        Err(_) => return Err(HelperFault::TimedOut(limit)),
    };
    let status = loop {
        match child.0.try_wait().map_err(HelperFault::NotStarted)? {
            Some(status) => break status,
            None if left().is_zero() => return Err(HelperFault::TimedOut(limit)),
            None => thread::sleep(LOOK_AGAIN),
        }
    };
    judge(status, reply)
}

/// A helper that fails may still say why in a reply; without one its exit code is all there is.
fn judge(status: ExitStatus, reply: SecretBytes) -> Result<SecretBytes, HelperFault> {
    if status.success() {
        return Ok(reply);
    }
    match super::protocol::read(&reply) {
        Err(refused @ HelperFault::Refused(_)) => Err(refused),
        _ => Err(HelperFault::Exited(status.code())),
    }
}

fn start(store: &HelperStore) -> Result<Child, HelperFault> {
    Command::new(&store.program)
        .args(&store.arguments)
        .env_clear()
        .envs(store.environment.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => HelperFault::NotFound,
            _ => HelperFault::NotStarted(error),
        })
}

/// Writes the request on a thread, so that a helper that does not read cannot hold us up. One that ends
/// without reading is judged by its reply.
fn hand_over(child: &mut Child, request: &[u8]) -> Result<(), HelperFault> {
    let input = child.stdin.take();
    let request = Zeroizing::new(request.to_vec());
    thread::Builder::new()
        .spawn(move || {
            if let Some(mut input) = input {
                let _ = input.write_all(&request);
            }
        })
        .map_err(HelperFault::NotStarted)?;
    Ok(())
}

type Collected = Result<SecretBytes, HelperFault>;

/// Reads the reply on a thread: up to its end, or to the limit.
fn collect(child: &mut Child) -> Result<Receiver<Collected>, HelperFault> {
    let output = child.stdout.take();
    let (result, reply) = mpsc::channel();
    thread::Builder::new()
        .spawn(move || {
            let read = output
                .map_or(Ok(SecretBytes::new(Vec::new())), |mut output| read_bounded(&mut output));
            let _ = result.send(read);
        })
        .map_err(HelperFault::NotStarted)?;
    Ok(reply)
}

fn read_bounded(output: &mut impl Read) -> Collected {
    let mut reply = crate::vault::WipedBuffer::default();
    let mut length = 0;
    let mut piece = Zeroizing::new([0; 4096]);
    loop {
        match output.read(piece.as_mut()) {
            Ok(0) => return Ok(reply.into_bytes()),
            Ok(count) => {
                length += count;
                if length > LARGEST_REPLY {
                    return Err(HelperFault::ReplyTooLarge(LARGEST_REPLY));
                }
                reply.write_all(&piece[..count]).map_err(HelperFault::NotStarted)?;
                piece.zeroize();
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(HelperFault::NotStarted(error)),
        }
    }
}

/// A child that does not outlive our interest in it.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        // It has usually ended already; then there is nothing to kill and the wait returns at once.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
