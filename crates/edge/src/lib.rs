//! The edge worker: guards upstream APIs, and answers what services and
//! holders ask about keys. Stateless but for its isolate's memory.
//!
//! The entry is a plain exported function and not the `worker` crate's event
//! macro: a request whose key the isolate knows is judged and forwarded
//! synchronously, with two crossings into JavaScript: one that reads the request
//! and one that answers or forwards it. Only a request that must wait for storage
//! takes the asynchronous road.
//!
//! A request passes [`incoming`] (what it says), [`guard`] (route, credential,
//! verdict), [`finder`] (storage, if it must), [`forward`] or [`reply`]; [`usage`]
//! counts the verdict.

mod endpoints;
mod finder;
mod forward;
mod glue;
mod guard;
mod hooks;
mod incoming;
mod isolate;
mod operator;
mod reply;
mod usage;

use js_sys::Promise;
use keystile_core::base::problem::Problem;
use keystile_runtime::log;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::future_to_promise;

use crate::{incoming::Incoming, isolate::Isolate, reply::Reply};

/// The worker's entry. Returns a `Response`, or a promise of one.
#[wasm_bindgen]
pub fn fetch(request: JsValue, env: JsValue, context: JsValue) -> JsValue {
    let isolate = match Isolate::of(&env) {
        Ok(isolate) => isolate,
        Err(error) => {
            log::error("edge_not_ready", &[("reason", error.to_string().into())]);
            return Reply::problem(&Problem::internal(), "req_none").send();
        }
    };
    let incoming = Incoming::read(request, env, context, &isolate);
    match guard::answer(&isolate, incoming) {
        Outcome::Ready(response) => response,
        Outcome::Later(response) => future_to_promise(async move { Ok(response.await) }).into(),
    }
}

/// A response, or the future that makes it.
enum Outcome {
    Ready(JsValue),
    Later(std::pin::Pin<Box<dyn Future<Output = JsValue>>>),
}

impl Outcome {
    fn later(response: impl Future<Output = JsValue> + 'static) -> Self {
        Self::Later(Box::pin(response))
    }
}

/// Does something in the context of the request that caused it, whether or not
/// the response has gone out or the caller is still there. The promise is that
/// it is done.
fn in_background(incoming: &Incoming, work: impl Future<Output = ()> + 'static) -> Promise {
    let done = future_to_promise(async move {
        work.await;
        Ok(JsValue::UNDEFINED)
    });
    if glue::wait_until(&incoming.context, &done).is_err() {
        log::warn("wait_until_failed", &[("request_id", incoming.request_id.as_str().into())]);
    }
    done
}
