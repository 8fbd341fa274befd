//! Shows a key's uses: counts, and an hourly series.

use keystile_core::{
    api::listing,
    usage::report::{KeyUsage, Period, UsageReport},
};
use keystile_runtime::clock;
use serde::{Deserialize, Serialize};

use crate::{
    api::{call::ApiCall, reply::ApiResult},
    command::{Command, Target},
    failure::Failure,
    ledger::{handler::Read, open::OpenLedger, usage},
};

/// Shows the uses of a tenant's key.
pub(super) async fn of_tenant(call: &ApiCall<'_>) -> ApiResult {
    let period = listing::parse_usage_query(call.query()?)?;
    call.tenants_ledger(&GetKeyUsage { request_id: call.request_id.into(), target: call.key()?, period }).await
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
        let usage = KeyUsage {
            recent: usage::recent(&ledger.database, &key.record.id, now)?,
            all: usage::all(&ledger.database, &key.record.id)?,
            last_used_at: key.last_used_at,
            key_id: key.record.id,
        };
        Ok(usage.report(self.period, now))
    }
}
