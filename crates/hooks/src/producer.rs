//! The producer: it puts events into the queue.

use keystile_core::{
    Timestamp,
    base::{
        id::{DeliveryId, ID_RANDOM_BYTES},
        problem::Problem,
    },
    receiver::queue::{Body, Envelope, MAX_BATCH_BYTES, NamedUpstream},
};
use keystile_runtime::{clock, log, random};
use worker::Env;

use crate::{
    bodies,
    forward::Event,
    incoming::Incoming,
    queue,
    source::{Source, SourceUpstream},
};

/// The time after which storing a body and sending its message has failed, milliseconds. It is shorter than the
/// lifetime of a claim.
const TIMEOUT_MS: u64 = 30_000;

/// Puts an event into the queue, as these messages. All are durable when this returns.
///
/// # Errors
/// 503: the event may not be in the queue, so the sender has to send it again. The messages are sent in one call, which
/// takes all or none; only those that are too long for one are sent in several, and may then be there twice.
pub(crate) async fn enqueue(
    source: &Source,
    incoming: &Incoming,
    event: &Event,
    envelopes: &mut [Envelope],
) -> Result<(), Problem> {
    let outcome = clock::within(TIMEOUT_MS, send(&incoming.env, envelopes, &event.body)).await;
    match outcome.unwrap_or_else(|| Err(format!("not done within {TIMEOUT_MS} ms"))) {
        Ok(()) => Ok(()),
        Err(reason) => {
            // The message may be in the queue all the same, so its body is not deleted.
            Err(failed(source, event, &reason))
        }
    }
}

/// Sends messages with this body, or stores the body beside each.
///
/// # Errors
/// The reason, for the log. The messages may be in the queue all the same.
pub(crate) async fn send(env: &Env, envelopes: &mut [Envelope], body: &[u8]) -> Result<(), String> {
    // Bodies that would make the messages too long for one call are stored beside them.
    let share = MAX_BATCH_BYTES / envelopes.len().max(1);
    let mut messages = Vec::new();
    for envelope in envelopes {
        messages.push(match envelope.with_inline(body).filter(|message| message.len() <= share) {
            Some(message) => message,
            None => {
                let message = envelope.with_stored(body).ok_or("its headers are too long for a message")?;
                bodies::store(env, &envelope.id, body).await?;
                message
            }
        });
    }
    queue::send(env, &messages).await
}

/// A new delivery's id.
///
/// # Errors
/// The platform gave too few random bytes.
pub(crate) fn new_id() -> worker::Result<DeliveryId> {
    let id = DeliveryId::from_random(&random::bytes::<ID_RANDOM_BYTES>()?);
    id.ok_or_else(|| worker::Error::RustError("too few random bytes for an id".into()))
}

/// The message of an event for an upstream, without its body. `remembered_by` is the object that remembers the delivery.
pub(crate) fn envelope(
    source: &Source,
    received_at: Timestamp,
    event: &Event,
    id: DeliveryId,
    to: &SourceUpstream,
    remembered_by: &str,
) -> Envelope {
    Envelope {
        id,
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
        remembered_by: Some(remembered_by.to_owned()),
        upstream: source
            .config
            .lists_upstreams
            .then(|| NamedUpstream { name: to.config.name.clone(), path: to.config.path.clone() }),
    }
}

fn failed(source: &Source, event: &Event, reason: &str) -> Problem {
    let fields =
        [("source", source.config.source.as_str()), ("request_id", event.request_id.as_str()), ("reason", reason)];
    log::error("webhook_not_queued", &fields.map(|(name, value)| (name, value.into())));
    Problem::unavailable("The delivery is genuine, but could not be queued; send it again.")
}
