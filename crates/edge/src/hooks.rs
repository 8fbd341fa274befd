//! Webhooks: handed to the worker that receives them, for which this one is
//! the front door. It hears who asks from here alone.

use std::rc::Rc;

use keystile_core::{problem::Problem, record::Reach};
use keystile_runtime::log;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;

use crate::{
    Outcome,
    finder::Provenance,
    glue,
    incoming::Incoming,
    isolate::Isolate,
    operator,
    reply::{self, Reply},
};

/// `/hooks/{source}`, untouched: what is genuine is not ours to say.
pub(crate) fn deliver(isolate: &Rc<Isolate>, incoming: Incoming) -> Outcome {
    let isolate = Rc::clone(isolate);
    Outcome::later(async move { hand_over(&isolate, &incoming, "", Provenance::default()).await })
}

/// `POST /v1/webhooks/verify`, for an operator with `verify`.
pub(crate) fn verify(isolate: &Rc<Isolate>, incoming: Incoming) -> Outcome {
    let isolate = Rc::clone(isolate);
    Outcome::later(async move {
        let (reach, provenance) = operator::authenticate(&isolate, &incoming).await;
        match reach {
            Ok(Reach::All) => hand_over(&isolate, &incoming, "all", provenance).await,
            Ok(Reach::Tenant(_)) => hand_over(&isolate, &incoming, "tenant", provenance).await,
            Err(problem) => Reply::problem(&problem, &incoming.request_id).finish(&isolate, &incoming, provenance),
        }
    })
}

async fn hand_over(isolate: &Isolate, incoming: &Incoming, reach: &str, provenance: Provenance) -> JsValue {
    let binding = js_sys::Reflect::get(&incoming.env, &"HOOKS".into()).unwrap_or_default();
    // Both are set whatever came: nobody else can say them.
    let set = glue::join([("Keystile-Request-Id", incoming.request_id.as_str()), ("Keystile-Reach", reach)]);
    let answer = reply::answer_headers(isolate, incoming, provenance);
    let answer = glue::join(answer.iter().map(|(name, value)| (*name, value.as_str())));
    match JsFuture::from(glue::hand_over(&binding, &incoming.request, &set, &answer)).await {
        Ok(response) => response,
        Err(_) => {
            log::error("hooks_unreachable", &[("request_id", incoming.request_id.as_str().into())]);
            let problem = Problem::unavailable("Webhooks can't be taken right now; send it again.");
            Reply::problem(&problem, &incoming.request_id).finish(isolate, incoming, provenance)
        }
    }
}
