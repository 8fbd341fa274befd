//! The guard: it judges a request on a route, and forwards or refuses it. A public route asks for no key.

use std::rc::Rc;

use js_sys::JsString;
use keystile_core::{
    KeyDigest, KeyRecord, PlainKey, Scope, TenantId, Timestamp,
    access::{
        route::{Enough, Route},
        verdict::{Demand, Refusal},
    },
    api::verify::{self, Limits, VerifyRequest},
    base::{code::Code, path::Path, problem::Problem},
    key::KeyKind,
    limits::account::Asking,
};
use keystile_runtime::clock;
use wasm_bindgen::JsValue;

use crate::{
    credential::{parsed_key, presented_key},
    failures,
    finder::{Finder, Found, Provenance},
    forward,
    incoming::Incoming,
    isolate::Isolate,
    limits::{self, Counted},
    metrics::{self, Place},
    reply::{self, Reply},
    response::ResponseOrFuture,
    usage,
};

/// Answers a request to a guarded route.
pub(crate) fn answer(isolate: &Rc<Isolate>, incoming: Incoming, path: Path) -> ResponseOrFuture {
    let route = match isolate.config.routes.find(&path, &fold) {
        Ok(Some(route)) => route,
        Ok(None) => {
            metrics::count_unread(isolate, &incoming, Place::Nowhere, Code::NotRouted.as_str());
            let problem = Problem::new(Code::NotRouted, "No route is configured for this path.");
            return reply::refuse(isolate, &incoming, &problem);
        }
        Err(error) => {
            metrics::count_unread(isolate, &incoming, Place::Nowhere, Code::BadPath.as_str());
            return reply::bad_path(isolate, &incoming, error);
        }
    };
    let Some(needs) = route.needs(&incoming.method) else {
        metrics::count_unread(isolate, &incoming, Place::Route(route), Code::MethodNotAllowed.as_str());
        let problem = Problem::new(Code::MethodNotAllowed, "This path does not take this method.");
        return reply::refuse(isolate, &incoming, &problem.with_header("Allow", route.allow()));
    };
    if needs.enough == Enough::Public {
        return public(isolate, &incoming, &path, route);
    }
    let key = presented_key(isolate, &incoming, route.environment);
    judge(isolate, incoming, End::Forward(path), route, (&needs.scopes, needs.enough == Enough::AnyOf), key)
}

/// Judges a request, or a key, for a Worker that guards itself: as on a route, but the verdict is the answer.
pub(crate) fn ask(isolate: &Rc<Isolate>, incoming: Incoming, question: &str) -> ResponseOrFuture {
    let VerifyRequest { key, scopes, any_of, environment, strict, cost, .. } =
        match VerifyRequest::read(question, &isolate.config.catalog) {
            Ok(question) => question,
            Err(problem) => return reply::refuse(isolate, &incoming, &problem),
        };
    let key = match key {
        Some(key) => parsed_key(isolate, &key, environment),
        None => presented_key(isolate, &incoming, environment),
    };
    let route = Rc::new(Route::of_question(environment, strict, cost));
    judge(isolate, incoming, End::Asker, &route, (&scopes, any_of), key)
}

/// `GET /v1/me`: the holder's own key, if it is valid.
pub(crate) fn me(isolate: &Rc<Isolate>, incoming: Incoming) -> ResponseOrFuture {
    let key = presented_key(isolate, &incoming, None);
    judge(isolate, incoming, End::Holder, &Rc::new(Route::of_question(None, false, 0)), (&Vec::new(), false), key)
}

/// Where a request with a good key ends.
enum End {
    /// At the upstream, by this path.
    Forward(Path),
    /// At a service that asked for the verdict.
    Asker,
    /// At the holder of the key.
    Holder,
}

impl End {
    const fn place<'a>(&self, route: &'a Route) -> Place<'a> {
        match self {
            Self::Forward(_) => Place::Route(route),
            Self::Asker => Place::Endpoint("guard"),
            Self::Holder => Place::Endpoint("/v1/me"),
        }
    }
}

