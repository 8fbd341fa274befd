//! The rows of a limiter: what was counted, what the ledger told, which additions were made, and the limiter's own
//! state. Beside them is the outbox of events.
//!
//! Numbers of grants are above 2^53 after a restore, so they are in JSON: SQL's integers cross as JavaScript's numbers.

use keystile_core::{
    base::{
        id::KeyId,
        timestamp::{HOUR_MS, MINUTE_MS, Timestamp},
    },
    limits::{
        grant::GrantNumber,
        limiter::{Count, Counted, Limit},
    },
    objects::{
        limiter::{Addition, KeyTerms, TenantTerms},
        limiter_restores::MadeAddition,
    },
};
use keystile_runtime::{database::Database, event_outbox};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use worker::{Error, Result, SqlStorageValue, State};

/// The time for which a quota's count and an addition are kept after their period, milliseconds. If the clock is set
/// back by less, the period doesn't begin again.
const KEPT_AFTER_MS: i64 = HOUR_MS;
/// The maximum number of rows of a table that one alarm deletes.
const SWEPT_ROWS: i64 = 5_000;
/// Rows are swept at full minutes, so that they are deleted together, and a count's time of it rarely changes.
const SWEEP_EVERY_MS: i64 = MINUTE_MS;

const MIGRATIONS: &[&str] = &[
    "
-- What was counted: a log for each rate limit and a count for each quota.
CREATE TABLE counts (
    kind TEXT NOT NULL,               -- rate or quota
    name TEXT NOT NULL,               -- the limit's, and if it is per key a slash and the key's id
    count TEXT NOT NULL,              -- JSON
    sweep_at INTEGER NOT NULL,        -- when the row may go
    PRIMARY KEY (kind, name)
) WITHOUT ROWID;
CREATE INDEX counts_by_sweep ON counts (sweep_at);

-- The tenant's plan and own values; no row or one.
CREATE TABLE tenant (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    terms TEXT NOT NULL               -- JSON
);

-- The keys that have own values, or count as another key.
CREATE TABLE keys (
    key TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    terms TEXT NOT NULL               -- JSON
) WITHOUT ROWID;

-- The additions to quotas that the ledger told of.
CREATE TABLE additions (
    id TEXT PRIMARY KEY,
    ends_at INTEGER NOT NULL,         -- the end of the period that gets it
    sweep_at INTEGER NOT NULL,
    waiting TEXT                      -- the addition, JSON; NULL once it is made
) WITHOUT ROWID;
CREATE INDEX additions_by_sweep ON additions (sweep_at);
CREATE INDEX additions_waiting ON additions (id) WHERE waiting IS NOT NULL;

-- What the object has to know of itself; no row or one.
CREATE TABLE state (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    state TEXT NOT NULL               -- JSON
);
",
    event_outbox::MIGRATION,
    "
-- The limits of which an event has told that they were reached.
CREATE TABLE told (
    name TEXT PRIMARY KEY,            -- kind and name as in counts, with a slash between them
    until INTEGER NOT NULL            -- when it may be told again
) WITHOUT ROWID;
CREATE INDEX told_by_end ON told (until);
",
];

/// The tables that are emptied when the tenant is erased: all but `state`.
const FORGOTTEN: [&str; 7] = ["counts", "tenant", "keys", "additions", "events", "event_sending", "told"];

/// The database.
pub(crate) struct Store(Database);

/// The object's knowledge of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Own {
    /// Whether the ledger told of all keys, since the last restore.
    pub(crate) complete: bool,
    /// The restores that were taken into account.
    pub(crate) restores: u64,
    /// The time at which the last one was.
    pub(crate) restored_at: Option<Timestamp>,
    /// No grant has this number or a higher one.
    pub(crate) numbers_end: GrantNumber,
    /// Whether the tenant was erased. Then nothing is granted, and nothing learned.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub(crate) erased: bool,
}

impl Store {
    pub(crate) fn open(state: &State) -> Result<Self> {
        Database::open(state, MIGRATIONS).map(Self)
    }

    /// Does all of `work`, or nothing of it if it fails.
    pub(crate) fn transaction<T>(&self, work: impl FnMut() -> Result<T>) -> Result<T> {
        self.0.transaction(work)
    }

    /// The database, which holds the outbox of events too.
    pub(crate) const fn database(&self) -> &Database {
        &self.0
    }

    /// The time until which it isn't told again that a limit was reached.
    pub(crate) fn told_until(&self, name: &str) -> Result<Option<Timestamp>> {
        #[derive(Deserialize)]
        struct Row {
            until: Timestamp,
        }
        let row: Option<Row> = self.0.row("SELECT until FROM told WHERE name = ?", vec![name.into()])?;
        Ok(row.map(|row| row.until))
    }

