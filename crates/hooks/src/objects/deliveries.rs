//! The recent deliveries: eight Durable Objects per source, each with the deliveries whose bytes fall into its shard. Their calls are those of [`objects::deliveries`](keystile_core::objects::deliveries).
//!
//! A batch whose items are signed one by one has keys for each item. It is new if any item is new: refusing it because
//! of the seen items would lose the new ones. All batches of a source are in one object, since only a single object can
//! claim either all of several keys or none.
//!
//! A delivery without an id is always new: two genuine events may have the same bytes. Such deliveries of the same bytes
//! are numbered, so that each has an id of its own at the upstream. A number whose delivery was not handed on is free
//! for the next one, since that is the sender's own repeat.
//!
//! Each handler runs synchronously, so only one of two simultaneous deliveries gets the claim.

use std::cell::{Cell, OnceCell};

use keystile_core::{
    Timestamp,
    base::{
        problem::Problem,
        timestamp::{MINUTE_MS, whole_seconds},
    },
    objects::{
        Call, Done,
        deliveries::{Claim, Claimed, ClaimedDelivery, Release, Remember},
    },
};
use keystile_runtime::{alarm, clock, database::Database, log, response};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use worker::{DurableObject, Env, Request, Response, Result, State, durable_object};

/// The lifetime of a claim, milliseconds: longer than the timeout of an upstream.
const LEASE_MS: i64 = MINUTE_MS;
/// The maximum number of rows that one alarm deletes.
const TRIM_ROWS: i64 = 5_000;
/// The interval of alarms, milliseconds. They run at full minutes, so that rows are deleted together.
const TRIM_EVERY_MS: i64 = MINUTE_MS;

const MIGRATIONS: &[&str] = &[
    "
-- What is being handed on, or was lately.
CREATE TABLE deliveries (
    key TEXT PRIMARY KEY,             -- SHA-256 of event id or signature, base64url
    claimed_by TEXT,                  -- the request that hands it on; NULL once that is done
    until INTEGER NOT NULL            -- when the claim ends, or the row is forgotten
) WITHOUT ROWID;
CREATE INDEX deliveries_by_end ON deliveries (until);
",
    "
-- Deliveries of the same bytes.
CREATE TABLE same_bytes (
    bytes TEXT PRIMARY KEY,           -- SHA-256 of the bytes, base64url; those of a batch's items joined
    first INTEGER NOT NULL,           -- the first number that was given out: the time then, so that none comes again
    next INTEGER NOT NULL,            -- the next one
    until INTEGER NOT NULL            -- when the row is forgotten
) WITHOUT ROWID;
CREATE INDEX same_bytes_by_end ON same_bytes (until);
-- The numbers whose delivery is being handed on, or was not handed on. The others are done, and so are those whose claim
-- has ended: their upstream may have them.
CREATE TABLE open_numbers (
    bytes TEXT NOT NULL,
    number INTEGER NOT NULL,
    claimed_by TEXT,                  -- the request that hands it on; NULL if the number is free
    until INTEGER NOT NULL,           -- when the claim ends, or the row is forgotten
    PRIMARY KEY (bytes, number)
) WITHOUT ROWID;
CREATE INDEX open_numbers_by_end ON open_numbers (until);
",
];

/// The object.
#[durable_object]
pub struct Deliveries {
    state: State,
    opened: OnceCell<Opened>,
}

/// An item that was claimed before.
enum Remembered {
    /// It was handed on.
    Done,
    /// Another request is handing it on.
    InProgress { until: Timestamp },
}

/// The numbers of deliveries of the same bytes.
#[derive(Clone, Copy, Deserialize)]
struct Numbers {
    first: i64,
    next: i64,
}

impl Numbers {
    /// Numbers begin at the clock, so that none comes again once the row was forgotten.
    const fn begun_at(now: Timestamp) -> Self {
        Self { first: now.as_millis(), next: now.as_millis() }
    }
}

struct Opened {
    database: Database,
    /// Whether an alarm is set, as far as this instance knows.
    armed: Cell<bool>,
}

impl DurableObject for Deliveries {
    fn new(state: State, _env: Env) -> Self {
        Self { state, opened: OnceCell::new() }
    }

    async fn fetch(&self, mut request: Request) -> Result<Response> {
        let path = request.path();
        let body = request.text().await?;
        let answered = match path.as_str() {
            Claim::PATH => self.answer(&body, |opened, Claim(delivery), now| opened.claim(delivery, now)),
            Remember::PATH => self.answer(&body, |opened, Remember(delivery), now| opened.remember(delivery, now)),
            Release::PATH => self.answer(&body, |opened, Release(delivery), now| opened.release(delivery, now)),
            _ => Response::error("no such path", 404),
        };
        answered.or_else(|error| {
            log::error("deliveries_failed", &[("path", path.into()), ("reason", error.to_string().into())]);
            response::problem(&Problem::internal(), "req_none")
        })
    }

