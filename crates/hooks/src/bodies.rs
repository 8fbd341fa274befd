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
pub(crate) async fn load(env: &Env, id: &DeliveryId, bytes: u64, parts: u32) -> Result<Option<Uint8Array>, String> {
    let bytes = u32::try_from(bytes).map_err(|_| "it is too long")?;
    let body = Uint8Array::new_with_length(bytes);
    let mut length: u32 = 0;
    for part in 0..parts {
        let loaded = ask(env, id, BodyCall::Load(part), None).await?;
        let Some(part) = loaded.dyn_ref::<Uint8Array>() else { return Ok(None) };
        let end = length.saturating_add(part.length());
        if end > bytes {
            return Ok(None);
        }
        body.set(part, length);
        length = end;
    }
    Ok((length == bytes).then_some(body))
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
