//! Changes an endpoint by a merge patch: its address, its types, whether it is sent to.

use keystile_core::{
    TenantId,
    api::{event_endpoints::parse_patch, management::MAX_BODY_BYTES, shown::ShownEndpoint},
    base::id::EndpointId,
    events::settings::{EndpointPatch, difference},
    ledger::{audit::Action, idempotency::Claim},
    objects::event_endpoint::EndpointStatus,
};
use keystile_runtime::clock;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::of_path;
use crate::{
    api::{body::MERGE_PATCH, call::ApiCall, reply::ApiResult},
    command::{Command, Origin},
    failure::Failure,
    ledger::{audit, event_endpoints, handler::Change, open::OpenLedger},
};

/// Changes the path's endpoint.
pub(crate) async fn update(call: &ApiCall<'_>) -> ApiResult {
    call.no_query()?;
    let endpoint = of_path(call)?;
    let (body, origin) = call.asked(MERGE_PATCH, MAX_BODY_BYTES).await?;
    let patch = parse_patch(body, &|url| call.deployment.endpoint_url(url))?;
    let tenant = call.path_tenant().cloned();
    call.scopes_ledger(&UpdateEndpoint { origin, tenant, endpoint, patch }).await
}

/// The command to change an endpoint as a patch says.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct UpdateEndpoint {
    origin: Origin,
    tenant: Option<TenantId>,
    endpoint: EndpointId,
    patch: EndpointPatch,
}

impl Command for UpdateEndpoint {
    const PATH: &'static str = "/patch-event-endpoint";
    type Answer = ShownEndpoint;

    fn request_id(&self) -> &str {
        &self.origin.request_id
    }
}

impl Change for UpdateEndpoint {
    fn claim(&self) -> Option<&Claim> {
        self.origin.claim.as_ref()
    }

    async fn carry_out(self, ledger: &OpenLedger) -> Result<ShownEndpoint, Failure> {
        let database = &ledger.database;
        let Self { origin, tenant, endpoint, patch } = self;
        let present = event_endpoints::find(database, &endpoint)?;
        // The settings don't say whether the endpoint disabled itself, which a new version ends.
        let disabled = patch.paused == Some(false)
            && !present.paused
            && ledger.endpoint_state(&present).await.is_none_or(|state| state.status == EndpointStatus::Disabled);
        let now = clock::now();
        let settings = ledger.change_for(&origin, now, || {
            let before = event_endpoints::find(database, &endpoint)?;
            let after = before.patched(patch.clone(), disabled, now);
            origin.check_endpoint(before.version)?;
            if after == before {
                return Ok(before);
            }
            ledger.store_endpoint(&after, tenant.as_ref(), now)?;
            let mut detail = difference(Some(&before), Some(&after));
            if disabled {
                detail
                    .insert("status".into(), json!({ "from": EndpointStatus::Disabled, "to": EndpointStatus::Active }));
            }
            audit::endpoint_changed(database, &origin, Action::EndpointChanged, &endpoint, detail, now)?;
            ledger.arm(now)?;
            Ok(after)
        })?;
        ledger.tell_router().await?;
        Ok(ledger.shown_endpoint(&settings, tenant.as_ref()).await?)
    }
}