    async fn alarm(&self) -> Result<Response> {
        let trim = async |now| self.open()?.trim(now);
        alarm::carry_out(self.state.storage(), "deliveries", TRIM_EVERY_MS, trim).await
    }
}

impl Deliveries {
    fn answer<C: Call<Answer: Serialize> + DeserializeOwned>(
        &self,
        body: &str,
        handler: impl Fn(&Opened, &C, Timestamp) -> Result<C::Answer>,
    ) -> Result<Response> {
        let call = serde_json::from_str(body)?;
        response::json(200, &handler(self.open()?, &call, clock::now())?)
    }

    fn open(&self) -> Result<&Opened> {
        if let Some(opened) = self.opened.get() {
            return Ok(opened);
        }
        let opened = Opened { database: Database::open(&self.state, MIGRATIONS)?, armed: Cell::new(false) };
        Ok(self.opened.get_or_init(|| opened))
    }
}

impl Opened {
    fn claim(&self, delivery: &ClaimedDelivery, now: Timestamp) -> Result<Claimed> {
        self.database.transaction(|| {
            let (mut new, mut repeats, mut in_progress) = (Vec::new(), 0, None);
            for keys in &delivery.items {
                match self.remembered(keys, now)? {
                    Some(Remembered::Done) => repeats += 1,
                    Some(Remembered::InProgress { until }) => in_progress = in_progress.max(Some(until)),
                    None => new.push(keys),
                }
            }
            if let Some(until) = in_progress {
                return Ok(Claimed::InProgress { retry_after: whole_seconds(until.millis_since(now)) });
            }
            if new.is_empty() {
                return Ok(Claimed::Seen);
            }
            let keys: Vec<&str> = new.into_iter().flatten().map(String::as_str).collect();
            self.put(&keys, Some(&delivery.by), now.plus_millis(LEASE_MS))?;
            let numbered = delivery.items.iter().any(Vec::is_empty);
            let (number, same_bytes) = match &delivery.bytes {
                Some(bytes) if numbered => self.number(bytes, delivery, now)?,
                Some(bytes) => (0, self.numbers(bytes, now)?.is_some()),
                None => (0, false),
            };
            Ok(Claimed::New { repeats, same_bytes, number })
        })
    }

    /// An item as it is remembered; `None` if it is new.
    fn remembered(&self, keys: &[String], now: Timestamp) -> Result<Option<Remembered>> {
        #[derive(Deserialize)]
        struct Row {
            claimed_by: Option<String>,
            until: i64,
        }
        let mut in_progress = None;
        for key in keys {
            let row = "SELECT claimed_by, until FROM deliveries WHERE key = ?";
            let row: Option<Row> = self.database.row(row, vec![key.as_str().into()])?;
            match row.filter(|row| row.until > now.as_millis()) {
                Some(Row { claimed_by: None, .. }) => return Ok(Some(Remembered::Done)),
                Some(Row { until, .. }) => in_progress = in_progress.max(Some(until)),
                None => {}
            }
        }
        let until = in_progress.map(Timestamp::from_millis);
        Ok(until.map(|until| Remembered::InProgress { until }))
    }

    /// The first and the next number of deliveries of these bytes, if there were some.
    fn numbers(&self, bytes: &str, now: Timestamp) -> Result<Option<Numbers>> {
        let row = "SELECT first, next FROM same_bytes WHERE bytes = ? AND until > ?";
        self.database.row(row, vec![bytes.into(), now.as_millis().into()])
    }

    /// Gives a number to a delivery: one that is free, or the next. Returns whether others of the same bytes have, or
    /// had, a number.
    fn number(&self, bytes: &str, delivery: &ClaimedDelivery, now: Timestamp) -> Result<(i64, bool)> {
        #[derive(Deserialize)]
        struct Row {
            number: i64,
        }
        let free = "SELECT number FROM open_numbers WHERE bytes = ? AND claimed_by IS NULL ORDER BY number LIMIT 1";
        let free: Option<Row> = self.database.row(free, vec![bytes.into()])?;
        let Numbers { first, next } = self.numbers(bytes, now)?.unwrap_or_else(|| Numbers::begun_at(now));
        let number = free.map_or(next, |row| row.number);
        let next = next.max(number.saturating_add(1));
        self.put_numbers(bytes, Numbers { first, next }, now.plus_millis(delivery.remember_ms.max(LEASE_MS)))?;
        let row = "INSERT OR REPLACE INTO open_numbers (bytes, number, claimed_by, until) VALUES (?, ?, ?, ?)";
        let until = now.plus_millis(LEASE_MS).as_millis();
        self.database.execute(row, vec![bytes.into(), number.into(), delivery.by.as_str().into(), until.into()])?;
        Ok((number, next - first > 1))
    }

