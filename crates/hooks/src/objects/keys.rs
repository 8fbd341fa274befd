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
        keys::{GetKeys, KeySetForm, KnownKeys},
    },
    receiver::{
        github_keys::GithubKeys,
        key_set::{FETCH_INTERVAL_MS, FETCH_TIMEOUT_MS, GITHUB_LIFE_MS, History, Step, life_ms},
    },
};
use keystile_runtime::{alarm, clock, database::Database, log, object::said, response};
use keystile_webhook::{MAX_KEY_SET_BYTES, check_key_set};
use serde::Deserialize;
use wasm_bindgen_futures::JsFuture;
use worker::{DurableObject, Env, Request, Response, Result, State, durable_object};

use crate::glue::{self, SEPARATOR};

/// The interval at which a call looks whether a request under way is over, milliseconds.
const LOOK_EVERY_MS: u64 = 50;
/// The maximum length of an ETag that is kept, bytes.
const MAX_ETAG: usize = 256;

const MIGRATIONS: &[&str] = &[
    "
-- The keys at this object's address: one row.
CREATE TABLE key_set (
    url TEXT PRIMARY KEY,
    keys TEXT,                        -- JSON as it was fetched; NULL if none was
    fetched_at INTEGER,               -- when the keys came
    fresh_until INTEGER,              -- when they are to be refreshed
    asked_at INTEGER NOT NULL         -- when the address was last asked
) WITHOUT ROWID;
",
    "
-- The form of the keys, 'jwks' or 'github'.
ALTER TABLE key_set ADD COLUMN form TEXT NOT NULL DEFAULT 'jwks';
-- The ETag that they came with; NULL if there was none.
ALTER TABLE key_set ADD COLUMN etag TEXT;
",
];

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
    form: KeySetForm,
    etag: Option<String>,
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
                self.ask(&row.url, row.form, now).await?;
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
            Step::Fetch => self.ask(&call.url, call.form, now).await?,
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
    async fn ask(&self, url: &str, form: KeySetForm, now: Timestamp) -> Result<bool> {
        let note = "INSERT INTO key_set (url, asked_at, form) VALUES (?, ?, ?)
                    ON CONFLICT DO UPDATE SET asked_at = excluded.asked_at";
        self.database()?.execute(note, vec![url.into(), now.as_millis().into(), form.as_str().into()])?;
        let etag = self.row()?.filter(|row| row.keys.is_some()).and_then(|row| row.etag);
        self.asking_since.set(Some(now));
        let fetched = fetch(url, form, etag.as_deref()).await;
        self.asking_since.set(None);
        match fetched {
            Ok(Fetched { document, life_ms }) => {
                let (at, fresh_until) = (now.as_millis(), now.plus_millis(life_ms).as_millis());
                let fresh = "UPDATE key_set SET fetched_at = ?, fresh_until = ? WHERE url = ?";
                self.database()?.execute(fresh, vec![at.into(), fresh_until.into(), url.into()])?;
                if let Some((etag, keys)) = document {
                    let changed = "UPDATE key_set SET keys = ?, etag = ? WHERE url = ?";
                    self.database()?.execute(changed, vec![keys.into(), etag.into(), url.into()])?;
                }
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
        self.database()?.row("SELECT url, keys, fetched_at, fresh_until, asked_at, form, etag FROM key_set", vec![])
    }

    fn database(&self) -> Result<&Database> {
        if let Some(database) = self.database.get() {
            return Ok(database);
        }
        let database = Database::open(&self.state, MIGRATIONS)?;
        Ok(self.database.get_or_init(|| database))
    }
}

/// What an address answered.
struct Fetched {
    /// The ETag and the set of keys; `None` if it is the one that was known.
    document: Option<(Option<String>, String)>,
    /// The time for which it is fresh, milliseconds.
    life_ms: i64,
}

/// Fetches the set of keys at an address, unless it still has this ETag.
async fn fetch(url: &str, form: KeySetForm, etag: Option<&str>) -> core::result::Result<Fetched, String> {
    let asked = glue::fetch_keys(url, FETCH_TIMEOUT_MS, MAX_KEY_SET_BYTES as u32, etag.unwrap_or_default());
    let answered = clock::within(u64::from(FETCH_TIMEOUT_MS), JsFuture::from(asked)).await;
    let answered = answered.ok_or("it did not answer in time")?.map_err(|error| said(&error))?;
    let answered = answered.as_string().unwrap_or_default();
    let (cache_control, document) = match answered.split_once(SEPARATOR) {
        Some((cache_control, document)) => (cache_control, Some(document)),
        None => (answered.as_str(), None),
    };
    let document = match document {
        Some(document) => {
            let (etag, keys) = document.split_once(SEPARATOR).ok_or("its answer can't be read")?;
            check(form, keys).map_err(|fault| format!("what it answered {fault}"))?;
            let etag = Some(etag).filter(|etag| (1..=MAX_ETAG).contains(&etag.len()));
            Some((etag.map(str::to_owned), keys.to_owned()))
        }
        None => None,
    };
    let life_ms = match form {
        KeySetForm::Jwks => life_ms(cache_control),
        KeySetForm::Github => GITHUB_LIFE_MS,
    };
    Ok(Fetched { document, life_ms })
}

/// Checks that a document is a set of keys of this form.
fn check(form: KeySetForm, document: &str) -> core::result::Result<(), String> {
    match form {
        KeySetForm::Jwks => check_key_set(document).map_err(|fault| fault.to_string()),
        KeySetForm::Github => GithubKeys::parse(document).map(|_| ()).map_err(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use keystile_runtime::database::digests;

    #[test]
    fn the_schema_is_golden() {
        let golden = [
            "f93d52762f00fc2b26f00246a11a224646b7c190329af2fc0763eb43c3ba4407",
            "783f273b3f69b4f54cfede882c8599e88cc35cd33099acb7a75c5c2abe51cf63",
        ];
        assert_eq!(digests(MIGRATIONS), golden);
    }
}
