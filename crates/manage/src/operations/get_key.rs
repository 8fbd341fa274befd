//! Shows one key, or one operator.

use keystile_core::{
    Timestamp,
    api::{listing, shown::ShownKey},
    ledger::lifecycle::Key,
    usage::report::UsageSummary,
};
use keystile_runtime::clock;
use serde::{Deserialize, Serialize};

use crate::{
    api::{call::ApiCall, reply::ApiResult},
    command::{Command, Target},
    failure::Failure,
    ledger::{handler::Read, open::OpenLedger, usage},
};

/// Shows a tenant's key.
pub(super) async fn of_tenant(call: &ApiCall<'_>) -> ApiResult {
    let include_usage = listing::parse_include(call.query()?)?;
    call.tenants_ledger(&GetKey { request_id: call.request_id.into(), target: call.key()?, include_usage }).await
}

/// Shows an operator.
pub(super) async fn of_operators(call: &ApiCall<'_>) -> ApiResult {
    let include_usage = listing::parse_include(call.query()?)?;
    call.operators_ledger(&GetKey { request_id: call.request_id.into(), target: call.operator()?, include_usage }).await
}

/// The command to show one key.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct GetKey {
    pub(crate) request_id: String,
    pub(crate) target: Target,
    /// Whether the answer includes sums of the key's uses.
    pub(crate) include_usage: bool,
}

impl Command for GetKey {
    const PATH: &'static str = "/get";
    type Answer = ShownKey;

    fn request_id(&self) -> &str {
        &self.request_id
    }
}

impl Read for GetKey {
    fn read(&self, ledger: &OpenLedger) -> Result<ShownKey, Failure> {
        let key = ledger.find(&self.target)?.key;
        Ok(shown(ledger, &key, self.include_usage, clock::now())?)
    }
}

/// The key in the form in which it is shown, with sums of its uses if they are wanted.
pub(super) fn shown(ledger: &OpenLedger, key: &Key, include_usage: bool, now: Timestamp) -> worker::Result<ShownKey> {
    let shown = ShownKey::new(key, ledger.deployment.showing(), now);
    if !include_usage {
        return Ok(shown);
    }
    Ok(shown.with_usage(UsageSummary::new(&usage::by_period(&ledger.database, &key.record.id, now)?)))
}
