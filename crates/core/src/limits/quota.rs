//! The count of a quota: so many units by the UTC day or month, and never more.
//!
//! Units are counted as they are granted, and those that a holder gives back are counted no more. A grant ends with its
//! period at the latest. What a lost holder had and did not report stays counted until the period ends; a grant is at
//! most a hundredth of what is left, or what a request needs, so that little can be lost.

use alloc::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use time::{Date, Month, OffsetDateTime, Time};

use super::{grant::GrantNumber, grant_log::Admission};
use crate::base::timestamp::{DAY_MS, Timestamp};

/// A grant is at most one of so many parts of what is left.
const GRANTED_PART: u64 = 100;
/// The maximum number of grants that may be reported on. The oldest is forgotten first; its units stay counted.
const MAX_OPEN: usize = 4_096;

/// A quota: so many units in each period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// The maximum number of units of cost in a period.
    pub limit: u64,
    /// The period.
    pub period: Period,
}

/// A period of the UTC calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Period {
    /// From midnight to midnight.
    Day,
    /// From the first of a month to the first of the next.
    Month,
}

/// The units that were counted in a period.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuotaCount {
    /// The period in which all of this is, and its end; none if nothing was counted yet.
    current: Option<(Period, Timestamp)>,
    /// The units that were granted or used, without those that were given back.
    counted: u64,
    /// The units that an operator added to the period.
    added: u64,
    /// The grants that may be reported on.
    open: BTreeMap<GrantNumber, u64>,
    /// The last restore that was taken into account in the period.
    restored_at: Option<Timestamp>,
    /// Whether the object was restored and the count doesn't know it yet.
    uncertain: bool,
    /// Whether the quota counts as used up, whatever it is: only what was added since is left.
    #[serde(default)]
    used_up: bool,
}

impl Period {
    /// The end of the period that a time is in: the first instant of the next.
    #[must_use]
    pub fn end(self, now: Timestamp) -> Timestamp {
        let day_begin = now.as_millis().div_euclid(DAY_MS) * DAY_MS;
        match self {
            Self::Day => Timestamp::from_millis(day_begin + DAY_MS),
            Self::Month => next_month(day_begin).unwrap_or(Timestamp::from_millis(i64::MAX)),
        }
    }
}

fn next_month(day_begin: i64) -> Option<Timestamp> {
    let date = OffsetDateTime::from_unix_timestamp(day_begin / 1_000).ok()?.date();
    let year = if date.month() == Month::December { date.year() + 1 } else { date.year() };
    let first = Date::from_calendar_date(year, date.month().next(), 1).ok()?;
    Some(Timestamp::from_millis(first.with_time(Time::MIDNIGHT).assume_utc().unix_timestamp() * 1_000))
}

impl QuotaCount {
    /// The units that may be granted now, if `cost` is within the quota. The last hundred are granted as they are needed
    /// and never in stock.
    pub fn admits(&mut self, quota: Quota, cost: u64, now: Timestamp) -> Admission {
        let ends_at = self.advance(quota, now);
        let left = self.left(quota);
        if cost <= left {
            Admission::Free(cost.max(left / GRANTED_PART))
        } else if cost > quota.limit {
            Admission::Never
        } else {
            Admission::Wait(ends_at.millis_since(now))
        }
    }

    /// Counts units that are used now. The caller has seen by [`admits`](Self::admits) that they are within the quota.
    pub fn count(&mut self, quota: Quota, units: u64, now: Timestamp) {
        self.advance(quota, now);
        self.counted = self.counted.saturating_add(units);
    }

    /// Counts the units of a grant. It ends with the period at the latest, see [`left_ms`](Self::left_ms).
    pub fn grant(&mut self, quota: Quota, number: GrantNumber, units: u64, now: Timestamp) {
        self.count(quota, units, now);
        self.open.insert(number, units);
        if self.open.len() > MAX_OPEN {
            self.open.pop_first();
        }
    }

    /// The time until the period ends, milliseconds.
    pub fn left_ms(&mut self, quota: Quota, now: Timestamp) -> i64 {
        self.advance(quota, now).millis_since(now)
    }

    /// Notes that the holder of a grant used this many of its units and will use no more. What is left is counted no
    /// more. A grant of an earlier period is unknown.
    pub fn close(&mut self, quota: Quota, number: GrantNumber, used: u64, now: Timestamp) {
        self.advance(quota, now);
        if let Some(units) = self.open.remove(&number) {
            self.counted = self.counted.saturating_sub(units.saturating_sub(used));
        }
    }

