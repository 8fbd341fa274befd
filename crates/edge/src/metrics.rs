//! Counts verdicts and upstreams' answers for Analytics Engine, if a dataset is bound. Without one, nothing is counted.
//!
//! Like counts of uses, points are written by a request that held a timer. An answer that an upstream gives after that
//! waits for the next request's points.

use std::{borrow::Cow, rc::Rc};

use keystile_core::{
    KeyRecord, TenantId, Timestamp,
    access::{
        route::Route,
        verdict::{self, Refusal},
    },
    metrics::points::{Kind, Label, Measured},
};
use keystile_runtime::{clock, points};
use wasm_bindgen::{JsValue, closure::Closure};

use crate::{finder::Provenance, incoming::Incoming, isolate::Isolate, response::in_background};

/// The place at which a request was judged.
#[derive(Clone, Copy)]
pub(crate) enum Place<'a> {
    Route(&'a Route),
    Endpoint(&'static str),
    /// No route covers the path.
    Nowhere,
}

/// Counts a verdict on a key that is known.
pub(crate) fn count_verdict(
    isolate: &Rc<Isolate>,
    incoming: &Incoming,
    (place, provenance): (Place<'_>, Provenance),
    record: &KeyRecord,
    verdict: Result<(), &Refusal>,
    now: Timestamp,
) {
    let tenant = record.tenant().map_or("", TenantId::as_str);
    let limits = match verdict {
        Err(Refusal::RateLimited(excess) | Refusal::QuotaExceeded(excess)) => excess.limits.as_slice(),
        _ => &[],
    };
    count(isolate, incoming, (place, provenance), (tenant, verdict::code(verdict), limits), now);
}

/// Counts a request that was judged by its text alone, or not at all.
pub(crate) fn count_unread(isolate: &Rc<Isolate>, incoming: &Incoming, place: Place<'_>, outcome: &str) {
    count(isolate, incoming, (place, Provenance::default()), ("", outcome, &[]), incoming.now);
}

/// Counts a request of a tenant's key, or of an unknown key's, with its outcome and the limits that it reached.
pub(crate) fn count(
    isolate: &Rc<Isolate>,
    incoming: &Incoming,
    (place, provenance): (Place<'_>, Provenance),
    (tenant, outcome, limits): (&str, &str, &[String]),
    now: Timestamp,
) {
    let Some(counted) = &isolate.points else { return };
    let name: Cow<'_, str> = match place {
        Place::Route(route) => route.pattern.to_string().into(),
        Place::Endpoint(endpoint) => endpoint.into(),
        Place::Nowhere => "".into(),
    };
    let label = Label { kind: Kind::Verdict, tenant, name: &name, outcome, detail: &limits.join(",") };
    let took_ms = provenance.has_waited().then(|| now.millis_since(incoming.now));
    let age_ms = isolate.feed.borrow().view_age_ms(now);
    let wait = counted.borrow_mut().count(label, Measured { took_ms, age_ms }, now);
    match wait {
        None => {}
        Some(0) => points::write(&incoming.env, &mut counted.borrow_mut()),
        Some(ms) => {
            let (isolate, env) = (Rc::clone(isolate), incoming.env.clone());
            let later = async move {
                clock::sleep(ms).await;
                if let Some(counted) = &isolate.points {
                    points::write(&env, &mut counted.borrow_mut());
                }
            };
            let _ = in_background(incoming, later);
        }
    }
}

/// A JavaScript function that counts an answer of an upstream; `undefined` if nothing is counted. Its arguments are the
/// upstream's index, the status, 0 if it gave no answer, and the time, milliseconds.
pub(crate) fn when_answered(isolate: &Isolate) -> JsValue {
    if isolate.points.is_none() {
        return JsValue::UNDEFINED;
    }
    WHEN_ANSWERED.with(|closure| closure.as_ref().clone())
}

thread_local! {
    static WHEN_ANSWERED: Closure<dyn Fn(usize, u16, f64)> = Closure::new(answered);
}

fn answered(upstream: usize, status: u16, took_ms: f64) {
    let Some(isolate) = Isolate::current() else { return };
    let Some(counted) = &isolate.points else { return };
    let Some(upstream) = isolate.config.upstreams.get(upstream) else { return };
    let outcome = match status / 100 {
        1 => "1xx",
        2 => "2xx",
        3 => "3xx",
        4 => "4xx",
        5 => "5xx",
        _ => "none",
    };
    let label = Label { kind: Kind::Upstream, tenant: "", name: &upstream.name, outcome, detail: "" };
    counted.borrow_mut().add(label, Measured { took_ms: Some(took_ms as i64), age_ms: None });
}
