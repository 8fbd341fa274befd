//! The keys of one tenant, for its ledger: page by page, in the order of their digests.
//!
//! That a ledger was put back is rare, and an index by tenant would be a row more for each key. So a page looks at a
//! stretch of all keys, and has those of the tenant.

use keystile_core::{
    KeyDigest, TenantId,
    objects::feed::{KeysPage, KeysRequest, KnownKey},
};
use serde::Deserialize;
use worker::Result;

use keystile_runtime::database::Database;

/// The number of keys that a page looks at.
const LOOKED_AT: i64 = 4_000;
/// The most keys that it has.
const MOST: usize = 200;

#[derive(Deserialize)]
struct Row {
    digest: KeyDigest,
    record: String,
    imported: u8,
}

impl From<Row> for KnownKey {
    fn from(Row { digest, record, imported }: Row) -> Self {
        Self { digest, record, imported: imported != 0 }
    }
}

/// Reads a page.
pub(super) fn page(database: &Database, request: &KeysRequest) -> Result<KeysPage> {
    #[derive(Deserialize)]
    struct Last {
        digest: String,
    }
    let after = request.after.as_deref().unwrap_or_default();
    let last: Option<Last> = database.row(
        "SELECT digest FROM current WHERE digest > ? ORDER BY digest LIMIT 1 OFFSET ?",
        vec![after.into(), (LOOKED_AT - 1).into()],
    )?;
    let last = last.map(|last| last.digest);
    let tenant = request.tenant.as_ref().map(TenantId::to_string);
    let rows: Vec<Row> = database.rows(
        "SELECT digest, record, EXISTS (SELECT 1 FROM claims WHERE claims.digest = current.digest) AS imported
         FROM current WHERE digest > ?1 AND (?2 IS NULL OR digest <= ?2) AND tenant IS ?3 ORDER BY digest LIMIT ?4",
        vec![after.into(), last.clone().into(), tenant.into(), (MOST as i64).into()],
    )?;
    let full = rows.last().filter(|_| rows.len() == MOST).map(|row| row.digest.to_hex());
    Ok(KeysPage { keys: rows.into_iter().map(KnownKey::from).collect(), next: full.or(last) })
}
