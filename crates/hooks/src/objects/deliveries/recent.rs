//! The table of recent deliveries. It is bounded by age, and by number: a row more than [`MAX_RECENT`] and [`SLACK`] drops
//! the oldest.

use std::cell::Cell;

use keystile_core::{
    Timestamp,
    base::id::DeliveryId,
    receiver::delivery::{DeliveryQuery, MAX_COUNTED_DUPLICATES, MAX_RECENT, Outcome, RecentDelivery, SLACK},
};
use keystile_runtime::database::Database;
use serde::Deserialize;
use worker::{Result, SqlStorageValue};

/// The instance's knowledge of the table.
#[derive(Default)]
pub(super) struct Recent {
    /// The greatest possible number of rows, once it was counted.
    rows: Cell<Option<i64>>,
}

/// The columns that are recorded. The others are set later.
const RECORDED: &str = "webhook_id, upstream, id, event_id, event_type, received_at, request_id, bytes, same_bytes, outcome, \
                        status, until, body_until";

/// A row, in SQLite's types.
#[derive(Deserialize)]
struct Row {
    webhook_id: String,
    upstream: String,
    id: DeliveryId,
    event_id: Option<String>,
    event_type: Option<String>,
    received_at: Timestamp,
    request_id: String,
    bytes: u64,
    same_bytes: u8,
    outcome: Outcome,
    status: Option<u16>,
    until: Timestamp,
    body_until: Option<Timestamp>,
    duplicates: u32,
    replayed_at: Option<Timestamp>,
}

impl Row {
    /// The delivery. A body whose time is over is not kept.
    fn delivery(self, now: Timestamp) -> RecentDelivery {
        let Self { webhook_id, upstream, id, event_id, event_type, received_at, request_id, bytes, .. } = self;
        let Self { same_bytes, outcome, status, until, body_until, duplicates, replayed_at, .. } = self;
        RecentDelivery {
            id,
            webhook_id,
            event_id,
            event_type,
            upstream: Some(upstream).filter(|upstream| !upstream.is_empty()),
            received_at,
            request_id,
            bytes,
            same_bytes: same_bytes == 1,
            outcome,
            status,
            until,
            body_until: body_until.filter(|until| *until > now),
            duplicates,
            replayed_at,
        }
    }
}

impl Recent {
    /// Records a delivery. One that the queue's consumer settled already stays as it is.
    pub(super) fn record(&self, database: &Database, delivery: &RecentDelivery) -> Result<()> {
        let on_conflict = "id = excluded.id, event_id = excluded.event_id, event_type = excluded.event_type, \
                           received_at = excluded.received_at, request_id = excluded.request_id, \
                           bytes = excluded.bytes, same_bytes = excluded.same_bytes, outcome = excluded.outcome, \
                           status = excluded.status, until = excluded.until, body_until = excluded.body_until \
                           WHERE recent.id <> excluded.id";
        self.put(database, delivery, on_conflict)
    }

    /// Records the outcome of a delivery, and that its body is kept.
    pub(super) fn settle(&self, database: &Database, delivery: &RecentDelivery) -> Result<()> {
        // A body is kept under its delivery's id. The delivery of a replay has another id, and the time of the first one.
        // A later time is that of the sender's retry, whose own record may come afterwards.
        let on_conflict = "outcome = excluded.outcome, status = excluded.status, body_until = CASE \
                           WHEN recent.id = excluded.id THEN coalesce(excluded.body_until, recent.body_until) \
                           WHEN excluded.received_at > recent.received_at THEN excluded.body_until \
                           ELSE recent.body_until END, \
                           id = iif(excluded.received_at > recent.received_at, excluded.id, recent.id), \
                           request_id = iif(excluded.received_at > recent.received_at, excluded.request_id, \
                           recent.request_id), \
                           received_at = max(excluded.received_at, recent.received_at)";
        self.put(database, delivery, on_conflict)
    }

    fn put(&self, database: &Database, delivery: &RecentDelivery, on_conflict: &str) -> Result<()> {
        let row = format!(
            "INSERT INTO recent ({RECORDED}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) \
             ON CONFLICT (webhook_id, upstream) DO UPDATE SET {on_conflict}"
        );
        let bindings = vec![
            delivery.webhook_id.as_str().into(),
            delivery.upstream.as_deref().unwrap_or_default().into(),
            delivery.id.as_str().into(),
            delivery.event_id.clone().into(),
            delivery.event_type.clone().into(),
            delivery.received_at.as_millis().into(),
            delivery.request_id.as_str().into(),
            (delivery.bytes as i64).into(),
            i64::from(delivery.same_bytes).into(),
            delivery.outcome.as_str().into(),
            delivery.status.map(i64::from).into(),
            delivery.until.as_millis().into(),
            delivery.body_until.map(Timestamp::as_millis).into(),
        ];
        database.execute(&row, bindings)?;
        self.bound(database)
    }

