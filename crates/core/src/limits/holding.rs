//! The grants that an isolate holds, from which it admits requests without asking anyone.

use alloc::vec::Vec;

use super::grant::{Grant, GrantNumber, Report};
use crate::base::timestamp::Timestamp;

/// How far the readings of an isolate's clock may be behind each other without being a step back, milliseconds.
pub const CLOCK_JITTER_MS: i64 = 100;
/// The part of a time by which an isolate's clock may be slower than the object's: one of so many.
pub const CLOCK_RATE_TOLERANCE: i64 = 100;

/// The grants of one limit that an isolate holds.
#[derive(Debug, Default)]
pub struct Holding {
    /// Ordered by their ends.
    grants: Vec<Held>,
    latest: Option<Timestamp>,
    /// How often the clock was seen to be set back.
    steps_back: u32,
}

/// The time at which an isolate asked for a grant, by its clock. It can't be copied, so an asking gets one grant.
#[derive(Debug)]
pub struct AskedAt {
    time: Timestamp,
    steps_back: u32,
}

#[derive(Debug)]
struct Held {
    number: GrantNumber,
    units: u64,
    used: u64,
    /// The used units that were reported.
    reported: u64,
    ends_at: Timestamp,
}

impl Holding {
    /// The time of an asking that is about to be sent.
    pub fn ask(&mut self, now: Timestamp) -> AskedAt {
        self.read_clock(now);
        AskedAt { time: now, steps_back: self.steps_back }
    }

    /// Takes over a grant, unless the clock was set back since the asking.
    ///
    /// The grant's lifetime began when the object made it, which was later than the asking. So a lifetime that begins
    /// with the asking ends before the grant does, whatever the clocks show, if the isolate's clock is slower by
    /// [`CLOCK_RATE_TOLERANCE`] at most, and its readings out of order by [`CLOCK_JITTER_MS`] at most.
    pub fn take_over(&mut self, grant: Grant, asked_at: AskedAt, now: Timestamp) {
        let Grant { number, units, lifetime_ms, .. } = grant;
        self.read_clock(now);
        // A step back may have been before this account was made again.
        let set_back = asked_at.time.millis_since(now) > CLOCK_JITTER_MS;
        if asked_at.steps_back == self.steps_back && !set_back {
            let certain_ms = lifetime_ms - (lifetime_ms / CLOCK_RATE_TOLERANCE + 1) - CLOCK_JITTER_MS;
            let ends_at = asked_at.time.plus_millis(certain_ms);
            let place = self.grants.partition_point(|held| (held.ends_at, held.number) < (ends_at, number));
            self.grants.insert(place, Held { number, units, used: 0, reported: 0, ends_at });
        }
    }

    /// Takes units for a request. Returns whether the grants had them; if not, none is taken.
    pub fn take(&mut self, cost: u64, now: Timestamp) -> bool {
        if self.left(now) < cost {
            return false;
        }
        let mut open = cost;
        for held in self.grants.iter_mut().filter(|held| now < held.ends_at) {
            let taken = open.min(held.units - held.used);
            held.used += taken;
            open -= taken;
        }
        true
    }

    /// The units that the grants have left.
    pub fn left(&mut self, now: Timestamp) -> u64 {
        self.read_clock(now);
        self.grants.iter().filter(|held| now < held.ends_at).map(|held| held.units - held.used).sum()
    }

    /// Reports on every grant, and forgets those that are spent or ended.
    pub fn report(&mut self, now: Timestamp) -> Vec<Report> {
        self.read_clock(now);
        let over = |held: &Held| held.used == held.units || now >= held.ends_at;
        let reports =
            self.grants.iter().map(|held| Report { number: held.number, used: held.used, closed: over(held) });
        let reports = reports.collect();
        self.grants.retain(|held| !over(held));
        for held in &mut self.grants {
            held.reported = held.used;
        }
        reports
    }

