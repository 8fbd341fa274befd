//! The tenants that were erased, for good. Their ledgers may be put back to a point before; then they learn it here.

use keystile_core::{
    TenantId, Timestamp,
    objects::feed::{ErasedQuery, ErasedTenants, NoteErased},
};
use keystile_runtime::database::Database;
use serde::Deserialize;
use worker::Result;

/// The number of tenants on a page.
const PAGE: i64 = 500;

/// Keeps the name of a tenant that is erased.
pub(super) fn note(database: &Database, request: &NoteErased, now: Timestamp) -> Result<()> {
    database.execute(
        "INSERT OR IGNORE INTO erased (tenant, noted_at) VALUES (?, ?)",
        vec![request.tenant.as_str().into(), now.as_millis().into()],
    )
}

/// Whether a tenant was erased.
pub(super) fn is_erased(database: &Database, tenant: &TenantId) -> Result<bool> {
    #[derive(Deserialize)]
    struct One {}
    let one: Option<One> =
        database.row("SELECT 1 AS one FROM erased WHERE tenant = ?", vec![tenant.as_str().into()])?;
    Ok(one.is_some())
}

/// A page of the tenants that were erased, or the one that is asked about.
pub(super) fn page(database: &Database, query: &ErasedQuery) -> Result<ErasedTenants> {
    #[derive(Deserialize)]
    struct Row {
        tenant: TenantId,
    }
    let name = |tenant: &Option<TenantId>| tenant.as_ref().map(TenantId::to_string);
    let mut rows: Vec<Row> = database.rows(
        "SELECT tenant FROM erased WHERE (?1 IS NULL OR tenant = ?1) AND tenant > coalesce(?2, '')
         ORDER BY tenant LIMIT ?3",
        vec![name(&query.tenant).into(), name(&query.after).into(), (PAGE + 1).into()],
    )?;
    let more = rows.len() as i64 > PAGE;
    rows.truncate(PAGE as usize);
    Ok(ErasedTenants { tenants: rows.into_iter().map(|row| row.tenant).collect(), more })
}
