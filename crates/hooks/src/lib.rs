//! The worker that receives webhooks. The edge is its front door: the worker has no address of its own, and trusts the
//! edge's statements about a caller.
//!
//! A delivery passes [`source`] (its sender, by the URL), [`receive`] (verification, and detection of repeats), and
//! [`forward`] (the upstream gets it, signed again). An object remembers the delivered ones ([`deliveries`]).
//! [`verify_endpoint`] answers services that receive webhooks themselves. The keys of senders that publish theirs are
//! fetched by an object for each address ([`keys`]).
//!
//! In mode `queue` the event goes through [`producer`] and a Cloudflare Queue to the [`consumer`], which forwards it. A
//! body that is too long for a message waits in an object ([`bodies`]), and an event that could not be delivered waits
//! in another ([`DeadLetters`]). A source may keep the bodies of delivered events for a while ([`kept`]), so that an
//! operator can replay them.

mod bodies;
mod body;
mod consumer;
mod deliveries;
mod forward;
mod glue;
mod handshakes;
mod incoming;
mod kept;
mod keys;
mod objects;
mod producer;
mod queue;
mod receive;
mod reply;
mod signature;
mod source;
mod verify_endpoint;

pub use objects::{Bodies, DeadLetters, Deliveries, Keys};

use std::rc::Rc;

use js_sys::Promise;
use keystile_core::base::{code::Code, path::Path, problem::Problem};
use keystile_runtime::{crossing::promise, log};
use wasm_bindgen::prelude::*;

use crate::{incoming::Incoming, reply::Reply, source::Hooks};

/// Handles a request that the edge hands over. Returns the promise of a `Response`.
///
/// The work continues even if the sender hangs up. Stopping half-way would leave a delivery with an unknown outcome.
#[wasm_bindgen]
pub fn fetch(request: JsValue, env: JsValue, context: JsValue) -> Promise {
    let waiting = context.clone();
    let done = promise(Box::pin(async move {
        let incoming = Incoming::read(request, env, context);
        answer(&incoming).await.send(&incoming.request_id)
    }));
    if glue::wait_until(&waiting, &done).is_err() {
        log::warn("wait_until_failed", &[]);
    }
    done
}

/// Handles messages of a queue: events to forward, or events that could not be delivered.
///
/// Never fails, since the platform would repeat all messages of the batch.
#[wasm_bindgen]
pub fn queue(batch: queue::Batch, env: JsValue, _context: JsValue) -> Promise {
    promise(Box::pin(async move {
        consumer::consume(&batch, &env.unchecked_into()).await;
        JsValue::UNDEFINED
    }))
}

async fn answer(incoming: &Incoming) -> Reply {
    let hooks: Rc<Hooks> = match Hooks::of(&incoming.env) {
        Ok(hooks) => hooks,
        Err(error) => {
            log::error("hooks_not_ready", &[("reason", error.to_string().into())]);
            return Problem::internal().into();
        }
    };
    let Ok(path) = Path::of_request(incoming.path()) else { return unknown_source() };
    let path = path.merged();
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
    Problem::new(Code::UnknownSource, "No source of webhooks has this address.").into()
}
