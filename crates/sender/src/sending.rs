//! One attempt to deliver an event.

use js_sys::Promise;
use keystile_core::{
    Keyring, Timestamp,
    config::AddressRules,
    events::{
        address::EndpointUrl,
        attempt::{AttemptOutcome, MAX_ANSWER_BYTES, TIMEOUT_MS, asked_wait_ms},
        event::NumberedEvent,
        terms::EndpointTerms,
    },
};
use keystile_runtime::{
    clock,
    crossing::{SEPARATOR, join},
};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use crate::signing;

/// An attempt that is over.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attempt {
    pub(crate) began_at: Timestamp,
    pub(crate) ended_at: Timestamp,
    pub(crate) outcome: AttemptOutcome,
    pub(crate) status: Option<u16>,
    /// The wait that the receiver asked for.
    pub(crate) asked_ms: Option<i64>,
}

/// Sends an event once, if the address of the endpoint is allowed and a secret signs.
pub(crate) async fn send(
    keyring: &Keyring,
    rules: &AddressRules,
    terms: &EndpointTerms,
    event: &NumberedEvent,
) -> Attempt {
    let began_at = clock::now();
    let unsent = |outcome| Attempt { began_at, ended_at: began_at, outcome, status: None, asked_ms: None };
    let Ok(url) = EndpointUrl::parse(&terms.url, rules) else {
        return unsent(AttemptOutcome::ForbiddenAddress);
    };
    let id = event.id.as_str();
    let Some(signature) = signing::signature(keyring, terms, id, &event.body, began_at) else {
        return unsent(AttemptOutcome::NoSecret);
    };
    let seconds = began_at.since_unix().as_secs().to_string();
    let headers = join([
        ("Content-Type", "application/json"),
        ("User-Agent", "Keystile"),
        ("webhook-id", id),
        ("webhook-timestamp", &seconds),
        ("webhook-signature", &signature),
    ]);
    let answer = JsFuture::from(post(url.as_str(), &headers, &event.body, TIMEOUT_MS, MAX_ANSWER_BYTES)).await;
    let answer = answer.ok().and_then(|answer| answer.as_string()).unwrap_or_default();
    let ended_at = clock::now();
    let ended = |outcome, status, asked_ms| Attempt { began_at, ended_at, outcome, status, asked_ms };
    match answer.split_once(SEPARATOR).and_then(|(status, wait)| Some((status.parse().ok()?, wait))) {
        Some((status, wait)) => {
            ended(AttemptOutcome::of_status(status), Some(status), asked_wait_ms(status, wait, ended_at))
        }
        None if answer == "timeout" => ended(AttemptOutcome::Timeout, None, None),
        None => ended(AttemptOutcome::Unreachable, None, None),
    }
}

#[wasm_bindgen(module = "/src/glue.js")]
extern "C" {
    fn post(url: &str, headers: &str, body: &str, timeout_ms: u32, limit: u32) -> Promise;
}
