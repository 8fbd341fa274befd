//! The log of changes: they are published to it, polled and acknowledged, and then trimmed.

use std::cell::Cell;

use keystile_core::{
    KeyDigest, TenantId, Timestamp,
    access::record::Stored,
    base::{base62, code::Code, problem::Problem},
    feed::{
        log::{Head, Start},
        message::{AcknowledgeRequest, Change, CurrentAnswer, PAGE_ENTRIES, PollAnswer, PollRequest, TenantStatus},
        outbox::KEEP_ACKNOWLEDGED_MS,
    },
};
use keystile_runtime::{log as lines, random};
use serde::Deserialize;
use serde_json::Value;
use worker::{Result, SqlStorageValue};

use super::{
    claims,
    page::{self, Entry},
    tenants,
};
use crate::failure::Failure;
use keystile_runtime::database::Database;

/// The most entries that one alarm trims.
const TRIM_ENTRIES: i64 = 2_000;
/// The pause between two trims, unless there is more to trim at once.
const TRIM_PAUSE_MS: i64 = 60 * 60 * 1_000;
const TRIM_ON_MS: i64 = 1_000;

/// The log of the feed. Its two ends are kept in memory, so that a poll that finds nothing new, by far the most
/// frequent kind, reads no table.
pub(super) struct Log {
    epoch: String,
    head: Cell<Head>,
}

impl Log {
    pub(super) fn open(database: &Database) -> Result<Self> {
        let epoch = match meta(database, "epoch")? {
            Some(epoch) => epoch,
            None => make_epoch(database)?,
        };
        let log = Self { epoch, head: Cell::new(Head::default()) };
        log.read_head(database)?;
        Ok(log)
    }

    /// The two ends.
    pub(super) fn head(&self) -> Head {
        self.head.get()
    }

    /// Whether the isolate that polls has an entry that this log doesn't.
    pub(super) fn was_put_back(&self, request: &PollRequest) -> bool {
        self.head.get().was_put_back(request, &self.epoch)
    }

    fn read_head(&self, database: &Database) -> Result<()> {
        #[derive(Deserialize)]
        struct Last {
            seq: Option<u64>,
        }
        let floor = meta(database, "floor")?.and_then(|floor| floor.parse().ok()).unwrap_or_default();
        let last: Option<Last> = database.row("SELECT max(seq) AS seq FROM log", vec![])?;
        let last = last.and_then(|last| last.seq).unwrap_or_default();
        self.head.set(Head { floor, last: last.max(floor) });
        Ok(())
    }

    /// Answers with the page that follows the request's cursor.
    pub(super) fn poll(&self, database: &Database, request: &PollRequest) -> Result<PollAnswer> {
        let head = self.head.get();
        let (reset, cursor) = match head.start(request, &self.epoch) {
            Start::After(cursor) => (false, cursor),
            Start::Beginning => (true, 0),
        };
        let mut changes = if reset { suspensions(database)? } else { Vec::new() };
        let entries = if cursor >= head.last { Vec::new() } else { self.entries(database, cursor, reset)? };
        let page = page::cut(entries, head);
        changes.extend(page.changes);
        let epoch = self.epoch.clone();
        Ok(PollAnswer { epoch, reset, cursor: page.cursor, more: page.more, age_ms: 0, changes })
    }

    /// The entries after `cursor`: enough for a page, and one more. The first page of a reset also has every entry that
    /// is left below the floor, so that the cursor that it ends with is not below the floor.
    fn entries(&self, database: &Database, cursor: u64, reset: bool) -> Result<Vec<Entry>> {
        #[derive(Deserialize)]
        struct Lingering {
            entries: usize,
        }
        let lingering = if reset {
            let floor = vec![(self.head.get().floor as i64).into()];
            let lingering: Option<Lingering> =
                database.row("SELECT count(*) AS entries FROM log WHERE seq <= ?", floor)?;
            lingering.map_or(0, |lingering| lingering.entries)
        } else {
            0
        };
        let limit = lingering + PAGE_ENTRIES + 1;
        database.rows(
            "SELECT log.seq, log.digest, current.record, log.tenant, standing.version, standing.suspended
             FROM log
             LEFT JOIN current ON current.digest = log.digest
             LEFT JOIN standing ON standing.tenant = log.tenant
             WHERE log.seq > ? ORDER BY log.seq LIMIT ?",
            vec![(cursor as i64).into(), (limit as i64).into()],
        )
    }

