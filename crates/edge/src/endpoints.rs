//! Keystile's own endpoints: verify, me, healthz.

use std::rc::Rc;

use keystile_core::{
    KeyRecord, fields,
    problem::Problem,
    record::Reach,
    verdict::{Demand, Refusal},
    verify::{self, VerifyRequest},
};
use keystile_runtime::{clock, log, object};
use serde_json::{Value, json};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;

use crate::{
    Outcome,
    finder::{Finder, Found},
    glue,
    guard::{self, Unknown},
    incoming::Incoming,
    isolate::Isolate,
    operator,
    reply::Reply,
};

/// The ledger must take a revocation and the feed publish it.
const REVOKE_TIMEOUT_MS: u64 = 5_000;

/// Answers a request to `endpoint`, the path below the base.
pub(crate) fn answer(isolate: &Rc<Isolate>, incoming: Incoming, endpoint: &str) -> Outcome {
    let method = incoming.method.as_str();
    let allowed = match (endpoint, method) {
        ("/healthz", "GET" | "HEAD") => return health(isolate, &incoming),
        ("/v1/me", "GET" | "HEAD") => return later(isolate, incoming, me),
        ("/v1/me/revoke", "POST") => return later(isolate, incoming, revoke_me),
        ("/v1/verify", "POST") => return later(isolate, incoming, verify),
        ("/healthz" | "/v1/me", _) => "GET, HEAD",
        ("/v1/me/revoke" | "/v1/verify", _) => "POST",
        _ => {
            let problem = Problem::new(404, "NOT_ROUTED", "Keystile has no such endpoint.");
            return guard::refuse(isolate, &incoming, &problem);
        }
    };
    let problem = Problem::new(405, "METHOD_NOT_ALLOWED", "This endpoint does not take this method.");
    guard::refuse(isolate, &incoming, &problem.with_header("Allow", allowed))
}

/// What an endpoint answers with, and what that took.
type Answered = (Result<(u16, Value), Problem>, Found);

fn later<F>(
    isolate: &Rc<Isolate>,
    incoming: Incoming,
    endpoint: impl FnOnce(Rc<Isolate>, Rc<Incoming>) -> F + 'static,
) -> Outcome
where
    F: Future<Output = Answered> + 'static,
{
    let isolate = Rc::clone(isolate);
    let incoming = Rc::new(incoming);
    Outcome::later(async move {
        let (answer, found) = endpoint(Rc::clone(&isolate), Rc::clone(&incoming)).await;
        let reply = match answer {
            Ok((status, body)) => Reply::json(status, &body, &incoming.request_id),
            Err(problem) => Reply::problem(&problem, &incoming.request_id),
        };
        reply.timed(&isolate, &found).cross_origin(&isolate, &incoming).send()
    })
}

fn health(isolate: &Isolate, incoming: &Incoming) -> Outcome {
    let view_age_ms = isolate.feed.borrow().view_age_ms(clock::now());
    let body = json!({"status": "ok", "version": env!("CARGO_PKG_VERSION"), "view_age_ms": view_age_ms});
    Outcome::Ready(Reply::json(200, &body, &incoming.request_id).cross_origin(isolate, incoming).send())
}

/// `GET /v1/me`: the holder's own key, if it is valid.
async fn me(isolate: Rc<Isolate>, incoming: Rc<Incoming>) -> Answered {
    let refused = |refusal: &Refusal| Err(Problem::refusal(refusal, &isolate.config.name));
    let key = match guard::presented_key(&isolate, &incoming, None) {
        Ok(key) => key,
        Err(refusal) => return (refused(&refusal), Found::without_storage()),
    };
    let found = find(&isolate, &incoming, Finder::new(key.digest(), false)).await;
    let demand = Demand { environment: None, tenant: None, scopes: &[], ip: incoming.ip(), now: clock::now() };
    let answer = match guard::known(&found.answer) {
        Ok((record, suspended)) => match demand.judge(record, suspended, &isolate.config.catalog) {
            Ok(()) => Ok((200, verify::me(record))),
            Err(refusal) => refused(&refusal),
        },
        Err(Unknown::Missing) => refused(&Refusal::NotFound),
        Err(Unknown::Unavailable(problem)) => Err(problem),
    };
    (answer, found)
}

