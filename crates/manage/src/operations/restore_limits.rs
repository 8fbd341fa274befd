//! Orders a tenant's limiter back to an earlier point. The tenant's own operators may not.
//!
//! The audit entry is made before the order: nothing is restored without an entry. So there is an entry, too, if the
//! limiter refuses.

use keystile_core::{
    TenantId, Timestamp,
    api::{
        management::{self, MAX_BODY_BYTES},
        shown::ShownRestore,
    },
    base::{problem::Problem, timestamp::Rfc3339},
    ledger::{audit::Action, idempotency::Claim},
    objects::limiter::Restore,
};
use keystile_runtime::{clock, log, object};
use serde::{Deserialize, Serialize};
use serde_json::{Map, json};

use crate::{
    api::{body::JSON, call::ApiCall, reply::ApiResult},
    command::{Command, Origin},
    failure::Failure,
    ledger::{audit, handler::Change, open::OpenLedger},
};

/// The longest that the limiter may take: it notes the restore at another object first.
const TIMEOUT_MS: u64 = 5_000;

/// Restores the limits of the path's tenant.
pub(super) async fn of_tenant(call: &ApiCall<'_>) -> ApiResult {
    call.no_query()?;
    let (body, origin) = call.asked(JSON, MAX_BODY_BYTES).await?;
    let to = management::parse_restore(body, clock::now())?;
    call.tenants_ledger(&RestoreLimits { origin, tenant: call.tenant()?.clone(), to }).await
}

/// The command to restore a tenant's limits.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct RestoreLimits {
    pub(crate) origin: Origin,
    pub(crate) tenant: TenantId,
    pub(crate) to: Timestamp,
}

impl Command for RestoreLimits {
    const PATH: &'static str = "/restore-limits";
    type Answer = ShownRestore;

    fn request_id(&self) -> &str {
        &self.origin.request_id
    }
}

impl Change for RestoreLimits {
    /// The limiter goes back when it starts again, which is at once, but after its answer.
    const STATUS: u16 = 202;

    fn claim(&self) -> Option<&Claim> {
        self.origin.claim.as_ref()
    }

    async fn carry_out(self, ledger: &OpenLedger) -> Result<ShownRestore, Failure> {
        let Self { origin, tenant, to } = self;
        let (database, now) = (&ledger.database, clock::now());
        let detail = json!({ "from": null, "to": to.to_rfc3339() });
        ledger.change_for(&origin, now, || {
            origin.check_tenant(ledger.tenants_version()?)?;
            let detail = Map::from_iter([("restored_to".into(), detail.clone())]);
            audit::tenant_changed(database, &origin, Action::LimitsRestored, detail, now)?;
            Ok(ledger.arm(now)?)
        })?;
        match object::ask(&ledger.env, tenant.as_str(), &Restore { to }, TIMEOUT_MS).await {
            Ok((200..=299, _)) => Ok(ShownRestore { restored_to: Rfc3339(to) }),
            Ok((_, text)) => {
                // The limiter of a tenant that was erased meanwhile doesn't go back.
                ledger.refuse_if_erased()?;
                Err(Problem::unavailable(said(&text)).into())
            }
            Err(error) => {
                log::warn("restore_failed", &[("reason", error.0.into())]);
                Err(Problem::unavailable(UNREACHABLE).into())
            }
        }
    }
}

const UNREACHABLE: &str =
    "The limiter can't be reached. Whether it goes back is not known: look at the limits, or ask again.";

/// The limiter's own sentence.
fn said(text: &str) -> String {
    #[derive(Deserialize)]
    struct Refused {
        detail: String,
    }
    serde_json::from_str(text).map_or_else(|_| UNREACHABLE.into(), |refused: Refused| refused.detail)
}