    pub(crate) fn put_told(&self, name: &str, until: Timestamp) -> Result<()> {
        let put = "INSERT OR REPLACE INTO told (name, until) VALUES (?, ?)";
        self.0.execute(put, vec![name.into(), until.as_millis().into()])
    }

    /// The log or count of a limit.
    pub(crate) fn count(&self, counted: &Counted<'_>) -> Result<Option<Count>> {
        self.json(
            "SELECT count AS json FROM counts WHERE kind = ? AND name = ?",
            vec![kind(counted.limit).into(), counted.name.into()],
        )
    }

    /// Writes the log or count of a limit, in which nothing is counted from `over_at` on. Returns when the row may go.
    pub(crate) fn put_count(&self, counted: &Counted<'_>, count: &Count, over_at: Timestamp) -> Result<Timestamp> {
        let sweep_at = sweep_at(counted.limit, over_at);
        let json = to_json(count)?;
        let row = || -> Vec<SqlStorageValue> {
            vec![json.as_str().into(), kind(counted.limit).into(), counted.name.into(), sweep_at.as_millis().into()]
        };
        // Mostly that time is the same as before. Then its index isn't written.
        let same = "UPDATE counts SET count = ? WHERE kind = ? AND name = ? AND sweep_at = ? RETURNING 1 AS one";
        if self.0.row::<One>(same, row())?.is_none() {
            let put = "INSERT OR REPLACE INTO counts (count, kind, name, sweep_at) VALUES (?, ?, ?, ?)";
            self.0.execute(put, row())?;
        }
        Ok(sweep_at)
    }

    /// Marks the counts of all quotas, since the object went back to an earlier point.
    pub(crate) fn mark_quotas_uncertain(&self) -> Result<()> {
        #[derive(Deserialize)]
        struct Row {
            name: String,
            count: String,
        }
        let mut after = String::new();
        loop {
            let page = "SELECT name, count FROM counts WHERE kind = 'quota' AND name > ? ORDER BY name LIMIT 500";
            let rows: Vec<Row> = self.0.rows(page, vec![after.as_str().into()])?;
            let Some(last) = rows.last() else { break };
            after.clone_from(&last.name);
            for Row { name, count } in rows {
                let mut count: Count = serde_json::from_str(&count)?;
                if let Count::Quota(quota) = &mut count {
                    quota.mark_uncertain();
                }
                let row = vec![to_json(&count)?.into(), name.into()];
                self.0.execute("UPDATE counts SET count = ? WHERE kind = 'quota' AND name = ?", row)?;
            }
        }
        Ok(())
    }

    /// The tenant's terms; those of version 0 if none were told.
    pub(crate) fn tenant(&self) -> Result<TenantTerms> {
        Ok(self.json("SELECT terms AS json FROM tenant", vec![])?.unwrap_or_default())
    }

    pub(crate) fn put_tenant(&self, terms: &TenantTerms) -> Result<()> {
        self.0.execute("INSERT OR REPLACE INTO tenant (one, terms) VALUES (1, ?)", vec![to_json(terms)?.into()])
    }

    /// The terms of a key, if any were told.
    pub(crate) fn key(&self, key: &KeyId) -> Result<Option<KeyTerms>> {
        self.json("SELECT terms AS json FROM keys WHERE key = ?", vec![key.as_str().into()])
    }

    /// Writes the terms of a key, unless those of a higher version are there.
    pub(crate) fn put_key(&self, terms: &KeyTerms) -> Result<()> {
        let put = "INSERT INTO keys (key, version, terms) VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE
            SET version = excluded.version, terms = excluded.terms WHERE excluded.version > version";
        let version = i64::try_from(terms.version).unwrap_or(i64::MAX);
        self.0.execute(put, vec![terms.id.as_str().into(), version.into(), to_json(terms)?.into()])
    }

    /// Forgets the terms of the tenant and its keys.
    pub(crate) fn forget_terms(&self) -> Result<()> {
        self.0.execute("DELETE FROM tenant", vec![])?;
        self.0.execute("DELETE FROM keys", vec![])
    }

    /// Forgets all of the tenant and its keys: all but the object's knowledge of itself.
    pub(crate) fn forget_all(&self) -> Result<()> {
        FORGOTTEN.into_iter().try_for_each(|table| self.0.execute(&format!("DELETE FROM {table}"), vec![]))
    }

