//! The uses of all of a tenant's keys together, by the hour for 90 days, and in total. The operators' ledger has none.
//!
//! Beside each count stands the part of it that is in a report to the overview. A count is folded once all of it is.

use std::collections::BTreeMap;

use keystile_core::{
    Timestamp,
    usage::{
        first_kept_hour,
        report::{Bucket, CodeCounts, Period},
    },
};
use serde::Deserialize;
use worker::Result;

use keystile_runtime::database::Database;

/// Adds counts, each with its hour and code.
pub(super) fn add(database: &Database, counts: &BTreeMap<(i64, String), i64>) -> Result<()> {
    for ((hour, code), count) in counts {
        database.execute(
            "INSERT INTO tenant_usage (hour, code, count, reported) VALUES (?, ?, ?, 0)
             ON CONFLICT (hour, code) DO UPDATE SET count = count + excluded.count",
            vec![(*hour).into(), code.as_str().into(), (*count).into()],
        )?;
    }
    Ok(())
}

/// The hourly counts in the longest period that can be shown.
pub(crate) fn recent(database: &Database, now: Timestamp) -> Result<Vec<Bucket>> {
    let first = Period::Month.first_hour(now);
    database.rows("SELECT hour, code, count FROM tenant_usage WHERE hour >= ?", vec![first.into()])
}

/// The counts of all uses.
pub(crate) fn all(database: &Database) -> Result<CodeCounts> {
    #[derive(Deserialize)]
    struct Sum {
        code: String,
        count: u64,
    }
    let sums: Vec<Sum> = database.rows(
        "SELECT code, sum(count) AS count FROM (
             SELECT code, count FROM tenant_usage UNION ALL SELECT code, count FROM tenant_usage_folded
         ) GROUP BY code",
        vec![],
    )?;
    Ok(sums.into_iter().map(|Sum { code, count }| (code, count)).collect())
}

/// Takes counts that are in no report yet, at most `limit`, the oldest first. From now on they are in one.
pub(super) fn take_unreported(database: &Database, limit: usize) -> Result<Vec<Bucket>> {
    let limit = limit as i64;
    let news = database.rows(
        "SELECT hour, code, count - reported AS count FROM tenant_usage WHERE count > reported ORDER BY hour, code LIMIT ?",
        vec![limit.into()],
    )?;
    database.execute(
        "UPDATE tenant_usage SET reported = count WHERE (hour, code) IN
             (SELECT hour, code FROM tenant_usage WHERE count > reported ORDER BY hour, code LIMIT ?)",
        vec![limit.into()],
    )?;
    Ok(news)
}

/// Whether there are counts that are in no report yet.
pub(super) fn is_unreported(database: &Database) -> Result<bool> {
    #[derive(Deserialize)]
    struct One {}
    let one: Option<One> = database.row("SELECT 1 AS one FROM tenant_usage WHERE count > reported LIMIT 1", vec![])?;
    Ok(one.is_some())
}

/// Adds hours that are too old to be kept separately to the totals.
pub(super) fn fold(database: &Database, now: Timestamp) -> Result<()> {
    let before = first_kept_hour(now);
    database.transaction(|| {
        database.execute(
            "INSERT INTO tenant_usage_folded (code, count)
             SELECT code, sum(count) FROM tenant_usage WHERE hour < ? AND count = reported GROUP BY code
             ON CONFLICT (code) DO UPDATE SET count = count + excluded.count",
            vec![before.into()],
        )?;
        database.execute("DELETE FROM tenant_usage WHERE hour < ? AND count = reported", vec![before.into()])
    })
}
