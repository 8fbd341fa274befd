//! The scopes and presets that this deployment's keys can have.

use keystile_core::api::shown::ShownCatalog;
use keystile_runtime::response;

use crate::api::{call::ApiCall, reply::ApiResult};

/// Shows the catalog.
pub(super) async fn of_deployment(call: &ApiCall<'_>) -> ApiResult {
    call.no_query()?;
    Ok(response::json(200, &ShownCatalog::new(&call.deployment.config))?)
}
