//! Verified events that wait in a queue: the message, the times of retries, and the record of an event that could not
//! be delivered.
//!
//! A queue's message holds 128 KB. A body that would not fit is stored beside it, in an object of its own, in
//! [`parts`].

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::ops::Range;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::base::{
    id::DeliveryId,
    timestamp::{DAY_MS, Timestamp},
};

/// The maximum length of a message, bytes. The queue's own limit is 128,000 bytes, and it uses about a hundred itself.
pub const MAX_MESSAGE_BYTES: usize = 120_000;
/// The maximum length of the messages that are sent in one call, bytes. The queue's own limit is 256,000 bytes.
pub const MAX_BATCH_BYTES: usize = 250_000;
/// The length of one part of a body that is stored beside its message, bytes. A row of SQLite holds 2 MB.
pub const PART_BYTES: u32 = 1024 * 1024;
/// The default time until the second attempt, seconds.
pub const FIRST_RETRY_SECONDS: u32 = 10;
/// The maximum time between two attempts, seconds.
pub const MAX_RETRY_SECONDS: u32 = 3_600;
/// The time for which a body is kept unless its event is delivered or discarded before, milliseconds. A queue can keep
/// its message, and then a dead letter, for that long in total.
pub const BODY_KEPT_MS: i64 = 45 * DAY_MS;
/// The time for which a dead letter is kept, milliseconds.
pub const DEAD_LETTER_KEPT_MS: i64 = 30 * DAY_MS;
/// The time for which the record of failed attempts is kept, milliseconds. No queue keeps a message longer.
pub const ATTEMPTS_KEPT_MS: i64 = 15 * DAY_MS;

/// One event on its way, as the queue keeps it. Two versions of the worker may run at once, and messages outlive
/// deployments. So fields are only ever added, each with a default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    /// The delivery's id, for as long as anything of the delivery is stored.
    pub id: DeliveryId,
    /// The source that received it.
    pub source: String,
    /// The `webhook-id` under which the event is forwarded, the same at each attempt.
    pub webhook_id: String,
    /// The sender's id of the event.
    pub event_id: Option<String>,
    /// The time at which the sender signed it.
    pub timestamp: Option<Timestamp>,
    /// Whether the sender's signature covers the whole body.
    pub body_authenticated: bool,
    /// The time at which it was verified.
    pub received_at: Timestamp,
    /// The id of the request that brought it.
    pub request_id: String,
    /// The sender's headers that are forwarded. Keystile's own headers are made at each attempt.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Body,
    /// Whether an operator sent it again after all attempts had failed.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub redriven: bool,
    /// The type of the event, if the source says where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_type: Option<String>,
    /// Whether an operator sent it once more, though it had been handed on.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub replayed: bool,
    /// The object that remembers the delivery, and is told its outcome.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remembered_by: Option<String>,
    /// The upstream that it is for. Earlier versions named none if it was the only one of its source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upstream: Option<NamedUpstream>,
}

/// An upstream of a source, as a message names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedUpstream {
    /// Its name.
    pub name: String,
    /// The path at the upstream.
    pub path: String,
    /// Whether the source had one upstream, and no list.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub only: bool,
}

/// The longest body that an answer shows whole, bytes.
pub const MAX_SHOWN_BODY_BYTES: usize = 4 * 1024 * 1024;

/// The body of an event, or its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Body {
    /// In the message, in base64.
    Inline(String),
    /// In the object whose name is the delivery's id.
    Stored {
        /// The length, bytes.
        bytes: u64,
        /// The number of parts.
        parts: u32,
    },
}

impl Body {
    /// The bytes of a body in the message; `None` if the body is stored elsewhere, or is not base64.
    #[must_use]
    pub fn inline(&self) -> Option<Vec<u8>> {
        match self {
            Self::Inline(text) => STANDARD.decode(text).ok(),
            Self::Stored { .. } => None,
        }
    }

