//! The list of tenants: every tenant that a ledger has ever published.

use keystile_core::{
    TenantId, Timestamp,
    ledger::query::{TenantQuery, tenant_cursor},
    objects::feed::{ListedTenant, TenantPage},
};
use serde::Deserialize;
use worker::Result;

use keystile_runtime::database::Database;

/// Adds a tenant, unless it is listed already.
pub(super) fn note(database: &Database, tenant: &TenantId, now: Timestamp) -> Result<()> {
    database.execute(
        "INSERT OR IGNORE INTO tenants (tenant, created_at) VALUES (?, ?)",
        vec![tenant.as_str().into(), now.as_millis().into()],
    )
}

/// A page of tenants in the order of their names, in the form in which it is shown.
pub(super) fn page(database: &Database, query: &TenantQuery) -> Result<TenantPage> {
    #[derive(Deserialize)]
    struct Row {
        tenant: TenantId,
        created_at: Timestamp,
        suspended: Option<u8>,
        erased: u8,
    }
    let after = query.after.as_ref().map(TenantId::to_string);
    let mut rows: Vec<Row> = database.rows(
        "SELECT tenants.tenant, tenants.created_at, standing.suspended,
                EXISTS (SELECT 1 FROM erased WHERE erased.tenant = tenants.tenant) AS erased
         FROM tenants LEFT JOIN standing ON standing.tenant = tenants.tenant
         WHERE tenants.tenant > coalesce(?1, '') AND (?2 IS NULL OR instr(lower(tenants.tenant), ?2) > 0)
         ORDER BY tenants.tenant LIMIT ?3",
        vec![after.into(), query.text.clone().into(), (i64::from(query.limit) + 1).into()],
    )?;
    let more = rows.len() > query.limit as usize;
    rows.truncate(query.limit as usize);
    let next = rows.last().filter(|_| more).map(|row| tenant_cursor(&row.tenant));
    let listed = |row: Row| ListedTenant {
        created_at: row.created_at.to_rfc3339(),
        erased: row.erased != 0,
        suspended: row.suspended == Some(1),
        tenant: row.tenant,
    };
    Ok(TenantPage { next_cursor: next, tenants: rows.into_iter().map(listed).collect() })
}
