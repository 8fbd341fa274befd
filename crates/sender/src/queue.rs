//! The rows of an endpoint: the events that wait, attempts, dead letters, ids of events that it has had, and the
//! endpoint's own state.
//!
//! The events of one key are a lane. The first event of a lane is its head; only heads are sent. Rows are numbered in the
//! order of time, so the first row of a table is its oldest.

use keystile_core::{
    Timestamp,
    base::id::{EventId, TenantId},
    events::{
        attempt::Next,
        bounds::{
            ATTEMPTS_KEPT_MS, DEAD_LETTERS_KEPT_MS, DeadLetterReason, IDS_KEPT_MS, MAX_ATTEMPTS_KEPT, SWEEP_EVERY_MS,
        },
        event::NumberedEvent,
        health::Health,
        terms::EndpointTerms,
    },
    objects::event_endpoint::ShownAttempt,
};
use keystile_runtime::database::Database;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use worker::{Error, Result, SqlStorageValue, State};

use self::schema::MIGRATIONS;
use crate::{pump::Lane, reporting::Reporting, sending::Attempt};

mod dead_letters;
mod pages;
mod schema;

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

    /// Gives every lane that has no head its own.
    fn promote_all(&self, now: Timestamp) -> Result<()> {
        let promote = "UPDATE queue SET head = 1, due_at = ? WHERE head = 0
            AND number IN (SELECT min(number) FROM queue GROUP BY lane)";
        self.0.execute(promote, vec![now.as_millis().into()])
    }

    pub(crate) fn note_attempt(&self, shown: &ShownAttempt) -> Result<()> {
        let row = vec![shown.event.as_str().into(), shown.at.0.as_millis().into(), to_json(shown)?.into()];
        self.0.execute("INSERT INTO attempts (event, at, shown) VALUES (?, ?, ?)", row)?;
        let trim = "DELETE FROM attempts WHERE number <= (SELECT max(number) FROM attempts) - ?";
        self.0.execute(trim, vec![(MAX_ATTEMPTS_KEPT as i64).into()])
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

fn to_json(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(Error::from)
}

fn from_json<T: DeserializeOwned>(text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(Error::from)
}

#[cfg(test)]
mod tests {
    use super::*;

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
