//! The gaps of the log: the numbers that it leaves out between two instances of this object. A cursor in one of them
//! shows that the object was put back, and to which point.
//!
//! An instance that is merely started again leaves a gap, too, in which no cursor ever is.

use keystile_core::feed::log::Gap;
use keystile_runtime::database::Database;
use serde::Deserialize;
use worker::Result;

use super::meta::{meta, set_meta};

/// The name of the highest cursor beyond the log that was noticed.
const NOTICED: &str = "noticed_beyond";

#[derive(Deserialize)]
struct Row {
    last: u64,
    next: u64,
    noticed: u64,
}

/// Writes the gap after the number `last`, at which this instance began, if there is a higher number now.
pub(super) fn note(database: &Database, last: u64) -> Result<()> {
    database.execute(
        "INSERT OR REPLACE INTO gaps (last, next, noticed)
         SELECT ?1, min(seq), ?2 FROM log WHERE seq > ?1 HAVING min(seq) IS NOT NULL",
        vec![(last as i64).into(), (noticed(database)? as i64).into()],
    )
}

/// Finds the gap that a number within the log may be in.
pub(super) fn find(database: &Database, number: u64) -> Result<Option<Gap>> {
    let query = "SELECT last, next, noticed FROM gaps WHERE last < ? ORDER BY last DESC LIMIT 1";
    let row: Option<Row> = database.row(query, vec![(number as i64).into()])?;
    Ok(row.map(|Row { last, next, noticed }| Gap { last, next: Some(next), noticed }))
}

/// Returns the number at which the earliest gap begins.
pub(super) fn earliest(database: &Database) -> Result<Option<u64>> {
    #[derive(Deserialize)]
    struct Earliest {
        last: Option<u64>,
    }
    let earliest: Option<Earliest> = database.row("SELECT min(last) AS last FROM gaps", vec![])?;
    Ok(earliest.and_then(|earliest| earliest.last))
}

/// Notes that a cursor in this gap was noticed. All that was lost there is published again, so a gap that has an end
/// tells nothing more.
pub(super) fn notice(database: &Database, gap: Gap, cursor: u64) -> Result<()> {
    match gap.next {
        Some(_) => database.execute("DELETE FROM gaps WHERE last = ?", vec![(gap.last as i64).into()]),
        None => set_meta(database, NOTICED, &cursor.to_string()),
    }
}

/// Returns the highest cursor that was noticed beyond the log.
pub(super) fn noticed(database: &Database) -> Result<u64> {
    Ok(meta(database, NOTICED)?.and_then(|noticed| noticed.parse().ok()).unwrap_or_default())
}

/// Removes the gaps below this number.
pub(super) fn trim(database: &Database, number: u64) -> Result<()> {
    database.execute("DELETE FROM gaps WHERE next <= ?", vec![(number as i64).into()])
}

/// Removes all gaps.
pub(super) fn clear(database: &Database) -> Result<()> {
    database.execute("DELETE FROM gaps", vec![])
}
