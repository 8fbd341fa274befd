//! The rows of an endpoint: the events that wait, attempts, dead letters, ids of events that it has had, and the
//! endpoint's own state.
//!
//! The events of one key are a lane. The first event of a lane is its head; only heads are sent. Rows are numbered in the
//! order of time, so the first row of a table is its oldest.

use keystile_core::base::timestamp::Rfc3339;
use keystile_core::{
    Timestamp,
    base::id::{EventId, KeyId, TenantId},
    events::{
        attempt::Next,
        bounds::{
            ATTEMPTS_KEPT_MS, DEAD_LETTERS_KEPT_MS, DeadLetterReason, IDS_KEPT_MS, MAX_ATTEMPTS_KEPT, MAX_DEAD_LETTERS,
            SWEEP_EVERY_MS,
        },
        event::NumberedEvent,
        event_type::EventType,
        health::Health,
        terms::EndpointTerms,
    },
    objects::event_endpoint::{AttemptPage, DeadLetterPage, ShownAttempt, ShownDeadLetter},
};
use keystile_runtime::{database::Database, log};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use worker::{Error, Result, SqlStorageValue, State};

use crate::{pump::Lane, reporting::Reporting, sending::Attempt};

pub(crate) const MIGRATIONS: &[&str] = &[
    "
-- The endpoint's terms, health and reports; no row or one.
CREATE TABLE own (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    state TEXT NOT NULL               -- JSON
);

-- The events that wait.
CREATE TABLE queue (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    event TEXT NOT NULL UNIQUE,       -- the event's id
    lane TEXT NOT NULL,               -- the key, or the tenant of an event without a key
    numbered TEXT NOT NULL,           -- the event, JSON
    received_at INTEGER NOT NULL,
    head INTEGER NOT NULL,            -- 1: it is the first one of its lane
    due_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    last_attempt_at INTEGER,
    last_status INTEGER
);
CREATE INDEX queue_by_lane ON queue (lane, number);
CREATE INDEX queue_due ON queue (due_at) WHERE head = 1;

-- The attempts, as they are shown.
CREATE TABLE attempts (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    event TEXT NOT NULL,
    at INTEGER NOT NULL,
    shown TEXT NOT NULL               -- JSON
);
CREATE INDEX attempts_by_event ON attempts (event, number);

-- The dead letters.
CREATE TABLE dead_letters (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    event TEXT NOT NULL UNIQUE,
    lane TEXT NOT NULL,
    numbered TEXT NOT NULL,
    received_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    last_attempt_at INTEGER,
    last_status INTEGER,
    reason TEXT NOT NULL,
    buried_at INTEGER NOT NULL
);

-- The ids of events that the endpoint has had.
CREATE TABLE seen (
    event TEXT PRIMARY KEY,
    at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX seen_by_time ON seen (at);
",
    "
-- The tenants that were erased, for good.
CREATE TABLE erased (tenant TEXT PRIMARY KEY) WITHOUT ROWID;
",
    "
-- What the endpoint keeps for its reports; no row or one.
CREATE TABLE reporting (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    state TEXT NOT NULL               -- JSON
);
",
];

/// The endpoint's own state.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Own {
    pub(crate) terms: Option<EndpointTerms>,
    pub(crate) health: Health,
    pub(crate) paused_at: Option<Timestamp>,
    /// The report of a disabling that the router has not taken yet: its failures, and the next time.
    pub(crate) report: Option<(u32, Timestamp)>,
    /// Whether the endpoint was removed. What it is told later, it is told too late.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) removed: bool,
}

/// An event that is due.
#[derive(Clone, Debug)]
pub(crate) struct Waiting {
    pub(crate) number: i64,
    lane: String,
    pub(crate) attempts: u32,
    pub(crate) event: NumberedEvent,
}

impl Lane for Waiting {
    type Id = String;

    fn lane(&self) -> String {
        self.lane.clone()
    }
}

pub(crate) struct Queue(Database);

impl Queue {
    pub(crate) fn open(state: &State) -> Result<Self> {
        Database::open(state, MIGRATIONS).map(Self)
    }

    pub(crate) fn transaction<T>(&self, work: impl FnMut() -> Result<T>) -> Result<T> {
        self.0.transaction(work)
    }

