//! Lists all tenants that have, or had, keys or settings. The feed knows them, since every ledger publishes to it.

use keystile_core::{api::listing, base::problem::Problem, objects::feed};
use keystile_runtime::{log, object, response};

use crate::api::{call::ApiCall, reply::ApiResult};

/// The longest that the feed may take: it answers from one table.
const FEED_TIMEOUT_MS: u64 = 2_000;

/// Lists a page of tenants.
pub(super) async fn of_deployment(call: &ApiCall<'_>) -> ApiResult {
    let query = listing::parse_tenant_query(call.query()?)?;
    let page = object::call(call.env, feed::NAME, &query, FEED_TIMEOUT_MS).await.map_err(|error| {
        log::error("feed_unreachable", &[("request_id", call.request_id.into()), ("reason", error.0.into())]);
        Problem::unavailable("The list of tenants can't be read right now; try again shortly.")
    })?;
    Ok(response::json(200, &page)?)
}
