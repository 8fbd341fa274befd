//! Sends a test event to an endpoint, once, and shows what came of it.

use keystile_core::{
    api::management::{self, MAX_BODY_BYTES},
    base::id::EndpointId,
    objects::{Done, event_endpoint::Test},
};
use keystile_runtime::response;
use serde::{Deserialize, Serialize};

use super::of_path;
use crate::{
    api::{body::JSON, call::ApiCall, reply::ApiResult},
    command::{Command, Origin},
    event_endpoints::{TEST_TIMEOUT_MS, ask},
    failure::Failure,
    ledger::{event_endpoints, handler::Read, open::OpenLedger},
};

/// Tests the path's endpoint. Its receiver may take longer than a ledger may, so the endpoint's object is asked from here.
pub(crate) async fn test(call: &ApiCall<'_>) -> ApiResult {
    call.no_query()?;
    let endpoint = of_path(call)?;
    let (body, origin) = call.asked(JSON, MAX_BODY_BYTES).await?;
    management::parse_empty(body)?;
    let found = call.scopes_ledger(&FindEndpoint { origin, endpoint: endpoint.clone() }).await?;
    if found.status_code() != 200 {
        return Ok(found);
    }
    let test = Test { request_id: call.request_id.into() };
    let attempt = ask(call.env, &endpoint, &test, TEST_TIMEOUT_MS, call.request_id).await?;
    Ok(response::json(200, &attempt)?)
}

/// The command to find an endpoint for a caller who may send to it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct FindEndpoint {
    origin: Origin,
    endpoint: EndpointId,
}

impl Command for FindEndpoint {
    const PATH: &'static str = "/find-event-endpoint";
    type Answer = Done;

    fn request_id(&self) -> &str {
        &self.origin.request_id
    }
}

impl Read for FindEndpoint {
    fn read(&self, ledger: &OpenLedger) -> Result<Done, Failure> {
        ledger.judge(&self.origin, keystile_runtime::clock::now())?;
        event_endpoints::find(&ledger.database, &self.endpoint)?;
        Ok(Done {})
    }
}
