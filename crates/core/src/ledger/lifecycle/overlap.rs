//! The overlap of a rotation, and the end that it sets.

use serde::{Deserialize, Serialize};

use crate::base::timestamp::Timestamp;

/// The overlap of a rotation. It sets the end of the old key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Overlap {
    /// No overlap: the old key is revoked at once.
    None,
    /// The old key ends this many milliseconds after the rotation.
    FromRotation(i64),
    /// The old key ends some time after the successor's first use.
    FromFirstUse {
        /// Milliseconds from the first use to the end.
        overlap_ms: i64,
        /// Milliseconds from the rotation to the latest end.
        latest_ms: i64,
    },
}

/// The end of a key that was replaced, while it is in the future. Its time is the record's expiry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingEnd {
    /// The time of the rotation.
    pub rotated_at: Timestamp,
    /// The overlap, milliseconds.
    pub overlap_ms: i64,
    /// The beginning of the overlap; `None` until the successor is used for the first time.
    pub begun_at: Option<Timestamp>,
    /// The key's own expiry, restored if the end is cancelled.
    pub own_expiry: Option<Timestamp>,
}
