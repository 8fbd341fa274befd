//! The audit log: appended to in the transaction of each change, read by page,
//! and where the configuration says so, removed when it is old enough.

use keystile_core::{
    AuditId, KeyId, Timestamp,
    base::id::ID_RANDOM_BYTES,
    ledger::{
        audit::{Action, difference},
        lifecycle::Key,
        query::{AuditPlace, AuditQuery, ExportQuery},
    },
};
use keystile_runtime::{log, random};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json, value::RawValue};
use worker::{Error, Result, SqlStorageValue};

use crate::command::{Letter, Origin};
use keystile_runtime::database::Database;

/// Entries of a page of an export.
const EXPORT_PAGE: i64 = 500;
/// Entries that are removed at a time.
const REMOVAL_BATCH: i64 = 500;
/// Entries outlive their time by up to this long, so that many go at once.
const REMOVAL_SLACK_MS: i64 = 60 * 60 * 1_000;
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// Notes what was done to a key.
pub(super) fn key_changed(
    database: &Database,
    origin: &Origin,
    action: Action,
    before: Option<&Key>,
    after: &Key,
    now: Timestamp,
) -> Result<()> {
    append(database, origin, action, About::Key(after), difference(before, after), now)
}

/// Notes what was done to the whole tenant.
pub(super) fn tenant_changed(
    database: &Database,
    origin: &Origin,
    action: Action,
    detail: Map<String, Value>,
    now: Timestamp,
) -> Result<()> {
    append(database, origin, action, About::Tenant, detail, now)
}

/// Notes what was done to an event that could not be delivered.
pub(super) fn letter_changed(
    database: &Database,
    origin: &Origin,
    action: Action,
    letter: &Letter,
    detail: Map<String, Value>,
    now: Timestamp,
) -> Result<()> {
    append(database, origin, action, About::Letter(letter), detail, now)
}

/// What an entry is about.
#[derive(Clone, Copy)]
enum About<'a> {
    Key(&'a Key),
    Tenant,
    Letter(&'a Letter),
}

fn append(
    database: &Database,
    origin: &Origin,
    action: Action,
    about: About<'_>,
    detail: Map<String, Value>,
    now: Timestamp,
) -> Result<()> {
    let id = AuditId::from_random(&random::bytes::<ID_RANDOM_BYTES>()?)
        .ok_or_else(|| Error::RustError("too few random bytes for an audit entry's id".into()))?;
    let (record, letter) = match about {
        About::Key(key) => (Some(&key.record), None),
        About::Tenant => (None, None),
        About::Letter(letter) => (None, Some(letter)),
    };
    database.execute(
        "INSERT INTO audit (id, at, actor_id, actor_name, action, key_id, key_name, key_display,
                            letter_source, letter_id, source, request_id, detail)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        vec![
            id.as_str().into(),
            now.as_millis().into(),
            origin.actor_id.as_str().into(),
            origin.actor_name.as_str().into(),
            action.as_str().into(),
            record.map(|record| record.id.to_string()).into(),
            record.map(|record| record.name.clone()).into(),
            record.map(|record| record.display.to_string()).into(),
            letter.map(|letter| letter.source.clone()).into(),
            letter.map(|letter| letter.id.to_string()).into(),
            origin.ip.clone().into(),
            origin.request_id.as_str().into(),
            Value::Object(detail).to_string().into(),
        ],
    )
}

#[derive(Deserialize)]
struct Row {
    seq: u64,
    id: AuditId,
    at: Timestamp,
    actor_id: String,
    actor_name: String,
    action: String,
    key_id: Option<String>,
    key_name: Option<String>,
    key_display: Option<String>,
    letter_source: Option<String>,
    letter_id: Option<String>,
    source: Option<String>,
    request_id: String,
    detail: String,
}

const COLUMNS: &str = "seq, id, at, actor_id, actor_name, action, key_id, key_name, key_display, letter_source, \
                       letter_id, source, request_id, detail";

/// A page of the log, newest first.
#[derive(Serialize)]
pub(super) struct Page {
    entries: Vec<Shown>,
    next_cursor: Option<String>,
}

/// A page of an export, oldest first.
#[derive(Serialize)]
pub(super) struct ExportPage {
    entries: Vec<Shown>,
    /// Whether others follow.
    more: bool,
}

/// An entry, as it is shown.
#[derive(Serialize)]
struct Shown {
    id: AuditId,
    at: String,
    actor: Value,
    action: String,
    key_id: Option<String>,
    key_name: Option<String>,
    key_display: Option<String>,
    dead_letter: Option<Value>,
    from: Option<String>,
    request_id: String,
    /// Passed on as it was written and not taken apart: however deep it is, it
    /// keeps no other entry from being read.
    detail: Box<RawValue>,
}

