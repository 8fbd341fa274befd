use super::*;
use alloc::vec;
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
    assert!(account.granted(asking, Grant { number: 0, units: units + 1, lifetime_ms: 1_000, scarce: false }, at(0)));
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
    assert_eq!(account.refused(&asking, 2_000, vec![1], at(200)), Some(2_000));
    let Charge::Refused { wait_ms, by, .. } = account.charge(5, at(1_200)) else { panic!("it is remembered") };
    assert_eq!((wait_ms, by), (Some(1_000), vec![1]));
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
    assert_eq!(account.refused(&second, 2_000, vec![0], at(110)), None);
    assert!(matches!(account.charge(1, at(111)), Charge::Scarce(_)), "and no more than that");
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
    account.refused(&asking, 1_000_000, vec![0], at(200));
    assert!(matches!(account.charge(1, at(1_200)), Charge::Refused { wait_ms: Some(999_000), .. }));
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
    assert!(matches!(account.charge(1, at(400)), Charge::Scarce(None)));
    assert!(matches!(account.charge(1, at(300 + UNANSWERED_AFTER_MS + 1)), Charge::Ask(_)));
}

#[test]
fn of_requests_at_once_one_asks_for_the_stock() {
    let mut account = Account::new(&[RateLimit { limit: 1_000, window_ms: 300_000 }]);
    let askings = (0..12).map(|_| match account.charge(1, at(0)) {
        Charge::Ask(asking) => asking.want,
        _ => panic!("it holds nothing"),
    });
    let wanted: u64 = askings.sum();
    assert!(wanted <= 12 + 66, "{wanted} of 1,000 for 12 requests");
}

#[test]
fn a_limit_of_few_in_a_long_window_is_counted_in_line() {
    let mut account = Account::new(&[RateLimit { limit: 40, window_ms: 86_400_000 }]);
    for request in 0..4 {
        let Charge::Ask(asking) = account.charge(1, at(request)) else { panic!("nothing is held") };
        assert_eq!((asking.want, asking.lifetime_ms), (1, 0));
    }
}

#[test]
fn an_asking_that_was_lost_without_a_word_holds_up_nothing_for_long() {
    let mut account = holding(0);
    account.scarce = true;
    let Charge::Ask(_lost) = account.charge(1, at(100)) else { panic!("it holds nothing") };
    let Charge::Ask(_lost) = account.charge(1, at(200)) else { panic!("one is on its way") };
    assert!(matches!(account.charge(1, at(300)), Charge::Scarce(_)));
    for later in [300 + UNANSWERED_AFTER_MS, 20_000, 30_000] {
        let Charge::Ask(asking) = account.charge(1, at(later)) else { panic!("{later}") };
        account.unanswered(asking);
    }
}

#[test]
fn who_gets_grants_too_late_counts_in_line() {
    let mut account = Account::new(&[LARGE]);
    let Charge::Ask(asking) = account.charge(1, at(0)) else { panic!("it holds nothing") };
    let late = Grant { number: 0, units: 5, lifetime_ms: 1_000, scarce: false };
    assert!(!account.granted(asking, late, at(950)));
    let Charge::Ask(asking) = account.charge(1, at(960)) else { panic!("it holds nothing") };
    assert_eq!((asking.want, asking.lifetime_ms), (1, 0));
}

#[test]
fn two_requests_at_once_say_little_of_the_need() {
    let mut account = Account::new(&[LARGE]);
    assert!(matches!(account.charge(1, at(0)), Charge::Ask(_)));
    let Charge::Ask(asking) = account.charge(1, at(1)) else { panic!("it holds nothing") };
    assert!(asking.want <= 5, "{}", asking.want);
}
