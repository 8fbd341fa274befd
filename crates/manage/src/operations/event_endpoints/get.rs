//! Shows endpoints: their settings, and their state as far as the objects tell it that send to them.

use keystile_core::{
    TenantId,
    api::shown::{ShownEndpoint, ShownEndpoints},
    base::id::EndpointId,
};
use serde::{Deserialize, Serialize};

use super::of_path;
use crate::{
    api::{call::ApiCall, reply::ApiResult},
    command::Command,
    failure::Failure,
    ledger::{event_endpoints, handler::Consult, open::OpenLedger},
};

/// Lists the endpoints.
pub(crate) async fn list(call: &ApiCall<'_>) -> ApiResult {
    call.no_query()?;
    let (request_id, tenant) = (call.request_id.into(), call.path_tenant().cloned());
    call.scopes_ledger(&ListEndpoints { request_id, tenant }).await
}

/// Shows one of them.
pub(crate) async fn one(call: &ApiCall<'_>) -> ApiResult {
    call.no_query()?;
    let (request_id, tenant) = (call.request_id.into(), call.path_tenant().cloned());
    call.scopes_ledger(&GetEndpoint { request_id, tenant, endpoint: of_path(call)? }).await
}

/// The command to list endpoints.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ListEndpoints {
    request_id: String,
    tenant: Option<TenantId>,
}

/// The command to show an endpoint.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct GetEndpoint {
    request_id: String,
    tenant: Option<TenantId>,
    endpoint: EndpointId,
}

impl Command for ListEndpoints {
    const PATH: &'static str = "/event-endpoints";
    type Answer = ShownEndpoints;

    fn request_id(&self) -> &str {
        &self.request_id
    }
}

impl Command for GetEndpoint {
    const PATH: &'static str = "/event-endpoint";
    type Answer = ShownEndpoint;

    fn request_id(&self) -> &str {
        &self.request_id
    }
}

impl Consult for ListEndpoints {
    async fn consult(self, ledger: &OpenLedger) -> Result<ShownEndpoints, Failure> {
        Ok(ShownEndpoints { endpoints: ledger.shown_endpoints(self.tenant.as_ref()).await? })
    }
}

impl Consult for GetEndpoint {
    async fn consult(self, ledger: &OpenLedger) -> Result<ShownEndpoint, Failure> {
        let settings = event_endpoints::find(&ledger.database, &self.endpoint)?;
        Ok(ledger.shown_endpoint(&settings, self.tenant.as_ref()).await?)
    }
}
