//! The two ends of the queue of events.
//!
//! The consumer's end is bound by hand: the `worker` crate (0.8.7) does not report how often a message was delivered,
//! and the time of the next attempt depends on that.

use js_sys::{Array, Object, Promise, Reflect};
use keystile_core::receiver::queue::batches;
use keystile_runtime::clock;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use worker::Env;

/// The queue's binding.
const EVENTS: &str = "EVENTS";
/// The time after which a call to the queue has failed, milliseconds.
const TIMEOUT_MS: u64 = 10_000;

/// Puts messages into the queue. They are durable when this returns.
///
/// # Errors
/// The platform's reason, for the log.
pub(crate) async fn send(env: &Env, messages: &[String]) -> Result<(), String> {
    let queue = binding(env, EVENTS)?;
    for batch in batches(messages) {
        within(send_texts(&queue, batch.to_vec())).await?;
    }
    Ok(())
}

/// Finds a binding of the worker.
///
/// # Errors
/// Says that the binding is missing.
pub(crate) fn binding(env: &Env, name: &str) -> Result<JsValue, String> {
    let found = Reflect::get(env, &name.into()).unwrap_or_default();
    if found.is_object() { Ok(found) } else { Err(format!("the binding {name} is missing")) }
}

/// The outcome of a call, unless it takes too long.
///
/// # Errors
/// The platform's reason, for the log.
pub(crate) async fn within(promise: Promise) -> Result<JsValue, String> {
    match clock::within(TIMEOUT_MS, JsFuture::from(promise)).await {
        Some(outcome) => outcome.map_err(|error| worker::Error::from(error).to_string()),
        None => Err(format!("no answer within {TIMEOUT_MS} ms")),
    }
}

#[wasm_bindgen(module = "/src/queue_glue.js")]
extern "C" {
    #[wasm_bindgen(js_name = sendAll)]
    fn send_texts(queue: &JsValue, texts: Vec<String>) -> Promise;
}

#[wasm_bindgen]
extern "C" {
    /// The platform's `MessageBatch`.
    pub type Batch;

    /// The queue's name.
    #[wasm_bindgen(method, getter)]
    pub(crate) fn queue(this: &Batch) -> String;

    #[wasm_bindgen(method, getter, js_name = "messages")]
    fn all(this: &Batch) -> Array;

    /// The platform's `Message`.
    pub(crate) type Message;

    #[wasm_bindgen(method, getter)]
    pub(crate) fn body(this: &Message) -> JsValue;

    /// The number of deliveries to a consumer, including this one.
    #[wasm_bindgen(method, getter)]
    pub(crate) fn attempts(this: &Message) -> u32;

    #[wasm_bindgen(method)]
    pub(crate) fn ack(this: &Message);

    #[wasm_bindgen(method)]
    fn retry(this: &Message, options: &Object);
}

impl Batch {
    pub(crate) fn messages(&self) -> Vec<Message> {
        self.all().iter().map(JsCast::unchecked_into).collect()
    }
}

impl Message {
    /// Makes the queue deliver the message again later, or move it to the queue of dead letters if it was delivered
    /// often enough.
    pub(crate) fn retry_after(&self, seconds: u32) {
        let options = Object::new();
        // Setting a member of a new object can't fail.
        let _ = Reflect::set(&options, &"delaySeconds".into(), &seconds.into());
        self.retry(&options);
    }
}
