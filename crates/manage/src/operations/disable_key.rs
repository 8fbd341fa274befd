//! Switches a key off, and on again.

use keystile_core::{
    api::{
        management::{self, MAX_BODY_BYTES},
        shown::ShownKey,
    },
    ledger::{audit::Action, idempotency::Claim, lifecycle::Key},
};
use keystile_runtime::clock;
use serde::{Deserialize, Serialize};

use crate::{
    api::{body::JSON, call::ApiCall, reply::ApiResult},
    command::{Command, Origin, Target},
    failure::Failure,
    ledger::{handler::Change, open::OpenLedger, refusals},
};

/// Switches a tenant's key off.
pub(super) async fn disable(call: &ApiCall<'_>) -> ApiResult {
    let (origin, target) = nothing_more(call).await?;
    call.tenants_ledger(&Disable { origin, target }).await
}

/// Switches a tenant's key on again.
pub(super) async fn enable(call: &ApiCall<'_>) -> ApiResult {
    let (origin, target) = nothing_more(call).await?;
    call.tenants_ledger(&Enable { origin, target }).await
}

/// Reads a request that has neither query parameters nor fields.
async fn nothing_more(call: &ApiCall<'_>) -> Result<(Origin, Target), Failure> {
    call.no_query()?;
    let target = call.key()?;
    let (body, origin) = call.asked(JSON, MAX_BODY_BYTES).await?;
    management::parse_empty(body)?;
    Ok((origin, target))
}

/// The command to switch a key off.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Disable {
    pub(crate) origin: Origin,
    pub(crate) target: Target,
}

/// The command to switch a key on again.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Enable {
    pub(crate) origin: Origin,
    pub(crate) target: Target,
}

impl Command for Disable {
    const PATH: &'static str = "/disable";
    type Answer = ShownKey;

    fn request_id(&self) -> &str {
        &self.origin.request_id
    }
}

impl Command for Enable {
    const PATH: &'static str = "/enable";
    type Answer = ShownKey;

    fn request_id(&self) -> &str {
        &self.origin.request_id
    }
}

impl Change for Disable {
    fn claim(&self) -> Option<&Claim> {
        self.origin.claim.as_ref()
    }

    async fn carry_out(self, ledger: &OpenLedger) -> Result<ShownKey, Failure> {
        let now = clock::now();
        let change = |key: &Key| key.disable(self.origin.disabled_by(), now).map_err(refusals::impossible);
        ledger.change(&self.origin, &self.target, Action::Disabled, &change, now).await
    }
}

impl Change for Enable {
    fn claim(&self) -> Option<&Claim> {
        self.origin.claim.as_ref()
    }

    async fn carry_out(self, ledger: &OpenLedger) -> Result<ShownKey, Failure> {
        let now = clock::now();
        let change = |key: &Key| {
            self.origin.may_manage(key, &ledger.deployment.config.catalog)?;
            self.origin.may_enable(key)?;
            key.enable(now).map_err(refusals::impossible)
        };
        ledger.change(&self.origin, &self.target, Action::Enabled, &change, now).await
    }
}