    pub(crate) fn own(&self) -> Result<Own> {
        self.state("SELECT state FROM own")
    }

    pub(crate) fn put_own(&self, own: &Own) -> Result<()> {
        self.0.execute("INSERT OR REPLACE INTO own (one, state) VALUES (1, ?)", vec![to_json(own)?.into()])
    }

    pub(crate) fn reporting(&self) -> Result<Reporting> {
        self.state("SELECT state FROM reporting")
    }

    pub(crate) fn put_reporting(&self, reporting: &Reporting) -> Result<()> {
        let row = vec![to_json(reporting)?.into()];
        self.0.execute("INSERT OR REPLACE INTO reporting (one, state) VALUES (1, ?)", row)
    }

    /// The one row of a table, or the default.
    fn state<T: Default + DeserializeOwned>(&self, query: &str) -> Result<T> {
        #[derive(Deserialize)]
        struct Row {
            state: String,
        }
        self.0.row::<Row>(query, vec![])?.map_or_else(|| Ok(T::default()), |row| from_json(&row.state))
    }

    /// Forgets everything but that the endpoint was removed, and what is for reports.
    pub(crate) fn clear(&self) -> Result<()> {
        for table in ["queue", "attempts", "dead_letters", "seen", "erased"] {
            self.0.execute(&format!("DELETE FROM {table}"), vec![])?;
        }
        self.put_own(&Own { removed: true, ..Own::default() })
    }

    /// Forgets the events of a tenant, which was erased. No other events are in their lanes.
    pub(crate) fn forget(&self, tenant: &TenantId) -> Result<()> {
        self.0.execute("INSERT OR IGNORE INTO erased (tenant) VALUES (?)", vec![tenant.as_str().into()])?;
        ["queue", "dead_letters"].into_iter().try_for_each(|table| {
            let delete = format!("DELETE FROM {table} WHERE json_extract(numbered, '$.tenant') = ?");
            self.0.execute(&delete, vec![tenant.as_str().into()])
        })
    }

    /// Whether the event is of a tenant that was erased.
    pub(crate) fn is_of_erased(&self, event: &NumberedEvent) -> Result<bool> {
        let Some(tenant) = &event.tenant else { return Ok(false) };
        let query = "SELECT 1 AS one FROM erased WHERE tenant = ?";
        Ok(self.0.row::<One>(query, vec![tenant.as_str().into()])?.is_some())
    }

    /// Notes an event's id; false if it was noted before.
    pub(crate) fn is_new(&self, event: &EventId, now: Timestamp) -> Result<bool> {
        let row = "INSERT OR IGNORE INTO seen (event, at) VALUES (?, ?) RETURNING 1 AS one";
        Ok(self.0.row::<One>(row, vec![event.as_str().into(), now.as_millis().into()])?.is_some())
    }

    /// Puts an event at the end of its lane.
    pub(crate) fn push(&self, event: &NumberedEvent, now: Timestamp) -> Result<()> {
        let lane = lane(event);
        let push = "INSERT OR IGNORE INTO queue (event, lane, numbered, received_at, head, due_at, attempts)
            SELECT ?, ?, ?, ?, NOT EXISTS (SELECT 1 FROM queue WHERE lane = ?), ?, 0";
        let row: Vec<SqlStorageValue> = vec![
            event.id.as_str().into(),
            lane.into(),
            to_json(event)?.into(),
            now.as_millis().into(),
            lane.into(),
            now.as_millis().into(),
        ];
        self.0.execute(push, row)
    }

    pub(crate) fn waiting(&self) -> Result<u64> {
        self.count("SELECT count(*) AS n FROM queue", vec![])
    }

    /// The number of events that wait, or, if with `more` they are below `max` in any case, a greater one, which takes no
    /// count of all rows.
    pub(crate) fn waiting_at_most(&self, more: u64, max: u64) -> Result<u64> {
        let range = self.range("queue")?;
        if range + more < max { Ok(range) } else { self.waiting() }
    }

    pub(crate) fn dead_letters(&self) -> Result<u64> {
        self.count("SELECT count(*) AS n FROM dead_letters", vec![])
    }

    /// The numbers from the first row to the last one of a table.
    fn range(&self, table: &str) -> Result<u64> {
        let query =
            format!("SELECT ifnull((SELECT max(number) FROM {table}) - (SELECT min(number) FROM {table}) + 1, 0) AS n");
        self.count(&query, vec![])
    }

