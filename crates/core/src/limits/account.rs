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
    /// What the object refused last.
    refused: Option<Refused>,
}

/// What an account does under its limits.
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
    /// The least cost that was refused.
    cost: u64,
    at: Timestamp,
    until: Timestamp,
}

/// What becomes of a request.
#[derive(Debug)]
pub enum Charge {
    /// It is admitted. The asking, if there is one, is sent beside it.
    Admitted(Option<Asking>),
    /// It is refused, for this many milliseconds: the object said so lately. The asking, if there is one, is sent beside.
    Refused(i64, Option<Asking>),
    /// The object has to be asked before it is decided.
    Ask(Asking),
}

/// What is asked of the object.
#[derive(Debug)]
pub struct Asking {
    /// The units without which the asking request can't be admitted.
    pub need: u64,
    /// The units that the isolate would hold.
    pub want: u64,
    /// The lifetime of the grant, milliseconds; 0 if the units are used as they are granted.
    pub lifetime_ms: i64,
    /// What the isolate tells of the grants that it holds.
    pub reports: Vec<Report>,
    asked_at: AskedAt,
}

impl Account {
    /// An account under these limits.
    #[must_use]
    pub fn new(limits: &[RateLimit]) -> Self {
        Self {
            terms: Terms::of(limits),
            holding: Holding::default(),
            asked_at: None,
            in_flight: 0,
            scarce: false,
            needed: 0,
            refused: None,
        }
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
    pub fn granted(&mut self, asking: &Asking, grant: Grant, now: Timestamp) -> bool {
        self.in_flight = self.in_flight.saturating_sub(1);
        self.scarce = grant.units < asking.want;
        self.refused = None;
        if grant.lifetime_ms == 0 {
            return grant.units >= asking.need;
        }
        self.holding.take_over(grant, asking.asked_at, now);
        self.holding.take(asking.need, now)
    }

    /// Notes that the object refused an asking for so long. Returns the time for which requests of this cost are
    /// refused now, milliseconds.
    pub fn refused(&mut self, asking: &Asking, wait_ms: i64, now: Timestamp) -> i64 {
        self.in_flight = self.in_flight.saturating_sub(1);
        self.scarce = true;
        // A little is freed again and again. Asking for it each time would cost a call for each unit.
        let wait_ms = wait_ms.max(self.terms.interval_ms);
        self.refused = Some(Refused { cost: asking.need.max(1), at: now, until: now.plus_millis(wait_ms) });
        wait_ms
    }

    /// Notes that nothing is free for so long, as the object answered to an asking that needed nothing.
    pub fn nothing(&mut self, wait_ms: i64, now: Timestamp) {
        self.in_flight = self.in_flight.saturating_sub(1);
        self.scarce = true;
        self.refused = Some(Refused { cost: 1, at: now, until: now.plus_millis(wait_ms) });
    }

    /// Notes that an asking has no answer.
    pub const fn unanswered(&mut self) {
        self.in_flight = self.in_flight.saturating_sub(1);
    }

    /// Everything that is left, to give back. The account holds nothing afterwards.
    pub fn give_back(&mut self) -> Vec<Report> {
        self.holding.give_back()
    }

    /// What is asked for and reported beside a request: if what is left would be spent before an answer comes, or if
    /// there is too little and a report frees units earlier.
    fn in_background(&mut self, now: Timestamp) -> Option<Asking> {
        let interval_ms = self.terms.interval_ms;
        if self.terms.lifetime_ms == 0 || self.elapsed_ms(now) < interval_ms || self.in_flight >= MAX_IN_FLIGHT {
            return None;
        }
        let due = if self.scarce {
            let free_in = self.refused.map_or(0, |refused| refused.until.millis_since(now));
            self.holding.has_news() || free_in <= ROUND_TRIP_MS
        } else {
            self.in_flight == 0 && self.holding.left(now) < self.needed_in(ROUND_TRIP_MS + interval_ms, now)
        };
        due.then(|| self.asking(0, now))
    }

    fn asking(&mut self, need: u64, now: Timestamp) -> Asking {
        // What others lack is not held in stock.
        let stock_ms = if self.scarce { ROUND_TRIP_MS + self.terms.interval_ms } else { self.terms.stock_ms };
        let in_stock = self.needed_in(stock_ms, now);
        let want = if self.terms.lifetime_ms == 0 { need } else { in_stock.max(need).max(1) };
        let asked_at = self.holding.ask(now);
        let reports = self.holding.report(now);
        self.in_flight += 1;
        self.asked_at = Some(now);
        self.needed = 0;
        Asking { need, want, lifetime_ms: self.terms.lifetime_ms, reports, asked_at }
    }

    /// The units that requests need in so much time, as they did since the last asking.
    fn needed_in(&self, millis: i64, now: Timestamp) -> u64 {
        let elapsed = self.elapsed_ms(now).max(1).unsigned_abs();
        self.needed.saturating_mul(millis.unsigned_abs()).div_ceil(elapsed)
    }

    /// The time for which a request is refused because others ask for the little that is free, milliseconds.
    fn scarcity_ms(&self, now: Timestamp) -> Option<i64> {
        if !self.scarce || self.terms.lifetime_ms == 0 {
            return None;
        }
        let left = self.terms.interval_ms - self.elapsed_ms(now);
        if left > 0 { Some(left) } else { (self.in_flight >= MAX_IN_FLIGHT).then_some(self.terms.interval_ms) }
    }

    fn elapsed_ms(&self, now: Timestamp) -> i64 {
        self.asked_at.map_or(SECOND_MS, |asked_at| now.millis_since(asked_at))
    }

    /// The time for which the object has said that such a cost is not free, milliseconds.
    fn refused_for(&self, cost: u64, now: Timestamp) -> Option<i64> {
        let refused = self.refused.filter(|refused| cost >= refused.cost && now >= refused.at)?;
        let left = refused.until.millis_since(now);
        (left > 0).then_some(left)
    }
}

impl Terms {
    fn of(limits: &[RateLimit]) -> Self {
        let window_ms = limits.iter().map(|limit| limit.window_ms).min().unwrap_or_default();
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
        assert!(account.granted(&asking, Grant { number: 0, units: units + 1, lifetime_ms: 1_000 }, at(0)));
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
        assert!(asking.want >= 50, "seven requests in 60 ms are 58 in half a second: {}", asking.want);
    }

    #[test]
    fn a_refusal_is_remembered_for_its_cost_and_any_higher() {
        let mut account = holding(0);
        let Charge::Ask(asking) = account.charge(5, at(100)) else { panic!("it holds nothing") };
        assert_eq!(account.refused(&asking, 2_000, at(200)), 2_000);
        assert!(matches!(account.charge(5, at(1_200)), Charge::Refused(1_000, None)));
        assert!(matches!(account.charge(6, at(1_200)), Charge::Refused(1_000, None)));
        assert!(matches!(account.charge(4, at(1_200)), Charge::Ask(_)), "less may be free");
        assert!(matches!(account.charge(5, at(2_200)), Charge::Ask(_)));
    }

    #[test]
    fn under_a_small_limit_nothing_is_held() {
        let mut account = Account::new(&[LARGE, SMALL]);
        let Charge::Ask(asking) = account.charge(2, at(0)) else { panic!("nothing is held") };
        assert_eq!((asking.need, asking.want, asking.lifetime_ms), (2, 2, 0));
        assert!(account.granted(&asking, Grant { number: 0, units: 2, lifetime_ms: 0 }, at(50)));
        assert!(matches!(account.charge(1, at(50)), Charge::Ask(_)));
    }
}
