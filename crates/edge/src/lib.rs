//! The edge worker: it guards upstream APIs, and answers the questions of services and holders about keys. It is
//! stateless except for its isolate's memory.
//!
//! The entry is a plain exported function and not the `worker` crate's event macro. A request whose key the isolate
//! knows is judged and forwarded synchronously, with two crossings into JavaScript: one reads the request, the other
//! answers or forwards it. Only a request that must wait for storage is handled asynchronously.
//!
//! A request passes [`incoming`] (its parts), [`router`] (its handler), and, on a guarded route, [`mod@guard`] (route and
//! verdict), [`credential`] (its key), [`finder`] (storage, if needed), [`limits`] (the charge), [`forward`] or
//! [`reply`]; [`usage`] counts the verdict, and so does [`metrics`] where a dataset is bound.

mod credential;
mod endpoints;
mod failures;
mod finder;
mod forward;
mod glue;
mod guard;
mod hooks;
mod incoming;
mod isolate;
mod limits;
mod metrics;
mod operator;
mod reply;
mod response;
mod router;
mod usage;

use std::rc::Rc;

use keystile_core::base::problem::Problem;
use keystile_runtime::log;
use wasm_bindgen::prelude::*;

use crate::{incoming::Incoming, isolate::Isolate, reply::Reply};

/// The worker's entry. Returns a `Response`, or a promise of one.
#[wasm_bindgen]
pub fn fetch(request: JsValue, env: JsValue, context: JsValue) -> JsValue {
    let isolate = match isolate_of(&env, &request) {
        Ok(isolate) => isolate,
        Err(response) => return response,
    };
    let incoming = Incoming::read(request, env, context, isolate.next_request_id());
    router::answer(&isolate, incoming).send()
}

/// The verdict on a request for a Worker that guards itself, by the question's demands (JSON, as for `verify`). Returns
/// a `Response`, or a promise of one: 200 with the facts about the key, or the refusal.
#[wasm_bindgen]
pub fn guard(request: JsValue, env: JsValue, context: JsValue, question: &str) -> JsValue {
    let isolate = match isolate_of(&env, &request) {
        Ok(isolate) => isolate,
        Err(response) => return response,
    };
    let incoming = Incoming::read(request, env, context, isolate.next_request_id());
    guard::ask(&isolate, incoming, question).send()
}

/// The isolate, or the response if it can't be made.
fn isolate_of(env: &JsValue, request: &JsValue) -> Result<Rc<Isolate>, JsValue> {
    Isolate::of(env, request).map_err(|error| {
        log::error("edge_not_ready", &[("reason", error.to_string().into())]);
        Reply::problem(&Problem::internal(), "req_none").send()
    })
}
