//! The dead letters, the events that could not be delivered: an object for each source of webhooks, named like the
//! source. It also counts the failed attempts of events that are still tried.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Done, calls};
use crate::{
    base::id::DeliveryId,
    ledger::query::DeadLetterQuery,
    receiver::queue::{Envelope, Failed},
};
use alloc::string::String;

/// The binding.
pub const BINDING: &str = "DEAD_LETTERS";

calls! { BINDING;
    // The consumer of events calls these.
    AttemptFailed, "/failed" => Done;
    Delivered, "/delivered" => Done;
    // The consumer of dead letters calls this.
    Bury, "/bury" => Done;
    // The management worker calls these. The answer to the list is a page of the API.
    DeadLetterQuery, "/list" => Value;
    Redrive, "/redrive" => Acted;
    Discard, "/discard" => Acted;
    // The answer is that of the API.
    ReadBody, "/body" => Value;
    // It asks for the numbers of `GET /metrics`.
    ReadState, "/state" => DeadLettersState;
}

/// The request for the numbers of a source's events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadState {}

/// The numbers of a source's events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLettersState {
    /// Events that could not be delivered.
    pub dead: u64,
    /// Events with failed attempts that are still tried.
    pub tried: u64,
}

/// An attempt to deliver an event failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptFailed {
    /// The event's id.
    pub id: DeliveryId,
    /// The failure.
    pub failed: Failed,
}

/// An event with failed attempts was delivered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivered {
    /// The event's id.
    pub id: DeliveryId,
}

/// The last attempt to deliver an event failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bury {
    /// The event.
    pub envelope: Envelope,
}

/// Puts an event back into its queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redrive {
    /// The event's id.
    pub id: DeliveryId,
}

/// Deletes an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Discard {
    /// The event's id.
    pub id: DeliveryId,
}

/// Reads an event's body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadBody {
    /// The event's id.
    pub id: DeliveryId,
}

/// The state of an event after a [`Redrive`] or [`Discard`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acted {
    /// The event's id.
    pub id: DeliveryId,
    /// The status, `queued` or `discarded`.
    pub status: String,
}
