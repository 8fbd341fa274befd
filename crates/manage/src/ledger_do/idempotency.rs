//! `Idempotency-Key`: what a ledger remembers of answers, and which requests it
//! is carrying out. The rules are `keystile_core::ledger::idempotency`'s.
//!
//! A command that mints a key, or cancels an end, writes its answer's row in its
//! own transaction ([`note`]), so that a crash can't make a second key, nor a
//! mistake of asking again: whoever does finds the row. What is done to undelivered
//! events is another object's to do, and its answer's row comes with the audit
//! entry. All others can be carried out twice to the same end, and are noted once
//! they were. Marks of running requests are in the object's memory alone: when it
//! is gone, so are they.

use std::{cell::RefCell, collections::BTreeMap};

use keystile_core::{
    Timestamp,
    ledger::idempotency::{self, Claim, Decision, MAX_ANSWER_BYTES, REMEMBERED_MS, Remembered, Running},
};
use keystile_runtime::{clock, log};
use serde::Deserialize;
use serde_json::Value;
use worker::Result;

use super::{
    answer::{Answer, Outcome},
    books::Books,
};
use crate::failure::Failure;
use keystile_runtime::database::Database;

/// Rows outlive their use by up to this long, so that the alarm trims many at once.
const TRIM_SLACK_MS: i64 = 60 * 60 * 1_000;

/// The requests that are being carried out, by claim.
#[derive(Debug, Default)]
pub(super) struct InFlight(RefCell<BTreeMap<String, Running>>);

impl InFlight {
    fn find(&self, claim: &Claim) -> Option<Running> {
        self.0.borrow().get(&claim.id).cloned()
    }

    fn begin(&self, claim: &Claim, now: Timestamp) -> Mark<'_> {
        let running = Running::new(claim, now);
        let mut all = self.0.borrow_mut();
        // Those of requests that were killed.
        all.retain(|_, running| now < running.until);
        all.insert(claim.id.clone(), running);
        Mark { all: &self.0, id: claim.id.clone() }
    }
}

/// The mark of one of them; gone when it is dropped.
struct Mark<'a> {
    all: &'a RefCell<BTreeMap<String, Running>>,
    id: String,
}

impl Drop for Mark<'_> {
    fn drop(&mut self) {
        self.all.borrow_mut().remove(&self.id);
    }
}

impl Books {
    /// Carries a change out, unless its claim says that this was done, or is
    /// being done. Only what succeeded is remembered.
    pub(super) async fn once(&self, claim: Option<&Claim>, change: impl Future<Output = Outcome>) -> Outcome {
        let Some(claim) = claim else { return change.await };
        let now = clock::now();
        let remembered = find(&self.database, claim)?;
        let _mark = match Decision::of(claim, self.in_flight.find(claim).as_ref(), remembered, now) {
            Decision::Fresh => self.in_flight.begin(claim, now),
            Decision::Replay(remembered) => return Ok(Answer::with_status(remembered.status, remembered.replayed())),
            Decision::Running => return Err(idempotency::in_use().into()),
            Decision::Reused => return Err(idempotency::reused().into()),
        };
        let answer = change.await?;
        let now = clock::now();
        let noted = self.database.transaction(|| {
            note(&self.database, Some(claim), &answer, now)?;
            self.arm(now)
        });
        // The change is made: that its answer can't be repeated is no reason to deny it.
        if let Err(error) = noted {
            log::error("answer_not_remembered", &[("reason", error.to_string().into())]);
        }
        Ok(answer)
    }
}

#[derive(Deserialize)]
struct Row {
    fingerprint: String,
    status: u16,
    body: String,
    at: Timestamp,
}

fn find(database: &Database, claim: &Claim) -> std::result::Result<Option<Remembered>, Failure> {
    let query = "SELECT fingerprint, status, body, at FROM idempotency WHERE id = ?";
    let row: Option<Row> = database.row(query, vec![claim.id.as_str().into()])?;
    row.map(|Row { fingerprint, status, body, at }| {
        let body: Value = serde_json::from_str(&body)
            .map_err(|error| Failure::Fault(format!("a remembered answer can't be read: {error}")))?;
        Ok(Remembered { fingerprint, status, body, at })
    })
    .transpose()
}

/// Notes the answer to a claim. What was noted of it before was less complete.
pub(super) fn note(database: &Database, claim: Option<&Claim>, answer: &Answer, now: Timestamp) -> Result<()> {
    let Some(claim) = claim else { return Ok(()) };
    let Remembered { fingerprint, status, body, at } =
        Remembered::new(claim, answer.status(), answer.body().clone(), now);
    let body = body.to_string();
    if body.len() > MAX_ANSWER_BYTES {
        return Ok(());
    }
    database.execute(
        "INSERT INTO idempotency (id, fingerprint, status, body, at) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (id) DO UPDATE SET fingerprint = ?2, status = ?3, body = ?4, at = ?5",
        vec![
            claim.id.as_str().into(),
            fingerprint.into(),
            i64::from(status).into(),
            body.into(),
            at.as_millis().into(),
        ],
    )
}

/// When there is next something to trim.
pub(super) fn next_due(database: &Database) -> Result<Option<Timestamp>> {
    #[derive(Deserialize)]
    struct Oldest {
        at: Option<Timestamp>,
    }
    let oldest: Option<Oldest> = database.row("SELECT min(at) AS at FROM idempotency", vec![])?;
    Ok(oldest.and_then(|oldest| oldest.at).map(|at| at.plus_millis(REMEMBERED_MS + TRIM_SLACK_MS)))
}

/// Forgets what is a day old.
pub(super) fn trim(database: &Database, now: Timestamp) -> Result<()> {
    let until = now.plus_millis(-REMEMBERED_MS);
    database.execute("DELETE FROM idempotency WHERE at <= ?", vec![until.as_millis().into()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_goes_when_the_request_does_and_no_other_goes_with_it() {
        let (all, now) = (InFlight::default(), Timestamp::from_millis(0));
        let claim = |id: &str| Claim { id: id.into(), fingerprint: "f".into() };
        let (one, two) = (claim("one"), claim("two"));
        let mark = all.begin(&one, now);
        let _other = all.begin(&two, now);
        assert!(all.find(&one).is_some());
        drop(mark);
        assert_eq!(all.find(&one), None);
        assert!(all.find(&two).is_some());
    }
}
