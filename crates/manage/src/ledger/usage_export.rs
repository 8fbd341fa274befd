//! Uses for billing. An hour that was exported is closed for good, whatever the clock says later.

use keystile_core::{
    Timestamp,
    usage::export::{self, BilledUses, Hours, LinePlace},
};
use serde::Deserialize;
use worker::Result;

use keystile_runtime::database::Database;

/// The number of lines in a page.
const LINES: usize = 2_000;

/// The first hour of which counts may still change.
pub(crate) fn first_open_hour(database: &Database, now: Timestamp) -> Result<i64> {
    #[derive(Deserialize)]
    struct Closing {
        closed_before: i64,
    }
    let closing: Option<Closing> = database.row("SELECT closed_before FROM usage_closing", vec![])?;
    let by_clock = export::first_open_hour(now);
    Ok(closing.map_or(by_clock, |closing| closing.closed_before.max(by_clock)))
}

/// Closes the hours before this one for good.
pub(crate) fn close(database: &Database, before: i64) -> Result<()> {
    database.execute(
        "INSERT INTO usage_closing (one, closed_before) VALUES (1, ?)
         ON CONFLICT (one) DO UPDATE SET closed_before = excluded.closed_before
         WHERE closed_before < excluded.closed_before",
        vec![before.into()],
    )
}

/// The lines after a place, and whether there are more.
pub(crate) fn page(database: &Database, hours: Hours, after: Option<&LinePlace>) -> Result<(Vec<BilledUses>, bool)> {
    // One bound alone, so that the index is entered where the page begins, however far that is.
    let place = match after.filter(|place| place.hour >= hours.from) {
        Some(LinePlace { hour, key_id, code }) => [(*hour).into(), key_id.as_str().into(), code.as_str().into()],
        None => [hours.from.into(), "".into(), "".into()],
    };
    let [hour, key_id, code] = place;
    let mut uses: Vec<BilledUses> = database.rows(
        "SELECT usage.hour AS hour, usage.key_id AS key_id, usage.code AS code, usage.count AS count,
                ifnull(usage_late.count, 0) AS late
         FROM usage LEFT JOIN usage_late USING (key_id, hour, code)
         WHERE (usage.hour, usage.key_id, usage.code) > (?, ?, ?) AND usage.hour < ? AND usage.key_id GLOB 'key_*'
         ORDER BY usage.hour, usage.key_id, usage.code LIMIT ?",
        vec![hour, key_id, code, hours.to.into(), (LINES as i64 + 1).into()],
    )?;
    let more = uses.len() > LINES;
    uses.truncate(LINES);
    Ok((uses, more))
}
