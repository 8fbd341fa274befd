//! Shows the rate limits and quotas of a key, or those that a tenant's keys share, with what is left of them.

use keystile_core::{
    TenantId,
    api::shown::{ShownLimit, ShownLimitList},
};
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
        let (states, now) = ledger.look(&self.tenant, key.as_ref()).await?;
        Ok(ShownLimitList { limits: states.iter().map(|state| ShownLimit::new(state, now)).collect() })
    }
}