    /// Takes all of the changes or none. Changes may come twice, late and out of order: a change that loses the merge
    /// has no effect. Returns the changes, by their places, of whose subjects a later version is here.
    pub(super) fn publish(
        &self,
        database: &Database,
        changes: &[Change],
        now: Timestamp,
    ) -> std::result::Result<Vec<(usize, u64)>, Failure> {
        let decoded: Vec<_> = changes.iter().map(decode).collect::<std::result::Result<_, _>>()?;
        let ahead = database.transaction(|| {
            let (mut head, mut ahead) = (self.head.get(), Vec::new());
            for (place, change) in decoded.iter().enumerate() {
                let number = head.next_number(now);
                let later = match change {
                    Decoded::Key { digest, text, stored } => publish_key(database, digest, text, stored, number, now)?,
                    Decoded::Tenant(tenant_status) => publish_tenant_status(database, tenant_status, number, now)?,
                };
                head.last = number;
                ahead.extend(later.map(|version| (place, version)));
            }
            Ok::<_, Failure>(ahead)
        })?;
        self.read_head(database)?;
        Ok(ahead)
    }

    /// Marks the entries of the versions that KV now holds. They may be dropped [`KEEP_ACKNOWLEDGED_MS`] later.
    pub(super) fn acknowledge(&self, database: &Database, request: &AcknowledgeRequest, now: Timestamp) -> Result<()> {
        database.transaction(|| {
            for (digest, version) in &request.versions {
                database.execute(
                    "UPDATE log SET acknowledged_at = ? WHERE digest = ? AND version <= ? AND acknowledged_at IS NULL",
                    vec![now.as_millis().into(), digest.to_hex().into(), (*version as i64).into()],
                )?;
            }
            Ok(())
        })
    }

    /// Drops the entries that KV has held for long enough.
    pub(super) fn trim(&self, database: &Database, now: Timestamp) -> Result<Trimmed> {
        #[derive(Deserialize)]
        struct Dropped {
            seq: u64,
        }
        let oldest_kept = now.plus_millis(-KEEP_ACKNOWLEDGED_MS).as_millis();
        let dropped = database.transaction(|| {
            let dropped: Vec<Dropped> = database.rows(
                "DELETE FROM log WHERE seq IN (
                     SELECT seq FROM log WHERE acknowledged_at <= ? ORDER BY acknowledged_at LIMIT ?
                 ) RETURNING seq",
                vec![oldest_kept.into(), TRIM_ENTRIES.into()],
            )?;
            if let Some(highest) = dropped.iter().map(|dropped| dropped.seq).max() {
                let floor = self.head.get().floor.max(highest);
                set_meta(database, "floor", &floor.to_string())?;
            }
            Ok::<_, worker::Error>(dropped.len())
        })?;
        self.read_head(database)?;
        let pause = if dropped as i64 == TRIM_ENTRIES { TRIM_ON_MS } else { TRIM_PAUSE_MS };
        let next = next_trim(database)?.map(|due| due.max(now.plus_millis(pause)));
        Ok(Trimmed { entries: dropped, next })
    }
}

/// The result of a trim.
pub(super) struct Trimmed {
    /// The number of entries that were dropped.
    pub(super) entries: usize,
    /// The time of the next trim, if there will be something to trim.
    pub(super) next: Option<Timestamp>,
}

/// The time from which the entry that was acknowledged first may be dropped.
pub(super) fn next_trim(database: &Database) -> Result<Option<Timestamp>> {
    #[derive(Deserialize)]
    struct Oldest {
        acknowledged_at: Option<Timestamp>,
    }
    let oldest: Option<Oldest> = database
        .row("SELECT min(acknowledged_at) AS acknowledged_at FROM log WHERE acknowledged_at IS NOT NULL", vec![])?;
    Ok(oldest.and_then(|oldest| oldest.acknowledged_at).map(|at| at.plus_millis(KEEP_ACKNOWLEDGED_MS)))
}

/// The latest record of a key, even if the log no longer has it, and the status of its tenant.
pub(super) fn current(database: &Database, digest: &KeyDigest) -> Result<CurrentAnswer> {
    #[derive(Deserialize)]
    struct Row {
        record: String,
        tenant: Option<TenantId>,
        version: Option<u64>,
        suspended: Option<u8>,
    }
    let row: Option<Row> = database.row(
        "SELECT current.record, current.tenant, standing.version, standing.suspended
         FROM current LEFT JOIN standing ON standing.tenant = current.tenant
         WHERE current.digest = ?",
        vec![digest.to_hex().into()],
    )?;
    let Some(row) = row else { return Ok(CurrentAnswer { record: None, tenant_status: None }) };
    let tenant_status = match (row.tenant, row.version, row.suspended) {
        (Some(tenant), Some(version), Some(suspended)) => {
            Some(TenantStatus { tenant, version, suspended: suspended != 0 })
        }
        _ => None,
    };
    Ok(CurrentAnswer { record: Some(row.record), tenant_status })
}

enum Decoded<'a> {
    Key { digest: &'a KeyDigest, text: &'a str, stored: Stored },
    Tenant(&'a TenantStatus),
}