    /// Takes an addition, which waits to be made. Returns when its row may go; nothing if it was taken before.
    pub(crate) fn take_addition(&self, addition: &Addition) -> Result<Option<Timestamp>> {
        let Addition { id, ends_at, .. } = addition;
        let sweep_at = sweep_of_addition(*ends_at);
        let row =
            "INSERT OR IGNORE INTO additions (id, ends_at, sweep_at, waiting) VALUES (?, ?, ?, ?) RETURNING 1 AS one";
        let times = [ends_at.as_millis().into(), sweep_at.as_millis().into()];
        let bindings = [id.as_str().into()].into_iter().chain(times).chain([to_json(addition)?.into()]).collect();
        Ok(self.0.row::<One>(row, bindings)?.map(|_| sweep_at))
    }

    /// The additions that wait.
    pub(crate) fn waiting_additions(&self) -> Result<Vec<Addition>> {
        #[derive(Deserialize)]
        struct Row {
            waiting: String,
        }
        let rows: Vec<Row> =
            self.0.rows("SELECT waiting FROM additions WHERE waiting IS NOT NULL ORDER BY id", vec![])?;
        rows.into_iter().map(|row| serde_json::from_str(&row.waiting).map_err(Error::from)).collect()
    }

    /// Notes that an addition was made.
    pub(crate) fn made(&self, id: &str) -> Result<()> {
        self.0.execute("UPDATE additions SET waiting = NULL WHERE id = ?", vec![id.into()])
    }

    /// Notes that an addition was made, whatever else is known of it.
    pub(crate) fn put_made_addition(&self, MadeAddition { id, ends_at }: &MadeAddition) -> Result<()> {
        let row = "INSERT OR REPLACE INTO additions (id, ends_at, sweep_at, waiting) VALUES (?, ?, ?, NULL)";
        let sweep_at = sweep_of_addition(*ends_at);
        self.0.execute(row, vec![id.as_str().into(), ends_at.as_millis().into(), sweep_at.as_millis().into()])
    }

    /// The additions that were made, as long as they are kept.
    pub(crate) fn made_additions(&self) -> Result<Vec<MadeAddition>> {
        self.0.rows("SELECT id, ends_at FROM additions WHERE waiting IS NULL", vec![])
    }

    pub(crate) fn own(&self) -> Result<Own> {
        Ok(self.json("SELECT state AS json FROM state", vec![])?.unwrap_or_default())
    }

    pub(crate) fn put_own(&self, own: &Own) -> Result<()> {
        self.0.execute("INSERT OR REPLACE INTO state (one, state) VALUES (1, ?)", vec![to_json(own)?.into()])
    }

    /// Deletes rows that may go: not all at once if they are very many.
    pub(crate) fn sweep(&self, now: Timestamp) -> Result<()> {
        for rows in [
            "DELETE FROM counts WHERE (kind, name) IN (SELECT kind, name FROM counts WHERE sweep_at <= ? LIMIT ?)",
            "DELETE FROM additions WHERE id IN (SELECT id FROM additions WHERE sweep_at <= ? LIMIT ?)",
            "DELETE FROM told WHERE name IN (SELECT name FROM told WHERE until <= ? LIMIT ?)",
        ] {
            self.0.execute(rows, vec![now.as_millis().into(), SWEPT_ROWS.into()])?;
        }
        Ok(())
    }

    /// The time at which the next row may go, or an event is to be sent.
    pub(crate) fn next_sweep(&self) -> Result<Option<Timestamp>> {
        #[derive(Deserialize)]
        struct Next {
            at: Option<i64>,
        }
        let mut next = event_outbox::next_due(&self.0)?;
        for first in [
            "SELECT min(sweep_at) AS at FROM counts",
            "SELECT min(sweep_at) AS at FROM additions",
            "SELECT min(until) AS at FROM told",
        ] {
            let at = self.0.row::<Next>(first, vec![])?.and_then(|first| first.at).map(Timestamp::from_millis);
            next = next.into_iter().chain(at).min();
        }
        Ok(next)
    }

    /// Sets the alarm, in the transaction that is under way.
    pub(crate) fn arm(&self, at: Timestamp) -> Result<()> {
        self.0.arm(at)
    }

    /// The first row of a query, whose column `json` is JSON.
    fn json<T: DeserializeOwned>(&self, query: &str, bindings: Vec<SqlStorageValue>) -> Result<Option<T>> {
        #[derive(Deserialize)]
        struct Row {
            json: String,
        }
        let row: Option<Row> = self.0.row(query, bindings)?;
        row.map(|row| serde_json::from_str(&row.json)).transpose().map_err(Error::from)
    }
}

#[derive(Deserialize)]
struct One {}

fn to_json(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(Error::from)
}

const fn kind(limit: Limit) -> &'static str {
    match limit {
        Limit::Rate(_) => "rate",
        Limit::Quota(_) => "quota",
    }
}