    fn count(&self, query: &str, bindings: Vec<SqlStorageValue>) -> Result<u64> {
        Ok(self.0.row::<Count>(query, bindings)?.map_or(0, |count| count.n))
    }

    /// Up to `limit` heads that are due, but for those of lanes that are under way.
    pub(crate) fn due(&self, under_way: &[String], limit: usize, now: Timestamp) -> Result<Vec<Waiting>> {
        #[derive(Deserialize)]
        struct Row {
            number: i64,
            lane: String,
            attempts: u32,
            numbered: String,
        }
        let query = "SELECT number, lane, attempts, numbered FROM queue
            WHERE head = 1 AND due_at <= ? ORDER BY due_at, number LIMIT ?";
        let most = (limit + under_way.len()) as i64;
        let rows: Vec<Row> = self.0.rows(query, vec![now.as_millis().into(), most.into()])?;
        let free = rows.into_iter().filter(|row| !under_way.contains(&row.lane)).take(limit);
        free.map(|Row { number, lane, attempts, numbered }| {
            Ok(Waiting { number, lane, attempts, event: from_json(&numbered)? })
        })
        .collect()
    }

    /// The time at which the next head is due.
    pub(crate) fn next_due(&self) -> Result<Option<Timestamp>> {
        self.earliest("SELECT min(due_at) AS at FROM queue WHERE head = 1")
    }

    /// The time at which the event came that waits longest.
    pub(crate) fn oldest(&self) -> Result<Option<Timestamp>> {
        self.earliest("SELECT received_at AS at FROM queue ORDER BY number LIMIT 1")
    }

    /// The time at which the next rows go.
    pub(crate) fn next_sweep(&self) -> Result<Option<Timestamp>> {
        let after =
            |query, kept: i64| Ok::<_, Error>(self.earliest(query)?.map(|at| at.plus_millis(kept + SWEEP_EVERY_MS)));
        let times = [
            after("SELECT at FROM attempts ORDER BY number LIMIT 1", ATTEMPTS_KEPT_MS)?,
            after("SELECT buried_at AS at FROM dead_letters ORDER BY number LIMIT 1", DEAD_LETTERS_KEPT_MS)?,
            after("SELECT min(at) AS at FROM seen", IDS_KEPT_MS)?,
        ];
        Ok(times.into_iter().flatten().min())
    }

    fn earliest(&self, query: &str) -> Result<Option<Timestamp>> {
        #[derive(Deserialize)]
        struct Earliest {
            at: Option<Timestamp>,
        }
        Ok(self.0.row::<Earliest>(query, vec![])?.and_then(|earliest| earliest.at))
    }

    /// Carries out the step after an attempt. An event that became a dead letter meanwhile is none if it was delivered.
    pub(crate) fn step(&self, waiting: &Waiting, attempt: &Attempt, next: Next, now: Timestamp) -> Result<()> {
        if next == Next::Done {
            if !self.remove(waiting, now)? {
                self.discard(&waiting.event.id)?;
            }
            return Ok(());
        }
        let status = attempt.status.map_or(SqlStorageValue::Null, |status| i64::from(status).into());
        let due_at = if let Next::Retry(at) = next { at } else { now };
        let update = "UPDATE queue SET attempts = ?, last_attempt_at = ?, last_status = ?, due_at = ? WHERE number = ?";
        let row = vec![
            i64::from(waiting.attempts + 1).into(),
            attempt.began_at.as_millis().into(),
            status,
            due_at.as_millis().into(),
            waiting.number.into(),
        ];
        self.0.execute(update, row)?;
        if next == Next::GiveUp {
            self.bury("number = ?", vec![waiting.number.into()], DeadLetterReason::AttemptsFailed, now)?;
            self.remove(waiting, now)?;
        }
        Ok(())
    }

    /// Removes the head of a lane, and returns whether it was there. The next event of the lane takes its place.
    fn remove(&self, waiting: &Waiting, now: Timestamp) -> Result<bool> {
        let delete = "DELETE FROM queue WHERE number = ? RETURNING 1 AS one";
        let removed = self.0.row::<One>(delete, vec![waiting.number.into()])?.is_some();
        self.promote(&waiting.lane, now)?;
        Ok(removed)
    }

