//! The consumer of the queue: it forwards events to their upstreams, or finally records them as dead letters.
//!
//! Each message is acknowledged or retried by itself, and no handler fails, since the platform would repeat the whole
//! batch.

use futures_util::future::join_all;
use js_sys::Uint8Array;
use keystile_core::{
    objects::{
        Call,
        dead_letters::{AttemptFailed, Bury, Delivered},
    },
    receiver::delivery::{Outcome, RecentDelivery},
    receiver::queue::{Body, Envelope, FIRST_RETRY_SECONDS, Failed, retry_after},
};
use keystile_runtime::{
    log,
    object::{self, CallFailed},
};
use serde::de::DeserializeOwned;
use worker::Env;

use crate::{
    bodies,
    body::Buffer,
    deliveries,
    forward::{self, DeliveryOutcome, Event},
    glue, kept,
    queue::{Batch, Message},
    source::{Hooks, Source},
};

const TIMEOUT_MS: u64 = 5_000;
/// The end of the name of the queue for events that could not be delivered.
const DEAD_SUFFIX: &str = "-dead";
/// The delay of a retry after a fault of Keystile, seconds.
const LATER_SECONDS: u32 = 60;

pub(crate) async fn consume(batch: &Batch, env: &Env) {
    let dead = batch.queue().ends_with(DEAD_SUFFIX);
    let (mut light, mut heavy) = (Vec::new(), Vec::new());
    for message in batch.messages() {
        let text = message.body().as_string().unwrap_or_default();
        match Envelope::parse(&text) {
            Ok(envelope) => match envelope.body {
                Body::Inline(_) => light.push((message, envelope)),
                Body::Stored { .. } => heavy.push((message, envelope)),
            },
            Err(reason) => {
                // A later version of the worker wrote the message; it may be deployed here soon.
                log::error("webhook_message_unreadable", &[("reason", reason.into())]);
                message.retry_after(LATER_SECONDS);
            }
        }
    }
    let hooks = Hooks::of(env);
    if dead {
        let source = |envelope: &Envelope| hooks.as_ref().ok().and_then(|hooks| hooks.source(&envelope.source));
        let buried =
            light.iter().chain(&heavy).map(|(message, envelope)| bury(env, message, source(envelope), envelope));
        join_all(buried).await;
        return;
    }
    let hooks = match hooks {
        Ok(hooks) => hooks,
        Err(error) => {
            log::error("hooks_not_ready", &[("reason", error.to_string().into())]);
            for (message, _) in light.iter().chain(&heavy) {
                message.retry_after(LATER_SECONDS);
            }
            return;
        }
    };
    join_all(light.iter().map(|(message, envelope)| attempt(&hooks, env, message, envelope))).await;
    // One after the other, since a worker's memory holds only a few long bodies at once.
    for (message, envelope) in &heavy {
        attempt(&hooks, env, message, envelope).await;
    }
}

/// Forwards one event.
async fn attempt(hooks: &Hooks, env: &Env, message: &Message, envelope: &Envelope) {
    let source = hooks.source(&envelope.source);
    let first = source.map_or(FIRST_RETRY_SECONDS, |source| source.config.retry_seconds.into());
    match tried(hooks, source, env, envelope).await {
        Ok(taken) => {
            // There is a record of failed attempts, and maybe a stored body.
            if message.attempts() > 1 || envelope.redriven {
                let noted = note(env, envelope, &Delivered { id: envelope.id.clone() }).await;
                logged(envelope, "webhook_attempts_left", noted.map_err(|error| error.0));
            }
            if let Body::Stored { .. } = envelope.body {
                logged(envelope, "webhook_body_left", bodies::forget(env, &envelope.id).await);
            }
            message.ack();
            if let (Some(source), Some(taken)) = (source, taken) {
                settle(env, source, envelope, taken).await;
            }
        }
        Err(failed) => {
            let delay = retry_after(first, message.attempts());
            logged(envelope, "webhook_attempt_failed", Err(failed.reason.clone()));
            let noted = note(env, envelope, &AttemptFailed { id: envelope.id.clone(), failed }).await;
            logged(envelope, "webhook_attempt_not_noted", noted.map_err(|error| error.0));
            message.retry_after(delay);
        }
    }
}

/// An event that its upstream took.
struct Taken {
    status: u16,
    body: Buffer,
}

