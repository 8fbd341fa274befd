//! The queue's two ends as the platform has them, and the objects that long
//! bodies lie in meanwhile.

use js_sys::{Array, Object, Promise, Reflect, Uint8Array};
use keystile_core::{base::id::DeliveryId, receiver::queue::parts};
use keystile_runtime::clock;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use worker::Env;

/// The queue of events.
const EVENTS: &str = "EVENTS";
/// An object for each long body.
const BODIES: &str = "BODIES";
/// A queue or an object that takes longer has failed.
const TIMEOUT_MS: u64 = 10_000;

/// Puts a message into the queue. When this returns it is durable.
///
/// # Errors
/// The platform's reason, for the log.
pub(crate) async fn send(env: &Env, message: &str) -> Result<(), String> {
    within(glue::send(&binding(env, EVENTS)?, message)).await.map(drop)
}

/// Stores a body. When this returns it is durable.
///
/// # Errors
/// The platform's reason, for the log. Some parts may be there.
pub(crate) async fn store_body(env: &Env, id: &DeliveryId, body: &[u8]) -> Result<(), String> {
    let bodies = binding(env, BODIES)?;
    for (index, part) in parts(body).enumerate() {
        within(glue::store_part(&bodies, id.as_str(), index as u32, &Uint8Array::from(part))).await?;
    }
    Ok(())
}

/// A body that was stored; `None` if it is not there any more.
///
/// # Errors
/// The platform's reason, for the log.
pub(crate) async fn load_body(env: &Env, id: &DeliveryId, bytes: u64, parts: u32) -> Result<Option<Vec<u8>>, String> {
    let bodies = binding(env, BODIES)?;
    let mut body = Vec::new();
    for part in 0..parts {
        let loaded = within(glue::load_part(&bodies, id.as_str(), part)).await?;
        match loaded.dyn_ref::<Uint8Array>() {
            Some(part) => body.extend(part.to_vec()),
            None => return Ok(None),
        }
    }
    Ok((body.len() as u64 == bytes).then_some(body))
}

/// Deletes a body.
///
/// # Errors
/// The platform's reason, for the log. It goes by itself in the end.
pub(crate) async fn forget_body(env: &Env, id: &DeliveryId) -> Result<(), String> {
    within(glue::forget_body(&binding(env, BODIES)?, id.as_str())).await.map(drop)
}

fn binding(env: &Env, name: &str) -> Result<JsValue, String> {
    let found = Reflect::get(env, &name.into()).unwrap_or_default();
    if found.is_object() { Ok(found) } else { Err(format!("the binding {name} is missing")) }
}

async fn within(promise: Promise) -> Result<JsValue, String> {
    match clock::within(TIMEOUT_MS, JsFuture::from(promise)).await {
        Some(outcome) => outcome.map_err(|error| worker::Error::from(error).to_string()),
        None => Err(format!("no answer within {TIMEOUT_MS} ms")),
    }
}

#[wasm_bindgen]
extern "C" {
    /// `MessageBatch`
    pub type Batch;

    #[wasm_bindgen(method, getter)]
    pub(crate) fn queue(this: &Batch) -> String;

    #[wasm_bindgen(method, getter, js_name = "messages")]
    fn all(this: &Batch) -> Array;

    /// `Message`
    pub(crate) type Message;

    #[wasm_bindgen(method, getter)]
    pub(crate) fn body(this: &Message) -> JsValue;

    /// How often it was handed to a consumer, this time included.
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
    /// Lets the queue hand it out again later, or to the queue of dead letters
    /// if it was handed out often enough.
    pub(crate) fn retry_after(&self, seconds: u32) {
        let options = Object::new();
        // Setting a member of a new object can't fail.
        let _ = Reflect::set(&options, &"delaySeconds".into(), &seconds.into());
        self.retry(&options);
    }
}

mod glue {
    use super::{JsValue, Promise, Uint8Array, wasm_bindgen};

    #[wasm_bindgen(module = "/src/queue_glue.js")]
    extern "C" {
        pub(super) fn send(queue: &JsValue, text: &str) -> Promise;

        #[wasm_bindgen(js_name = storePart)]
        pub(super) fn store_part(bodies: &JsValue, name: &str, part: u32, bytes: &Uint8Array) -> Promise;

        #[wasm_bindgen(js_name = loadPart)]
        pub(super) fn load_part(bodies: &JsValue, name: &str, part: u32) -> Promise;

        #[wasm_bindgen(js_name = forgetBody)]
        pub(super) fn forget_body(bodies: &JsValue, name: &str) -> Promise;
    }
}
