//! `Idempotency-Key`: a POST that is sent again, because its answer was lost, gets the same answer and is not carried
//! out again.
//!
//! A caller's idempotency key identifies one request: method, path and body. The ledger remembers the answer for a day.
//! It stores neither the text of an API key nor that of the header: rows are found by a hash of caller and header.

use alloc::{
    boxed::Box,
    string::{String, ToString as _},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::base::{
    code::Code,
    problem::Problem,
    timestamp::{DAY_MS, MINUTE_MS, Timestamp},
};

/// The time for which an answer is remembered, milliseconds.
pub const REMEMBERED_MS: i64 = DAY_MS;
/// The time after which a running request counts as killed, milliseconds. From then on its mark blocks no other.
pub const RUNNING_MS: i64 = MINUTE_MS;
/// The maximum length of a remembered answer, bytes. Longer answers are not remembered.
pub const MAX_ANSWER_BYTES: usize = 1024 * 1024;
/// The maximum length of the header, characters.
pub const MAX_KEY_CHARS: usize = 255;

/// The header's value: 1 to 255 characters of printable ASCII.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyKey(Box<str>);

impl IdempotencyKey {
    /// Parses the header.
    ///
    /// # Errors
    /// The 400 that says what is allowed.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let fits = (1..=MAX_KEY_CHARS).contains(&text.len()) && text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
        let invalid = || {
            let detail = "An Idempotency-Key is 1 to 255 printable ASCII characters, such as a UUID.";
            Problem::new(Code::InvalidIdempotencyKey, detail)
        };
        fits.then(|| Self(text.into())).ok_or_else(invalid)
    }
}

/// A request's claim: its idempotency key and a fingerprint of the request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// The SHA-256 of caller and idempotency key. Rows are found by it.
    pub id: String,
    /// The SHA-256 of the request.
    pub fingerprint: String,
}

impl Claim {
    /// The claim of a request. Only the meaning of the body counts: the order of members and white space do not matter.
    #[must_use]
    pub fn new(key: &IdempotencyKey, caller_id: &str, method: &str, path: &str, body: &Value) -> Self {
        Self { id: digest(&[caller_id, &key.0]), fingerprint: digest(&[method, path, &body.to_string()]) }
    }

    /// The claim of one part of the request, if the request is carried out in parts.
    #[must_use]
    pub fn part(&self, number: usize) -> Self {
        Self { id: digest(&[&self.id, &number.to_string()]), fingerprint: self.fingerprint.clone() }
    }
}

/// The SHA-256 of the parts, separated by zero bytes. No part contains one, so different lists never give the same
/// text.
fn digest(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    URL_SAFE_NO_PAD.encode(hash.finalize())
}

/// An answer, kept for repeated requests.
#[derive(Clone, Debug, PartialEq)]
pub struct Remembered {
    /// The fingerprint of the answered request.
    pub fingerprint: String,
    /// The status.
    pub status: u16,
    /// The body, without the text of a key.
    pub body: Value,
    /// The time of the answer.
    pub at: Timestamp,
}

impl Remembered {
    /// The remembered form of an answer: all of it except the text of a key.
    #[must_use]
    pub fn new(claim: &Claim, status: u16, mut body: Value, now: Timestamp) -> Self {
        if let Some(text) = body.get_mut("key") {
            *text = Value::Null;
        }
        Self { fingerprint: claim.fingerprint.clone(), status, body, at: now }
    }

    /// The body for a repeated request.
    #[must_use]
    pub fn replayed(mut self) -> Value {
        if let Some(body) = self.body.as_object_mut() {
            body.insert("replayed".into(), json!(true));
        }
        self.body
    }
}

/// The mark of a request that is being carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Running {
    /// The fingerprint of the request.
    pub fingerprint: String,
    /// The time from which the request counts as killed.
    pub until: Timestamp,
}

impl Running {
    /// The mark of a request that begins now.
    #[must_use]
    pub fn new(claim: &Claim, now: Timestamp) -> Self {
        Self { fingerprint: claim.fingerprint.clone(), until: now.plus_millis(RUNNING_MS) }
    }
}

/// The treatment of a request with an idempotency key.
#[derive(Clone, Debug, PartialEq)]
pub enum Decision {
    /// The request is new: carry it out.
    Fresh,
    /// The request was carried out: answer the same.
    Replay(Remembered),
    /// The request is being carried out.
    Running,
    /// The idempotency key identifies another request.
    Reused,
}

impl Decision {
    /// The decision, given the marks and answers stored under the claim's id.
    #[must_use]
    pub fn of(claim: &Claim, running: Option<&Running>, remembered: Option<Remembered>, now: Timestamp) -> Self {
        let running = running.filter(|running| now < running.until);
        let remembered = remembered.filter(|remembered| now.millis_since(remembered.at) < REMEMBERED_MS);
        let others = [running.map(|it| &it.fingerprint), remembered.as_ref().map(|it| &it.fingerprint)];
        if others.into_iter().flatten().any(|other| *other != claim.fingerprint) {
            return Self::Reused;
        }
        match (running, remembered) {
            (Some(_), _) => Self::Running,
            (None, Some(remembered)) => Self::Replay(remembered),
            (None, None) => Self::Fresh,
        }
    }
}

/// The 409: the client may ask again once the first request has its answer.
#[must_use]
pub fn in_use() -> Problem {
    Problem::new(
        Code::IdempotencyKeyInUse,
        "The request with this Idempotency-Key is still being carried out; ask again.",
    )
}

