//! The receipt of a delivery, up to its answer.
//!
//! Handshakes come first, and those that need no secret are answered before the source has one. Any other delivery is
//! verified, claimed at the object that remembers deliveries, and forwarded. Any failure after the claim releases it, so that the sender's own retry passes.

use std::rc::Rc;

use keystile_core::{
    base::{code::Code, problem::Problem},
    config::WebhookMode,
    objects::deliveries::Claimed,
    receiver::{
        delivery::{Outcome, RecentDelivery},
        queue::Envelope,
    },
};
use keystile_runtime::log;
use keystile_webhook::{
    Delivery, Failure, Options, ReplayKey, Scheme, Secrets, Verification, Verified, algorithm::WebCrypto,
    handshake::HandshakeRequest, verify::SignatureCheck,
};
use serde_json::json;
use wasm_bindgen_futures::JsFuture;

use crate::{
    body::Buffer,
    deliveries::{self, Remembered},
    forward::{self, DeliveryOutcome, Event, Unverified},
    glue, handshakes,
    incoming::Incoming,
    kept,
    keys::Newer,
    producer,
    reply::Reply,
    source::{self, Hooks, Parts, SenderSecrets, Source, SourceUpstream},
};

pub(crate) async fn answer(hooks: &Hooks, source: &Source, incoming: &Incoming) -> Result<Reply, Problem> {
    let limit = source.config.max_body_bytes;
    let buffer = incoming.body(limit).await?;
    let parts = Parts {
        method: incoming.method.clone(),
        url: source.url_of(incoming),
        headers: incoming.headers.clone(),
        body: buffer.to_vec(),
    };
    let (headers, params) = (parts.headers(), source.params());
    let (delivery, options) = (parts.delivery(&headers), source::options(incoming.now, &params, limit as usize));
    let scheme = &source.config.scheme;
    if let Some(request) = scheme.handshake(&delivery, &options) {
        return shake_hands(source, incoming, request, &delivery, &options).await;
    }
    if incoming.method != "POST" {
        let problem = Problem::new(Code::MethodNotAllowed, "Webhooks are taken by POST.");
        return Err(problem.with_header("Allow", "POST"));
    }
    let secrets = match ready(source, incoming).await {
        // Without secrets no delivery can be verified, and each is handed on.
        Err(_) if source.only_logs() && source.lack().is_none() => Err(source.secrets.as_ref().err()),
        ready => Ok(ready?),
    };
    let verified = match &secrets {
        Ok(secrets) => match verdict(source, incoming, secrets, &delivery, &options).await {
            Err(_) if source.only_logs() => Err(Failure::UnknownKey),
            verdict => verdict?,
        },
        Err(reason) => Err(Failure::Configuration(reason.cloned().unwrap_or_default().into())),
    };
    let verified = match verified {
        Ok(verified) => verified,
        Err(failure) if source.only_logs() && failure != Failure::BodyTooLarge => {
            let event_type = scheme.stated_event_type(&delivery, &options);
            drop(parts.body);
            return Ok(unverified(source, incoming, &parts.headers, &buffer, &failure, event_type.as_deref()).await);
        }
        Err(failure) => return Err(told(source, incoming, &failure)),
    };
    drop(headers);
    let to = source.upstreams_of(verified.event_type.as_deref());
    if to.is_empty() {
        return Ok(ignored(source, incoming, verified.event_type.as_deref()));
    }
    let keys = verified.replay_keys.clone();
    let event = Event::new(source, incoming, parts, verified, buffer);
    once(hooks, source, incoming, event, keys, &to).await
}

/// The answer to a handshake. If the sender tells its secret and the source has none, the secret is kept for an
/// operator.
async fn shake_hands(
    source: &Source,
    incoming: &Incoming,
    request: HandshakeRequest<'_>,
    delivery: &Delivery<'_>,
    options: &Options<'_>,
) -> Result<Reply, Problem> {
    let refused = |failure: Failure| told(source, incoming, &failure);
    let scheme = &source.config.scheme;
    let secrets = match &source.secrets {
        _ if !request.needs_secret() => Rc::new(Secrets::parse(scheme, &[])),
        Ok(secrets) => secrets_of(secrets, source, incoming).await?,
        Err(reason) => return Err(misconfigured(source, incoming, reason)),
    };
    let verified = match request.needs_verification() {
        true => Some(judged(source, incoming, &secrets, delivery, options).await?),
        false => None,
    };
    let answer = request.answer(&secrets, delivery, options, verified.as_ref()).map_err(refused)?;
    if source.secrets.is_err()
        && let Some(secret) = request.told(delivery, options).map_err(refused)?
    {
        handshakes::note(source, incoming, secret).await?;
    }
    Ok(answer.into())
}

