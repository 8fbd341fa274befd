//! The events that could not be delivered: an object for each source of webhooks, by
//! its name. It also counts the attempts of what is still tried.

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
    // By the consumer of events.
    AttemptFailed, "/failed" => Done;
    Delivered, "/delivered" => Done;
    // By the consumer of dead letters.
    Bury, "/bury" => Done;
    // By the management worker. The answer of a page is the API's.
    DeadLetterQuery, "/list" => Value;
    Redrive, "/redrive" => Acted;
    Discard, "/discard" => Acted;
}

/// An attempt to deliver an event failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptFailed {
    /// The event.
    pub id: DeliveryId,
    /// Why.
    pub failed: Failed,
}

/// An event of which attempts failed was delivered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivered {
    /// The event.
    pub id: DeliveryId,
}

/// There is no attempt left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bury {
    /// The event.
    pub envelope: Envelope,
}

/// Puts an event back into its queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redrive {
    /// The event.
    pub id: DeliveryId,
}

/// Deletes an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Discard {
    /// The event.
    pub id: DeliveryId,
}

/// The event after a [`Redrive`] or [`Discard`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acted {
    /// The event.
    pub id: DeliveryId,
    /// `queued` or `discarded`.
    pub status: String,
}