    /// Adds units to the present period.
    ///
    /// # Errors
    /// [`TooMany`] if the quota with all additions would not fit.
    pub fn add(&mut self, quota: Quota, units: u64, now: Timestamp) -> Result<(), TooMany> {
        self.advance(quota, now);
        let added = self.added.checked_add(units).ok_or(TooMany)?;
        quota.limit.checked_add(added).ok_or(TooMany)?;
        self.added = added;
        Ok(())
    }

    /// Takes into account, once, that the object was restored to an earlier point at this time. Nobody knows what was
    /// granted since that point. So the whole quota counts as used, until the period ends or an operator adds.
    pub fn restored(&mut self, quota: Quota, restored_at: Timestamp, now: Timestamp) {
        let ends_at = self.advance(quota, now);
        let of_this_period = quota.period.end(restored_at) == ends_at && self.restored_at != Some(restored_at);
        if self.uncertain || of_this_period {
            self.uncertain = false;
            self.used_up = true;
            (self.counted, self.added) = (0, 0);
            self.open.clear();
            self.restored_at = Some(restored_at);
        }
    }

    /// Marks what was counted before a restore. [`restored`](Self::restored) then takes it into account, even if the count
    /// is of a later period than the restore, since a clock was wrong.
    pub const fn mark_uncertain(&mut self) {
        self.uncertain = true;
    }

    /// Whether the period of all this has ended.
    #[must_use]
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.over_at() <= now
    }

    /// The end of the period of all this.
    #[must_use]
    pub fn over_at(&self) -> Timestamp {
        self.current.map_or(Timestamp::from_millis(0), |(_, ends_at)| ends_at)
    }

    /// The units that are left of the present period.
    pub fn remaining(&mut self, quota: Quota, now: Timestamp) -> u64 {
        self.advance(quota, now);
        self.left(quota)
    }

    fn left(&self, quota: Quota) -> u64 {
        let limit = if self.used_up { 0 } else { quota.limit };
        limit.saturating_add(self.added).saturating_sub(self.counted)
    }

    /// Begins the period that a time is in, unless it has begun. Returns its end. A clock that is set back begins no
    /// earlier period again.
    fn advance(&mut self, quota: Quota, now: Timestamp) -> Timestamp {
        let ends_at = quota.period.end(now);
        match self.current {
            Some((period, current)) if now < current && period == quota.period => current,
            // The quota is of another period now. What was counted goes on counting.
            Some((_, current)) if now < current => {
                self.current = Some((quota.period, ends_at));
                ends_at
            }
            _ => {
                *self = Self { current: Some((quota.period, ends_at)), ..Self::default() };
                ends_at
            }
        }
    }
}

/// The units of an addition don't fit beside those that are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooMany;

impl core::fmt::Display for TooMany {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("the quota with all additions is too large")
    }
}

impl core::error::Error for TooMany {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::timestamp::HOUR_MS;
    use proptest::prelude::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const A_DAY: Quota = Quota { limit: 1_000, period: Period::Day };

    fn at(text: &str) -> Timestamp {
        Timestamp::parse_rfc3339(text).unwrap()
    }

    fn noon() -> Timestamp {
        at("2026-11-26T12:00:00Z")
    }

    #[test]
    fn periods_end_at_midnight_utc() {
        for (now, day, month) in [
            ("2026-11-26T23:59:59.999Z", "2026-11-27T00:00:00Z", "2026-12-01T00:00:00Z"),
            ("2026-12-31T00:00:00Z", "2027-01-01T00:00:00Z", "2027-01-01T00:00:00Z"),
            ("2028-02-28T12:00:00Z", "2028-02-29T00:00:00Z", "2028-03-01T00:00:00Z"),
            ("2028-02-29T12:00:00Z", "2028-03-01T00:00:00Z", "2028-03-01T00:00:00Z"),
        ] {
            assert_eq!(Period::Day.end(at(now)), at(day), "{now}");
            assert_eq!(Period::Month.end(at(now)), at(month), "{now}");
        }
    }

    #[test]
    fn the_next_period_begins_with_the_whole_quota_and_not_a_millisecond_earlier() {
        let mut count = QuotaCount::default();
        count.count(A_DAY, 1_000, noon());
        assert_eq!(count.admits(A_DAY, 1, noon()), Admission::Wait(12 * HOUR_MS));
        let midnight = at("2026-11-27T00:00:00Z");
        assert_eq!(count.admits(A_DAY, 1, midnight.plus_millis(-1)), Admission::Wait(1));
        assert_eq!(count.remaining(A_DAY, midnight), 1_000);
        count.count(A_DAY, 1, midnight);
        assert_eq!(count.remaining(A_DAY, noon()), 999, "a clock that was set back begins no period again");
    }

