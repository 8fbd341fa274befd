//! The changes that ledgers publish, merged into what the feed has: `current`, the tenants' statuses and the log.

use keystile_core::{
    KeyDigest, TenantId, Timestamp,
    access::record::Stored,
    base::{code::Code, problem::Problem},
    feed::{
        entry::KeyEntry,
        message::{Change, TenantStatus},
        mirror::Mirror,
    },
};
use keystile_runtime::{database::Database, log as lines};
use serde::Deserialize;
use serde_json::Value;
use worker::{Result, SqlStorageValue};

use super::{claims, erased, tenants};

/// The outcome of one change.
pub(super) enum Outcome {
    /// It is here, from before or without an entry in the log.
    Taken,
    /// It has an entry in the log now.
    Logged,
    /// It had no effect, since the state of this version stands.
    Behind(u64),
    /// Its digest belongs to another key, or its tenant was erased.
    Refused,
}

/// A change whose record was read.
pub(super) enum Decoded<'a> {
    Key { digest: &'a KeyDigest, text: &'a str, stored: Stored },
    Tenant(&'a TenantStatus),
}

/// Reads a change.
pub(super) fn decode(change: &Change) -> std::result::Result<Decoded<'_>, Problem> {
    match change {
        Change::Tenant(tenant_status) => Ok(Decoded::Tenant(tenant_status)),
        Change::Key { digest, record } => {
            let stored = Stored::decode(record)
                .map_err(|_| Problem::new(Code::CorruptRecord, "A record can't be read; nothing was taken."))?;
            Ok(Decoded::Key { digest, text: record, stored })
        }
    }
}

impl Decoded<'_> {
    /// Adds the change to the log in memory.
    pub(super) fn mirror(&self, mirror: &mut Mirror, number: u64, epoch: &str) {
        match self {
            Self::Key { digest, stored, .. } => mirror.put_key(number, KeyEntry::of(digest, stored)),
            Self::Tenant(tenant_status) => mirror.put_tenant(number, tenant_status.entry(epoch)),
        }
    }

    /// Takes the change, unless it loses the merge. It gets this number in the log.
    pub(super) fn publish(&self, database: &Database, number: u64, now: Timestamp) -> Result<Outcome> {
        match self {
            Self::Key { digest, text, stored } => publish_key(database, digest, text, stored, number, now),
            Self::Tenant(tenant_status) => publish_tenant_status(database, tenant_status, number, now),
        }
    }
}

/// Publishes a key's record. A digest that was claimed belongs to that tenant: its ledger may give the key another id,
/// after it was put back and imported the key again, and no other tenant's record is taken. Of any other digest the
/// first record settles which key it belongs to: a record of another key is refused.
///
/// The first version of a key gets no log entry. It doesn't need one: the log overrides an older state that is in KV or
/// that an isolate remembers, and here the only older state is that the key is absent. Absence is never concluded from
/// KV, and an isolate remembers it for no longer than `max_staleness_ms` after it asked the feed.
///
/// Other content of a version that is here isn't taken, since isolates know an entry by its version: its ledger then
/// makes a higher one of it. A revocation is taken in any case.
fn publish_key(
    database: &Database,
    digest: &KeyDigest,
    text: &str,
    stored: &Stored,
    number: u64,
    now: Timestamp,
) -> Result<Outcome> {
    let tenant = match stored {
        Stored::Known(record) => record.tenant(),
        Stored::TooNew { .. } => None,
    };
    let tenant_name = tenant.map(TenantId::to_string);
    let holder = claims::holder(database, digest)?;
    let hex = digest.to_hex();
    let known = claims::record(database, digest)?;
    let of_another_key = known.as_ref().is_some_and(|known| names_another_key(known, text));
    let belongs_here = match (&holder, &tenant_name) {
        (Some(holder), Some(tenant)) => holder == tenant,
        _ => !of_another_key,
    };
    if !belongs_here {
        lines::error("digest_is_taken", &[("digest", hex.get(..8).unwrap_or_default().into())]);
        return Ok(Outcome::Refused);
    }
    let first = known.is_none();
    let known = known.and_then(|known| Stored::decode(&known).ok());
    // Only a ledger that was put back says so. It must not put its record into KV, where the revocation is.
    if known.as_ref().is_some_and(Stored::is_revoked) && !stored.is_revoked() {
        lines::error("revoked_key_published", &[("digest", hex.get(..8).unwrap_or_default().into())]);
        return Ok(Outcome::Refused);
    }
    if let Some(tenant) = tenant.filter(|_| !stored.is_revoked())
        && erased::is_erased(database, tenant)?
    {
        // Only a ledger that was put back says so. It learns of the erasure, and revokes the key.
        lines::error("key_of_erased_tenant_published", &[("digest", hex.get(..8).unwrap_or_default().into())]);
        return Ok(Outcome::Refused);
    }
    if let Some(known) =
        known.filter(|known| known.version() >= stored.version() && !known.yields_to_revocation(stored))
    {
        return Ok(if known == *stored { Outcome::Taken } else { Outcome::Behind(known.version()) });
    }
    if let Some(tenant) = tenant {
        tenants::note(database, tenant, now)?;
    }
    let version = SqlStorageValue::Integer(stored.version() as i64);
    database.execute(
        "INSERT INTO current (digest, tenant, version, record) VALUES (?, ?, ?, ?)
         ON CONFLICT (digest) DO UPDATE SET
             tenant = coalesce(excluded.tenant, tenant), version = excluded.version, record = excluded.record",
        vec![hex.as_str().into(), tenant_name.into(), version.clone(), text.into()],
    )?;
    if first && stored.version() == 1 {
        return Ok(Outcome::Taken);
    }
    database.execute("DELETE FROM log WHERE digest = ?", vec![hex.as_str().into()])?;
    let KeyEntry { state, expires_at, .. } = KeyEntry::of(digest, stored);
    let expires_at = expires_at.map_or(SqlStorageValue::Null, |at| at.as_millis().into());
    let entry = vec![(number as i64).into(), hex.into(), version, state.as_str().into(), expires_at];
    database.execute("INSERT INTO log (seq, digest, version, state, expires_at) VALUES (?, ?, ?, ?, ?)", entry)?;
    Ok(Outcome::Logged)
}

