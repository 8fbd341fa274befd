//! The producer: it puts events into the queue.

use keystile_core::{
    base::{
        id::{DeliveryId, ID_RANDOM_BYTES},
        problem::Problem,
    },
    receiver::queue::{Body, Envelope},
};
use keystile_runtime::{clock, log, random};

use crate::{bodies, forward::Event, incoming::Incoming, queue, source::Source};

/// The time after which storing a body and sending its message has failed, milliseconds. It is shorter than the
/// lifetime of a claim.
const TIMEOUT_MS: u64 = 30_000;

/// Puts an event into the queue. It is durable when this returns.
///
/// # Errors
/// 503: the event may not be in the queue, so the sender has to send it again.
pub(crate) async fn enqueue(source: &Source, incoming: &Incoming, event: &Event) -> Result<(), Problem> {
    let mut envelope = envelope(source, incoming, event).map_err(|error| failed(source, event, &error.to_string()))?;
    let outcome = clock::within(TIMEOUT_MS, send(incoming, &mut envelope, &event.body)).await;
    match outcome.unwrap_or_else(|| Err(format!("not done within {TIMEOUT_MS} ms"))) {
        Ok(()) => Ok(()),
        Err(reason) => {
            // The message may be in the queue all the same, so its body is not deleted.
            Err(failed(source, event, &reason))
        }
    }
}

async fn send(incoming: &Incoming, envelope: &mut Envelope, body: &[u8]) -> Result<(), String> {
    let message = match envelope.with_inline(body) {
        Some(message) => message,
        None => {
            let message = envelope.with_stored(body).ok_or("its headers are too long for a message")?;
            bodies::store(&incoming.env, &envelope.id, body).await?;
            message
        }
    };
    queue::send(&incoming.env, &message).await
}

fn envelope(source: &Source, incoming: &Incoming, event: &Event) -> worker::Result<Envelope> {
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
    })
}

fn failed(source: &Source, event: &Event, reason: &str) -> Problem {
    let fields =
        [("source", source.config.source.as_str()), ("request_id", event.request_id.as_str()), ("reason", reason)];
    log::error("webhook_not_queued", &fields.map(|(name, value)| (name, value.into())));
    Problem::unavailable("The delivery is genuine, but could not be queued; send it again.")
}
