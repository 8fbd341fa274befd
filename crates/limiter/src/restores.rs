//! The object that remembers how often a tenant's limiter was ordered back to an earlier point, and the additions to
//! quotas that the limiter had made until then.

use std::cell::OnceCell;

use keystile_core::{
    base::{
        problem::Problem,
        timestamp::{DAY_MS, Timestamp},
    },
    objects::{
        Call,
        limiter_restores::{CountRestores, NoteRestore, Restores},
    },
};
use keystile_runtime::{clock, database::Database, log, response};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use worker::{DurableObject, Env, Request, Response, Result, State, durable_object};

use crate::{NO_REQUEST_ID, no_such_path};

/// The time for which an addition is kept after its period, milliseconds. The limiter itself keeps it for less.
const KEPT_AFTER_MS: i64 = DAY_MS;

const MIGRATIONS: &[&str] = &["
-- The restores, for good.
CREATE TABLE restores (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    noted_at INTEGER NOT NULL,
    restored_to INTEGER NOT NULL
);

-- The additions to quotas that the limiter had made before.
CREATE TABLE additions (
    id TEXT PRIMARY KEY,
    ends_at INTEGER NOT NULL          -- the end of the period that got it
) WITHOUT ROWID;
"];

/// The object.
#[durable_object]
pub struct LimiterRestores {
    state: State,
    database: OnceCell<Database>,
}

impl DurableObject for LimiterRestores {
    fn new(state: State, _env: Env) -> Self {
        Self { state, database: OnceCell::new() }
    }

    async fn fetch(&self, mut request: Request) -> Result<Response> {
        let path = request.path();
        let body = request.text().await?;
        let answered = match path.as_str() {
            NoteRestore::PATH => self.answer(&body, note),
            CountRestores::PATH => self.answer(&body, |database, CountRestores {}, _| restores(database)),
            _ => no_such_path(),
        };
        answered.or_else(|error| {
            log::error("limiter_restores_failed", &[("path", path.into()), ("reason", error.to_string().into())]);
            response::problem(&Problem::internal(), NO_REQUEST_ID)
        })
    }
}

impl LimiterRestores {
    fn answer<C: Call<Answer: Serialize> + DeserializeOwned>(
        &self,
        body: &str,
        handler: impl Fn(&Database, &C, Timestamp) -> Result<C::Answer>,
    ) -> Result<Response> {
        let call = serde_json::from_str(body)?;
        response::json(200, &handler(self.open()?, &call, clock::now())?)
    }

    fn open(&self) -> Result<&Database> {
        if let Some(database) = self.database.get() {
            return Ok(database);
        }
        let database = Database::open(&self.state, MIGRATIONS)?;
        Ok(self.database.get_or_init(|| database))
    }
}

fn note(database: &Database, note: &NoteRestore, now: Timestamp) -> Result<Restores> {
    database.transaction(|| {
        let row = vec![now.as_millis().into(), note.to.as_millis().into()];
        database.execute("INSERT INTO restores (noted_at, restored_to) VALUES (?, ?)", row)?;
        let over = now.plus_millis(-KEPT_AFTER_MS);
        database.execute("DELETE FROM additions WHERE ends_at <= ?", vec![over.as_millis().into()])?;
        for made in &note.additions {
            let row = vec![made.id.as_str().into(), made.ends_at.as_millis().into()];
            database.execute("INSERT OR IGNORE INTO additions (id, ends_at) VALUES (?, ?)", row)?;
        }
        restores(database)
    })
}

fn restores(database: &Database) -> Result<Restores> {
    #[derive(Deserialize)]
    struct Counted {
        count: u64,
    }
    let counted: Option<Counted> = database.row("SELECT count(*) AS count FROM restores", vec![])?;
    Ok(Restores {
        count: counted.map_or(0, |counted| counted.count),
        additions: database.rows("SELECT id, ends_at FROM additions", vec![])?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use keystile_runtime::database::digests;

    #[test]
    fn the_schema_is_golden() {
        assert_eq!(digests(MIGRATIONS), ["dcef8bcc43fe95f446c9aa5dd2a0f69b4f4536ff6dc39775ded72510aef0a507"]);
    }
}
