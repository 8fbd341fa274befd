//! Webhooks: handed to the worker that receives them, for which this one is
//! the front door. It hears who asks from here alone.

use std::rc::Rc;

use keystile_core::record::Reach;
use wasm_bindgen::JsValue;

use crate::{
    Outcome,
    finder::Provenance,
    glue,
    incoming::Incoming,
    isolate::Isolate,
    operator,
    reply::{self, Reply},
};

/// `POST /v1/webhooks/verify`, for an operator with `verify`.
pub(crate) fn verify(isolate: &Rc<Isolate>, incoming: Incoming) -> Outcome {
    let isolate = Rc::clone(isolate);
    Outcome::later(async move {
        let (reach, provenance) = operator::authenticate(&isolate, &incoming).await;
        let reach = match reach {
            Ok(Reach::All) => "all",
            Ok(Reach::Tenant(_)) => "tenant",
            Err(problem) => {
                return Reply::problem(&problem, &incoming.request_id).finish(&isolate, &incoming, provenance);
            }
        };
        hand_over(&isolate, &incoming, reach, provenance)
    })
}

/// A request as it came: what of it is genuine is not ours to say. Returns the
/// promise of the answer.
pub(crate) fn hand_over(isolate: &Isolate, incoming: &Incoming, reach: &str, provenance: Provenance) -> JsValue {
    let answer = reply::answer_headers(isolate, incoming, provenance);
    glue::hand_over(
        &incoming.env,
        &incoming.request,
        reach,
        &glue::join(answer.iter().map(|(name, value)| (*name, value.as_str()))),
        &incoming.request_id,
        isolate.upstream_failed.as_ref(),
    )
}
