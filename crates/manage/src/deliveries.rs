//! Calls to the objects that remember the recent deliveries of a source. Which of them has a delivery depends on its
//! bytes, so all are asked.

use futures_util::future::join_all;
use keystile_core::{
    base::{code::Code, problem::Problem},
    objects::{
        Call,
        deliveries::{Replay, names},
    },
    receiver::delivery::{DeliveryQuery, RecentDelivery},
};
use worker::Env;

use crate::{
    dead_letters::{self, Unanswered},
    failure::Failure,
};

/// Asks all objects for a page each. A page without the rows of one of them would mislead, so each has to answer.
pub(crate) async fn pages(
    env: &Env,
    source: &str,
    query: &DeliveryQuery,
    request_id: &str,
) -> Result<Vec<Vec<RecentDelivery>>, Failure> {
    let read = |answer: Result<String, Unanswered>| {
        let page = serde_json::from_str(&answer?);
        page.map_err(|error| Failure::Fault(format!("a page of deliveries: {error}")))
    };
    ask_all(env, source, query, request_id).await.into_iter().map(read).collect()
}

/// Has the object that remembers a delivery put it into the queue once more.
pub(crate) async fn replay(env: &Env, source: &str, call: &Replay, request_id: &str) -> Result<String, Unanswered> {
    let mut unclear = None;
    for answer in ask_all(env, source, call, request_id).await {
        match answer {
            Err(Unanswered::NotFound) => {}
            // One that does not answer may have it, but not if another one has.
            Err(unanswered @ Unanswered::Unclear(_)) => unclear = Some(unanswered),
            of_its_object => return of_its_object,
        }
    }
    Err(unclear.unwrap_or_else(|| Unanswered::Refused(not_found())))
}

async fn ask_all<C: Call>(env: &Env, source: &str, call: &C, request_id: &str) -> Vec<Result<String, Unanswered>> {
    let names: Vec<String> = names(source).collect();
    join_all(names.iter().map(|name| dead_letters::ask(env, name, call, request_id))).await
}

/// The problem of a delivery that isn't remembered.
pub(crate) fn not_found() -> Problem {
    let detail =
        "There is no recent delivery with this id: it is too old, or was never here, or the same event came again.";
    Problem::new(Code::DeliveryNotFound, detail)
}
