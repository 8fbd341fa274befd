//! The grants under one rate limit, by which no window of time ever holds more than the limit.
//!
//! A grant is a number of units that its holder may use from the time at which the grant is made until it ends, on the
//! object's clock. A request that is counted in line is a grant that ends when it is made. The log admits a grant of `n`
//! units at the time `g` if and only if
//!
//! > the units of all grants that end after `g - window`, and `n`, are together no more than the limit.
//!
//! Then no half-open interval as long as the window, wherever it begins, holds more used units than the limit. Proof:
//! take such an interval, and of the grants of which it holds a use the one that was made last, at `g`. Each of the
//! others was made no later, and its use lies less than a window before any use of the last, which is at `g` or later.
//! So it ends after `g - window`, and was counted when the last was admitted. ∎
//!
//! The proof needs nothing of the holders but that they use a grant before it ends. A holder that reports its use early
//! frees the units earlier: a use is over when its report arrives. A lost report, a lost holder or a delayed message
//! therefore costs capacity and never admits more.
//!
//! Time goes by the object's clock. The log never goes back: if the clock does, the log stands still until the clock
//! has caught up, so that nothing counts for a shorter time than a window.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::grant::GrantNumber;
use crate::base::timestamp::{SECOND_MS, Timestamp};

/// The largest limit for which each use is kept with its exact time. Above it, times are rounded up.
pub const EXACT_LIMIT: u64 = 64;
/// The parts of a window to which times are rounded up. That costs one part of the throughput, and bounds the log to
/// two entries more and the open grants.
pub const PARTS: i64 = 512;

/// The maximum number of grants that may be reported on. Beyond it, the oldest counts as used.
const MAX_OPEN: usize = 2_048;
/// A report on a grant comes within this time after its end, milliseconds, if at all.
const REPORTED_WITHIN_MS: i64 = 60 * SECOND_MS;

/// A rate limit: so many units in any interval of this length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// The maximum number of units of cost in a window.
    pub limit: u64,
    /// The length of the window, milliseconds.
    pub window_ms: i64,
}

/// The grants that may still matter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrantLog {
    /// The units that were used for certain, with the time at which their use was over, in the order of these times.
    used: Vec<(Timestamp, u64)>,
    /// The grants with units that may be used yet, or were used without a report.
    open: Vec<OpenGrant>,
    /// The latest time that the log has seen.
    latest: Option<Timestamp>,
    /// The longest window under which something was counted that is still here, milliseconds.
    kept_ms: i64,
}

/// Units that a holder may use until a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct OpenGrant {
    number: GrantNumber,
    /// The units without those that were reported as used.
    units: u64,
    /// The reported units.
    reported: u64,
    ends_at: Timestamp,
}

/// The answer to a request for units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// So many units are free.
    Free(u64),
    /// The cost is not free before this many milliseconds have passed.
    Wait(i64),
    /// The cost is more than the limit: it is never free.
    Never,
}

impl GrantLog {
    /// The units that are free now, if they are enough for `cost`.
    pub fn admits(&mut self, limit: RateLimit, cost: u64, now: Timestamp) -> Admission {
        let advanced = self.advance(limit, now);
        // A clock that was set back has to catch up first.
        let behind_ms = advanced.millis_since(now);
        if cost > limit.limit {
            return Admission::Never;
        }
        let counted = self.counted(limit, advanced);
        let free = limit.limit.saturating_sub(counted);
        if cost <= free {
            return Admission::Free(free);
        }
        // The limit may have been lowered below what is counted.
        let over = counted.saturating_sub(limit.limit);
        Admission::Wait(self.wait_ms(limit, (cost - free).saturating_add(over), advanced).saturating_add(behind_ms))
    }

    /// Counts units that are used now. The caller has seen by [`admits`](Self::admits) that they are free.
    pub fn count(&mut self, limit: RateLimit, units: u64, now: Timestamp) {
        let now = self.advance(limit, now);
        self.note_use(limit, units, now);
    }

    /// Makes a grant of units that end after `lifetime_ms`. The caller has seen by [`admits`](Self::admits) that they
    /// are free.
    pub fn grant(&mut self, limit: RateLimit, number: GrantNumber, units: u64, lifetime_ms: i64, now: Timestamp) {
        let now = self.advance(limit, now);
        if self.open.len() >= MAX_OPEN {
            let oldest = self.open.remove(0);
            self.note_use(limit, oldest.units, oldest.ends_at);
        }
        self.open.push(OpenGrant { number, units, reported: 0, ends_at: now.plus_millis(lifetime_ms) });
    }

