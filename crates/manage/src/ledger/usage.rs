//! Counts keys' uses, which the edges report: by the hour for 90 days, and in total.
//!
//! The sums of all of a tenant's keys are in [`tenant_usage`].
//!
//! An edge sends a batch until its isolate hears that it was taken, so a batch may arrive more than once. Its number,
//! which is kept in the same transaction as the counts, reveals that.

use std::collections::BTreeMap;

use keystile_core::{
    KeyId, Timestamp,
    access::verdict,
    usage::{
        batch::{UsageBatch, Use},
        first_kept_hour, fold_due_at, hour_of,
        report::{Bucket, CodeCounts, Period, PeriodCounts},
    },
};
use serde::Deserialize;
use worker::Result;

use super::{adoption, tenant_usage, usage_export};
use keystile_runtime::database::Database;

/// The time for which an isolate's last number is remembered: a batch is sent for no longer than an hour, and is
/// under way for less than a day.
const REMEMBERED_MS: i64 = 25 * 60 * 60 * 1_000;
/// The number of counts that are folded at a time, and of isolates that are forgotten.
const FOLDED_AT_ONCE: i64 = 1_000;
/// The most isolates that are forgotten at a time, once an hour: more than a tenant meets in that time.
const FORGOTTEN_AT_ONCE: i64 = 20_000;

/// Counts a batch, unless it was counted before. Returns the keys that were allowed for the first time ever in this
/// batch, and when.
pub(crate) fn take(database: &Database, batch: &UsageBatch, now: Timestamp) -> Result<Vec<(KeyId, Timestamp)>> {
    if !is_news(database, batch, now)? {
        return Ok(Vec::new());
    }
    let mut uses: BTreeMap<&KeyId, Vec<&Use>> = BTreeMap::new();
    for each in &batch.uses {
        uses.entry(&each.key_id).or_default().push(each);
    }
    let first_open = usage_export::first_open_hour(database, now)?;
    let (mut first_used, mut of_tenant) = (Vec::new(), BTreeMap::new());
    for (id, uses) in uses {
        let Some(known) = Known::find(database, id)? else {
            adoption::begin(database, now)?;
            continue;
        };
        if known.is_of_erased() {
            continue;
        }
        let uses = uses.into_iter().map(|each| each.clone().at_possible_times(known.created_at, now));
        let mut allowed: Option<(Timestamp, Timestamp)> = None;
        for each in uses {
            let (each, late) = each.in_open_hour(first_open, now);
            add(database, "usage", &each)?;
            if late {
                add(database, "usage_late", &each)?;
            }
            if !id.is_operators() {
                *of_tenant.entry((each.hour, each.code.clone())).or_default() += i64::from(each.count);
            }
            if each.code == verdict::VALID {
                let at = each.last_at;
                allowed = Some(allowed.map_or((at, at), |(first, last)| (first.min(at), last.max(at))));
            }
        }
        if let Some((first, last)) = allowed {
            note_allowed(database, id, first, last)?;
            if known.first_used_at.is_none() {
                first_used.push((id.clone(), first));
            }
        }
    }
    tenant_usage::add(database, &of_tenant)?;
    Ok(first_used)
}

/// Notes the batch's number, and returns whether the batch is new.
fn is_news(database: &Database, batch: &UsageBatch, now: Timestamp) -> Result<bool> {
    #[derive(Deserialize)]
    struct Taken {
        sequence: u64,
    }
    let isolate = batch.isolate.as_str();
    let taken: Option<Taken> =
        database.row("SELECT sequence FROM usage_taken WHERE isolate = ?", vec![isolate.into()])?;
    match taken {
        Some(taken) if taken.sequence >= batch.sequence => return Ok(false),
        _ => {}
    }
    database.execute(
        "INSERT OR REPLACE INTO usage_taken (isolate, sequence, taken_at) VALUES (?, ?, ?)",
        vec![isolate.into(), (batch.sequence as i64).into(), now.as_millis().into()],
    )?;
    Ok(true)
}

/// Forgets isolates that sent nothing for so long. This looks at all that are remembered, so it is done once an hour.
pub(crate) fn forget_isolates(database: &Database, now: Timestamp) -> Result<()> {
    let before = now.plus_millis(-REMEMBERED_MS).as_millis();
    database.execute(
        "DELETE FROM usage_taken WHERE isolate IN (SELECT isolate FROM usage_taken WHERE taken_at < ? LIMIT ?)",
        vec![before.into(), FORGOTTEN_AT_ONCE.into()],
    )
}

/// The facts about a key that are needed to count its uses. Uses of a key that this ledger doesn't have aren't counted: it
/// was put back to a point before it had the key. Neither are those of a key whose tenant was erased, which edges send for
/// a while.
#[derive(Deserialize)]
struct Known {
    created_at: Timestamp,
    first_used_at: Option<Timestamp>,
    erased: u8,
}