    fn promote(&self, lane: &str, now: Timestamp) -> Result<()> {
        let promote = "UPDATE queue SET head = 1, due_at = ?
            WHERE number = (SELECT min(number) FROM queue WHERE lane = ?) AND head = 0";
        self.0.execute(promote, vec![now.as_millis().into(), lane.into()])
    }

    /// Makes dead letters of all events that wait, or of those that came before a time.
    pub(crate) fn bury_waiting(
        &self,
        before: Option<Timestamp>,
        reason: DeadLetterReason,
        now: Timestamp,
    ) -> Result<()> {
        let before = before.map_or(i64::MAX >> 11, Timestamp::as_millis);
        self.bury("received_at <= ?", vec![before.into()], reason, now)?;
        self.0.execute("DELETE FROM queue WHERE received_at <= ?", vec![before.into()])?;
        self.promote_all(now)
    }

    /// Gives every lane that has no head its own.
    fn promote_all(&self, now: Timestamp) -> Result<()> {
        let promote = "UPDATE queue SET head = 1, due_at = ? WHERE head = 0
            AND number IN (SELECT min(number) FROM queue GROUP BY lane)";
        self.0.execute(promote, vec![now.as_millis().into()])
    }

    /// Makes a dead letter of an event that never waited.
    pub(crate) fn bury_new(&self, event: &NumberedEvent, reason: DeadLetterReason, now: Timestamp) -> Result<()> {
        let insert = "INSERT OR REPLACE INTO dead_letters
            (event, lane, numbered, received_at, attempts, reason, buried_at) VALUES (?, ?, ?, ?, 0, ?, ?)";
        let at = now.as_millis();
        let row = vec![
            event.id.as_str().into(),
            lane(event).into(),
            to_json(event)?.into(),
            at.into(),
            name_of(reason).into(),
            at.into(),
        ];
        self.0.execute(insert, row)?;
        self.trim_dead_letters(0)
    }

    /// Makes dead letters of these events, the newest that may be kept.
    fn bury(
        &self,
        which: &str,
        bindings: Vec<SqlStorageValue>,
        reason: DeadLetterReason,
        now: Timestamp,
    ) -> Result<()> {
        let count = self.count(&format!("SELECT count(*) AS n FROM queue WHERE {which}"), bindings.clone())?;
        let insert = format!(
            "INSERT OR REPLACE INTO dead_letters
                (event, lane, numbered, received_at, attempts, last_attempt_at, last_status, reason, buried_at)
             SELECT event, lane, numbered, received_at, attempts, last_attempt_at, last_status, ?, ?
             FROM (SELECT * FROM queue WHERE {which} ORDER BY number DESC LIMIT {MAX_DEAD_LETTERS}) ORDER BY number"
        );
        let all = [name_of(reason).into(), now.as_millis().into()].into_iter().chain(bindings).collect();
        self.0.execute(&insert, all)?;
        self.trim_dead_letters(count.saturating_sub(MAX_DEAD_LETTERS))
    }

    /// Drops the oldest dead letters of too many. `never_kept` were dropped before they were any.
    fn trim_dead_letters(&self, never_kept: u64) -> Result<()> {
        let is_over = self.range("dead_letters")? > MAX_DEAD_LETTERS;
        let over = if is_over { self.dead_letters()?.saturating_sub(MAX_DEAD_LETTERS) } else { 0 };
        if over > 0 {
            let delete = "DELETE FROM dead_letters WHERE number IN
                (SELECT number FROM dead_letters ORDER BY number LIMIT ?)";
            self.0.execute(delete, vec![(over as i64).into()])?;
        }
        if over + never_kept > 0 {
            log::warn("dead_letters_dropped", &[("letters", (over + never_kept).into())]);
        }
        Ok(())
    }