/// The time at which a row may go in which nothing is counted from `over_at` on.
fn sweep_at(limit: Limit, over_at: Timestamp) -> Timestamp {
    match limit {
        Limit::Rate(_) => full_minute(over_at),
        Limit::Quota(_) => full_minute(over_at.plus_millis(KEPT_AFTER_MS)),
    }
}

fn sweep_of_addition(ends_at: Timestamp) -> Timestamp {
    full_minute(ends_at.plus_millis(KEPT_AFTER_MS))
}

/// The next full minute.
const fn full_minute(at: Timestamp) -> Timestamp {
    Timestamp::from_millis((at.as_millis().div_euclid(SWEEP_EVERY_MS) + 1) * SWEEP_EVERY_MS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use keystile_core::limits::{
        grant_log::RateLimit,
        limiter::Limiter,
        quota::{Period, Quota},
    };
    use keystile_runtime::database::digests;

    const NOW: Timestamp = Timestamp::from_millis(1_750_000_000_000);
    const MINUTELY: Limit = Limit::Rate(RateLimit { limit: 5, window_ms: 60_000 });
    const DAILY: Limit = Limit::Quota(Quota { limit: 900, period: Period::Day });

    #[test]
    fn the_schema_is_golden() {
        let golden = [
            "848c73b0c844c7c12cecd02348f22336bbaeda6ecbf495392cbcb1868a57661f",
            "be5010bde3a28e6ac6843c7a841c1ff347579191ab1e6276168b876f6f4cb7c9",
            "55e9aa17ac9793a3eef461423a06d5ccb8778605abe4626a7cf8acf82f8f784b",
        ];
        assert_eq!(digests(MIGRATIONS), golden);
    }

    #[test]
    fn all_tables_but_the_object_s_own_state_are_forgotten_with_the_tenant() {
        let parts = MIGRATIONS.iter().flat_map(|migration| migration.split("CREATE TABLE ").skip(1));
        let mut tables: Vec<_> = parts.filter_map(|part| part.split(' ').next()).collect();
        let mut decided: Vec<_> = FORGOTTEN.into_iter().chain(["state"]).collect();
        tables.sort_unstable();
        decided.sort_unstable();
        assert_eq!(tables, decided);
    }

    #[test]
    fn what_is_stored_is_golden() {
        let limits = [Counted { name: "minutely", limit: MINUTELY }, Counted { name: "daily", limit: DAILY }];
        let mut limiter = Limiter::new(u64::MAX - 2, None);
        limiter.ask(&limits, 1, 1, 0, NOW);
        limiter.ask(&limits, 1, 2, 10_000, NOW);
        limiter.add("daily", Quota { limit: 900, period: Period::Day }, 7, NOW).unwrap();
        let before = limits.map(|counted| limiter.stored(&counted).unwrap());
        limiter.restored(NOW);
        let after = limiter.stored(&limits[1]).unwrap();
        let golden = [
            r#"{"log":{"used":[[1750000000000,1]],"open":[{"number":18446744073709551614,"units":2,"reported":0,"ends_at":1750000010000}],"latest":1750000000000,"kept_ms":60000}}"#,
            r#"{"quota":{"current":["day",1750032000000],"counted":3,"added":7,"open":{"18446744073709551614":2},"restored_at":null,"uncertain":false,"used_up":false}}"#,
            r#"{"quota":{"current":["day",1750032000000],"counted":3,"added":7,"open":{"18446744073709551614":2},"restored_at":null,"uncertain":true,"used_up":false}}"#,
        ];
        for ((count, _), golden) in before.into_iter().chain([after]).zip(golden) {
            assert_eq!(to_json(&count).unwrap(), golden);
            assert_eq!(serde_json::from_str::<Count>(golden).unwrap(), count);
        }
        let own = Own { complete: true, restores: 2, restored_at: Some(NOW), numbers_end: u64::MAX, erased: false };
        let golden = r#"{"complete":true,"restores":2,"restored_at":1750000000000,"numbers_end":18446744073709551615}"#;
        assert_eq!(to_json(&own).unwrap(), golden);
        assert_eq!(serde_json::from_str::<Own>(golden).unwrap(), own);
    }

    #[test]
    fn a_row_goes_at_the_next_full_minute_and_a_quota_s_an_hour_later() {
        let minute = NOW.as_millis() / MINUTE_MS;
        let at = |minutes: i64| Timestamp::from_millis((minute + minutes) * MINUTE_MS);
        assert_eq!(sweep_at(MINUTELY, at(0)), at(1));
        assert_eq!(sweep_at(MINUTELY, at(1).plus_millis(-1)), at(1));
        assert_eq!(sweep_at(DAILY, at(0)), at(61));
    }
}
