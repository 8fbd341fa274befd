//! The outcome of a delivery that is genuine.

use alloc::{string::String, vec::Vec};
use core::time::Duration;

/// A delivery that is genuine and fresh.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The id that a repeated delivery repeats, if the scheme has one.
    pub event_id: Option<String>,
    /// The time of signing since 1970-01-01T00:00:00Z, if the scheme has one.
    pub timestamp: Option<Duration>,
    /// The index of the secret that matched; of several the first.
    pub secret_index: usize,
    /// Whether the signature covers the whole body
    /// ([`Scheme::body_authenticated`](crate::Scheme::body_authenticated)).
    pub body_authenticated: bool,
    /// Texts to remember, so that a repeated delivery is recognised: one of 43
    /// characters for each signed item. A key is made of the event id where only the
    /// sender can change it ([`Scheme::event_id_signed`](crate::Scheme::event_id_signed)),
    /// else of the signed message. Where no message is signed it is made of the id.
    ///
    /// A delivery is new if any of its keys is. Of a batch, the items whose keys are
    /// known are repeats. The list is empty without message and id, and if
    /// [`Options::replay_keys`](crate::Options::replay_keys) is off.
    pub replay_keys: Vec<String>,
}
