//! The plans that tenants of this deployment can be on.

use keystile_core::api::shown::ShownPlans;
use keystile_runtime::response;

use crate::api::{call::ApiCall, reply::ApiResult};

/// Lists the plans.
pub(super) async fn of_deployment(call: &ApiCall<'_>) -> ApiResult {
    call.no_query()?;
    Ok(response::json(200, &ShownPlans::new(&call.deployment.config))?)
}
