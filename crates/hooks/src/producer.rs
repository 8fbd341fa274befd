//! The producer: it puts events into the queue.

use futures_util::future::join_all;
use keystile_core::{
    Timestamp,
    base::{
        id::{DeliveryId, ID_RANDOM_BYTES},
        problem::Problem,
    },
    receiver::queue::{Body, Envelope, MAX_BATCH_BYTES, MAX_MESSAGE_BYTES, NamedUpstream},
};
use keystile_runtime::{clock, log, random};
use worker::Env;

use crate::{
    bodies,
    body::Buffer,
    forward::Event,
    incoming::Incoming,
    queue,
    source::{Source, SourceUpstream},
};

/// The time after which storing bodies has failed, milliseconds. With the queue's own it is shorter than the lifetime of
/// a claim.
pub(crate) const STORING_MS: u64 = 20_000;
/// The time for taking back what was stored, milliseconds.
const FORGETTING_MS: u64 = 2_000;

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
    let sent = send(&incoming.env, envelopes, &event.buffer, STORING_MS).await;
    sent.map_err(|reason| failed(source, event, &reason))
}

/// Sends messages with this body, or stores the body beside each within `storing_ms` milliseconds.
///
/// # Errors
/// The reason, for the log. The messages may be in the queue all the same; if they certainly aren't, no body is left
/// behind.
pub(crate) async fn send(env: &Env, envelopes: &mut [Envelope], body: &Buffer, storing_ms: u64) -> Result<(), String> {
    let messages = messages(envelopes, body).ok_or("its headers are too long for a message")?;
    let stored = |envelope: &&Envelope| matches!(envelope.body, Body::Stored { .. });
    let stored: Vec<&DeliveryId> = envelopes.iter().filter(stored).map(|envelope| &envelope.id).collect();
    let storing = clock::within(storing_ms, bodies::store(env, &stored, body.bytes())).await;
    if let Err(reason) = storing.unwrap_or_else(|| Err(format!("not stored within {storing_ms} ms"))) {
        // A call that is still on its way may come later. Its part goes at the end of its time.
        let forgetting = stored.iter().map(|id| bodies::forget(env, id));
        clock::within(FORGETTING_MS, join_all(forgetting)).await;
        return Err(reason);
    }
    queue::send(env, &messages).await
}

/// The messages, each with the body in it or its place. `None` if the headers are too long.
fn messages(envelopes: &mut [Envelope], body: &Buffer) -> Option<Vec<String>> {
    // Bodies that would make the messages too long for one call are stored beside them.
    let share = MAX_BATCH_BYTES / envelopes.len().max(1);
    let short = (body.len() as usize <= share.min(MAX_MESSAGE_BYTES)).then(|| body.to_vec());
    let message = |envelope: &mut Envelope| {
        let inline = short.as_ref().and_then(|body| envelope.with_inline(body));
        inline.filter(|message| message.len() <= share).or_else(|| envelope.with_stored(body.len()))
    };
    envelopes.iter_mut().map(message).collect()
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
        upstream: Some(NamedUpstream {
            name: to.config.name.clone(),
            path: to.config.path.clone(),
            only: !source.config.lists_upstreams,
        }),
    }
}

fn failed(source: &Source, event: &Event, reason: &str) -> Problem {
    let fields =
        [("source", source.config.source.as_str()), ("request_id", event.request_id.as_str()), ("reason", reason)];
    log::error("webhook_not_queued", &fields.map(|(name, value)| (name, value.into())));
    Problem::unavailable("The delivery is genuine, but could not be queued; send it again.")
}
