//! The keys that a sender publishes at an address: one object for each address. It alone asks the address, so that all
//! isolates together ask it once a minute at most. When is for
//! [`key_set`](keystile_core::receiver::key_set) to say.
//!
//! The address comes from the configuration. What it answers is believed only if it is a set of keys; otherwise the
//! present keys stay.

use std::cell::{Cell, OnceCell};

use keystile_core::{
    Timestamp,
    base::timestamp::SECOND_MS,
    objects::{
        Call,
        keys::{GetKeys, KnownKeys},
    },
    receiver::key_set::{FETCH_INTERVAL_MS, FETCH_TIMEOUT_MS, History, Step, life_ms},
};
use keystile_runtime::{alarm, clock, database::Database, log, object::said, response};
use keystile_webhook::{MAX_KEY_SET_BYTES, check_key_set};
use serde::Deserialize;
use wasm_bindgen_futures::JsFuture;
use worker::{DurableObject, Env, Request, Response, Result, State, durable_object};

use crate::glue::{self, SEPARATOR};

/// The interval at which a call looks whether a request under way is over, milliseconds.
const LOOK_EVERY_MS: u64 = 50;

const MIGRATIONS: &[&str] = &["
-- The keys at this object's address: one row.
CREATE TABLE key_set (
    url TEXT PRIMARY KEY,
    keys TEXT,                        -- JSON as it was fetched; NULL if none was
    fetched_at INTEGER,               -- when the keys came
    fresh_until INTEGER,              -- when they are to be refreshed
    asked_at INTEGER NOT NULL         -- when the address was last asked
) WITHOUT ROWID;
"];

/// The object.
#[durable_object]
pub struct Keys {
    state: State,
    database: OnceCell<Database>,
    /// When the request under way began.
    asking_since: Cell<Option<Timestamp>>,
}

#[derive(Deserialize)]
struct Row {
    url: String,
    keys: Option<String>,
    fetched_at: Option<i64>,
    fresh_until: Option<i64>,
    asked_at: i64,
}

impl Row {
    fn history(row: Option<&Self>) -> History {
        let at = |millis: Option<i64>| millis.map(Timestamp::from_millis);
        History {
            keys: row.and_then(|row| at(row.fetched_at).zip(at(row.fresh_until))),
            asked_at: at(row.map(|row| row.asked_at)),
        }
    }
}

impl DurableObject for Keys {
    fn new(state: State, _env: Env) -> Self {
        Self { state, database: OnceCell::new(), asking_since: Cell::new(None) }
    }

    async fn fetch(&self, mut request: Request) -> Result<Response> {
        if request.path() != GetKeys::PATH {
            return Response::error("no such path", 404);
        }
        let call = serde_json::from_str(&request.text().await?)?;
        response::json(200, &self.get(&call).await?)
    }

    /// Refreshes the keys, or forgets them once they may no longer serve.
    async fn alarm(&self) -> Result<Response> {
        let work = async |now: Timestamp| {
            let Some(row) = self.row()? else { return Ok(()) };
            let history = Row::history(Some(&row));
            if !history.serve(now) {
                return match history.wait_ms(now) {
                    0 => self.database()?.execute("DELETE FROM key_set", vec![]),
                    wait => self.database()?.arm(now.plus_millis(wait)),
                };
            }
            if history.step(false, now) != Step::Serve {
                self.ask(&row.url, now).await?;
            }
            self.arm_end()
        };
        alarm::carry_out(self.state.storage(), "keys", FETCH_INTERVAL_MS, work).await
    }
}

impl Keys {
    async fn get(&self, call: &GetKeys) -> Result<KnownKeys> {
        let now = clock::now();
        let anew = match Row::history(self.row()?.as_ref()).step(call.anew, now) {
            Step::Fetch => self.ask(&call.url, now).await?,
            Step::ServeAndRefresh => {
                self.database()?.arm(now)?;
                false
            }
            Step::Serve => {
                self.wait_for_others().await?;
                false
            }
        };
        let (row, now) = (self.row()?, clock::now());
        let history = Row::history(row.as_ref());
        let keys = row.and_then(|row| row.keys).filter(|_| history.serve(now));
        // What is under way may be over soon.
        let wait_ms = if self.is_asking(now) { SECOND_MS } else { history.wait_ms(now) };
        Ok(KnownKeys { keys, anew, wait_ms })
    }

    /// Waits for a request under way if there are no keys. Whoever has some, and lacks one, comes again.
    async fn wait_for_others(&self) -> Result<()> {
        let serve = Row::history(self.row()?.as_ref()).serve(clock::now());
        while !serve && self.is_asking(clock::now()) {
            clock::sleep(LOOK_EVERY_MS).await;
        }
        Ok(())
    }

    fn is_asking(&self, now: Timestamp) -> bool {
        let under_way = 0..=i64::from(FETCH_TIMEOUT_MS);
        self.asking_since.get().is_some_and(|since| under_way.contains(&now.millis_since(since)))
    }

    /// Asks the address. Returns whether it answered with keys. That it was asked is on disk before.
    async fn ask(&self, url: &str, now: Timestamp) -> Result<bool> {
        let note =
            "INSERT INTO key_set (url, asked_at) VALUES (?, ?) ON CONFLICT DO UPDATE SET asked_at = excluded.asked_at";
        self.database()?.execute(note, vec![url.into(), now.as_millis().into()])?;
        self.asking_since.set(Some(now));
        let fetched = fetch(url).await;
        self.asking_since.set(None);
        match fetched {
            Ok((keys, life_ms)) => {
                let fresh_until = now.plus_millis(life_ms).as_millis();
                let row = "INSERT OR REPLACE INTO key_set (url, keys, fetched_at, fresh_until, asked_at) \
                           VALUES (?, ?, ?, ?, ?)";
                let at = now.as_millis();
                let row_of = vec![url.into(), keys.into(), at.into(), fresh_until.into(), at.into()];
                self.database()?.execute(row, row_of)?;
                self.arm_end()?;
                Ok(true)
            }
            Err(reason) => {
                log::error("webhook_keys_not_fetched", &[("jwks_url", url.into()), ("reason", reason.into())]);
                Ok(false)
            }
        }
    }

    /// Sets the alarm to when the keys may no longer serve.
    fn arm_end(&self) -> Result<()> {
        let end = Row::history(self.row()?.as_ref()).kept_until();
        end.map_or(Ok(()), |end| self.database()?.arm(end))
    }

    fn row(&self) -> Result<Option<Row>> {
        self.database()?.row("SELECT url, keys, fetched_at, fresh_until, asked_at FROM key_set", vec![])
    }

    fn database(&self) -> Result<&Database> {
        if let Some(database) = self.database.get() {
            return Ok(database);
        }
        let database = Database::open(&self.state, MIGRATIONS)?;
        Ok(self.database.get_or_init(|| database))
    }
}

/// The set of keys at an address, and for how long it is fresh.
async fn fetch(url: &str) -> core::result::Result<(String, i64), String> {
    let asked = glue::fetch_keys(url, FETCH_TIMEOUT_MS, MAX_KEY_SET_BYTES as u32);
    let answered = clock::within(u64::from(FETCH_TIMEOUT_MS), JsFuture::from(asked)).await;
    let answered = answered.ok_or("it did not answer in time")?.map_err(|error| said(&error))?;
    let answered = answered.as_string().unwrap_or_default();
    let (cache_control, keys) = answered.split_once(SEPARATOR).ok_or("its answer can't be read")?;
    check_key_set(keys).map_err(|fault| format!("what it answered {fault}"))?;
    Ok((keys.to_owned(), life_ms(cache_control)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use keystile_runtime::database::digests;

    #[test]
    fn the_schema_is_golden() {
        assert_eq!(digests(MIGRATIONS), ["f93d52762f00fc2b26f00246a11a224646b7c190329af2fc0763eb43c3ba4407"]);
    }
}
