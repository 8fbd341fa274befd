//! Bodies that are stored in objects of their own: those that are too long for a queue's message, and those of events
//! that can be replayed.

use core::ops::Range;

use futures_util::future::join_all;
use js_sys::{Promise, Uint8Array};
use keystile_core::{
    base::id::DeliveryId,
    objects::bodies::{BINDING, BodyCall},
    receiver::queue::parts,
};
use wasm_bindgen::prelude::*;
use worker::Env;

use crate::queue::{binding, within};

/// The calls that store bodies at the same time. Each takes up to a part of a body to the store.
const AT_ONCE: usize = 4;

/// Stores a body once for each of these deliveries. All are durable when this returns.
///
/// # Errors
/// The platform's reason, for the log. Some parts may be stored.
pub(crate) async fn store(env: &Env, ids: &[&DeliveryId], body: &Uint8Array) -> Result<(), String> {
    // A part of each in turn, so that calls at the same time go to different objects.
    let call = |part: Range<u32>, index: usize| {
        let index = u32::try_from(index).unwrap_or(u32::MAX);
        ids.iter().map(move |id| (id.as_str(), BodyCall::Store(index), part.clone()))
    };
    let calls = parts(body.length()).enumerate().flat_map(|(index, part)| call(part, index));
    store_parts(env, calls.map(|(name, call, part)| (name, call, body.subarray(part.start, part.end)))).await
}

/// Stores parts of bodies by these calls of objects, some at the same time. Returns once none is on its way any more.
pub(crate) async fn store_parts<'a>(
    env: &Env,
    parts: impl Iterator<Item = (&'a str, BodyCall, Uint8Array)>,
) -> Result<(), String> {
    let mut parts = parts.fuse();
    loop {
        let some = parts.by_ref().take(AT_ONCE).map(|(name, call, part)| ask(env, name, call, Some(part)));
        let stored = join_all(some).await;
        if stored.is_empty() {
            return Ok(());
        }
        stored.into_iter().collect::<Result<Vec<_>, _>>()?;
    }
}

/// Loads a stored body; `None` if it was deleted.
///
/// # Errors
/// The platform's reason, for the log.
pub(crate) async fn load(env: &Env, id: &DeliveryId, bytes: u64, parts: u32) -> Result<Option<Uint8Array>, String> {
    load_parts(env, id.as_str(), 0..parts, bytes).await
}

/// Loads some parts of an object, if all are there and together have the right length.
pub(crate) async fn load_parts(
    env: &Env,
    name: &str,
    parts: Range<u32>,
    bytes: u64,
) -> Result<Option<Uint8Array>, String> {
    let bytes = u32::try_from(bytes).map_err(|_| "it is too long")?;
    let body = Uint8Array::new_with_length(bytes);
    let mut length: u32 = 0;
    for part in parts {
        let loaded = ask(env, name, BodyCall::Load(part), None).await?;
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

/// Loads one part of an object; `None` if there is none.
pub(crate) async fn load_part(env: &Env, name: &str, part: u32) -> Result<Option<Vec<u8>>, String> {
    let loaded = ask(env, name, BodyCall::Load(part), None).await?;
    Ok(loaded.dyn_ref::<Uint8Array>().map(Uint8Array::to_vec))
}

/// Deletes a body.
///
/// # Errors
/// The platform's reason, for the log. The body's alarm deletes it in the end.
pub(crate) async fn forget(env: &Env, id: &DeliveryId) -> Result<(), String> {
    ask(env, id.as_str(), BodyCall::Forget, None).await.map(drop)
}

/// Calls the object of this name.
pub(crate) async fn ask(env: &Env, name: &str, call: BodyCall, bytes: Option<Uint8Array>) -> Result<JsValue, String> {
    within(call_body(&binding(env, BINDING)?, name, &call.path(), bytes)).await
}

#[wasm_bindgen(module = "/src/queue_glue.js")]
extern "C" {
    #[wasm_bindgen(js_name = callBody)]
    fn call_body(bodies: &JsValue, name: &str, path: &str, bytes: Option<Uint8Array>) -> Promise;
}
