//! Keystile's own endpoints: verify, me, healthz.

use std::rc::Rc;

use keystile_core::{
    KeyRecord,
    access::{
        record::{KeyState, Reach},
        verdict::{Demand, Refusal},
    },
    api::verify::{self, Limits, VerifyRequest},
    base::{code::Code, problem::Problem},
    objects::ledger::SelfRevoke,
};
use keystile_runtime::{body, clock, log, object};
use serde_json::{Value, json};

use crate::{
    credential::{parsed_key, presented_key},
    failures,
    finder::{Finder, Found, Known, Provenance, Unknown},
    guard, hooks,
    incoming::Incoming,
    isolate::Isolate,
    limits::{self, Counted},
    metrics::{self, Place},
    operator::{Moment, Operator},
    reply::{self, Reply},
    response::ResponseOrFuture,
    usage,
};

/// The time that the ledger has to record a revocation and publish it to the feed, milliseconds.
const REVOKE_TIMEOUT_MS: u64 = 5_000;

/// Answers a request to `endpoint`, the path below the base.
pub(crate) fn answer(isolate: &Rc<Isolate>, incoming: Incoming, endpoint: &str) -> ResponseOrFuture {
    let method = incoming.method.as_str();
    let allowed = match (endpoint, method) {
        ("/healthz", "GET" | "HEAD") => return health(isolate, &incoming),
        ("/v1/me", "GET" | "HEAD") => return guard::me(isolate, incoming),
        ("/v1/me/revoke", "POST") => return later(isolate, incoming, "/v1/me/revoke", revoke_me),
        ("/v1/verify", "POST") => return later(isolate, incoming, "/v1/verify", verify),
        ("/v1/webhooks/verify", "POST") => return hooks::verify(isolate, incoming),
        ("/healthz" | "/v1/me", _) => "GET, HEAD",
        ("/v1/me/revoke" | "/v1/verify" | "/v1/webhooks/verify", _) => "POST",
        _ => {
            let problem = Problem::new(Code::NotRouted, "Keystile has no such endpoint.");
            return reply::refuse(isolate, &incoming, &problem);
        }
    };
    let problem = Problem::new(Code::MethodNotAllowed, "This endpoint does not take this method.");
    reply::refuse(isolate, &incoming, &problem.with_header("Allow", allowed))
}

/// The answer of an endpoint, and its provenance.
type Answered = (Result<(u16, Value), Problem>, Provenance);

fn later<F>(
    isolate: &Rc<Isolate>,
    incoming: Incoming,
    path: &'static str,
    endpoint: impl FnOnce(Rc<Isolate>, Rc<Incoming>) -> F + 'static,
) -> ResponseOrFuture
where
    F: Future<Output = Answered> + 'static,
{
    let isolate = Rc::clone(isolate);
    let incoming = Rc::new(incoming);
    ResponseOrFuture::later(async move {
        let (answer, provenance) = endpoint(Rc::clone(&isolate), Rc::clone(&incoming)).await;
        let text = |name: &str| answer.as_ref().ok().and_then(|(_, body)| body.get(name)?.as_str());
        let (tenant, code) = match &answer {
            Ok(_) => (text("tenant").unwrap_or_default(), text("code").unwrap_or("OK")),
            Err(problem) => ("", problem.code.as_str()),
        };
        let judged_at = (Place::Endpoint(path), provenance);
        metrics::count(&isolate, &incoming, judged_at, (tenant, code, &[]), clock::now());
        let reply = match answer {
            Ok((status, body)) => Reply::json(status, &body, &incoming.request_id),
            Err(problem) => Reply::problem(&problem, &incoming.request_id),
        };
        reply.finish(&isolate, &incoming, provenance)
    })
}

fn health(isolate: &Isolate, incoming: &Incoming) -> ResponseOrFuture {
    let view_age_ms = isolate.feed.borrow().view_age_ms(incoming.now);
    let body = json!({"status": "ok", "version": env!("CARGO_PKG_VERSION"), "view_age_ms": view_age_ms});
    let reply = Reply::json(200, &body, &incoming.request_id);
    ResponseOrFuture::Ready(reply.finish(isolate, incoming, Provenance::default()))
}