    /// Puts dead letters back into the queue, as if they were new. Returns their number.
    pub(crate) fn redrive(&self, event: Option<&EventId>, now: Timestamp) -> Result<u64> {
        let Some(event) = event else {
            let count = self.dead_letters()?;
            self.put_back("true", None, now)?;
            self.promote_all(now)?;
            return Ok(count);
        };
        #[derive(Deserialize)]
        struct Row {
            lane: String,
        }
        let of_it = || event.as_str().into();
        let row: Option<Row> = self.0.row("SELECT lane FROM dead_letters WHERE event = ?", vec![of_it()])?;
        let Some(Row { lane }) = row else { return Ok(0) };
        self.put_back("event = ?", Some(of_it()), now)?;
        // The other lanes have their heads.
        self.promote(&lane, now)?;
        Ok(1)
    }

    fn put_back(&self, which: &str, binding: Option<SqlStorageValue>, now: Timestamp) -> Result<()> {
        let put = format!(
            "INSERT OR IGNORE INTO queue (event, lane, numbered, received_at, head, due_at, attempts)
             SELECT event, lane, numbered, ?, 0, ?, 0 FROM dead_letters WHERE {which} ORDER BY received_at, number"
        );
        let at = now.as_millis();
        self.0.execute(&put, [at.into(), at.into()].into_iter().chain(binding.clone()).collect())?;
        self.0.execute(&format!("DELETE FROM dead_letters WHERE {which}"), binding.into_iter().collect())
    }

    /// Deletes a dead letter; false if there is none.
    pub(crate) fn discard(&self, event: &EventId) -> Result<bool> {
        let delete = "DELETE FROM dead_letters WHERE event = ? RETURNING 1 AS one";
        Ok(self.0.row::<One>(delete, vec![event.as_str().into()])?.is_some())
    }

    pub(crate) fn note_attempt(&self, shown: &ShownAttempt) -> Result<()> {
        let row = vec![shown.event.as_str().into(), shown.at.0.as_millis().into(), to_json(shown)?.into()];
        self.0.execute("INSERT INTO attempts (event, at, shown) VALUES (?, ?, ?)", row)?;
        let trim = "DELETE FROM attempts WHERE number <= (SELECT max(number) FROM attempts) - ?";
        self.0.execute(trim, vec![(MAX_ATTEMPTS_KEPT as i64).into()])
    }

    /// A page of attempts, newest first.
    pub(crate) fn attempts(&self, event: Option<&EventId>, before: Option<i64>, limit: u32) -> Result<AttemptPage> {
        #[derive(Deserialize)]
        struct Row {
            number: i64,
            shown: String,
        }
        let of_one = event.map_or("", |_| " AND event = ?");
        let query = format!("SELECT number, shown FROM attempts WHERE number < ?{of_one} ORDER BY number DESC LIMIT ?");
        let mut bindings: Vec<SqlStorageValue> = vec![before.unwrap_or(i64::MAX >> 11).into()];
        bindings.extend(event.map(|event| event.as_str().into()));
        bindings.push((i64::from(limit) + 1).into());
        let (rows, next) = page(self.0.rows(&query, bindings)?, limit, |row: &Row| row.number);
        let attempts = rows.iter().map(|row| from_json(&row.shown)).collect::<Result<_>>()?;
        Ok(AttemptPage { attempts, next })
    }

    /// A page of dead letters, newest first.
    pub(crate) fn dead_letter_page(&self, before: Option<i64>, limit: u32) -> Result<DeadLetterPage> {
        #[derive(Deserialize)]
        struct Row {
            number: i64,
            numbered: String,
            received_at: Timestamp,
            attempts: u32,
            last_attempt_at: Option<Timestamp>,
            last_status: Option<u16>,
            reason: DeadLetterReason,
        }
        let query = "SELECT number, numbered, received_at, attempts, last_attempt_at, last_status, reason
            FROM dead_letters WHERE number < ? ORDER BY number DESC LIMIT ?";
        let bindings = vec![before.unwrap_or(i64::MAX >> 11).into(), (i64::from(limit) + 1).into()];
        let (rows, next) = page(self.0.rows(query, bindings)?, limit, |row: &Row| row.number);
        let shown = |row: Row| {
            let event: Named = from_json(&row.numbered)?;
            Ok(ShownDeadLetter {
                event: event.id,
                event_type: event.event_type,
                key: event.key,
                tenant: event.tenant,
                created_at: Rfc3339(row.received_at),
                last_attempt_at: row.last_attempt_at.map(Rfc3339),
                attempts: row.attempts,
                last_status: row.last_status,
                reason: row.reason,
            })
        };
        Ok(DeadLetterPage { dead_letters: rows.into_iter().map(shown).collect::<Result<_>>()?, next })
    }

