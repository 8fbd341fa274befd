//! The producer: it puts events into the queue.

use keystile_core::{
    Timestamp,
    base::{
        id::{DeliveryId, ID_RANDOM_BYTES},
        problem::Problem,
    },
    receiver::queue::{Body, Envelope},
};
use keystile_runtime::{clock, log, random};
use worker::Env;

use crate::{bodies, forward::Event, incoming::Incoming, queue, source::Source};

/// The time after which storing a body and sending its message has failed, milliseconds. It is shorter than the
/// lifetime of a claim.
const TIMEOUT_MS: u64 = 30_000;

/// Puts an event into the queue. It is durable when this returns.
///
/// # Errors
/// 503: the event may not be in the queue, so the sender has to send it again.
pub(crate) async fn enqueue(
    source: &Source,
    incoming: &Incoming,
    event: &Event,
    remembered_by: &str,
) -> Result<(), Problem> {
    let mut envelope = envelope(source, incoming.now, event);
    envelope.remembered_by = Some(remembered_by.to_owned());
    let outcome = clock::within(TIMEOUT_MS, send(&incoming.env, &mut envelope, &event.body)).await;
    match outcome.unwrap_or_else(|| Err(format!("not done within {TIMEOUT_MS} ms"))) {
        Ok(()) => Ok(()),
        Err(reason) => {
            // The message may be in the queue all the same, so its body is not deleted.
            Err(failed(source, event, &reason))
        }
    }
}

/// Sends a message with this body, or stores the body beside it.
///
/// # Errors
/// The reason, for the log. The message may be in the queue all the same.
pub(crate) async fn send(env: &Env, envelope: &mut Envelope, body: &[u8]) -> Result<(), String> {
    let message = match envelope.with_inline(body) {
        Some(message) => message,
        None => {
            let message = envelope.with_stored(body).ok_or("its headers are too long for a message")?;
            bodies::store(env, &envelope.id, body).await?;
            message
        }
    };
    queue::send(env, &message).await
}

/// A new delivery's id.
///
/// # Errors
/// The platform gave too few random bytes.
pub(crate) fn new_id() -> worker::Result<DeliveryId> {
    let id = DeliveryId::from_random(&random::bytes::<ID_RANDOM_BYTES>()?);
    id.ok_or_else(|| worker::Error::RustError("too few random bytes for an id".into()))
}

/// The message of an event, without its body.
pub(crate) fn envelope(source: &Source, received_at: Timestamp, event: &Event) -> Envelope {
    Envelope {
        id: event.id.clone(),
        source: source.config.source.clone(),
        webhook_id: event.webhook_id.clone(),
        event_id: event.event_id.clone(),
        timestamp: event.timestamp,
        body_authenticated: event.body_authenticated,
        received_at,
        request_id: event.request_id.clone(),
        headers: event.headers.clone(),
        body: Body::Inline(String::new()),
        redriven: false,
        event_type: event.event_type.clone(),
        replayed: event.replayed,
        remembered_by: None,
    }
}

fn failed(source: &Source, event: &Event, reason: &str) -> Problem {
    let fields =
        [("source", source.config.source.as_str()), ("request_id", event.request_id.as_str()), ("reason", reason)];
    log::error("webhook_not_queued", &fields.map(|(name, value)| (name, value.into())));
    Problem::unavailable("The delivery is genuine, but could not be queued; send it again.")
}