/// The source's secrets, if everything that a delivery needs is configured and known.
async fn ready(source: &Source, incoming: &Incoming) -> Result<Rc<Secrets>, Problem> {
    match (&source.secrets, source.lack()) {
        (Ok(secrets), None) => secrets_of(secrets, source, incoming).await,
        (Err(reason), _) => Err(misconfigured(source, incoming, reason)),
        (_, Some(reason)) => Err(misconfigured(source, incoming, reason)),
    }
}

/// The secrets as they are now.
///
/// # Errors
/// The answer if the sender's keys can't be fetched.
pub(crate) async fn secrets_of(
    secrets: &SenderSecrets,
    source: &Source,
    incoming: &Incoming,
) -> Result<Rc<Secrets>, Problem> {
    match secrets {
        SenderSecrets::Configured(secrets) => Ok(Rc::clone(secrets)),
        SenderSecrets::Published(keys) => keys
            .get(&incoming.env, &source.config.scheme, incoming.now)
            .await
            .map_err(|seconds| later("The keys of this sender can't be fetched right now; send it again.", seconds)),
    }
}

/// The verdict on a delivery that can be had in a while.
fn later(detail: &'static str, seconds: i64) -> Problem {
    Problem::new(Code::DependencyUnavailable, detail).with_header("Retry-After", seconds.to_string())
}

/// The verdict by the source's secrets.
async fn judged(
    source: &Source,
    incoming: &Incoming,
    secrets: &Secrets,
    delivery: &Delivery<'_>,
    options: &Options<'_>,
) -> Result<Verified, Problem> {
    let judged = verdict(source, incoming, secrets, delivery, options).await?;
    judged.map_err(|failure| told(source, incoming, &failure))
}

/// The verdict by the source's secrets. If the delivery names a key that isn't known, the sender's keys are fetched
/// anew, or the verdict waits until that may be done.
///
/// # Errors
/// The answer if there is no verdict yet.
pub(crate) async fn verdict(
    source: &Source,
    incoming: &Incoming,
    secrets: &Secrets,
    delivery: &Delivery<'_>,
    options: &Options<'_>,
) -> Result<Result<Verified, Failure>, Problem> {
    let scheme = &source.config.scheme;
    let first = verify(scheme, secrets, delivery, options).await;
    let Ok(SenderSecrets::Published(keys)) = &source.secrets else { return Ok(first) };
    // As long as the published keys are missing, nobody can say that none of them made the signature.
    let is_open = |verdict: &Result<Verified, Failure>| match verdict {
        Err(Failure::UnknownKey) => true,
        Err(Failure::NoMatch) => keys.are_missing(),
        _ => false,
    };
    if !is_open(&first) {
        return Ok(first);
    }
    let (newer, wait) = match keys.newer(&incoming.env, scheme, incoming.now).await {
        Newer::Newest(secrets) => (Some(secrets), None),
        Newer::Maybe(secrets, seconds) => (secrets, Some(seconds)),
    };
    let second = match newer {
        Some(secrets) => verify(scheme, &secrets, delivery, options).await,
        None => first,
    };
    match wait {
        Some(seconds) if is_open(&second) => {
            Err(later("The key that signed the delivery may be new, and can't be fetched yet; send it again.", seconds))
        }
        _ => Ok(second),
    }
}

/// The answer for a wrong configuration. It tells the sender that the fault is not the sender's, and no more.
fn misconfigured(source: &Source, incoming: &Incoming, reason: &str) -> Problem {
    let fields =
        [("source", source.config.source.as_str()), ("request_id", incoming.request_id.as_str()), ("reason", reason)];
    log::error("webhook_misconfigured", &fields.map(|(name, value)| (name, value.into())));
    unprepared()
}

fn unprepared() -> Problem {
    Problem::new(Code::Configuration, "This source is not set up right; the request id finds the reason in the log.")
}

