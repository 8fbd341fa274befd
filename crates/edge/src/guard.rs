//! The guard: it judges a request on a route, and forwards or refuses it.

use std::rc::Rc;

use js_sys::JsString;
use keystile_core::{
    Scope, Timestamp,
    access::{
        route::{Action, Route},
        verdict::Demand,
    },
    base::{code::Code, path::Path, problem::Problem},
    key::KeyKind,
};
use keystile_runtime::clock;
use wasm_bindgen::JsValue;

use crate::{
    credential::presented_key,
    failures,
    finder::{Finder, Found},
    forward,
    incoming::Incoming,
    isolate::Isolate,
    reply::{self, Reply},
    response::ResponseOrFuture,
    usage,
};

/// Answers a request to a guarded route.
pub(crate) fn answer(isolate: &Rc<Isolate>, incoming: Incoming, path: Path) -> ResponseOrFuture {
    let fold = |text: &str| String::from(JsString::from(text).to_upper_case().to_lower_case());
    let route = match isolate.config.routes.find(&path, &fold) {
        Ok(Some(route)) => route,
        Ok(None) => {
            let problem = Problem::new(Code::NotRouted, "No route is configured for this path.");
            return reply::refuse(isolate, &incoming, &problem);
        }
        Err(error) => return reply::refuse(isolate, &incoming, &Problem::new(Code::BadPath, error.detail())),
    };
    let Some(scopes) = Action::of_method(&incoming.method).and_then(|action| route.needs(action)) else {
        let problem = Problem::new(Code::MethodNotAllowed, "This path does not take this method.");
        return reply::refuse(isolate, &incoming, &problem.with_header("Allow", route.allow()));
    };
    let key = match presented_key(isolate, &incoming, route.environment) {
        Ok(key) => key,
        Err(refusal) => return reply::refuse(isolate, &incoming, &failures::refused(isolate, &incoming, &refusal)),
    };
    let kind = key.kind();
    let mut finder = Finder::new(key.digest(), route.strict);
    if let Some(found) = finder.try_now(isolate, &incoming, incoming.now) {
        let guarded = Guarded { path: &path, route, scopes, kind };
        return ResponseOrFuture::Ready(judged(isolate, &incoming, guarded, &found, incoming.now));
    }
    if let Some(problem) = failures::before_storage(isolate, &incoming, &key) {
        return reply::refuse(isolate, &incoming, &problem);
    }
    let (isolate, route, scopes) = (Rc::clone(isolate), route.clone(), scopes.to_vec());
    ResponseOrFuture::later(async move {
        let found = finder.wait(&isolate, &incoming).await;
        let guarded = Guarded { path: &path, route: &route, scopes: &scopes, kind };
        judged(&isolate, &incoming, guarded, &found, clock::now())
    })
}

/// A request on a route, with the demands of the route and the kind of the key.
#[derive(Clone, Copy)]
struct Guarded<'a> {
    path: &'a Path,
    route: &'a Route,
    scopes: &'a [Scope],
    kind: KeyKind,
}

/// Carries out the verdict.
fn judged(isolate: &Rc<Isolate>, incoming: &Incoming, guarded: Guarded<'_>, found: &Found, now: Timestamp) -> JsValue {
    let Guarded { path, route, scopes, kind } = guarded;
    let demand = Demand { environment: route.environment, tenant: None, scopes, ip: incoming.ip(), now };
    let problem = match &found.known {
        Ok(known) => {
            let verdict = demand.judge(&known.record, known.suspended, &isolate.config.catalog);
            usage::count(isolate, incoming, &known.record, verdict.as_ref().copied(), now);
            match verdict {
                Ok(()) => {
                    return forward::forward(isolate, incoming, path, route, &known.record, found.provenance, now);
                }
                Err(refusal) => refusal.problem(&isolate.config.name),
            }
        }
        Err(unknown) => failures::unknown(isolate, incoming, kind, unknown),
    };
    Reply::problem(&problem, &incoming.request_id).finish(isolate, incoming, found.provenance)
}
