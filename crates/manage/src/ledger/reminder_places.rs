//! The table of the places up to which [reminders](super::reminders) have told of keys.

use std::collections::BTreeMap;

use keystile_core::{Timestamp, ledger::reminders::ReminderSettings};
use keystile_runtime::database::Database;
use serde::Deserialize;
use worker::Result;

/// The place of a reminder in its row.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Place {
    /// The time up to which keys were told of.
    pub(super) time: Timestamp,
    /// The last key of that time that was told of, by that which orders them; `None`: all of them were.
    pub(super) tie: Option<String>,
}

/// Gives reminders that are new their first place. A notice of an expiry that is no longer configured loses its place, so
/// that it doesn't tell of everything since if it comes back.
pub(super) fn begin(database: &Database, settings: &ReminderSettings, now: Timestamp) -> Result<()> {
    let (reminders, places) = (settings.reminders(), places(database)?);
    for reminder in &reminders {
        if !places.contains_key(&reminder.name()) {
            put_place(database, &reminder.name(), &Place { time: reminder.first_place(now), tie: None })?;
        }
    }
    let configured: Vec<String> = reminders.iter().map(|reminder| reminder.name()).collect();
    for name in places.keys().filter(|name| name.starts_with("expiring/") && !configured.contains(name)) {
        database.execute("DELETE FROM reminders WHERE name = ?", vec![name.as_str().into()])?;
    }
    Ok(())
}

/// The place of each reminder, by its name.
pub(super) fn places(database: &Database) -> Result<BTreeMap<String, Place>> {
    #[derive(Deserialize)]
    struct Named {
        name: String,
        #[serde(flatten)]
        place: Place,
    }
    let rows: Vec<Named> = database.rows("SELECT name, time, tie FROM reminders", vec![])?;
    Ok(rows.into_iter().map(|Named { name, place }| (name, place)).collect())
}

/// Writes a place.
pub(super) fn put_place(database: &Database, name: &str, Place { time, tie }: &Place) -> Result<()> {
    database.execute(
        "INSERT OR REPLACE INTO reminders (name, time, tie) VALUES (?, ?, ?)",
        vec![name.into(), time.as_millis().into(), tie.clone().into()],
    )
}
