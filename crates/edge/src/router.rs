//! The handler of each request: an endpoint of Keystile, the receiver of webhooks, or a guarded route.

use std::rc::Rc;

use keystile_core::base::path::{Path, PathError};

use crate::{
    endpoints,
    finder::Provenance,
    guard, hooks,
    incoming::Incoming,
    isolate::Isolate,
    reply::{self, Reply},
    response::ResponseOrFuture,
};

/// Answers a request. Keystile's own paths go before any route, and nothing that a server may read as one of them gets
/// to an upstream.
pub(crate) fn answer(isolate: &Rc<Isolate>, incoming: Incoming) -> ResponseOrFuture {
    let path = match Path::of_request(&incoming.path) {
        Ok(path) => path,
        Err(error) => return reply::bad_path(isolate, &incoming, error),
    };
    if incoming.is_preflight() && isolate.config.cors.is_some() {
        let reply = Reply::preflight(isolate, &incoming);
        return ResponseOrFuture::Ready(reply.finish(isolate, &incoming, Provenance::default()));
    }
    let (base, hooks_base) = (&isolate.config.base, isolate.config.hooks_base.as_ref());
    let own = path.merged();
    if let Some(endpoint) = own.below(base) {
        return endpoints::answer(isolate, incoming, endpoint);
    }
    if hooks_base.is_some_and(|base| own.below(base).is_some()) {
        return ResponseOrFuture::Ready(hooks::hand_over(isolate, &incoming, "", Provenance::default()));
    }
    if hooks_base.into_iter().chain([base]).any(|base| path.is_read_below(base, &guard::fold)) {
        return reply::bad_path(isolate, &incoming, PathError::Ambiguous);
    }
    guard::answer(isolate, incoming, path)
}
