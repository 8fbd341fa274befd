//! Verified events that wait in a queue: the message, when it is tried again,
//! and the record of one that could not be delivered.
//!
//! A queue's message holds 128 KB. A body that would not fit lies beside it, in
//! an object of its own, in [`parts`].

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::base::{
    id::DeliveryId,
    timestamp::{DAY_MS, Timestamp},
};

/// Bytes of a message, at most. The queue's own limit is 128,000, of which it
/// takes about a hundred itself.
pub const MAX_MESSAGE_BYTES: usize = 120_000;
/// Bytes of one part of a body that lies beside its message; a row of SQLite holds 2 MB.
pub const PART_BYTES: usize = 1024 * 1024;
/// Seconds until the second attempt, if nobody says.
pub const FIRST_RETRY_SECONDS: u32 = 10;
/// Seconds between two attempts, at most.
pub const MAX_RETRY_SECONDS: u32 = 3_600;
/// A body is kept this long, unless its event is delivered or discarded before:
/// as long as a queue can keep its message, and a dead letter after it.
pub const BODY_KEPT_MS: i64 = 45 * DAY_MS;
/// A dead letter is kept this long.
pub const DEAD_LETTER_KEPT_MS: i64 = 30 * DAY_MS;
/// What is known of failed attempts is kept this long: no queue keeps a message longer.
pub const ATTEMPTS_KEPT_MS: i64 = 15 * DAY_MS;

/// One event on its way, as the queue keeps it. Two versions of the worker may
/// run at once, and messages outlive deployments: fields are only ever added,
/// each with a default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    /// This delivery's id, for as long as there is anything of it.
    pub id: DeliveryId,
    /// The source that it came to.
    pub source: String,
    /// The id that it goes on under, the same at each attempt.
    pub webhook_id: String,
    /// The sender's id for it.
    pub event_id: Option<String>,
    /// When the sender signed it.
    pub timestamp: Option<Timestamp>,
    /// Whether the whole body is the sender's.
    pub body_authenticated: bool,
    /// When it was verified.
    pub received_at: Timestamp,
    /// The request that brought it.
    pub request_id: String,
    /// What goes on of the sender's headers. Ours are made at each attempt.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Body,
    /// Whether somebody sent it again after all attempts had failed.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub redriven: bool,
}

/// Where an event's body is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Body {
    /// In the message, in base64.
    Inline(String),
    /// In the object that has the delivery's id for a name.
    Stored {
        /// Its length.
        bytes: u64,
        /// The number of its parts.
        parts: u32,
    },
}

impl Body {
    /// Of bytes that are in the message; `None` for such that lie elsewhere, or are no base64.
    #[must_use]
    pub fn inline(&self) -> Option<Vec<u8>> {
        match self {
            Self::Inline(text) => STANDARD.decode(text).ok(),
            Self::Stored { .. } => None,
        }
    }

    /// Its length.
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

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Of a body that lies beside its message.
    #[must_use]
    pub fn stored(body: &[u8]) -> Self {
        Self::Stored { bytes: body.len() as u64, parts: parts(body).count() as u32 }
    }
}

/// A body as it is stored: pieces of [`PART_BYTES`], the last one shorter.
pub fn parts(body: &[u8]) -> impl Iterator<Item = &[u8]> {
    body.chunks(PART_BYTES)
}

impl Envelope {
    /// The message with this body in it, if it is short enough.
    #[must_use]
    pub fn with_inline(&mut self, body: &[u8]) -> Option<String> {
        // No need to encode what can't fit.
        if body.len() > MAX_MESSAGE_BYTES {
            return None;
        }
        self.body = Body::Inline(STANDARD.encode(body));
        let message = self.to_message();
        (message.len() <= MAX_MESSAGE_BYTES).then_some(message)
    }

    /// The message whose body lies beside it, if its headers are short enough.
    #[must_use]
    pub fn with_stored(&mut self, body: &[u8]) -> Option<String> {
        self.body = Body::stored(body);
        let message = self.to_message();
        (message.len() <= MAX_MESSAGE_BYTES).then_some(message)
    }

    /// The message.
    #[must_use]
    pub fn to_message(&self) -> String {
        // Strings, numbers and lists of them can always be written.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads a message.
    ///
    /// # Errors
    /// What can't be read, without its content.
    pub fn parse(message: &str) -> Result<Self, String> {
        serde_json::from_str(message)
            .map_err(|error| format!("the message can't be read at line {}, column {}", error.line(), error.column()))
    }
}

/// Seconds until the next attempt, after so many that failed: `first`, then
/// twice as long each time, up to an hour.
#[must_use]
pub fn retry_after(first: u32, failures: u32) -> u32 {
    let doublings = failures.saturating_sub(1).min(16);
    first.saturating_mul(1 << doublings).min(MAX_RETRY_SECONDS)
}

/// Why an attempt failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failed {
    /// The upstream's status, if it answered.
    pub status: Option<u16>,
    /// In words.
    pub reason: String,
}

/// What is known of an event that could not be delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// The event.
    pub envelope: Envelope,
    /// Since when nobody tries any more.
    pub dead_at: Timestamp,
    /// How often it was tried.
    pub attempts: u32,
    /// Why the last attempt failed, if it is known.
    pub last: Option<Failed>,
}

impl DeadLetter {
    /// How it is shown. The body is not: it may be long, and is for the upstream alone.
    #[must_use]
    pub fn present(&self) -> Value {
        let Envelope { id, webhook_id, event_id, received_at, request_id, headers, body, .. } = &self.envelope;
        let headers: Map<String, Value> =
            headers.iter().map(|(name, value)| (name.to_string(), json!(value))).collect();
        json!({
            "id": id,
            "webhook_id": webhook_id,
            "event_id": event_id,
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
        let message = envelope.with_stored(&body).unwrap();
        assert!(message.ends_with(r#""body":{"stored":{"bytes":300000,"parts":1}}}"#), "{message}");
        assert_eq!(Envelope::parse(&message).unwrap(), envelope);
        assert_eq!(envelope.body.inline(), None);
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
        assert_eq!(envelope.with_stored(b"short"), None);
    }

    #[test]
    fn a_body_is_the_sum_of_its_parts() {
        for bytes in [0, 1, PART_BYTES - 1, PART_BYTES, PART_BYTES + 1, 3 * PART_BYTES] {
            let body = vec![1; bytes];
            let whole: Vec<u8> = parts(&body).flatten().copied().collect();
            assert_eq!(whole, body);
            assert!(parts(&body).all(|part| part.len() <= PART_BYTES));
            let expected = bytes.div_ceil(PART_BYTES) as u32;
            assert_eq!(Body::stored(&body), Body::Stored { bytes: bytes as u64, parts: expected });
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
