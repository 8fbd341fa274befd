//! A relay's clock, and its times.

use crate::base::timestamp::Timestamp;

/// The timeout of a follow poll, and of any other call to the parent, milliseconds. It is shorter than an isolate's, so
/// that the relay tells of the failure.
pub const FOLLOW_TIMEOUT_MS: i64 = 700;
/// The timeout of a page of a copy that is being filled, milliseconds. The page may be long.
pub const FILL_TIMEOUT_MS: i64 = 5_000;
/// The time by which a mark of a call outlives the call's timeout, milliseconds.
pub(super) const GRACE_MS: i64 = 50;

/// A clock that stands still where the platform's steps back. So nothing looks younger than it is.
#[derive(Debug)]
pub(super) struct Clock {
    latest: Option<Timestamp>,
    /// By how much the platform's clock has stepped back so far, milliseconds.
    behind: i64,
}

impl Clock {
    pub(super) const fn new() -> Self {
        Self { latest: None, behind: 0 }
    }

    pub(super) fn read(&mut self, now: Timestamp) -> Reading {
        self.behind += self.latest.map_or(0, |latest| latest.millis_since(now).max(0));
        self.latest = Some(now);
        Reading(now.plus_millis(self.behind))
    }
}

/// A reading of a relay's clock, by [`Relay::read_clock`](super::Relay::read_clock).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reading(Timestamp);

impl Reading {
    /// The milliseconds from `earlier` until this reading; 0 if that is the later one.
    pub(super) fn since(self, earlier: Self) -> i64 {
        self.0.millis_since(earlier.0).max(0)
    }

    pub(super) fn plus_millis(self, millis: i64) -> Self {
        Self(self.0.plus_millis(millis))
    }
}
