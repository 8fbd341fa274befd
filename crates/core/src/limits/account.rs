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
const MAX_IN_FLIGHT: usize = 2;
/// An asking is given up after this time, milliseconds.
const UNANSWERED_AFTER_MS: i64 = 5 * SECOND_MS;
/// A refusal is remembered for this time, milliseconds. Operators may add to a quota, and others give units back.
const REMEMBERED_MS: i64 = 10 * SECOND_MS;
/// The maximum number of costs whose refusal is remembered.
const MAX_REFUSED: usize = 8;
/// The time for which requests are counted in line after a grant came too late, milliseconds.
const IN_LINE_MS: i64 = 60 * SECOND_MS;
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
    /// The askings without an answer.
    in_flight: Vec<InFlight>,
    /// Whether the object had less than was wanted when it was last asked.
    scarce: bool,
    /// The time until which requests are counted in line, since a grant came too late to be used.
    in_line_until: Option<Timestamp>,
    /// The units that requests needed since the last asking for stock, admitted or not, and the time of that asking.
    needed: u64,
    needed_since: Option<Timestamp>,
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
    /// The units that are held in stock at most.
    max_stock: u64,
    /// The lifetime of grants, or 0 if requests are counted in line.
    lifetime_ms: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct InFlight {
    sent_at: Timestamp,
    for_stock: bool,
}

#[derive(Clone, Debug)]
struct Refused {
    cost: u64,
    at: Timestamp,
    /// The time at which the cost is free, as the object said; none if it never is.
    free_at: Option<Timestamp>,
    /// The time until which the object isn't asked again.
    until: Timestamp,
    /// The limits that lack units, by their places.
    by: Vec<usize>,
}

/// The outcome of a charge.
#[derive(Debug)]
pub enum Charge {
    /// It is admitted. The asking, if there is one, is sent beside it.
    Admitted(Option<Asking>),
    /// It is refused: the object said so lately. The asking, if there is one, is sent beside it.
    Refused {
        /// The time until it is free, milliseconds; `None` if it never is.
        wait_ms: Option<i64>,
        /// The limits that lack units, by their places.
        by: Vec<usize>,
        /// The asking that is sent beside it.
        asking: Option<Asking>,
    },
    /// It isn't held, and the object was asked a moment ago and had little. It is to be refused, unless more is known to
    /// be free; then [`ask`](Account::ask).
    Scarce(Option<Asking>),
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
    /// The time at which it is sent.
    pub sent_at: Timestamp,
    for_stock: bool,
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
            in_flight: Vec::new(),
            scarce: false,
            in_line_until: None,
            needed: 0,
            needed_since: None,
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