/// Judges a key by a route and these scopes.
fn judge(
    isolate: &Rc<Isolate>,
    incoming: Incoming,
    end: End,
    route: &Rc<Route>,
    (scopes, any_of): (&Vec<Scope>, bool),
    key: Result<PlainKey, Refusal>,
) -> ResponseOrFuture {
    let key = match key {
        Ok(key) => key,
        Err(refusal) => return refused(isolate, &incoming, end.place(route), &refusal),
    };
    let (kind, digest) = (key.kind(), key.digest());
    let mut finder = Finder::new(digest, route.strict);
    if let Some(found) = finder.try_now(isolate, &incoming, incoming.now) {
        let guarded = Guarded { end: &end, route, scopes, any_of, kind, digest };
        let record = match judged(isolate, &incoming, guarded, &found, incoming.now) {
            Ok(record) => record,
            Err(refused) => return ResponseOrFuture::Ready(refused),
        };
        let asking = match charged(isolate, &incoming, guarded, &record, incoming.now) {
            Ok(counted) => {
                let provenance = found.provenance.charged(&counted);
                let settled = settled(isolate, &incoming, guarded, &record, provenance, counted, incoming.now);
                return ResponseOrFuture::Ready(settled);
            }
            Err(asking) => asking,
        };
        let (isolate, route, scopes) = (Rc::clone(isolate), Rc::clone(route), scopes.clone());
        return ResponseOrFuture::later(async move {
            let guarded = Guarded { end: &end, route: &route, scopes: &scopes, any_of, kind, digest };
            after_asking(&isolate, &incoming, guarded, &record, found.provenance, asking).await
        });
    }
    if let Some(problem) = failures::before_storage(isolate, &incoming, &key) {
        metrics::count_unread(isolate, &incoming, end.place(route), problem.code.as_str());
        return reply::refuse(isolate, &incoming, &problem);
    }
    let (isolate, route, scopes) = (Rc::clone(isolate), Rc::clone(route), scopes.clone());
    ResponseOrFuture::later(async move {
        let found = finder.wait(&isolate, &incoming).await;
        let guarded = Guarded { end: &end, route: &route, scopes: &scopes, any_of, kind, digest };
        let now = clock::now();
        let record = match judged(&isolate, &incoming, guarded, &found, now) {
            Ok(record) => record,
            Err(refused) => return refused,
        };
        match charged(&isolate, &incoming, guarded, &record, now) {
            Ok(counted) => {
                let provenance = found.provenance.charged(&counted);
                settled(&isolate, &incoming, guarded, &record, provenance, counted, now)
            }
            Err(asking) => after_asking(&isolate, &incoming, guarded, &record, found.provenance, asking).await,
        }
    })
}

/// Folds case as JavaScript does.
pub(crate) fn fold(text: &str) -> String {
    String::from(JsString::from(text).to_upper_case().to_lower_case())
}

/// Forwards a request that needs no key. If it has one, that is not judged, and it doesn't go on; so it may not stand
/// in the URL.
fn public(isolate: &Rc<Isolate>, incoming: &Incoming, path: &Path, route: &Route) -> ResponseOrFuture {
    if let Some(error) = incoming.key_in_url {
        return refused(isolate, incoming, Place::Route(route), &Refusal::from(error));
    }
    metrics::count_unread(isolate, incoming, Place::Route(route), "PUBLIC");
    let provenance = Provenance::default();
    ResponseOrFuture::Ready(forward::forward(isolate, incoming, path, route, None, &[], provenance, incoming.now))
}

/// The response for a request that is refused by its text alone.
fn refused(isolate: &Rc<Isolate>, incoming: &Incoming, place: Place<'_>, refusal: &Refusal) -> ResponseOrFuture {
    let too_often = failures::too_often(isolate, incoming, refusal);
    let code = too_often.as_ref().map_or_else(|| refusal.code(), |problem| problem.code);
    metrics::count_unread(isolate, incoming, place, code.as_str());
    match too_often {
        Some(problem) => reply::refuse(isolate, incoming, &problem),
        None => reply::refuse_by_text(isolate, incoming, refusal),
    }
}

/// A request on a route, with the demands of the route and its key.
#[derive(Clone, Copy)]
struct Guarded<'a> {
    end: &'a End,
    route: &'a Route,
    scopes: &'a [Scope],
    any_of: bool,
    kind: KeyKind,
    digest: KeyDigest,
}

