//! The receipt of a delivery, up to its answer.
//!
//! Handshakes come first. Any other delivery is verified, claimed at the object that remembers deliveries, and
//! forwarded. Any failure after the claim releases it, so that the sender's own retry passes.

use std::rc::Rc;

use keystile_core::{
    base::{code::Code, problem::Problem},
    config::WebhookMode,
    objects::deliveries::Claimed,
};
use keystile_runtime::log;
use keystile_webhook::{
    Delivery, Failure, Options, ReplayKey, Scheme, Secrets, Verification, Verified, algorithm::WebCrypto,
    verify::SignatureCheck,
};
use serde_json::json;
use wasm_bindgen_futures::JsFuture;

use crate::{
    deliveries::Remembered,
    forward::{self, DeliveryOutcome, Event},
    glue,
    incoming::Incoming,
    keys::Newer,
    producer,
    reply::Reply,
    source::{self, Hooks, Parts, SenderSecrets, Source},
};

pub(crate) async fn answer(hooks: &Hooks, source: &Source, incoming: &Incoming) -> Result<Reply, Problem> {
    let secrets = ready(source, incoming).await?;
    let limit = source.config.max_body_bytes;
    let body = incoming.body(limit).await?;
    let parts = Parts {
        method: incoming.method.clone(),
        url: source.url_of(incoming),
        headers: incoming.headers.clone(),
        body,
    };
    let (headers, params) = (parts.headers(), source.params());
    let (delivery, options) = (parts.delivery(&headers), source::options(incoming.now, &params, limit as usize));
    let scheme = &source.config.scheme;
    if let Some(request) = scheme.handshake(&delivery, &options) {
        let verified = match request.needs_verification() {
            true => Some(judged(source, incoming, &secrets, &delivery, &options).await?),
            false => None,
        };
        let answer = request.answer(&secrets, &delivery, &options, verified.as_ref());
        return answer.map(Reply::from).map_err(|failure| told(source, incoming, &failure));
    }
    if incoming.method != "POST" {
        let problem = Problem::new(Code::MethodNotAllowed, "Webhooks are taken by POST.");
        return Err(problem.with_header("Allow", "POST"));
    }
    let verified = judged(source, incoming, &secrets, &delivery, &options).await?;
    drop(headers);
    let keys = verified.replay_keys.clone();
    let event = Event::new(source, incoming, parts, verified);
    once(hooks, source, incoming, event, keys).await
}

/// The source's secrets, if everything that a delivery needs is configured and known.
async fn ready(source: &Source, incoming: &Incoming) -> Result<Rc<Secrets>, Problem> {
    if let Err(reason) = &source.upstream {
        return Err(misconfigured(source, incoming, reason));
    }
    match &source.secrets {
        Ok(secrets) => secrets_of(secrets, source, incoming).await,
        Err(reason) => Err(misconfigured(source, incoming, reason)),
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
    let (Err(Failure::UnknownKey), Ok(SenderSecrets::Published(keys))) = (&first, &source.secrets) else {
        return Ok(first);
    };
    let (newer, wait) = match keys.newer(&incoming.env, scheme, incoming.now).await {
        Newer::Newest(secrets) => (Some(secrets), None),
        Newer::Maybe(secrets, seconds) => (secrets, Some(seconds)),
    };
    let second = match newer {
        Some(secrets) => verify(scheme, &secrets, delivery, options).await,
        None => first,
    };
    match (second, wait) {
        (Err(Failure::UnknownKey), Some(seconds)) => {
            Err(later("The key that the delivery names may be new, and can't be fetched yet; send it again.", seconds))
        }
        (second, _) => Ok(second),
    }
}

/// The answer for a wrong configuration. It tells the sender that the fault is not the sender's, and no more.
fn misconfigured(source: &Source, incoming: &Incoming, reason: &str) -> Problem {
    let fields =
        [("source", source.config.source.as_str()), ("request_id", incoming.request_id.as_str()), ("reason", reason)];
    log::error("webhook_misconfigured", &fields.map(|(name, value)| (name, value.into())));
    Problem::new(Code::Configuration, "This source is not set up right; the request id finds the reason in the log.")
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
) -> Result<Reply, Problem> {
    let remembered = Remembered::new(&incoming.env, &source.config, &keys, &incoming.request_id);
    match remembered.claim().await {
        Ok(Claimed::New { repeats, same_bytes, number }) => {
            event.say_repeats(repeats, same_bytes);
            event.give_id(source, &keys, number);
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
    }
    let (taken, reply) = hand_on(hooks, source, incoming, &event).await;
    let noted = if taken { remembered.remember().await } else { remembered.release().await };
    if let Err(error) = noted {
        // The claim ends by itself. Then the sender's retry passes, even if this delivery was forwarded.
        log::warn("delivery_not_noted", &[("reason", error.0.into())]);
    }
    Ok(reply)
}

/// Forwards the event to the upstream or puts it into the queue. Returns whether it arrived, and the answer for the
/// sender.
async fn hand_on(hooks: &Hooks, source: &Source, incoming: &Incoming, event: &Event) -> (bool, Reply) {
    if source.config.mode == WebhookMode::Queue {
        return match producer::enqueue(source, incoming, event).await {
            Ok(()) => (true, Reply::json(202, &json!({"status": "queued"}))),
            Err(problem) => (false, problem.into()),
        };
    }
    let outcome = forward::deliver(hooks, source, event).await;
    (outcome.taken(), handed_on(outcome))
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