/// `POST /v1/me/revoke`: whoever holds a key may end it, whatever state it is in.
async fn revoke_me(isolate: Rc<Isolate>, incoming: Rc<Incoming>) -> Answered {
    let refused = |refusal: &Refusal| Err(Problem::refusal(refusal, &isolate.config.name));
    let key = match guard::presented_key(&isolate, &incoming, None) {
        Ok(key) => key,
        Err(refusal) => return (refused(&refusal), Found::without_storage()),
    };
    let found = find(&isolate, &incoming, Finder::new(key.digest(), false)).await;
    let answer = match guard::known(&found.answer) {
        Ok((record, _)) => self_revoke(&incoming, record).await,
        Err(Unknown::Missing) => refused(&Refusal::NotFound),
        Err(Unknown::Unavailable(problem)) => Err(problem),
    };
    (answer, found)
}

/// Asks the tenant's ledger, whose answer is handed on.
async fn self_revoke(incoming: &Incoming, record: &KeyRecord) -> Result<(u16, Value), Problem> {
    let Some(tenant) = record.tenant() else { return Err(Problem::internal()) };
    let question = json!({
        "key_id": record.id,
        "request_id": incoming.request_id,
        "ip": incoming.ip().map(|ip| ip.to_string()),
    });
    let question = question.to_string();
    let answered =
        object::exchange(&incoming.env, object::LEDGER, tenant.as_str(), "/self-revoke", &question, REVOKE_TIMEOUT_MS);
    let body = |text: &str| serde_json::from_str::<Value>(text).unwrap_or_default();
    match answered.await {
        Ok((200, text)) => Ok((200, body(&text))),
        Ok((503, _)) => {
            Err(Problem::unavailable("The revocation is recorded but not yet in effect; it is retried by itself."))
        }
        Ok((status, text)) => {
            log::error("self_revoke_failed", &[("status", status.into()), ("answer", body(&text))]);
            Err(Problem::internal())
        }
        Err(error) => {
            log::warn("ledger_unreachable", &[("reason", error.0.into())]);
            Err(Problem::unavailable("Whether the revocation was recorded can't be told; send it again."))
        }
    }
}

/// `POST /v1/verify`: the verdict on a key, for a service that guards itself.
async fn verify(isolate: Rc<Isolate>, incoming: Rc<Incoming>) -> Answered {
    let nothing = Found::without_storage;
    let reach = match operator::authenticate(&isolate, &incoming).await {
        Ok(reach) => reach,
        Err(problem) => return (Err(problem), nothing()),
    };
    let request = match read_verify_request(&incoming).await {
        Ok(request) => request,
        Err(problem) => return (Err(problem), nothing()),
    };
    let tenant = match &reach {
        Reach::All => None,
        Reach::Tenant(tenant) => Some(tenant),
    };
    let demand =
        Demand { environment: request.environment, tenant, scopes: &request.scopes, ip: request.ip, now: clock::now() };
    let key = match guard::parsed_key(&isolate, &request.key, request.environment) {
        Ok(key) => key,
        Err(refusal) => return (Ok((200, verify::answer(Err(&refusal), None))), nothing()),
    };
    let found = find(&isolate, &incoming, Finder::new(key.digest(), request.strict)).await;
    let answer = match guard::known(&found.answer) {
        Ok((record, suspended)) => {
            let verdict = demand.judge(record, suspended, &isolate.config.catalog);
            let hidden = verdict == Err(Refusal::NotFound);
            Ok((200, verify::answer(verdict.as_ref().copied(), (!hidden).then_some(record))))
        }
        Err(Unknown::Missing) => Ok((200, verify::answer(Err(&Refusal::NotFound), None))),
        Err(Unknown::Unavailable(problem)) => Err(problem),
    };
    (answer, found)
}

async fn read_verify_request(incoming: &Incoming) -> Result<VerifyRequest, Problem> {
    let too_large = || Problem::new(413, "BODY_TOO_LARGE", "The body has more than 16 KiB.");
    let limit = u32::try_from(verify::MAX_BODY_BYTES).unwrap_or(u32::MAX);
    let text = JsFuture::from(glue::body_text(&incoming.request, limit)).await.unwrap_or(JsValue::NULL);
    let text = text.as_string().ok_or_else(too_large)?;
    let body: Value = serde_json::from_str(&text).map_err(|error| {
        let place = format!("line {}, column {}", error.line(), error.column());
        Problem::new(400, "MALFORMED_JSON", format!("The body is not JSON: {place}."))
    })?;
    VerifyRequest::parse(body).map_err(|errors| fields::invalid(&errors))
}

async fn find(isolate: &Rc<Isolate>, incoming: &Incoming, mut finder: Finder) -> Found {
    match finder.try_now(isolate, incoming) {
        Some(found) => found,
        None => finder.find(isolate, incoming).await,
    }
}
