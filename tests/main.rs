//! End-to-end tests: the built `keyward`, in a world of our own, against a fake AWS that refuses what AWS
//! refuses. Every run searches arguments, output and files for the secrets planted in it.

#![expect(clippy::unwrap_used, reason = "a test may fail where it stands")]

/// The worlds that scenarios start from, and what real parts they need.
mod common;

/// `add`: storing keys, checking them, completing the config file.
mod add;
/// What AWS refuses, and how it is told.
mod aws_refusals;
/// Deleting sessions and keys, and locking.
mod clear_remove_lock;
/// Scripts, and profile names that complete themselves.
mod completions;
/// Configuration mistakes, each with its place.
mod config_mistakes;
/// `exec`: the walk from key to command, cache, plan, environment, exit codes.
mod exec;
/// `export`: formats, quoting, the credential_process contract.
mod export;
/// Help, version, usage.
mod help;
/// `list` as table and as JSON.
mod list;
/// A hundred processes at once.
mod many_at_once;
/// TLS, CA bundles, proxies, end points.
mod network;
/// The AWS CLI and boto3, as the command and as callers; moto and ministack as AWS.
mod real_clients;
/// gnome-keyring and pass as the store.
mod real_stores;
/// Prompts on a real terminal: echo, Ctrl-C, hidden input.
mod terminal;
/// The vault file: passphrases, damage, full and read-only disks.
mod vault_file;
