//! Lists the attempts to send events to an endpoint, newest first.

use keystile_core::{
    api::listing,
    base::id::EndpointId,
    ledger::query::EventPlace,
    objects::event_endpoint::{Attempts, ShownAttempt},
};
use serde::{Deserialize, Serialize};

use super::of_path;
use crate::{
    api::{call::ApiCall, reply::ApiResult},
    command::Command,
    event_endpoints::{TIMEOUT_MS, ask},
    failure::Failure,
    ledger::{event_endpoints, handler::Consult, open::OpenLedger},
};

/// Lists a page of attempts.
pub(crate) async fn list(call: &ApiCall<'_>) -> ApiResult {
    let endpoint = of_path(call)?;
    let attempts = listing::parse_attempt_query(call.query()?)?;
    call.scopes_ledger(&ListAttempts { request_id: call.request_id.into(), endpoint, attempts }).await
}

/// The command to list attempts.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ListAttempts {
    request_id: String,
    endpoint: EndpointId,
    attempts: Attempts,
}

/// A page of attempts.
#[derive(Debug, Serialize)]
pub(crate) struct AttemptList {
    pub(crate) attempts: Vec<ShownAttempt>,
    pub(crate) next_cursor: Option<String>,
}

impl Command for ListAttempts {
    const PATH: &'static str = "/event-attempts";
    type Answer = AttemptList;

    fn request_id(&self) -> &str {
        &self.request_id
    }
}

impl Consult for ListAttempts {
    async fn consult(self, ledger: &OpenLedger) -> Result<AttemptList, Failure> {
        event_endpoints::find(&ledger.database, &self.endpoint)?;
        let page = ask(&ledger.env, &self.endpoint, &self.attempts, TIMEOUT_MS, &self.request_id).await?;
        Ok(AttemptList { attempts: page.attempts, next_cursor: page.next.map(|next| EventPlace(next).cursor()) })
    }
}
