//! Events become dead letters, and dead letters become events that wait again.

use keystile_core::{
    Timestamp,
    base::id::EventId,
    events::{
        bounds::{DeadLetterReason, MAX_DEAD_LETTERS},
        event::NumberedEvent,
    },
};
use keystile_runtime::log;
use serde::Deserialize;
use worker::{Result, SqlStorageValue};

use super::{One, Queue, lane, to_json};

impl Queue {
    pub(crate) fn dead_letters(&self) -> Result<u64> {
        self.count("SELECT count(*) AS n FROM dead_letters", vec![])
    }

    /// Makes dead letters of all events that wait, or of those that came before a time.
    pub(crate) fn bury_waiting(
        &self,
        before: Option<Timestamp>,
        reason: DeadLetterReason,
        now: Timestamp,
    ) -> Result<()> {
        let before = before.map_or(i64::MAX >> 11, Timestamp::as_millis);
        self.bury("received_at <= ?", vec![before.into()], reason, now)?;
        self.0.execute("DELETE FROM queue WHERE received_at <= ?", vec![before.into()])?;
        self.promote_all(now)
    }

    /// Makes dead letters of these events, the newest that may be kept.
    pub(super) fn bury(
        &self,
        which: &str,
        bindings: Vec<SqlStorageValue>,
        reason: DeadLetterReason,
        now: Timestamp,
    ) -> Result<()> {
        let count = self.count(&format!("SELECT count(*) AS n FROM queue WHERE {which}"), bindings.clone())?;
        let insert = format!(
            "INSERT OR REPLACE INTO dead_letters
                (event, lane, numbered, received_at, attempts, last_attempt_at, last_status, reason, buried_at)
             SELECT event, lane, numbered, received_at, attempts, last_attempt_at, last_status, ?, ?
             FROM (SELECT * FROM queue WHERE {which} ORDER BY number DESC LIMIT {MAX_DEAD_LETTERS}) ORDER BY number"
        );
        let all = [name_of(reason).into(), now.as_millis().into()].into_iter().chain(bindings).collect();
        self.0.execute(&insert, all)?;
        self.trim_dead_letters(count.saturating_sub(MAX_DEAD_LETTERS))
    }

    /// Makes a dead letter of an event that never waited.
    pub(crate) fn bury_new(&self, event: &NumberedEvent, reason: DeadLetterReason, now: Timestamp) -> Result<()> {
        let insert = "INSERT OR REPLACE INTO dead_letters
            (event, lane, numbered, received_at, attempts, reason, buried_at) VALUES (?, ?, ?, ?, 0, ?, ?)";
        let at = now.as_millis();
        let row = vec![
            event.id.as_str().into(),
            lane(event).into(),
            to_json(event)?.into(),
            at.into(),
            name_of(reason).into(),
            at.into(),
        ];
        self.0.execute(insert, row)?;
        self.trim_dead_letters(0)
    }

    /// Puts dead letters back into the queue, as if they were new. Returns their number.
    pub(crate) fn redrive(&self, event: Option<&EventId>, now: Timestamp) -> Result<u64> {
        let Some(event) = event else {
            let count = self.dead_letters()?;
            self.put_back("true", None, now)?;
            self.promote_all(now)?;
            return Ok(count);
        };
        #[derive(Deserialize)]
        struct Row {
            lane: String,
        }
        let of_it = || event.as_str().into();
        let row: Option<Row> = self.0.row("SELECT lane FROM dead_letters WHERE event = ?", vec![of_it()])?;
        let Some(Row { lane }) = row else { return Ok(0) };
        self.put_back("event = ?", Some(of_it()), now)?;
        // The other lanes have their heads.
        self.promote(&lane, now)?;
        Ok(1)
    }

    /// Deletes a dead letter; false if there is none.
    pub(crate) fn discard(&self, event: &EventId) -> Result<bool> {
        let delete = "DELETE FROM dead_letters WHERE event = ? RETURNING 1 AS one";
        Ok(self.0.row::<One>(delete, vec![event.as_str().into()])?.is_some())
    }

    /// Drops the oldest dead letters of too many. `never_kept` were dropped before they were any.
    fn trim_dead_letters(&self, never_kept: u64) -> Result<()> {
        let is_over = self.range("dead_letters")? > MAX_DEAD_LETTERS;
        let over = if is_over { self.dead_letters()?.saturating_sub(MAX_DEAD_LETTERS) } else { 0 };
        if over > 0 {
            let delete = "DELETE FROM dead_letters WHERE number IN
                (SELECT number FROM dead_letters ORDER BY number LIMIT ?)";
            self.0.execute(delete, vec![(over as i64).into()])?;
        }
        if over + never_kept > 0 {
            log::warn("dead_letters_dropped", &[("letters", (over + never_kept).into())]);
        }
        Ok(())
    }

    fn put_back(&self, which: &str, binding: Option<SqlStorageValue>, now: Timestamp) -> Result<()> {
        let put = format!(
            "INSERT OR IGNORE INTO queue (event, lane, numbered, received_at, head, due_at, attempts)
             SELECT event, lane, numbered, ?, 0, ?, 0 FROM dead_letters WHERE {which} ORDER BY received_at, number"
        );
        let at = now.as_millis();
        self.0.execute(&put, [at.into(), at.into()].into_iter().chain(binding.clone()).collect())?;
        self.0.execute(&format!("DELETE FROM dead_letters WHERE {which}"), binding.into_iter().collect())
    }
}

const fn name_of(reason: DeadLetterReason) -> &'static str {
    match reason {
        DeadLetterReason::AttemptsFailed => "attempts_failed",
        DeadLetterReason::EndpointDisabled => "endpoint_disabled",
        DeadLetterReason::TooManyWaiting => "too_many_waiting",
        DeadLetterReason::PausedTooLong => "paused_too_long",
    }
}