    /// Notes that the holder of a grant has used this many of its units so far. Reports may be repeated, and may arrive
    /// in any order.
    pub fn report(&mut self, limit: RateLimit, number: GrantNumber, used: u64, now: Timestamp) {
        let now = self.advance(limit, now);
        let Some(grant) = self.open.iter_mut().find(|grant| grant.number == number) else { return };
        let newly = used.saturating_sub(grant.reported).min(grant.units);
        grant.units -= newly;
        grant.reported += newly;
        let over_at = now.min(grant.ends_at);
        if grant.units == 0 {
            self.forget(number);
        }
        self.note_use(limit, newly, over_at);
    }

    /// Notes that the holder of a grant has used this many of its units and will use no more. What is left is free.
    pub fn close(&mut self, limit: RateLimit, number: GrantNumber, used: u64, now: Timestamp) {
        self.report(limit, number, used, now);
        self.forget(number);
    }

    /// Whether nothing is counted any more at this time.
    #[must_use]
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.over_at() <= now
    }

    /// The time from which nothing is counted any more.
    #[must_use]
    pub fn over_at(&self) -> Timestamp {
        let ends = self.used.iter().map(|&(end, _)| end).chain(self.open.iter().map(|grant| grant.ends_at));
        ends.max().map_or(Timestamp::from_millis(0), |end| end.plus_millis(self.kept_ms))
    }

    /// The time until more units are free, milliseconds; 0 if all are.
    pub fn more_in_ms(&mut self, limit: RateLimit, now: Timestamp) -> i64 {
        let advanced = self.advance(limit, now);
        let first = self.ends(limit, advanced).map(|(end, _)| end).min();
        first.map_or(0, |end| limit.window_ms - advanced.millis_since(end) + advanced.millis_since(now))
    }

    /// Goes on to a time, and forgets what can't meet a window any more. Returns the time, which never goes back.
    fn advance(&mut self, limit: RateLimit, now: Timestamp) -> Timestamp {
        let now = self.latest.map_or(now, |latest| latest.max(now));
        self.latest = Some(now);
        // A longer window may come back, so what it needs stays.
        if self.used.is_empty() && self.open.is_empty() {
            self.kept_ms = 0;
        }
        self.kept_ms = self.kept_ms.max(limit.window_ms);
        let gone_by = now.plus_millis(-self.kept_ms);
        self.used.retain(|&(end, _)| end > gone_by);
        self.fold_open(limit, now);
        self.coarsen(limit, now);
        now
    }

    /// Takes the units of grants that ended a while ago as used until their ends: no report on them comes any more.
    fn fold_open(&mut self, limit: RateLimit, now: Timestamp) {
        let ended_by = now.plus_millis(-REPORTED_WITHIN_MS);
        let (ended, open) = core::mem::take(&mut self.open).into_iter().partition(|grant| grant.ends_at <= ended_by);
        self.open = open;
        let ended: Vec<OpenGrant> = ended;
        for grant in ended {
            if grant.ends_at > now.plus_millis(-self.kept_ms) {
                self.note_use(limit, grant.units, grant.ends_at);
            }
        }
    }

    /// Rounds up the times that only a longer window than the present one sees, so that they are few. They stay
    /// outside of the present window.
    fn coarsen(&mut self, limit: RateLimit, now: Timestamp) {
        if self.kept_ms <= limit.window_ms {
            return;
        }
        let part = (self.kept_ms + PARTS - 1) / PARTS;
        let outside = now.plus_millis(-limit.window_ms);
        let mut used: Vec<(Timestamp, u64)> = Vec::with_capacity(self.used.len());
        for &(end, units) in &self.used {
            let end = if end <= outside { round_up(end, part).min(outside) } else { end };
            match used.last_mut() {
                Some((last, counted)) if *last == end => *counted = counted.saturating_add(units),
                _ => used.push((end, units)),
            }
        }
        self.used = used;
    }

    fn forget(&mut self, number: GrantNumber) {
        self.open.retain(|grant| grant.number != number);
    }

    fn counted(&self, limit: RateLimit, now: Timestamp) -> u64 {
        self.ends(limit, now).map(|(_, units)| units).fold(0, u64::saturating_add)
    }

    /// The units that are counted, with the ends of their use.
    fn ends(&self, limit: RateLimit, now: Timestamp) -> impl Iterator<Item = (Timestamp, u64)> {
        let gone_by = now.plus_millis(-limit.window_ms);
        let used = self.used.iter().copied();
        let open = self.open.iter().map(|grant| (grant.ends_at, grant.units));
        used.chain(open).filter(move |&(end, _)| end > gone_by)
    }

    fn note_use(&mut self, limit: RateLimit, units: u64, over_at: Timestamp) {
        if units == 0 {
            return;
        }
        let end = rounded(limit, over_at);
        match self.used.binary_search_by_key(&end, |&(end, _)| end) {
            Ok(place) => {
                if let Some((_, counted)) = self.used.get_mut(place) {
                    *counted = counted.saturating_add(units);
                }
            }
            Err(place) => self.used.insert(place, (end, units)),
        }
    }

    /// The time until so many of the counted units are free, milliseconds.
    fn wait_ms(&self, limit: RateLimit, lacking: u64, now: Timestamp) -> i64 {
        // Used units are in order, and grants are few, so each is put in its place.
        let mut ends: Vec<(Timestamp, u64)> = Vec::new();
        for (end, units) in self.ends(limit, now) {
            let place = ends.partition_point(|(other, _)| *other <= end);
            ends.insert(place, (end, units));
        }
        let mut freed = 0_u64;
        for (end, units) in ends {
            freed = freed.saturating_add(units);
            if freed >= lacking {
                return limit.window_ms - now.millis_since(end);
            }
        }
        limit.window_ms
    }
}