    /// The length, bytes.
    #[must_use]
    pub fn len(&self) -> u64 {
        match self {
            Self::Inline(text) => {
                let padding = text.bytes().rev().take_while(|byte| *byte == b'=').count();
                (text.len() / 4 * 3).saturating_sub(padding) as u64
            }
            Self::Stored { bytes, .. } => *bytes,
        }
    }

    /// Whether it is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The reference to a body of so many bytes that is stored beside its message.
    #[must_use]
    pub fn stored(bytes: u32) -> Self {
        Self::Stored { bytes: bytes.into(), parts: parts(bytes).count() as u32 }
    }
}

/// The body of an event as answers show it, given its beginning and its length: in base64, so that no reader takes a
/// sender's bytes for a page. A longer one than [`MAX_SHOWN_BODY_BYTES`] is cut off.
#[must_use]
pub fn shown_body(envelope: &Envelope, beginning: &[u8], bytes: u64) -> Value {
    let shown = beginning.get(..MAX_SHOWN_BODY_BYTES).unwrap_or(beginning);
    let content_type = envelope.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    json!({
        "id": envelope.id,
        "content_type": content_type.map(|(_, value)| value),
        "body": STANDARD.encode(shown),
        "body_bytes": bytes,
        "complete": shown.len() as u64 == bytes,
    })
}

/// The bytes of a stored body that are shown, and the number of parts that have them.
#[must_use]
pub fn shown_of_stored(bytes: u64) -> (u64, u32) {
    const { assert!(MAX_SHOWN_BODY_BYTES.is_multiple_of(PART_BYTES as usize), "whole parts are shown") };
    let shown = bytes.min(MAX_SHOWN_BODY_BYTES as u64);
    (shown, shown.div_ceil(u64::from(PART_BYTES)) as u32)
}

/// The parts of a body of so many bytes as it is stored: pieces of [`PART_BYTES`], the last one possibly shorter.
pub fn parts(bytes: u32) -> impl Iterator<Item = Range<u32>> {
    (0..bytes).step_by(PART_BYTES as usize).map(move |start| start..start.saturating_add(PART_BYTES).min(bytes))
}

impl Envelope {
    /// The message with this body in it, if it is short enough.
    #[must_use]
    pub fn with_inline(&mut self, body: &[u8]) -> Option<String> {
        // A body that can't fit is not worth encoding.
        if body.len() > MAX_MESSAGE_BYTES {
            return None;
        }
        self.body = Body::Inline(STANDARD.encode(body));
        let message = self.to_message();
        (message.len() <= MAX_MESSAGE_BYTES).then_some(message)
    }

    /// The message whose body of so many bytes is stored beside it, if its headers are short enough.
    #[must_use]
    pub fn with_stored(&mut self, bytes: u32) -> Option<String> {
        self.body = Body::stored(bytes);
        let message = self.to_message();
        (message.len() <= MAX_MESSAGE_BYTES).then_some(message)
    }

    /// The message.
    #[must_use]
    pub fn to_message(&self) -> String {
        // Strings, numbers and lists of them always serialise.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Parses a message.
    ///
    /// # Errors
    /// The mistake, without the message's content.
    pub fn parse(message: &str) -> Result<Self, String> {
        serde_json::from_str(message)
            .map_err(|error| format!("the message can't be read at line {}, column {}", error.line(), error.column()))
    }
}

/// The messages in the batches in which they are sent. Each batch is taken whole or not at all.
#[must_use]
pub fn batches(messages: &[String]) -> Vec<&[String]> {
    let mut batches = Vec::new();
    let mut rest = messages;
    while !rest.is_empty() {
        let mut bytes = 0;
        let fits = |message: &&String| {
            bytes += message.len();
            bytes <= MAX_BATCH_BYTES
        };
        let count = rest.iter().take_while(fits).count().max(1);
        let (batch, after) = rest.split_at(count);
        batches.push(batch);
        rest = after;
    }
    batches
}

/// Seconds until the next attempt after `failures` failed ones: `first`, then twice as long each time, up to an hour.
#[must_use]
pub fn retry_after(first: u32, failures: u32) -> u32 {
    let doublings = failures.saturating_sub(1).min(16);
    first.saturating_mul(1 << doublings).min(MAX_RETRY_SECONDS)
}

/// The failure of an attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failed {
    /// The upstream's status, if it answered.
    pub status: Option<u16>,
    /// The reason in words.
    pub reason: String,
}