    /// Records that the delivery was forwarded, even if another request holds the claim by now.
    fn remember(&self, delivery: &ClaimedDelivery, now: Timestamp) -> Result<Done> {
        let keys: Vec<&str> = delivery.items.iter().flatten().map(String::as_str).collect();
        let until = now.plus_millis(delivery.remember_ms);
        let remembered: Result<()> = self.database.transaction(|| {
            if let Some(bytes) = &delivery.bytes {
                let numbers = self.numbers(bytes, now)?.unwrap_or_else(|| Numbers::begun_at(now));
                self.put_numbers(bytes, numbers, until)?;
                let done = "DELETE FROM open_numbers WHERE bytes = ? AND claimed_by = ?";
                self.database.execute(done, vec![bytes.as_str().into(), delivery.by.as_str().into()])?;
            }
            self.put(&keys, None, until)
        });
        remembered.map(|()| Done {})
    }

    fn release(&self, delivery: &ClaimedDelivery, now: Timestamp) -> Result<Done> {
        let by = delivery.by.as_str();
        let released: Result<()> = self.database.transaction(|| {
            if let Some(bytes) = &delivery.bytes {
                let free = "UPDATE open_numbers SET claimed_by = NULL, until = ? WHERE bytes = ? AND claimed_by = ?";
                let until = now.plus_millis(delivery.remember_ms).as_millis();
                self.database.execute(free, vec![until.into(), bytes.as_str().into(), by.into()])?;
            }
            delivery.items.iter().flatten().try_for_each(|key| {
                let bindings = vec![key.as_str().into(), by.into()];
                self.database.execute("DELETE FROM deliveries WHERE key = ? AND claimed_by = ?", bindings)
            })
        });
        released.map(|()| Done {})
    }

    fn put_numbers(&self, bytes: &str, numbers: Numbers, until: Timestamp) -> Result<()> {
        let row = "INSERT OR REPLACE INTO same_bytes (bytes, first, next, until) VALUES (?, ?, ?, ?)";
        let Numbers { first, next } = numbers;
        self.database.execute(row, vec![bytes.into(), first.into(), next.into(), until.as_millis().into()])
    }

    fn put(&self, keys: &[&str], by: Option<&str>, until: Timestamp) -> Result<()> {
        let row = "INSERT OR REPLACE INTO deliveries (key, claimed_by, until) VALUES (?, ?, ?)";
        for key in keys {
            let by = by.map_or(worker::SqlStorageValue::Null, Into::into);
            self.database.execute(row, vec![(*key).into(), by, until.as_millis().into()])?;
        }
        self.keep_armed()
    }

    /// Sets the alarm if this instance knows of none.
    fn keep_armed(&self) -> Result<()> {
        #[derive(Deserialize)]
        struct First {
            until: Option<i64>,
        }
        if self.armed.get() {
            return Ok(());
        }
        let first = "SELECT min(until) AS until FROM (SELECT min(until) AS until FROM deliveries UNION ALL \
                     SELECT min(until) FROM same_bytes UNION ALL SELECT min(until) FROM open_numbers)";
        let first: Option<First> = self.database.row(first, vec![])?;
        if let Some(until) = first.and_then(|first| first.until) {
            let minute = until.div_euclid(TRIM_EVERY_MS) + 1;
            self.database.arm(Timestamp::from_millis(minute * TRIM_EVERY_MS))?;
            self.armed.set(true);
        }
        Ok(())
    }

    fn trim(&self, now: Timestamp) -> Result<()> {
        self.armed.set(false);
        for rows in [
            "DELETE FROM deliveries WHERE key IN (SELECT key FROM deliveries WHERE until <= ? LIMIT ?)",
            "DELETE FROM same_bytes WHERE bytes IN (SELECT bytes FROM same_bytes WHERE until <= ? LIMIT ?)",
            "DELETE FROM open_numbers WHERE (bytes, number) IN \
             (SELECT bytes, number FROM open_numbers WHERE until <= ? LIMIT ?)",
        ] {
            self.database.execute(rows, vec![now.as_millis().into(), TRIM_ROWS.into()])?;
        }
        self.keep_armed()
    }
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
                "650bcfdf4f4860239d85eb91bd69e0575d0402399d25b321f323d642145a598a",
                "076ebb7a8ce678cc402b17af0c4ab2b9b01dd1fec7413c55b25b212eba13d102"
            ]
        );
    }
}
