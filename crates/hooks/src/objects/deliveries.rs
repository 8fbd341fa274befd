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
//! The facts of each delivery are recorded with its claim's end ([`recent`]), so that costs no call of its own.
//!
//! Each handler runs synchronously, so only one of two simultaneous deliveries gets the claim. A replay, which claims
//! nothing, waits for the queue.

mod recent;
mod schema;

use std::{
    cell::{Cell, OnceCell},
    slice,
};

use keystile_core::{
    Timestamp,
    base::{
        problem::Problem,
        timestamp::{MINUTE_MS, whole_seconds},
    },
    objects::{
        Call, Done,
        deliveries::{Claim, Claimed, ClaimedDelivery, Release, Remember, Replay, Settle},
    },
    receiver::delivery::DeliveryQuery,
};
use keystile_runtime::{alarm, clock, database::Database, log, response};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::json;
use worker::{DurableObject, Env, Request, Response, Result, State, durable_object};

use crate::{kept, producer};
use recent::Recent;

/// The time that a kept body and the queue have to answer, milliseconds. It is shorter than the caller's own timeout, so
/// the caller seldom has to guess the outcome.
const PATIENCE_MS: u64 = 5_000;
/// The part of it for storing the body once more.
const STORING_MS: u64 = 3_000;
/// The lifetime of a claim, milliseconds: longer than the timeout of an upstream.
const LEASE_MS: i64 = MINUTE_MS;
/// The maximum number of rows that one alarm deletes.
const TRIM_ROWS: i64 = 5_000;
/// The interval of alarms, milliseconds. They run at full minutes, so that rows are deleted together.
const TRIM_EVERY_MS: i64 = MINUTE_MS;

/// The object.
#[durable_object]
pub struct Deliveries {
    state: State,
    env: Env,
    opened: OnceCell<Opened>,
}

/// An item that was claimed before.
enum Remembered {
    /// It was handed on, under this id.
    Done { webhook_id: Option<String> },
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
    recent: Recent,
    /// Whether an alarm is set, as far as this instance knows.
    armed: Cell<bool>,
}

impl DurableObject for Deliveries {
    fn new(state: State, env: Env) -> Self {
        Self { state, env, opened: OnceCell::new() }
    }

