//! The state of the object that counts a tenant's limits: a log of grants for each, and the rule that a request is
//! counted under all limits that it is under, or under none.

use alloc::{
    collections::BTreeMap,
    string::{String, ToString},
};

use serde::{Deserialize, Serialize};

use super::{
    grant_log::{Admission, GrantLog, GrantNumber, RateLimit},
    holding::Report,
};
use crate::base::timestamp::Timestamp;

/// The logs of one tenant and its keys.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limiter {
    logs: BTreeMap<String, GrantLog>,
    next_number: GrantNumber,
}

/// A limit that requests are under.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counted<'a> {
    /// The log's name: that of the limit, and with a limit per key the key's id.
    pub log: &'a str,
    /// The limit as it is now.
    pub limit: RateLimit,
}

/// The answer to an asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Granting {
    /// A grant of at least the needed units.
    Granted {
        /// The grant's number, under which its use is reported.
        number: GrantNumber,
        /// Its units.
        units: u64,
    },
    /// No units are needed, and none are free before this time has passed.
    Nothing {
        /// The time, milliseconds.
        millis: i64,
    },
    /// The needed units are not free before this time has passed.
    Wait {
        /// The time, milliseconds.
        millis: i64,
        /// The limit that makes it the longest, by its place among the asked ones.
        by: usize,
    },
    /// One of the limits is below the needed units: they are never free.
    Never {
        /// That limit, by its place.
        by: usize,
    },
}

impl Limiter {
    /// Grants units under all of these limits: as many as are wanted and free, but no fewer than needed. What is
    /// granted ends after `lifetime_ms`. With 0 it counts as used at once, and is not reported on.
    pub fn ask(&mut self, limits: &[Counted<'_>], need: u64, want: u64, lifetime_ms: i64, now: Timestamp) -> Granting {
        let mut units = want.max(need);
        let mut wait = None;
        for (by, counted) in limits.iter().enumerate() {
            match self.log(counted.log).admits(counted.limit, need, now) {
                Admission::Free(free) => units = units.min(free),
                Admission::Wait(millis) => wait = wait.max(Some((millis, by))),
                Admission::Never => return Granting::Never { by },
            }
        }
        if let Some((millis, by)) = wait {
            return Granting::Wait { millis, by };
        }
        if units == 0 {
            return Granting::Nothing { millis: self.wait_ms(limits, now) };
        }
        let number = self.next_number;
        self.next_number += 1;
        for counted in limits {
            let log = self.log(counted.log);
            match lifetime_ms {
                0 => log.count(counted.limit, units, now),
                _ => log.grant(counted.limit, number, units, lifetime_ms, now),
            }
        }
        Granting::Granted { number, units }
    }

    /// Notes what a holder tells of its grants under these limits.
    pub fn note(&mut self, limits: &[Counted<'_>], reports: &[Report], now: Timestamp) {
        for counted in limits {
            let log = self.log(counted.log);
            for &Report { number, used, closed } in reports {
                match closed {
                    true => log.close(counted.limit, number, used, now),
                    false => log.report(counted.limit, number, used, now),
                }
            }
        }
    }

    /// Forgets the logs of these limits in which nothing is counted.
    pub fn forget_empty(&mut self, limits: &[Counted<'_>], now: Timestamp) {
        for counted in limits {
            if self.log(counted.log).is_empty(counted.limit, now) {
                self.logs.remove(counted.log);
            }
        }
    }

    /// The time until a unit is free, milliseconds.
    fn wait_ms(&mut self, limits: &[Counted<'_>], now: Timestamp) -> i64 {
        let waits = limits.iter().map(|counted| match self.log(counted.log).admits(counted.limit, 1, now) {
            Admission::Wait(millis) => millis,
            Admission::Free(_) | Admission::Never => 0,
        });
        waits.max().unwrap_or_default()
    }

    fn log(&mut self, name: &str) -> &mut GrantLog {
        self.logs.entry(name.to_string()).or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const NOW: Timestamp = Timestamp::from_millis(1_750_000_000_000);
    const SECOND: Counted<'_> = Counted { log: "second/k1", limit: RateLimit { limit: 5, window_ms: 1_000 } };
    const MINUTE: Counted<'_> = Counted { log: "minute", limit: RateLimit { limit: 8, window_ms: 60_000 } };

    #[test]
    fn a_grant_is_within_every_limit() {
        let mut limiter = Limiter::default();
        let granted = limiter.ask(&[SECOND, MINUTE], 1, 100, 0, NOW);
        assert_eq!(granted, Granting::Granted { number: 0, units: 5 });
        let later = NOW.plus_millis(1_000);
        assert_eq!(limiter.ask(&[SECOND, MINUTE], 1, 100, 0, later), Granting::Granted { number: 1, units: 3 });
    }

    #[test]
    fn what_one_limit_refuses_is_charged_to_none() {
        let mut limiter = Limiter::default();
        limiter.ask(&[SECOND], 5, 5, 0, NOW);
        assert_eq!(limiter.ask(&[SECOND, MINUTE], 1, 1, 0, NOW), Granting::Wait { millis: 1_000, by: 0 });
        assert_eq!(limiter.ask(&[MINUTE], 8, 8, 0, NOW), Granting::Granted { number: 1, units: 8 });
    }

    #[test]
    fn the_longest_wait_is_told_and_a_cost_above_any_limit() {
        let mut limiter = Limiter::default();
        limiter.ask(&[SECOND, MINUTE], 5, 5, 0, NOW);
        assert_eq!(limiter.ask(&[SECOND, MINUTE], 4, 4, 0, NOW), Granting::Wait { millis: 60_000, by: 1 });
        assert_eq!(limiter.ask(&[SECOND, MINUTE], 6, 6, 0, NOW), Granting::Never { by: 0 });
    }

    #[test]
    fn a_report_frees_units_under_every_limit() {
        let mut limiter = Limiter::default();
        limiter.ask(&[SECOND, MINUTE], 1, 5, 10_000, NOW);
        limiter.note(&[SECOND, MINUTE], &[Report { number: 0, used: 1, closed: true }], NOW);
        assert_eq!(limiter.ask(&[SECOND], 1, 9, 0, NOW), Granting::Granted { number: 1, units: 4 });
        assert_eq!(limiter.ask(&[MINUTE], 1, 9, 0, NOW), Granting::Granted { number: 2, units: 7 });
    }

    #[test]
    fn a_log_without_anything_counted_is_forgotten() {
        let mut limiter = Limiter::default();
        limiter.ask(&[SECOND, MINUTE], 1, 1, 0, NOW);
        limiter.forget_empty(&[SECOND, MINUTE], NOW.plus_millis(1_000));
        assert_eq!(limiter.logs.keys().collect::<alloc::vec::Vec<_>>(), ["minute"]);
    }
}
