//! Shows what the objects know of the deployment, to Prometheus and its kind. All objects are asked at once. One that
//! doesn't answer is told to be down; the others' numbers come all the same.

use futures_util::{future::join_all, join};
use keystile_core::{
    config::WebhookMode,
    events::terms::DEPLOYMENT_ROUTER,
    metrics::{
        exposition::{self, Format},
        families::{self, Answers},
    },
    objects::{Call, dead_letters, event_router::RouterState, feed, overview},
};
use keystile_runtime::{log, object};
use serde::de::DeserializeOwned;
use worker::{Headers, Response};

use crate::api::{call::ApiCall, reply::ApiResult};

/// The longest that an object may take. A reader usually waits ten seconds.
const TIMEOUT_MS: u64 = 5_000;

/// Shows the metrics.
pub(super) async fn of_deployment(call: &ApiCall<'_>) -> ApiResult {
    call.no_query()?;
    let format = Format::accepted(call.request.headers().get("Accept")?.as_deref());
    let text = exposition::text(&families::families(&ask_all(call).await), format);
    let headers = Headers::new();
    headers.set("Content-Type", format.content_type())?;
    headers.set("Cache-Control", "private, no-store")?;
    Ok(Response::builder().with_headers(headers).fixed(text.into_bytes()))
}

async fn ask_all(call: &ApiCall<'_>) -> Answers {
    let queued = call.deployment.config.webhooks.iter().filter(|source| source.mode == WebhookMode::Queue);
    let dead_letters = join_all(queued.map(async |source| {
        let name = source.source.as_str();
        (name.to_owned(), ask(call, name, &dead_letters::ReadState {}).await)
    }));
    let (feed, overview, event_router, dead_letters) = join!(
        ask(call, feed::NAME, &feed::ReadState {}),
        ask(call, overview::NAME, &overview::ReadState {}),
        ask(call, DEPLOYMENT_ROUTER, &RouterState {}),
        dead_letters,
    );
    Answers { feed, overview, event_router, dead_letters }
}

/// The answer of one object, if there is one.
async fn ask<C: Call<Answer: DeserializeOwned>>(call: &ApiCall<'_>, name: &str, question: &C) -> Option<C::Answer> {
    let answer = object::call(call.env, name, question, TIMEOUT_MS).await;
    if let Err(error) = &answer {
        let fields = [
            ("request_id", call.request_id.into()),
            ("object", C::BINDING.into()),
            ("reason", error.0.as_str().into()),
        ];
        log::warn("metrics_incomplete", &fields);
    }
    answer.ok()
}