    async fn fetch(&self, mut request: Request) -> Result<Response> {
        let path = request.path();
        let body = request.text().await?;
        let answered = match path.as_str() {
            Claim::PATH => self.answer(&body, |opened, Claim(delivery), now| opened.claim(delivery, now)),
            Remember::PATH => self.answer(&body, |opened, Remember(delivery), now| opened.remember(delivery, now)),
            Release::PATH => self.answer(&body, |opened, Release(delivery), now| opened.release(delivery, now)),
            Settle::PATH => self.answer(&body, |opened, settle, _| opened.settle(settle)),
            DeliveryQuery::PATH => {
                self.answer(&body, |opened, query, now| opened.recent.list(&opened.database, query, now))
            }
            Replay::PATH => self.replay(&body).await,
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
        let database = Database::open(&self.state, schema::MIGRATIONS)?;
        let opened = Opened { database, recent: Recent::default(), armed: Cell::new(false) };
        Ok(self.opened.get_or_init(|| opened))
    }

    /// Puts a delivery whose body is kept into the queue once more, under an id of its own there: the first message may
    /// still be in the queue, or be a dead letter. 404 if there is no such delivery, 409 if its body isn't kept.
    async fn replay(&self, body: &str) -> Result<Response> {
        let which: Replay = serde_json::from_str(body)?;
        let opened = self.open()?;
        let Some(delivery) = opened.recent.find(&opened.database, &which.id, clock::now())? else {
            return response::json(404, &json!({}));
        };
        if delivery.body_until.is_none() {
            return response::json(409, &json!({}));
        }
        let sent = clock::within(PATIENCE_MS, self.send_again(&which)).await;
        match sent.unwrap_or_else(|| Err(format!("not done within {PATIENCE_MS} ms"))) {
            Ok(true) => {
                opened.recent.note_replay(&opened.database, &which.id, clock::now())?;
                response::json(200, &json!({ "id": which.id, "status": "queued" }))
            }
            Ok(false) => response::json(409, &json!({})),
            Err(reason) => {
                let fields = [("delivery", which.id.as_str().into()), ("reason", reason.into())];
                log::error("webhook_not_replayed", &fields);
                response::json(503, &json!({}))
            }
        }
    }

    /// Sends a kept event. Returns whether it is still kept.
    async fn send_again(&self, which: &Replay) -> std::result::Result<bool, String> {
        let Some((mut envelope, body)) = kept::load(&self.env, &which.id).await? else { return Ok(false) };
        envelope.id = producer::new_id().map_err(|error| error.to_string())?;
        envelope.replayed = true;
        producer::send(&self.env, slice::from_mut(&mut envelope), &body, STORING_MS).await.map(|()| true)
    }
}

impl Opened {
    fn claim(&self, delivery: &ClaimedDelivery, now: Timestamp) -> Result<Claimed> {
        self.database.transaction(|| {
            let (mut new, mut repeats, mut in_progress, mut repeated) = (Vec::new(), 0, None, None);
            for keys in &delivery.items {
                match self.remembered(keys, now)? {
                    Some(Remembered::Done { webhook_id }) => {
                        repeats += 1;
                        repeated = repeated.or(webhook_id);
                    }
                    Some(Remembered::InProgress { until }) => in_progress = in_progress.max(Some(until)),
                    None => new.push(keys),
                }
            }
            if let Some(until) = in_progress {
                return Ok(Claimed::InProgress { retry_after: whole_seconds(until.millis_since(now)) });
            }
            if new.is_empty() {
                if let Some(webhook_id) = &repeated {
                    self.recent.count_duplicate(&self.database, webhook_id)?;
                }
                return Ok(Claimed::Seen);
            }
            let keys: Vec<&str> = new.into_iter().flatten().map(String::as_str).collect();
            self.put(&keys, Some(&delivery.by), now.plus_millis(LEASE_MS), None)?;
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
            webhook_id: Option<String>,
        }
        let mut in_progress = None;
        for key in keys {
            let row = "SELECT claimed_by, until, webhook_id FROM deliveries WHERE key = ?";
            let row: Option<Row> = self.database.row(row, vec![key.as_str().into()])?;
            match row.filter(|row| row.until > now.as_millis()) {
                Some(Row { claimed_by: None, webhook_id, .. }) => return Ok(Some(Remembered::Done { webhook_id })),
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
            let webhook_id = delivery.deliveries.first().map(|delivery| delivery.webhook_id.as_str());
            self.put(&keys, None, until, webhook_id)?;
            self.record(delivery)
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
            })?;
            self.record(delivery)?;
            self.keep_armed()
        });
        released.map(|()| Done {})
    }

    /// Records the facts of a delivery. A worker of an earlier version gives none.
    fn record(&self, delivery: &ClaimedDelivery) -> Result<()> {
        delivery.deliveries.iter().try_for_each(|facts| self.recent.record(&self.database, facts))
    }

    fn settle(&self, settle: &Settle) -> Result<Done> {
        let settled: Result<()> = self.database.transaction(|| {
            self.recent.settle(&self.database, &settle.delivery)?;
            self.keep_armed()
        });
        settled.map(|()| Done {})
    }

    fn put_numbers(&self, bytes: &str, numbers: Numbers, until: Timestamp) -> Result<()> {
        let row = "INSERT OR REPLACE INTO same_bytes (bytes, first, next, until) VALUES (?, ?, ?, ?)";
        let Numbers { first, next } = numbers;
        self.database.execute(row, vec![bytes.into(), first.into(), next.into(), until.as_millis().into()])
    }

    fn put(&self, keys: &[&str], by: Option<&str>, until: Timestamp, webhook_id: Option<&str>) -> Result<()> {
        let row = "INSERT OR REPLACE INTO deliveries (key, claimed_by, until, webhook_id) VALUES (?, ?, ?, ?)";
        let text = |text: Option<&str>| text.map(str::to_owned).into();
        for key in keys {
            let bindings = vec![(*key).into(), text(by), until.as_millis().into(), text(webhook_id)];
            self.database.execute(row, bindings)?;
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
                     SELECT min(until) FROM same_bytes UNION ALL SELECT min(until) FROM open_numbers UNION ALL \
                     SELECT until FROM (SELECT until FROM recent ORDER BY received_at LIMIT 1))";
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
        self.recent.forget(&self.database, now, TRIM_ROWS)?;
        self.keep_armed()
    }
}
