//! Calls to the objects of endpoints that the operations make for callers: each endpoint's object keeps what waits for it,
//! its attempts and its dead letters.

use keystile_core::{
    base::{id::EndpointId, problem::Problem},
    objects::Call,
};
use keystile_runtime::{log, object};
use serde::de::DeserializeOwned;
use worker::Env;

use crate::{dead_letters::Unanswered, failure::Failure};

/// The longest that such an object may take to answer, but for a test: less than the time that a ledger may take.
pub(crate) const TIMEOUT_MS: u64 = 8_000;
/// The longest that a test may take: longer than an endpoint's receiver may take to answer (15 s).
pub(crate) const TEST_TIMEOUT_MS: u64 = 20_000;

/// Asks the object of an endpoint.
///
/// # Errors
/// It isn't known then whether anything was done.
pub(crate) async fn ask<C: Call>(
    env: &Env,
    endpoint: &EndpointId,
    call: &C,
    timeout_ms: u64,
    request_id: &str,
) -> Result<C::Answer, Unanswered>
where
    C::Answer: DeserializeOwned,
{
    object::call(env, endpoint.as_str(), call, timeout_ms).await.map_err(|error| {
        let fields = [("request_id", request_id.into()), ("reason", error.0.into())];
        log::error("event_endpoint_unreachable", &fields);
        let detail = "The worker that sends events did not answer. Whether a change was made is not known: look, or ask \
                      again.";
        Unanswered::Unclear(Failure::from(Problem::unavailable(detail)))
    })
}
