//! The events that an object has recorded and the router of its tenant hasn't taken yet: a table of its database.
//!
//! An event is inserted in the transaction of the change that it tells of. [`send`] gives events to the router in their
//! order, and a row goes once the router has taken it. The router knows an event by its id, so one that is sent twice,
//! because an answer was lost or the object was put back to an earlier point, is taken once.

use keystile_core::{
    KeyId, TenantId, Timestamp,
    base::id::{EventId, ID_RANDOM_BYTES},
    events::{event::Event, event_type::EventType},
    feed::outbox::retry_delay_ms,
    objects::event_router::{MAX_BATCH, Record},
};
use serde::Deserialize;
use serde_json::{Value, value::RawValue};
use worker::{Env, Error, Result};

use crate::{clock, database::Database, log, object, random};

/// The tables, for an object's migrations.
pub const MIGRATION: &str = "
-- Events that the tenant's router hasn't taken yet, in their order.
CREATE TABLE events (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL,                 -- evt_…
    type TEXT NOT NULL,
    at INTEGER NOT NULL,              -- when it happened
    key_id TEXT,                      -- NULL where it is about no key
    data TEXT NOT NULL                -- JSON
);
-- The failures of sending since the last success: no row or one.
CREATE TABLE event_sending (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    attempts INTEGER NOT NULL,
    due_at INTEGER NOT NULL           -- when sending is tried again
);
";

/// The time for which sending is left to whatever runs after the change, milliseconds. Then the alarm takes over.
const LEFT_MS: i64 = 3_000;
/// The longest that a call to the router may take before it counts as failed, milliseconds.
const ROUTER_TIMEOUT_MS: u64 = 5_000;
/// The number of calls that one sending makes. The next alarm does the rest.
const CALLS: usize = 20;

/// Inserts an event that has just happened, in the transaction of its change.
///
/// # Errors
/// The platform's.
pub fn insert(
    database: &Database,
    event_type: EventType,
    key: Option<&KeyId>,
    at: Timestamp,
    data: &RawValue,
) -> Result<()> {
    let id = EventId::from_random(&random::bytes::<ID_RANDOM_BYTES>()?)
        .ok_or_else(|| Error::RustError("too few random bytes for an event's id".into()))?;
    database.execute(
        "INSERT INTO events (id, type, at, key_id, data) VALUES (?, ?, ?, ?, ?)",
        vec![
            id.as_str().into(),
            event_type.as_str().into(),
            at.as_millis().into(),
            key.map(KeyId::to_string).into(),
            data.get().into(),
        ],
    )
}

/// When events are to be sent next, if there are any.
///
/// # Errors
/// The platform's.
pub fn next_due(database: &Database) -> Result<Option<Timestamp>> {
    #[derive(Deserialize)]
    struct Next {
        oldest: Option<Timestamp>,
        due_at: Option<Timestamp>,
    }
    let next: Option<Next> = database.row(
        "SELECT (SELECT at FROM events ORDER BY seq LIMIT 1) AS oldest, (SELECT due_at FROM event_sending) AS due_at",
        vec![],
    )?;
    let Some(Next { oldest: Some(oldest), due_at }) = next else { return Ok(None) };
    Ok(Some(due_at.unwrap_or(oldest.plus_millis(LEFT_MS))))
}

/// The number of events that wait, counted up to `most`.
///
/// # Errors
/// The platform's.
pub fn waiting(database: &Database, most: i64) -> Result<u64> {
    #[derive(Deserialize)]
    struct Count {
        entries: u64,
    }
    let query = "SELECT count(*) AS entries FROM (SELECT 1 FROM events LIMIT ?)";
    let count: Option<Count> = database.row(query, vec![most.into()])?;
    Ok(count.map_or(0, |count| count.entries))
}

/// Sends events, unless sending has failed a moment ago. Stops as soon as `goes_on` says no. Only one sending runs at a
/// time, which its caller sees to, and the caller sets the alarm for the rest.
///
/// # Errors
/// The platform's. That the router can't be reached is none: it is tried again later.
pub async fn send(database: &Database, env: &Env, tenant: &TenantId, mut goes_on: impl FnMut() -> bool) -> Result<()> {
    for _ in 0..CALLS {
        let failures = failures(database)?;
        if failures.as_ref().is_some_and(|failures| clock::now() < failures.due_at) || !goes_on() {
            break;
        }
        let batch = batch(database)?;
        if batch.is_empty() {
            break;
        }
        let (places, events): (Vec<_>, Vec<_>) = batch.into_iter().unzip();
        let ids = Value::from_iter(events.iter().map(|event| event.id.as_str())).to_string();
        let record = Record { tenant: tenant.clone(), events };
        let answer = object::call(env, tenant.as_str(), &record, ROUTER_TIMEOUT_MS).await;
        if let Err(error) = answer {
            log::warn("events_not_taken", &[("reason", error.0.as_str().into())]);
            return note_failure(database, failures.map_or(0, |failures| failures.attempts));
        }
        database.transaction(|| {
            let taken = vec![Value::from_iter(places.iter().copied()).to_string().into(), ids.as_str().into()];
            database.execute(
                "DELETE FROM events WHERE seq IN (SELECT value FROM json_each(?))
                     AND id IN (SELECT value FROM json_each(?))",
                taken,
            )?;
            if failures.is_some() {
                database.execute("DELETE FROM event_sending", vec![])?;
            }
            Ok::<_, Error>(())
        })?;
        if places.len() < MAX_BATCH && !exist(database)? {
            break;
        }
    }
    Ok(())
}

#[derive(Deserialize)]
struct Failures {
    attempts: u32,
    due_at: Timestamp,
}

fn failures(database: &Database) -> Result<Option<Failures>> {
    database.row("SELECT attempts, due_at FROM event_sending", vec![])
}

fn note_failure(database: &Database, attempts: u32) -> Result<()> {
    let due_at = clock::now().plus_millis(retry_delay_ms(attempts));
    database.execute(
        "INSERT OR REPLACE INTO event_sending (one, attempts, due_at) VALUES (1, ?, ?)",
        vec![i64::from(attempts.saturating_add(1)).into(), due_at.as_millis().into()],
    )
}

fn exist(database: &Database) -> Result<bool> {
    #[derive(Deserialize)]
    struct One {}
    Ok(database.row::<One>("SELECT 1 AS one FROM events LIMIT 1", vec![])?.is_some())
}

/// The next events, and their places.
fn batch(database: &Database) -> Result<Vec<(i64, Event)>> {
    #[derive(Deserialize)]
    struct Row {
        seq: i64,
        id: EventId,
        #[serde(rename = "type")]
        event_type: EventType,
        at: Timestamp,
        key_id: Option<KeyId>,
        data: String,
    }
    let rows: Vec<Row> = database.rows(
        "SELECT seq, id, type, at, key_id, data FROM events ORDER BY seq LIMIT ?",
        vec![(MAX_BATCH as i64).into()],
    )?;
    let event = |row: Row| {
        let Row { seq, id, event_type, at, key_id, data } = row;
        Ok((seq, Event { id, event_type, at, key: key_id, data: RawValue::from_string(data)? }))
    };
    rows.into_iter().map(event).collect()
}
