//! The result for a delivery that is genuine.

use alloc::{string::String, vec::Vec};
use core::time::Duration;

/// A delivery that is genuine and fresh.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The id that is the same when a delivery is repeated, if the scheme has one.
    pub event_id: Option<String>,
    /// The time of signing since 1970-01-01T00:00:00Z, if the scheme has one.
    pub timestamp: Option<Duration>,
    /// The index of the secret that matched; the first one if several did.
    pub secret_index: usize,
    /// Whether the signature covers the whole body ([`Scheme::body_authenticated`](crate::Scheme::body_authenticated)).
    pub body_authenticated: bool,
    /// Texts to remember, so that a repeated delivery is recognised: one of 43 characters for each signed item. A key
    /// is made from the event id if only the sender can change it
    /// ([`Scheme::event_id_signed`](crate::Scheme::event_id_signed)), otherwise from the signed message. If no message
    /// is signed, it is made from the id.
    ///
    /// A delivery is new if any of its keys is new. In a batch, the items whose keys are known are repeats. The list is
    /// empty if there is neither a message nor an id, or if [`Options::replay_keys`](crate::Options::replay_keys) is
    /// off.
    pub replay_keys: Vec<String>,
}