/// The 422: the caller used one idempotency key for two requests.
#[must_use]
pub fn reused() -> Problem {
    let detail = "This Idempotency-Key was used for another request in the last 24 hours; take a new one for each.";
    Problem::new(Code::IdempotencyKeyReused, detail)
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const NOW: Timestamp = Timestamp::from_millis(1_750_000_000_000);

    fn claim(body: &str) -> Claim {
        let key = IdempotencyKey::parse("k").unwrap();
        Claim::new(&key, "root", "POST", "/v1/tenants/acme/keys", &serde_json::from_str(body).unwrap())
    }

    fn decide(claim: &Claim, running: Option<&Running>, remembered: Option<&Remembered>, after_ms: i64) -> Decision {
        Decision::of(claim, running, remembered.cloned(), NOW.plus_millis(after_ms))
    }

    #[test]
    fn a_key_is_1_to_255_printable_ascii_characters() {
        for good in ["k", "8e03978e-40d5-43dd-bc93-6894a57f9324", "\"quoted\"", &"x".repeat(255)] {
            assert!(IdempotencyKey::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "a\u{7}", "a\tb", "é", "\u{7f}", &"x".repeat(256)] {
            let problem = IdempotencyKey::parse(bad).unwrap_err();
            assert_eq!(problem.code, Code::InvalidIdempotencyKey, "{bad}");
        }
    }

    #[test]
    fn the_claim_is_golden() {
        let claim = claim(r#"{"name":"a"}"#);
        assert_eq!(claim.id, "Fy7b9uvQgZR1sHhzjDwfXrGQ6c3QFOAUGiahGkRpTms");
        assert_eq!(claim.fingerprint, "RMt3I2X10pBEXcdcWN86zCGYDUvfJTCgJACZgwG81UE");
    }

    #[test]
    fn a_body_counts_as_what_it_says_not_as_how_it_is_written() {
        let one = claim(r#"{"name":"a","metadata":{"x":1,"y":[1,2]}}"#);
        assert_eq!(claim(" {\"metadata\": {\"y\": [1, 2], \"x\": 1},\n \"name\": \"\\u0061\"}"), one);
        assert_ne!(claim(r#"{"name":"a","metadata":{"x":1,"y":[2,1]}}"#), one);
    }

    #[test]
    fn another_caller_key_method_or_path_is_another_claim() {
        let (key, other) = (IdempotencyKey::parse("k").unwrap(), IdempotencyKey::parse("l").unwrap());
        let body = json!({});
        let one = Claim::new(&key, "root", "POST", "/a", &body);
        assert_ne!(Claim::new(&other, "root", "POST", "/a", &body).id, one.id);
        assert_ne!(Claim::new(&key, "op_1", "POST", "/a", &body).id, one.id);
        for same_id in [Claim::new(&key, "root", "POST", "/b", &body), Claim::new(&key, "root", "PUT", "/a", &body)] {
            assert_eq!(same_id.id, one.id);
            assert_ne!(same_id.fingerprint, one.fingerprint);
        }
    }

    #[test]
    fn what_was_answered_is_answered_again_for_a_day() {
        let claim = claim("{}");
        let remembered = Remembered::new(&claim, 201, json!({"id": "key_1"}), NOW);
        assert_eq!(decide(&claim, None, None, 0), Decision::Fresh);
        assert_eq!(decide(&claim, None, Some(&remembered), REMEMBERED_MS - 1), Decision::Replay(remembered.clone()));
        assert_eq!(decide(&claim, None, Some(&remembered), REMEMBERED_MS), Decision::Fresh);
        assert_eq!(remembered.replayed(), json!({"id": "key_1", "replayed": true}));
    }

    #[test]
    fn who_asks_while_the_first_is_running_waits_unless_the_first_was_killed() {
        let claim = claim("{}");
        let (running, remembered) = (Running::new(&claim, NOW), Remembered::new(&claim, 200, json!({}), NOW));
        assert_eq!(decide(&claim, Some(&running), None, RUNNING_MS - 1), Decision::Running);
        assert_eq!(decide(&claim, Some(&running), Some(&remembered), 1), Decision::Running);
        assert_eq!(decide(&claim, Some(&running), None, RUNNING_MS), Decision::Fresh);
        assert_eq!(decide(&claim, Some(&running), Some(&remembered), RUNNING_MS), Decision::Replay(remembered));
    }

    #[test]
    fn a_key_stands_for_one_request_whether_it_is_running_or_done() {
        let (first, other) = (claim("{}"), claim(r#"{"name":"b"}"#));
        let (running, remembered) = (Running::new(&first, NOW), Remembered::new(&first, 200, json!({}), NOW));
        assert_eq!(decide(&other, Some(&running), None, 0), Decision::Reused);
        assert_eq!(decide(&other, None, Some(&remembered), 0), Decision::Reused);
        assert_eq!(decide(&other, None, Some(&remembered), REMEMBERED_MS), Decision::Fresh);
    }

    #[test]
    fn the_text_of_a_key_is_not_kept() {
        let kept = Remembered::new(&claim("{}"), 201, json!({"id": "key_1", "key": "knq_live_secret"}), NOW);
        assert_eq!(kept.body, json!({"id": "key_1", "key": null}));
        let without = Remembered::new(&claim("{}"), 200, json!({"id": "key_1"}), NOW);
        assert_eq!(without.body, json!({"id": "key_1"}), "and none is made up");
    }
}
