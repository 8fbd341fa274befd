//! An isolate's accounts with the limiters: one for each key that was used lately.
//!
//! [`charge`](Accounts::charge) decides without waiting if it can. Otherwise the caller asks the limiter and reports
//! the answer, or that there was none. While a limiter can't be reached, requests are denied or
//! [counted by the isolate alone](super::counted_alone), as each limit is configured.

use alloc::{collections::BTreeMap, vec::Vec};

use super::{
    account::{Account, Asking, Charge},
    counted_alone::CountedAlone,
    definition::{AppliedLimit, LimitDefinition, LimitKind, WhenLimiterUnreachable},
    grant_log::RateLimit,
    limiter::{Granting, Limit},
    state::{Charged, LimitState, refusal},
};
use crate::{
    access::verdict::Refusal,
    base::{
        id::{KeyId, TenantId},
        timestamp::{SECOND_MS, Timestamp},
    },
};

/// The time for which an isolate relies on what a limiter said of a key's limits, milliseconds. No grant lives longer.
pub const HELD_FOR_MS: i64 = 20 * SECOND_MS;
/// The time for which it relies on that when somebody only looks, milliseconds.
const LOOKED_FOR_MS: i64 = SECOND_MS;
/// The maximum number of keys in a generation of accounts. There are two, about 2 MiB.
const MAX_YOUNG: usize = 2_048;
/// The time for which a limiter that gave no answer is not asked again, milliseconds.
const UNREACHABLE_MS: i64 = SECOND_MS;

/// The accounts of one isolate.
#[derive(Debug)]
pub struct Accounts {
    /// Every configured limit with its lowest value, for keys of which nothing is known.
    strictest: Vec<LimitDefinition>,
    /// The keys that were used since the generation began.
    young: BTreeMap<KeyId, KeyAccount>,
    /// The others of the generation before, which are dropped with it.
    old: BTreeMap<KeyId, KeyAccount>,
    counted_alone: CountedAlone,
    /// The tenants whose limiter gave no answer, and the time until which it isn't asked.
    unreachable: Vec<(TenantId, Timestamp)>,
}

/// The account of one key.
#[derive(Debug)]
struct KeyAccount {
    account: Account,
    told: Option<Told>,
    /// The time until which the limiter isn't asked about this key, since it failed to answer.
    failing_until: Option<Timestamp>,
}

/// The limiter's last answer.
#[derive(Debug)]
struct Told {
    states: Vec<LimitState>,
    /// The time at which it was asked.
    at: Timestamp,
}

/// The outcome of a charge.
#[derive(Debug)]
pub enum Outcome {
    /// It is decided. The asking, if there is one, is sent beside the request.
    Decided(Decision, Option<Asking>),
    /// The limiter has to be asked first.
    Ask(Asking),
}

/// The decision on a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It is admitted. These are its limits, and what is left of them.
    Admitted(Vec<LimitState>),
    /// It is over limits.
    Refused(Refusal, Vec<LimitState>),
    /// The isolate counted it alone, since the limiter can't be reached.
    Alone(Result<(), Refusal>, Vec<LimitState>),
    /// Nobody can count it now.
    Unreachable,
}

/// Why an asking has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoAnswer {
    /// The limiter can't be reached.
    Unreachable,
    /// The limiter has answered, but has failed on this key.
    Failed,
}

impl Accounts {
    /// No accounts yet, under these limits at their lowest values.
    #[must_use]
    pub fn new(strictest: Vec<LimitDefinition>) -> Self {
        Self {
            strictest,
            young: BTreeMap::new(),
            old: BTreeMap::new(),
            counted_alone: CountedAlone::default(),
            unreachable: Vec::new(),
        }
    }

