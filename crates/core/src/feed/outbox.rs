//! The outbox of a ledger: the changes that the feed and KV have yet to be told of. An entry is about one subject: a
//! key or a tenant. What the limiter has yet to be told is in it too, as entries of one stage.
//!
//! Row, audit entry and outbox entry are written in one transaction. Then the entry goes through its stages, each
//! retried for ever with backoff: publish to the feed; put into KV; put into KV once more a minute later (a put with an
//! unclear outcome may still arrive late); tell the feed that KV has the change. The log may forget the change
//! [`KEEP_ACKNOWLEDGED_MS`] after that.
//!
//! A newer change of the same subject starts over. Versions are compared before an entry advances, so a late outcome of
//! an older version advances nothing.

use serde::{Deserialize, Serialize};

use crate::base::timestamp::{DAY_MS, MINUTE_MS, Timestamp};

/// The margin for differences between clocks, milliseconds. A change counts as effective this long after the feed took
/// it, plus the edges' staleness.
pub const EFFECTIVE_MARGIN_MS: i64 = 500;
/// The time after which a value is put into KV again, milliseconds.
pub const CONFIRM_AFTER_MS: i64 = MINUTE_MS;
/// The one assumption about KV, milliseconds: no read returns a value that was overwritten longer before the read
/// began.
pub const KV_LAG_MS: i64 = DAY_MS;
/// The time for which the log keeps a change after KV acknowledged it, milliseconds: KV's lag, and an hour for reads
/// that were running when an isolate started over.
pub const KEEP_ACKNOWLEDGED_MS: i64 = KV_LAG_MS + 60 * 60 * 1_000;

const FIRST_RETRY_MS: i64 = 1_000;
const LONGEST_RETRY_MS: i64 = 5 * 60 * 1_000;

/// The stage that is to be carried out next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Tell the feed of the change.
    Publish,
    /// Put the record into KV.
    Put,
    /// Put the record into KV once more.
    Confirm,
    /// Tell the feed that KV has the record.
    Acknowledge,
    /// Tell the limiter. Entries of this stage have no other.
    Tell,
    /// Give an event to the tenant's router. Events have a table of their own, and no entry.
    Record,
}

impl Stage {
    /// All stages.
    pub const ALL: [Self; 6] = [Self::Publish, Self::Put, Self::Confirm, Self::Acknowledge, Self::Tell, Self::Record];

    /// The name in JSON, tables and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Publish => "publish",
            Self::Put => "put",
            Self::Confirm => "confirm",
            Self::Acknowledge => "acknowledge",
            Self::Tell => "tell",
            Self::Record => "record",
        }
    }
}

/// The outbox entry of one subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutboxEntry {
    /// The version of the change.
    pub version: u64,
    /// The stage that is to be carried out next.
    pub stage: Stage,
    /// The number of failures of that stage.
    pub attempts: u32,
    /// The earliest time for the stage.
    pub due_at: Timestamp,
}

impl OutboxEntry {
    /// The entry of a change that was just made.
    #[must_use]
    pub const fn new(version: u64, now: Timestamp) -> Self {
        Self { version, stage: Stage::Publish, attempts: 0, due_at: now }
    }

    /// The entry of something that the limiter is to be told, and nobody else.
    #[must_use]
    pub const fn for_limiter(version: u64, now: Timestamp) -> Self {
        Self { version, stage: Stage::Tell, attempts: 0, due_at: now }
    }

    /// The entry after its stage was carried out; `None` if that was the last.
    #[must_use]
    pub fn done(self, now: Timestamp) -> Option<Self> {
        let (stage, due_at) = match self.stage {
            Stage::Publish => (Stage::Put, now),
            Stage::Put => (Stage::Confirm, now.plus_millis(CONFIRM_AFTER_MS)),
            Stage::Confirm => (Stage::Acknowledge, now),
            Stage::Acknowledge | Stage::Tell | Stage::Record => return None,
        };
        Some(Self { stage, due_at, attempts: 0, ..self })
    }

    /// The entry after its stage failed or its outcome is unknown: the stage is retried, after twice the delay each
    /// time.
    #[must_use]
    pub fn failed(self, now: Timestamp) -> Self {
        let due_at = now.plus_millis(retry_delay_ms(self.attempts));
        Self { attempts: self.attempts.saturating_add(1), due_at, ..self }
    }
}