    /// Deletes rows that may go. Returns whether dead letters went.
    pub(crate) fn sweep(&self, now: Timestamp) -> Result<bool> {
        let before = |kept: i64| vec![now.plus_millis(-kept).as_millis().into()];
        // The first row that stays ends the search.
        let delete = |table: &str, time: &str| {
            format!(
                "DELETE FROM {table} WHERE number < ifnull(
                    (SELECT number FROM {table} WHERE {time} > ? ORDER BY number LIMIT 1),
                    (SELECT max(number) + 1 FROM {table}))"
            )
        };
        self.0.execute(&delete("attempts", "at"), before(ATTEMPTS_KEPT_MS))?;
        self.0.execute("DELETE FROM seen WHERE at <= ?", before(IDS_KEPT_MS))?;
        let delete = delete("dead_letters", "buried_at") + " RETURNING 1 AS one";
        Ok(!self.0.rows::<One>(&delete, before(DEAD_LETTERS_KEPT_MS))?.is_empty())
    }

    pub(crate) fn arm(&self, at: Timestamp) -> Result<()> {
        self.0.arm(at)
    }
}

/// An event without its body.
#[derive(Deserialize)]
struct Named {
    id: EventId,
    #[serde(rename = "type")]
    event_type: EventType,
    key: Option<KeyId>,
    tenant: Option<TenantId>,
}

#[derive(Deserialize)]
struct One {}

#[derive(Deserialize)]
struct Count {
    n: u64,
}

/// The lane of an event: its key, or its tenant. No key is named like a tenant's lane.
fn lane(event: &NumberedEvent) -> &str {
    match (&event.key, &event.tenant) {
        (Some(key), _) => key.as_str(),
        (None, tenant) => tenant.as_ref().map_or("", TenantId::as_str),
    }
}

/// The rows of a page, of one more that were read, and the beginning of the next one.
fn page<T>(mut rows: Vec<T>, limit: u32, number: impl Fn(&T) -> i64) -> (Vec<T>, Option<i64>) {
    let more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    let next = rows.last().filter(|_| more).map(number);
    (rows, next)
}

const fn name_of(reason: DeadLetterReason) -> &'static str {
    match reason {
        DeadLetterReason::AttemptsFailed => "attempts_failed",
        DeadLetterReason::EndpointDisabled => "endpoint_disabled",
        DeadLetterReason::TooManyWaiting => "too_many_waiting",
        DeadLetterReason::PausedTooLong => "paused_too_long",
    }
}

fn to_json(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(Error::from)
}

fn from_json<T: DeserializeOwned>(text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(Error::from)
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
                "c96f7b6c230f9cd74866ed35d419a0d8ac6a48c55bfaca652e2e3ed7209739cb",
                "b7f75fc22248e21ac0226b62d7cbe037259a4ee48c5e2d8e251baebfdc0ad46e",
                "7f14bd45dbeff583697b14722dfb619f676a4e80ae3429b899c6e7c8f8ce6d0b"
            ]
        );
    }

    #[test]
    fn the_own_state_is_golden() {
        let stored = r#"{"terms":{"id":"ep_4bTzV9cXk07Hq2mN1pRs","tenant":null,"url":"https://acme.com/","types":[],"paused":true,"signature":"v1","secrets":[{"sealed":"x"}],"version":3,"active_since":2},"health":{"last_success_at":1,"failing_since":2,"disabled_at":null},"paused_at":5,"report":[1,6]}"#;
        let own: Own = from_json(stored).unwrap();
        assert_eq!(to_json(&own).unwrap(), stored);
        let failed = stored.replace("\"disabled_at\"", "\"last_failure_at\":4,\"disabled_at\"");
        assert_eq!(to_json(&from_json::<Own>(&failed).unwrap()).unwrap(), failed);
        let removed = r#"{"terms":null,"health":{"last_success_at":null,"failing_since":null,"disabled_at":null},"paused_at":null,"report":null,"removed":true}"#;
        assert_eq!(to_json(&Own { removed: true, ..Own::default() }).unwrap(), removed);
        assert!(from_json::<Own>(removed).unwrap().removed);
    }
}
