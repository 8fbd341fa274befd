//! An isolate's account with the object that counts: from which grants a request is admitted, and when the isolate asks
//! for more, and for how much.
//!
//! A request that finds enough units waits for nothing. Before they are spent the isolate asks for as many as it used
//! lately. Each asking reports what was used, so that the object learns soon when a use was over. Under a small limit
//! nothing is held in stock: each request is counted by the object.

use alloc::vec::Vec;

use super::{
    grant::{Grant, MAX_LIFETIME_MS, MIN_LIFETIME_MS, Report},
    grant_log::RateLimit,
    holding::{AskedAt, Holding},
};
use crate::base::timestamp::{SECOND_MS, Timestamp};

/// A limit below this is counted in line.
pub const SMALL_LIMIT: u64 = 32;
/// The shortest and the longest time between askings for more, milliseconds.
const INTERVAL_MS: (i64, i64) = (50, 10 * SECOND_MS);
/// The askings that may be on their way at a time while there is less than is wanted.
const MAX_IN_FLIGHT: u32 = 2;
/// An asking is given up after this time, milliseconds.
const UNANSWERED_AFTER_MS: i64 = 5 * SECOND_MS;
/// A refusal is remembered for this time, milliseconds. Operators may add to a quota, and others give units back.
const REMEMBERED_MS: i64 = 10 * SECOND_MS;
/// The maximum number of costs whose refusal is remembered.
const MAX_REFUSED: usize = 8;
/// The maximum number of reports that wait to be sent again.
const MAX_UNSENT: usize = 64;
/// The window by which grants under quotas alone are sized, milliseconds.
const QUOTA_WINDOW_MS: i64 = 200 * SECOND_MS;
/// The time for an asking and its answer for which an isolate holds units in stock, milliseconds.
const ROUND_TRIP_MS: i64 = 100;

/// The units that an isolate holds under the limits of one key, and the use of them.
#[derive(Debug)]
pub struct Account {
    terms: Terms,
    holding: Holding,
    /// The last asking that was sent.
    asked_at: Option<Timestamp>,
    /// The askings without an answer yet.
    in_flight: u32,
    /// Whether the object had less than was wanted when it was last asked.
    scarce: bool,
    /// The units that requests needed since the last asking, admitted or not.
    needed: u64,
    /// The recent refusals of the object.
    refused: Vec<Refused>,
    /// Reports of askings without an answer. They are sent again.
    unsent: Vec<Report>,
}

/// The terms of an account, which follow from its limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Terms {
    interval_ms: i64,
    /// The time for which units are held in stock.
    stock_ms: i64,
    /// The lifetime of grants, or 0 if requests are counted in line.
    lifetime_ms: i64,
}

#[derive(Clone, Copy, Debug)]
struct Refused {
    cost: u64,
    at: Timestamp,
    /// The time at which the cost is free, as the object said.
    free_at: Timestamp,
    /// The time until which the object isn't asked again.
    until: Timestamp,
}

/// The outcome of a charge.
#[derive(Debug)]
pub enum Charge {
    /// It is admitted. The asking, if there is one, is sent beside it.
    Admitted(Option<Asking>),
    /// It is refused, for this many milliseconds: the object said so lately. The asking, if there is one, is sent beside.
    Refused(i64, Option<Asking>),
    /// The object has to be asked before it is decided.
    Ask(Asking),
}

/// A question to the object.
#[derive(Debug)]
pub struct Asking {
    /// The units without which the asking request can't be admitted.
    pub need: u64,
    /// The units that the isolate would hold.
    pub want: u64,
    /// The lifetime of the grant, milliseconds; 0 if the units are used as they are granted.
    pub lifetime_ms: i64,
    /// The use of the grants that the isolate holds.
    pub reports: Vec<Report>,
    asked_at: AskedAt,
}

impl Account {
    /// An account under these rate limits, and any quotas.
    #[must_use]
    pub fn new(limits: &[RateLimit]) -> Self {
        Self {
            terms: Terms::of(limits),
            holding: Holding::default(),
            asked_at: None,
            in_flight: 0,
            scarce: false,
            needed: 0,
            refused: Vec::new(),
            unsent: Vec::new(),
        }
    }

    /// An account of which nothing is known yet: requests are counted in line.
    #[must_use]
    pub fn unknown() -> Self {
        let mut account = Self::new(&[]);
        account.terms.lifetime_ms = 0;
        account
    }