/// A time, or with a large limit the next border between parts of the window.
fn rounded(limit: RateLimit, time: Timestamp) -> Timestamp {
    let part = (limit.window_ms + PARTS - 1) / PARTS;
    if limit.limit <= EXACT_LIMIT || part <= 1 {
        return time;
    }
    round_up(time, part)
}

fn round_up(time: Timestamp, part: i64) -> Timestamp {
    let over = time.as_millis().rem_euclid(part);
    if over == 0 { time } else { time.plus_millis(part - over) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const FIVE_A_SECOND: RateLimit = RateLimit { limit: 5, window_ms: 1_000 };

    const fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(1_750_000_000_000 + millis)
    }

    /// A log in which all of a limit is used at this time.
    fn used_up(limit: RateLimit, now: Timestamp) -> GrantLog {
        let mut log = GrantLog::default();
        log.count(limit, limit.limit, now);
        log
    }

    #[test]
    fn the_whole_limit_may_be_used_at_once_and_no_more() {
        let mut log = GrantLog::default();
        assert_eq!(log.admits(FIVE_A_SECOND, 1, at(0)), Admission::Free(5));
        log.count(FIVE_A_SECOND, 5, at(0));
        assert_eq!(log.admits(FIVE_A_SECOND, 1, at(0)), Admission::Wait(1_000));
        assert_eq!(log.admits(FIVE_A_SECOND, 0, at(0)), Admission::Free(0), "nothing is always free");
    }

    #[test]
    fn a_cost_above_the_limit_is_never_admitted() {
        assert_eq!(GrantLog::default().admits(FIVE_A_SECOND, 6, at(0)), Admission::Never);
    }

    #[test]
    fn what_was_given_back_is_free_at_once() {
        let mut log = GrantLog::default();
        log.grant(FIVE_A_SECOND, 7, 5, 10_000, at(0));
        assert_eq!(
            log.admits(FIVE_A_SECOND, 1, at(100)),
            Admission::Wait(10_900),
            "until it ends, and one window more"
        );
        log.close(FIVE_A_SECOND, 7, 2, at(100));
        assert_eq!(log.admits(FIVE_A_SECOND, 1, at(100)), Admission::Free(3));
    }

    #[test]
    fn a_report_frees_one_window_after_it_arrives() {
        let mut log = GrantLog::default();
        log.grant(FIVE_A_SECOND, 7, 5, 10_000, at(0));
        log.report(FIVE_A_SECOND, 7, 3, at(400));
        log.report(FIVE_A_SECOND, 7, 3, at(900));
        log.report(FIVE_A_SECOND, 7, 1, at(901));
        assert_eq!(log.admits(FIVE_A_SECOND, 1, at(1_399)), Admission::Wait(1));
        assert_eq!(log.admits(FIVE_A_SECOND, 1, at(1_400)), Admission::Free(3));
        log.report(FIVE_A_SECOND, 7, 99, at(1_400));
        assert_eq!(log.admits(FIVE_A_SECOND, 4, at(1_400)), Admission::Wait(1_000), "two more were used, and no 96");
    }

    #[test]
    fn a_report_after_the_end_counts_from_the_end() {
        let mut log = GrantLog::default();
        log.grant(FIVE_A_SECOND, 7, 5, 100, at(0));
        log.report(FIVE_A_SECOND, 7, 5, at(900));
        assert_eq!(log.admits(FIVE_A_SECOND, 5, at(1_100)), Admission::Free(5));
    }

    #[test]
    fn a_lowered_limit_admits_nothing_until_less_is_counted() {
        let mut log = used_up(FIVE_A_SECOND, at(0));
        let lower = RateLimit { limit: 2, ..FIVE_A_SECOND };
        assert_eq!(log.admits(lower, 1, at(500)), Admission::Wait(500));
        assert_eq!(log.admits(lower, 2, at(1_000)), Admission::Free(2));
    }

    #[test]
    fn a_window_that_was_shorter_for_a_while_has_forgotten_nothing() {
        let minute = RateLimit { window_ms: 60_000, ..FIVE_A_SECOND };
        let mut log = used_up(minute, at(0));
        assert_eq!(log.admits(FIVE_A_SECOND, 1, at(2_000)), Admission::Free(5));
        // Uses that the shorter window didn't see were rounded up, by one 512th of the longer one at most.
        let Admission::Wait(wait_ms) = log.admits(minute, 1, at(2_001)) else { panic!("it was forgotten") };
        assert!((57_999..=58_117).contains(&wait_ms), "{wait_ms}");
        assert!(!log.is_over(at(59_999)) && log.is_over(at(60_118)));
    }

    #[test]
    fn the_log_stays_small_whatever_windows_follow_each_other() {
        let rate = |limit, window_ms| RateLimit { limit, window_ms };
        for (limit, longer, shorter) in [(1_000, 3_600_000, 1_000), (50, 86_400_000, 1_000), (5_000, 60_000, 2_000)] {
            let mut log = used_up(rate(limit, longer), at(0));
            let mut most = 0;
            for step in 1..30_000 {
                let now = at(longer / 2 + step * 7);
                if let Admission::Free(1..) = log.admits(rate(limit, shorter), 1, now) {
                    log.count(rate(limit, shorter), 1, now);
                }
                most = most.max(log.used.len());
            }
            assert!(most <= 1_100, "{most} entries after {longer} ms became {shorter} ms");
        }
    }

    #[test]
    fn lost_grants_don_t_fill_the_log() {
        let day = RateLimit { limit: 1_000_000, window_ms: 86_400_000 };
        let mut log = GrantLog::default();
        for number in 0..40_000_u64 {
            log.grant(day, number, 1, 20_000, at(number.cast_signed() * 2_000));
        }
        assert!(log.open.len() < 50 && log.used.len() <= 514, "{} and {}", log.open.len(), log.used.len());
        assert_eq!(log.admits(day, 1, at(80_000_000)), Admission::Free(960_000), "all of them count");
    }

    #[test]
    fn a_clock_that_is_behind_is_told_to_catch_up() {
        let mut log = used_up(FIVE_A_SECOND, at(10_000));
        assert_eq!(log.admits(FIVE_A_SECOND, 1, at(9_000)), Admission::Wait(2_000));
        assert_eq!(log.admits(FIVE_A_SECOND, 1, at(11_000)), Admission::Free(5));
    }

    #[test]
    fn a_clock_that_was_set_back_and_right_again_frees_nothing_early() {
        let mut log = GrantLog::default();
        log.admits(FIVE_A_SECOND, 1, at(60_000));
        log.count(FIVE_A_SECOND, 5, at(59_000));
        assert_eq!(log.admits(FIVE_A_SECOND, 1, at(60_500)), Admission::Wait(500));
    }

    #[test]
    fn the_log_stays_small_however_much_it_counts() {
        let limit = RateLimit { limit: 1_000_000_000, window_ms: 86_400_000 };
        let mut log = GrantLog::default();
        for second in 0..2 * 86_400 {
            log.count(limit, 1_000, at(second * 1_000));
        }
        assert!(log.used.len() <= 514, "{} entries", log.used.len());
    }

    proptest! {
        #[test]
        fn who_waits_as_long_as_told_is_admitted_and_not_a_millisecond_earlier(
            limit in (1..=200_u64, 1_000..=100_000_i64).prop_map(|(limit, window_ms)| RateLimit { limit, window_ms }),
            uses in prop::collection::vec((0..3_000_i64, 1..=20_u64), 1..100),
            cost in 1..=200_u64,
        ) {
            let mut log = GrantLog::default();
            let mut now = at(0);
            for (pause, units) in uses {
                now = now.plus_millis(pause);
                if matches!(log.admits(limit, units, now), Admission::Free(_)) {
                    log.count(limit, units, now);
                }
            }
            match log.admits(limit, cost, now) {
                Admission::Free(free) => prop_assert!(cost <= free),
                Admission::Never => prop_assert!(cost > limit.limit),
                Admission::Wait(wait) => {
                    prop_assert!(wait > 0);
                    let early = log.clone().admits(limit, cost, now.plus_millis(wait - 1));
                    prop_assert_eq!(early, Admission::Wait(1));
                    let waited = log.admits(limit, cost, now.plus_millis(wait));
                    prop_assert!(matches!(waited, Admission::Free(_)));
                }
            }
        }
    }
}
