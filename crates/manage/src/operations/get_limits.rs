//! Shows the rate limits and quotas of a key, or those that a tenant's keys share, with what is left of them.

use keystile_core::{
    TenantId, Timestamp,
    api::shown::{ShownLimit, ShownLimitList},
    limits::{
        definition::{ConfiguredLimits, LimitKind, Per, Terms},
        own::OwnLimits,
        state::LimitState,
    },
};
use keystile_runtime::clock;
use serde::{Deserialize, Serialize};

use crate::{
    api::{call::ApiCall, reply::ApiResult},
    command::{Command, Target},
    failure::Failure,
    ledger::{handler::Consult, open::OpenLedger},
};

/// Shows the limits that the tenant's keys share.
pub(super) async fn of_tenant(call: &ApiCall<'_>) -> ApiResult {
    call.no_query()?;
    ask(call, None).await
}

/// Shows the limits that a key is under.
pub(super) async fn of_key(call: &ApiCall<'_>) -> ApiResult {
    call.no_query()?;
    ask(call, Some(call.key()?)).await
}

async fn ask(call: &ApiCall<'_>, key: Option<Target>) -> ApiResult {
    let (request_id, tenant) = (call.request_id.into(), call.tenant()?.clone());
    call.tenants_ledger(&GetLimits { request_id, tenant, key }).await
}

/// The command to show limits.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct GetLimits {
    pub(crate) request_id: String,
    pub(crate) tenant: TenantId,
    /// The key; `None` for the limits that the tenant's keys share.
    pub(crate) key: Option<Target>,
}

impl Command for GetLimits {
    const PATH: &'static str = "/limits";
    type Answer = ShownLimitList;

    fn request_id(&self) -> &str {
        &self.request_id
    }
}

impl Consult for GetLimits {
    async fn consult(self, ledger: &OpenLedger) -> Result<ShownLimitList, Failure> {
        let key = self.key.map(|target| ledger.find(&target)).transpose()?.map(|row| row.key.record.id);
        if ledger.deployment.config.counted_limits.is_empty() {
            return Ok(ShownLimitList::default());
        }
        // Nobody is asked about a tenant that doesn't exist, since that would make objects for it.
        if ledger.tenant()?.is_none() {
            return Ok(of_nobody(&ledger.deployment.config.counted_limits, clock::now()));
        }
        let (states, now) = ledger.look(&self.tenant, key.as_ref()).await?;
        Ok(ShownLimitList { limits: states.iter().map(|state| ShownLimit::new(state, now)).collect() })
    }
}

/// The limits that the keys of a new tenant would share. Nothing of them is used.
fn of_nobody(configured: &ConfiguredLimits, now: Timestamp) -> ShownLimitList {
    let none = OwnLimits::default();
    let applied = configured.applied(Terms { plan: None, tenant: &none, key: &none }).into_iter();
    let shared = applied.filter(|limit| limit.per == Per::Tenant);
    let limits = shared.map(|applied| {
        let more_in_ms = match applied.kind {
            LimitKind::Rate(_) => 0,
            LimitKind::Quota(period) => period.end(now).millis_since(now),
        };
        let remaining = applied.limit;
        ShownLimit::new(&LimitState { applied, remaining, more_in_ms }, now)
    });
    ShownLimitList { limits: limits.collect() }
}
