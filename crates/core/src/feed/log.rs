//! The numbers of the feed's log: the number of the next entry, and the place where the answer to a poll starts.
//!
//! A number is never given twice, not even by a feed that was put back to an earlier point: it follows the clock. So a
//! cursor means the same to each state of the log. An isolate that knows more than a feed that was put back keeps what
//! it knows, and gets all that this feed logs from then on.

use super::message::PollRequest;
use crate::base::timestamp::Timestamp;

/// The numbers of a millisecond. Those of the year 2200 are still exact in JavaScript.
const NUMBERS_IN_A_MILLISECOND: u64 = 1_000;

/// The two ends of the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// The highest number that was trimmed. Entries up to it may be missing.
    pub floor: u64,
    /// The highest number that was ever given.
    pub last: u64,
}

/// The place where an answer starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// After the cursor, since the isolate has everything up to it.
    After(u64),
    /// From the beginning, after a reset.
    Beginning,
}

impl Head {
    /// The number of an entry that is made now.
    #[must_use]
    pub fn next_number(self, now: Timestamp) -> u64 {
        let of_the_clock = u64::try_from(now.as_millis()).unwrap_or_default().saturating_mul(NUMBERS_IN_A_MILLISECOND);
        of_the_clock.max(self.last.saturating_add(1))
    }

    /// The time at which the last number was given.
    #[must_use]
    pub fn given_at(self) -> Timestamp {
        Timestamp::from_millis(i64::try_from(self.last / NUMBERS_IN_A_MILLISECOND).unwrap_or_default())
    }

    /// Decides where the answer to a poll starts: from the beginning for a cold isolate, for a cursor of another log,
    /// and for one below the floor.
    #[must_use]
    pub fn start(self, request: &PollRequest, epoch: &str) -> Start {
        let ours = request.epoch.as_deref() == Some(epoch);
        if ours && request.cursor >= self.floor { Start::After(request.cursor) } else { Start::Beginning }
    }

    /// Whether an isolate has an entry that this log doesn't: the log was put back to an earlier point.
    #[must_use]
    pub fn was_put_back(self, request: &PollRequest, epoch: &str) -> bool {
        request.epoch.as_deref() == Some(epoch) && request.cursor > self.last
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const HEAD: Head = Head { floor: 10, last: 5_000 };

    fn request(epoch: Option<&str>, cursor: u64) -> PollRequest {
        PollRequest { epoch: epoch.map(Into::into), cursor, max_staleness_ms: 2_000 }
    }

    #[test]
    fn whoever_may_have_missed_something_begins_anew() {
        assert_eq!(HEAD.start(&request(None, 0), "e"), Start::Beginning);
        assert_eq!(HEAD.start(&request(Some("other"), 100), "e"), Start::Beginning);
        assert_eq!(HEAD.start(&request(Some("e"), 9), "e"), Start::Beginning);
        assert_eq!(HEAD.start(&request(Some("e"), 10), "e"), Start::After(10));
        assert_eq!(HEAD.start(&request(Some("e"), 5_000), "e"), Start::After(5_000));
        assert_eq!(Head::default().start(&request(Some("e"), 0), "e"), Start::After(0));
    }

    #[test]
    fn an_isolate_that_knows_more_keeps_it_and_shows_that_the_log_was_put_back() {
        let ahead = request(Some("e"), 5_001);
        assert_eq!(HEAD.start(&ahead, "e"), Start::After(5_001));
        assert!(HEAD.was_put_back(&ahead, "e"));
        for other in [request(Some("e"), 5_000), request(Some("other"), 5_001), request(None, 0)] {
            assert!(!HEAD.was_put_back(&other, "e"));
        }
    }

    #[test]
    fn numbers_grow_and_follow_the_clock() {
        let now = Timestamp::from_millis(1_800_000_000_000);
        assert_eq!(HEAD.next_number(now), 1_800_000_000_000_000);
        assert_eq!(Head { floor: 0, last: HEAD.next_number(now) + 7 }.given_at(), now);
        let full = Head { floor: 0, last: 1_800_000_000_000_000 };
        assert_eq!(full.next_number(now), 1_800_000_000_000_001);
        assert_eq!(full.next_number(now.plus_millis(-60_000)), 1_800_000_000_000_001, "the clock was set back");
        let year_2200 = Timestamp::from_millis(7_258_118_400_000);
        assert!(HEAD.next_number(year_2200) < 1 << 53);
    }
}
