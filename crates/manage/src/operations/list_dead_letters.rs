//! Lists the events of a source that could not be delivered, which the worker that receives webhooks keeps.

use keystile_core::api::listing;

use super::dead_letter::source;
use crate::{
    api::{
        call::ApiCall,
        reply::{ApiResult, Passed, passed_on},
    },
    dead_letters,
    failure::Failure,
};

/// Lists a page of a source's events.
pub(super) async fn of_source(call: &ApiCall<'_>) -> ApiResult {
    let source = source(call)?;
    let query = listing::parse_dead_letter_query(call.query()?)?;
    let page = dead_letters::ask(call.env, &source, &query, call.request_id).await;
    Ok(passed_on(200, page.map_err(Failure::from)?, &Passed::default())?)
}
