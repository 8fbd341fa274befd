//! The guard: from a request to the verdict on it, and what follows.

use std::rc::Rc;

use js_sys::JsString;
use keystile_core::{
    Environment, PlainKey, Scope, Timestamp,
    access::{
        route::{Action, Route},
        verdict::{self, Demand, Refusal},
    },
    base::{path::Path, problem::Problem},
};
use keystile_runtime::clock;
use wasm_bindgen::JsValue;

use crate::{
    Outcome, endpoints,
    finder::{Finder, Found, Provenance},
    forward, hooks,
    incoming::Incoming,
    isolate::Isolate,
    reply::Reply,
    usage,
};

/// Answers a request: an endpoint of Keystile's own, or a guarded route.
pub(crate) fn answer(isolate: &Rc<Isolate>, incoming: Incoming) -> Outcome {
    let path = match Path::parse(&incoming.path) {
        Ok(path) => path,
        Err(error) => return refuse(isolate, &incoming, &Problem::new(400, "BAD_PATH", error.detail())),
    };
    if incoming.is_preflight() && isolate.config.cors.is_some() {
        let reply = Reply::preflight(isolate, &incoming);
        return Outcome::Ready(reply.finish(isolate, &incoming, Provenance::default()));
    }
    if let Some(endpoint) = path.below(&isolate.config.base) {
        return endpoints::answer(isolate, incoming, endpoint);
    }
    if isolate.config.hooks_base.as_ref().is_some_and(|base| path.below(base).is_some()) {
        return Outcome::Ready(hooks::hand_over(isolate, &incoming, "", Provenance::default()));
    }
    guarded(isolate, incoming, path)
}

fn guarded(isolate: &Rc<Isolate>, incoming: Incoming, path: Path) -> Outcome {
    let fold = |text: &str| String::from(JsString::from(text).to_upper_case().to_lower_case());
    let route = match isolate.config.routes.find(&path, &fold) {
        Ok(Some(route)) => route,
        Ok(None) => {
            let problem = Problem::new(404, "NOT_ROUTED", "No route is configured for this path.");
            return refuse(isolate, &incoming, &problem);
        }
        Err(error) => return refuse(isolate, &incoming, &Problem::new(400, "BAD_PATH", error.detail())),
    };
    let Some(scopes) = Action::of_method(&incoming.method).and_then(|action| route.needs(action)) else {
        let problem = Problem::new(405, "METHOD_NOT_ALLOWED", "This path does not take this method.");
        return refuse(isolate, &incoming, &problem.with_header("Allow", route.allow()));
    };
    let key = match presented_key(isolate, &incoming, route.environment) {
        Ok(key) => key,
        Err(refusal) => return refuse(isolate, &incoming, &refusal.problem(&isolate.config.name)),
    };
    let mut finder = Finder::new(key.digest(), route.strict);
    if let Some(found) = finder.try_now(isolate, &incoming, incoming.now) {
        return Outcome::Ready(judged(isolate, &incoming, &path, route, scopes, &found, incoming.now));
    }
    let (isolate, route, scopes) = (Rc::clone(isolate), route.clone(), scopes.to_vec());
    Outcome::later(async move {
        let found = finder.wait(&isolate, &incoming).await;
        judged(&isolate, &incoming, &path, &route, &scopes, &found, clock::now())
    })
}

/// The verdict, carried out.
fn judged(
    isolate: &Rc<Isolate>,
    incoming: &Incoming,
    path: &Path,
    route: &Route,
    scopes: &[Scope],
    found: &Found,
    now: Timestamp,
) -> JsValue {
    let demand = Demand { environment: route.environment, tenant: None, scopes, ip: incoming.ip(), now };
    let realm = &isolate.config.name;
    let problem = match &found.known {
        Ok(known) => {
            let verdict = demand.judge(&known.record, known.suspended, &isolate.config.catalog);
            usage::count(isolate, incoming, &known.record, verdict.as_ref().copied(), now);
            match verdict {
                Ok(()) => {
                    return forward::forward(isolate, incoming, path, route, &known.record, found.provenance, now);
                }
                Err(refusal) => refusal.problem(realm),
            }
        }
        Err(unknown) => unknown.problem(realm),
    };
    Reply::problem(&problem, &incoming.request_id).finish(isolate, incoming, found.provenance)
}

/// The one key that a request presents: with a valid tag, or of the form of imported keys.
pub(crate) fn presented_key(
    isolate: &Isolate,
    incoming: &Incoming,
    accepted: Option<Environment>,
) -> Result<PlainKey, Refusal> {
    let text = incoming.carriers().credential(&isolate.config.headers, isolate.config.key_forms())?;
    parsed_key(isolate, text, accepted)
}

/// The key that a text is: all that can be judged before storage is read.
pub(crate) fn parsed_key(isolate: &Isolate, text: &str, accepted: Option<Environment>) -> Result<PlainKey, Refusal> {
    let key = isolate.keyring.parse_api_key(text, isolate.config.key_forms())?;
    if let Some(of_key) = key.environment() {
        verdict::check_environment(of_key, accepted)?;
    }
    Ok(key)
}

/// A problem that was found before any storage was read.
pub(crate) fn refuse(isolate: &Isolate, incoming: &Incoming, problem: &Problem) -> Outcome {
    let reply = Reply::problem(problem, &incoming.request_id);
    Outcome::Ready(reply.finish(isolate, incoming, Provenance::default()))
}