/// A page of the log, newest first, as it is shown.
pub(super) fn page(database: &Database, query: &AuditQuery) -> Result<Page> {
    let before = query.before.map_or(i64::MAX, |place| place.0 as i64);
    let (condition, key_id) = about(query.key_id.as_ref());
    let select = format!("SELECT {COLUMNS} FROM audit WHERE seq < ? {condition} ORDER BY seq DESC LIMIT ?");
    let bindings = [before.into()].into_iter().chain(key_id).chain([(i64::from(query.limit) + 1).into()]);
    let mut rows: Vec<Row> = database.rows(&select, bindings.collect())?;
    let more = rows.len() > query.limit as usize;
    rows.truncate(query.limit as usize);
    let next_cursor = rows.last().filter(|_| more).map(|row| AuditPlace(row.seq).cursor());
    Ok(Page { entries: rows.into_iter().map(present).collect(), next_cursor })
}

/// A page of an export, oldest first; `None` if the log hasn't got the entry
/// that it is to go on after.
pub(super) fn export_page(database: &Database, query: &ExportQuery) -> Result<Option<ExportPage>> {
    let after = match &query.after {
        None => 0,
        Some(id) => {
            let place: Option<Place> =
                database.row("SELECT seq, at FROM audit WHERE id = ?", vec![id.as_str().into()])?;
            let Some(place) = place else { return Ok(None) };
            place.seq
        }
    };
    let (condition, key_id) = about(query.key_id.as_ref());
    let select = format!("SELECT {COLUMNS} FROM audit WHERE seq > ? {condition} ORDER BY seq LIMIT ?");
    let bindings = [after.into()].into_iter().chain(key_id).chain([(EXPORT_PAGE + 1).into()]);
    let mut rows: Vec<Row> = database.rows(&select, bindings.collect())?;
    let more = rows.len() as i64 > EXPORT_PAGE;
    rows.truncate(EXPORT_PAGE as usize);
    Ok(Some(ExportPage { entries: rows.into_iter().map(present).collect(), more }))
}

fn about(key_id: Option<&KeyId>) -> (&'static str, Option<SqlStorageValue>) {
    match key_id {
        None => ("", None),
        Some(id) => ("AND key_id = ?", Some(id.as_str().into())),
    }
}

/// When the oldest entry's time is over, if there is an end to it.
pub(super) fn next_due(database: &Database, retention_days: Option<u16>) -> Result<Option<Timestamp>> {
    let Some(days) = retention_days else { return Ok(None) };
    let oldest: Option<Place> = database.row("SELECT seq, at FROM audit ORDER BY seq LIMIT 1", vec![])?;
    Ok(oldest.map(|oldest| oldest.at.plus_millis(i64::from(days) * DAY_MS + REMOVAL_SLACK_MS)))
}

/// Removes some of what is older than the retention, from the oldest on. The
/// schema's trigger allows it for these entries and within this transaction.
pub(super) fn remove_old(database: &Database, retention_days: Option<u16>, now: Timestamp) -> Result<()> {
    let due = next_due(database, retention_days)?;
    let Some(days) = retention_days.filter(|_| due.is_some_and(|due| due <= now)) else { return Ok(()) };
    let before = now.plus_millis(-i64::from(days) * DAY_MS);
    let oldest: Vec<Place> =
        database.rows("SELECT seq, at FROM audit ORDER BY seq LIMIT ?", vec![REMOVAL_BATCH.into()])?;
    let Some(last) = oldest.iter().take_while(|place| place.at < before).last() else { return Ok(()) };
    database.transaction(|| {
        database.execute("INSERT INTO audit_removal (before) VALUES (?)", vec![before.as_millis().into()])?;
        database.execute("DELETE FROM audit WHERE seq <= ?", vec![last.seq.into()])?;
        database.execute("DELETE FROM audit_removal", vec![])
    })
}

#[derive(Deserialize)]
struct Place {
    seq: i64,
    at: Timestamp,
}

fn present(row: Row) -> Shown {
    let dead_letter = row.letter_id.map(|id| json!({ "source": row.letter_source, "id": id }));
    let detail = as_written(row.detail).unwrap_or_else(|error| {
        log::error("audit_detail_unreadable", &[("id", row.id.as_str().into()), ("reason", error.to_string().into())]);
        RawValue::from_string("{}".into()).unwrap_or_default()
    });
    Shown {
        id: row.id,
        at: row.at.to_rfc3339(),
        actor: json!({ "id": row.actor_id, "name": row.actor_name }),
        action: row.action,
        key_id: row.key_id,
        key_name: row.key_name,
        key_display: row.key_display,
        dead_letter,
        from: row.source,
        request_id: row.request_id,
        detail,
    }
}

/// A detail as JSON in one line: an export has a line for each entry.
fn as_written(detail: String) -> serde_json::Result<Box<RawValue>> {
    // Between strings a line break is white space, and inside of them it is written `\n`.
    RawValue::from_string(detail.replace(['\n', '\r'], " "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_detail_of_any_depth_is_shown_as_it_was_written_and_in_one_line() {
        for depth in [1, 127, 128, 50_000] {
            let detail = format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
            assert_eq!(as_written(detail.clone()).unwrap().get(), detail);
        }
        assert_eq!(as_written("{\"a\":\n\"b\"}".into()).unwrap().get(), "{\"a\": \"b\"}");
        assert!(as_written("{".into()).is_err());
    }
}
