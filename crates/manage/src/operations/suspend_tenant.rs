//! Suspends a tenant, and ends its suspension. The tenant's own operators may do neither, since they could lift what
//! was imposed on them.

use keystile_core::{
    TenantId,
    api::{
        management::{self, MAX_BODY_BYTES},
        shown::ShownSuspension,
    },
    base::timestamp::Rfc3339,
    feed::{message::TenantStatus, outbox::Told},
    ledger::{audit::Action, idempotency::Claim, lifecycle::KeyStatus},
};
use keystile_runtime::clock;
use serde::{Deserialize, Serialize};

use crate::{
    api::{body::JSON, call::ApiCall, reply::ApiResult},
    command::{Command, Origin},
    failure::Failure,
    ledger::{
        handler::Change,
        keys,
        open::OpenLedger,
        outbox::{self, Changed},
        refusals, suspension,
    },
};

/// Suspends the tenant, so that none of its keys can be used.
pub(super) async fn suspend(call: &ApiCall<'_>) -> ApiResult {
    call.no_query()?;
    let (body, origin) = call.asked(JSON, MAX_BODY_BYTES).await?;
    let ahead = management::parse_suspend(body)?;
    call.tenants_ledger(&Suspend { origin, tenant: call.tenant()?.clone(), ahead }).await
}

/// Ends the suspension of the tenant.
pub(super) async fn resume(call: &ApiCall<'_>) -> ApiResult {
    call.no_query()?;
    let (body, origin) = call.asked(JSON, MAX_BODY_BYTES).await?;
    management::parse_empty(body)?;
    call.tenants_ledger(&Resume { origin, tenant: call.tenant()?.clone() }).await
}

/// The command to suspend a tenant.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Suspend {
    pub(crate) origin: Origin,
    pub(crate) tenant: TenantId,
    /// Whether the tenant may be one that isn't there yet.
    #[serde(default)]
    pub(crate) ahead: bool,
}

/// The command to resume a tenant.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Resume {
    pub(crate) origin: Origin,
    pub(crate) tenant: TenantId,
}

impl Command for Suspend {
    const PATH: &'static str = "/suspend";
    type Answer = ShownSuspension;

    fn request_id(&self) -> &str {
        &self.origin.request_id
    }
}

impl Command for Resume {
    const PATH: &'static str = "/resume";
    type Answer = ShownSuspension;

    fn request_id(&self) -> &str {
        &self.origin.request_id
    }
}

impl Change for Suspend {
    fn claim(&self) -> Option<&Claim> {
        self.origin.claim.as_ref()
    }

    async fn carry_out(self, ledger: &OpenLedger) -> Result<ShownSuspension, Failure> {
        set_suspended(ledger, &self.origin, self.tenant, true, self.ahead).await
    }
}

impl Change for Resume {
    fn claim(&self) -> Option<&Claim> {
        self.origin.claim.as_ref()
    }

    async fn carry_out(self, ledger: &OpenLedger) -> Result<ShownSuspension, Failure> {
        set_suspended(ledger, &self.origin, self.tenant, false, false).await
    }
}

async fn set_suspended(
    ledger: &OpenLedger,
    origin: &Origin,
    tenant: TenantId,
    suspended: bool,
    ahead: bool,
) -> Result<ShownSuspension, Failure> {
    let (database, now) = (&ledger.database, clock::now());
    let (told, version) = ledger.change_for(origin, now, || {
        // A mistyped name must not look like a customer who is suspended now.
        if !ahead && !ledger.has_tenant()? {
            return Err(refusals::no_such_tenant().into());
        }
        origin.check_tenant(ledger.tenants_version()?)?;
        let known = suspension::find(database)?;
        if known.as_ref().is_some_and(|known| known.stated.suspended) == suspended {
            return Ok((known.map(|known| known.told()), ledger.tenants_version()?));
        }
        let version = known.map_or(0, |known| known.stated.version) + 1;
        suspension::write(database, &TenantStatus { tenant: tenant.clone(), version, suspended })?;
        let action = if suspended { Action::Suspended } else { Action::Resumed };
        ledger.note_tenant_changed(origin, action, now)?;
        outbox::enqueue(database, &Changed::Tenant, version, now)?;
        ledger.arm(now)?;
        Ok((Some(Told { version, effective_by: None }), ledger.tenants_version()?))
    })?;
    let effective_by = match told {
        Some(told) => ledger.publish_version(Changed::Tenant, told).await?,
        // A tenant without a status was never suspended and need not be resumed: it is in use already.
        None => Ok(now),
    };
    let effective_by = Rfc3339(effective_by.map_err(|why| refusals::pending(false, why))?);
    let counts = keys::count_by_status(database, now)?;
    let keys = counts.iter().filter(|(status, _)| *status == KeyStatus::Active).map(|(_, keys)| keys).sum();
    Ok(ShownSuspension { effective_by, holds: ledger.deployment.holds(), keys, suspended, tenant, version })
}
