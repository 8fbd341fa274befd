//! Changes a tenant's plan and its own limits. The tenant's own operators may not, since they could lift what was
//! imposed on them.

use keystile_core::{
    TenantId,
    api::{management::MAX_BODY_BYTES, shown::ShownTenant},
    feed::message::TenantStatus,
    ledger::{
        audit::Action,
        idempotency::Claim,
        plan::{self, TenantPatch},
    },
};
use keystile_runtime::clock;
use serde::{Deserialize, Serialize};

use super::get_tenant::GetTenant;
use crate::{
    api::{body::MERGE_PATCH, call::ApiCall, reply::ApiResult},
    command::{Command, Origin},
    failure::Failure,
    ledger::{
        audit,
        handler::{Change, Read as _},
        open::OpenLedger,
        outbox::{self, Changed},
        settings, suspension,
    },
};

/// Changes the tenant's settings.
pub(super) async fn of_path(call: &ApiCall<'_>) -> ApiResult {
    call.no_query()?;
    let (body, origin) = call.asked(MERGE_PATCH, MAX_BODY_BYTES).await?;
    let patch = TenantPatch::parse(body, &call.deployment.config.plans)?;
    call.tenants_ledger(&UpdateTenant { origin, tenant: call.tenant()?.clone(), patch }).await
}

/// The command to change a tenant's plan and limits.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct UpdateTenant {
    pub(crate) origin: Origin,
    pub(crate) tenant: TenantId,
    pub(crate) patch: TenantPatch,
}

impl Command for UpdateTenant {
    const PATH: &'static str = "/patch-tenant";
    type Answer = ShownTenant;

    fn request_id(&self) -> &str {
        &self.origin.request_id
    }
}

/// Changes the settings. Existing keys stay as they are.
impl Change for UpdateTenant {
    fn claim(&self) -> Option<&Claim> {
        self.origin.claim.as_ref()
    }

    async fn carry_out(self, ledger: &OpenLedger) -> Result<ShownTenant, Failure> {
        let now = clock::now();
        let Self { origin, tenant, patch } = self;
        let database = &ledger.database;
        ledger.change_for(&origin, now, || {
            let before = settings::find(database)?;
            let after = patch.clone().apply(before.clone());
            if after == before {
                return Ok(());
            }
            settings::write(database, &after)?;
            let detail = plan::difference(&before, &after);
            audit::tenant_changed(database, &origin, Action::LimitsChanged, detail, now)?;
            // Writes a status, so that the tenant is listed even if it has no keys yet.
            if suspension::find(database)?.is_none() {
                suspension::write(database, &TenantStatus { tenant: tenant.clone(), version: 1, suspended: false })?;
                outbox::enqueue(database, &Changed::Tenant, 1, now)?;
            }
            Ok(ledger.arm(now)?)
        })?;
        // The limits are in force from now on, no matter when the feed hears of the tenant.
        let _ = ledger.publish_now(&[Changed::Tenant]).await;
        GetTenant { request_id: origin.request_id, tenant }.read(ledger)
    }
}
