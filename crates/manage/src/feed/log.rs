//! The log of changes: they are published to it, polled and acknowledged, and then trimmed.

use std::cell::{Cell, RefCell};

use keystile_core::{
    KeyDigest, TenantId, Timestamp,
    access::record::KeyState,
    feed::{
        entry::{KeyEntry, KeyHash},
        follow::{FollowAnswer, FollowRequest, RecordAnswer, RecordRequest},
        log::{Gap, Head},
        message::{AcknowledgeRequest, Change, CurrentAnswer, PollAnswer, PollRequest, TenantStatus},
        mirror::{BOUNDS, Mirror},
        outbox::KEEP_ACKNOWLEDGED_MS,
    },
    objects::feed::FeedState,
};
use keystile_runtime::random;
use serde::Deserialize;
use worker::Result;

use super::{
    changes::{Outcome, TenantStatusRow, decode},
    gaps,
    meta::{meta, set_meta},
};
use crate::failure::Failure;
use keystile_runtime::database::Database;

/// The most entries that one alarm trims.
const TRIM_ENTRIES: i64 = 2_000;
/// The pause between two trims, unless there is more to trim at once.
const TRIM_PAUSE_MS: i64 = 60 * 60 * 1_000;
const TRIM_ON_MS: i64 = 1_000;

/// The number of entries that are read at once when the object starts. A value of SQLite has 2 MB at most.
const READ_ENTRIES: i64 = 5_000;

/// The log of the feed. It is kept in memory, too, so that a poll reads no table.
pub(super) struct Log {
    epoch: String,
    /// The name of this instance's state: the next instance may be one that was put back.
    source: String,
    mirror: RefCell<Mirror>,
    head: Cell<Head>,
    /// The last number when this instance began, until it gives one itself.
    began_after: Cell<Option<u64>>,
}

impl Log {
    pub(super) fn open(database: &Database) -> Result<Self> {
        let epoch = match meta(database, "epoch")? {
            Some(epoch) => epoch,
            None => make_epoch(database)?,
        };
        let source = random::name()?;
        let mirror = RefCell::new(read(database, &epoch)?);
        let log = Self { epoch, source, mirror, head: Cell::new(Head::default()), began_after: Cell::new(None) };
        log.read_head(database)?;
        log.began_after.set(Some(log.head.get().last));
        Ok(log)
    }

    /// Returns the two ends.
    pub(super) fn head(&self) -> Head {
        self.head.get()
    }

    /// Returns whether this instance has logged nothing yet.
    pub(super) fn has_just_begun(&self) -> bool {
        self.began_after.get().is_some()
    }

    /// Returns whether an isolate or a relay may have an entry that this log doesn't: its cursor is of this log, but not
    /// the last number.
    pub(super) fn may_lack(&self, epoch: Option<&str>, cursor: u64) -> bool {
        epoch == Some(self.epoch.as_str()) && cursor != self.head.get().last
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

    /// Answers an isolate.
    pub(super) fn poll(&self, request: &PollRequest) -> PollAnswer {
        self.mirror.borrow().answer(request, &self.epoch, self.head.get())
    }

    /// Answers a relay.
    pub(super) fn follow(&self, request: &FollowRequest) -> FollowAnswer {
        self.mirror.borrow().follow(request, &self.epoch, self.head.get(), &self.source)
    }

    /// Takes all of the changes or none. Changes may come twice, late and out of order: a change that loses the merge
    /// has no effect.
    pub(super) fn publish(
        &self,
        database: &Database,
        changes: &[Change],
        now: Timestamp,
    ) -> std::result::Result<Published, Failure> {
        let decoded: Vec<_> = changes.iter().map(decode).collect::<std::result::Result<_, _>>()?;
        let (published, logged) = database.transaction(|| {
            let (mut head, mut published, mut logged) = (self.head.get(), Published::default(), Vec::new());
            for (place, change) in decoded.iter().enumerate() {
                let number = head.next_number(now);
                head.last = number;
                match change.publish(database, number, now)? {
                    Outcome::Taken => {}
                    Outcome::Logged => logged.push((number, change)),
                    Outcome::Behind(version) => published.ahead.push((place, version)),
                    Outcome::Refused => published.refused.push(place),
                }
            }
            if let Some(last) = self.began_after.get() {
                gaps::note(database, last)?;
            }
            Ok::<_, Failure>((published, logged))
        })?;
        for (number, change) in logged {
            change.mirror(&mut self.mirror.borrow_mut(), number, &self.epoch);
        }
        self.read_head(database)?;
        let began_after = self.began_after.get().filter(|last| *last == self.head.get().last);
        self.began_after.set(began_after);
        Ok(published)
    }

    /// Returns the gap that a cursor may be in: the one that is still open, if the cursor is beyond the log.
    pub(super) fn gap(&self, database: &Database, cursor: u64) -> Result<Option<Gap>> {
        let head = self.head.get();
        if cursor > head.last {
            Ok(Some(head.open_gap(gaps::noticed(database)?)))
        } else {
            gaps::find(database, cursor)
        }
    }

    /// The numbers for `GET /metrics`.
    pub(super) fn state(&self, database: &Database, max_staleness_ms: Option<u32>) -> Result<FeedState> {
        #[derive(Deserialize)]
        struct Counted {
            entries: u64,
            acknowledged: u64,
            keys: u64,
            tenants: u64,
            suspended: u64,
        }
        // A key's row in `current` is never deleted, so the highest number of a row is their number, and no row is
        // read to count them. The log has those of the last day.
        let counted: Option<Counted> = database.row(
            "SELECT count(*) AS entries, count(acknowledged_at) AS acknowledged,
                    (SELECT ifnull(max(rowid), 0) FROM current) AS keys,
                    (SELECT ifnull(max(rowid), 0) FROM tenants) AS tenants,
                    (SELECT count(*) FROM standing WHERE suspended = 1) AS suspended
             FROM log",
            vec![],
        )?;
        let counted = counted.ok_or_else(|| worker::Error::RustError("counts without a row".into()))?;
        let Counted { entries, acknowledged, keys, tenants, suspended } = counted;
        Ok(FeedState {
            epoch: self.epoch.clone(),
            last: self.head.get().last,
            entries,
            unacknowledged: entries - acknowledged,
            keys,
            tenants,
            suspended,
            max_staleness_ms,
        })
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
                // A cursor below the floor begins anew.
                gaps::trim(database, floor)?;
            }
            Ok::<_, worker::Error>(dropped)
        })?;
        self.read_head(database)?;
        for dropped in &dropped {
            self.mirror.borrow_mut().trim(dropped.seq);
        }
        let dropped = dropped.len();
        let pause = if dropped as i64 == TRIM_ENTRIES { TRIM_ON_MS } else { TRIM_PAUSE_MS };
        let next = next_trim(database)?.map(|due| due.max(now.plus_millis(pause)));
        Ok(Trimmed { entries: dropped, next })
    }
}

