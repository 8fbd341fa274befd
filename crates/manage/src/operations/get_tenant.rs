//! Shows a tenant as a whole: whether it is suspended, its plan and limits, the number of its keys by status, and the
//! secrets that the keys depend on.

use keystile_core::{
    TenantId,
    api::shown::{SecretUse, ShownErasure, ShownTenant},
    base::timestamp::Rfc3339,
    limits::own_patch::LimitField,
};
use keystile_runtime::clock;
use serde::{Deserialize, Serialize};

use crate::{
    api::{call::ApiCall, reply::ApiResult},
    command::Command,
    failure::Failure,
    ledger::{erasures, handler::Read, keys, open::OpenLedger, secrets, settings, suspension},
};

/// Shows the tenant.
pub(super) async fn of_path(call: &ApiCall<'_>) -> ApiResult {
    call.no_query()?;
    let command = GetTenant { request_id: call.request_id.into(), tenant: call.tenant()?.clone() };
    call.tenants_ledger(&command).await
}

/// The command to show a tenant.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct GetTenant {
    pub(crate) request_id: String,
    pub(crate) tenant: TenantId,
}

impl Command for GetTenant {
    const PATH: &'static str = "/summary";
    type Answer = ShownTenant;

    fn request_id(&self) -> &str {
        &self.request_id
    }
}

impl Read for GetTenant {
    fn read(&self, ledger: &OpenLedger) -> Result<ShownTenant, Failure> {
        let (database, now) = (&ledger.database, clock::now());
        let keys = keys::count_by_status(database, now)?.into_iter().collect();
        let suspended = suspension::find(database)?.is_some_and(|suspension| suspension.stated.suspended);
        let settings = settings::find(database)?;
        let config = &ledger.deployment.config;
        let shown = |erasure: erasures::Erasure| {
            let erasures::Erasure { begun_at, erased_by, erased_at, .. } = erasure;
            let keys_left = erasures::keys_left(database, &erasure)?;
            let (begun_at, erased_by, erased_at) = (Rfc3339(begun_at), Rfc3339(erased_by), erased_at.map(Rfc3339));
            Ok::<_, worker::Error>(ShownErasure { begun_at, erased_at, erased_by, keys_left })
        };
        let erasure = erasures::find(database, &self.tenant)?.map(shown).transpose()?;
        let own = |field| settings.own_counted.shown(&config.counted_limits, field);
        Ok(ShownTenant {
            effective_by: None,
            erasure,
            keys,
            limits: config.limits_of(&settings).into(),
            own_limits: settings.own_limits.into(),
            quotas: own(LimitField::Quotas),
            rate_limits: own(LimitField::RateLimits),
            plan: settings.plan,
            secrets: SecretUse::list(ledger.deployment.keyring.fingerprints(), &secrets::counts(database, now)?),
            suspended,
            tenant: self.tenant.clone(),
            version: ledger.tenants_version()?,
        })
    }
}