    /// Whether grants are held, be they spent or not.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.holding.any()
    }

    /// Whether there are reports that have no answer.
    #[must_use]
    pub fn owes(&self) -> bool {
        !self.unsent.is_empty()
    }

    /// Charges a request.
    pub fn charge(&mut self, cost: u64, now: Timestamp) -> Charge {
        self.needed = self.needed.saturating_add(cost);
        if cost == 0 || self.holding.take(cost, now) {
            return Charge::Admitted(self.in_background(now));
        }
        if let Some(refused) = self.refused_for(cost, now) {
            let wait_ms = refused.free_at.map(|free_at| free_at.millis_since(now));
            let by = refused.by.clone();
            return Charge::Refused { wait_ms, by, asking: self.in_background(now) };
        }
        if self.asks_too_often(now) {
            return Charge::Scarce(self.in_background(now));
        }
        Charge::Ask(self.asking(cost, true, now))
    }

    /// The asking for a request that needs so much, whatever is held. If it needs nothing, it only looks.
    pub fn ask(&mut self, need: u64, now: Timestamp) -> Asking {
        self.asking(need, need > 0, now)
    }

    /// The asking that reports on grants that have ended, and on what was not told, and wants nothing.
    pub fn ended(&mut self, now: Timestamp) -> Option<Asking> {
        let mut reports = core::mem::take(&mut self.unsent);
        merge(&mut reports, self.holding.report_ended(now));
        if reports.is_empty() {
            return None;
        }
        let asked_at = self.holding.ask(now);
        self.in_flight.push(InFlight { sent_at: now, for_stock: false });
        Some(Asking { need: 0, want: 0, lifetime_ms: 0, reports, sent_at: now, for_stock: false, asked_at })
    }

    /// Takes over the grant that answers an asking. What the asking request needs is used at once; returns whether the
    /// grant had it, still alive.
    pub fn granted(&mut self, asking: Asking, grant: Grant, now: Timestamp) -> bool {
        self.arrived(&asking);
        // A grant of no more than was needed says little of what is left.
        if asking.for_stock {
            self.scarce = grant.scarce;
        }
        self.refused.clear();
        let need = asking.need;
        if grant.lifetime_ms == 0 {
            return grant.units >= need;
        }
        self.holding.take_over(grant, asking.asked_at, now);
        let taken = self.holding.take(need, now);
        if !taken {
            self.in_line_until = Some(now.plus_millis(IN_LINE_MS));
        }
        taken
    }

    /// Notes that the object refused an asking for so long, since these limits lack units. Another asking may have got
    /// the units meanwhile: then the request is admitted from those, and the result is `None`. Otherwise it is the time
    /// for which requests of this cost are refused now, milliseconds.
    pub fn refused(&mut self, asking: &Asking, wait_ms: i64, by: Vec<usize>, now: Timestamp) -> Option<i64> {
        self.arrived(asking);
        self.scarce = true;
        if self.holding.take(asking.need, now) {
            return None;
        }
        // A little is freed again and again. Asking for it each time would cost a call for each unit. A client is told whole
        // seconds, so a second at most is never too long.
        let wait_ms = wait_ms.max(self.terms.interval_ms.min(SECOND_MS));
        self.remember(asking.need, Some(wait_ms), by, now);
        Some(wait_ms)
    }

    /// Notes that the object can never grant what an asking needs, since these limits are below it.
    pub fn never(&mut self, asking: &Asking, by: Vec<usize>, now: Timestamp) {
        self.arrived(asking);
        self.remember(asking.need, None, by, now);
    }

    /// Notes that nothing is free for so long, as the object answered to an asking that needed nothing.
    pub fn nothing(&mut self, asking: &Asking, wait_ms: i64, by: Vec<usize>, now: Timestamp) {
        self.arrived(asking);
        if !by.is_empty() {
            self.scarce = true;
            self.remember(1, Some(wait_ms), by, now);
        }
    }

    /// Notes that an asking has no answer. What it reported is sent again.
    pub fn unanswered(&mut self, asking: Asking) {
        self.arrived(&asking);
        merge(&mut self.unsent, asking.reports);
        let too_many = self.unsent.len().saturating_sub(MAX_UNSENT);
        self.unsent.drain(..too_many);
    }

    /// The asking that is sent beside a request, if the rest would be spent before an answer comes, or if there is too
    /// little and a report frees units earlier.
    fn in_background(&mut self, now: Timestamp) -> Option<Asking> {
        let interval_ms = self.terms.interval_ms;
        if self.counts_in_line(now) || self.elapsed_ms(now) < interval_ms || self.in_flight(now) >= MAX_IN_FLIGHT {
            return None;
        }
        let due = if self.scarce {
            let free_in = self.refused.iter().map(|refused| refused.until.millis_since(now)).min().unwrap_or(0);
            self.holding.has_news() || free_in <= ROUND_TRIP_MS
        } else {
            self.in_flight(now) == 0 && self.holding.left(now) < self.needed_in(ROUND_TRIP_MS + interval_ms, now)
        };
        due.then(|| self.asking(0, true, now))
    }

    fn asking(&mut self, need: u64, for_stock: bool, now: Timestamp) -> Asking {
        let in_line = self.counts_in_line(now);
        // While an asking for stock is on its way, another takes no more than it needs.
        let stock_comes = self.in_flight.iter().any(|asking| asking.for_stock && asking.may_be_answered(now));
        let for_stock = for_stock && !in_line && (need == 0 || !stock_comes);
        let want = if for_stock { self.stock(now).max(need).max(1) } else { need };
        if for_stock {
            (self.needed, self.needed_since) = (0, Some(now));
        }
        let asked_at = self.holding.ask(now);
        let mut reports = core::mem::take(&mut self.unsent);
        merge(&mut reports, self.holding.report(now));
        self.in_flight.retain(|asking| asking.may_be_answered(now));
        self.in_flight.push(InFlight { sent_at: now, for_stock });
        self.asked_at = Some(now);
        let lifetime_ms = if in_line { 0 } else { self.terms.lifetime_ms };
        Asking { need, want, lifetime_ms, reports, sent_at: now, for_stock, asked_at }
    }

    /// The units that the isolate would hold. Units that others lack are held for one round trip alone.
    fn stock(&self, now: Timestamp) -> u64 {
        let stock_ms = if self.scarce { ROUND_TRIP_MS + self.terms.interval_ms } else { self.terms.stock_ms };
        self.needed_in(stock_ms, now).min(self.terms.max_stock)
    }

    /// The units that requests need in so much time, as they did since the last asking for stock.
    fn needed_in(&self, millis: i64, now: Timestamp) -> u64 {
        let since = self.needed_since.filter(|&since| now >= since);
        // A few requests at once say little of what comes.
        let least = ROUND_TRIP_MS.max(self.terms.stock_ms / 10);
        let elapsed = since.map_or(SECOND_MS, |since| now.millis_since(since)).max(least).unsigned_abs();
        self.needed.saturating_mul(millis.unsigned_abs()).div_ceil(elapsed)
    }

    fn counts_in_line(&self, now: Timestamp) -> bool {
        let late = self.in_line_until.is_some_and(|until| (1..=IN_LINE_MS).contains(&until.millis_since(now)));
        late || self.terms.lifetime_ms == 0
    }

    /// Whether the object had too little a moment ago, so that asking again would hardly find more.
    fn asks_too_often(&self, now: Timestamp) -> bool {
        let moment = self.elapsed_ms(now) < self.terms.interval_ms || self.in_flight(now) >= MAX_IN_FLIGHT;
        self.scarce && !self.counts_in_line(now) && moment
    }

    fn elapsed_ms(&self, now: Timestamp) -> i64 {
        // A clock that was set back says nothing of the last asking.
        let asked_at = self.asked_at.filter(|&asked_at| now >= asked_at);
        asked_at.map_or(SECOND_MS, |asked_at| now.millis_since(asked_at))
    }

    /// The number of askings that may still be answered.
    fn in_flight(&self, now: Timestamp) -> usize {
        self.in_flight.iter().filter(|asking| asking.may_be_answered(now)).count()
    }

    fn arrived(&mut self, asking: &Asking) {
        let this = InFlight { sent_at: asking.sent_at, for_stock: asking.for_stock };
        if let Some(place) = self.in_flight.iter().position(|asking| *asking == this) {
            self.in_flight.swap_remove(place);
        }
    }

    fn remember(&mut self, cost: u64, wait_ms: Option<i64>, by: Vec<usize>, now: Timestamp) {
        let until = now.plus_millis(wait_ms.unwrap_or(REMEMBERED_MS).min(REMEMBERED_MS));
        self.refused.retain(|refused| refused.cost != cost && now < refused.until && now >= refused.at);
        if self.refused.len() == MAX_REFUSED {
            self.refused.remove(0);
        }
        let free_at = wait_ms.map(|wait_ms| now.plus_millis(wait_ms));
        self.refused.push(Refused { cost, at: now, free_at, until, by });
    }

    /// The object's recent refusal of such a cost.
    fn refused_for(&self, cost: u64, now: Timestamp) -> Option<&Refused> {
        let mut recent = self.refused.iter().filter(|refused| now < refused.until && now >= refused.at);
        recent.find(|refused| refused.cost == cost)
    }
}