/// The changes of a publication that had no effect, by their places.
#[derive(Default)]
pub(super) struct Published {
    /// Those of whose subjects a later version is here, or other content of the same, with that version.
    pub(super) ahead: Vec<(usize, u64)>,
    /// Those that are never taken.
    pub(super) refused: Vec<usize>,
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

/// The record of a key, if it has the version that is asked for or a later one.
pub(super) fn record(database: &Database, request: &RecordRequest) -> Result<RecordAnswer> {
    #[derive(Deserialize)]
    struct Row {
        record: String,
    }
    let row: Option<Row> = database.row(
        "SELECT record FROM current WHERE digest = ? AND version >= ?",
        vec![request.digest.to_hex().into(), (request.version as i64).into()],
    )?;
    Ok(RecordAnswer { record: row.map(|row| row.record) })
}

/// Reads the log and the suspensions into memory.
fn read(database: &Database, epoch: &str) -> Result<Mirror> {
    let mut mirror = Mirror::new(BOUNDS);
    read_keys(database, &mut mirror)?;
    #[derive(Deserialize)]
    struct Numbered {
        seq: u64,
        #[serde(flatten)]
        status: TenantStatusRow,
    }
    let logged: Vec<Numbered> = database.rows(
        "SELECT log.seq, standing.tenant, standing.version, standing.suspended
         FROM log JOIN standing ON standing.tenant = log.tenant",
        vec![],
    )?;
    for Numbered { seq, status } in logged {
        mirror.put_tenant(seq, TenantStatus::from(status).entry(epoch));
    }
    let query = "SELECT tenant, version, suspended FROM standing WHERE suspended = 1";
    let suspended: Vec<TenantStatusRow> = database.rows(query, vec![])?;
    for status in suspended {
        mirror.put_suspension(TenantStatus::from(status).entry(epoch));
    }
    Ok(mirror)
}

/// Reads the entries of keys, many as one text: rows cross the border to JavaScript one by one.
fn read_keys(database: &Database, mirror: &mut Mirror) -> Result<()> {
    #[derive(Deserialize)]
    struct Many {
        entries: String,
    }
    #[derive(Deserialize)]
    struct Numbered(u64, KeyDigest, u64, Option<String>, Option<Timestamp>);
    let mut after = 0;
    loop {
        let many: Option<Many> = database.row(
            "SELECT json_group_array(json_array(
                 seq, digest, version,
                 coalesce(state, (SELECT json_extract(record, '$.state') FROM current WHERE digest = some.digest)),
                 iif(state IS NULL,
                     (SELECT json_extract(record, '$.expires_at') FROM current WHERE digest = some.digest),
                     expires_at)
             )) AS entries
             FROM (SELECT * FROM log WHERE seq > ? AND digest IS NOT NULL ORDER BY seq LIMIT ?) AS some",
            vec![(after as i64).into(), READ_ENTRIES.into()],
        )?;
        let entries: Vec<Numbered> = serde_json::from_str(many.as_ref().map_or("[]", |many| &many.entries))?;
        let Some(Numbered(last, ..)) = entries.last() else { return Ok(()) };
        after = *last;
        for Numbered(number, digest, version, state, expires_at) in entries {
            // A state that only newer readers know is in its record.
            let state = state.as_deref().and_then(KeyState::parse).unwrap_or(KeyState::Active);
            mirror.put_key(number, KeyEntry { key: KeyHash::of(&digest), version, state, expires_at });
        }
    }
}

fn make_epoch(database: &Database) -> Result<String> {
    let epoch = random::name()?;
    set_meta(database, "epoch", &epoch)?;
    Ok(epoch)
}
