//! Notes which keys have expired, in the column `expired`. Time makes keys expire and writes nothing, so whoever counts or
//! filters by status does this before, once for each key.
//!
//! Very many keys may expire at the same moment. A command notices some of them, so that nobody waits for it, and has the
//! alarm notice the rest, batch by batch.

use keystile_core::Timestamp;
use keystile_runtime::database::Database;
use serde::Deserialize;
use worker::{Result, SqlStorageValue};

/// The number of keys that are noticed at a time.
const BATCH: i64 = 200;

/// The keys whose mark is out of date. The second row is for a clock that was ahead and has been set back.
const OUTDATED: [&str; 2] = ["expired = 0 AND expires_at <= ?", "expired = 1 AND expires_at > ?"];

/// Marks the keys that have expired since, a batch at most, and sets the alarm for the rest. Returns whether there is
/// none.
pub(crate) fn notice(database: &Database, now: Timestamp) -> Result<bool> {
    for outdated in OUTDATED {
        let bindings: Vec<SqlStorageValue> = vec![now.as_millis().into(), BATCH.into()];
        let update =
            format!("UPDATE keys SET expired = 1 - expired WHERE id IN (SELECT id FROM keys WHERE {outdated} LIMIT ?)");
        database.execute(&update, bindings)?;
    }
    let is_noticed = is_noticed(database, now)?;
    if !is_noticed {
        // Whoever asks may only be reading, and nobody else sets the alarm for them.
        database.arm(now)?;
    }
    Ok(is_noticed)
}

/// Whether no key's mark is out of date.
pub(crate) fn is_noticed(database: &Database, now: Timestamp) -> Result<bool> {
    #[derive(Deserialize)]
    struct One {}
    for outdated in OUTDATED {
        let query = format!("SELECT 1 AS one FROM keys WHERE {outdated} LIMIT 1");
        let one: Option<One> = database.row(&query, vec![now.as_millis().into()])?;
        if one.is_some() {
            return Ok(false);
        }
    }
    Ok(true)
}