/// The answer for an event whose type no upstream takes.
fn ignored(source: &Source, incoming: &Incoming, event_type: Option<&str>) -> Reply {
    let fields = [
        ("source", source.config.source.as_str()),
        ("request_id", incoming.request_id.as_str()),
        ("event_type", event_type.unwrap_or_default()),
    ];
    log::info("webhook_ignored", &fields.map(|(name, value)| (name, value.into())));
    Reply::json(200, &json!({"status": "ignored"}))
}

/// Hands a delivery on that failed its verification, since the source only logs that. It is never claimed, and does not
/// wait in the queue: its headers may hold a secret of the sender, and dead letters show headers.
async fn unverified(
    source: &Source,
    incoming: &Incoming,
    headers: &[(String, String)],
    buffer: &Buffer,
    failure: &Failure,
    event_type: Option<&str>,
) -> Reply {
    let detail = failure.detail();
    let fields = [
        ("source", source.config.source.as_str()),
        ("request_id", incoming.request_id.as_str()),
        ("code", failure.code()),
        ("detail", &detail),
    ];
    log::warn("webhook_unverified", &fields.map(|(name, value)| (name, value.into())));
    let to = source.upstreams_of(event_type);
    if to.is_empty() {
        return ignored(source, incoming, event_type);
    }
    let delivery = Unverified { headers, buffer, request_id: &incoming.request_id, code: failure.code(), event_type };
    let outcomes = forward::hand_on_unverified(source, &to, &delivery).await;
    // The sender tries again as long as one upstream has not taken it.
    let told = outcomes.iter().position(|outcome| !outcome.taken()).unwrap_or_default();
    let mut answer = DeliveryOutcome::None;
    for (index, outcome) in outcomes.into_iter().enumerate() {
        match outcome {
            outcome if index == told => answer = outcome,
            DeliveryOutcome::Answered { response, .. } => glue::discard(&response),
            DeliveryOutcome::None => {}
        }
    }
    handed_on(answer)
}

/// The problem for the sender after a failure, which is also logged.
fn told(source: &Source, incoming: &Incoming, failure: &Failure) -> Problem {
    if let Failure::Configuration(reason) = failure {
        return misconfigured(source, incoming, reason);
    }
    let fields = [
        ("source", source.config.source.as_str()),
        ("request_id", incoming.request_id.as_str()),
        ("code", failure.code()),
    ];
    log::info("webhook_refused", &fields.map(|(name, value)| (name, value.into())));
    let status = source.config.scheme.status_of(failure);
    Problem::new(Code::Webhook(failure.code(), status), failure.detail())
}

/// The engine's verdict. WebCrypto does the cryptography that the engine leaves to the platform.
///
/// # Errors
/// The reason why the delivery is refused.
pub(crate) async fn verify(
    scheme: &Scheme,
    secrets: &Secrets,
    delivery: &Delivery<'_>,
    options: &Options<'_>,
) -> Result<Verified, Failure> {
    let pending = match keystile_webhook::verify(scheme, secrets, delivery, options) {
        Verification::Verified(verified) => return Ok(verified),
        Verification::Failed(failure) => return Err(failure),
        Verification::Pending(pending) => pending,
    };
    let mut answers = Vec::new();
    for check in &pending.checks {
        answers.push(is_good(check).await);
    }
    pending.finish(&answers)
}

/// Checks a signature with WebCrypto. A key or a signature that can't be read counts as a wrong signature.
async fn is_good(check: &SignatureCheck<'_>) -> bool {
    let Some(WebCrypto { name, hash, named_curve, key_format }) = check.algorithm.web_crypto() else { return false };
    let asked = glue::check(name, hash, named_curve, key_format, &check.key, &check.signature, &check.message);
    match asked {
        Ok(asked) => JsFuture::from(asked).await.is_ok_and(|answer| answer.is_truthy()),
        Err(_) => false,
    }
}

