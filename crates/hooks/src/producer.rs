//! The producer: it puts events into the queue.

use keystile_core::{
    base::{
        id::{DeliveryId, ID_RANDOM_BYTES},
        problem::Problem,
    },
    receiver::queue::{Body, Envelope, MAX_BATCH_BYTES, NamedUpstream},
};
use keystile_runtime::{clock, log, random};

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

/// Puts an event into the queue, as a message for each of these upstreams. All are durable when this returns.
///
/// # Errors
/// 503: the event may not be in the queue, so the sender has to send it again. The messages are sent in one call, which
/// takes all or none; only those that are too long for one are sent in several, and may then be there twice.
pub(crate) async fn enqueue(
    source: &Source,
    incoming: &Incoming,
    event: &Event,
    to: &[&SourceUpstream],
) -> Result<(), Problem> {
    let envelopes: worker::Result<Vec<Envelope>> =
        to.iter().map(|upstream| envelope(source, incoming, event, upstream)).collect();
    let mut envelopes = envelopes.map_err(|error| failed(source, event, &error.to_string()))?;
    let outcome = clock::within(TIMEOUT_MS, send(incoming, &mut envelopes, &event.body)).await;
    match outcome.unwrap_or_else(|| Err(format!("not done within {TIMEOUT_MS} ms"))) {
        Ok(()) => Ok(()),
        Err(reason) => {
            // The message may be in the queue all the same, so its body is not deleted.
            Err(failed(source, event, &reason))
        }
    }
}

async fn send(incoming: &Incoming, envelopes: &mut [Envelope], body: &[u8]) -> Result<(), String> {
    // Bodies that would make the messages too long for one call are stored beside them.
    let share = MAX_BATCH_BYTES / envelopes.len().max(1);
    let mut messages = Vec::new();
    for envelope in envelopes {
        messages.push(match envelope.with_inline(body).filter(|message| message.len() <= share) {
            Some(message) => message,
            None => {
                let message = envelope.with_stored(body).ok_or("its headers are too long for a message")?;
                bodies::store(&incoming.env, &envelope.id, body).await?;
                message
            }
        });
    }
    queue::send(&incoming.env, &messages).await
}

fn envelope(source: &Source, incoming: &Incoming, event: &Event, to: &SourceUpstream) -> worker::Result<Envelope> {
    let id = DeliveryId::from_random(&random::bytes::<ID_RANDOM_BYTES>()?);
    let id = id.ok_or_else(|| worker::Error::RustError("too few random bytes for an id".into()))?;
    Ok(Envelope {
        id,
        source: source.config.source.clone(),
        webhook_id: event.webhook_id.clone(),
        event_id: event.event_id.clone(),
        timestamp: event.timestamp,
        body_authenticated: event.body_authenticated,
        received_at: incoming.now,
        request_id: event.request_id.clone(),
        headers: event.headers.clone(),
        body: Body::Inline(String::new()),
        redriven: false,
        event_type: event.event_type.clone(),
        upstream: source
            .config
            .lists_upstreams
            .then(|| NamedUpstream { name: to.config.name.clone(), path: to.config.path.clone() }),
    })
}

fn failed(source: &Source, event: &Event, reason: &str) -> Problem {
    let fields =
        [("source", source.config.source.as_str()), ("request_id", event.request_id.as_str()), ("reason", reason)];
    log::error("webhook_not_queued", &fields.map(|(name, value)| (name, value.into())));
    Problem::unavailable("The delivery is genuine, but could not be queued; send it again.")
}