    /// Goes on under other rate limits, and any quotas. Without any limit nothing is held in stock.
    pub fn renew(&mut self, limits: &[RateLimit], any: bool) {
        self.terms = Terms::of(limits);
        if !any {
            self.terms.lifetime_ms = 0;
        }
        self.scarce = false;
        self.refused.clear();
    }

    /// The units that are held.
    pub fn left(&mut self, now: Timestamp) -> u64 {
        self.holding.left(now)
    }

    /// The asking for a request that needs so much, whatever is held.
    pub fn ask(&mut self, need: u64, now: Timestamp) -> Asking {
        self.asking(need, now)
    }

    /// The asking that reports on grants that have ended with units left, and wants nothing.
    pub fn ended(&mut self, now: Timestamp) -> Option<Asking> {
        let reports = self.holding.report_ended(now);
        if reports.is_empty() {
            return None;
        }
        self.in_flight += 1;
        Some(Asking { need: 0, want: 0, lifetime_ms: 0, reports, asked_at: self.holding.ask(now) })
    }

    /// Notes that an asking can never be granted, since a limit is below what it needs.
    pub fn never(&mut self, _asking: &Asking) {
        self.in_flight = self.in_flight.saturating_sub(1);
    }

    /// Charges a request.
    pub fn charge(&mut self, cost: u64, now: Timestamp) -> Charge {
        self.needed = self.needed.saturating_add(cost);
        if cost == 0 || self.holding.take(cost, now) {
            return Charge::Admitted(self.in_background(now));
        }
        if let Some(wait) = self.refused_for(cost, now).or_else(|| self.scarcity_ms(now)) {
            return Charge::Refused(wait, self.in_background(now));
        }
        Charge::Ask(self.asking(cost, now))
    }

    /// Takes over the grant that answers an asking. What the asking request needs is used at once; returns whether the
    /// grant had it, still alive.
    pub fn granted(&mut self, asking: Asking, grant: Grant, now: Timestamp) -> bool {
        self.in_flight = self.in_flight.saturating_sub(1);
        self.scarce = grant.scarce;
        self.refused.clear();
        if grant.lifetime_ms == 0 {
            return grant.units >= asking.need;
        }
        self.holding.take_over(grant, asking.asked_at, now);
        self.holding.take(asking.need, now)
    }

    /// Notes that the object refused an asking for so long. Another asking may have got the units meanwhile: then the
    /// request is admitted from those, and the result is `None`. Otherwise it is the time for which requests of this cost
    /// are refused now, milliseconds.
    pub fn refused(&mut self, asking: &Asking, wait_ms: i64, now: Timestamp) -> Option<i64> {
        self.in_flight = self.in_flight.saturating_sub(1);
        self.scarce = true;
        if self.holding.take(asking.need, now) {
            return None;
        }
        // A little is freed again and again. Asking for it each time would cost a call for each unit.
        let wait_ms = wait_ms.max(self.terms.interval_ms);
        self.remember(asking.need, wait_ms, now);
        Some(wait_ms)
    }

    /// Notes that nothing is free for so long, as the object answered to an asking that needed nothing.
    pub fn nothing(&mut self, wait_ms: i64, now: Timestamp) {
        self.in_flight = self.in_flight.saturating_sub(1);
        if wait_ms > 0 {
            self.scarce = true;
            self.remember(1, wait_ms, now);
        }
    }

    /// Notes that an asking has no answer. What it reported is sent again.
    pub fn unanswered(&mut self, asking: Asking) {
        self.in_flight = self.in_flight.saturating_sub(1);
        self.unsent.extend(asking.reports);
        let too_many = self.unsent.len().saturating_sub(MAX_UNSENT);
        self.unsent.drain(..too_many);
    }

    /// Everything that is left, to give back. The account holds nothing afterwards.
    pub fn give_back(&mut self) -> Vec<Report> {
        self.holding.give_back()
    }

    /// The asking that is sent beside a request, if the rest would be spent before an answer comes, or if there is too
    /// little and a report frees units earlier.
    fn in_background(&mut self, now: Timestamp) -> Option<Asking> {
        let interval_ms = self.terms.interval_ms;
        if self.terms.lifetime_ms == 0 || self.elapsed_ms(now) < interval_ms || self.in_flight(now) >= MAX_IN_FLIGHT {
            return None;
        }
        let due = if self.scarce {
            let free_in = self.refused.iter().map(|refused| refused.until.millis_since(now)).min().unwrap_or(0);
            self.holding.has_news() || free_in <= ROUND_TRIP_MS
        } else {
            self.in_flight(now) == 0 && self.holding.left(now) < self.needed_in(ROUND_TRIP_MS + interval_ms, now)
        };
        due.then(|| self.asking(0, now))
    }