    /// Charges a request.
    pub fn charge(&mut self, charged: Charged<'_>, now: Timestamp) -> Outcome {
        let Charged { tenant, key, cost } = charged;
        let unreachable = self.is_unreachable(tenant, now) || self.entry(key).is_failing(now);
        let entry = self.entry(key);
        if !entry.is_fresh(cost, now) {
            if unreachable {
                return Outcome::Decided(self.without_limiter(charged, now), None);
            }
            let asking = entry.account.ask(cost, now);
            return self.ask(charged, asking, now);
        }
        if entry.limits().is_empty() {
            return Outcome::Decided(Decision::Admitted(Vec::new()), None);
        }
        if let Some(never) = never(entry.limits(), cost) {
            return Outcome::Decided(Decision::Refused(never, entry.states(now)), None);
        }
        let (decision, asking) = match entry.account.charge(cost, now) {
            Charge::Ask(asking) if unreachable => {
                entry.account.unanswered(asking);
                return Outcome::Decided(self.without_limiter(charged, now), None);
            }
            Charge::Ask(asking) => return self.ask(charged, asking, now),
            Charge::Admitted(asking) => (Decision::Admitted(entry.states(now)), asking),
            Charge::Refused { wait_ms, by, asking } => {
                (Decision::Refused(refusal(entry.limits(), &by, wait_ms), entry.states(now)), asking)
            }
            Charge::Scarce(asking) => {
                let states = entry.states(now);
                match lacking(&states, cost) {
                    Some(refused) => (Decision::Refused(refused, states), asking),
                    None if unreachable => {
                        asking.into_iter().for_each(|asking| entry.account.unanswered(asking));
                        return Outcome::Decided(self.without_limiter(charged, now), None);
                    }
                    None => {
                        asking.into_iter().for_each(|asking| entry.account.unanswered(asking));
                        let asking = entry.account.ask(cost, now);
                        return self.ask(charged, asking, now);
                    }
                }
            }
        };
        match asking {
            // Its reports are sent later.
            Some(asking) if unreachable => {
                entry.account.unanswered(asking);
                Outcome::Decided(decision, None)
            }
            asking => Outcome::Decided(decision, asking.map(|asking| self.within_alone(charged, asking, now))),
        }
    }

    /// Takes over a limiter's answer to an asking. Returns the decision on the request that asked; `None` if the grant
    /// came too late for it, so that it has to be charged again.
    pub fn answered(
        &mut self,
        charged: Charged<'_>,
        asking: Asking,
        states: Vec<LimitState>,
        granting: Granting,
        now: Timestamp,
    ) -> Option<Decision> {
        self.unreachable.retain(|(tenant, _)| tenant != charged.tenant);
        if let Granting::Granted(grant) = &granting {
            for LimitState { applied, .. } in &states {
                if self.allows_locally(&applied.name) {
                    self.counted_alone.note_granted(applied, charged, grant, now);
                }
            }
        }
        let entry = self.entry(charged.key);
        entry.failing_until = None;
        entry.be_told(&states, asking.sent_at);
        match granting {
            Granting::Granted(grant) => {
                entry.account.granted(asking, grant, now).then(|| Decision::Admitted(entry.states(now)))
            }
            Granting::Nothing { millis, by } => {
                entry.account.nothing(&asking, millis, by, now);
                Some(Decision::Admitted(entry.states(now)))
            }
            Granting::Wait { millis, by } => match entry.account.refused(&asking, millis, by.clone(), now) {
                None => Some(Decision::Admitted(entry.states(now))),
                wait_ms => Some(Decision::Refused(refusal(&states, &by, wait_ms), entry.states(now))),
            },
            Granting::Never { by } => {
                entry.account.never(&asking, by.clone(), now);
                Some(Decision::Refused(refusal(&states, &by, None), entry.states(now)))
            }
        }
    }

    /// Notes that an asking has no answer, and decides on the request that asked.
    pub fn unanswered(&mut self, charged: Charged<'_>, asking: Asking, why: NoAnswer, now: Timestamp) -> Decision {
        let until = now.plus_millis(UNREACHABLE_MS);
        if why == NoAnswer::Unreachable {
            self.unreachable.retain(|(tenant, until)| tenant != charged.tenant && now < *until);
            self.unreachable.push((charged.tenant.clone(), until));
        }
        let entry = self.entry(charged.key);
        entry.failing_until = Some(until);
        entry.account.unanswered(asking);
        self.without_limiter(charged, now)
    }

