//! What was delivered lately: Durable Objects, eight per source, each with the
//! deliveries whose key falls to it.
//!
//! | path | |
//! |---|---|
//! | `/claim` | whether a delivery may be handed on: `new`, and then it is the caller's for a minute; `in_progress`; `seen` |
//! | `/done` | it was handed on: `seen` for as long as the source remembers |
//! | `/release` | it was not: the sender's next attempt is `new` |
//!
//! A batch whose items are signed one by one has a key for each, and is new if
//! any is: held up for those that were seen, it would take the others with it.
//! All batches of a source are with one object, for one object alone can claim
//! several keys or none.
//!
//! Each handler is one synchronous stretch, so that of two deliveries at once
//! one gets the claim.

use std::cell::{Cell, OnceCell};

use keystile_core::{Timestamp, base::problem::Problem, config::WebhookSource};
use keystile_runtime::{
    clock,
    database::{self, Database},
    log,
    object::{self, CallFailed},
    response,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::json;
use worker::{DurableObject, Env, Request, Response, Result, State, durable_object};

/// The binding.
const BINDING: &str = "DELIVERIES";
/// Objects per source. Never change it while deliveries are remembered.
const SHARDS: u32 = 8;
/// How long a claim holds by itself: longer than an upstream may take.
const LEASE_MS: i64 = 60_000;
const TIMEOUT_MS: u64 = 5_000;
/// Rows that one alarm trims at most in one go.
const TRIM_ROWS: i64 = 5_000;
/// Alarms come at full minutes, so that rows are trimmed together.
const TRIM_EVERY_MS: i64 = 60_000;

const MIGRATIONS: &[&str] = &["
-- What is being handed on, or was lately.
CREATE TABLE deliveries (
    key TEXT PRIMARY KEY,             -- SHA-256 of event id or signature, base64url
    claimed_by TEXT,                  -- the request that hands it on; NULL once that is done
    until INTEGER NOT NULL            -- when the claim ends, or the row is forgotten
) WITHOUT ROWID;
CREATE INDEX deliveries_by_end ON deliveries (until);
"];

/// One delivery, with the object that remembers it.
pub(crate) struct Handle<'a> {
    env: &'a Env,
    object: String,
    question: Question,
}

/// What is asked of the object.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Question {
    /// One, or those of a batch's items.
    keys: Vec<String>,
    /// The request that asks.
    by: String,
    remember_ms: i64,
}

/// Whether a delivery may be handed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "claimed", rename_all = "snake_case")]
pub(crate) enum Claimed {
    /// It may, by whoever asked; of a batch, though `repeats` of its items were.
    New { repeats: usize },
    /// Somebody else is at it, for so many seconds at most.
    InProgress { retry_after: i64 },
    /// It was.
    Seen,
}

impl<'a> Handle<'a> {
    pub(crate) fn new(env: &'a Env, source: &WebhookSource, keys: Vec<String>, request_id: &str) -> Self {
        let object = match keys.first().filter(|_| source.scheme.each.is_none()) {
            Some(key) => format!("{}/{}", source.source, shard(key)),
            None => format!("{}/batches", source.source),
        };
        let question =
            Question { keys, by: request_id.to_owned(), remember_ms: i64::from(source.remember_hours) * 3_600_000 };
        Self { env, object, question }
    }

    pub(crate) async fn claim(&self) -> std::result::Result<Claimed, CallFailed> {
        self.ask("/claim").await
    }

    pub(crate) async fn done(&self) -> std::result::Result<(), CallFailed> {
        self.ask::<serde_json::Value>("/done").await.map(drop)
    }

    pub(crate) async fn release(&self) -> std::result::Result<(), CallFailed> {
        self.ask::<serde_json::Value>("/release").await.map(drop)
    }

    async fn ask<A: DeserializeOwned>(&self, path: &str) -> std::result::Result<A, CallFailed> {
        object::call(self.env, BINDING, &self.object, path, &self.question, TIMEOUT_MS).await
    }
}

