//! Gives an endpoint a new secret, beside which the old one signs for a while.

use keystile_core::{
    TenantId, Timestamp,
    api::{event_endpoints::parse_rotation, management::MAX_BODY_BYTES, shown::ShownEndpoint},
    base::id::EndpointId,
    ledger::{audit::Action, idempotency::Claim},
};
use keystile_runtime::clock;
use serde::{Deserialize, Serialize};
use serde_json::{Map, json};

use super::of_path;
use crate::{
    api::{body::JSON, call::ApiCall, reply::ApiResult},
    command::{Command, Origin},
    failure::Failure,
    ledger::{
        audit, event_endpoints,
        handler::{self, Change},
        open::OpenLedger,
    },
};

/// Rotates the secret of the path's endpoint.
pub(crate) async fn rotate(call: &ApiCall<'_>) -> ApiResult {
    call.no_query()?;
    let endpoint = of_path(call)?;
    let (body, origin) = call.asked(JSON, MAX_BODY_BYTES).await?;
    let overlap_ms = parse_rotation(body)?;
    let tenant = call.path_tenant().cloned();
    call.scopes_ledger(&RotateSecret { origin, tenant, endpoint, overlap_ms }).await
}

/// The command to rotate the secret of an endpoint.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct RotateSecret {
    origin: Origin,
    tenant: Option<TenantId>,
    endpoint: EndpointId,
    overlap_ms: i64,
}

impl Command for RotateSecret {
    const PATH: &'static str = "/rotate-event-secret";
    type Answer = ShownEndpoint;

    fn request_id(&self) -> &str {
        &self.origin.request_id
    }
}

/// Answers with the secret even if the router doesn't take it now, as at the creation.
impl Change for RotateSecret {
    fn claim(&self) -> Option<&Claim> {
        self.origin.claim.as_ref()
    }

    async fn carry_out(self, ledger: &OpenLedger) -> Result<ShownEndpoint, Failure> {
        let (database, now) = (&ledger.database, clock::now());
        let Self { origin, tenant, endpoint, overlap_ms } = self;
        let (settings, secret) = ledger.change_for(&origin, now, || {
            let before = event_endpoints::find(database, &endpoint)?;
            origin.check_endpoint(before.version)?;
            let (secret, sealed) =
                event_endpoints::draw_secret(&ledger.deployment.keyring, &endpoint, before.signature)?;
            let after = before.rotated(sealed, overlap_ms, now);
            ledger.store_endpoint(&after, tenant.as_ref(), now)?;
            let ends_at = after.previous_secret_ends_at(now).map(Timestamp::to_rfc3339);
            let detail = Map::from_iter([("previous_secret_ends_at".into(), json!({ "from": null, "to": ends_at }))]);
            audit::endpoint_changed(database, &origin, Action::EndpointSecretRotated, &endpoint, detail, now)?;
            let answer = ledger.endpoint_without_asking(&after, tenant.as_ref(), None, now)?.with_secret(&secret);
            handler::note::<Self>(ledger, origin.claim.as_ref(), &answer, now)?;
            ledger.arm(now)?;
            Ok((after, secret))
        })?;
        ledger.tell_router_now().await?;
        Ok(ledger.shown_endpoint(&settings, tenant.as_ref()).await?.with_secret(&secret))
    }
}
