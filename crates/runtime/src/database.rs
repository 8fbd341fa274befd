//! A Durable Object's SQLite database. Its users rely on these properties:
//!
//! - **Atomic.** The changes in [`Database::transaction`] are committed as a whole or not at all. There is no `await`
//!   in it, so no other event of the object comes in between.
//! - **Durable before it is told.** The runtime's output gate holds every answer and every outgoing call until the
//!   writes before it are on disk.
//! - **Alarms commit with the rows.** [`Database::arm`] inside a transaction sets the alarm in the same commit, so no
//!   row waits for an alarm that was never set.
//!
//! Integers cross as JavaScript numbers. They are exact up to 2^53; versions, sequence numbers and milliseconds stay
//! far below that.

use js_sys::{Date, Object};
use keystile_core::{KeyDigest, Timestamp};
use serde::de::DeserializeOwned;
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};
use worker::{Error, Result, SqlStorage, SqlStorageValue, State, Storage};

use crate::clock;

/// The database of one object.
pub struct Database {
    storage: Storage,
    sql: SqlStorage,
}

impl Database {
    /// Opens the object's database and brings its schema up to date. `migrations` are those of the object's class, the
    /// oldest first.
    ///
    /// # Errors
    /// The platform's.
    pub fn open(state: &State, migrations: &[&str]) -> Result<Self> {
        let storage = state.storage();
        let database = Self { sql: storage.sql(), storage };
        database.migrate(migrations)?;
        Ok(database)
    }

    /// Applies the migrations that are missing. `PRAGMA user_version` is not available to Durable Objects.
    fn migrate(&self, migrations: &[&str]) -> Result<()> {
        #[derive(serde::Deserialize)]
        struct Applied {
            count: usize,
        }
        self.execute(
            "CREATE TABLE IF NOT EXISTS _migrations (version INTEGER PRIMARY KEY, applied_at INTEGER NOT NULL)",
            vec![],
        )?;
        let applied: Option<Applied> = self.row("SELECT count(*) AS count FROM _migrations", vec![])?;
        let applied = applied.map_or(0, |applied| applied.count);
        for (index, migration) in migrations.iter().enumerate().skip(applied) {
            self.transaction(|| {
                self.execute(migration, vec![])?;
                let version = index as i64 + 1;
                let row = vec![version.into(), clock::now().as_millis().into()];
                self.execute("INSERT INTO _migrations (version, applied_at) VALUES (?, ?)", row)
            })?;
        }
        Ok(())
    }

    /// Runs a statement for its effect.
    ///
    /// # Errors
    /// The platform's.
    pub fn execute(&self, statement: &str, bindings: Vec<SqlStorageValue>) -> Result<()> {
        self.sql.exec(statement, bindings).map(drop)
    }

    /// All rows of a query. A cursor is never left open: that would lock tables.
    ///
    /// # Errors
    /// The platform's.
    pub fn rows<T: DeserializeOwned>(&self, query: &str, bindings: Vec<SqlStorageValue>) -> Result<Vec<T>> {
        self.sql.exec(query, bindings)?.to_array()
    }

    /// The first row of a query. (`SqlCursor::one` throws past Rust.)
    ///
    /// # Errors
    /// The platform's.
    pub fn row<T: DeserializeOwned>(&self, query: &str, bindings: Vec<SqlStorageValue>) -> Result<Option<T>> {
        Ok(self.rows(query, bindings)?.into_iter().next())
    }

    /// Does all of `work`, or nothing of it if it fails.
    ///
    /// # Errors
    /// Those of `work`, or the platform's.
    pub fn transaction<T, E: From<Error>>(
        &self,
        mut work: impl FnMut() -> std::result::Result<T, E>,
    ) -> std::result::Result<T, E> {
        let mut outcome = None;
        let mut body = || {
            let worked = work();
            let failed = worked.is_err();
            outcome = Some(worked);
            // A thrown exception makes JavaScript's API roll back.
            if failed { Err(JsValue::from_str(ROLLED_BACK)) } else { Ok(JsValue::UNDEFINED) }
        };
        let storage: &SyncStorage = self.storage.as_raw().unchecked_ref();
        let committed = storage.transaction_sync(&mut body);
        match (outcome, committed) {
            (Some(Err(error)), _) => Err(error),
            (_, Err(thrown)) => Err(Error::from(thrown).into()),
            (Some(done), Ok(_)) => done,
            (None, Ok(_)) => Err(Error::RustError("the transaction was not run".into()).into()),
        }
    }

    /// Sets the object's one alarm and replaces an earlier one.
    ///
    /// # Errors
    /// The platform's.
    pub fn arm(&self, at: Timestamp) -> Result<()> {
        arm(&self.storage, at)
    }
}

/// The digests of migrations. A test of each object's class pins them: a deployed migration is never changed, and a new
/// one is appended.
#[must_use]
pub fn digests(migrations: &[&str]) -> Vec<String> {
    migrations.iter().map(|migration| KeyDigest::of(migration).to_hex()).collect()
}

/// Sets the object's one alarm without a database.
///
/// # Errors
/// The platform's.
pub fn arm(storage: &Storage, at: Timestamp) -> Result<()> {
    let date = Date::new(&JsValue::from_f64(at.as_millis() as f64));
    // The call itself makes the write, so its promise is not awaited.
    storage.as_raw().set_alarm(date, Object::new()).map(drop).map_err(Error::from)
}

const ROLLED_BACK: &str = "rolled back";

#[wasm_bindgen]
extern "C" {
    /// The method of `DurableObjectStorage` that the `worker` crate lacks.
    type SyncStorage;

    #[wasm_bindgen(method, catch, js_name = transactionSync)]
    fn transaction_sync(
        this: &SyncStorage,
        body: &mut dyn FnMut() -> std::result::Result<JsValue, JsValue>,
    ) -> std::result::Result<JsValue, JsValue>;
}