    fn asking(&mut self, need: u64, now: Timestamp) -> Asking {
        // Units that others lack are not held in stock.
        let stock_ms = if self.scarce { ROUND_TRIP_MS + self.terms.interval_ms } else { self.terms.stock_ms };
        let in_stock = self.needed_in(stock_ms, now);
        let want = if self.terms.lifetime_ms == 0 { need } else { in_stock.max(need).max(1) };
        let asked_at = self.holding.ask(now);
        let mut reports = core::mem::take(&mut self.unsent);
        reports.extend(self.holding.report(now));
        self.in_flight += 1;
        self.asked_at = Some(now);
        self.needed = 0;
        Asking { need, want, lifetime_ms: self.terms.lifetime_ms, reports, asked_at }
    }

    /// The units that requests need in so much time, as they did since the last asking.
    fn needed_in(&self, millis: i64, now: Timestamp) -> u64 {
        let elapsed = self.elapsed_ms(now).max(ROUND_TRIP_MS).unsigned_abs();
        self.needed.saturating_mul(millis.unsigned_abs()).div_ceil(elapsed)
    }

    /// The time for which a request is refused because others ask for the little that is free, milliseconds.
    fn scarcity_ms(&self, now: Timestamp) -> Option<i64> {
        if !self.scarce || self.terms.lifetime_ms == 0 {
            return None;
        }
        let left = self.terms.interval_ms - self.elapsed_ms(now);
        if left > 0 { Some(left) } else { (self.in_flight(now) >= MAX_IN_FLIGHT).then_some(self.terms.interval_ms) }
    }

    fn elapsed_ms(&self, now: Timestamp) -> i64 {
        // A clock that was set back says nothing of the last asking.
        let asked_at = self.asked_at.filter(|&asked_at| now >= asked_at);
        asked_at.map_or(SECOND_MS, |asked_at| now.millis_since(asked_at))
    }

    /// The askings that may still be answered.
    fn in_flight(&self, now: Timestamp) -> u32 {
        if self.elapsed_ms(now) > UNANSWERED_AFTER_MS { 0 } else { self.in_flight }
    }

    fn remember(&mut self, cost: u64, wait_ms: i64, now: Timestamp) {
        let until = now.plus_millis(wait_ms.min(REMEMBERED_MS));
        self.refused.retain(|refused| refused.cost != cost && now < refused.until && now >= refused.at);
        if self.refused.len() == MAX_REFUSED {
            self.refused.remove(0);
        }
        self.refused.push(Refused { cost, at: now, free_at: now.plus_millis(wait_ms), until });
    }

    /// The time for which the object has said that such a cost is not free, milliseconds.
    fn refused_for(&self, cost: u64, now: Timestamp) -> Option<i64> {
        let mut recent = self.refused.iter().filter(|refused| now < refused.until && now >= refused.at);
        let refused = recent.find(|refused| refused.cost == cost)?;
        Some(refused.free_at.millis_since(now))
    }
}

