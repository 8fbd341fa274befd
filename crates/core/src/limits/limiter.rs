//! The state of the object that counts a tenant's limits: a log of grants for each rate limit, a count for each quota,
//! and the rule that a request is counted under all limits that it is under, or under none.

use alloc::{
    collections::BTreeMap,
    string::{String, ToString},
    vec::Vec,
};

use serde::{Deserialize, Serialize};

use super::{
    grant::{Grant, GrantNumber, MAX_LIFETIME_MS, MIN_LIFETIME_MS, Report},
    grant_log::{Admission, GrantLog, RateLimit},
    quota::{Quota, QuotaCount, TooMany},
};
use crate::base::timestamp::Timestamp;

/// The logs and counts of one tenant and its keys, as far as they were loaded.
///
/// The object keeps each log and count in a row of its own. It loads those that an asking names, and writes them back
/// before it answers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limiter {
    logs: BTreeMap<String, GrantLog>,
    quotas: BTreeMap<String, QuotaCount>,
    next_number: GrantNumber,
    /// The time at which the object was last restored to an earlier point.
    restored_at: Option<Timestamp>,
}

/// A limit that requests are under.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counted<'a> {
    /// The name of its log or count: that of the limit, and with a limit per key the key's id.
    pub name: &'a str,
    /// The limit as it is now.
    pub limit: Limit,
}

/// The rest of a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Left {
    /// The units that are free.
    pub remaining: u64,
    /// The time until there are more, milliseconds; 0 if there can't be more.
    pub more_in_ms: i64,
}

/// The log of a rate limit or the count of a quota, in the form in which the object keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum Count {
    Log(GrantLog),
    Quota(QuotaCount),
}

/// A rate limit or a quota.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// So many units in any interval of a window's length.
    Rate(RateLimit),
    /// So many units in each period of the calendar.
    Quota(Quota),
}

/// The answer to an asking.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Granting {
    /// A grant of at least the needed units.
    Granted(Grant),
    /// No units are needed, and none are free before this time has passed.
    Nothing {
        /// The time, milliseconds.
        millis: i64,
        /// The limits that lack units, by their places among the asked ones.
        by: Vec<usize>,
    },
    /// The needed units are not free before this time has passed.
    Wait {
        /// The time, milliseconds.
        millis: i64,
        /// The limits that lack units, by their places among the asked ones.
        by: Vec<usize>,
    },
    /// Limits are below the needed units: they are never free.
    Never {
        /// Those limits, and those that lack units now, by their places.
        by: Vec<usize>,
    },
}

impl Limiter {
    /// A limiter without logs and counts, whose next grant has this number.
    #[must_use]
    pub const fn new(next_number: GrantNumber, restored_at: Option<Timestamp>) -> Self {
        Self { logs: BTreeMap::new(), quotas: BTreeMap::new(), next_number, restored_at }
    }

    /// The number of the next grant.
    #[must_use]
    pub const fn next_number(&self) -> GrantNumber {
        self.next_number
    }

    /// The number of logs and counts that were loaded.
    #[must_use]
    pub fn loaded(&self) -> usize {
        self.logs.len() + self.quotas.len()
    }

    /// Forgets the logs and counts, which are stored.
    pub fn unload(&mut self) {
        self.logs.clear();
        self.quotas.clear();
    }

    /// Whether the log or count of this limit was loaded.
    #[must_use]
    pub fn has(&self, counted: &Counted<'_>) -> bool {
        match counted.limit {
            Limit::Rate(_) => self.logs.contains_key(counted.name),
            Limit::Quota(_) => self.quotas.contains_key(counted.name),
        }
    }

    /// Takes over a log or count that was stored.
    pub fn load(&mut self, name: &str, count: Count) {
        match count {
            Count::Log(log) => drop(self.logs.insert(name.to_string(), log)),
            Count::Quota(quota) => drop(self.quotas.insert(name.to_string(), quota)),
        }
    }

    /// The log or count of this limit, to be stored, and the time at which nothing is counted in it any more.
    #[must_use]
    pub fn stored(&self, counted: &Counted<'_>) -> Option<(Count, Timestamp)> {
        match counted.limit {
            Limit::Rate(_) => self.logs.get(counted.name).map(|log| (Count::Log(log.clone()), log.over_at())),
            Limit::Quota(_) => {
                self.quotas.get(counted.name).map(|quota| (Count::Quota(quota.clone()), quota.over_at()))
            }
        }
    }

