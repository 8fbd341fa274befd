//! The facts of a recent delivery: what came, and how it ended, without its body. They are recorded with the claims that
//! tell repeats, so only genuine deliveries have any.

use alloc::{format, string::String, vec::Vec};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};

use crate::base::{id::DeliveryId, timestamp::Timestamp};

/// The longest time for which a body is kept so that its event can be replayed, hours.
pub const MAX_KEEP_BODIES_HOURS: u16 = 72;
/// The maximum number of recent deliveries in one object. An object that has [`SLACK`] more drops the oldest.
pub const MAX_RECENT: i64 = 10_000;
/// The number of deliveries that are dropped together.
pub const SLACK: i64 = 1_000;
/// The number of duplicates up to which they are counted. Whoever has seen a delivery can send duplicates, and each
/// that counts is a write.
pub const MAX_COUNTED_DUPLICATES: u32 = 1_000;

/// One genuine delivery to one upstream. A sender's repeat of one that was not handed on takes its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecentDelivery {
    /// The id. In mode `queue` the event's dead letter has the same.
    pub id: DeliveryId,
    /// The `webhook-id` at the upstream.
    pub webhook_id: String,
    /// The sender's id of the event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_id: Option<String>,
    /// The type of the event, if the source says where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_type: Option<String>,
    /// The upstream and the path there, of a source that lists several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upstream: Option<String>,
    /// The time at which it was received.
    pub received_at: Timestamp,
    /// The id of the request that brought it.
    pub request_id: String,
    /// The length of the body.
    pub bytes: u64,
    /// Whether it was marked as having the same bytes as an earlier one.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub same_bytes: bool,
    /// The outcome of the last attempt to hand it on.
    pub outcome: Outcome,
    /// The upstream's status, if it answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The time at which the delivery is forgotten.
    pub until: Timestamp,
    /// The time until which the body is kept, if it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body_until: Option<Timestamp>,
    /// The number of duplicates that were refused, up to [`MAX_COUNTED_DUPLICATES`].
    #[serde(default, skip_serializing_if = "is_zero")]
    pub duplicates: u32,
    /// The time of the last replay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replayed_at: Option<Timestamp>,
}

/// The outcome of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The upstream took it.
    Delivered,
    /// It is in the queue.
    Queued,
    /// It was not handed on, and its sender was told so.
    Failed,
    /// All attempts of the queue failed. It is a dead letter.
    Dead,
}

impl Outcome {
    /// All outcomes.
    pub const ALL: &[Self] = &[Self::Delivered, Self::Queued, Self::Failed, Self::Dead];

    /// The name in rows and answers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Queued => "queued",
            Self::Failed => "failed",
            Self::Dead => "dead",
        }
    }
}

impl RecentDelivery {
    /// The place in the list.
    #[must_use]
    pub fn place(&self) -> DeliveryPlace {
        DeliveryPlace { received_at: self.received_at, id: self.id.clone() }
    }
}

/// The query of `GET deliveries`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryQuery {
    /// Only deliveries with this id of the sender.
    pub event_id: Option<String>,
    /// Only the delivery with this id at the upstream.
    pub webhook_id: Option<String>,
    /// Only deliveries of this type.
    pub event_type: Option<String>,
    /// Only deliveries that ended so.
    pub outcome: Option<Outcome>,
    /// Only deliveries from this time on.
    pub since: Option<Timestamp>,
    /// Only deliveries before this time.
    pub until: Option<Timestamp>,
    /// The maximum number of rows.
    pub limit: u32,
    /// Only deliveries after this one.
    pub after: Option<DeliveryPlace>,
}

/// A delivery's place in the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryPlace {
    /// The time at which it was received.
    pub received_at: Timestamp,
    /// The id, which orders deliveries of the same millisecond.
    pub id: DeliveryId,
}

impl DeliveryPlace {
    /// The place as a cursor.
    #[must_use]
    pub fn cursor(&self) -> String {
        URL_SAFE_NO_PAD.encode(format!("r{}.{}", self.received_at.as_millis(), self.id))
    }

    /// Parses [`cursor`](Self::cursor).
    #[must_use]
    pub fn parse(cursor: &str) -> Option<Self> {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
        let (millis, id) = text.strip_prefix('r')?.split_once('.')?;
        Some(Self { received_at: Timestamp::from_millis(millis.parse().ok()?), id: DeliveryId::parse(id)? })
    }
}

/// One page of the pages of several objects, newest first, and the place after which the next one begins.
#[must_use]
pub fn merged(pages: Vec<Vec<RecentDelivery>>, limit: u32) -> (Vec<RecentDelivery>, Option<DeliveryPlace>) {
    let mut all: Vec<RecentDelivery> = pages.into_iter().flatten().collect();
    all.sort_by(|a, b| (b.received_at, b.id.as_str()).cmp(&(a.received_at, a.id.as_str())));
    let more = all.len() > limit as usize;
    all.truncate(limit as usize);
    let next = all.last().filter(|_| more).map(RecentDelivery::place);
    (all, next)
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_zero(number: &u32) -> bool {
    *number == 0
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use alloc::vec;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    pub(crate) fn delivery(number: u8, received_at: i64) -> RecentDelivery {
        RecentDelivery {
            id: DeliveryId::parse(&format!("dlv_{number:020}")).unwrap(),
            webhook_id: "demo_1".into(),
            event_id: None,
            event_type: None,
            upstream: None,
            received_at: Timestamp::from_millis(received_at),
            request_id: "req_1".into(),
            bytes: 7,
            same_bytes: false,
            outcome: Outcome::Queued,
            status: None,
            until: Timestamp::from_millis(received_at + 5),
            body_until: None,
            duplicates: 0,
            replayed_at: None,
        }
    }

    #[test]
    fn pages_of_several_objects_are_one_page_by_time_and_id() {
        let pages = || {
            vec![
                vec![delivery(4, 30), delivery(1, 10)],
                Vec::new(),
                vec![delivery(3, 20), delivery(2, 20), delivery(0, 10)],
            ]
        };
        let ids = |limit: u32| {
            let (page, next) = merged(pages(), limit);
            let numbers: Vec<char> = page.iter().filter_map(|one| one.id.as_str().chars().last()).collect();
            (numbers, next)
        };
        assert_eq!(ids(5), (vec!['4', '3', '2', '1', '0'], None));
        assert_eq!(ids(2), (vec!['4', '3'], Some(delivery(3, 20).place())));
        assert_eq!(ids(1), (vec!['4'], Some(delivery(4, 30).place())));
        assert_eq!(merged(Vec::new(), 5), (Vec::new(), None));
    }

    #[test]
    fn a_place_is_read_back_from_its_cursor() {
        let place = delivery(3, 20).place();
        assert_eq!(DeliveryPlace::parse(&place.cursor()), Some(place));
        assert_eq!(DeliveryPlace::parse("x"), None);
    }

    #[test]
    fn each_outcome_has_the_name_of_its_json() {
        for outcome in Outcome::ALL {
            assert_eq!(serde_json::to_value(outcome).unwrap(), outcome.as_str());
        }
    }
}
