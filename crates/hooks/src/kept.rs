//! Events that were delivered and are kept for a while, so that an operator can have them delivered once more. Each is
//! in an object of its own: its message without the body, and the parts of the body.

use core::iter;

use js_sys::Uint8Array;
use keystile_core::{
    Timestamp,
    base::{id::DeliveryId, timestamp::HOUR_MS},
    objects::bodies::{BodyCall, kept_name},
    receiver::queue::{Body, Envelope, parts},
};
use keystile_runtime::{clock, log};
use worker::Env;

use crate::{
    bodies::{load_part, load_parts, store_parts},
    body::Buffer,
};

/// Keeps a delivered event for some hours. Returns the time until which it is kept; a failure is logged, and the event
/// is then not kept.
pub(crate) async fn keep(env: &Env, envelope: Envelope, body: &Uint8Array, hours: u16) -> Option<Timestamp> {
    let until = clock::now().plus_millis(i64::from(hours) * HOUR_MS);
    let (source, id) = (envelope.source.clone(), envelope.id.clone());
    match store(env, envelope, body, until).await {
        Ok(()) => Some(until),
        Err(reason) => {
            let fields = [("source", source.into()), ("delivery", id.as_str().into()), ("reason", reason.into())];
            log::warn("webhook_body_not_kept", &fields);
            None
        }
    }
}

/// Stores an event until a time. It is durable when this returns.
///
/// # Errors
/// The platform's reason, for the log. Some parts may be stored; the object's alarm deletes them.
async fn store(env: &Env, mut envelope: Envelope, body: &Uint8Array, until: Timestamp) -> Result<(), String> {
    envelope.body = Body::stored(body.length());
    let name = kept_name(&envelope.id);
    let message = Uint8Array::from(envelope.to_message().as_bytes());
    let parts = iter::once(message).chain(parts(body.length()).map(|part| body.subarray(part.start, part.end)));
    let calls = (0..).zip(parts).map(|(index, part)| (name.as_str(), BodyCall::Keep(index, until), part));
    store_parts(env, calls).await
}

/// Loads a kept event with its body; `None` if it isn't kept any more.
///
/// # Errors
/// The platform's reason, or that of a message that can't be read; for the log.
pub(crate) async fn load(env: &Env, id: &DeliveryId) -> Result<Option<(Envelope, Buffer)>, String> {
    let name = kept_name(id);
    let Some(message) = load_part(env, &name, 0).await? else { return Ok(None) };
    let envelope = Envelope::parse(&String::from_utf8_lossy(&message))?;
    let Body::Stored { bytes, parts } = envelope.body else { return Ok(None) };
    let body = load_parts(env, &name, 1..parts.saturating_add(1), bytes).await?;
    Ok(body.map(|body| (envelope, Buffer::of(body))))
}
