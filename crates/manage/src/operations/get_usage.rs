//! Shows uses of a key, of a tenant's keys or of all keys: counts, and an hourly series.

use keystile_core::{
    TenantId,
    api::listing,
    objects::overview::UsageQuery,
    usage::report::{Period, Usage, UsageOf, UsageReport},
};
use keystile_runtime::clock;
use serde::{Deserialize, Serialize};

use super::get_overview::ask_overview;
use crate::{
    api::{call::ApiCall, reply::ApiResult},
    command::{Command, Target},
    failure::Failure,
    ledger::{handler::Read, open::OpenLedger, tenant_usage, usage},
};

/// Shows the uses of a tenant's key.
pub(super) async fn of_key(call: &ApiCall<'_>) -> ApiResult {
    let period = listing::parse_usage_query(call.query()?)?;
    call.tenants_ledger(&GetKeyUsage { request_id: call.request_id.into(), target: call.key()?, period }).await
}

/// Shows the uses of all of a tenant's keys together.
pub(super) async fn of_tenant(call: &ApiCall<'_>) -> ApiResult {
    let period = listing::parse_usage_query(call.query()?)?;
    let (request_id, tenant) = (call.request_id.into(), call.tenant()?.clone());
    call.tenants_ledger(&GetTenantUsage { request_id, tenant, period }).await
}

/// Shows the uses of all tenants' keys together.
pub(super) async fn of_all_tenants(call: &ApiCall<'_>) -> ApiResult {
    let period = listing::parse_usage_query(call.query()?)?;
    ask_overview(call, &UsageQuery { period }).await
}

/// The command to show one key's uses.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct GetKeyUsage {
    pub(crate) request_id: String,
    pub(crate) target: Target,
    /// The period of the hourly series.
    pub(crate) period: Period,
}

impl Command for GetKeyUsage {
    const PATH: &'static str = "/key-usage";
    type Answer = UsageReport;

    fn request_id(&self) -> &str {
        &self.request_id
    }
}

impl Read for GetKeyUsage {
    fn read(&self, ledger: &OpenLedger) -> Result<UsageReport, Failure> {
        let (now, key) = (clock::now(), ledger.find(&self.target)?.key);
        let id = key.record.id;
        let usage =
            Usage { recent: usage::recent(&ledger.database, &id, now)?, all: usage::all(&ledger.database, &id)? };
        Ok(usage.report(UsageOf::Key(id, key.last_used_at), self.period, now))
    }
}

/// The command to show the uses of all of a tenant's keys together.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct GetTenantUsage {
    pub(crate) request_id: String,
    pub(crate) tenant: TenantId,
    /// The period of the hourly series.
    pub(crate) period: Period,
}

impl Command for GetTenantUsage {
    const PATH: &'static str = "/tenant-usage";
    type Answer = UsageReport;

    fn request_id(&self) -> &str {
        &self.request_id
    }
}

impl Read for GetTenantUsage {
    fn read(&self, ledger: &OpenLedger) -> Result<UsageReport, Failure> {
        let (database, now) = (&ledger.database, clock::now());
        let usage = Usage { recent: tenant_usage::recent(database, now)?, all: tenant_usage::all(database)? };
        Ok(usage.report(UsageOf::Tenant(self.tenant.clone()), self.period, now))
    }
}
