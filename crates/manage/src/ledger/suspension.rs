//! The status of the whole tenant: whether it is suspended.

use keystile_core::{
    TenantId, Timestamp,
    feed::{message::TenantStatus, outbox::Told},
};
use serde::Deserialize;
use worker::Result;

use keystile_runtime::database::Database;

/// The tenant's present status, and the time from which it is in effect at every edge.
pub(crate) struct Suspension {
    pub(crate) stated: TenantStatus,
    pub(crate) effective_by: Option<Timestamp>,
}

impl Suspension {
    /// The version of the status, and the time from which it is in effect.
    pub(crate) const fn told(&self) -> Told {
        Told { version: self.stated.version, effective_by: self.effective_by }
    }
}

#[derive(Deserialize)]
struct Row {
    tenant: TenantId,
    version: u64,
    suspended: u8,
    effective_by: Option<Timestamp>,
}

/// Reads the status; `None` if none was ever written.
pub(crate) fn find(database: &Database) -> Result<Option<Suspension>> {
    let row: Option<Row> = database.row("SELECT tenant, version, suspended, effective_by FROM standing", vec![])?;
    Ok(row.map(|Row { tenant, version, suspended, effective_by }| Suspension {
        stated: TenantStatus { tenant, version, suspended: suspended != 0 },
        effective_by,
    }))
}

/// Writes a new status, which is not in effect anywhere yet.
pub(crate) fn write(database: &Database, tenant_status: &TenantStatus) -> Result<()> {
    database.execute(
        "INSERT OR REPLACE INTO standing (tenant, version, suspended, effective_by) VALUES (?, ?, ?, NULL)",
        vec![
            tenant_status.tenant.as_str().into(),
            (tenant_status.version as i64).into(),
            i64::from(tenant_status.suspended).into(),
        ],
    )
}

/// Notes that the feed took this version. Only the first time counts.
pub(crate) fn took_effect(database: &Database, version: u64, effective_by: Timestamp) -> Result<()> {
    database.execute(
        "UPDATE standing SET effective_by = ? WHERE version = ? AND effective_by IS NULL",
        vec![effective_by.as_millis().into(), (version as i64).into()],
    )
}
