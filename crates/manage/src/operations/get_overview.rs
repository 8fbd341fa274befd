//! Shows all tenants at once: the numbers of keys, keys that expire soon, keys that are unused, and tenants that are
//! almost at their limit of active keys. Every ledger reports them.

use keystile_core::{
    api::listing,
    base::problem::Problem,
    objects::{Call, overview},
};
use keystile_runtime::{log, object, response};
use serde::{Serialize, de::DeserializeOwned};

use crate::api::{call::ApiCall, reply::ApiResult};

/// The longest that the overview may take: it reads a row for each tenant.
const OVERVIEW_TIMEOUT_MS: u64 = 5_000;

/// Shows the overview.
pub(super) async fn of_deployment(call: &ApiCall<'_>) -> ApiResult {
    ask_overview(call, &listing::parse_overview_query(call.query()?)?).await
}

/// Asks the object of the overview, and passes its answer on.
pub(super) async fn ask_overview<C>(call: &ApiCall<'_>, question: &C) -> ApiResult
where
    C: Call<Answer: Serialize + DeserializeOwned>,
{
    let answer = object::call(call.env, overview::NAME, question, OVERVIEW_TIMEOUT_MS).await.map_err(|error| {
        log::error("overview_unreachable", &[("request_id", call.request_id.into()), ("reason", error.0.into())]);
        Problem::unavailable("The overview of all tenants can't be read right now; try again shortly.")
    })?;
    Ok(response::json(200, &answer)?)
}
