//! The handler of each request: an endpoint of Keystile, the receiver of webhooks, or a guarded route.

use std::rc::Rc;

use keystile_core::base::{code::Code, path::Path, problem::Problem};

use crate::{
    endpoints,
    finder::Provenance,
    guard, hooks,
    incoming::Incoming,
    isolate::Isolate,
    reply::{self, Reply},
    response::ResponseOrFuture,
};

/// Answers a request.
pub(crate) fn answer(isolate: &Rc<Isolate>, incoming: Incoming) -> ResponseOrFuture {
    let path = match Path::parse(&incoming.path) {
        Ok(path) => path,
        Err(error) => return reply::refuse(isolate, &incoming, &Problem::new(Code::BadPath, error.detail())),
    };
    if incoming.is_preflight() && isolate.config.cors.is_some() {
        let reply = Reply::preflight(isolate, &incoming);
        return ResponseOrFuture::Ready(reply.finish(isolate, &incoming, Provenance::default()));
    }
    if let Some(endpoint) = path.below(&isolate.config.base) {
        return endpoints::answer(isolate, incoming, endpoint);
    }
    if isolate.config.hooks_base.as_ref().is_some_and(|base| path.below(base).is_some()) {
        return ResponseOrFuture::Ready(hooks::hand_over(isolate, &incoming, "", Provenance::default()));
    }
    guard::answer(isolate, incoming, path)
}
