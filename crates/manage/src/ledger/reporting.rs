//! The table of the reports to the overview of all tenants, one row. `keystile_core::ledger::reporting` decides when a
//! report is made and sent, [`report`](super::report) does it.
//!
//! Triggers of the schema note that there is something to report, whatever changes it. The operators' ledger never has
//! anything.

use keystile_core::{
    Timestamp,
    ledger::reporting::{Report, Reporting},
};
use serde::Deserialize;
use worker::Result;

use keystile_runtime::database::Database;

use super::outbox;

/// Schedules a report if there is something to report. Returns whether the next one is earlier for that.
pub(crate) fn schedule(database: &Database, now: Timestamp) -> Result<bool> {
    let Some(row) = row(database)? else { return Ok(false) };
    let (changed, reporting) = (row.changed != 0, Reporting::from(row));
    if !changed && !(reporting.awaits_outbox() && outbox::is_empty(database)?) {
        return Ok(false);
    }
    let next = reporting.changed(now);
    if next == reporting {
        return Ok(false);
    }
    write(database, next)?;
    Ok(true)
}

/// Notes that there is something to report that no trigger sees.
pub(super) fn note_change(database: &Database) -> Result<()> {
    let of_tenant = "EXISTS (SELECT 1 FROM keys WHERE id GLOB 'key_*')";
    database.execute(&format!("UPDATE reporting SET changed = 1 WHERE changed = 0 AND {of_tenant}"), vec![])
}

/// Notes that the tenant is erased.
pub(super) fn note_erasure(database: &Database) -> Result<()> {
    database.execute("UPDATE reporting SET changed = 1", vec![])
}

/// Whether the overview has yet to hear of something.
pub(super) fn is_pending(database: &Database) -> Result<bool> {
    Ok(row(database)?.is_some_and(|row| row.changed != 0 || row.under_way != 0))
}

/// Whether there is something to report that no report has.
pub(super) fn is_news(database: &Database) -> Result<bool> {
    Ok(row(database)?.is_some_and(|row| row.changed != 0))
}

/// When the next report is to be made or sent.
pub(super) fn due(database: &Database) -> Result<Option<Timestamp>> {
    Ok(find(database)?.due_at)
}

/// The reporting, beside the report that is under way.
pub(super) fn find(database: &Database) -> Result<Reporting> {
    Ok(row(database)?.map(Reporting::from).unwrap_or_default())
}

#[derive(Deserialize)]
struct Row {
    changed: u8,
    number: u64,
    made_at: Option<Timestamp>,
    due_at: Option<Timestamp>,
    attempts: u32,
    under_way: u8,
    waits: u32,
}

impl From<Row> for Reporting {
    fn from(row: Row) -> Self {
        let Row { changed: _, number, made_at, due_at, attempts, under_way, waits } = row;
        Self { number, made_at, due_at, attempts, under_way: under_way != 0, waits }
    }
}

fn row(database: &Database) -> Result<Option<Row>> {
    database.row(
        "SELECT changed, number, made_at, due_at, attempts, report IS NOT NULL AS under_way, waits FROM reporting",
        vec![],
    )
}

/// Writes the reporting. If no report is under way any more, the stored one goes.
pub(super) fn write(database: &Database, reporting: Reporting) -> Result<()> {
    let Reporting { number, made_at, due_at, attempts, under_way, waits } = reporting;
    database.execute(
        "UPDATE reporting
         SET number = ?, made_at = ?, due_at = ?, attempts = ?, report = iif(?, report, NULL), waits = ?",
        vec![
            (number as i64).into(),
            made_at.map(Timestamp::as_millis).into(),
            due_at.map(Timestamp::as_millis).into(),
            i64::from(attempts).into(),
            i64::from(under_way).into(),
            i64::from(waits).into(),
        ],
    )
}

/// Stores a report that was just made, from which on only later changes count as such. `rest` says that something was
/// left for the next report.
pub(super) fn store(database: &Database, report: &Report, rest: bool) -> Result<()> {
    let text = serde_json::to_string(report)?;
    database.execute("UPDATE reporting SET changed = ?, report = ?", vec![i64::from(rest).into(), text.into()])
}

/// The report that is under way.
pub(super) fn under_way(database: &Database) -> Result<Report> {
    #[derive(Deserialize)]
    struct Row {
        report: String,
    }
    let row: Option<Row> = database.row("SELECT report FROM reporting", vec![])?;
    Ok(serde_json::from_str(&row.map(|row| row.report).unwrap_or_default())?)
}
