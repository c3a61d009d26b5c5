//! Systems whose kernel holds no keys for us.

use std::path::Path;

use super::{CacheGrade, UnlockPolicy};
use crate::sealed::SealKey;

pub(super) fn get(_: &str, _: UnlockPolicy, _: &Path) -> Option<SealKey> {
    None
}

pub(super) fn put(_: &str, _: &SealKey, _: UnlockPolicy, _: &Path) -> bool {
    false
}

pub(super) fn forget(_: &str) -> bool {
    false
}

pub(super) fn grade() -> CacheGrade {
    CacheGrade::Unavailable
}
