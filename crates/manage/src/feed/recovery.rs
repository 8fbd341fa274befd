//! A feed that was put back to an earlier point, by point-in-time recovery perhaps. Its own storage forgets that, but
//! others know better: an isolate whose cursor is a number that the log left out, a ledger that acknowledges a version
//! that isn't here. Then all ledgers publish again what the feed has taken since that point. They are the truth, so
//! nothing is lost.

use futures_util::future::join_all;
use keystile_core::{
    KeyDigest, Timestamp,
    base::timestamp::MINUTE_MS,
    feed::log::{Gap, given_at},
    objects::ledger::{OPERATORS, PublishAgain},
};
use keystile_runtime::{database::Database, log as lines, object};
use serde::Deserialize;
use worker::{Env, Result};

use super::{
    gaps,
    log::Log,
    meta::{meta, set_meta},
};

/// The number of ledgers that one alarm calls: the subrequests of an invocation are limited, to 50 on the free plan.
const LEDGERS_PER_ALARM: i64 = 40;
const LEDGERS_AT_ONCE: usize = 5;
const LEDGER_TIMEOUT_MS: u64 = 5_000;
/// The time by which the ledgers go back further than the log, since their clocks may differ.
const SLACK_MS: i64 = MINUTE_MS;

/// While ledgers are asked to publish again: since when, and the last ledger that was asked.
const SINCE: &str = "publish_again_since";
const AFTER: &str = "publish_again_after";
/// A text behind the name of any tenant.
const AFTER_ALL: &str = "~";
/// The ledgers that could not be asked, as a list in JSON. Once all others were, only these are asked again.
const FAILED: &str = "publish_again_failed";

/// Whether ledgers have still to be asked to publish again.
pub(super) fn is_under_way(database: &Database) -> Result<bool> {
    Ok(meta(database, SINCE)?.is_some())
}

/// Notes that an isolate has a cursor in this gap, which is news.
pub(super) fn notice_isolate(database: &Database, gap: Gap, cursor: u64) -> Result<()> {
    database.transaction(|| {
        gaps::notice(database, gap, cursor)?;
        begin(database, gap.last)
    })
}

/// Notes that a ledger acknowledged a version that isn't here. Returns whether that is news. In which gap it was lost
/// isn't known, so it counts as lost in the earliest one.
pub(super) fn notice_ledger(database: &Database, log: &Log, versions: &[(KeyDigest, u64)]) -> Result<bool> {
    #[derive(Deserialize)]
    struct Known {
        version: u64,
    }
    if meta(database, SINCE)?.is_some() {
        return Ok(false);
    }
    for (digest, version) in versions {
        let query = "SELECT version FROM current WHERE digest = ?";
        let known: Option<Known> = database.row(query, vec![digest.to_hex().into()])?;
        if known.is_none_or(|known| known.version < *version) {
            let since_begun = if log.has_just_begun() { log.head().last } else { log.head().floor };
            database.transaction(|| {
                let last = gaps::earliest(database)?.unwrap_or(since_begun);
                gaps::clear(database)?;
                begin(database, last)
            })?;
            return Ok(true);
        }
    }
    Ok(false)
}

/// Has all ledgers publish again what the feed has taken since it gave the number `last`.
fn begin(database: &Database, last: u64) -> Result<()> {
    let point = given_at(last);
    lines::error("feed_was_put_back", &[("to", point.to_rfc3339().into())]);
    let since = point.plus_millis(-SLACK_MS).as_millis();
    // Changes that were lost before and aren't published again yet still have to be.
    let earlier = meta(database, SINCE)?.and_then(|earlier| earlier.parse().ok());
    set_meta(database, SINCE, &earlier.map_or(since, |earlier: i64| earlier.min(since)).to_string())?;
    set_meta(database, AFTER, "")?;
    set_meta(database, FAILED, "")
}

/// Asks the next ledgers to publish again, if they are to. Returns whether more are to be asked at once.
///
/// # Errors
/// The storage's, or that a ledger could not be asked: after a while that one is asked again.
pub(super) async fn carry_on(database: &Database, env: &Env, request_id: &str) -> Result<bool> {
    #[derive(Deserialize)]
    struct Listed {
        tenant: String,
    }
    let Some(since) = meta(database, SINCE)? else { return Ok(false) };
    let after = meta(database, AFTER)?.unwrap_or_default();
    let listed: Vec<Listed> = database.rows(
        "SELECT tenant FROM tenants WHERE tenant > ? ORDER BY tenant LIMIT ?",
        vec![after.as_str().into(), LEDGERS_PER_ALARM.into()],
    )?;
    let mut failed: Vec<String> =
        serde_json::from_str(&meta(database, FAILED)?.unwrap_or_default()).unwrap_or_default();
    let first = after.is_empty().then(|| OPERATORS.to_string());
    let mut ledgers: Vec<String> = first.into_iter().chain(listed.iter().map(|listed| listed.tenant.clone())).collect();
    if ledgers.is_empty() {
        ledgers = std::mem::take(&mut failed);
    }
    let point = Timestamp::from_millis(since.parse().unwrap_or_default());
    let command = PublishAgain { request_id: request_id.into(), since: point };
    for some in ledgers.chunks(LEDGERS_AT_ONCE) {
        let asked = some.iter().map(|ledger| object::call(env, ledger, &command, LEDGER_TIMEOUT_MS));
        let answers = join_all(asked).await;
        failed.extend(some.iter().zip(answers).filter(|(_, answer)| answer.is_err()).map(|(ledger, _)| ledger.clone()));
    }
    if meta(database, SINCE)? != Some(since) || meta(database, AFTER)?.unwrap_or_default() != after {
        // Meanwhile something else was noticed, so all ledgers are asked anew.
        return Ok(true);
    }
    set_meta(database, FAILED, &serde_json::to_string(&failed)?)?;
    if let Some(last) = listed.last() {
        set_meta(database, AFTER, &last.tenant)?;
        return Ok(true);
    }
    set_meta(database, AFTER, AFTER_ALL)?;
    if !failed.is_empty() {
        return Err(worker::Error::RustError(format!("{} ledgers could not be asked to publish again", failed.len())));
    }
    lines::info("feed_was_published_again", &[]);
    database.execute("DELETE FROM meta WHERE name IN (?, ?, ?)", vec![SINCE.into(), AFTER.into(), FAILED.into()])?;
    Ok(false)
}