/// Whether two records belong to different keys. Records that only newer readers understand have an id, too.
fn names_another_key(known: &str, text: &str) -> bool {
    let id = |text: &str| serde_json::from_str::<Value>(text).ok()?.get("id")?.as_str().map(str::to_owned);
    matches!((id(known), id(text)), (Some(known), Some(new)) if known != new)
}

/// Publishes a tenant's status. Its entry counts as acknowledged at once, without waiting for the copy in KV, since a
/// suspension outlives its entry: the table `standing` has it for as long as it lasts.
fn publish_tenant_status(
    database: &Database,
    tenant_status: &TenantStatus,
    number: u64,
    now: Timestamp,
) -> Result<Outcome> {
    let tenant = tenant_status.tenant.as_str();
    if !tenant_status.suspended && erased::is_erased(database, &tenant_status.tenant)? {
        return Ok(Outcome::Refused);
    }
    if let Some(known) = known_tenant_status(database, tenant)?.filter(|known| !tenant_status.supersedes(known)) {
        let ahead = known.version > tenant_status.version;
        return Ok(if ahead { Outcome::Behind(known.version) } else { Outcome::Taken });
    }
    let version = SqlStorageValue::Integer(tenant_status.version as i64);
    database.execute(
        "INSERT OR REPLACE INTO standing (tenant, version, suspended) VALUES (?, ?, ?)",
        vec![tenant.into(), version.clone(), i64::from(tenant_status.suspended).into()],
    )?;
    tenants::note(database, &tenant_status.tenant, now)?;
    database.execute("DELETE FROM log WHERE tenant = ?", vec![tenant.into()])?;
    database.execute(
        "INSERT INTO log (seq, tenant, version, acknowledged_at) VALUES (?, ?, ?, ?)",
        vec![(number as i64).into(), tenant.into(), version, now.as_millis().into()],
    )?;
    Ok(Outcome::Logged)
}

#[derive(Deserialize)]
pub(super) struct TenantStatusRow {
    tenant: TenantId,
    version: u64,
    suspended: u8,
}

impl From<TenantStatusRow> for TenantStatus {
    fn from(row: TenantStatusRow) -> Self {
        Self { tenant: row.tenant, version: row.version, suspended: row.suspended != 0 }
    }
}

fn known_tenant_status(database: &Database, tenant: &str) -> Result<Option<TenantStatus>> {
    let query = "SELECT tenant, version, suspended FROM standing WHERE tenant = ?";
    let row: Option<TenantStatusRow> = database.row(query, vec![tenant.into()])?;
    Ok(row.map(Into::into))
}
