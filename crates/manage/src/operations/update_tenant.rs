//! Changes a tenant's plan and its own limits. The tenant's own operators may not, since they could lift what was
//! imposed on them.

use keystile_core::{
    TenantId, Timestamp,
    api::{management::MAX_BODY_BYTES, shown::ShownTenant},
    base::timestamp::Rfc3339,
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
        refusals, settings,
    },
};

/// Changes the tenant's settings.
pub(super) async fn of_path(call: &ApiCall<'_>) -> ApiResult {
    call.no_query()?;
    let (body, origin) = call.asked(MERGE_PATCH, MAX_BODY_BYTES).await?;
    let config = &call.deployment.config;
    let patch = TenantPatch::parse(body, &config.plans, &config.counted_limits)?;
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
            let after = patch.clone().apply(&before, now);
            origin.check_tenant(ledger.tenants_version()?)?;
            if after == before {
                return Ok(());
            }
            settings::write(database, &after)?;
            let detail = plan::difference(&before, &after);
            audit::tenant_changed(database, &origin, Action::LimitsChanged, detail, now)?;
            if after.limits_version != before.limits_version {
                settings::limits_changed(database)?;
                outbox::enqueue(database, &Changed::TenantLimits, after.limits_version, now)?;
            }
            ledger.make_known(&tenant, now)?;
            Ok(ledger.arm(now)?)
        })?;
        // The limits on keys are in force from now on, no matter when the feed hears of the tenant.
        let _ = ledger.publish_now(&[Changed::Tenant]).await;
        let effective_by = if patch.concerns_counted() { limits_effect(ledger, now).await? } else { None };
        let shown = GetTenant { request_id: origin.request_id, tenant }.read(ledger)?;
        Ok(ShownTenant { effective_by: effective_by.map(Rfc3339), ..shown })
    }
}

/// The time from which the tenant's rate limits and quotas are in effect, unless that is over. If the limiter has yet
/// to be told, that is tried now; the 503 says that it failed.
async fn limits_effect(ledger: &OpenLedger, now: Timestamp) -> Result<Option<Timestamp>, Failure> {
    // Where there are no limits, nobody waits for the limiter. The drain tells it.
    if ledger.deployment.config.counted_limits.is_empty() {
        return Ok(None);
    }
    if let Ok(Some(effective_by)) = ledger.tell_now(&[Changed::TenantLimits]).await {
        return Ok(Some(effective_by));
    }
    if ledger.is_untold(&Changed::TenantLimits)? {
        return Err(refusals::limits_pending().into());
    }
    Ok(settings::limits_effective_by(&ledger.database)?.filter(|effective_by| *effective_by > now))
}
