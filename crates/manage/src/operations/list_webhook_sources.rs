//! The sources of webhooks of this deployment.

use keystile_core::api::shown::ShownSources;
use keystile_runtime::response;

use crate::api::{call::ApiCall, reply::ApiResult};

/// Lists the sources.
pub(super) async fn of_deployment(call: &ApiCall<'_>) -> ApiResult {
    call.no_query()?;
    Ok(response::json(200, &ShownSources::new(&call.deployment.config))?)
}
