//! Recent deliveries of webhooks.

use alloc::{string::String, vec::Vec};

use serde::Serialize;

use crate::{
    base::{id::DeliveryId, timestamp::Timestamp},
    receiver::delivery::{DeliveryPlace, Outcome, RecentDelivery},
};

/// A page of deliveries.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs)]
pub struct ShownDeliveries<'a> {
    pub deliveries: Vec<ShownDelivery<'a>>,
    pub next_cursor: Option<String>,
}

impl<'a> ShownDeliveries<'a> {
    /// A page, and the place after which the next one begins.
    #[must_use]
    pub fn new(page: &'a [RecentDelivery], next: Option<&DeliveryPlace>) -> Self {
        Self { deliveries: page.iter().map(ShownDelivery::new).collect(), next_cursor: next.map(DeliveryPlace::cursor) }
    }
}

/// A recent delivery.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs)]
pub struct ShownDelivery<'a> {
    pub body_kept_until: Option<String>,
    pub bytes: u64,
    pub duplicates: u32,
    pub event_id: Option<&'a str>,
    pub event_type: Option<&'a str>,
    pub id: &'a DeliveryId,
    pub outcome: Outcome,
    pub received_at: String,
    pub replayed_at: Option<String>,
    pub request_id: &'a str,
    pub same_bytes: bool,
    pub status: Option<u16>,
    pub upstream: Option<&'a str>,
    pub webhook_id: &'a str,
}

impl<'a> ShownDelivery<'a> {
    fn new(delivery: &'a RecentDelivery) -> Self {
        let RecentDelivery { id, webhook_id, event_id, event_type, upstream, received_at, request_id, .. } = delivery;
        let RecentDelivery { bytes, same_bytes, outcome, status, body_until, duplicates, replayed_at, .. } = delivery;
        Self {
            body_kept_until: body_until.map(Timestamp::to_rfc3339),
            bytes: *bytes,
            duplicates: *duplicates,
            event_id: event_id.as_deref(),
            event_type: event_type.as_deref(),
            id,
            outcome: *outcome,
            received_at: received_at.to_rfc3339(),
            replayed_at: replayed_at.map(Timestamp::to_rfc3339),
            request_id,
            same_bytes: *same_bytes,
            status: *status,
            upstream: upstream.as_deref(),
            webhook_id,
        }
    }
}