/// The record of an event that could not be delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// The event.
    pub envelope: Envelope,
    /// The time at which the attempts ended.
    pub dead_at: Timestamp,
    /// The number of attempts.
    pub attempts: u32,
    /// The failure of the last attempt, if it is known.
    pub last: Option<Failed>,
}

impl DeadLetter {
    /// The dead letter as lists show it. The body is not shown: it may be long, and who reads it is noted.
    #[must_use]
    pub fn present(&self) -> Value {
        let Envelope { id, webhook_id, event_id, event_type, received_at, request_id, headers, body, .. } =
            &self.envelope;
        let upstream = self.envelope.upstream.as_ref();
        let headers: Map<String, Value> =
            headers.iter().map(|(name, value)| (name.to_string(), json!(value))).collect();
        json!({
            "id": id,
            "webhook_id": webhook_id,
            "event_id": event_id,
            "event_type": event_type,
            "upstream": upstream.map(|upstream| &upstream.name),
            "path": upstream.map(|upstream| &upstream.path),
            "received_at": received_at.to_rfc3339(),
            "dead_at": self.dead_at.to_rfc3339(),
            "attempts": self.attempts,
            "last_status": self.last.as_ref().and_then(|last| last.status),
            "last_reason": self.last.as_ref().map(|last| &last.reason),
            "headers": headers,
            "body_bytes": body.len(),
            "request_id": request_id,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn envelope() -> Envelope {
        Envelope {
            id: DeliveryId::parse("dlv_4bTzV9cXk07Hq2mN1pRs").unwrap(),
            source: "stripe-eu".into(),
            webhook_id: "evt_1".into(),
            event_id: Some("evt_1".into()),
            timestamp: Some(Timestamp::from_millis(1_749_999_999_000)),
            body_authenticated: true,
            received_at: Timestamp::from_millis(1_750_000_000_000),
            request_id: "req_1".into(),
            headers: vec![("content-type".into(), "application/json".into())],
            body: Body::Inline(String::new()),
            redriven: false,
            event_type: None,
            replayed: false,
            remembered_by: None,
            upstream: None,
        }
    }

    #[test]
    fn the_message_is_golden() {
        let golden = r#"{"id":"dlv_4bTzV9cXk07Hq2mN1pRs","source":"stripe-eu","webhook_id":"evt_1","event_id":"evt_1","timestamp":1749999999000,"body_authenticated":true,"received_at":1750000000000,"request_id":"req_1","headers":[["content-type","application/json"]],"body":{"inline":"eyJhIjoxfQ=="}}"#;
        let mut envelope = envelope();
        assert_eq!(envelope.with_inline(br#"{"a":1}"#).unwrap(), golden);
        assert_eq!(Envelope::parse(golden).unwrap(), envelope);
        assert_eq!(envelope.body.inline().unwrap(), br#"{"a":1}"#);

        let body = vec![7; 300_000];
        assert_eq!(envelope.with_inline(&body), None);
        let message = envelope.with_stored(300_000).unwrap();
        assert!(message.ends_with(r#""body":{"stored":{"bytes":300000,"parts":1}}}"#), "{message}");
        assert_eq!(Envelope::parse(&message).unwrap(), envelope);
        assert_eq!(envelope.body.inline(), None);
    }

    #[test]
    fn a_message_names_its_upstream() {
        let mut envelope = envelope();
        envelope.event_type = Some("invoice.paid".into());
        for (only, golden) in [
            (false, r#""event_type":"invoice.paid","upstream":{"name":"billing","path":"/events"}}"#),
            (true, r#""event_type":"invoice.paid","upstream":{"name":"billing","path":"/events","only":true}}"#),
        ] {
            envelope.upstream = Some(NamedUpstream { name: "billing".into(), path: "/events".into(), only });
            let message = envelope.with_inline(b"").unwrap();
            assert!(message.ends_with(golden), "{message}");
            assert_eq!(Envelope::parse(&message).unwrap(), envelope);
        }
    }

    #[test]
    fn messages_are_sent_in_as_few_calls_as_the_queue_takes() {
        let lengths = |lengths: &[usize]| -> Vec<usize> {
            let messages: Vec<String> = lengths.iter().map(|length| "x".repeat(*length)).collect();
            let batches = batches(&messages);
            assert_eq!(batches.concat(), messages);
            batches.iter().map(|batch| batch.len()).collect()
        };
        assert!(lengths(&[]).is_empty());
        assert_eq!(lengths(&[120_000]), [1]);
        assert_eq!(lengths(&[100_000, 100_000, 50_000]), [3]);
        assert_eq!(lengths(&[100_000, 100_000, 50_001]), [2, 1]);
        assert_eq!(lengths(&[300_000, 1]), [1, 1], "the queue refuses the first");
    }

    #[test]
    fn what_a_later_version_adds_is_passed_over() {
        let mut envelope = envelope();
        let message = envelope.with_inline(b"").unwrap();
        let later = message.replacen('{', r#"{"added_later":[1],"#, 1);
        assert_eq!(Envelope::parse(&later).unwrap(), envelope);
    }

    #[test]
    fn a_message_that_can_not_be_read_is_not_repeated() {
        let error = Envelope::parse(r#"{"id":"secret"}"#).unwrap_err();
        assert!(!error.contains("secret"), "{error}");
    }

    #[test]
    fn a_message_is_never_longer_than_the_queue_takes() {
        let mut envelope = envelope();
        for bytes in [0, 1, 2, 3, 89_000, 89_700, 89_900, 90_000, 119_999, 120_001] {
            let body = vec![b'x'; bytes];
            match envelope.with_inline(&body) {
                Some(message) => assert!(message.len() <= MAX_MESSAGE_BYTES),
                None => assert!(bytes > 89_000, "{bytes}"),
            }
            if bytes <= MAX_MESSAGE_BYTES {
                assert_eq!(envelope.body.len(), bytes as u64);
            }
        }
        envelope.headers.push(("x".into(), "y".repeat(MAX_MESSAGE_BYTES)));
        assert_eq!(envelope.with_stored(5), None);
    }

    #[test]
    fn a_body_is_the_sum_of_its_parts() {
        for bytes in [0, 1, PART_BYTES - 1, PART_BYTES, PART_BYTES + 1, 3 * PART_BYTES] {
            let mut end = 0;
            for part in parts(bytes) {
                assert!(part.start == end && part.len() <= PART_BYTES as usize);
                end = part.end;
            }
            assert_eq!(end, bytes);
            let expected = bytes.div_ceil(PART_BYTES);
            assert_eq!(Body::stored(bytes), Body::Stored { bytes: bytes.into(), parts: expected });
        }
    }

    #[test]
    fn each_wait_is_twice_the_one_before_up_to_an_hour() {
        let waits: Vec<_> = (1..=12).map(|failures| retry_after(FIRST_RETRY_SECONDS, failures)).collect();
        assert_eq!(waits, [10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600, 3600]);
        assert_eq!(retry_after(10, 0), FIRST_RETRY_SECONDS);
        assert_eq!(retry_after(u32::MAX, u32::MAX), MAX_RETRY_SECONDS);
    }

    #[test]
    fn a_dead_letter_is_shown_without_its_body() {
        let mut envelope = envelope();
        envelope.with_inline(b"the body").unwrap();
        let dead_at = Timestamp::from_millis(1_750_000_060_000);
        let last = Some(Failed { status: Some(500), reason: "the upstream answered 500".into() });
        let shown = DeadLetter { envelope, dead_at, attempts: 3, last }.present();
        assert_eq!(shown["last_status"], 500);
        assert_eq!(shown["body_bytes"], 8);
        assert_eq!(shown["headers"]["content-type"], "application/json");
        assert_eq!(shown.get("body"), None);
    }
}