    /// The rest of a limit.
    pub fn left(&mut self, counted: &Counted<'_>, now: Timestamp) -> Left {
        let free = match self.admits(counted, 0, now) {
            Admission::Free(free) => free,
            Admission::Wait(_) | Admission::Never => 0,
        };
        match counted.limit {
            Limit::Rate(limit) => {
                let more_in_ms = match self.unknown_for_ms(limit, now) {
                    Some(unknown_ms) => unknown_ms,
                    None => self.log(counted.name).more_in_ms(limit, now),
                };
                Left { remaining: free, more_in_ms }
            }
            Limit::Quota(quota) => {
                let remaining = self.remaining(counted.name, quota, now);
                Left { remaining, more_in_ms: self.quota(counted.name).left_ms(quota, now) }
            }
        }
    }

    /// Grants units under all of these limits: as many as are wanted and free, but no fewer than needed. What is
    /// granted ends after `lifetime_ms`, and no later than the period of a quota. What would end within
    /// [`MIN_LIFETIME_MS`] is only what is needed. It counts as used at once and is not reported on.
    pub fn ask(&mut self, limits: &[Counted<'_>], need: u64, want: u64, lifetime_ms: i64, now: Timestamp) -> Granting {
        let want = want.max(need);
        let (mut units, mut of_rates) = (want, want);
        let (mut wait, mut lacking, mut never) = (0, Vec::new(), false);
        for (by, counted) in limits.iter().enumerate() {
            match self.admits(counted, need, now) {
                Admission::Free(free) => {
                    units = units.min(free);
                    if matches!(counted.limit, Limit::Rate(_)) {
                        of_rates = of_rates.min(free);
                    }
                }
                Admission::Wait(millis) => {
                    wait = wait.max(millis);
                    lacking.push(by);
                }
                Admission::Never => {
                    never = true;
                    lacking.push(by);
                }
            }
        }
        if never {
            return Granting::Never { by: lacking };
        }
        if !lacking.is_empty() {
            return Granting::Wait { millis: wait, by: lacking };
        }
        let period_ms = limits.iter().filter_map(|counted| match counted.limit {
            Limit::Rate(_) => None,
            Limit::Quota(quota) => Some(self.quota(counted.name).left_ms(quota, now)),
        });
        let mut lifetime_ms = period_ms.fold(lifetime_ms.min(MAX_LIFETIME_MS), i64::min);
        if lifetime_ms < MIN_LIFETIME_MS {
            // A holder could hardly use it before its end.
            (units, lifetime_ms) = (need, 0);
        }
        if units == 0 {
            let (millis, by) = self.lacking(limits, now);
            return Granting::Nothing { millis, by };
        }
        let number = self.next_number;
        self.next_number += 1;
        for counted in limits {
            self.deduct(counted, number, units, lifetime_ms, now);
        }
        Granting::Granted(Grant { number, units, lifetime_ms, scarce: of_rates < want })
    }

    /// Whether a limit that refuses a request was reached: its units are granted. After a restore nobody knows that of a
    /// rate limit for a while.
    #[must_use]
    pub fn is_reached(&self, counted: &Counted<'_>, now: Timestamp) -> bool {
        match counted.limit {
            Limit::Rate(limit) => self.unknown_for_ms(limit, now).is_none(),
            Limit::Quota(_) => true,
        }
    }

    /// Notes what a holder tells of its grants under these limits.
    pub fn note(&mut self, limits: &[Counted<'_>], reports: &[Report], now: Timestamp) {
        for counted in limits {
            for &Report { number, used, closed } in reports {
                match (counted.limit, closed) {
                    (Limit::Rate(limit), true) => self.log(counted.name).close(limit, number, used, now),
                    (Limit::Rate(limit), false) => self.log(counted.name).report(limit, number, used, now),
                    (Limit::Quota(quota), true) => self.quota(counted.name).close(quota, number, used, now),
                    (Limit::Quota(_), false) => {}
                }
            }
        }
    }

    /// Forgets the logs in which nothing is counted any more, and the counts of periods that have ended.
    pub fn sweep(&mut self, now: Timestamp) {
        self.logs.retain(|_, log| !log.is_over(now));
        self.quotas.retain(|_, count| !count.is_over(now));
    }

    /// Notes that the object was restored to an earlier point. Nobody knows what was granted since that point: nothing is
    /// admitted under a rate limit for the longest lifetime of a grant and one window, and quotas count as used up.
    ///
    /// Reports of grants that were made since that point must not be taken for reports of later ones. So numbers go on
    /// at one that no earlier grant can have: a million for each millisecond until now.
    pub fn restored(&mut self, now: Timestamp) {
        self.restored_at = Some(now);
        for count in self.quotas.values_mut() {
            count.mark_uncertain();
        }
        let never_used = now.as_millis().unsigned_abs().saturating_mul(1_000_000);
        self.next_number = self.next_number.max(never_used);
    }

    /// Counts a grant that another limiter made.
    pub fn note_granted(
        &mut self,
        counted: &Counted<'_>,
        number: GrantNumber,
        units: u64,
        lifetime_ms: i64,
        now: Timestamp,
    ) {
        self.deduct(counted, number, units, lifetime_ms, now);
    }

    /// Adds units to a quota's present period.
    ///
    /// # Errors
    /// [`TooMany`] if the quota with all additions would not fit.
    pub fn add(&mut self, name: &str, quota: Quota, units: u64, now: Timestamp) -> Result<(), TooMany> {
        self.remaining(name, quota, now);
        self.quota(name).add(quota, units, now)
    }

    /// The units that are left of a quota's present period.
    pub fn remaining(&mut self, name: &str, quota: Quota, now: Timestamp) -> u64 {
        if let Some(restored_at) = self.restored_at {
            self.quota(name).restored(quota, restored_at, now);
        }
        self.quota(name).remaining(quota, now)
    }

    /// The time for which nobody knows what was granted, since the object was restored, milliseconds.
    fn unknown_for_ms(&self, limit: RateLimit, now: Timestamp) -> Option<i64> {
        let until = self.restored_at?.plus_millis(MAX_LIFETIME_MS).plus_millis(limit.window_ms);
        (now < until).then(|| until.millis_since(now))
    }

    fn quota(&mut self, name: &str) -> &mut QuotaCount {
        self.quotas.entry(name.to_string()).or_default()
    }

    fn log(&mut self, name: &str) -> &mut GrantLog {
        self.logs.entry(name.to_string()).or_default()
    }

    fn admits(&mut self, counted: &Counted<'_>, cost: u64, now: Timestamp) -> Admission {
        match counted.limit {
            Limit::Rate(limit) => match self.unknown_for_ms(limit, now) {
                Some(_) if cost > limit.limit => Admission::Never,
                Some(unknown_ms) if cost > 0 => Admission::Wait(unknown_ms),
                Some(_) => Admission::Free(0),
                None => self.log(counted.name).admits(limit, cost, now),
            },
            Limit::Quota(quota) => {
                self.remaining(counted.name, quota, now);
                self.quota(counted.name).admits(quota, cost, now)
            }
        }
    }

    fn deduct(&mut self, counted: &Counted<'_>, number: GrantNumber, units: u64, lifetime_ms: i64, now: Timestamp) {
        match (counted.limit, lifetime_ms) {
            (Limit::Rate(limit), 0) => self.log(counted.name).count(limit, units, now),
            (Limit::Rate(limit), _) => self.log(counted.name).grant(limit, number, units, lifetime_ms, now),
            (Limit::Quota(quota), 0) => self.quota(counted.name).count(quota, units, now),
            (Limit::Quota(quota), _) => self.quota(counted.name).grant(quota, number, units, now),
        }
    }

    /// The time until a unit is free, milliseconds, and the limits that lack one.
    fn lacking(&mut self, limits: &[Counted<'_>], now: Timestamp) -> (i64, Vec<usize>) {
        let (mut wait_ms, mut lacking) = (0, Vec::new());
        for (by, counted) in limits.iter().enumerate() {
            if let Admission::Wait(millis) = self.admits(counted, 1, now) {
                wait_ms = wait_ms.max(millis);
                lacking.push(by);
            }
        }
        (wait_ms, lacking)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const NOW: Timestamp = Timestamp::from_millis(1_750_000_000_000);
    const SECOND: Counted<'_> =
        Counted { name: "second/k1", limit: Limit::Rate(RateLimit { limit: 5, window_ms: 1_000 }) };
    const MINUTE: Counted<'_> =
        Counted { name: "minute", limit: Limit::Rate(RateLimit { limit: 8, window_ms: 60_000 }) };

    fn granted(number: GrantNumber, units: u64, lifetime_ms: i64) -> Granting {
        Granting::Granted(Grant { number, units, lifetime_ms, scarce: false })
    }

    /// A grant of all that a rate limit has left, which is less than was wanted.
    fn the_last(number: GrantNumber, units: u64, lifetime_ms: i64) -> Granting {
        Granting::Granted(Grant { number, units, lifetime_ms, scarce: true })
    }

    #[test]
    fn a_grant_is_within_every_limit() {
        let mut limiter = Limiter::default();
        assert_eq!(limiter.ask(&[SECOND, MINUTE], 1, 100, 10_000, NOW), the_last(0, 5, 10_000));
        let later = NOW.plus_millis(11_000);
        assert_eq!(limiter.ask(&[SECOND, MINUTE], 1, 100, 10_000, later), the_last(1, 3, 10_000));
    }

    #[test]
    fn what_is_counted_in_line_is_what_is_needed() {
        assert_eq!(Limiter::default().ask(&[SECOND], 2, 100, 0, NOW), the_last(0, 2, 0));
    }

    #[test]
    fn what_one_limit_refuses_is_charged_to_none() {
        let mut limiter = Limiter::default();
        limiter.ask(&[SECOND], 5, 5, 0, NOW);
        assert_eq!(limiter.ask(&[SECOND, MINUTE], 1, 1, 0, NOW), Granting::Wait { millis: 1_000, by: alloc::vec![0] });
        assert_eq!(limiter.ask(&[MINUTE], 8, 8, 0, NOW), granted(1, 8, 0));
    }

    #[test]
    fn the_longest_wait_is_told_and_a_cost_above_any_limit() {
        let mut limiter = Limiter::default();
        limiter.ask(&[SECOND, MINUTE], 5, 5, 0, NOW);
        assert_eq!(
            limiter.ask(&[SECOND, MINUTE], 4, 4, 0, NOW),
            Granting::Wait { millis: 60_000, by: alloc::vec![0, 1] }
        );
        assert_eq!(limiter.ask(&[SECOND, MINUTE], 6, 6, 0, NOW), Granting::Never { by: alloc::vec![0, 1] });
    }

    #[test]
    fn a_report_frees_units_under_every_limit() {
        let mut limiter = Limiter::default();
        limiter.ask(&[SECOND, MINUTE], 1, 5, 10_000, NOW);
        limiter.note(&[SECOND, MINUTE], &[Report { number: 0, used: 1, closed: true }], NOW);
        assert_eq!(limiter.ask(&[SECOND], 1, 9, 10_000, NOW), the_last(1, 4, 10_000));
        assert_eq!(limiter.ask(&[MINUTE], 1, 9, 10_000, NOW), the_last(2, 7, 10_000));
    }

    #[test]
    fn what_is_over_is_swept_away() {
        let daily = Counted {
            name: "daily",
            limit: Limit::Quota(Quota { limit: 9, period: crate::limits::quota::Period::Day }),
        };
        let mut limiter = Limiter::default();
        limiter.ask(&[SECOND, MINUTE, daily], 1, 1, 0, NOW);
        limiter.sweep(NOW.plus_millis(1_000));
        assert_eq!((limiter.logs.len(), limiter.quotas.len()), (1, 1));
        limiter.sweep(NOW.plus_millis(86_400_000));
        assert_eq!((limiter.logs.len(), limiter.quotas.len()), (0, 0));
    }

    #[test]
    fn a_quota_and_a_rate_limit_are_charged_together() {
        let quota = Quota { limit: 300, period: crate::limits::quota::Period::Day };
        let daily = Counted { name: "daily", limit: Limit::Quota(quota) };
        let mut limiter = Limiter::default();
        let first = limiter.ask(&[SECOND, daily], 1, 100, 10_000, NOW);
        assert_eq!(first, the_last(0, 3, 10_000), "a hundredth of the quota");
        limiter.note(&[SECOND, daily], &[Report { number: 0, used: 1, closed: true }], NOW);
        assert_eq!(limiter.remaining("daily", quota, NOW), 299);
        assert_eq!(limiter.ask(&[SECOND, daily], 5, 5, 0, NOW), Granting::Wait { millis: 1_000, by: alloc::vec![0] });
        assert_eq!(limiter.remaining("daily", quota, NOW), 299, "what the rate limit refuses isn't charged");
        let ends_at = quota.period.end(NOW);
        let late = limiter.ask(&[SECOND, daily], 1, 2, 10_000, ends_at.plus_millis(-2_000));
        assert_eq!(late, granted(1, 2, 2_000), "it ends with the period");
        let at_the_end = limiter.ask(&[SECOND, daily], 1, 2, 10_000, ends_at.plus_millis(-200));
        assert_eq!(at_the_end, granted(2, 1, 0));
    }

    #[test]
    fn after_a_restore_nothing_is_admitted_until_every_earlier_grant_is_over() {
        let quota = Quota { limit: 300, period: crate::limits::quota::Period::Month };
        let monthly = Counted { name: "monthly", limit: Limit::Quota(quota) };
        let mut limiter = Limiter::default();
        limiter.restored(NOW);
        let wait = MAX_LIFETIME_MS + 1_000;
        assert_eq!(limiter.ask(&[SECOND], 1, 5, 0, NOW), Granting::Wait { millis: wait, by: alloc::vec![0] });
        assert_eq!(
            limiter.ask(&[SECOND], 1, 5, 0, NOW.plus_millis(wait - 1)),
            Granting::Wait { millis: 1, by: alloc::vec![0] }
        );
        assert!(matches!(limiter.ask(&[SECOND], 1, 5, 0, NOW.plus_millis(wait)), Granting::Granted(_)));
        assert!(matches!(limiter.ask(&[monthly], 1, 1, 0, NOW), Granting::Wait { .. }));
        limiter.add("monthly", quota, 2, NOW).unwrap();
        assert!(matches!(limiter.ask(&[monthly], 2, 2, 0, NOW), Granting::Granted(_)));
    }
}
