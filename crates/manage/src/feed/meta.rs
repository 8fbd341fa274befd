//! What the feed stores of itself, by names.

use keystile_runtime::database::Database;
use serde::Deserialize;
use worker::Result;

/// A value by its name.
pub(super) fn meta(database: &Database, name: &str) -> Result<Option<String>> {
    #[derive(Deserialize)]
    struct Meta {
        value: String,
    }
    let row: Option<Meta> = database.row("SELECT value FROM meta WHERE name = ?", vec![name.into()])?;
    Ok(row.map(|row| row.value))
}

/// Sets a value.
pub(super) fn set_meta(database: &Database, name: &str, value: &str) -> Result<()> {
    database.execute("INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)", vec![name.into(), value.into()])
}
