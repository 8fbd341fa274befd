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
use keystile_runtime::{clock, database::Database, log as lines, object};
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

/// The shortest and the longest time after which ledgers that haven't finished are asked again. In between it is a part
/// of the time since it was noticed.
const ASKED_AGAIN_MS: (i64, i64) = (2_000, MINUTE_MS);
const PART_OF_TIME: i64 = 8;
/// The longest time for which imports wait until all ledgers have published again: one of them may be broken.
const CLAIMS_WAIT_MS: i64 = 60 * MINUTE_MS;

/// While ledgers publish again: since when, the time at which that was noticed, which names it, and the last ledger that
/// was asked. The table `publishing_again` has those that haven't finished.
const SINCE: &str = "publish_again_since";
const ROUND: &str = "publish_again_round";
const AFTER: &str = "publish_again_after";
/// A text behind the name of any tenant: all ledgers were asked. The last one that was asked again stands after it.
const AFTER_ALL: &str = "~";

/// When the ledgers are to be asked next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    AtOnce,
    At(Timestamp),
    Never,
}

/// Whether some ledgers haven't published again yet.
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

/// Notes that a ledger acknowledged a version that isn't here. Returns whether that is news: it isn't from a ledger that
/// may not have been asked to publish again yet. In which gap the version was lost isn't known, so it counts as lost in
/// the earliest one.
pub(super) fn notice_ledger(database: &Database, log: &Log, versions: &[(KeyDigest, u64)]) -> Result<bool> {
    #[derive(Deserialize)]
    struct Known {
        version: u64,
    }
    if under_way(database)?.is_some_and(|round| !round.after.starts_with(AFTER_ALL)) {
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
    // Changes that were lost before and aren't published again yet still have to be.
    let (mut since, mut noticed_at) = (point.plus_millis(-SLACK_MS), clock::now());
    if let Some(earlier) = under_way(database)? {
        since = since.min(earlier.since);
        noticed_at = noticed_at.max(earlier.noticed_at.plus_millis(1));
    }
    set_meta(database, SINCE, &since.as_millis().to_string())?;
    set_meta(database, ROUND, &noticed_at.as_millis().to_string())?;
    set_meta(database, AFTER, "")
}

/// Whether a digest may belong to a tenant whose ledger has yet to publish it again.
pub(super) fn may_lack_claims(database: &Database, now: Timestamp) -> Result<bool> {
    Ok(match under_way(database)? {
        Some(Round { noticed_at, .. }) => now.millis_since(noticed_at).abs() < CLAIMS_WAIT_MS,
        None => false,
    })
}

/// The recovery that is under way.
struct Round {
    since: Timestamp,
    noticed_at: Timestamp,
    after: String,
}

fn under_way(database: &Database) -> Result<Option<Round>> {
    let number = |name| Ok::<_, worker::Error>(meta(database, name)?.and_then(|text| text.parse().ok()));
    let Some(since) = number(SINCE)? else { return Ok(None) };
    // A feed of an earlier version noted no time.
    let noticed_at = Timestamp::from_millis(number(ROUND)?.unwrap_or(since));
    let after = meta(database, AFTER)?.unwrap_or_default();
    Ok(Some(Round { since: Timestamp::from_millis(since), noticed_at, after }))
}

impl Round {
    fn name(&self) -> String {
        self.noticed_at.as_millis().to_string()
    }

    /// The ledgers to ask next, and where that goes on after them: first all, then those that haven't finished, over and
    /// over.
    fn next(&self, database: &Database) -> Result<(Vec<String>, Option<String>)> {
        let (query, after, again) = match self.after.strip_prefix(AFTER_ALL) {
            None => ("SELECT tenant AS ledger FROM tenants WHERE tenant > ?", self.after.as_str(), ""),
            Some(after) => ("SELECT ledger FROM publishing_again WHERE ledger > ?", after, AFTER_ALL),
        };
        let query = format!("{query} ORDER BY ledger LIMIT ?");
        let listed: Vec<Listed> = database.rows(&query, vec![after.into(), LEDGERS_PER_ALARM.into()])?;
        let last = listed.last().map(|last| format!("{again}{}", last.ledger));
        let operators = self.after.is_empty().then(|| OPERATORS.to_string());
        Ok((operators.into_iter().chain(listed.into_iter().map(|listed| listed.ledger)).collect(), last))
    }
}

#[derive(Deserialize)]
struct Listed {
    ledger: String,
}

/// Asks the next ledgers to publish again, or whether they have finished. Returns when others are to be asked.
pub(super) async fn carry_on(database: &Database, env: &Env, request_id: &str) -> Result<Next> {
    let Some(round) = under_way(database)? else { return Ok(Next::Never) };
    let (ledgers, last) = round.next(database)?;
    let command = PublishAgain { request_id: request_id.into(), since: round.since, round: Some(round.name()) };
    let (mut finished, mut failed) = (Vec::new(), 0_u32);
    for some in ledgers.chunks(LEDGERS_AT_ONCE) {
        let asked = some.iter().map(|ledger| object::call(env, ledger, &command, LEDGER_TIMEOUT_MS));
        for answer in join_all(asked).await {
            failed += u32::from(answer.is_err());
            finished.push(answer.is_ok_and(|answer| answer.is_finished));
        }
    }
    if failed > 0 {
        lines::warn("ledgers_not_asked_to_publish_again", &[("ledgers", failed.into())]);
    }
    database.transaction(|| {
        if under_way(database)?.is_none_or(|now| now.name() != round.name() || now.after != round.after) {
            // Meanwhile something else was noticed, so all ledgers are asked anew.
            return Ok::<_, worker::Error>(Next::AtOnce);
        }
        for (ledger, is_finished) in ledgers.iter().zip(&finished) {
            let noted = match *is_finished {
                true => "DELETE FROM publishing_again WHERE ledger = ?",
                false => "INSERT OR IGNORE INTO publishing_again (ledger) VALUES (?)",
            };
            database.execute(noted, vec![ledger.as_str().into()])?;
        }
        set_meta(database, AFTER, last.as_deref().unwrap_or(AFTER_ALL))?;
        if last.is_some() {
            return Ok(Next::AtOnce);
        }
        let left: Option<Listed> = database.row("SELECT ledger FROM publishing_again LIMIT 1", vec![])?;
        if left.is_some() {
            let now = clock::now();
            let (shortest, longest) = ASKED_AGAIN_MS;
            let pause = (now.millis_since(round.noticed_at) / PART_OF_TIME).clamp(shortest, longest);
            return Ok(Next::At(now.plus_millis(pause)));
        }
        lines::info("feed_was_published_again", &[]);
        database.execute("DELETE FROM meta WHERE name IN (?, ?, ?)", vec![SINCE.into(), ROUND.into(), AFTER.into()])?;
        Ok(Next::Never)
    })
}