/// Which of a source's objects a key falls to. Keys are hashes.
fn shard(key: &str) -> u32 {
    key.bytes().fold(0_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(u32::from(byte))) % SHARDS
}

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
        let answered = match serde_json::from_str::<Question>(&body) {
            Ok(question) => self.answer(&path, &question, clock::now()),
            Err(error) => Err(worker::Error::RustError(error.to_string())),
        };
        answered.or_else(|error| {
            log::error("deliveries_failed", &[("path", path.into()), ("reason", error.to_string().into())]);
            response::problem(&Problem::internal(), "req_none")
        })
    }

    /// Trims. Never fails: an alarm that does is dropped in the end.
    async fn alarm(&self) -> Result<Response> {
        let now = clock::now();
        if let Err(error) = self.open().and_then(|opened| opened.trim(now)) {
            log::error("deliveries_alarm_failed", &[("reason", error.to_string().into())]);
            if let Err(error) = database::arm(&self.state.storage(), now.plus_millis(TRIM_EVERY_MS)) {
                log::error("alarm_not_set", &[("reason", error.to_string().into())]);
            }
        }
        Response::empty()
    }
}

impl Deliveries {
    fn answer(&self, path: &str, question: &Question, now: Timestamp) -> Result<Response> {
        let opened = self.open()?;
        match path {
            "/claim" => response::json(200, &opened.claim(question, now)?),
            "/done" => opened.done(question, now).and_then(|()| response::json(200, &json!({}))),
            "/release" => opened.release(question).and_then(|()| response::json(200, &json!({}))),
            _ => Response::error("no such path", 404),
        }
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
    fn claim(&self, question: &Question, now: Timestamp) -> Result<Claimed> {
        #[derive(Deserialize)]
        struct Row {
            claimed_by: Option<String>,
            until: i64,
        }
        self.database.transaction(|| {
            let (mut new, mut in_progress) = (Vec::new(), None);
            for key in &question.keys {
                let row = "SELECT claimed_by, until FROM deliveries WHERE key = ?";
                let row: Option<Row> = self.database.row(row, vec![key.as_str().into()])?;
                match row.filter(|row| row.until > now.as_millis()) {
                    Some(Row { claimed_by: None, .. }) => {}
                    Some(Row { until, .. }) => in_progress = in_progress.max(Some(until)),
                    None => new.push(key.as_str()),
                }
            }
            Ok(match in_progress {
                Some(until) => Claimed::InProgress { retry_after: (until - now.as_millis() + 999) / 1_000 },
                None if new.is_empty() => Claimed::Seen,
                None => {
                    self.put(&new, Some(&question.by), now.plus_millis(LEASE_MS))?;
                    Claimed::New { repeats: question.keys.len() - new.len() }
                }
            })
        })
    }

    /// Whoever holds the claim by now: it was handed on.
    fn done(&self, question: &Question, now: Timestamp) -> Result<()> {
        let keys: Vec<&str> = question.keys.iter().map(String::as_str).collect();
        self.database.transaction(|| self.put(&keys, None, now.plus_millis(question.remember_ms)))
    }

    fn release(&self, question: &Question) -> Result<()> {
        self.database.transaction(|| {
            question.keys.iter().try_for_each(|key| {
                let bindings = vec![key.as_str().into(), question.by.as_str().into()];
                self.database.execute("DELETE FROM deliveries WHERE key = ? AND claimed_by = ?", bindings)
            })
        })
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

    /// What deployed objects were made with. If this fails, a migration was
    /// changed rather than appended.
    #[test]
    fn the_schema_is_golden() {
        let digests: Vec<_> =
            MIGRATIONS.iter().map(|migration| keystile_core::KeyDigest::of(migration).to_hex()).collect();
        assert_eq!(digests, ["650bcfdf4f4860239d85eb91bd69e0575d0402399d25b321f323d642145a598a"]);
    }

    #[test]
    fn a_key_falls_to_one_object_for_good() {
        assert_eq!(shard("47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"), 1);
    }
}
