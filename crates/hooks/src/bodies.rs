//! Bodies that are too long for a queue's message, in objects of their own.

use js_sys::Uint8Array;
use keystile_core::{
    base::id::DeliveryId,
    objects::bodies::{BINDING, BodyCall},
    receiver::queue::parts,
};
use keystile_runtime::clock;
use worker::{Env, Method, Request, RequestInit, Response};

/// The time after which a call to an object has failed, milliseconds.
const TIMEOUT_MS: u64 = 10_000;

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
        let mut answer = ask(env, id, BodyCall::Load(part), None).await?;
        if answer.status_code() == 204 {
            return Ok(None);
        }
        body.extend(answer.bytes().await.map_err(|error| error.to_string())?);
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

async fn ask(env: &Env, id: &DeliveryId, call: BodyCall, body: Option<Uint8Array>) -> Result<Response, String> {
    let answer = clock::within(TIMEOUT_MS, fetch(env, id, &call, body)).await;
    let answer = answer.ok_or_else(|| format!("no answer within {TIMEOUT_MS} ms"))?;
    let answer = answer.map_err(|error| error.to_string())?;
    match answer.status_code() {
        200..=299 => Ok(answer),
        status => Err(format!("the object answered {status}")),
    }
}

async fn fetch(env: &Env, id: &DeliveryId, call: &BodyCall, body: Option<Uint8Array>) -> worker::Result<Response> {
    let mut init = RequestInit::new();
    init.with_method(Method::Post).with_body(body.map(Into::into));
    let request = Request::new_with_init(&format!("https://object{}", call.path()), &init)?;
    env.durable_object(BINDING)?.get_by_name(id.as_str())?.fetch_with_request(request).await
}