    /// The asking that gives back what is left of grants that have ended, if there is something to give back.
    pub fn give_back(&mut self, key: &KeyId, now: Timestamp) -> Option<Asking> {
        let entry = self.young.get_mut(key).or_else(|| self.old.get_mut(key))?;
        entry.account.ended(now)
    }

    /// Whether a limiter was told something of this key's grants and gave no answer.
    #[must_use]
    pub fn owes(&self, key: &KeyId) -> bool {
        let entry = self.young.get(key).or_else(|| self.old.get(key));
        entry.is_some_and(|entry| entry.account.owes())
    }

    fn is_unreachable(&self, tenant: &TenantId, now: Timestamp) -> bool {
        self.unreachable.iter().any(|(of, until)| of == tenant && is_soon(*until, now))
    }

    /// The account of a key. If there are too many, those that were not used lately are dropped, but for a part of those
    /// that hold something to give back.
    fn entry(&mut self, key: &KeyId) -> &mut KeyAccount {
        if self.young.len() >= MAX_YOUNG && !self.young.contains_key(key) {
            let dropped = core::mem::replace(&mut self.old, core::mem::take(&mut self.young));
            let holds = |(_, entry): &(KeyId, KeyAccount)| entry.account.holds();
            self.young.extend(dropped.into_iter().filter(holds).take(MAX_YOUNG / 2));
        }
        let old = &mut self.old;
        self.young.entry(key.clone()).or_insert_with(|| old.remove(key).unwrap_or_else(KeyAccount::new))
    }

    /// Asks the limiter, unless what the isolate counted alone before leaves nothing.
    fn ask(&mut self, charged: Charged<'_>, asking: Asking, now: Timestamp) -> Outcome {
        if self.left_alone(charged, now).is_some_and(|left| left < charged.cost) {
            self.entry(charged.key).account.unanswered(asking);
            return Outcome::Decided(self.without_limiter(charged, now), None);
        }
        Outcome::Ask(self.within_alone(charged, asking, now))
    }

    /// The asking for no more than what the isolate counted alone before leaves.
    fn within_alone(&mut self, charged: Charged<'_>, mut asking: Asking, now: Timestamp) -> Asking {
        if let Some(left) = self.left_alone(charged, now) {
            asking.want = asking.want.min(left.max(asking.need));
        }
        asking
    }

    fn left_alone(&mut self, charged: Charged<'_>, now: Timestamp) -> Option<u64> {
        let limits = self.limits_of(charged.key);
        limits.iter().filter_map(|limit| self.counted_alone.left(limit, charged, now)).min()
    }

    /// Decides on a request without the limiter. Who only looks is told what was known before.
    fn without_limiter(&mut self, charged: Charged<'_>, now: Timestamp) -> Decision {
        let entry = self.entry(charged.key);
        if charged.cost == 0 && entry.told.is_some() {
            return Decision::Admitted(entry.states(now));
        }
        let limits = self.limits_of(charged.key);
        if !limits.iter().all(|limit| self.allows_locally(&limit.name)) {
            return Decision::Unreachable;
        }
        let (outcome, states) = self.counted_alone.count(limits, charged, now);
        Decision::Alone(outcome, states)
    }

    /// The limits of a key. If nothing is known of it, or not that it has any, every configured limit is assumed.
    fn limits_of(&mut self, key: &KeyId) -> Vec<AppliedLimit> {
        let known: Vec<_> = self.entry(key).limits().iter().map(|state| state.applied.clone()).collect();
        if known.is_empty() { self.strictest.iter().map(applied).collect() } else { known }
    }

    fn allows_locally(&self, name: &str) -> bool {
        let configured = self.strictest.iter().find(|configured| configured.name == name);
        configured.is_some_and(|configured| {
            matches!(configured.kind, LimitKind::Rate(_))
                && configured.when_unreachable == WhenLimiterUnreachable::AllowLocally
        })
    }
}