fn decode(change: &Change) -> std::result::Result<Decoded<'_>, Problem> {
    match change {
        Change::Tenant(tenant_status) => Ok(Decoded::Tenant(tenant_status)),
        Change::Key { digest, record } => {
            let stored = Stored::decode(record)
                .map_err(|_| Problem::new(Code::CorruptRecord, "A record can't be read; nothing was taken."))?;
            Ok(Decoded::Key { digest, text: record, stored })
        }
    }
}

/// Publishes a key's record. The first record of a digest settles which key the digest belongs to: a record of another
/// key is rejected, and, if the digest was claimed, so is a record of another tenant.
///
/// The first version of a claimed digest gets no log entry, since an import of thousands of keys would fill the
/// isolates' overlays. It doesn't need one: the log overrides an older state that is in KV or that an isolate
/// remembers, and here the only older state is that the key is absent. Absence is never concluded from KV, and an
/// isolate remembers it for no longer than `max_staleness_ms` after it asked the feed.
fn publish_key(
    database: &Database,
    digest: &KeyDigest,
    text: &str,
    stored: &Stored,
    number: u64,
    now: Timestamp,
) -> Result<Option<u64>> {
    #[derive(Deserialize)]
    struct Known {
        record: String,
    }
    let tenant = match stored {
        Stored::Known(record) => record.tenant(),
        Stored::TooNew { .. } => None,
    };
    let tenant_name = tenant.map(TenantId::to_string);
    let holder = claims::holder(database, digest)?;
    let hex = digest.to_hex();
    let known: Option<Known> =
        database.row("SELECT record FROM current WHERE digest = ?", vec![hex.as_str().into()])?;
    let of_another_key = known.as_ref().is_some_and(|known| names_another_key(&known.record, text));
    let of_another_tenant = holder.is_some() && tenant_name.is_some() && holder != tenant_name;
    if of_another_key || of_another_tenant {
        lines::error("digest_is_taken", &[("digest", hex.get(..8).unwrap_or_default().into())]);
        return Ok(None);
    }
    let first = known.is_none();
    let known = known.and_then(|known| Stored::decode(&known.record).ok());
    if let Some(known) = known.filter(|known| !known.yields_to(stored)) {
        return Ok(Some(known.version()).filter(|known| *known > stored.version()));
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
    if holder.is_some() && first && stored.version() == 1 {
        return Ok(None);
    }
    database.execute("DELETE FROM log WHERE digest = ?", vec![hex.as_str().into()])?;
    let entry = vec![(number as i64).into(), hex.into(), version];
    database.execute("INSERT INTO log (seq, digest, version) VALUES (?, ?, ?)", entry)?;
    Ok(None)
}

/// Whether two records belong to different keys. Records that only newer readers understand have an id, too.
fn names_another_key(known: &str, text: &str) -> bool {
    let id = |text: &str| serde_json::from_str::<Value>(text).ok()?.get("id")?.as_str().map(str::to_owned);
    matches!((id(known), id(text)), (Some(known), Some(new)) if known != new)
}

/// Publishes a tenant's status. Its entry counts as acknowledged at once, without waiting for the copy in KV, since a
/// suspension outlives its entry: [`suspensions`] lists it for as long as it lasts.
fn publish_tenant_status(
    database: &Database,
    tenant_status: &TenantStatus,
    number: u64,
    now: Timestamp,
) -> Result<Option<u64>> {
    let tenant = tenant_status.tenant.as_str();
    if let Some(known) = known_tenant_status(database, tenant)?.filter(|known| !tenant_status.supersedes(known)) {
        return Ok(Some(known.version).filter(|known| *known > tenant_status.version));
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
    Ok(None)
}

#[derive(Deserialize)]
struct TenantStatusRow {
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

/// All suspensions that are in force, which a cold isolate receives first.
fn suspensions(database: &Database) -> Result<Vec<Change>> {
    let query = "SELECT tenant, version, suspended FROM standing WHERE suspended = 1";
    let rows: Vec<TenantStatusRow> = database.rows(query, vec![])?;
    Ok(rows.into_iter().map(|row| Change::Tenant(row.into())).collect())
}

/// A value by its name.
pub(super) fn meta(database: &Database, name: &str) -> Result<Option<String>> {
    #[derive(Deserialize)]
    struct Meta {
        value: String,
    }
    let row: Option<Meta> = database.row("SELECT value FROM meta WHERE name = ?", vec![name.into()])?;
    Ok(row.map(|row| row.value))
}

/// Sets a value.
pub(super) fn set_meta(database: &Database, name: &str, value: &str) -> Result<()> {
    database.execute("INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)", vec![name.into(), value.into()])
}

fn make_epoch(database: &Database) -> Result<String> {
    let drawn = base62::draw::<16>(&random::bytes::<32>()?);
    let drawn = drawn.ok_or_else(|| worker::Error::RustError("too few random bytes for an epoch".into()))?;
    let epoch: String = drawn.map(char::from).iter().collect();
    set_meta(database, "epoch", &epoch)?;
    Ok(epoch)
}