impl InFlight {
    fn may_be_answered(self, now: Timestamp) -> bool {
        (0..=UNANSWERED_AFTER_MS).contains(&now.millis_since(self.sent_at))
    }
}

/// Adds reports to others. Of two about one grant, the later one holds: it has used more, or is closed.
fn merge(reports: &mut Vec<Report>, others: Vec<Report>) {
    for other in others {
        match reports.iter_mut().find(|report| report.number == other.number) {
            Some(report) => {
                report.used = report.used.max(other.used);
                report.closed |= other.closed;
            }
            None => reports.push(other),
        }
    }
}

impl Terms {
    fn of(limits: &[RateLimit]) -> Self {
        let window_ms = limits.iter().map(|limit| limit.window_ms).min().unwrap_or(QUOTA_WINDOW_MS);
        let interval_ms = (window_ms / 400).clamp(INTERVAL_MS.0, INTERVAL_MS.1);
        let lifetime_ms = (window_ms / 10).clamp(MIN_LIFETIME_MS, MAX_LIFETIME_MS);
        let stock_ms = (window_ms / 20).min(lifetime_ms / 2).max(ROUND_TRIP_MS + interval_ms);
        let max_stock = |limit: &RateLimit| {
            // Twice what the limit has in that time, or its hundredth.
            let in_time =
                limit.limit.saturating_mul(2 * stock_ms.unsigned_abs()) / limit.window_ms.unsigned_abs().max(1);
            in_time.max(limit.limit / 100)
        };
        let max_stock = limits.iter().map(max_stock).min().unwrap_or(u64::MAX);
        let small = limits.iter().any(|limit| limit.limit < SMALL_LIMIT) || max_stock < 2;
        Self { interval_ms, stock_ms, max_stock, lifetime_ms: if small { 0 } else { lifetime_ms } }
    }
}

#[cfg(test)]
mod tests;
