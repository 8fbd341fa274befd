//! The recent deliveries: eight Durable Objects per source, each with the deliveries whose replay key falls into its
//! shard. Their calls are those of [`objects::deliveries`](keystile_core::objects::deliveries).
//!
//! A batch whose items are signed one by one has a replay key for each item. It is new if any item is new: refusing it
//! because of the seen items would lose the new ones. All batches of a source are in one object, since only a single
//! object can claim either all of several keys or none.
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

const MIGRATIONS: &[&str] = &["
-- What is being handed on, or was lately.
CREATE TABLE deliveries (
    key TEXT PRIMARY KEY,             -- SHA-256 of event id or signature, base64url
    claimed_by TEXT,                  -- the request that hands it on; NULL once that is done
    until INTEGER NOT NULL            -- when the claim ends, or the row is forgotten
) WITHOUT ROWID;
CREATE INDEX deliveries_by_end ON deliveries (until);
"];

/// The object.
#[durable_object]
pub struct Deliveries {
    state: State,
    opened: OnceCell<Opened>,
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
            Release::PATH => self.answer(&body, |opened, Release(delivery), _| opened.release(delivery)),
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
        #[derive(Deserialize)]
        struct Row {
            claimed_by: Option<String>,
            until: i64,
        }
        self.database.transaction(|| {
            let (mut new, mut in_progress) = (Vec::new(), None);
            for key in &delivery.keys {
                let row = "SELECT claimed_by, until FROM deliveries WHERE key = ?";
                let row: Option<Row> = self.database.row(row, vec![key.as_str().into()])?;
                match row.filter(|row| row.until > now.as_millis()) {
                    Some(Row { claimed_by: None, .. }) => {}
                    Some(Row { until, .. }) => in_progress = in_progress.max(Some(until)),
                    None => new.push(key.as_str()),
                }
            }
            Ok(match in_progress {
                Some(until) => Claimed::InProgress { retry_after: whole_seconds(until - now.as_millis()) },
                None if new.is_empty() => Claimed::Seen,
                None => {
                    self.put(&new, Some(&delivery.by), now.plus_millis(LEASE_MS))?;
                    Claimed::New { repeats: delivery.keys.len() - new.len() }
                }
            })
        })
    }

    /// Records that the delivery was forwarded, even if another request holds the claim by now.
    fn remember(&self, delivery: &ClaimedDelivery, now: Timestamp) -> Result<Done> {
        let keys: Vec<&str> = delivery.keys.iter().map(String::as_str).collect();
        self.database.transaction(|| self.put(&keys, None, now.plus_millis(delivery.remember_ms))).map(|()| Done {})
    }

    fn release(&self, delivery: &ClaimedDelivery) -> Result<Done> {
        let released: Result<()> = self.database.transaction(|| {
            delivery.keys.iter().try_for_each(|key| {
                let bindings = vec![key.as_str().into(), delivery.by.as_str().into()];
                self.database.execute("DELETE FROM deliveries WHERE key = ? AND claimed_by = ?", bindings)
            })
        });
        released.map(|()| Done {})
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
        let first: Option<First> = self.database.row("SELECT min(until) AS until FROM deliveries", vec![])?;
        if let Some(until) = first.and_then(|first| first.until) {
            let minute = until.div_euclid(TRIM_EVERY_MS) + 1;
            self.database.arm(Timestamp::from_millis(minute * TRIM_EVERY_MS))?;
            self.armed.set(true);
        }
        Ok(())
    }

    fn trim(&self, now: Timestamp) -> Result<()> {
        self.armed.set(false);
        let rows = "DELETE FROM deliveries WHERE key IN (SELECT key FROM deliveries WHERE until <= ? LIMIT ?)";
        self.database.execute(rows, vec![now.as_millis().into(), TRIM_ROWS.into()])?;
        self.keep_armed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use keystile_runtime::database::digests;

    #[test]
    fn the_schema_is_golden() {
        assert_eq!(digests(MIGRATIONS), ["650bcfdf4f4860239d85eb91bd69e0575d0402399d25b321f323d642145a598a"]);
    }
}
