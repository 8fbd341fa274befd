//! Enqueues again what the feed took since a time, because the feed was put back to then and may know nothing of it any
//! more. Until the feed has it again, it isn't known when it is in effect.
//!
//! All keys are looked at, some at a time, so that nobody waits for it. The alarm goes on with the rest. What is enqueued
//! is marked in the outbox until the feed has answered, so that the ledger can tell the feed when it has finished.

use keystile_core::Timestamp;
use keystile_runtime::database::Database;
use serde::Deserialize;
use worker::{Result, SqlStorageValue};

use super::outbox;

/// The number of keys that are looked at at a time.
const BATCH: i64 = 500;
/// A text behind the id of any key: all were looked at.
const AFTER_ALL: &str = "~";

#[derive(Deserialize)]
struct Row {
    since: Timestamp,
    after_id: String,
}

fn find(database: &Database) -> Result<Option<Row>> {
    database.row("SELECT since, after_id FROM publishing_again", vec![])
}

/// Begins, with the tenant's status, unless this round has begun; returns whether it begins. What an earlier one has left
/// goes on with it. Runs in the transaction of the caller, who sets the alarm.
pub(crate) fn begin(database: &Database, since: Timestamp, round: Option<&str>, now: Timestamp) -> Result<bool> {
    #[derive(Deserialize)]
    struct One {}
    let query = "SELECT 1 AS one FROM publishing_again WHERE round = ?";
    let begun: Option<One> = database.row(query, vec![round.map(str::to_owned).into()])?;
    if begun.is_some() {
        return Ok(false);
    }
    let since = if is_finished(database)? { since } else { find(database)?.map_or(since, |row| row.since.min(since)) };
    database.execute(
        "INSERT OR REPLACE INTO publishing_again (one, since, after_id, round) VALUES (1, ?, '', ?)",
        vec![since.as_millis().into(), round.map(str::to_owned).into()],
    )?;
    enqueue(
        database,
        ("'tenant'", "standing"),
        "effective_by >= ?2",
        &[now.as_millis().into(), since.as_millis().into()],
    )?;
    Ok(true)
}

/// Whether keys have still to be looked at.
pub(crate) fn is_under_way(database: &Database) -> Result<bool> {
    Ok(find(database)?.is_some_and(|row| row.after_id != AFTER_ALL))
}

/// Whether the feed has answered about everything that it was to be told again.
pub(crate) fn is_finished(database: &Database) -> Result<bool> {
    Ok(!is_under_way(database)? && !outbox::is_published_again(database)?)
}

/// Enqueues those of the next keys that the feed took since.
pub(crate) fn go_on(database: &Database, now: Timestamp) -> Result<()> {
    #[derive(Deserialize)]
    struct Last {
        id: String,
    }
    database.transaction(|| {
        let Some(Row { since, after_id: after }) = find(database)?.filter(|row| row.after_id != AFTER_ALL) else {
            return Ok(());
        };
        let last: Option<Last> = database.row(
            "SELECT id FROM keys WHERE id > ? ORDER BY id LIMIT 1 OFFSET ?",
            vec![after.as_str().into(), (BATCH - 1).into()],
        )?;
        let until = last.as_ref().map_or(AFTER_ALL, |last| last.id.as_str());
        let bindings = [now.as_millis().into(), since.as_millis().into(), after.as_str().into(), until.into()];
        enqueue(database, ("id", "keys"), "id > ?3 AND id <= ?4 AND effective_by >= ?2", &bindings)?;
        database.execute("UPDATE publishing_again SET after_id = ?", vec![until.into()])
    })
}

/// Enqueues these subjects of a table. `?1` is the time now.
fn enqueue(
    database: &Database,
    (subject, table): (&str, &str),
    taken: &str,
    bindings: &[SqlStorageValue],
) -> Result<()> {
    database.execute(
        &format!(
            "INSERT INTO outbox (subject, version, stage, attempts, due_at, again)
             SELECT {subject}, version, 'publish', 0, ?1, 1 FROM {table} WHERE {taken}
             ON CONFLICT (subject) DO UPDATE SET version = excluded.version, stage = 'publish', attempts = 0,
             due_at = excluded.due_at, again = 1"
        ),
        bindings.to_vec(),
    )?;
    // `?1` is named here, too, so that both statements take the same bindings.
    database
        .execute(&format!("UPDATE {table} SET effective_by = NULL WHERE {taken} AND ?1 IS NOT NULL"), bindings.to_vec())
}
