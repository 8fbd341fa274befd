//! Webhooks: handed to the worker that receives them. The edge is the front door of that worker, which learns the
//! caller's identity from the edge alone.

use std::rc::Rc;

use js_sys::Promise;
use keystile_core::{access::record::Reach, base::problem::Problem};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;

use crate::{
    finder::Provenance,
    forward, glue,
    incoming::Incoming,
    isolate::Isolate,
    operator::{Moment, Operator},
    reply::{self, Reply},
    response::ResponseOrFuture,
};

/// `POST /v1/webhooks/verify`, for an operator with `verify`. The other worker reads the body, which may take long, so
/// the caller is judged again when the answer is there.
pub(crate) fn verify(isolate: &Rc<Isolate>, incoming: Incoming) -> ResponseOrFuture {
    let isolate = Rc::clone(isolate);
    ResponseOrFuture::later(async move {
        let refuse = |problem: Problem, provenance| {
            Reply::problem(&problem, &incoming.request_id).finish(&isolate, &incoming, provenance)
        };
        let operator = match Operator::presented(&isolate, &incoming) {
            Ok(operator) => operator,
            Err(problem) => return refuse(problem, Provenance::default()),
        };
        let (reach, provenance) = operator.judge(&isolate, &incoming, Moment::Arrival).await;
        let reach = match reach {
            Ok(Reach::All) => "all",
            Ok(Reach::Tenant(_)) => "tenant",
            Err(problem) => return refuse(problem, provenance),
        };
        let answer = Promise::from(hand_over(&isolate, &incoming, reach, provenance));
        // This can't fail: if there is no answer, a problem is returned.
        let answer = JsFuture::from(answer).await.unwrap_or_default();
        match operator.judge(&isolate, &incoming, Moment::Answer).await {
            (Ok(_), _) => answer,
            (Err(problem), judged) => refuse(problem, provenance.and(judged)),
        }
    })
}

/// Hands a request over unchanged: the edge does not judge whether a delivery is genuine. Returns the promise of the
/// answer.
pub(crate) fn hand_over(isolate: &Isolate, incoming: &Incoming, reach: &str, provenance: Provenance) -> JsValue {
    let answer = reply::answer_headers(isolate, incoming, provenance);
    glue::hand_over(
        &incoming.env,
        &incoming.request,
        reach,
        &reply::joined(&answer),
        &incoming.request_id,
        &forward::when_failed(),
    )
}