    #[test]
    fn a_grant_is_a_hundredth_of_what_is_left_or_what_is_needed() {
        let mut count = QuotaCount::default();
        assert_eq!(count.admits(A_DAY, 1, noon()), Admission::Free(10));
        assert_eq!(count.admits(A_DAY, 500, noon()), Admission::Free(500));
        count.count(A_DAY, 995, noon());
        assert_eq!(count.admits(A_DAY, 1, noon()), Admission::Free(1));
        assert_eq!(count.admits(A_DAY, 6, noon()), Admission::Wait(12 * HOUR_MS));
        assert_eq!(count.admits(A_DAY, 1_001, noon()), Admission::Never);
    }

    #[test]
    fn what_is_given_back_is_counted_no_more_and_only_in_its_period() {
        let mut count = QuotaCount::default();
        count.grant(A_DAY, 1, 10, noon());
        assert_eq!(count.left_ms(A_DAY, noon()), 12 * HOUR_MS);
        count.grant(A_DAY, 2, 10, noon());
        count.close(A_DAY, 1, 4, noon());
        count.close(A_DAY, 1, 0, noon());
        assert_eq!(count.remaining(A_DAY, noon()), 986);
        let tomorrow = noon().plus_millis(DAY_MS);
        count.count(A_DAY, 100, tomorrow);
        count.close(A_DAY, 2, 0, tomorrow);
        assert_eq!(count.remaining(A_DAY, tomorrow), 900);
    }

    #[test]
    fn an_addition_is_for_the_present_period() {
        let mut count = QuotaCount::default();
        count.count(A_DAY, 1_000, noon());
        count.add(A_DAY, 50, noon()).unwrap();
        assert_eq!(count.remaining(A_DAY, noon()), 50);
        assert_eq!(count.add(A_DAY, u64::MAX - 100, noon()), Err(TooMany));
        assert_eq!(count.remaining(A_DAY, noon()), 50, "nothing is added");
        assert_eq!(count.remaining(A_DAY, noon().plus_millis(DAY_MS)), 1_000);
    }

    #[test]
    fn after_a_restore_all_is_used_until_an_operator_adds() {
        let mut count = QuotaCount::default();
        count.add(A_DAY, 50, noon()).unwrap();
        count.restored(A_DAY, noon(), noon());
        assert_eq!(count.remaining(A_DAY, noon()), 0);
        count.add(A_DAY, 7, noon()).unwrap();
        count.restored(A_DAY, noon(), noon());
        assert_eq!(count.remaining(A_DAY, noon()), 7);
        let larger = Quota { limit: 5_000, ..A_DAY };
        assert_eq!(count.remaining(larger, noon()), 7, "whatever the quota becomes");
        let tomorrow = noon().plus_millis(DAY_MS);
        count.restored(A_DAY, noon(), tomorrow);
        assert_eq!(count.remaining(A_DAY, tomorrow), 1_000);
    }

    #[test]
    fn a_changed_period_keeps_what_is_counted() {
        let a_month = Quota { period: Period::Month, ..A_DAY };
        let mut count = QuotaCount::default();
        count.count(A_DAY, 600, noon());
        assert_eq!(count.remaining(a_month, noon()), 400);
        assert_eq!(count.remaining(a_month, noon().plus_millis(DAY_MS)), 400, "the month isn't over");
        assert_eq!(count.remaining(A_DAY, noon().plus_millis(DAY_MS)), 400);
        assert_eq!(count.remaining(A_DAY, noon().plus_millis(2 * DAY_MS)), 1_000);
    }

    #[test]
    fn a_changed_limit_holds_for_what_is_counted_already() {
        let mut count = QuotaCount::default();
        count.count(A_DAY, 600, noon());
        assert_eq!(count.remaining(Quota { limit: 500, ..A_DAY }, noon()), 0);
        assert_eq!(count.remaining(Quota { limit: 5_000, ..A_DAY }, noon()), 4_400);
    }

    proptest! {
        #[test]
        fn a_period_never_has_more_than_the_quota(
            events in prop::collection::vec((0..6 * HOUR_MS, 1..400_u64, 0..400_u64, any::<bool>()), 1..60),
        ) {
            let mut count = QuotaCount::default();
            let mut now = noon();
            let mut used: BTreeMap<Timestamp, u64> = BTreeMap::new();
            for (number, (pause, cost, of_it, closes)) in (0..).zip(events) {
                now = now.plus_millis(pause);
                if let Admission::Free(units) = count.admits(A_DAY, cost, now) {
                    count.grant(A_DAY, number, units, now);
                    let ends_at = now.plus_millis(count.left_ms(A_DAY, now));
                    let of_it = if closes { of_it.min(units) } else { units };
                    *used.entry(ends_at).or_default() += of_it;
                    if closes {
                        count.close(A_DAY, number, of_it, now);
                    }
                }
            }
            prop_assert!(used.values().all(|&units| units <= A_DAY.limit), "{:?}", used);
        }
    }
}
