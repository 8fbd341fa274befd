//! The audit log. Each change appends to it in its transaction, it is read by page, and if the configuration limits its
//! retention, old entries are removed.

use keystile_core::{
    AuditId, KeyId, Timestamp,
    access::session::Actor,
    base::id::{EndpointId, HandshakeId, ID_RANDOM_BYTES},
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

use crate::command::{DeadLetterRef, Origin, UnsentRef};
use keystile_runtime::database::Database;

/// The number of entries on a page of an export.
const EXPORT_PAGE: i64 = 500;
/// The number of entries that are removed at a time.
const REMOVAL_BATCH: i64 = 500;
/// The time by which entries outlive their retention at most, so that many are removed at once.
const REMOVAL_SLACK_MS: i64 = 60 * 60 * 1_000;
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// Appends an entry about what was done to a key.
pub(crate) fn key_changed(
    database: &Database,
    origin: &Origin,
    action: Action,
    before: Option<&Key>,
    after: &Key,
    now: Timestamp,
) -> Result<()> {
    append(database, origin, action, About::Key(after), difference(before, after), now)
}

/// Appends an entry about a key that was reported as leaked, or about the root key if there is none.
pub(crate) fn key_exposed(
    database: &Database,
    origin: &Origin,
    key: Option<&Key>,
    detail: Map<String, Value>,
    now: Timestamp,
) -> Result<()> {
    append(database, origin, Action::Exposed, key.map_or(About::Tenant, About::Key), detail, now)
}

/// Whether the log holds values of a key's metadata.
pub(crate) fn has_metadata(database: &Database, id: &KeyId) -> Result<bool> {
    let select = format!("SELECT seq, at FROM audit WHERE {WITH_METADATA} LIMIT 1");
    let place: Option<Place> = database.row(&select, vec![id.as_str().into()])?;
    Ok(place.is_some())
}

/// Erases the values of a key's metadata from its entries, which say so from then on. The schema's trigger allows this
/// change alone, and within this transaction only.
pub(crate) fn erase_metadata(database: &Database, id: &KeyId) -> Result<()> {
    let erased = json!({ "erased": true, "from": null, "to": null }).to_string();
    database.execute("INSERT INTO audit_erasure (key_id) VALUES (?)", vec![id.as_str().into()])?;
    database.execute(
        &format!("UPDATE audit SET detail = json_set(detail, '$.metadata', json(?2)) WHERE {WITH_METADATA}"),
        vec![id.as_str().into(), erased.into()],
    )?;
    database.execute("DELETE FROM audit_erasure", vec![])
}

/// The entries about a key that hold values of its metadata.
const WITH_METADATA: &str = "key_id = ?1 AND json_type(detail, '$.metadata') IS NOT NULL
                             AND json_extract(detail, '$.metadata.erased') IS NULL";

/// Appends an entry about what was done to the whole tenant.
pub(crate) fn tenant_changed(
    database: &Database,
    origin: &Origin,
    action: Action,
    detail: Map<String, Value>,
    now: Timestamp,
) -> Result<()> {
    append(database, origin, action, About::Tenant, detail, now)
}

/// Appends an entry about what was done to a key's quota, or to one of the whole tenant if there is no key.
pub(crate) fn quota_changed(
    database: &Database,
    origin: &Origin,
    action: Action,
    key: Option<&Key>,
    detail: Map<String, Value>,
    now: Timestamp,
) -> Result<()> {
    append(database, origin, action, key.map_or(About::Tenant, About::Key), detail, now)
}

/// Appends the entry about the restoration of the whole ledger, with this number: entries that are yet to be restored have
/// the numbers before it.
pub(crate) fn restored(
    database: &Database,
    origin: &Origin,
    seq: u64,
    detail: Map<String, Value>,
    now: Timestamp,
) -> Result<()> {
    append_as(database, origin, Some(seq), Action::Restored, About::Tenant, detail, now)
}

/// Appends an entry about an operator who signed in: by their key, or by the root key if there is none.
pub(crate) fn session_begun(database: &Database, origin: &Origin, key: Option<&Key>, now: Timestamp) -> Result<()> {
    append(database, origin, Action::SessionBegun, key.map_or(About::Tenant, About::Key), Map::new(), now)
}

/// Appends an entry about what was done to an event: one that could not be delivered, or one that is replayed.
pub(crate) fn event_changed(
    database: &Database,
    origin: &Origin,
    action: Action,
    event: &DeadLetterRef,
    detail: Map<String, Value>,
    now: Timestamp,
) -> Result<()> {
    append(database, origin, action, About::Event(event), detail, now)
}

/// Appends an entry about an endpoint for events.
pub(crate) fn endpoint_changed(
    database: &Database,
    origin: &Origin,
    action: Action,
    endpoint: &EndpointId,
    mut detail: Map<String, Value>,
    now: Timestamp,
) -> Result<()> {
    detail.insert("endpoint".into(), json!({ "from": null, "to": endpoint }));
    append(database, origin, action, About::Tenant, detail, now)
}

/// Appends an entry about what was done to events that could not be sent to an endpoint.
pub(crate) fn unsent_changed(
    database: &Database,
    origin: &Origin,
    action: Action,
    unsent: &UnsentRef,
    mut detail: Map<String, Value>,
    now: Timestamp,
) -> Result<()> {
    if let Some(event) = &unsent.event {
        detail.insert("event".into(), json!({ "from": null, "to": event }));
    }
    endpoint_changed(database, origin, action, &unsent.endpoint, detail, now)
}

/// Appends an entry about a secret that a sender of webhooks told, which is shown to an operator.
pub(crate) fn handshake_revealed(
    database: &Database,
    origin: &Origin,
    source: &str,
    id: &HandshakeId,
    now: Timestamp,
) -> Result<()> {
    let to = |text: &str| json!({ "from": null, "to": text });
    let detail = Map::from_iter([("handshake".into(), to(id.as_str())), ("source".into(), to(source))]);
    append(database, origin, Action::HandshakeRevealed, About::Tenant, detail, now)
}

/// The subject of an entry.
#[derive(Clone, Copy)]
enum About<'a> {
    Key(&'a Key),
    Tenant,
    Event(&'a DeadLetterRef),
}

fn append(
    database: &Database,
    origin: &Origin,
    action: Action,
    about: About<'_>,
    detail: Map<String, Value>,
    now: Timestamp,
) -> Result<()> {
    append_as(database, origin, None, action, about, detail, now)
}

/// Appends an entry with this number, or the next one.
fn append_as(
    database: &Database,
    origin: &Origin,
    seq: Option<u64>,
    action: Action,
    about: About<'_>,
    detail: Map<String, Value>,
    now: Timestamp,
) -> Result<()> {
    let id = AuditId::from_random(&random::bytes::<ID_RANDOM_BYTES>()?)
        .ok_or_else(|| Error::RustError("too few random bytes for an audit entry's id".into()))?;
    let (record, event) = match about {
        About::Key(key) => (Some(&key.record), None),
        About::Tenant => (None, None),
        About::Event(event) => (None, Some(event)),
    };
    database.execute(
        "INSERT INTO audit (seq, id, at, actor_id, actor_name, action, key_id, key_name, key_display,
                            letter_source, letter_id, source, request_id, detail, behalf_id, behalf_name)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        vec![
            seq.map(|seq| seq as i64).into(),
            id.as_str().into(),
            now.as_millis().into(),
            origin.actor_id.as_str().into(),
            origin.actor_name.as_str().into(),
            action.as_str().into(),
            record.map(|record| record.id.to_string()).into(),
            record.map(|record| record.name.clone()).into(),
            record.map(|record| record.display.to_string()).into(),
            event.map(|event| event.source.clone()).into(),
            event.map(|event| event.id.to_string()).into(),
            origin.ip.clone().into(),
            origin.request_id.as_str().into(),
            Value::Object(detail).to_string().into(),
            origin.on_behalf_of().map(|actor| actor.id.clone()).into(),
            origin.on_behalf_of().map(|actor| actor.name.clone()).into(),
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
    behalf_id: Option<String>,
    behalf_name: Option<String>,
}

const COLUMNS: &str = "seq, id, at, actor_id, actor_name, action, key_id, key_name, key_display, letter_source, \
                       letter_id, source, request_id, detail, behalf_id, behalf_name";

/// A page of the log, newest first.
#[derive(Serialize)]
pub(crate) struct AuditPage {
    entries: Vec<ShownEntry>,
    next_cursor: Option<String>,
}

/// A page of an export, oldest first.
#[derive(Serialize)]
pub(crate) struct ExportPage {
    entries: Vec<ShownEntry>,
    /// Whether more entries follow.
    more: bool,
}

/// An entry, in the form in which it is shown.
#[derive(Serialize)]
struct ShownEntry {
    id: AuditId,
    at: String,
    actor: ShownActor,
    action: String,
    key_id: Option<String>,
    key_name: Option<String>,
    key_display: Option<String>,
    dead_letter: Option<ShownEvent>,
    delivery: Option<ShownEvent>,
    from: Option<String>,
    /// The customer on whose behalf the actor acted.
    on_behalf_of: Option<Actor>,
    request_id: String,
    /// Passed on as it was written, without being parsed: however deeply it is nested, it can't keep other entries from
    /// being read.
    detail: Box<RawValue>,
}

/// The actor of an entry.
#[derive(Serialize)]
struct ShownActor {
    id: String,
    name: String,
}

/// The event that could not be delivered, or was replayed, if the entry is about one.
#[derive(Serialize)]
struct ShownEvent {
    id: String,
    source: Option<String>,
}

/// A page of the log, newest first, in the form in which it is shown.
pub(crate) fn page(database: &Database, query: &AuditQuery) -> Result<AuditPage> {
    let before = query.before.map_or(i64::MAX, |place| place.0 as i64);
    let (condition, key_id) = about(query.key_id.as_ref());
    let select = format!("SELECT {COLUMNS} FROM audit WHERE seq < ? {condition} ORDER BY seq DESC LIMIT ?");
    let bindings = [before.into()].into_iter().chain(key_id).chain([(i64::from(query.limit) + 1).into()]);
    let mut rows: Vec<Row> = database.rows(&select, bindings.collect())?;
    let more = rows.len() > query.limit as usize;
    rows.truncate(query.limit as usize);
    let next_cursor = rows.last().filter(|_| more).map(|row| AuditPlace(row.seq).cursor());
    Ok(AuditPage { entries: rows.into_iter().map(present).collect(), next_cursor })
}

/// A page of an export, oldest first; `None` if the log doesn't contain the entry after which the page should start.
pub(crate) fn export_page(database: &Database, query: &ExportQuery) -> Result<Option<ExportPage>> {
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

/// The number of the last audit entry; 0 if there is none.
pub(crate) fn last_entry(database: &Database) -> Result<u64> {
    #[derive(Deserialize)]
    struct Last {
        seq: u64,
    }
    let last: Option<Last> = database.row("SELECT coalesce(max(seq), 0) AS seq FROM audit", vec![])?;
    Ok(last.map_or(0, |last| last.seq))
}

/// The time at which the oldest entry is to be removed, if there is one.
pub(crate) fn next_due(database: &Database, retention_days: Option<u16>) -> Result<Option<Timestamp>> {
    let Some(days) = retention_days else { return Ok(None) };
    let oldest: Option<Place> = database.row("SELECT seq, at FROM audit ORDER BY seq LIMIT 1", vec![])?;
    Ok(oldest.map(|oldest| oldest.at.plus_millis(i64::from(days) * DAY_MS + REMOVAL_SLACK_MS)))
}

/// Removes one batch of the entries that are older than the retention, oldest first. The schema's trigger allows this
/// for these entries, within this transaction only.
pub(crate) fn remove_old(database: &Database, retention_days: Option<u16>, now: Timestamp) -> Result<()> {
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

fn present(row: Row) -> ShownEntry {
    let event = row.letter_id.map(|id| ShownEvent { id, source: row.letter_source });
    let (delivery, dead_letter) = match row.action == Action::DeliveryReplayed.as_str() {
        true => (event, None),
        false => (None, event),
    };
    let detail = as_written(row.detail).unwrap_or_else(|error| {
        log::error("audit_detail_unreadable", &[("id", row.id.as_str().into()), ("reason", error.to_string().into())]);
        RawValue::from_string("{}".into()).unwrap_or_default()
    });
    ShownEntry {
        id: row.id,
        at: row.at.to_rfc3339(),
        actor: ShownActor { id: row.actor_id, name: row.actor_name },
        action: row.action,
        key_id: row.key_id,
        key_name: row.key_name,
        key_display: row.key_display,
        dead_letter,
        delivery,
        from: row.source,
        on_behalf_of: row.behalf_id.zip(row.behalf_name).map(|(id, name)| Actor { id, name }),
        request_id: row.request_id,
        detail,
    }
}

/// A detail as JSON on one line, since an export has one line for each entry.
fn as_written(detail: String) -> serde_json::Result<Box<RawValue>> {
    // Outside of strings a line break is white space, and inside of strings JSON writes it as `\n`.
    RawValue::from_string(detail.replace(['\n', '\r'], " "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::documented::assert_documented;

    #[test]
    fn a_detail_of_any_depth_is_shown_as_it_was_written_and_in_one_line() {
        for depth in [1, 127, 128, 50_000] {
            let detail = format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
            assert_eq!(as_written(detail.clone()).unwrap().get(), detail);
        }
        assert_eq!(as_written("{\"a\":\n\"b\"}".into()).unwrap().get(), "{\"a\": \"b\"}");
        assert!(as_written("{".into()).is_err());
    }

    #[test]
    fn entries_are_shown_as_documented() {
        let row = |text: Option<&str>| Row {
            seq: 1,
            id: AuditId::parse("aud_8ZsM2kq0XbT5vR1cLwPy").unwrap(),
            at: Timestamp::from_millis(0),
            actor_id: "root".into(),
            actor_name: "root key".into(),
            action: "created".into(),
            key_id: text.map(String::from),
            key_name: text.map(String::from),
            key_display: text.map(String::from),
            letter_source: Some("stripe-eu".into()),
            letter_id: text.map(String::from),
            source: text.map(String::from),
            request_id: "req_1".into(),
            detail: "{}".into(),
            behalf_id: text.map(String::from),
            behalf_name: text.map(String::from),
        };
        let entries = || [row(None), row(Some("x"))].into_iter().map(present).collect();
        let pages = [None, Some("cursor".into())]
            .map(|next_cursor| serde_json::to_value(AuditPage { entries: entries(), next_cursor }).unwrap());
        assert_documented("AuditPage", &pages);
    }
}
