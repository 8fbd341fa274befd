//! Restores a ledger from an export, page by page. Only the root key may: what is restored is taken as it is.

use keystile_core::{
    TenantId,
    access::operator::Caller,
    base::{code::Code, problem::Problem},
    ledger::{
        backup::{MAX_BODY_BYTES, RestorePart, parse_part},
        idempotency::Claim,
    },
};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    api::{body::JSON, call::ApiCall, reply::ApiResult},
    command::{Command, Origin},
    failure::Failure,
    ledger::{backup::restore::Progress, handler::Change, open::OpenLedger},
};

/// Restores the ledger of the path's tenant.
pub(super) async fn of_tenant(call: &ApiCall<'_>) -> ApiResult {
    let (origin, part) = sent(call).await?;
    call.tenants_ledger(&RestoreLedger { origin, tenant: Some(call.tenant()?.clone()), part }).await
}

/// Restores the ledger of the operators.
pub(super) async fn of_operators(call: &ApiCall<'_>) -> ApiResult {
    let (origin, part) = sent(call).await?;
    call.operators_ledger(&RestoreLedger { origin, tenant: None, part }).await
}

async fn sent(call: &ApiCall<'_>) -> Result<(Origin, RestorePart), Failure> {
    call.no_query()?;
    if call.caller().id != Caller::root().id {
        let detail = "Only the root key restores: an export has keys and operators of any rights.";
        return Err(Problem::new(Code::ExceedsOwnRights, detail).with("lacking_scopes", json!([])).into());
    }
    let (body, origin) = call.sent(JSON, MAX_BODY_BYTES).await?;
    // Each part can be sent again as it is, so nothing has to be remembered of it.
    let origin = Origin { claim: None, ..origin };
    Ok((origin, parse_part(body)?))
}

/// The command to take a part of an export.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct RestoreLedger {
    pub(crate) origin: Origin,
    /// The ledger's tenant; `None` for the operators.
    pub(crate) tenant: Option<TenantId>,
    pub(crate) part: RestorePart,
}

impl Command for RestoreLedger {
    const PATH: &'static str = "/restore-ledger";
    type Answer = Progress;

    fn request_id(&self) -> &str {
        &self.origin.request_id
    }
}

impl Change for RestoreLedger {
    fn claim(&self) -> Option<&Claim> {
        self.origin.claim.as_ref()
    }

    async fn carry_out(self, ledger: &OpenLedger) -> Result<Progress, Failure> {
        let Self { origin, tenant, part } = self;
        ledger.restore(&origin, tenant.as_ref(), part).await
    }
}