/// The delay before the next try, milliseconds, given the number of failures before this one: twice as long each time,
/// from one second to five minutes.
#[must_use]
pub fn retry_delay_ms(failures: u32) -> i64 {
    FIRST_RETRY_MS.saturating_mul(1 << failures.min(20)).min(LONGEST_RETRY_MS)
}

/// The time by which a change is in effect at every edge that reaches the feed. `taken_at` is when the feed took it,
/// `max_staleness_ms` the largest staleness that an edge accepts.
#[must_use]
pub fn effective_by(taken_at: Timestamp, max_staleness_ms: u32) -> Timestamp {
    taken_at.plus_millis(i64::from(max_staleness_ms) + EFFECTIVE_MARGIN_MS)
}

/// The state of a subject in an answer to a change: the version that the change's transaction left. Later changes of
/// the same subject, made while this one is published, are not in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    /// The version.
    pub version: u64,
    /// The time by which it is in effect at every edge, if the feed took it.
    pub effective_by: Option<Timestamp>,
}

impl Told {
    /// The answer once the publication has ended. `taken` is the time from the feed's answer, and `row` the subject's
    /// state now. `None` if the feed has not taken the change, so that its effect has no known time.
    #[must_use]
    pub fn published(self, taken: Option<Timestamp>, row: Self) -> Option<Self> {
        // The first time that the feed took a version counts, whoever published it.
        let noted = row.effective_by.filter(|_| row.version == self.version);
        // A later version that is in effect includes this one.
        let later = row.effective_by.filter(|_| row.version > self.version);
        let effective_by = noted.or(self.effective_by).or(taken).or(later)?;
        Some(Self { version: self.version, effective_by: Some(effective_by) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const NOW: Timestamp = Timestamp::from_millis(1_000_000);

    #[test]
    fn a_change_goes_to_the_feed_then_twice_to_kv_then_is_acknowledged() {
        let published = OutboxEntry::new(4, NOW).done(NOW).unwrap();
        assert_eq!((published.stage, published.due_at), (Stage::Put, NOW));
        let put = published.done(NOW).unwrap();
        assert_eq!((put.stage, put.due_at), (Stage::Confirm, NOW.plus_millis(60_000)));
        let confirmed = put.done(NOW).unwrap();
        assert_eq!(confirmed.stage, Stage::Acknowledge);
        assert_eq!(confirmed.done(NOW), None);
    }

    #[test]
    fn the_limiter_is_told_and_that_is_all() {
        let told = OutboxEntry::for_limiter(4, NOW);
        assert_eq!((told.failed(NOW).stage, told.done(NOW)), (Stage::Tell, None));
    }

    #[test]
    fn invariant_3_the_log_keeps_a_change_for_a_day_after_kv_acknowledged_it() {
        let hour = 60 * 60 * 1_000;
        assert_eq!((KV_LAG_MS, KEEP_ACKNOWLEDGED_MS), (24 * hour, 25 * hour));
    }

    #[test]
    fn invariant_5_effective_by_is_when_the_feed_took_it_the_largest_staleness_and_half_a_second() {
        assert_eq!(effective_by(NOW, 2_000), NOW.plus_millis(2_500));
    }

    #[test]
    fn an_answer_speaks_of_the_version_that_was_published() {
        let (early, late) = (NOW, NOW.plus_millis(1));
        let told = |version, effective_by| Told { version, effective_by };
        let (new, second) = (told(2, None), |by| Some(told(2, Some(by))));
        assert_eq!(
            new.published(Some(late), told(2, Some(early))),
            second(early),
            "another request published it before"
        );
        assert_eq!(
            new.published(Some(late), told(3, None)),
            second(late),
            "the third version is not what it speaks of"
        );
        assert_eq!(new.published(Some(late), told(3, Some(early))), second(late), "nor is its time");
        assert_eq!(new.published(None, told(2, None)), None);
        assert_eq!(new.published(None, told(3, Some(late))), second(late), "a later one holds instead");
        assert_eq!(told(2, Some(early)).published(None, told(3, None)), second(early), "as it was answered before");
    }

    #[test]
    fn failures_are_retried_for_ever_at_growing_distance() {
        let mut entry = OutboxEntry::new(1, NOW);
        let mut delays = alloc::vec::Vec::new();
        for _ in 0..100 {
            entry = entry.failed(NOW);
            delays.push(entry.due_at.millis_since(NOW));
        }
        assert_eq!(delays[..4], [1_000, 2_000, 4_000, 8_000]);
        assert_eq!(delays[99], LONGEST_RETRY_MS);
        assert_eq!(entry.done(NOW).unwrap().attempts, 0);
    }
}
