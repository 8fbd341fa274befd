//! The staleness that the edges accept: each poll states the largest age of a view that its isolate uses. The largest
//! value of the last day decides when a change counts as in effect everywhere.

use std::{cell::RefCell, collections::BTreeMap};

use keystile_core::Timestamp;
use serde::Deserialize;
use worker::Result;

use keystile_runtime::database::Database;

/// A value that is stated again is not written again before this long.
const WRITE_AGAIN_AFTER_MS: i64 = 60 * 60 * 1_000;
/// A day, and one hour more, since the written time may lag behind by that long.
const KEPT_MS: i64 = 25 * 60 * 60 * 1_000;

/// The values that polls have stated, and the time that was written for each.
pub(super) struct Staleness {
    stated: RefCell<BTreeMap<u32, Timestamp>>,
}

impl Staleness {
    pub(super) fn open(database: &Database) -> Result<Self> {
        #[derive(Deserialize)]
        struct Row {
            ms: u32,
            stated_at: Timestamp,
        }
        let rows: Vec<Row> = database.rows("SELECT ms, stated_at FROM staleness", vec![])?;
        Ok(Self { stated: RefCell::new(rows.into_iter().map(|row| (row.ms, row.stated_at)).collect()) })
    }

    /// Records that a poll stated `ms`. This is written before the poll is answered, so every view that an isolate may
    /// use is taken into account.
    pub(super) fn state(&self, database: &Database, ms: u32, now: Timestamp) -> Result<()> {
        let written = self.stated.borrow().get(&ms).copied();
        if written.is_some_and(|at| (0..WRITE_AGAIN_AFTER_MS).contains(&now.millis_since(at))) {
            return Ok(());
        }
        let row = vec![i64::from(ms).into(), now.as_millis().into()];
        database.execute("INSERT OR REPLACE INTO staleness (ms, stated_at) VALUES (?, ?)", row)?;
        let oldest = now.plus_millis(-KEPT_MS);
        database.execute("DELETE FROM staleness WHERE stated_at < ?", vec![oldest.as_millis().into()])?;
        let mut stated = self.stated.borrow_mut();
        stated.insert(ms, now);
        stated.retain(|_, at| *at >= oldest);
        Ok(())
    }

    /// The largest value that was stated in the last 24 hours.
    pub(super) fn largest(&self, now: Timestamp) -> Option<u32> {
        let oldest = now.plus_millis(-KEPT_MS);
        self.stated.borrow().iter().filter(|(_, at)| **at >= oldest).map(|(ms, _)| *ms).max()
    }
}
