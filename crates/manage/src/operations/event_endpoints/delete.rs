//! Deletes an endpoint, with whatever waits for it.

use keystile_core::{
    TenantId,
    api::shown::DeletedEndpoint,
    base::id::EndpointId,
    events::settings::difference,
    ledger::{audit::Action, idempotency::Claim},
};
use keystile_runtime::clock;
use serde::{Deserialize, Serialize};

use super::of_path;
use crate::{
    api::{call::ApiCall, reply::ApiResult},
    command::{Command, Origin},
    failure::Failure,
    ledger::{audit, event_endpoints, handler::Change, open::OpenLedger},
};

/// Deletes the path's endpoint.
pub(crate) async fn delete(call: &ApiCall<'_>) -> ApiResult {
    call.no_query()?;
    let (origin, tenant) = (call.asked_without_body()?, call.path_tenant().cloned());
    call.scopes_ledger(&DeleteEndpoint { origin, tenant, endpoint: of_path(call)? }).await
}

/// The command to delete an endpoint.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct DeleteEndpoint {
    origin: Origin,
    tenant: Option<TenantId>,
    endpoint: EndpointId,
}

impl Command for DeleteEndpoint {
    const PATH: &'static str = "/delete-event-endpoint";
    type Answer = DeletedEndpoint;

    fn request_id(&self) -> &str {
        &self.origin.request_id
    }
}

impl Change for DeleteEndpoint {
    fn claim(&self) -> Option<&Claim> {
        None
    }

    async fn carry_out(self, ledger: &OpenLedger) -> Result<DeletedEndpoint, Failure> {
        let (database, now) = (&ledger.database, clock::now());
        let Self { origin, tenant, endpoint } = self;
        ledger.change_for(&origin, now, || {
            let before = event_endpoints::find(database, &endpoint)?;
            origin.check_endpoint(before.version)?;
            event_endpoints::delete(database, &endpoint)?;
            event_endpoints::list_changed(database, tenant.as_ref(), now)?;
            let (action, detail) = (Action::EndpointDeleted, difference(Some(&before), None));
            audit::endpoint_changed(database, &origin, action, &endpoint, detail, now)?;
            Ok(ledger.arm(now)?)
        })?;
        ledger.tell_router().await?;
        Ok(DeletedEndpoint { deleted: true, id: endpoint })
    }
}
