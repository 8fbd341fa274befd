//! The two ends of the queue of events.
//!
//! The consumer's end is bound by hand: the `worker` crate (0.8.7) does not report how often a message was delivered,
//! and the time of the next attempt depends on that.

use js_sys::{Array, Object, Reflect};
use keystile_runtime::clock;
use wasm_bindgen::prelude::*;
use worker::{Env, Queue, QueueContentType, RawMessageBuilder};

/// The queue's binding.
const EVENTS: &str = "EVENTS";
/// The time after which a call to the queue has failed, milliseconds.
const TIMEOUT_MS: u64 = 10_000;

/// Puts a message into the queue. It is durable when this returns.
///
/// # Errors
/// The platform's reason, for the log.
pub(crate) async fn send(env: &Env, message: &str) -> Result<(), String> {
    let queue = Reflect::get(env, &EVENTS.into()).unwrap_or_default();
    if !queue.is_object() {
        return Err(format!("the binding {EVENTS} is missing"));
    }
    // `env.queue` would accept only the platform's own class.
    let queue: Queue = queue.unchecked_into();
    let message = RawMessageBuilder::new(JsValue::from_str(message)).build_with_content_type(QueueContentType::Text);
    match clock::within(TIMEOUT_MS, queue.send_raw(message)).await {
        Some(outcome) => outcome.map_err(|error| error.to_string()),
        None => Err(format!("no answer within {TIMEOUT_MS} ms")),
    }
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