    /// Counts a duplicate that was refused.
    pub(super) fn count_duplicate(&self, database: &Database, webhook_id: &str) -> Result<()> {
        let row = "UPDATE recent SET duplicates = duplicates + 1 WHERE webhook_id = ? AND duplicates < ?";
        database.execute(row, vec![webhook_id.into(), i64::from(MAX_COUNTED_DUPLICATES).into()])
    }

    /// A page, newest first, with one row more than asked for if there are more.
    pub(super) fn list(
        &self,
        database: &Database,
        query: &DeliveryQuery,
        now: Timestamp,
    ) -> Result<Vec<RecentDelivery>> {
        let text = |value: &Option<String>| value.as_deref().map(SqlStorageValue::from);
        let millis = |value: Option<Timestamp>| value.map(|at| SqlStorageValue::from(at.as_millis()));
        let filters = [
            ("event_id = ?", text(&query.event_id)),
            ("webhook_id = ?", text(&query.webhook_id)),
            ("event_type = ?", text(&query.event_type)),
            ("outcome = ?", query.outcome.map(|outcome| outcome.as_str().into())),
            ("received_at >= ?", millis(query.since)),
            ("received_at < ?", millis(query.until)),
        ];
        let (mut condition, mut bindings) = ("until > ?".to_owned(), vec![now.as_millis().into()]);
        for (filter, value) in filters {
            if let Some(value) = value {
                condition.push_str(" AND ");
                condition.push_str(filter);
                bindings.push(value);
            }
        }
        if let Some(place) = &query.after {
            let at = place.received_at.as_millis();
            condition.push_str(" AND (received_at < ? OR (received_at = ? AND id < ?))");
            bindings.extend([at.into(), at.into(), place.id.as_str().into()]);
        }
        bindings.push(i64::from(query.limit + 1).into());
        let select = format!("SELECT * FROM recent WHERE {condition} ORDER BY received_at DESC, id DESC LIMIT ?");
        let rows: Vec<Row> = database.rows(&select, bindings)?;
        Ok(rows.into_iter().map(|row| row.delivery(now)).collect())
    }

    /// The delivery with this id.
    pub(super) fn find(&self, database: &Database, id: &DeliveryId, now: Timestamp) -> Result<Option<RecentDelivery>> {
        let row = "SELECT * FROM recent WHERE id = ? AND until > ?";
        let row: Option<Row> = database.row(row, vec![id.as_str().into(), now.as_millis().into()])?;
        Ok(row.map(|row| row.delivery(now)))
    }

    /// Notes that a delivery was put into the queue once more. Its outcome follows.
    pub(super) fn note_replay(&self, database: &Database, id: &DeliveryId, now: Timestamp) -> Result<()> {
        let row = "UPDATE recent SET replayed_at = ? WHERE id = ?";
        database.execute(row, vec![now.as_millis().into(), id.as_str().into()])
    }

    /// Deletes deliveries whose time is over, among the oldest.
    pub(super) fn forget(&self, database: &Database, now: Timestamp, rows: i64) -> Result<()> {
        let over = "DELETE FROM recent WHERE (webhook_id, upstream) IN (SELECT webhook_id, upstream FROM \
                    (SELECT webhook_id, upstream, until FROM recent ORDER BY received_at LIMIT ?) WHERE until <= ?)";
        database.execute(over, vec![rows.into(), now.as_millis().into()])?;
        self.rows.set(None);
        Ok(())
    }

    /// Drops the oldest deliveries if there are too many. Rows are counted once for many writes, since counting reads
    /// them all.
    fn bound(&self, database: &Database) -> Result<()> {
        #[derive(Deserialize)]
        struct Count {
            count: i64,
        }
        let known = self.rows.get().map(|rows| rows + 1);
        if known.is_some_and(|rows| rows <= MAX_RECENT + SLACK) {
            self.rows.set(known);
            return Ok(());
        }
        let count: Option<Count> = database.row("SELECT count(*) AS count FROM recent", vec![])?;
        let count = count.map_or(0, |row| row.count);
        let more = if count > MAX_RECENT + SLACK { count - MAX_RECENT } else { 0 };
        if more > 0 {
            let oldest = "DELETE FROM recent WHERE (webhook_id, upstream) IN \
                          (SELECT webhook_id, upstream FROM recent ORDER BY received_at, id LIMIT ?)";
            database.execute(oldest, vec![more.into()])?;
        }
        self.rows.set(Some(count - more));
        Ok(())
    }
}
