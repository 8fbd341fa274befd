//! The edge worker: it guards upstream APIs, and answers the questions of services and holders about keys. It is
//! stateless except for its isolate's memory.
//!
//! The entry is a plain exported function and not the `worker` crate's event macro. A request whose key the isolate
//! knows is judged and forwarded synchronously, with two crossings into JavaScript: one reads the request, the other
//! answers or forwards it. Only a request that must wait for storage is handled asynchronously.
//!
//! A request passes [`incoming`] (its parts), [`router`] (its handler), and, on a guarded route, [`guard`] (route and
//! verdict), [`credential`] (its key), [`finder`] (storage, if needed), [`limits`] (the charge), [`forward`] or
//! [`reply`]; [`usage`] counts the verdict.

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
mod operator;
mod reply;
mod response;
mod router;
mod usage;

use keystile_core::base::problem::Problem;
use keystile_runtime::{crossing::promise, log};
use wasm_bindgen::prelude::*;

use crate::{incoming::Incoming, isolate::Isolate, reply::Reply, response::ResponseOrFuture};

/// The worker's entry. Returns a `Response`, or a promise of one.
#[wasm_bindgen]
pub fn fetch(request: JsValue, env: JsValue, context: JsValue) -> JsValue {
    let isolate = match Isolate::of(&env, &request) {
        Ok(isolate) => isolate,
        Err(error) => {
            log::error("edge_not_ready", &[("reason", error.to_string().into())]);
            return Reply::problem(&Problem::internal(), "req_none").send();
        }
    };
    let incoming = Incoming::read(request, env, context, isolate.next_request_id());
    match router::answer(&isolate, incoming) {
        ResponseOrFuture::Ready(response) => response,
        ResponseOrFuture::Later(response) => promise(response).into(),
    }
}
