//! The result for a delivery that is genuine.

use alloc::{string::String, vec::Vec};
use core::time::Duration;

/// A delivery that is genuine and fresh.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The id that is the same when a delivery is repeated, if the scheme has one.
    pub event_id: Option<String>,
    /// The type of the event, if the scheme says where it stands and there is one. All items of a batch must have it.
    pub event_type: Option<String>,
    /// The time of signing since 1970-01-01T00:00:00Z, if the scheme has one.
    pub timestamp: Option<Duration>,
    /// The index of the secret that matched; the first one if several did.
    pub secret_index: usize,
    /// Whether the signature covers the whole body ([`Scheme::body_authenticated`](crate::Scheme::body_authenticated)).
    pub body_authenticated: bool,
    /// The keys by which the delivery is recognised when it comes again: one for each signed item, sorted. Empty if
    /// [`Options::replay_keys`](crate::Options::replay_keys) is off.
    pub replay_keys: Vec<ReplayKey>,
}

/// The texts by which an item of a delivery is recognised when it comes again. Each has 43 characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReplayKey {
    /// Made from the sender's id of the event and the item's bytes, so a delivery that the sender repeats has the same
    /// one. `None` if the sender gave no id.
    ///
    /// If the id is signed but the body is not wholly covered, it is made from the id alone, since anybody can change
    /// such a body.
    pub id: Option<String>,
    /// Made from the signed message: whoever repeats the delivery can't change it. Without a signed message it is made
    /// from the item's bytes. `None` if the id is signed ([`Scheme::event_id_signed`](crate::Scheme::event_id_signed)),
    /// since `id` then serves.
    pub signed: Option<String>,
    /// Made from the item's bytes. Two genuine events may have the same one.
    pub bytes: String,
}

impl ReplayKey {
    /// The key by which the sender's own repeats are told apart from new events, as far as that is possible.
    #[must_use]
    pub fn of_sender(&self) -> &str {
        self.id.as_deref().or(self.signed.as_deref()).unwrap_or(&self.bytes)
    }
}
