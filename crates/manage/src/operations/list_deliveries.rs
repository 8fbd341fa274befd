//! Lists the recent deliveries of a source, which the worker that receives webhooks remembers.

use keystile_core::{
    api::{listing, shown::ShownDeliveries},
    receiver::delivery::merged,
};
use keystile_runtime::response;

use super::dead_letter::source;
use crate::{
    api::{call::ApiCall, reply::ApiResult},
    deliveries,
};

/// Lists a page of a source's deliveries.
pub(super) async fn of_source(call: &ApiCall<'_>) -> ApiResult {
    let source = source(call)?;
    let query = listing::parse_delivery_query(call.query()?)?;
    let pages = deliveries::pages(call.env, &source, &query, call.request_id).await?;
    let (page, next) = merged(pages, query.limit);
    Ok(response::json(200, &ShownDeliveries::new(&page, next.as_ref()))?)
}
