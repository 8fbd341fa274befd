//! The rows of a router: the endpoints, the last number of each key, ids of events that it has had, and the hand-overs
//! that wait.

use keystile_core::{
    Timestamp,
    base::id::{EventId, KeyId, TenantId},
    events::{
        bounds::{IDS_KEPT_MS, SWEEP_EVERY_MS},
        event::{Event, NumberedEvent},
        figures::Figures,
        terms::{DEPLOYMENT_ROUTER, EndpointTerms},
    },
    feed::outbox::retry_delay_ms,
    objects::event_router::{MAX_BATCH, Report, RouterCounts},
};
use keystile_runtime::database::Database;
use serde::Deserialize;
use worker::{Error, Result, State};

pub(crate) const MIGRATIONS: &[&str] = &[
    "
-- The version of the list of endpoints; no row or one.
CREATE TABLE list (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    version INTEGER NOT NULL
);

-- The endpoints, and those whose objects have yet to be removed.
CREATE TABLE endpoints (
    id TEXT PRIMARY KEY,
    terms TEXT NOT NULL,              -- JSON
    version INTEGER NOT NULL,
    pending TEXT,                     -- configure or remove: what its object has yet to be told
    disabled_at_version INTEGER       -- the active_since of its terms when it disabled itself
) WITHOUT ROWID;

-- The number of the last event of each key.
CREATE TABLE sequences (
    key TEXT PRIMARY KEY,
    last INTEGER NOT NULL
) WITHOUT ROWID;

-- The ids of events that the router has had.
CREATE TABLE seen (
    event TEXT PRIMARY KEY,
    at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX seen_by_time ON seen (at);

-- The hand-overs that wait.
CREATE TABLE outbox (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    target TEXT NOT NULL,             -- the endpoint, or _deployment
    numbered TEXT NOT NULL            -- the event, JSON
);
CREATE INDEX outbox_by_target ON outbox (target, number);

-- The targets whose last call failed.
CREATE TABLE failing (
    target TEXT PRIMARY KEY,
    failures INTEGER NOT NULL,
    due_at INTEGER NOT NULL
) WITHOUT ROWID;
",
    "
-- The tenants that were erased, for good: the router's own, or in the deployment's router any.
CREATE TABLE erased (tenant TEXT PRIMARY KEY) WITHOUT ROWID;

-- The endpoints whose objects have yet to forget such a tenant.
CREATE TABLE forgetting (
    endpoint TEXT NOT NULL,
    tenant TEXT NOT NULL,
    PRIMARY KEY (endpoint, tenant)
) WITHOUT ROWID;
",
    "
-- The router of the deployment only: the last report of each endpoint, removed ones too, and the sums of all.
CREATE TABLE reports (
    endpoint TEXT PRIMARY KEY,
    number INTEGER NOT NULL,
    figures TEXT NOT NULL             -- JSON
) WITHOUT ROWID;
CREATE TABLE totals (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    figures TEXT NOT NULL             -- JSON
);
",
];

/// A target for which something waits.
struct Target {
    name: String,
    /// The settings, or whatever else it has yet to be told before events.
    settings: Option<What>,
    /// The row of its first event.
    first: Option<i64>,
    /// The time before which it isn't called, since the last call failed.
    due_at: Option<Timestamp>,
}

/// A call that is due.
#[derive(Clone, Debug)]
pub(crate) struct Due {
    pub(crate) target: String,
    pub(crate) what: What,
}

/// What a target is to be told.
#[derive(Clone, Debug)]
pub(crate) enum What {
    Configure(EndpointTerms),
    Remove,
    /// A tenant that was erased.
    ForgetTenant(TenantId),
    /// Events, and the number of the last one's row.
    Events(Vec<NumberedEvent>, i64),
}

pub(crate) struct Routing(Database);

#[derive(Deserialize)]
struct Endpoint {
    id: String,
    terms: String,
    pending: Option<String>,
}

impl Routing {
    pub(crate) fn open(state: &State) -> Result<Self> {
        Database::open(state, MIGRATIONS).map(Self)
    }

    pub(crate) fn transaction<T>(&self, work: impl FnMut() -> Result<T>) -> Result<T> {
        self.0.transaction(work)
    }

    /// Notes an event's id; false if it was noted before.
    pub(crate) fn is_new(&self, event: &EventId, now: Timestamp) -> Result<bool> {
        let row = "INSERT OR IGNORE INTO seen (event, at) VALUES (?, ?) RETURNING 1 AS one";
        Ok(self.0.row::<One>(row, vec![event.as_str().into(), now.as_millis().into()])?.is_some())
    }

    /// Numbers an event and hands it over: to those of the endpoints that ask for it, and to the deployment's router if it
    /// is of a tenant.
    pub(crate) fn record(&self, event: &Event, tenant: Option<&TenantId>, endpoints: &[EndpointTerms]) -> Result<()> {
        let sequence = event.key.as_ref().map(|key| self.next_number(key)).transpose()?;
        let numbered =
            NumberedEvent::new(event, tenant, sequence).map_err(|error| Error::RustError(error.to_string()))?;
        self.hand_over(&numbered, endpoints)?;
        if tenant.is_some() { self.push(DEPLOYMENT_ROUTER, &numbered) } else { Ok(()) }
    }

    /// Hands a numbered event over to those of the endpoints that ask for it.
    pub(crate) fn hand_over(&self, event: &NumberedEvent, endpoints: &[EndpointTerms]) -> Result<()> {
        let mut asking = endpoints.iter().filter(|terms| terms.asks_for(event.event_type));
        asking.try_for_each(|terms| self.push(terms.id.as_str(), event))
    }

    fn push(&self, target: &str, event: &NumberedEvent) -> Result<()> {
        let row = vec![target.into(), serde_json::to_string(event)?.into()];
        self.0.execute("INSERT INTO outbox (target, numbered) VALUES (?, ?)", row)
    }

    fn next_number(&self, key: &KeyId) -> Result<u64> {
        #[derive(Deserialize)]
        struct Last {
            last: u64,
        }
        let next = "INSERT INTO sequences (key, last) VALUES (?, 1)
            ON CONFLICT (key) DO UPDATE SET last = last + 1 RETURNING last";
        let last: Option<Last> = self.0.row(next, vec![key.as_str().into()])?;
        last.map(|last| last.last).ok_or_else(|| Error::RustError("no number".into()))
    }

    fn endpoints(&self) -> Result<Vec<Endpoint>> {
        self.0.rows("SELECT id, terms, pending FROM endpoints ORDER BY id", vec![])
    }

    /// The terms of the endpoints, without those that have yet to be removed.
    pub(crate) fn terms(&self) -> Result<Vec<EndpointTerms>> {
        let there = self.endpoints()?.into_iter().filter(|endpoint| endpoint.pending.as_deref() != Some("remove"));
        there.map(|endpoint| serde_json::from_str(&endpoint.terms).map_err(Error::from)).collect()
    }

    /// Takes a list of endpoints, unless it is older than the one that is there.
    pub(crate) fn tell(&self, version: u64, endpoints: &[EndpointTerms]) -> Result<()> {
        let taken = "INSERT INTO list (one, version) VALUES (1, ?) ON CONFLICT (one) DO UPDATE
            SET version = excluded.version WHERE excluded.version >= version RETURNING 1 AS one";
        if self.0.row::<One>(taken, vec![number(version).into()])?.is_none() {
            return Ok(());
        }
        for endpoint in self.endpoints()?.iter().filter(|known| !endpoints.iter().any(|t| t.id.as_str() == known.id)) {
            self.remove(&endpoint.id)?;
        }
        for terms in endpoints {
            let put = "INSERT INTO endpoints (id, terms, version, pending) VALUES (?, ?, ?, 'configure')
                ON CONFLICT (id) DO UPDATE SET terms = excluded.terms, version = excluded.version, pending = 'configure'
                WHERE excluded.version > version";
            let row =
                vec![terms.id.as_str().into(), serde_json::to_string(terms)?.into(), number(terms.version).into()];
            self.0.execute(put, row)?;
        }
        Ok(())
    }

    fn remove(&self, id: &str) -> Result<()> {
        self.0.execute("UPDATE endpoints SET pending = 'remove' WHERE id = ?", vec![id.into()])?;
        self.0.execute("DELETE FROM outbox WHERE target = ?", vec![id.into()])
    }

    /// Notes that an endpoint disabled itself; false if that was noted before, or it isn't known.
    pub(crate) fn note_disabled(&self, id: &str, active_since: u64) -> Result<bool> {
        let note = "UPDATE endpoints SET disabled_at_version = ?1 WHERE id = ?2 AND pending IS NOT 'remove'
            AND (disabled_at_version IS NULL OR disabled_at_version < ?1) RETURNING 1 AS one";
        Ok(self.0.row::<One>(note, vec![number(active_since).into(), id.into()])?.is_some())
    }

    /// Forgets all of the tenant but its name and the endpoints whose objects have yet to be removed. Returns whether
    /// there are none.
    pub(crate) fn erase(&self, tenant: &str) -> Result<bool> {
        self.0.execute("INSERT OR IGNORE INTO erased (tenant) VALUES (?)", vec![tenant.into()])?;
        for table in ["sequences", "seen", "outbox", "failing"] {
            self.0.execute(&format!("DELETE FROM {table}"), vec![])?;
        }
        self.0.execute("UPDATE endpoints SET pending = 'remove'", vec![])?;
        Ok(self.endpoints()?.is_empty())
    }

    /// Forgets the events of a tenant, and has each endpoint's object do so. Returns whether all have.
    pub(crate) fn forget(&self, tenant: &TenantId) -> Result<bool> {
        let tenant = || vec![tenant.as_str().into()];
        let insert = "INSERT OR IGNORE INTO erased (tenant) VALUES (?) RETURNING 1 AS one";
        if self.0.row::<One>(insert, tenant())?.is_some() {
            self.0.execute("DELETE FROM outbox WHERE json_extract(numbered, '$.tenant') = ?", tenant())?;
            self.0.execute("INSERT INTO forgetting (endpoint, tenant) SELECT id, ? FROM endpoints", tenant())?;
        }
        Ok(self.0.row::<One>("SELECT 1 AS one FROM forgetting WHERE tenant = ? LIMIT 1", tenant())?.is_none())
    }

    /// Whether a tenant was erased.
    pub(crate) fn is_erased(&self, tenant: &str) -> Result<bool> {
        Ok(self.0.row::<One>("SELECT 1 AS one FROM erased WHERE tenant = ?", vec![tenant.into()])?.is_some())
    }

    fn next_to_forget(&self, endpoint: &str) -> Result<Option<TenantId>> {
        #[derive(Deserialize)]
        struct Row {
            tenant: TenantId,
        }
        let query = "SELECT tenant FROM forgetting WHERE endpoint = ? ORDER BY tenant LIMIT 1";
        Ok(self.0.row::<Row>(query, vec![endpoint.into()])?.map(|row| row.tenant))
    }

    pub(crate) fn counts(&self) -> Result<RouterCounts> {
        #[derive(Deserialize)]
        struct Counts {
            waiting: u64,
            endpoints: u32,
        }
        let query = "SELECT (SELECT count(*) FROM outbox) AS waiting,
            (SELECT count(*) FROM endpoints WHERE pending IS NOT 'remove') AS endpoints";
        let counts: Option<Counts> = self.0.row(query, vec![])?;
        let (waiting, endpoints) = counts.map_or((0, 0), |counts| (counts.waiting, counts.endpoints));
        Ok(RouterCounts { waiting, endpoints, reported: self.totals()? })
    }

    /// Takes an endpoint's report, unless a later one was taken.
    pub(crate) fn take_report(&self, report: &Report) -> Result<()> {
        let endpoint = report.endpoint.as_str();
        let last: Option<Reported> =
            self.0.row("SELECT number, figures FROM reports WHERE endpoint = ?", vec![endpoint.into()])?;
        if last.as_ref().is_some_and(|last| report.number <= last.number) {
            return Ok(());
        }
        let former: Figures =
            last.map_or_else(|| Ok(Figures::default()), |last| serde_json::from_str(&last.figures))?;
        let mut totals = self.totals()?;
        totals.replace(&former, &report.figures);
        let row = vec![endpoint.into(), number(report.number).into(), serde_json::to_string(&report.figures)?.into()];
        self.0.execute("INSERT OR REPLACE INTO reports (endpoint, number, figures) VALUES (?, ?, ?)", row)?;
        let totals = serde_json::to_string(&totals)?;
        self.0.execute("INSERT OR REPLACE INTO totals (one, figures) VALUES (1, ?)", vec![totals.into()])
    }

    fn totals(&self) -> Result<Figures> {
        #[derive(Deserialize)]
        struct Totals {
            figures: String,
        }
        let row: Option<Totals> = self.0.row("SELECT figures FROM totals", vec![])?;
        row.map_or_else(|| Ok(Figures::default()), |row| serde_json::from_str(&row.figures).map_err(Error::from))
    }

    /// Up to `limit` calls that are due, one for each target, but for targets that are under way. The target whose first
    /// event is the oldest comes first, and settings come before events.
    pub(crate) fn due(&self, under_way: &[String], limit: usize, now: Timestamp) -> Result<Vec<Due>> {
        let mut due = self.waiting()?;
        due.retain(|target| target.due_at.is_none_or(|at| at <= now) && !under_way.contains(&target.name));
        due.sort_by_key(|target| target.settings.is_none().then_some(target.first));
        due.truncate(limit);
        due.into_iter()
            .map(|Target { name, settings, .. }| {
                let what = match settings {
                    Some(what) => what,
                    None => self.events_for(&name)?,
                };
                Ok(Due { target: name, what })
            })
            .collect()
    }

    /// The terms that up to `limit` endpoints have yet to take, be they failing or not.
    pub(crate) fn to_configure(&self, limit: usize) -> Result<Vec<Due>> {
        let pending = self.endpoints()?.into_iter().filter(|known| known.pending.as_deref() == Some("configure"));
        pending
            .take(limit)
            .map(|Endpoint { id, terms, .. }| {
                Ok(Due { target: id, what: What::Configure(serde_json::from_str(&terms)?) })
            })
            .collect()
    }

    /// The targets for which something waits.
    fn waiting(&self) -> Result<Vec<Target>> {
        #[derive(Deserialize)]
        struct First {
            number: i64,
        }
        let mut waiting = Vec::new();
        let mut add = |name: String, settings: Option<What>| {
            let query = "SELECT number FROM outbox WHERE target = ? ORDER BY number LIMIT 1";
            let first: Option<First> = self.0.row(query, vec![name.as_str().into()])?;
            if settings.is_some() || first.is_some() {
                let (first, due_at) = (first.map(|first| first.number), self.due_at(&name)?);
                waiting.push(Target { name, settings, first, due_at });
            }
            Ok::<_, Error>(())
        };
        add(DEPLOYMENT_ROUTER.to_owned(), None)?;
        for endpoint in self.endpoints()? {
            let settings = match endpoint.pending.as_deref() {
                Some("remove") => Some(What::Remove),
                Some(_) => Some(What::Configure(serde_json::from_str(&endpoint.terms)?)),
                None => self.next_to_forget(&endpoint.id)?.map(What::ForgetTenant),
            };
            add(endpoint.id, settings)?;
        }
        Ok(waiting)
    }

    fn events_for(&self, target: &str) -> Result<What> {
        #[derive(Deserialize)]
        struct Row {
            number: i64,
            numbered: String,
        }
        let query = "SELECT number, numbered FROM outbox WHERE target = ? ORDER BY number LIMIT ?";
        let rows: Vec<Row> = self.0.rows(query, vec![target.into(), (MAX_BATCH as i64).into()])?;
        let last = rows.last().map_or(0, |row| row.number);
        let events = rows.iter().map(|row| serde_json::from_str(&row.numbered)).collect::<serde_json::Result<_>>()?;
        Ok(What::Events(events, last))
    }

    fn due_at(&self, target: &str) -> Result<Option<Timestamp>> {
        #[derive(Deserialize)]
        struct Row {
            due_at: Timestamp,
        }
        let row: Option<Row> = self.0.row("SELECT due_at FROM failing WHERE target = ?", vec![target.into()])?;
        Ok(row.map(|row| row.due_at))
    }

    /// Notes that a call was answered.
    pub(crate) fn done(&self, due: &Due) -> Result<()> {
        let target = due.target.as_str();
        self.0.execute("DELETE FROM failing WHERE target = ?", vec![target.into()])?;
        match &due.what {
            What::Configure(terms) => {
                let done = "UPDATE endpoints SET pending = NULL WHERE id = ? AND version = ? AND pending = 'configure'";
                self.0.execute(done, vec![target.into(), number(terms.version).into()])
            }
            What::Remove => {
                self.0.execute("DELETE FROM endpoints WHERE id = ? AND pending = 'remove'", vec![target.into()])?;
                self.0.execute("DELETE FROM forgetting WHERE endpoint = ?", vec![target.into()])
            }
            What::ForgetTenant(tenant) => {
                let done = "DELETE FROM forgetting WHERE endpoint = ? AND tenant = ?";
                self.0.execute(done, vec![target.into(), tenant.as_str().into()])
            }
            What::Events(_, last) => self
                .0
                .execute("DELETE FROM outbox WHERE target = ? AND number <= ?", vec![target.into(), (*last).into()]),
        }
    }

    /// Notes that a call failed.
    pub(crate) fn failed(&self, due: &Due, now: Timestamp) -> Result<()> {
        #[derive(Deserialize)]
        struct Row {
            failures: u32,
        }
        let note = "INSERT INTO failing (target, failures, due_at) VALUES (?, 1, 0)
            ON CONFLICT (target) DO UPDATE SET failures = failures + 1 RETURNING failures";
        let target = due.target.as_str();
        let row: Option<Row> = self.0.row(note, vec![target.into()])?;
        let failures = row.map_or(0, |row| row.failures.saturating_sub(1));
        let at = now.plus_millis(retry_delay_ms(failures)).as_millis();
        self.0.execute("UPDATE failing SET due_at = ? WHERE target = ?", vec![at.into(), target.into()])
    }

    /// Deletes ids that may go.
    pub(crate) fn sweep(&self, now: Timestamp) -> Result<()> {
        let before = now.plus_millis(-IDS_KEPT_MS).as_millis();
        self.0.execute("DELETE FROM seen WHERE at <= ?", vec![before.into()])
    }

    /// Sets the alarm for what is due next.
    pub(crate) fn arm(&self, now: Timestamp) -> Result<()> {
        #[derive(Deserialize)]
        struct First {
            at: Option<Timestamp>,
        }
        let first: Option<First> = self.0.row("SELECT min(at) AS at FROM seen", vec![])?;
        let sweep = first.and_then(|first| first.at).map(|at| at.plus_millis(IDS_KEPT_MS + SWEEP_EVERY_MS));
        let calls = self.waiting()?.iter().map(|target| target.due_at.unwrap_or(now)).min();
        let next = [sweep, calls].into_iter().flatten().min();
        next.map_or(Ok(()), |at| self.0.arm(at))
    }
}

#[derive(Deserialize)]
struct One {}

#[derive(Deserialize)]
struct Reported {
    number: u64,
    figures: String,
}

fn number(version: u64) -> i64 {
    i64::try_from(version).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use keystile_runtime::database::digests;

    #[test]
    fn the_schema_is_golden() {
        assert_eq!(
            digests(MIGRATIONS),
            [
                "1071d8a1b307dfcc83e3d0770237bcaf2b74be3e19b9f0442bba7ea6368ef568",
                "f04a14064d40b466009f4e1e4ce4a1fd772d8a645a8d8e231042b994d32ee634",
                "f94ea3e8d494a83aa255a3ddfeb84f86082167932d81503665080c3ada858490"
            ]
        );
    }
}
