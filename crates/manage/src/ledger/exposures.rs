//! The table of places where leaked keys were found.

use keystile_core::{
    Timestamp,
    ledger::exposure::{Place, Reporter},
};
use keystile_runtime::database::Database;
use serde::Deserialize;
use worker::Result;

/// The id under which a root key stands, which has no row.
pub(crate) const ROOT: &str = "root";

/// Whether this place of a key was reported by this kind of reporter before.
pub(crate) fn is_known(database: &Database, key: &str, reporter: Reporter, place: &Place) -> Result<bool> {
    #[derive(Deserialize)]
    struct One {}
    let one: Option<One> = database.row(
        "SELECT 1 AS one FROM exposures WHERE key_id = ? AND reporter = ? AND place = ?",
        vec![key.into(), reporter.as_str().into(), place.id.to_hex().into()],
    )?;
    Ok(one.is_some())
}

/// Whether reports of this kind may add another place of a key.
pub(crate) fn has_room(database: &Database, key: &str, reporter: Reporter) -> Result<bool> {
    #[derive(Deserialize)]
    struct Count {
        places: u64,
    }
    let count: Option<Count> = database.row(
        "SELECT count(*) AS places FROM exposures WHERE key_id = ? AND reporter = ?",
        vec![key.into(), reporter.as_str().into()],
    )?;
    Ok(count.is_none_or(|count| count.places < reporter.most_places()))
}

/// Adds a place.
pub(crate) fn insert(database: &Database, key: &str, reporter: Reporter, place: &Place, now: Timestamp) -> Result<()> {
    database.execute(
        "INSERT INTO exposures (key_id, reporter, place, source, url, at) VALUES (?, ?, ?, ?, ?, ?)",
        vec![
            key.into(),
            reporter.as_str().into(),
            place.id.to_hex().into(),
            place.source.as_str().into(),
            place.url.as_str().into(),
            now.as_millis().into(),
        ],
    )
}
