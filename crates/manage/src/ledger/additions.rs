//! The table of additions to quotas: units that operators added to a quota's present period. The limiter makes each of
//! them once. Those that it hasn't been told of yet have a row in the outbox.

use keystile_core::{
    KeyId, Timestamp,
    base::timestamp::DAY_MS,
    ledger::idempotency::{Claim, REMEMBERED_MS},
    objects::limiter::Addition,
};
use keystile_runtime::database::Database;
use serde::Deserialize;
use worker::Result;

/// The time for which a row stays after its period has ended: a request may be repeated for as long.
const KEPT_MS: i64 = if REMEMBERED_MS > DAY_MS { REMEMBERED_MS } else { DAY_MS };

#[derive(Deserialize)]
struct Row {
    id: String,
    quota: String,
    key: Option<KeyId>,
    units: u64,
    ends_at: Timestamp,
    #[serde(default)]
    fingerprint: Option<String>,
}

impl From<Row> for Addition {
    fn from(row: Row) -> Self {
        let Row { id, quota, key, units, ends_at, fingerprint: _ } = row;
        Self { id, quota, key, units, ends_at }
    }
}

/// Inserts an addition that was just made.
pub(crate) fn insert(database: &Database, addition: &Addition, claim: Option<&Claim>, now: Timestamp) -> Result<()> {
    let Addition { id, quota, key, units, ends_at } = addition;
    database.execute(
        "INSERT INTO quota_additions (id, quota, key, units, ends_at, made_at, claim, fingerprint)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        vec![
            id.as_str().into(),
            quota.as_str().into(),
            key.as_ref().map(KeyId::to_string).into(),
            (*units as i64).into(),
            ends_at.as_millis().into(),
            now.as_millis().into(),
            claim.map(|claim| claim.id.clone()).into(),
            claim.map(|claim| claim.fingerprint.clone()).into(),
        ],
    )
}

/// The addition of this id.
pub(crate) fn find(database: &Database, id: &str) -> Result<Option<Addition>> {
    let query = "SELECT id, quota, key, units, ends_at FROM quota_additions WHERE id = ?";
    let row: Option<Row> = database.row(query, vec![id.into()])?;
    Ok(row.map(Addition::from))
}

/// The addition that was made under this claim, and the fingerprint of its request.
pub(crate) fn of_claim(database: &Database, claim: &Claim, now: Timestamp) -> Result<Option<(Addition, String)>> {
    let row: Option<Row> = database.row(
        "SELECT id, quota, key, units, ends_at, fingerprint FROM quota_additions WHERE claim = ? AND made_at > ?",
        vec![claim.id.as_str().into(), now.plus_millis(-REMEMBERED_MS).as_millis().into()],
    )?;
    Ok(row.and_then(|mut row| row.fingerprint.take().map(|fingerprint| (row.into(), fingerprint))))
}

/// Those that the limiter hasn't been told of yet.
pub(crate) fn untold(database: &Database) -> Result<Vec<Addition>> {
    let rows: Vec<Row> = database.rows(
        "SELECT id, quota, key, units, ends_at FROM outbox
         JOIN quota_additions ON quota_additions.id = substr(outbox.subject, length('addition/') + 1)
         WHERE outbox.stage = 'tell' AND outbox.subject > 'addition/' AND outbox.subject < 'addition0'",
        vec![],
    )?;
    Ok(rows.into_iter().map(Addition::from).collect())
}

/// The units that were added to a quota's present period.
pub(crate) fn sum(database: &Database, quota: &str, key: Option<&KeyId>, now: Timestamp) -> Result<u64> {
    #[derive(Deserialize)]
    struct Sum {
        units: u64,
    }
    let sum: Option<Sum> = database.row(
        "SELECT coalesce(sum(units), 0) AS units FROM quota_additions WHERE quota = ? AND key IS ? AND ends_at > ?",
        vec![quota.into(), key.map(KeyId::to_string).into(), now.as_millis().into()],
    )?;
    Ok(sum.map_or(0, |sum| sum.units))
}

/// The time of the next trimming, if there is something to trim.
pub(crate) fn next_due(database: &Database) -> Result<Option<Timestamp>> {
    #[derive(Deserialize)]
    struct Earliest {
        ends_at: Option<Timestamp>,
    }
    let earliest: Option<Earliest> = database.row("SELECT min(ends_at) AS ends_at FROM quota_additions", vec![])?;
    Ok(earliest.and_then(|earliest| earliest.ends_at).map(|ends_at| ends_at.plus_millis(KEPT_MS)))
}

/// Deletes the additions of periods that ended a day ago.
pub(crate) fn trim(database: &Database, now: Timestamp) -> Result<()> {
    let ended_by = now.plus_millis(-KEPT_MS);
    database.execute("DELETE FROM quota_additions WHERE ends_at <= ?", vec![ended_by.as_millis().into()])
}