/// The record of the key if the verdict lets the request through, limits aside; otherwise the answer.
fn judged(
    isolate: &Rc<Isolate>,
    incoming: &Incoming,
    guarded: Guarded<'_>,
    found: &Found,
    now: Timestamp,
) -> Result<Rc<KeyRecord>, JsValue> {
    let Guarded { end, route, scopes, any_of, kind, .. } = guarded;
    let judged_at = (end.place(route), found.provenance);
    let demand = Demand { environment: route.environment, tenant: None, scopes, any_of, ip: incoming.ip(), now };
    let problem = match &found.known {
        Ok(known) => match demand.judge(&known.record, known.suspended, &isolate.config.catalog) {
            Ok(()) => return Ok(Rc::clone(&known.record)),
            Err(refusal) => {
                usage::count(isolate, incoming, &known.record, Err(&refusal), now);
                metrics::count_verdict(isolate, incoming, judged_at, &known.record, Err(&refusal), now);
                refusal.problem(&isolate.config.challenge)
            }
        },
        Err(unknown) => {
            let problem = failures::unknown(isolate, incoming, kind, unknown);
            metrics::count(isolate, incoming, judged_at, ("", problem.code.as_str(), &[]), now);
            problem
        }
    };
    Err(Reply::problem(&problem, &incoming.request_id).finish(isolate, incoming, found.provenance))
}

/// Charges the request, or says what its limiter has to be asked. A request that costs nothing is not charged, and a
/// question that costs nothing looks at the limits.
fn charged(
    isolate: &Rc<Isolate>,
    incoming: &Incoming,
    guarded: Guarded<'_>,
    record: &KeyRecord,
    now: Timestamp,
) -> Result<Counted, Asking> {
    match guarded.route.cost {
        0 if matches!(guarded.end, End::Forward(_)) => Ok(Counted::free()),
        cost => limits::try_now(isolate, incoming, record, cost.into(), now),
    }
}

/// Charges the request by the limiter's answer, and judges it again: its key may have been revoked meanwhile.
async fn after_asking(
    isolate: &Rc<Isolate>,
    incoming: &Incoming,
    guarded: Guarded<'_>,
    record: &KeyRecord,
    provenance: Provenance,
    asking: Asking,
) -> JsValue {
    let counted = limits::wait(isolate, incoming, record, guarded.route.cost.into(), asking).await;
    let found = Finder::new(guarded.digest, false).find(isolate, incoming).await;
    let now = clock::now();
    match judged(isolate, incoming, guarded, &found, now) {
        Ok(record) => {
            let provenance = provenance.and(found.provenance).charged(&counted);
            settled(isolate, incoming, guarded, &record, provenance, counted, now)
        }
        Err(refused) => refused,
    }
}

/// Carries out the verdict of the limits: the last.
fn settled(
    isolate: &Rc<Isolate>,
    incoming: &Incoming,
    guarded: Guarded<'_>,
    record: &KeyRecord,
    provenance: Provenance,
    counted: Counted,
    now: Timestamp,
) -> JsValue {
    let Guarded { end, route, .. } = guarded;
    let Counted { verdict, states, .. } = counted;
    let judged_at = (end.place(route), provenance);
    match &verdict {
        Ok(verdict) => {
            let verdict = verdict.as_ref().copied();
            usage::count(isolate, incoming, record, verdict, now);
            metrics::count_verdict(isolate, incoming, judged_at, record, verdict, now);
        }
        Err(unavailable) => {
            let tenant = record.tenant().map_or("", TenantId::as_str);
            metrics::count(isolate, incoming, judged_at, (tenant, unavailable.code.as_str(), &[]), now);
        }
    }
    let problem = match verdict {
        Ok(Ok(())) => {
            let limits = Limits { states: &states, now };
            let told = match end {
                End::Forward(path) => {
                    return forward::forward(isolate, incoming, path, route, Some(record), &states, provenance, now);
                }
                End::Asker => verify::answer(Ok(()), Some(record), limits),
                End::Holder => verify::me(record, limits),
            };
            let reply = Reply::json(200, &told, &incoming.request_id).with_limits(&states);
            return reply.finish(isolate, incoming, provenance);
        }
        Ok(Err(refusal)) => refusal.problem(&isolate.config.challenge),
        Err(unavailable) => unavailable,
    };
    Reply::problem(&problem, &incoming.request_id).with_limits(&states).finish(isolate, incoming, provenance)
}