    /// Reports on the grants that have ended, and forgets them.
    pub fn report_ended(&mut self, now: Timestamp) -> Vec<Report> {
        self.read_clock(now);
        let ended = |held: &Held| now >= held.ends_at;
        let reports = self.grants.iter().filter(|held| ended(held));
        let reports = reports.map(|held| Report { number: held.number, used: held.used, closed: true }).collect();
        self.grants.retain(|held| !ended(held));
        reports
    }

    /// Whether there are grants, be they spent or not.
    #[must_use]
    pub fn any(&self) -> bool {
        !self.grants.is_empty()
    }

    /// Whether units were used that were not reported yet.
    #[must_use]
    pub fn has_news(&self) -> bool {
        self.grants.iter().any(|held| held.used > held.reported)
    }

    /// Gives back every grant: reports on it and uses it no more.
    pub fn give_back(&mut self) -> Vec<Report> {
        let closed = |held: Held| Report { number: held.number, used: held.used, closed: true };
        self.grants.drain(..).map(closed).collect()
    }

    /// Drops all grants if the clock was set back: their ends can't be told any more.
    fn read_clock(&mut self, now: Timestamp) {
        if self.latest.is_some_and(|latest| latest.millis_since(now) > CLOCK_JITTER_MS) {
            self.grants.clear();
            self.steps_back += 1;
            self.latest = Some(now);
        }
        self.latest = self.latest.max(Some(now));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const LIFETIME_MS: i64 = 10_000;
    /// The last part of a lifetime, which isn't used.
    const RESERVE_MS: i64 = LIFETIME_MS / CLOCK_RATE_TOLERANCE + 1 + CLOCK_JITTER_MS;

    const fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(1_750_000_000_000 + millis)
    }

    const fn grant(number: GrantNumber, units: u64) -> Grant {
        Grant { number, units, lifetime_ms: LIFETIME_MS, scarce: false }
    }

    /// Holds grants of these units, which were asked for at the time 0.
    fn holding(grants: &[u64]) -> Holding {
        let mut holding = Holding::default();
        for (number, &units) in (0..).zip(grants) {
            let asked_at = holding.ask(at(0));
            holding.take_over(grant(number, units), asked_at, at(80));
        }
        holding
    }

    #[test]
    fn a_grant_is_used_no_later_than_it_ends() {
        let mut holding = holding(&[2]);
        assert!(holding.take(1, at(LIFETIME_MS - RESERVE_MS - 1)));
        assert!(!holding.take(1, at(LIFETIME_MS - RESERVE_MS)));
        let report = Report { number: 0, used: 1, closed: true };
        assert_eq!(holding.report(at(LIFETIME_MS - RESERVE_MS)), [report]);
        assert!(holding.report(at(LIFETIME_MS)).is_empty(), "what ended is reported once");
    }

    #[test]
    fn a_request_takes_from_several_grants_or_from_none() {
        let mut holding = holding(&[2, 3]);
        assert!(!holding.take(6, at(100)));
        assert_eq!(holding.left(at(100)), 5);
        assert!(holding.take(4, at(100)));
        let reports = [Report { number: 0, used: 2, closed: true }, Report { number: 1, used: 2, closed: false }];
        assert_eq!(holding.report(at(100)), reports);
        assert_eq!(holding.left(at(100)), 1);
    }

    #[test]
    fn what_is_given_back_is_used_no_more() {
        let mut holding = holding(&[3]);
        assert!(holding.take(1, at(100)));
        assert_eq!(holding.give_back(), [Report { number: 0, used: 1, closed: true }]);
        assert!(!holding.take(1, at(100)));
    }

    #[test]
    fn a_clock_that_is_set_back_voids_what_is_held_and_what_was_asked_for() {
        let mut holding = holding(&[3]);
        let asked_at = holding.ask(at(5_000));
        assert_eq!(holding.left(at(5_000 - CLOCK_JITTER_MS)), 3, "a reading that is out of order is no step");
        assert_eq!(holding.left(at(5_000 - CLOCK_JITTER_MS - 1)), 0);
        holding.take_over(grant(9, 3), asked_at, at(4_950));
        assert_eq!(holding.left(at(4_950)), 0);
    }
}