impl KeyAccount {
    fn new() -> Self {
        Self { account: Account::unknown(), told: None, failing_until: None }
    }

    /// The limits, as the limiter last said.
    fn limits(&self) -> &[LimitState] {
        self.told.as_ref().map_or(&[], |told| &told.states)
    }

    fn is_failing(&self, now: Timestamp) -> bool {
        self.failing_until.is_some_and(|until| is_soon(until, now))
    }

    /// Whether what the limiter said of the limits may be relied on. Who only looks wants to know what is left now.
    fn is_fresh(&self, cost: u64, now: Timestamp) -> bool {
        self.told.as_ref().is_some_and(|Told { states, at }| {
            let held_for_ms = if cost == 0 && !states.is_empty() { LOOKED_FOR_MS } else { HELD_FOR_MS };
            (0..held_for_ms).contains(&now.millis_since(*at))
        })
    }

    /// The limits, with what is left of them as far as the isolate knows.
    fn states(&mut self, now: Timestamp) -> Vec<LimitState> {
        let held = self.account.left(now);
        let Some(Told { states, at }) = &self.told else { return Vec::new() };
        let elapsed_ms = now.millis_since(*at).max(0);
        let state = |state: &LimitState| LimitState {
            remaining: state.remaining.saturating_add(held).min(state.applied.limit.max(state.remaining)),
            more_in_ms: (state.more_in_ms - elapsed_ms).max(0),
            applied: state.applied.clone(),
        };
        states.iter().map(state).collect()
    }

    /// Takes over what the limiter said when it was asked at this time, unless it said something later.
    fn be_told(&mut self, states: &[LimitState], at: Timestamp) {
        if self.told.as_ref().is_some_and(|told| (1..=HELD_FOR_MS).contains(&told.at.millis_since(at))) {
            return;
        }
        let same = self.limits().iter().map(|state| &state.applied).eq(states.iter().map(|state| &state.applied));
        if self.told.is_none() || !same {
            self.account.renew(&rates(states), !states.is_empty());
        }
        self.told = Some(Told { states: states.to_vec(), at });
    }
}

/// Whether a time is in the near future. A clock that was set back must not keep a limiter from being asked.
fn is_soon(until: Timestamp, now: Timestamp) -> bool {
    (1..=UNREACHABLE_MS).contains(&until.millis_since(now))
}

fn rates(states: &[LimitState]) -> Vec<RateLimit> {
    let rate = |state: &LimitState| match state.applied.limit() {
        Limit::Rate(rate) => Some(rate),
        Limit::Quota(_) => None,
    };
    states.iter().filter_map(rate).collect()
}

/// The refusal of a cost that is above a rate limit, so that asking is of no use. (Units may have been added to a quota.)
fn never(states: &[LimitState], cost: u64) -> Option<Refusal> {
    let over = |state: &LimitState| matches!(state.applied.kind, LimitKind::Rate(_)) && cost > state.applied.limit;
    let by = places(states, over);
    (!by.is_empty()).then(|| refusal(states, &by, None))
}

/// The refusal of a cost that isn't left, as far as the isolate knows.
fn lacking(states: &[LimitState], cost: u64) -> Option<Refusal> {
    let by = places(states, |state| state.remaining < cost);
    let wait_ms = by.iter().filter_map(|&place| states.get(place)).map(|state| state.more_in_ms.max(1)).max()?;
    Some(refusal(states, &by, Some(wait_ms)))
}

fn places(states: &[LimitState], of: impl Fn(&LimitState) -> bool) -> Vec<usize> {
    states.iter().enumerate().filter(|(_, state)| of(state)).map(|(place, _)| place).collect()
}

fn applied(definition: &LimitDefinition) -> AppliedLimit {
    let LimitDefinition { name, kind, limit, per, .. } = definition;
    AppliedLimit { name: name.clone(), kind: *kind, per: *per, limit: *limit }
}

#[cfg(test)]
mod tests;
