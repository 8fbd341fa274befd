//! A response, or the future that makes it.

use std::pin::Pin;

use js_sys::Promise;
use keystile_runtime::{crossing::promise, log};
use wasm_bindgen::JsValue;

use crate::{glue, incoming::Incoming};

/// A response that is ready, or one that has to wait for storage.
pub(crate) enum ResponseOrFuture {
    Ready(JsValue),
    Later(Pin<Box<dyn Future<Output = JsValue>>>),
}

impl ResponseOrFuture {
    /// The response, or a promise of it, for JavaScript.
    pub(crate) fn send(self) -> JsValue {
        match self {
            Self::Ready(response) => response,
            Self::Later(response) => promise(response).into(),
        }
    }

    pub(crate) fn later(response: impl Future<Output = JsValue> + 'static) -> Self {
        Self::Later(Box::pin(response))
    }
}

/// Does something in the context of the request that caused it, even after the response was sent or the caller has
/// gone. The promise resolves when it is done.
pub(crate) fn in_background(incoming: &Incoming, work: impl Future<Output = ()> + 'static) -> Promise {
    let done = promise(Box::pin(async move {
        work.await;
        JsValue::UNDEFINED
    }));
    if glue::wait_until(&incoming.context, &done).is_err() {
        log::warn("wait_until_failed", &[("request_id", incoming.request_id.as_str().into())]);
    }
    done
}
