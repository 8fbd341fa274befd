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

/// What the limiter last said.
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

/// What was decided on a request.
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
            // What it reports is sent later.
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
mod tests {
    use super::*;
    use crate::limits::{
        definition::{Per, tests::limits},
        grant::Grant,
    };
    use alloc::{format, vec};
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(1_750_000_000_000 + millis)
    }

    /// The limits with their lowest values: 5 a second, and a quota unless `rates_alone`.
    fn strictest(when_unreachable: WhenLimiterUnreachable, rates_alone: bool) -> Vec<LimitDefinition> {
        let strictest = limits().strictest().into_iter();
        let strictest = strictest.map(|limit| LimitDefinition { when_unreachable, ..limit });
        strictest.filter(|limit| !rates_alone || matches!(limit.kind, LimitKind::Rate(_))).collect()
    }

    fn per_second(limit: u64, remaining: u64) -> LimitState {
        let applied = AppliedLimit { name: "per-second".into(), kind: LimitKind::Rate(1), per: Per::Key, limit };
        LimitState { applied, remaining, more_in_ms: 1_000 }
    }

    struct Rig {
        accounts: Accounts,
        tenant: TenantId,
        key: KeyId,
    }

    impl Rig {
        fn new(strictest: Vec<LimitDefinition>) -> Self {
            let key = KeyId::parse("key_4bTzV9cXk07Hq2mN1pRs").unwrap();
            Self { accounts: Accounts::new(strictest), tenant: TenantId::parse("acme").unwrap(), key }
        }

        fn charge(&mut self, cost: u64, now: Timestamp) -> Outcome {
            self.accounts.charge(Charged { tenant: &self.tenant, key: &self.key, cost }, now)
        }

        fn ask(&mut self, cost: u64, now: Timestamp) -> Asking {
            match self.charge(cost, now) {
                Outcome::Ask(asking) => asking,
                Outcome::Decided(decision, _) => panic!("the limiter is asked, not {decision:?}"),
            }
        }

        fn decided(&mut self, cost: u64, now: Timestamp) -> Decision {
            match self.charge(cost, now) {
                Outcome::Decided(decision, _) => decision,
                Outcome::Ask(_) => panic!("this is decided without the limiter"),
            }
        }

        fn answer(
            &mut self,
            asking: Asking,
            states: Vec<LimitState>,
            granting: Granting,
            now: Timestamp,
        ) -> Option<Decision> {
            let charged = Charged { tenant: &self.tenant, key: &self.key, cost: asking.need };
            self.accounts.answered(charged, asking, states, granting, now)
        }

        fn unanswered(&mut self, asking: Asking, now: Timestamp) -> Decision {
            let charged = Charged { tenant: &self.tenant, key: &self.key, cost: asking.need };
            self.accounts.unanswered(charged, asking, NoAnswer::Unreachable, now)
        }
    }

    fn granted(units: u64, lifetime_ms: i64) -> Granting {
        Granting::Granted(Grant { number: 0, units, lifetime_ms, scarce: false })
    }

    #[test]
    fn a_key_without_limits_is_asked_about_again_when_what_was_said_is_old() {
        let mut rig = Rig::new(strictest(WhenLimiterUnreachable::Deny, false));
        let asking = rig.ask(1, at(0));
        assert_eq!((asking.need, asking.want, asking.lifetime_ms), (1, 1, 0));
        let free = rig.answer(asking, Vec::new(), Granting::Nothing { millis: 0, by: Vec::new() }, at(5));
        assert_eq!(free, Some(Decision::Admitted(Vec::new())));
        assert_eq!(rig.decided(1, at(HELD_FOR_MS - 1)), Decision::Admitted(Vec::new()));
        rig.ask(1, at(HELD_FOR_MS));
    }

    #[test]
    fn what_is_left_is_told_with_the_units_that_are_held() {
        let mut rig = Rig::new(strictest(WhenLimiterUnreachable::Deny, false));
        let asking = rig.ask(1, at(0));
        rig.answer(asking, vec![per_second(100, 99)], granted(1, 0), at(5)).unwrap();
        let asking = rig.ask(1, at(10));
        let decision = rig.answer(asking, vec![per_second(100, 89)], granted(10, 1_000), at(15));
        let more_in = |left, more_in_ms| LimitState { more_in_ms, ..per_second(100, left) };
        assert_eq!(decision, Some(Decision::Admitted(vec![more_in(98, 995)])));
        assert_eq!(rig.decided(1, at(25)), Decision::Admitted(vec![more_in(97, 985)]));
    }

    #[test]
    fn a_refusal_names_the_limit_and_the_time() {
        let mut rig = Rig::new(strictest(WhenLimiterUnreachable::Deny, false));
        let asking = rig.ask(1, at(0));
        let refused = rig.answer(asking, vec![per_second(5, 0)], Granting::Wait { millis: 700, by: vec![0] }, at(0));
        let Some(Decision::Refused(refusal, _)) = refused else { panic!("{refused:?}") };
        assert_eq!((refusal.code().as_str(), refusal.retry_after_ms()), ("RATE_LIMITED", Some(700)));
        let Decision::Refused(again, _) = rig.decided(1, at(300)) else { panic!("it is remembered") };
        assert_eq!(again.retry_after_ms(), Some(400));
        let Decision::Refused(never, _) = rig.decided(6, at(300)) else { panic!("6 are never free of 5") };
        assert_eq!(never.retry_after_ms(), None);
    }

    #[test]
    fn who_only_looks_is_told_what_is_left_now() {
        let mut rig = Rig::new(strictest(WhenLimiterUnreachable::Deny, false));
        let asking = rig.ask(1, at(0));
        rig.answer(asking, vec![per_second(100, 99)], granted(1, 0), at(0)).unwrap();
        assert!(matches!(rig.decided(0, at(999)), Decision::Admitted(_)));
        assert_eq!(rig.ask(0, at(1_000)).want, 0, "and takes nothing");
    }

    #[test]
    fn without_the_limiter_requests_are_denied_unless_every_limit_allows_them() {
        for (when, rates_alone) in [(WhenLimiterUnreachable::Deny, true), (WhenLimiterUnreachable::AllowLocally, false)]
        {
            let mut rig = Rig::new(strictest(when, rates_alone));
            let asking = rig.ask(1, at(0));
            assert_eq!(rig.unanswered(asking, at(100)), Decision::Unreachable, "a quota always denies");
            assert_eq!(rig.decided(1, at(1_099)), Decision::Unreachable);
            rig.ask(1, at(1_100));
        }
    }

    #[test]
    fn an_isolate_that_counts_alone_admits_no_more_than_the_limit_what_it_was_granted_included() {
        let mut rig = Rig::new(strictest(WhenLimiterUnreachable::AllowLocally, true));
        let asking = rig.ask(1, at(0));
        rig.answer(asking, vec![per_second(100, 99)], granted(98, 0), at(0)).unwrap();
        let asking = rig.ask(1, at(10));
        let first = rig.unanswered(asking, at(20));
        assert!(matches!(first, Decision::Alone(Ok(()), _)), "{first:?}");
        assert!(matches!(rig.decided(1, at(30)), Decision::Alone(Ok(()), _)));
        let Decision::Alone(Err(refusal), _) = rig.decided(1, at(40)) else { panic!("98 and 2 are 100") };
        assert_eq!(refusal.retry_after_ms(), Some(960));
        assert!(matches!(rig.decided(1, at(1_000)), Decision::Alone(Ok(()), _)));
    }

    #[test]
    fn of_an_unknown_key_the_lowest_values_are_assumed() {
        let mut rig = Rig::new(strictest(WhenLimiterUnreachable::AllowLocally, true));
        let asking = rig.ask(1, at(0));
        assert!(matches!(rig.unanswered(asking, at(0)), Decision::Alone(Ok(()), _)));
        for request in 1..5 {
            assert!(matches!(rig.decided(1, at(request)), Decision::Alone(Ok(()), _)));
        }
        assert!(matches!(rig.decided(1, at(6)), Decision::Alone(Err(_), _)), "5 a second is the lowest");
    }

    #[test]
    fn after_an_outage_what_was_counted_alone_is_within_the_limit_too() {
        let mut rig = Rig::new(strictest(WhenLimiterUnreachable::AllowLocally, true));
        let asking = rig.ask(1, at(0));
        rig.answer(asking, vec![per_second(100, 99)], granted(1, 0), at(0)).unwrap();
        let asking = rig.ask(1, at(10));
        rig.unanswered(asking, at(20));
        for request in 1..60 {
            assert!(matches!(rig.decided(1, at(20 + request)), Decision::Alone(Ok(()), _)));
        }
        // The limiter is back, and knows nothing of the 60.
        let late = at(20 + UNREACHABLE_MS - 10);
        let asking = rig.ask(10, at(20 + UNREACHABLE_MS));
        assert!(asking.want <= 60, "{}", asking.want);
        rig.answer(asking, vec![per_second(100, 90)], granted(10, 0), at(20 + UNREACHABLE_MS)).unwrap();
        assert!(late < at(20 + UNREACHABLE_MS));
        let Outcome::Decided(Decision::Alone(Err(refusal), _), _) = rig.charge(60, at(1_030)) else {
            panic!("about 50 count alone, and 10 were granted")
        };
        assert_eq!(refusal.code().as_str(), "RATE_LIMITED");
    }

    #[test]
    fn a_limiter_that_fails_on_one_key_is_asked_about_others() {
        let mut rig = Rig::new(strictest(WhenLimiterUnreachable::Deny, true));
        let asking = rig.ask(1, at(0));
        let charged = Charged { tenant: &rig.tenant.clone(), key: &rig.key.clone(), cost: 1 };
        assert_eq!(rig.accounts.unanswered(charged, asking, NoAnswer::Failed, at(0)), Decision::Unreachable);
        assert_eq!(rig.decided(1, at(10)), Decision::Unreachable);
        rig.key = KeyId::parse("key_00000000000000000000").unwrap();
        rig.ask(1, at(10));
    }

    #[test]
    fn what_others_leave_free_is_not_refused_since_the_isolate_asked_a_moment_ago() {
        let hour = |remaining| {
            let applied =
                AppliedLimit { name: "per-hour".into(), kind: LimitKind::Rate(3_600), per: Per::Key, limit: 1_000 };
            vec![LimitState { applied, remaining, more_in_ms: 3_000_000 }]
        };
        let mut rig = Rig::new(strictest(WhenLimiterUnreachable::Deny, true));
        let asking = rig.ask(1, at(0));
        rig.answer(asking, hour(3), granted(1, 0), at(0)).unwrap();
        let asking = rig.ask(5, at(10));
        rig.answer(asking, hour(3), Granting::Wait { millis: 3_599_000, by: vec![0] }, at(10));
        let asking = rig.ask(1, at(20));
        let last = Granting::Granted(Grant { number: 1, units: 3, lifetime_ms: 1_000, scarce: true });
        rig.answer(asking, hour(0), last, at(20)).unwrap();
        let Decision::Refused(refusal, _) = rig.decided(3, at(30)) else { panic!("two are left") };
        assert_eq!(refusal.retry_after_ms(), Some(2_999_990));
    }

    #[test]
    fn an_older_answer_doesn_t_take_the_place_of_a_newer_one() {
        let mut rig = Rig::new(strictest(WhenLimiterUnreachable::Deny, true));
        let (older, newer) = (rig.ask(1, at(0)), rig.ask(1, at(10)));
        rig.answer(newer, vec![per_second(50, 49)], granted(1, 0), at(20));
        rig.answer(older, vec![per_second(100, 99)], granted(1, 0), at(30));
        let Outcome::Ask(asking) = rig.charge(60, at(40)) else {
            let Decision::Refused(refusal, _) = rig.decided(60, at(40)) else { panic!("60 are above 50") };
            return assert_eq!(refusal.retry_after_ms(), None);
        };
        panic!("asked for {}", asking.need);
    }

    #[test]
    fn an_isolate_keeps_a_bounded_number_of_accounts() {
        let mut rig = Rig::new(strictest(WhenLimiterUnreachable::AllowLocally, true));
        for number in 0..20_000_i64 {
            rig.key = KeyId::parse(&format!("key_{number:020}")).unwrap();
            let asking = rig.ask(1, at(number));
            rig.answer(asking, vec![per_second(100, 9)], granted(1, 1_000), at(number));
            assert!(rig.accounts.young.len() <= MAX_YOUNG && rig.accounts.old.len() <= MAX_YOUNG);
        }
        assert!(rig.accounts.young.contains_key(&rig.key), "the latest stays");
        assert!(rig.accounts.counted_alone.len() < 4_000, "{}", rig.accounts.counted_alone.len());
    }
}
