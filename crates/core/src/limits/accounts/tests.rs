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
    for (when, rates_alone) in [(WhenLimiterUnreachable::Deny, true), (WhenLimiterUnreachable::AllowLocally, false)] {
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
