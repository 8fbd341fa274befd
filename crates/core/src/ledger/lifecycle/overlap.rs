//! The overlap of a rotation, and the end that it sets.

use serde::{Deserialize, Serialize};

use crate::base::timestamp::Timestamp;

/// When the old key ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Overlap {
    /// At once: it is revoked.
    None,
    /// This many milliseconds after the rotation.
    FromRotation(i64),
    /// After the successor's first use.
    FromFirstUse {
        /// This many milliseconds after it,
        overlap_ms: i64,
        /// and at the latest this many after the rotation.
        latest_ms: i64,
    },
}

/// The end of a key that was replaced, while it is ahead. When it comes is the
/// record's expiry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingEnd {
    /// When the key was rotated.
    pub rotated_at: Timestamp,
    /// The overlap, milliseconds.
    pub overlap_ms: i64,
    /// When the overlap began; `None` while it awaits the successor's first use.
    pub begun_at: Option<Timestamp>,
    /// The expiry that the key has of its own, and gets back if the end is cancelled.
    pub own_expiry: Option<Timestamp>,
}