/// Forwards the event, unless it was forwarded before.
async fn once(
    hooks: &Hooks,
    source: &Source,
    incoming: &Incoming,
    mut event: Event,
    keys: Vec<ReplayKey>,
    to: &[&SourceUpstream],
) -> Result<Reply, Problem> {
    let remembered = Remembered::new(&incoming.env, &source.config, &keys, &incoming.request_id);
    let same_bytes = match remembered.claim().await {
        Ok(Claimed::New { repeats, same_bytes, number }) => {
            event.say_repeats(repeats, same_bytes);
            event.give_id(source, &keys, number);
            same_bytes
        }
        Ok(Claimed::Seen) => return Ok(Reply::json(200, &json!({"status": "duplicate"}))),
        Ok(Claimed::InProgress { retry_after }) => {
            let problem = Problem::new(Code::InProgress, "This delivery is being handed on; send it again later.");
            return Err(problem.with_header("Retry-After", retry_after.to_string()));
        }
        Err(error) => {
            log::warn("deliveries_unreachable", &[("reason", error.0.into())]);
            return Err(Problem::unavailable(
                "Whether this was delivered before can't be told right now; send it again.",
            ));
        }
    };
    let messages = messages(source, incoming, &event, to, remembered.object()).map_err(without_id)?;
    let HandedOn { outcome, status, reply } = hand_on(hooks, source, incoming, &event, to, messages.clone()).await;
    let facts = |message: &Envelope| {
        deliveries::facts(&source.config, message, event.buffer.len().into(), same_bytes, outcome, status)
    };
    let facts: Vec<RecentDelivery> = messages.iter().map(facts).collect();
    if let Err(error) = remembered.note(outcome, &facts).await {
        // The claim ends by itself. Then the sender's retry passes, even if this delivery was forwarded.
        log::warn("delivery_not_noted", &[("reason", error.0.into())]);
    }
    if outcome == Outcome::Delivered
        && source.config.keep_bodies_hours > 0
        && let Some((message, facts)) = messages.into_iter().zip(facts).next()
    {
        let (env, object) = (incoming.env.clone(), remembered.object().to_owned());
        let hours = source.config.keep_bodies_hours;
        incoming.afterwards(async move {
            let body_until = kept::keep(&env, message, event.buffer.bytes(), hours).await;
            if body_until.is_some() {
                deliveries::settle(&env, &object, RecentDelivery { body_until, ..facts }).await;
            }
        });
    }
    Ok(reply)
}

/// The message for each of these upstreams. In mode `direct` there is one, which stands for the delivery where it is
/// listed and kept.
fn messages(
    source: &Source,
    incoming: &Incoming,
    event: &Event,
    to: &[&SourceUpstream],
    remembered_by: &str,
) -> worker::Result<Vec<Envelope>> {
    let message = |to: &&SourceUpstream| {
        Ok(producer::envelope(source, incoming.now, event, producer::new_id()?, to, remembered_by))
    };
    to.iter().map(message).collect()
}

/// The answer if a delivery gets no id.
fn without_id(error: worker::Error) -> Problem {
    log::error("webhook_without_id", &[("reason", error.to_string().into())]);
    Problem::internal()
}

/// The outcome of handing an event on.
struct HandedOn {
    outcome: Outcome,
    /// The upstream's status, if it answered.
    status: Option<u16>,
    /// The answer for the sender.
    reply: Reply,
}

/// Forwards the event to the upstream, or puts it into the queue for each.
async fn hand_on(
    hooks: &Hooks,
    source: &Source,
    incoming: &Incoming,
    event: &Event,
    to: &[&SourceUpstream],
    mut messages: Vec<Envelope>,
) -> HandedOn {
    if source.config.mode == WebhookMode::Queue {
        let (outcome, reply) = match producer::enqueue(source, incoming, event, &mut messages).await {
            Ok(()) => (Outcome::Queued, Reply::json(202, &json!({"status": "queued"}))),
            Err(problem) => (Outcome::Failed, problem.into()),
        };
        return HandedOn { outcome, status: None, reply };
    }
    // In this mode no two upstreams take the same type.
    let delivered = match to.first() {
        Some(to) => forward::deliver(hooks, source, to, event).await,
        None => DeliveryOutcome::None,
    };
    let outcome = if delivered.taken() { Outcome::Delivered } else { Outcome::Failed };
    HandedOn { outcome, status: delivered.status(), reply: handed_on(delivered) }
}

/// The upstream's answer, for the sender.
fn handed_on(outcome: DeliveryOutcome) -> Reply {
    match outcome {
        DeliveryOutcome::Answered { response, .. } => Reply::Upstream(response),
        DeliveryOutcome::None => {
            let detail = "The delivery is genuine, but the service behind this source did not answer; send it again.";
            Problem::new(Code::UpstreamUnreachable, detail).into()
        }
    }
}
