//! The worker that receives webhooks. The edge is its front door: it has no
//! address of its own, and believes what the edge says of a caller.
//!
//! A delivery passes [`source`] (whom it is from, by the URL), [`receive`]
//! (verified, and new?), and [`forward`] (handed on, signed again); an object
//! remembers what was delivered ([`deliveries`]). [`verify_endpoint`] answers
//! services that receive webhooks themselves.
//!
//! In mode `queue` the event goes through [`producer`] and a Cloudflare Queue to
//! the [`consumer`], which hands it on; a body that is too long for a message
//! waits in an object ([`bodies`]), and so does what nobody takes ([`DeadLetters`]).

mod bodies;
mod consumer;
mod deliveries;
mod forward;
mod glue;
mod incoming;
mod objects;
mod producer;
mod queue;
mod receive;
mod reply;
mod source;
mod verify_endpoint;

pub use objects::{Bodies, DeadLetters, Deliveries};

use std::rc::Rc;

use js_sys::Promise;
use keystile_core::base::{path::Path, problem::Problem};
use keystile_runtime::log;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::future_to_promise;

use crate::{incoming::Incoming, reply::Reply, source::Hooks};

/// A request that the edge hands over. Returns the promise of a `Response`.
///
/// What was begun is carried out even if the sender hangs up: half of it would
/// be a delivery that nobody knows the outcome of.
#[wasm_bindgen]
pub fn fetch(request: JsValue, env: JsValue, context: JsValue) -> Promise {
    let done = future_to_promise(async move {
        let incoming = Incoming::read(request, env);
        Ok(answer(&incoming).await.send(&incoming.request_id))
    });
    if glue::wait_until(&context, &done).is_err() {
        log::warn("wait_until_failed", &[]);
    }
    done
}

/// Messages of a queue: events to hand on, or such that could not be.
///
/// Never fails: the platform would repeat all messages of the batch.
#[wasm_bindgen]
pub fn queue(batch: queue::Batch, env: JsValue, _context: JsValue) -> Promise {
    future_to_promise(async move {
        consumer::consume(&batch, &env.unchecked_into()).await;
        Ok(JsValue::UNDEFINED)
    })
}

async fn answer(incoming: &Incoming) -> Reply {
    let hooks: Rc<Hooks> = match Hooks::of(&incoming.env) {
        Ok(hooks) => hooks,
        Err(error) => {
            log::error("hooks_not_ready", &[("reason", error.to_string().into())]);
            return Problem::internal().into();
        }
    };
    let Ok(path) = Path::parse(incoming.path()) else { return unknown_source() };
    if path.below(&hooks.config.base) == Some("/v1/webhooks/verify") {
        return verify_endpoint::answer(&hooks, incoming).await.unwrap_or_else(Reply::from);
    }
    let name = hooks.config.hooks_base.as_ref().and_then(|base| path.below(base)?.strip_prefix('/'));
    match name.and_then(|name| hooks.source(name)) {
        Some(source) => receive::answer(&hooks, source, incoming).await.unwrap_or_else(Reply::from),
        None => unknown_source(),
    }
}

fn unknown_source() -> Reply {
    Problem::new(404, "UNKNOWN_SOURCE", "No source of webhooks has this address.").into()
}
