//! The guard: from a request to the verdict on it, and what follows.

use std::rc::Rc;

use keystile_core::{
    Environment, KeyRecord, PlainKey, Scope,
    feed::lookup::{Answer, Unavailable},
    problem::Problem,
    route::{Action, Path, Route},
    verdict::{self, Demand, Refusal},
};
use keystile_runtime::clock;
use wasm_bindgen::JsValue;

use crate::{
    Outcome, endpoints,
    finder::{Finder, Found},
    forward,
    incoming::Incoming,
    isolate::Isolate,
    reply::Reply,
};

/// Answers a request: an endpoint of Keystile's own, or a guarded route.
pub(crate) fn answer(isolate: &Rc<Isolate>, incoming: Incoming) -> Outcome {
    let path = match Path::parse(&incoming.path) {
        Ok(path) => path,
        Err(error) => return refuse(isolate, &incoming, &Problem::new(400, "BAD_PATH", error.detail())),
    };
    if incoming.is_preflight() && isolate.config.cors.is_some() {
        return Outcome::Ready(Reply::preflight(isolate, &incoming).send());
    }
    if let Some(endpoint) = path.below(&isolate.config.base) {
        return endpoints::answer(isolate, incoming, endpoint);
    }
    guarded(isolate, incoming, path)
}

fn guarded(isolate: &Rc<Isolate>, incoming: Incoming, path: Path) -> Outcome {
    let Some(route) = isolate.config.routes.find(&path) else {
        return refuse(isolate, &incoming, &Problem::new(404, "NOT_ROUTED", "No route is configured for this path."));
    };
    let Some(scopes) = Action::of_method(&incoming.method).and_then(|action| route.needs(action)) else {
        let problem = Problem::new(405, "METHOD_NOT_ALLOWED", "This path does not take this method.");
        return refuse(isolate, &incoming, &problem.with_header("Allow", route.allow()));
    };
    let key = match presented_key(isolate, &incoming, route.environment) {
        Ok(key) => key,
        Err(refusal) => return refuse(isolate, &incoming, &Problem::refusal(&refusal, &isolate.config.name)),
    };
    let mut finder = Finder::new(key.digest(), route.strict);
    if let Some(found) = finder.try_now(isolate, &incoming) {
        return Outcome::Ready(judged(isolate, &incoming, &path, route, scopes, &found));
    }
    let (isolate, route, scopes) = (Rc::clone(isolate), route.clone(), scopes.to_vec());
    Outcome::later(async move {
        let found = finder.find(&isolate, &incoming).await;
        judged(&isolate, &incoming, &path, &route, &scopes, &found)
    })
}

/// The verdict, carried out.
fn judged(
    isolate: &Isolate,
    incoming: &Incoming,
    path: &Path,
    route: &Route,
    scopes: &[Scope],
    found: &Found,
) -> JsValue {
    let demand = Demand { environment: route.environment, tenant: None, scopes, ip: incoming.ip(), now: clock::now() };
    let problem = match known(&found.answer) {
        Ok((record, suspended)) => match demand.judge(record, suspended, &isolate.config.catalog) {
            Ok(()) => return forward::forward(isolate, incoming, path, route, record, found),
            Err(refusal) => Problem::refusal(&refusal, &isolate.config.name),
        },
        Err(Unknown::Missing) => Problem::refusal(&Refusal::NotFound, &isolate.config.name),
        Err(Unknown::Unavailable(problem)) => problem,
    };
    Reply::problem(&problem, &incoming.request_id).timed(isolate, found).cross_origin(isolate, incoming).send()
}

/// Why there is no record to judge.
pub(crate) enum Unknown {
    Missing,
    Unavailable(Problem),
}

/// The record that was found, and whether its tenant is suspended.
pub(crate) fn known(answer: &Answer) -> Result<(&KeyRecord, bool), Unknown> {
    match answer {
        Answer::Found { record, suspended, .. } => Ok((record, *suspended)),
        Answer::Missing => Err(Unknown::Missing),
        Answer::Unavailable(why) => Err(Unknown::Unavailable(Problem::unavailable(match why {
            Unavailable::Feed => "Whether this key was revoked can't be told right now; try again shortly.",
            Unavailable::Storage => "Whether this key exists can't be told right now; try again shortly.",
            Unavailable::RecordTooNew => {
                "This key has restrictions that this edge is too old to understand; it is being updated."
            }
        }))),
    }
}

/// The one key that a request presents, with a valid tag.
pub(crate) fn presented_key(
    isolate: &Isolate,
    incoming: &Incoming,
    accepted: Option<Environment>,
) -> Result<PlainKey, Refusal> {
    let text = incoming.carriers().credential(&isolate.config.headers, &isolate.config.prefixes)?;
    parsed_key(isolate, text, accepted)
}

/// The key that a text is: all that can be judged before storage is read.
pub(crate) fn parsed_key(isolate: &Isolate, text: &str, accepted: Option<Environment>) -> Result<PlainKey, Refusal> {
    let key = isolate.keyring.parse_api_key(text, &isolate.config.prefixes)?;
    if let Some(of_key) = key.environment() {
        verdict::check_environment(of_key, accepted)?;
    }
    Ok(key)
}

/// A problem that was found before any storage was read.
pub(crate) fn refuse(isolate: &Isolate, incoming: &Incoming, problem: &Problem) -> Outcome {
    let reply = Reply::problem(problem, &incoming.request_id);
    Outcome::Ready(reply.timed(isolate, &Found::without_storage()).cross_origin(isolate, incoming).send())
}