/// Charges a request, and waits for the limiter if it has to be asked. A cost of 0 looks at the limits.
async fn charged(isolate: &Rc<Isolate>, incoming: &Incoming, record: &KeyRecord, cost: u64) -> Counted {
    match limits::try_now(isolate, incoming, record, cost, clock::now()) {
        Ok(counted) => counted,
        Err(asking) => limits::wait(isolate, incoming, record, cost, asking).await,
    }
}

/// `POST /v1/me/revoke`: the holder of a key may revoke it in any state. A key that is revoked already is refused as
/// usual, without a call to the ledger.
async fn revoke_me(isolate: Rc<Isolate>, incoming: Rc<Incoming>) -> Answered {
    let (known, provenance) = presented(&isolate, &incoming).await;
    let answer = match known {
        Ok(known) if known.record.state == KeyState::Revoked => {
            Err(Refusal::Revoked.problem(&isolate.config.challenge))
        }
        Ok(known) => self_revoke(&isolate, &incoming, &known.record).await,
        Err(problem) => Err(problem),
    };
    (answer, provenance)
}

/// The record of the key that a holder presents.
async fn presented(isolate: &Rc<Isolate>, incoming: &Incoming) -> (Result<Known, Problem>, Provenance) {
    let key = match presented_key(isolate, incoming, None) {
        Ok(key) => key,
        Err(refusal) => return (Err(failures::refused(isolate, incoming, &refusal)), Provenance::default()),
    };
    let mut finder = Finder::new(key.digest(), false);
    let Found { known, provenance } = match finder.try_now(isolate, incoming, clock::now()) {
        Some(found) => found,
        None => match failures::before_storage(isolate, incoming, &key) {
            Some(problem) => return (Err(problem), Provenance::default()),
            None => finder.wait(isolate, incoming).await,
        },
    };
    (known.map_err(|unknown| failures::unknown(isolate, incoming, key.kind(), &unknown)), provenance)
}

