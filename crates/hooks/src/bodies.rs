//! Bodies that are too long for a queue's message, in objects of their own.

use js_sys::{Promise, Uint8Array};
use keystile_core::{
    base::id::DeliveryId,
    objects::bodies::{BINDING, BodyCall},
    receiver::queue::parts,
};
use wasm_bindgen::prelude::*;
use worker::Env;

use crate::queue::{binding, within};

/// Stores a body. It is durable when this returns.
///
/// # Errors
/// The platform's reason, for the log. Some parts may be stored.
pub(crate) async fn store(env: &Env, id: &DeliveryId, body: &[u8]) -> Result<(), String> {
    for (index, part) in parts(body).enumerate() {
        ask(env, id, BodyCall::Store(index as u32), Some(Uint8Array::from(part))).await?;
    }
    Ok(())
}

/// Loads a stored body; `None` if it was deleted.
///
/// # Errors
/// The platform's reason, for the log.
pub(crate) async fn load(env: &Env, id: &DeliveryId, bytes: u64, parts: u32) -> Result<Option<Vec<u8>>, String> {
    let mut body = Vec::new();
    for part in 0..parts {
        let loaded = ask(env, id, BodyCall::Load(part), None).await?;
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
/// The platform's reason, for the log. The body's alarm deletes it in the end.
pub(crate) async fn forget(env: &Env, id: &DeliveryId) -> Result<(), String> {
    ask(env, id, BodyCall::Forget, None).await.map(drop)
}

async fn ask(env: &Env, id: &DeliveryId, call: BodyCall, bytes: Option<Uint8Array>) -> Result<JsValue, String> {
    within(call_body(&binding(env, BINDING)?, id.as_str(), &call.path(), bytes)).await
}

#[wasm_bindgen(module = "/src/queue_glue.js")]
extern "C" {
    #[wasm_bindgen(js_name = callBody)]
    fn call_body(bodies: &JsValue, name: &str, path: &str, bytes: Option<Uint8Array>) -> Promise;
}