/// Tries to hand an event on. Returns nothing if that was done before.
async fn tried(
    hooks: &Hooks,
    source: Option<&Source>,
    env: &Env,
    envelope: &Envelope,
) -> Result<Option<Taken>, Failed> {
    let failed = |status: Option<u16>, reason: &str| Failed { status, reason: reason.to_owned() };
    let Some(source) = source else { return Err(failed(None, "keystile.toml has no such source any more")) };
    let to = envelope.upstream.as_ref();
    let named = to.map(|upstream| (upstream.name.as_str(), upstream.path.as_str()));
    let index = source.config.upstream_of_message(named, to.is_some_and(|upstream| upstream.only));
    let Some(upstream) = index.and_then(|index| source.upstreams.get(index)) else {
        return Err(failed(None, "keystile.toml has this upstream no more among those of the source"));
    };
    let body = match &envelope.body {
        Body::Inline(_) => {
            let body = envelope.body.inline().ok_or_else(|| failed(None, "the message's body can't be read"))?;
            Uint8Array::from(body.as_slice())
        }
        Body::Stored { bytes, parts } => match bodies::load(env, &envelope.id, *bytes, *parts).await {
            Ok(Some(body)) => body,
            // A queue may deliver a message twice. The body was deleted after the first time.
            Ok(None) => {
                logged(envelope, "webhook_body_gone", Err("delivered or discarded before".into()));
                return Ok(None);
            }
            Err(reason) => return Err(failed(None, &format!("the body can't be read: {reason}"))),
        },
    };
    let event = event(envelope, body);
    match forward::deliver(hooks, source, upstream, &event).await {
        DeliveryOutcome::Answered { status, response } => {
            glue::discard(&response);
            match status {
                200..=299 => Ok(Some(Taken { status, body: event.buffer })),
                _ => Err(failed(Some(status), &format!("the upstream answered {status}"))),
            }
        }
        DeliveryOutcome::None => Err(failed(None, "the upstream did not answer")),
    }
}

/// Tells the object that remembers the delivery that the upstream took it, and keeps its body if the source says so.
async fn settle(env: &Env, source: &Source, envelope: &Envelope, taken: Taken) {
    // A message of an earlier version doesn't name the object.
    let Some(object) = &envelope.remembered_by else { return };
    let Taken { status, body } = taken;
    let facts = deliveries::facts(&source.config, envelope, body.len().into(), false, Outcome::Delivered, Some(status));
    let hours = source.config.keep_bodies_hours;
    // The body of a replayed event is kept already.
    let body_until = match hours > 0 && !envelope.replayed {
        true => kept::keep(env, envelope.clone(), body.bytes(), hours).await,
        false => None,
    };
    deliveries::settle(env, object, RecentDelivery { body_until, ..facts }).await;
}

fn event(envelope: &Envelope, body: Uint8Array) -> Event {
    Event {
        webhook_id: envelope.webhook_id.clone(),
        event_id: envelope.event_id.clone(),
        event_type: envelope.event_type.clone(),
        timestamp: envelope.timestamp,
        body_authenticated: envelope.body_authenticated,
        request_id: envelope.request_id.clone(),
        replayed: envelope.replayed,
        headers: envelope.headers.clone(),
        buffer: Buffer::of(body),
    }
}

/// Records an event as a dead letter.
async fn bury(env: &Env, message: &Message, source: Option<&Source>, envelope: &Envelope) {
    match note(env, envelope, &Bury { envelope: envelope.clone() }).await {
        Ok(()) => {
            logged(envelope, "webhook_dead", Err("all attempts failed".into()));
            message.ack();
            if let (Some(source), Some(object)) = (source, &envelope.remembered_by) {
                let facts =
                    deliveries::facts(&source.config, envelope, envelope.body.len(), false, Outcome::Dead, None);
                deliveries::settle(env, object, facts).await;
            }
        }
        Err(error) => {
            logged(envelope, "webhook_not_buried", Err(error.0));
            message.retry_after(LATER_SECONDS);
        }
    }
}

/// Calls the source's object of dead letters.
async fn note<C: Call<Answer: DeserializeOwned>>(env: &Env, envelope: &Envelope, call: &C) -> Result<(), CallFailed> {
    object::call(env, &envelope.source, call, TIMEOUT_MS).await.map(drop)
}

fn logged(envelope: &Envelope, event: &str, outcome: Result<(), String>) {
    if let Err(reason) = outcome {
        let fields = [
            ("source", envelope.source.as_str()),
            ("delivery", envelope.id.as_str()),
            ("request_id", envelope.request_id.as_str()),
            ("reason", reason.as_str()),
        ];
        log::warn(event, &fields.map(|(name, value)| (name, value.into())));
    }
}
