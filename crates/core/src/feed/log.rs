//! The numbers of the feed's log: the number of the next entry, and the place where the answer to a poll starts.
//!
//! A number is never given twice, not even by a feed that was put back to an earlier point: it follows the clock. So a
//! cursor means the same to each state of the log. An isolate that knows more than a feed that was put back keeps what
//! it knows, and gets all that this feed logs from then on.
//!
//! Such a feed leaves out the numbers of the lost time. So it keeps the [`Gap`]s of its log: a cursor in one of them
//! shows that the feed was put back, and to which point, however much was logged since.

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

    /// Decides where the answer to a poll starts: from the beginning for a cold isolate, for a cursor of another log,
    /// and for one below the floor.
    #[must_use]
    pub fn start(self, request: &PollRequest, epoch: &str) -> Start {
        let ours = request.epoch.as_deref() == Some(epoch);
        if ours && request.cursor >= self.floor { Start::After(request.cursor) } else { Start::Beginning }
    }

    /// The gap after the last number, as long as no higher one was given. `noticed` is the highest cursor that was ever
    /// noticed beyond the log.
    #[must_use]
    pub const fn open_gap(self, noticed: u64) -> Gap {
        Gap { last: self.last, next: None, noticed }
    }
}

/// The time at which a number was given.
#[must_use]
pub fn given_at(number: u64) -> Timestamp {
    Timestamp::from_millis(i64::try_from(number / NUMBERS_IN_A_MILLISECOND).unwrap_or_default())
}

/// The numbers that the log leaves out between two instances of the feed. The later one began with the state of the
/// earlier one, and nothing was lost, or with that of a point that the feed was put back to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The last number of the log when the later instance began.
    pub last: u64,
    /// The first number that this instance gave; `None` if it hasn't given one yet.
    pub next: Option<u64>,
    /// The highest cursor in the gap, or below it, that was noticed already.
    pub noticed: u64,
}

impl Gap {
    /// Whether it is news that an isolate of this log has this cursor: it knows an entry that the log doesn't have, so
    /// the log was put back to where the gap begins.
    #[must_use]
    pub fn is_news(self, cursor: u64) -> bool {
        self.last < cursor && self.noticed < cursor && self.next.is_none_or(|next| cursor < next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const HEAD: Head = Head { floor: 10, last: 5_000 };

    fn request(epoch: Option<&str>, cursor: u64) -> PollRequest {
        PollRequest { epoch: epoch.map(Into::into), cursor, max_staleness_ms: 2_000, key: None, tenant: None }
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
        assert!(HEAD.open_gap(0).is_news(5_001));
        assert!(!HEAD.open_gap(0).is_news(5_000));
        assert!(!HEAD.open_gap(5_001).is_news(5_001), "it was noticed before");
        assert!(HEAD.open_gap(5_001).is_news(5_002));
    }

    #[test]
    fn a_number_that_the_log_left_out_shows_it_though_much_was_logged_since() {
        let gap = Gap { last: 5_000, next: Some(9_000), noticed: 6_000 };
        let cursors = [5_000, 5_001, 6_000, 6_001, 8_999, 9_000];
        assert_eq!(cursors.map(|cursor| gap.is_news(cursor)), [false, false, false, true, true, false]);
    }

    #[test]
    fn numbers_grow_and_follow_the_clock() {
        let now = Timestamp::from_millis(1_800_000_000_000);
        assert_eq!(HEAD.next_number(now), 1_800_000_000_000_000);
        assert_eq!(given_at(HEAD.next_number(now) + 7), now);
        let full = Head { floor: 0, last: 1_800_000_000_000_000 };
        assert_eq!(full.next_number(now), 1_800_000_000_000_001);
        assert_eq!(full.next_number(now.plus_millis(-60_000)), 1_800_000_000_000_001, "the clock was set back");
        let year_2200 = Timestamp::from_millis(7_258_118_400_000);
        assert!(HEAD.next_number(year_2200) < 1 << 53);
    }
}