impl Terms {
    fn of(limits: &[RateLimit]) -> Self {
        let window_ms = limits.iter().map(|limit| limit.window_ms).min().unwrap_or(QUOTA_WINDOW_MS);
        let small = limits.iter().any(|limit| limit.limit < SMALL_LIMIT);
        let interval_ms = (window_ms / 400).clamp(INTERVAL_MS.0, INTERVAL_MS.1);
        let lifetime_ms = (window_ms / 10).clamp(MIN_LIFETIME_MS, MAX_LIFETIME_MS);
        let stock_ms = (window_ms / 20).min(lifetime_ms / 2).max(ROUND_TRIP_MS + interval_ms);
        Self { interval_ms, stock_ms, lifetime_ms: if small { 0 } else { lifetime_ms } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const LARGE: RateLimit = RateLimit { limit: 1_000, window_ms: 10_000 };
    const SMALL: RateLimit = RateLimit { limit: 5, window_ms: 10_000 };

    const fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(1_750_000_000_000 + millis)
    }

    /// An account that holds so many units since the time 0.
    fn holding(units: u64) -> Account {
        let mut account = Account::new(&[LARGE]);
        let Charge::Ask(asking) = account.charge(1, at(0)) else { panic!("it holds nothing") };
        assert!(account.granted(
            asking,
            Grant { number: 0, units: units + 1, lifetime_ms: 1_000, scarce: false },
            at(0)
        ));
        account
    }

    #[test]
    fn a_request_that_finds_its_units_waits_for_nothing() {
        let mut account = holding(3);
        assert!(matches!(account.charge(2, at(1)), Charge::Admitted(None)));
        assert!(matches!(account.charge(0, at(1)), Charge::Admitted(None)));
        assert!(matches!(account.charge(2, at(1)), Charge::Ask(Asking { need: 2, .. })), "one is left");
    }

    #[test]
    fn more_is_asked_for_before_the_stock_is_spent() {
        let mut account = holding(10);
        for request in 0..6 {
            assert!(matches!(account.charge(1, at(request)), Charge::Admitted(None)));
        }
        let Charge::Admitted(Some(asking)) = account.charge(1, at(60)) else { panic!("three are left") };
        assert_eq!((asking.need, asking.reports), (0, alloc::vec![Report { number: 0, used: 8, closed: false }]));
        assert_eq!(asking.want, 35, "seven requests in 100 ms at most are 35 in half a second");
    }

    #[test]
    fn a_refusal_is_remembered_for_its_cost() {
        let mut account = holding(0);
        let Charge::Ask(asking) = account.charge(5, at(100)) else { panic!("it holds nothing") };
        assert_eq!(account.refused(&asking, 2_000, at(200)), Some(2_000));
        assert!(matches!(account.charge(5, at(1_200)), Charge::Refused(1_000, None)));
        for (other, time) in [(4, 1_200), (6, 1_300)] {
            assert!(matches!(account.charge(other, at(time)), Charge::Ask(_)), "{other} may wait longer or less");
        }
        assert!(matches!(account.charge(5, at(7_000)), Charge::Ask(_)));
    }

    #[test]
    fn who_is_refused_takes_what_another_asking_of_the_isolate_got_meanwhile() {
        let mut account = holding(0);
        let Charge::Ask(first) = account.charge(1, at(100)) else { panic!("it holds nothing") };
        let Charge::Ask(second) = account.charge(1, at(100)) else { panic!("it holds nothing") };
        let all = Grant { number: 1, units: 2, lifetime_ms: 1_000, scarce: true };
        assert!(account.granted(first, all, at(110)));
        assert_eq!(account.refused(&second, 2_000, at(110)), None);
        assert!(matches!(account.charge(1, at(111)), Charge::Refused(..) | Charge::Ask(_)), "and no more than that");
    }

    #[test]
    fn under_a_small_limit_nothing_is_held() {
        let mut account = Account::new(&[LARGE, SMALL]);
        let Charge::Ask(asking) = account.charge(2, at(0)) else { panic!("nothing is held") };
        assert_eq!((asking.need, asking.want, asking.lifetime_ms), (2, 2, 0));
        assert!(account.granted(asking, Grant { number: 0, units: 2, lifetime_ms: 0, scarce: false }, at(50)));
        assert!(matches!(account.charge(1, at(50)), Charge::Ask(_)));
    }

    #[test]
    fn a_long_refusal_is_told_whole_and_asked_about_again() {
        let mut account = holding(0);
        let Charge::Ask(asking) = account.charge(1, at(100)) else { panic!("it holds nothing") };
        account.refused(&asking, 1_000_000, at(200));
        assert!(matches!(account.charge(1, at(1_200)), Charge::Refused(999_000, None)));
        assert!(matches!(account.charge(1, at(10_200)), Charge::Ask(_)), "an operator may have added");
    }

    #[test]
    fn askings_that_nobody_answers_are_given_up_and_their_reports_sent_again() {
        let mut account = holding(10);
        account.scarce = true;
        for request in 0..10 {
            account.charge(1, at(request));
        }
        let Charge::Ask(lost) = account.charge(1, at(60)) else { panic!("it is spent") };
        assert_eq!(lost.reports.len(), 1);
        account.unanswered(lost);
        let Charge::Ask(again) = account.charge(1, at(200)) else { panic!("it is spent") };
        assert_eq!(again.reports, [Report { number: 0, used: 11, closed: true }]);
        let Charge::Ask(_never_answered) = account.charge(1, at(300)) else { panic!("one is on its way") };
        assert!(matches!(account.charge(1, at(400)), Charge::Refused(50, None)));
        assert!(matches!(account.charge(1, at(300 + UNANSWERED_AFTER_MS + 1)), Charge::Ask(_)));
    }

    #[test]
    fn two_requests_at_once_say_little_of_the_need() {
        let mut account = Account::new(&[LARGE]);
        assert!(matches!(account.charge(1, at(0)), Charge::Ask(_)));
        let Charge::Ask(asking) = account.charge(1, at(1)) else { panic!("it holds nothing") };
        assert!(asking.want <= 5, "{}", asking.want);
    }
}
