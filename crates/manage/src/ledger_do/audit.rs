//! The audit log: appended to in the transaction of each change, and read by page.

use keystile_core::{
    AuditId, Timestamp,
    audit::{Action, difference},
    id::ID_RANDOM_BYTES,
    lifecycle::Key,
    listing::{AuditPlace, AuditQuery},
};
use keystile_runtime::random;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use worker::{Error, Result};

use crate::{command::Origin, database::Database};

/// Notes what was done to a key.
pub(super) fn key_changed(
    database: &Database,
    origin: &Origin,
    action: Action,
    before: Option<&Key>,
    after: &Key,
    now: Timestamp,
) -> Result<()> {
    append(database, origin, action, Some(after), difference(before, after), now)
}

/// Notes what was done to the whole tenant.
pub(super) fn tenant_changed(
    database: &Database,
    origin: &Origin,
    action: Action,
    detail: Map<String, Value>,
    now: Timestamp,
) -> Result<()> {
    append(database, origin, action, None, detail, now)
}

fn append(
    database: &Database,
    origin: &Origin,
    action: Action,
    key: Option<&Key>,
    detail: Map<String, Value>,
    now: Timestamp,
) -> Result<()> {
    let id = AuditId::from_random(&random::bytes::<ID_RANDOM_BYTES>()?)
        .ok_or_else(|| Error::RustError("too few random bytes for an audit entry's id".into()))?;
    let record = key.map(|key| &key.record);
    database.execute(
        "INSERT INTO audit (id, at, actor_id, actor_name, action, key_id, key_name, key_display,
                            source, request_id, detail)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        vec![
            id.as_str().into(),
            now.as_millis().into(),
            origin.actor_id.as_str().into(),
            origin.actor_name.as_str().into(),
            action.as_str().into(),
            record.map(|record| record.id.to_string()).into(),
            record.map(|record| record.name.clone()).into(),
            record.map(|record| record.display.to_string()).into(),
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
    source: Option<String>,
    request_id: String,
    detail: String,
}

/// A page of the log, newest first, as it is shown.
pub(super) fn page(database: &Database, query: &AuditQuery) -> Result<Value> {
    let before = query.before.map(|place| place.0 as i64);
    let mut rows: Vec<Row> = database.rows(
        "SELECT seq, id, at, actor_id, actor_name, action, key_id, key_name, key_display, source, request_id, detail
         FROM audit WHERE ?1 IS NULL OR seq < ?1 ORDER BY seq DESC LIMIT ?2",
        vec![before.into(), (i64::from(query.limit) + 1).into()],
    )?;
    let more = rows.len() > query.limit as usize;
    rows.truncate(query.limit as usize);
    let next = rows.last().filter(|_| more).map(|row| AuditPlace(row.seq).cursor());
    let entries: Vec<_> = rows.into_iter().map(present).collect();
    Ok(json!({ "entries": entries, "next_cursor": next }))
}

fn present(row: Row) -> Value {
    json!({
        "id": row.id,
        "at": row.at.to_rfc3339(),
        "actor": { "id": row.actor_id, "name": row.actor_name },
        "action": row.action,
        "key_id": row.key_id,
        "key_name": row.key_name,
        "key_display": row.key_display,
        "from": row.source,
        "request_id": row.request_id,
        "detail": serde_json::from_str::<Value>(&row.detail).unwrap_or_default(),
    })
}
