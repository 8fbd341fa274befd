//! Erases a tenant: its keys die, and everything that names people goes. This can't be undone, and the name is never
//! used again.
//!
//! It needs a scope of its own, so that no operator's key that manages keys day by day can do it.

use keystile_core::{
    TenantId,
    api::{
        management::{self, MAX_BODY_BYTES},
        shown::OrderedErasure,
    },
    base::timestamp::Rfc3339,
    ledger::idempotency::Claim,
};
use keystile_runtime::clock;
use serde::{Deserialize, Serialize};

use crate::{
    api::{body::JSON, call::ApiCall, reply::ApiResult},
    command::{Command, Origin},
    failure::Failure,
    ledger::{handler::Change, open::OpenLedger},
};

/// The steps that the request itself carries out: the feed keeps the name, and the tenant's operators are revoked. The
/// alarm goes on with the rest, and with these if they fail.
const STEPS_AT_ONCE: usize = 2;

/// Erases the path's tenant.
pub(super) async fn of_path(call: &ApiCall<'_>) -> ApiResult {
    call.no_query()?;
    let (body, origin) = call.asked(JSON, MAX_BODY_BYTES).await?;
    let tenant = call.tenant()?.clone();
    management::parse_erase(body, &tenant)?;
    call.tenants_ledger(&EraseTenant { origin, tenant }).await
}

/// The command to erase a tenant.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct EraseTenant {
    pub(crate) origin: Origin,
    pub(crate) tenant: TenantId,
}

impl Command for EraseTenant {
    const PATH: &'static str = "/erase-tenant";
    type Answer = OrderedErasure;

    fn request_id(&self) -> &str {
        &self.origin.request_id
    }
}

impl Change for EraseTenant {
    /// The erasure has begun and goes on by itself.
    const STATUS: u16 = 202;

    /// A caller that asks again gets the same answer.
    fn claim(&self) -> Option<&Claim> {
        None
    }

    async fn carry_out(self, ledger: &OpenLedger) -> Result<OrderedErasure, Failure> {
        let Self { origin, tenant } = self;
        let now = clock::now();
        let erased_by = ledger.database.transaction(|| {
            ledger.judge(&origin, now)?;
            ledger.order_erasure(&origin, &tenant, now)
        })?;
        for _ in 0..STEPS_AT_ONCE {
            ledger.erase_step().await?;
        }
        Ok(OrderedErasure { erased_by: Rfc3339(erased_by), tenant })
    }
}