impl Known {
    fn find(database: &Database, id: &KeyId) -> Result<Option<Self>> {
        database.row(
            "SELECT created_at, first_used_at,
                    EXISTS (SELECT 1 FROM erasures WHERE erasures.tenant = keys.tenant) AS erased
             FROM keys WHERE id = ?",
            vec![id.as_str().into()],
        )
    }

    const fn is_of_erased(&self) -> bool {
        self.erased != 0
    }
}

fn add(database: &Database, table: &str, each: &Use) -> Result<()> {
    database.execute(
        &format!(
            "INSERT INTO {table} (key_id, hour, code, count) VALUES (?, ?, ?, ?)
             ON CONFLICT (key_id, hour, code) DO UPDATE SET count = count + excluded.count"
        ),
        vec![each.key_id.as_str().into(), each.hour.into(), each.code.as_str().into(), i64::from(each.count).into()],
    )
}

/// Notes when a key was allowed.
pub(crate) fn note_allowed(database: &Database, id: &KeyId, first: Timestamp, last: Timestamp) -> Result<()> {
    database.execute(
        "UPDATE keys SET first_used_at = ifnull(first_used_at, ?1), last_used_at = max(ifnull(last_used_at, ?2), ?2)
         WHERE id = ?3",
        vec![first.as_millis().into(), last.as_millis().into(), id.as_str().into()],
    )?;
    database.execute(
        "UPDATE keys SET used_in_hour = ?1 WHERE id = ?2 AND ifnull(used_in_hour, 0) < ?1",
        vec![hour_of(last).into(), id.as_str().into()],
    )
}

/// A key's hourly counts in the longest period that can be shown.
pub(crate) fn recent(database: &Database, id: &KeyId, now: Timestamp) -> Result<Vec<Bucket>> {
    database.rows(
        "SELECT hour, code, count FROM usage WHERE key_id = ? AND hour >= ?",
        vec![id.as_str().into(), Period::Month.first_hour(now).into()],
    )
}

/// The sums for each period: few rows, however many hours there are.
pub(crate) fn by_period(database: &Database, id: &KeyId, now: Timestamp) -> Result<Vec<PeriodCounts>> {
    let [day, week, month] = Period::ALL.map(|period| period.first_hour(now).into());
    database.rows(
        "SELECT code, sum(iif(hour >= ?2, count, 0)) AS day, sum(iif(hour >= ?3, count, 0)) AS week,
                sum(count) AS month
         FROM usage WHERE key_id = ?1 AND hour >= ?4 GROUP BY code",
        vec![id.as_str().into(), day, week, month],
    )
}

/// The counts of all of a key's uses.
pub(crate) fn all(database: &Database, id: &KeyId) -> Result<CodeCounts> {
    #[derive(Deserialize)]
    struct Sum {
        code: String,
        count: u64,
    }
    let sums: Vec<Sum> = database.rows(
        "SELECT code, sum(count) AS count FROM (
             SELECT code, count FROM usage WHERE key_id = ?1
             UNION ALL SELECT code, count FROM usage_folded WHERE key_id = ?1
         ) GROUP BY code",
        vec![id.as_str().into()],
    )?;
    Ok(sums.into_iter().map(|Sum { code, count }| (code, count)).collect())
}

/// The time of the next fold, if there is anything to fold.
pub(crate) fn fold_due(database: &Database) -> Result<Option<Timestamp>> {
    #[derive(Deserialize)]
    struct Earliest {
        hour: Option<i64>,
    }
    let earliest: Option<Earliest> = database.row("SELECT min(hour) AS hour FROM usage", vec![])?;
    Ok(earliest.and_then(|earliest| earliest.hour).map(fold_due_at))
}

/// Adds counts of hours that are too old to be kept separately to the totals, so many that nobody waits for it. The alarm
/// goes on with the rest.
pub(crate) fn fold(database: &Database, now: Timestamp) -> Result<()> {
    tenant_usage::fold(database, now)?;
    let first_kept = first_kept_hour(now);
    if fold_due(database)?.is_none_or(|due| due > now) {
        return Ok(());
    }
    let oldest = "SELECT key_id, hour, code FROM usage WHERE hour < ?1 ORDER BY hour, key_id, code LIMIT ?2";
    database.transaction(|| {
        let bindings = || vec![first_kept.into(), FOLDED_AT_ONCE.into()];
        database.execute(
            &format!(
                "INSERT INTO usage_folded (key_id, code, count)
                 SELECT key_id, code, sum(count) FROM usage WHERE (key_id, hour, code) IN ({oldest})
                 GROUP BY key_id, code
                 ON CONFLICT (key_id, code) DO UPDATE SET count = count + excluded.count"
            ),
            bindings(),
        )?;
        database.execute(&format!("DELETE FROM usage WHERE (key_id, hour, code) IN ({oldest})"), bindings())?;
        database.execute("DELETE FROM usage_late WHERE hour < ?", vec![first_kept.into()])
    })?;
    forget_isolates(database, now)
}