/// Asks the tenant's ledger, and tells the holder the part of the answer that it may know. A tenant that is erased has
/// revoked keys alone, though the edge may not have heard it yet.
async fn self_revoke(isolate: &Isolate, incoming: &Incoming, record: &KeyRecord) -> Result<(u16, Value), Problem> {
    let Some(tenant) = record.tenant() else { return Err(Problem::internal()) };
    let command = SelfRevoke {
        key_id: record.id.clone(),
        request_id: incoming.request_id.clone(),
        ip: incoming.connecting_ip.clone(),
    };
    let answered = object::ask(&incoming.env, tenant.as_str(), &command, REVOKE_TIMEOUT_MS);
    let body = |text: &str| serde_json::from_str::<Value>(text).unwrap_or_default();
    match answered.await {
        Ok((200, text)) => Ok((200, verify::me_revoked(record, &body(&text)))),
        Ok((410, _)) => Err(Refusal::Revoked.problem(&isolate.config.challenge)),
        Ok((503, _)) => {
            Err(Problem::unavailable("The revocation is recorded but not yet in effect; it is retried by itself."))
        }
        Ok((status, text)) => {
            let code = body(&text).get("code").cloned().unwrap_or_default();
            log::error("self_revoke_failed", &[("status", status.into()), ("code", code)]);
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
    let operator = match Operator::presented(&isolate, &incoming) {
        Ok(operator) => operator,
        Err(problem) => return (Err(problem), Provenance::default()),
    };
    let (admitted, mut provenance) = operator.judge(&isolate, &incoming, Moment::Arrival).await;
    if let Err(problem) = admitted {
        return (Err(problem), provenance);
    }
    let request = match read_verify_request(&isolate, &incoming).await {
        Ok(request) => request,
        Err(problem) => return (Err(problem), provenance),
    };
    let key = request.key.as_deref().ok_or(Refusal::MissingCredential);
    let found = match key.and_then(|key| parsed_key(&isolate, key, request.environment)) {
        Ok(key) => Ok(Finder::new(key.digest(), request.strict).find(&isolate, &incoming).await),
        Err(refusal) => Err(refusal),
    };
    let (reach, judged) = operator.judge(&isolate, &incoming, Moment::Answer).await;
    provenance = provenance.and(judged);
    let reach = match reach {
        Ok(reach) => reach,
        Err(problem) => return (Err(problem), provenance),
    };
    let known = match found {
        Ok(found) => {
            provenance = provenance.and(found.provenance);
            found.known
        }
        Err(refusal) => return (Ok((200, verify::answer(Err(&refusal), None, Limits::NONE))), provenance),
    };
    match known {
        Ok(known) => {
            let (answer, charged) = verdict_on(&isolate, &incoming, &operator, &request, &reach, known).await;
            (answer, provenance.and(charged))
        }
        Err(Unknown::Missing) => (Ok((200, not_found())), provenance),
        Err(unknown) => (Err(unknown.problem(&isolate.config.challenge)), provenance),
    }
}

/// Judges the key, and charges it if it is valid. If the limiter had to be asked, operator and key are judged again: they
/// may have been revoked meanwhile.
async fn verdict_on(
    isolate: &Rc<Isolate>,
    incoming: &Incoming,
    operator: &Operator,
    request: &VerifyRequest,
    reach: &Reach,
    known: Known,
) -> Answered {
    let judge = |known: &Known| {
        let tenant = match reach {
            Reach::All => None,
            Reach::Tenant(tenant) => Some(tenant),
        };
        let VerifyRequest { environment, scopes, any_of, ip, .. } = request;
        let (environment, any_of, ip) = (*environment, *any_of, *ip);
        let demand = Demand { environment, tenant, scopes, any_of, ip, now: clock::now() };
        demand.judge(&known.record, known.suspended, &isolate.config.catalog)
    };
    let (mut known, mut counted, mut provenance) = (known, Counted::free(), Provenance::default());
    let mut verdict = judge(&known);
    if verdict.is_ok() {
        counted = charged(isolate, incoming, &known.record, request.cost.into()).await;
        provenance = provenance.charged(&counted);
        verdict = match core::mem::replace(&mut counted.verdict, Ok(Ok(()))) {
            Ok(verdict) => verdict,
            Err(problem) => return (Err(problem), provenance),
        };
    }
    if counted.waited > 0 {
        let (reach, judged) = operator.judge(isolate, incoming, Moment::Answer).await;
        provenance = provenance.and(judged);
        if let Err(problem) = reach {
            return (Err(problem), provenance);
        }
        let key = request.key.as_deref().map(|key| parsed_key(isolate, key, request.environment));
        if let Some(Ok(key)) = key {
            let found = Finder::new(key.digest(), false).find(isolate, incoming).await;
            provenance = provenance.and(found.provenance);
            known = match found.known {
                Ok(known) => known,
                Err(Unknown::Missing) => return (Ok((200, not_found())), provenance),
                Err(unknown) => return (Err(unknown.problem(&isolate.config.challenge)), provenance),
            };
            if let Err(refusal) = judge(&known) {
                (verdict, counted.states) = (Err(refusal), Vec::new());
            }
        }
    }
    // A key that this caller may not know of comes without its record, and does not count as used.
    if verdict == Err(Refusal::NotFound) {
        return (Ok((200, not_found())), provenance);
    }
    let now = clock::now();
    usage::count(isolate, incoming, &known.record, verdict.as_ref().copied(), now);
    let limits = Limits { states: &counted.states, now };
    (Ok((200, verify::answer(verdict.as_ref().copied(), Some(&known.record), limits))), provenance)
}

fn not_found() -> Value {
    verify::answer(Err(&Refusal::NotFound), None, Limits::NONE)
}

async fn read_verify_request(isolate: &Isolate, incoming: &Incoming) -> Result<VerifyRequest, Problem> {
    let body = body::read_json(&incoming.request, verify::MAX_BODY_BYTES).await?;
    VerifyRequest::read(&String::from_utf8_lossy(&body), &isolate.config.catalog)
}
