//! The table of pending acts on events that could not be delivered, or are replayed. The alarm turns these notes into audit entries if
//! the requests that made them don't.

use keystile_core::{Timestamp, base::id::DeliveryId, ledger::audit::Action};
use keystile_runtime::database::Database;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use worker::Result;

use super::audit;
use crate::command::{DeadLetterRef, Origin};

/// The time for which a note is left to its request: longer than any request waits.
const UNDER_WAY_MS: i64 = 60_000;
/// The number of notes that one alarm turns into entries.
const SETTLED_AT_ONCE: i64 = 100;
/// The status of an event if nobody knows whether it was changed.
pub(crate) const UNKNOWN: &str = "unknown";

/// Notes what is about to be done.
pub(crate) fn begin(
    database: &Database,
    origin: &Origin,
    dead_letter: &DeadLetterRef,
    action: Action,
    now: Timestamp,
) -> Result<()> {
    database.execute(
        "INSERT INTO letter_acts (request_id, begun_at, action, letter_source, letter_id, actor_id, actor_name, source)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        vec![
            name(&origin.request_id, dead_letter).into(),
            now.as_millis().into(),
            action.as_str().into(),
            dead_letter.source.as_str().into(),
            dead_letter.id.as_str().into(),
            origin.actor_id.as_str().into(),
            origin.actor_name.as_str().into(),
            origin.ip.clone().into(),
        ],
    )
}

/// Removes the note, because there is an entry now or because there was no such event.
pub(crate) fn end(database: &Database, request_id: &str, dead_letter: &DeadLetterRef) -> Result<()> {
    remove(database, &name(request_id, dead_letter))
}

fn remove(database: &Database, name: &str) -> Result<()> {
    database.execute("DELETE FROM letter_acts WHERE request_id = ?", vec![name.into()])
}

/// The name of a note: the request's id and, as a request may act on many events, the event's. Notes of earlier
/// versions have the request's id alone.
fn name(request_id: &str, dead_letter: &DeadLetterRef) -> String {
    format!("{request_id}/{}", dead_letter.id)
}

fn request_of(name: &str) -> &str {
    name.split('/').next().unwrap_or(name)
}

/// The time from which the oldest note is no longer left to its request.
pub(crate) fn next_due(database: &Database) -> Result<Option<Timestamp>> {
    #[derive(Deserialize)]
    struct Oldest {
        begun_at: Option<Timestamp>,
    }
    let oldest: Option<Oldest> = database.row("SELECT min(begun_at) AS begun_at FROM letter_acts", vec![])?;
    Ok(oldest.and_then(|oldest| oldest.begun_at).map(|at| at.plus_millis(UNDER_WAY_MS)))
}

/// Turns notes into entries if nobody will learn their outcome any more.
pub(crate) fn settle(database: &Database, now: Timestamp) -> Result<()> {
    #[derive(Deserialize)]
    struct Row {
        request_id: String,
        begun_at: Timestamp,
        action: Action,
        letter_source: String,
        letter_id: DeliveryId,
        actor_id: String,
        actor_name: String,
        source: Option<String>,
    }
    let begun_before = now.plus_millis(-UNDER_WAY_MS).as_millis();
    let rows: Vec<Row> = database.rows(
        "SELECT request_id, begun_at, action, letter_source, letter_id, actor_id, actor_name, source
         FROM letter_acts WHERE begun_at <= ? ORDER BY begun_at LIMIT ?",
        vec![begun_before.into(), SETTLED_AT_ONCE.into()],
    )?;
    for row in rows {
        let Row { request_id: name, begun_at, action, letter_source, letter_id, actor_id, actor_name, source } = row;
        let request_id = request_of(&name).to_owned();
        let dead_letter = DeadLetterRef { source: letter_source, id: letter_id };
        let origin = Origin { actor_id, actor_name, ip: source, request_id, ..Origin::keystile() };
        database.transaction(|| {
            audit::event_changed(database, &origin, action, &dead_letter, became(action, UNKNOWN), begun_at)?;
            remove(database, &name)
        })?;
    }
    Ok(())
}

/// The detail of an entry: the new status of the event. One that is replayed may have had any.
pub(crate) fn became(action: Action, status: &str) -> Map<String, Value> {
    let from = (action != Action::DeliveryReplayed).then_some("dead");
    Map::from_iter([("status".into(), json!({ "from": from, "to": status }))])
}
