//! The outcome of a delivery that is genuine.

use alloc::{string::String, vec::Vec};
use core::time::Duration;

/// A delivery that is genuine and fresh.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The id that a repeated delivery repeats, if the scheme has one.
    pub event_id: Option<String>,
    /// When it was signed, if the scheme says.
    pub timestamp: Option<Duration>,
    /// Which of the secrets it matched: the first, if several.
    pub secret_index: usize,
    /// Whether the whole body is the sender's.
    pub body_authenticated: bool,
    /// What to remember, to know the delivery again: one text of 43 characters
    /// for each item that was signed. It is made of the event id where nobody
    /// but the sender can change it ([`Scheme::event_id_signed`](crate::Scheme::event_id_signed)), else of what is
    /// signed; where nothing is, of the id, and none at all without one.
    ///
    /// A delivery is new if any of them was not seen; of a batch the others are
    /// repeats. Empty too if [`Options::replay_keys`](crate::Options::replay_keys) says so.
    pub replay_keys: Vec<String>,
}
