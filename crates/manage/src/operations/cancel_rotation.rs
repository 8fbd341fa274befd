//! Takes back the end that a rotation has set for a key or an operator, which then lives as long as it would have
//! without the rotation.

use keystile_core::{
    access::operator::Caller,
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
    ledger::{
        handler::{self, Change},
        open::OpenLedger,
        refusals,
    },
};

/// Cancels the rotation of a tenant's key.
pub(super) async fn of_tenant(call: &ApiCall<'_>) -> ApiResult {
    call.no_query()?;
    let command = command(call, call.key()?, None).await?;
    call.tenants_ledger(&command).await
}

/// Cancels the rotation of an operator. That lengthens the life of the operator's key, so the caller must hold
/// everything that it holds.
pub(super) async fn of_operators(call: &ApiCall<'_>) -> ApiResult {
    call.no_query()?;
    let command = command(call, call.operator()?, Some(call.caller().clone())).await?;
    call.operators_ledger(&command).await
}

async fn command(call: &ApiCall<'_>, target: Target, granting: Option<Caller>) -> Result<CancelRotation, Failure> {
    let (body, origin) = call.asked(JSON, MAX_BODY_BYTES).await?;
    management::parse_empty(body)?;
    Ok(CancelRotation { origin, target, granting })
}

/// The command to take back the end that a rotation set.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct CancelRotation {
    pub(crate) origin: Origin,
    pub(crate) target: Target,
    /// The operator who must hold everything that the key holds; `None` if that isn't required.
    pub(crate) granting: Option<Caller>,
}

impl Command for CancelRotation {
    const PATH: &'static str = "/cancel-rotation";
    type Answer = ShownKey;

    fn request_id(&self) -> &str {
        &self.origin.request_id
    }
}

impl Change for CancelRotation {
    fn claim(&self) -> Option<&Claim> {
        self.origin.claim.as_ref()
    }

    async fn carry_out(self, ledger: &OpenLedger) -> Result<ShownKey, Failure> {
        let now = clock::now();
        let change = |key: &Key| {
            self.origin.may_manage(key, &ledger.deployment.config.catalog)?;
            let kept = key.cancel_end(now).map_err(refusals::impossible)?;
            if let Some(caller) = &self.granting {
                let caller = ledger.granting(&self.origin, caller)?;
                caller.may_grant(&kept.record.scopes, &kept.reach(), kept.record.expires_at)?;
            }
            ledger.check_one_more(&ledger.limits(&kept.record.subject)?, now)?;
            // Cancelling twice is an error, so a repeated request must be told that it was done already.
            let answer = ShownKey::changed(&kept, None, ledger.deployment.showing(), now);
            handler::note::<Self>(ledger, self.origin.claim.as_ref(), &answer, now)?;
            Ok(kept)
        };
        ledger.change(&self.origin, &self.target, Action::RotationCancelled, &change, now).await
    }
}
