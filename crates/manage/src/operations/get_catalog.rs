//! The scopes and presets that this deployment's keys can have.

use keystile_core::api::shown::ShownCatalog;
use keystile_runtime::response;

use crate::api::{call::Call, reply::ApiResult};

/// Shows the catalog.
pub(super) async fn of_deployment(call: &Call<'_>) -> ApiResult {
    call.no_query()?;
    Ok(response::json(200, &ShownCatalog::new(&call.deployment.config))?)
}
