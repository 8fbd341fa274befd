//! Revokes a key or an operator, which ends its life.

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
    ledger::{handler::Change, open::OpenLedger},
};

/// Revokes a tenant's key.
pub(super) async fn of_tenant(call: &ApiCall<'_>) -> ApiResult {
    call.no_query()?;
    let command = command(call, call.key()?).await?;
    call.tenants_ledger(&command).await
}

/// Revokes an operator.
pub(super) async fn of_operators(call: &ApiCall<'_>) -> ApiResult {
    call.no_query()?;
    let command = command(call, call.operator()?).await?;
    call.operators_ledger(&command).await
}

async fn command(call: &ApiCall<'_>, target: Target) -> Result<Revoke, Failure> {
    let (body, origin) = call.asked(JSON, MAX_BODY_BYTES).await?;
    Ok(Revoke { origin, target, reason: management::parse_revoke(body)? })
}

/// The command to revoke a key.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Revoke {
    pub(crate) origin: Origin,
    pub(crate) target: Target,
    pub(crate) reason: Option<String>,
}

impl Command for Revoke {
    const PATH: &'static str = "/revoke";
    type Answer = ShownKey;

    fn request_id(&self) -> &str {
        &self.origin.request_id
    }
}

impl Change for Revoke {
    fn claim(&self) -> Option<&Claim> {
        self.origin.claim.as_ref()
    }

    async fn carry_out(self, ledger: &OpenLedger) -> Result<ShownKey, Failure> {
        let now = clock::now();
        let change = |key: &Key| Ok(key.revoke(self.reason.clone(), now));
        ledger.change(&self.origin, &self.target, Action::Revoked, &change, now).await
    }
}
