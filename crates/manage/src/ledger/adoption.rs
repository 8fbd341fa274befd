//! The table of the adoption of keys that a ledger lost when it was put back, one row at most. [`adopting`](super::adopting)
//! carries it out.

use keystile_core::{Timestamp, feed::outbox::retry_delay_ms};
use keystile_runtime::database::Database;
use serde::Deserialize;
use worker::{Result, SqlStorageValue};

/// The time between two pages, each of which has the feed look at some thousand keys.
const PAUSE_MS: i64 = 1_000;
/// The time after which it may begin again: a use of a key that not even the feed has shouldn't begin it each time.
const REST_MS: i64 = 60 * 60 * 1_000;

/// The adoption that is under way.
#[derive(Deserialize)]
pub(super) struct Row {
    /// The last digest that was looked at; empty at first.
    pub(super) after_digest: String,
    due_at: Timestamp,
    attempts: u32,
}

fn find(database: &Database) -> Result<Option<Row>> {
    database.row("SELECT after_digest, due_at, attempts FROM adoption WHERE after_digest IS NOT NULL", vec![])
}

/// Begins, unless it is under way or has begun within the last hour. The caller sets the alarm.
pub(crate) fn begin(database: &Database, now: Timestamp) -> Result<()> {
    database.execute(
        "INSERT INTO adoption (one, begun_at, after_digest, due_at, attempts) VALUES (1, ?1, '', ?1, 0)
         ON CONFLICT (one) DO UPDATE SET begun_at = ?1, after_digest = '', due_at = ?1, attempts = 0
         WHERE after_digest IS NULL AND abs(?1 - begun_at) >= ?2",
        vec![now.as_millis().into(), REST_MS.into()],
    )
}

/// Begins even so, unless it is under way: a ledger that is erased may have lost keys since it began last.
pub(super) fn begin_anew(database: &Database, now: Timestamp) -> Result<()> {
    database.execute("DELETE FROM adoption WHERE after_digest IS NULL", vec![])?;
    begin(database, now)
}

/// When the next page is due.
pub(crate) fn next_due(database: &Database) -> Result<Option<Timestamp>> {
    Ok(find(database)?.map(|row| row.due_at))
}

/// The adoption that is under way, if a page is due.
pub(super) fn due(database: &Database, now: Timestamp) -> Result<Option<Row>> {
    Ok(find(database)?.filter(|row| row.due_at <= now))
}

/// Goes on after this digest, or ends.
pub(super) fn go_on(database: &Database, after: Option<&str>, now: Timestamp) -> Result<()> {
    let after = after.map_or(SqlStorageValue::Null, Into::into);
    let due_at = now.plus_millis(PAUSE_MS).as_millis();
    let update = "UPDATE adoption SET after_digest = ?, due_at = ?, attempts = 0";
    database.execute(update, vec![after, due_at.into()])
}

/// Ends, as if it hadn't begun.
pub(super) fn give_up(database: &Database) -> Result<()> {
    database.execute("DELETE FROM adoption", vec![])
}

/// Asks for the same page later.
pub(super) fn put_off(database: &Database, row: &Row, now: Timestamp) -> Result<()> {
    let due_at = now.plus_millis(retry_delay_ms(row.attempts)).as_millis();
    let update = "UPDATE adoption SET due_at = ?, attempts = attempts + 1 WHERE after_digest IS NOT NULL";
    database.execute(update, vec![due_at.into()])
}
