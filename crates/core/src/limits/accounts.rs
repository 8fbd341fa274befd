//! An isolate's accounts with the limiters: one for each key that was used lately.
//!
//! [`charge`](Accounts::charge) decides without waiting if it can. Otherwise the caller asks the limiter and reports
//! the answer, or that there was none. While a limiter can't be reached, requests are denied or counted by the isolate
//! alone, as each limit is configured.

use alloc::{
    collections::BTreeMap,
    string::{String, ToString},
    vec::Vec,
};

use super::{
    account::{Account, Asking, Charge},
    definition::{AppliedLimit, LimitDefinition, LimitKind, WhenLimiterUnreachable},
    grant::Grant,
    grant_log::{Admission, GrantLog, RateLimit},
    limiter::{Granting, Left, Limit},
    state::{LimitState, refusal},
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
/// The maximum number of keys in a generation of accounts. There are two, about 2 MiB.
const MAX_YOUNG: usize = 2_048;
/// The maximum number of logs of what an isolate was granted, apart from what was added since the last sweep.
const MAX_ALONE: usize = 2_048;
/// The time for which a limiter that gave no answer is not asked again, milliseconds.
const UNREACHABLE_MS: i64 = SECOND_MS;
/// The grants after which the counts of the isolate are swept.
const SWEPT_AFTER: u32 = 256;

/// The accounts of one isolate.
#[derive(Debug)]
pub struct Accounts {
    /// Every configured limit with its lowest value, for keys of which nothing is known.
    strictest: Vec<LimitDefinition>,
    /// The keys that were used since the generation began.
    young: BTreeMap<KeyId, KeyAccount>,
    /// The others of the generation before, which are dropped with it.
    old: BTreeMap<KeyId, KeyAccount>,
    /// The units that this isolate was granted, and those that it counted alone, by the name of the count. Only limits
    /// that may be counted so are here, ordered by that name.
    alone: Vec<(String, GrantLog)>,
    /// The grants that were noted there, until it is swept.
    noted: u32,
    /// The tenants whose limiter gave no answer, and the time until which it isn't asked.
    unreachable: Vec<(TenantId, Timestamp)>,
}

/// The account of one key.
#[derive(Debug)]
struct KeyAccount {
    account: Account,
    /// What the limiter last said, and when.
    told: Option<(Vec<LimitState>, Timestamp)>,
    /// The limits that refused the last refused request, by their places.
    refused_by: Vec<usize>,
}

/// The key that a request is charged to.
#[derive(Clone, Copy, Debug)]
pub struct Charged<'a> {
    /// Its tenant.
    pub tenant: &'a TenantId,
    /// The key.
    pub key: &'a KeyId,
    /// The units.
    pub cost: u64,
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

impl Accounts {
    /// No accounts yet, under these limits at their lowest values.
    #[must_use]
    pub const fn new(strictest: Vec<LimitDefinition>) -> Self {
        Self {
            strictest,
            young: BTreeMap::new(),
            old: BTreeMap::new(),
            alone: Vec::new(),
            noted: 0,
            unreachable: Vec::new(),
        }
    }

    /// Charges a request.
    pub fn charge(&mut self, charged: Charged<'_>, now: Timestamp) -> Outcome {
        let Charged { tenant, key, cost } = charged;
        let unreachable = self.is_unreachable(tenant, now);
        let entry = self.entry(key);
        if !entry.is_fresh(cost, now) {
            if unreachable {
                return Outcome::Decided(self.alone(charged, now), None);
            }
            return Outcome::Ask(entry.account.ask(cost, now));
        }
        if entry.told().is_empty() {
            return Outcome::Decided(Decision::Admitted(Vec::new()), None);
        }
        if let Some(never) = never(entry.told(), cost) {
            return Outcome::Decided(Decision::Refused(never, entry.states(now)), None);
        }
        let (decision, asking) = match entry.account.charge(cost, now) {
            Charge::Ask(asking) if unreachable => {
                entry.account.unanswered(asking);
                return Outcome::Decided(self.alone(charged, now), None);
            }
            Charge::Ask(asking) => return Outcome::Ask(asking),
            Charge::Admitted(asking) => (Decision::Admitted(entry.states(now)), asking),
            Charge::Refused(wait_ms, asking) => {
                let refused = refusal(entry.told(), &entry.refused_by(), Some(wait_ms));
                (Decision::Refused(refused, entry.states(now)), asking)
            }
        };
        match asking {
            // What it reports is sent later.
            Some(asking) if unreachable => {
                entry.account.unanswered(asking);
                Outcome::Decided(decision, None)
            }
            asking => Outcome::Decided(decision, asking),
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
            self.note_granted(charged, &states, grant, now);
        }
        let entry = self.entry(charged.key);
        entry.be_told(states.clone(), now);
        match granting {
            Granting::Granted(grant) => {
                entry.account.granted(asking, grant, now).then(|| Decision::Admitted(entry.states(now)))
            }
            Granting::Nothing { millis } => {
                entry.account.nothing(millis, now);
                Some(Decision::Admitted(entry.states(now)))
            }
            Granting::Wait { millis, by } => {
                let Some(wait_ms) = entry.account.refused(&asking, millis, now) else {
                    return Some(Decision::Admitted(entry.states(now)));
                };
                let refused = refusal(&states, &by, Some(wait_ms));
                entry.refused_by = by;
                Some(Decision::Refused(refused, entry.states(now)))
            }
            Granting::Never { by } => {
                entry.account.never(&asking);
                Some(Decision::Refused(refusal(&states, &by, None), entry.states(now)))
            }
        }
    }

    /// Notes that an asking has no answer, and decides on the request that asked.
    pub fn unanswered(&mut self, charged: Charged<'_>, asking: Asking, now: Timestamp) -> Decision {
        self.unreachable.retain(|(tenant, until)| tenant != charged.tenant && now < *until);
        self.unreachable.push((charged.tenant.clone(), now.plus_millis(UNREACHABLE_MS)));
        self.entry(charged.key).account.unanswered(asking);
        self.alone(charged, now)
    }

    /// The asking that gives back what is left of grants that have ended, if there is something to give back.
    pub fn give_back(&mut self, key: &KeyId, now: Timestamp) -> Option<Asking> {
        let account = self.young.get_mut(key).or_else(|| self.old.get_mut(key))?;
        account.account.ended(now)
    }

    fn is_unreachable(&self, tenant: &TenantId, now: Timestamp) -> bool {
        let mut unreachable = self.unreachable.iter().filter(|(of, _)| of == tenant);
        // A clock that was set back must not keep a limiter from being asked.
        unreachable.any(|(_, until)| (1..=UNREACHABLE_MS).contains(&until.millis_since(now)))
    }

    fn entry(&mut self, key: &KeyId) -> &mut KeyAccount {
        if self.young.len() >= MAX_YOUNG && !self.young.contains_key(key) {
            self.old = core::mem::take(&mut self.young);
        }
        let old = &mut self.old;
        self.young.entry(key.clone()).or_insert_with(|| old.remove(key).unwrap_or_else(KeyAccount::new))
    }

    /// Decides on a request without the limiter. Of a key whose limits aren't known, every configured limit is assumed.
    fn alone(&mut self, charged: Charged<'_>, now: Timestamp) -> Decision {
        self.sweep(now);
        let told = self.entry(charged.key).told();
        let limits: Vec<AppliedLimit> = match told {
            [] => self.strictest.iter().map(applied).collect(),
            told => told.iter().map(|state| state.applied.clone()).collect(),
        };
        if !limits.iter().all(|limit| self.allows_locally(&limit.name)) {
            return Decision::Unreachable;
        }
        let (mut lacking, mut wait_ms) = (Vec::new(), Some(0));
        let mut states: Vec<LimitState> = Vec::new();
        for limit in limits {
            if let Some((log, rate)) = self.log(&limit, charged) {
                let left = match log.admits(rate, 0, now) {
                    Admission::Free(free) => free,
                    Admission::Wait(_) | Admission::Never => 0,
                };
                match log.admits(rate, charged.cost, now) {
                    Admission::Free(_) => {}
                    Admission::Wait(millis) => {
                        lacking.push(states.len());
                        wait_ms = wait_ms.map(|wait| millis.max(wait));
                    }
                    Admission::Never => {
                        lacking.push(states.len());
                        wait_ms = None;
                    }
                }
                let left = Left { remaining: left, more_in_ms: log.more_in_ms(rate, now) };
                states.push(LimitState::new(limit, left));
            }
        }
        if !lacking.is_empty() {
            return Decision::Alone(Err(refusal(&states, &lacking, wait_ms)), states);
        }
        for state in &mut states {
            state.remaining = state.remaining.saturating_sub(charged.cost);
            if let Some((log, rate)) = self.log(&state.applied, charged) {
                log.count(rate, charged.cost, now);
            }
        }
        Decision::Alone(Ok(()), states)
    }

    /// Notes what the limiter granted to this isolate, so that it admits no more than the limit if it has to count
    /// alone.
    fn note_granted(&mut self, charged: Charged<'_>, states: &[LimitState], grant: &Grant, now: Timestamp) {
        self.noted += 1;
        if self.noted >= SWEPT_AFTER {
            self.noted = 0;
            self.sweep(now);
        }
        let Grant { number, units, lifetime_ms, .. } = *grant;
        for LimitState { applied, .. } in states {
            if self.allows_locally(&applied.name)
                && let Some((log, rate)) = self.log(applied, charged)
            {
                match lifetime_ms {
                    0 => log.count(rate, units, now),
                    lifetime_ms => log.grant(rate, number, units, lifetime_ms, now),
                }
            }
        }
    }

    /// The log of what the isolate was granted under a limit, or counted alone.
    fn log(&mut self, limit: &AppliedLimit, charged: Charged<'_>) -> Option<(&mut GrantLog, RateLimit)> {
        let Limit::Rate(rate) = limit.limit() else { return None };
        let name = local_name(limit, charged);
        let place = match self.alone.binary_search_by(|(of, _)| of.cmp(&name)) {
            Ok(place) => place,
            Err(place) => {
                self.alone.insert(place, (name, GrantLog::default()));
                place
            }
        };
        self.alone.get_mut(place).map(|(_, log)| (log, rate))
    }

    /// Forgets the logs in which nothing counts any more, and if there are still too many, those that end first.
    fn sweep(&mut self, now: Timestamp) {
        self.alone.retain(|(_, log)| !log.is_over(now));
        while self.alone.len() > MAX_ALONE {
            let ends = self.alone.iter().map(|(_, log)| log.over_at()).enumerate();
            if let Some((place, _)) = ends.min_by_key(|&(_, over_at)| over_at) {
                self.alone.remove(place);
            }
        }
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
        Self { account: Account::unknown(), told: None, refused_by: Vec::new() }
    }

    /// The limits, as the limiter last said.
    fn told(&self) -> &[LimitState] {
        self.told.as_ref().map_or(&[], |(states, _)| states)
    }

    /// Whether what the limiter said of the limits may be relied on. Who only looks wants to know what is left now.
    fn is_fresh(&self, cost: u64, now: Timestamp) -> bool {
        self.told.as_ref().is_some_and(|(states, at)| {
            let looks = cost == 0 && !states.is_empty();
            !looks && (0..HELD_FOR_MS).contains(&now.millis_since(*at))
        })
    }

    /// The limits that refuse a request: those that refused the last one, or else the rate limits, which others use up.
    fn refused_by(&self) -> Vec<usize> {
        if self.refused_by.is_empty() {
            let rates =
                self.told().iter().enumerate().filter(|(_, state)| matches!(state.applied.kind, LimitKind::Rate(_)));
            return rates.map(|(place, _)| place).collect();
        }
        self.refused_by.clone()
    }

    /// The limits, with what is left of them as far as the isolate knows.
    fn states(&mut self, now: Timestamp) -> Vec<LimitState> {
        let held = self.account.left(now);
        let Some((states, at)) = &self.told else { return Vec::new() };
        let elapsed_ms = now.millis_since(*at).max(0);
        let state = |state: &LimitState| LimitState {
            remaining: state.remaining.saturating_add(held).min(state.applied.limit.max(state.remaining)),
            more_in_ms: (state.more_in_ms - elapsed_ms).max(0),
            applied: state.applied.clone(),
        };
        states.iter().map(state).collect()
    }

    fn be_told(&mut self, states: Vec<LimitState>, now: Timestamp) {
        let limits = |states: &[LimitState]| states.iter().map(|state| state.applied.clone()).collect::<Vec<_>>();
        if self.told.as_ref().is_none_or(|(told, _)| limits(told) != limits(&states)) {
            self.account.renew(&rates(&states), !states.is_empty());
            self.refused_by = Vec::new();
        }
        self.told = Some((states, now));
    }
}

fn rates(states: &[LimitState]) -> Vec<RateLimit> {
    let rate = |state: &LimitState| match state.applied.limit() {
        Limit::Rate(rate) => Some(rate),
        Limit::Quota(_) => None,
    };
    states.iter().filter_map(rate).collect()
}

/// Whether a cost is above a rate limit, so that asking is of no use. (Units may have been added to a quota.)
fn never(states: &[LimitState], cost: u64) -> Option<Refusal> {
    let over = |state: &LimitState| matches!(state.applied.kind, LimitKind::Rate(_)) && cost > state.applied.limit;
    let by: Vec<usize> = states.iter().enumerate().filter(|(_, state)| over(state)).map(|(place, _)| place).collect();
    (!by.is_empty()).then(|| refusal(states, &by, None))
}

fn applied(definition: &LimitDefinition) -> AppliedLimit {
    let LimitDefinition { name, kind, limit, per, .. } = definition;
    AppliedLimit { name: name.clone(), kind: *kind, per: *per, limit: *limit }
}

/// The name of a limit's count in the isolate, which counts for all tenants in one place.
fn local_name(limit: &AppliedLimit, charged: Charged<'_>) -> String {
    let mut name = charged.tenant.to_string();
    name.push('/');
    name.push_str(&limit.count_name(charged.key));
    name
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
            self.accounts.unanswered(charged, asking, now)
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
        let free = rig.answer(asking, Vec::new(), Granting::Nothing { millis: 0 }, at(5));
        assert_eq!(free, Some(Decision::Admitted(Vec::new())));
        assert_eq!(rig.decided(1, at(4 + HELD_FOR_MS)), Decision::Admitted(Vec::new()));
        rig.ask(1, at(5 + HELD_FOR_MS));
    }

    #[test]
    fn what_is_left_is_told_with_the_units_that_are_held() {
        let mut rig = Rig::new(strictest(WhenLimiterUnreachable::Deny, false));
        let asking = rig.ask(1, at(0));
        rig.answer(asking, vec![per_second(100, 99)], granted(1, 0), at(5)).unwrap();
        let asking = rig.ask(1, at(10));
        let decision = rig.answer(asking, vec![per_second(100, 89)], granted(10, 1_000), at(15));
        assert_eq!(decision, Some(Decision::Admitted(vec![per_second(100, 98)])));
        let left = LimitState { more_in_ms: 990, ..per_second(100, 97) };
        assert_eq!(rig.decided(1, at(25)), Decision::Admitted(vec![left]));
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
        rig.ask(0, at(1));
        rig.ask(0, at(1));
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
    fn an_isolate_keeps_a_bounded_number_of_accounts() {
        let mut rig = Rig::new(strictest(WhenLimiterUnreachable::AllowLocally, true));
        for number in 0..20_000_i64 {
            rig.key = KeyId::parse(&format!("key_{number:020}")).unwrap();
            let asking = rig.ask(1, at(number));
            rig.answer(asking, vec![per_second(100, 9)], granted(1, 1_000), at(number));
            assert!(rig.accounts.young.len() <= MAX_YOUNG && rig.accounts.old.len() <= MAX_YOUNG);
        }
        assert!(rig.accounts.young.contains_key(&rig.key), "the latest stays");
        assert!(rig.accounts.alone.len() < 4_000, "{}", rig.accounts.alone.len());
    }
}
