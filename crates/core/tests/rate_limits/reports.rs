//! Faults that other rate limiters were reported with, each as a test of ours.

use keystile_core::{
    Timestamp,
    base::timestamp::whole_seconds,
    limits::{
        account::{Account, Charge},
        grant::Report,
        grant_log::RateLimit,
        limiter::{Counted, Granting, Limit, Limiter},
        quota::{Period, Quota},
    },
};

const BEGIN: i64 = 1_750_000_000_000;

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(BEGIN + millis)
}

fn rate(limit: u64, window_ms: i64) -> [Counted<'static>; 1] {
    [Counted { name: "rate", limit: Limit::Rate(RateLimit { limit, window_ms }) }]
}

/// Counts one request in line; the time to wait if it is refused.
fn in_line(limiter: &mut Limiter, limits: &[Counted<'_>], cost: u64, millis: i64) -> Result<(), i64> {
    match limiter.ask(limits, cost, cost, 0, at(millis)) {
        Granting::Granted(_) => Ok(()),
        Granting::Wait { millis, .. } => Err(millis),
        other => panic!("{other:?}"),
    }
}

/// Uses up to `wanted` units by grants of up to `size` units. Returns the units that were granted.
fn by_grants(limiter: &mut Limiter, limits: &[Counted<'_>], wanted: u64, size: u64, millis: i64) -> u64 {
    let mut used = 0;
    while used < wanted {
        match limiter.ask(limits, 1, size.min(wanted - used), 1_000, at(millis)) {
            Granting::Granted(grant) => {
                used += grant.units;
                limiter.note(limits, &[Report { number: grant.number, used: grant.units, closed: true }], at(millis));
            }
            _ => break,
        }
    }
    used
}

#[test]
fn exactly_n_of_n_and_one_pass_in_line_and_by_grants() {
    for limit in [1, 2, 20, 64, 65, 1_000] {
        let limits = rate(limit, 10_000);
        let mut limiter = Limiter::default();
        let passed = (0..=limit).filter(|_| in_line(&mut limiter, &limits, 1, 0).is_ok()).count() as u64;
        assert_eq!(passed, limit, "in line");
        for size in [1, 3, limit + 5] {
            assert_eq!(by_grants(&mut Limiter::default(), &limits, limit + 1, size, 0), limit, "by grants of {size}");
        }
    }
}

#[test]
fn both_paths_agree_wherever_one_takes_over_from_the_other() {
    for limit in [5, 20] {
        let limits = rate(limit, 10_000);
        for border in 0..=limit {
            let mut limiter = Limiter::default();
            assert_eq!(by_grants(&mut limiter, &limits, border, 4, 0), border);
            let rest = (0..=limit).filter(|_| in_line(&mut limiter, &limits, 1, 0).is_ok()).count() as u64;
            assert_eq!(border + rest, limit, "in line from {border} on");
            let mut limiter = Limiter::default();
            for _ in 0..border {
                in_line(&mut limiter, &limits, 1, 0).unwrap();
            }
            assert_eq!(border + by_grants(&mut limiter, &limits, limit, 4, 0), limit, "by grants from {border} on");
        }
    }
}

#[test]
fn retry_after_is_the_smallest_whole_number_of_seconds_that_helps() {
    for (window_ms, used_at) in [(1_000, 0), (1_000, 1), (1_000, 999), (10_000, 1_500), (86_400_000, 7)] {
        let limits = rate(1, window_ms);
        let mut limiter = Limiter::default();
        in_line(&mut limiter, &limits, 1, used_at).unwrap();
        for now in [used_at, used_at + 1, used_at + window_ms - 1] {
            let wait_ms = in_line(&mut limiter, &limits, 1, now).unwrap_err();
            let seconds = whole_seconds(wait_ms);
            assert!((1..=window_ms / 1_000).contains(&seconds), "{seconds} of {window_ms}");
            assert!(in_line(&mut limiter.clone(), &limits, 1, now + seconds * 1_000).is_ok());
            assert!(seconds == 1 || in_line(&mut limiter.clone(), &limits, 1, now + (seconds - 1) * 1_000).is_err());
        }
    }
}

#[test]
fn after_a_clock_was_set_back_the_wait_is_never_negative_nor_endless() {
    let limits = rate(1, 10_000);
    let mut limiter = Limiter::default();
    in_line(&mut limiter, &limits, 1, 60_000).unwrap();
    let wait_ms = in_line(&mut limiter, &limits, 1, 0).unwrap_err();
    assert_eq!(wait_ms, 70_000, "the log stands still until the clock has caught up");
    assert!(in_line(&mut limiter, &limits, 1, 70_000).is_ok());
}

#[test]
fn all_at_the_end_of_a_window_leaves_nothing_for_the_beginning_of_the_next() {
    let limits = rate(10, 1_000);
    let mut limiter = Limiter::default();
    for _ in 0..10 {
        in_line(&mut limiter, &limits, 1, 999).unwrap();
    }
    for millis in [1_001, 1_500, 1_998] {
        assert!(in_line(&mut limiter, &limits, 1, millis).is_err(), "{millis}");
    }
    assert!(in_line(&mut limiter, &limits, 1, 1_999).is_ok());
}

#[test]
fn one_in_a_window_passes_each_window_however_long() {
    for window_ms in [1_000, 2_000, 10_000, 3_600_000, 86_400_000] {
        let limits = rate(1, window_ms);
        let mut limiter = Limiter::default();
        for window in 0..5 {
            assert!(in_line(&mut limiter, &limits, 1, window * window_ms).is_ok());
            assert!(in_line(&mut limiter, &limits, 1, (window + 1) * window_ms - 1).is_err());
        }
    }
}

#[test]
fn what_is_refused_costs_nothing() {
    let limits = rate(10, 1_000);
    let mut limiter = Limiter::default();
    in_line(&mut limiter, &limits, 8, 0).unwrap();
    for _ in 0..100 {
        assert!(in_line(&mut limiter, &limits, 5, 0).is_err());
    }
    in_line(&mut limiter, &limits, 1, 0).unwrap();
    let mut limiter = Limiter::default();
    let admitted = (0..30_000).filter(|&tenth| in_line(&mut limiter, &limits, 1, tenth / 10).is_ok()).count();
    assert_eq!(admitted, 30, "hammered for three windows, each is admitted whole");
}

#[test]
fn a_limit_that_is_raised_or_lowered_within_a_window_counts_what_was_used() {
    let mut limiter = Limiter::default();
    for _ in 0..8 {
        in_line(&mut limiter, &rate(10, 1_000), 1, 0).unwrap();
    }
    let left = |limiter: &mut Limiter, limit, millis| limiter.left(&rate(limit, 1_000)[0], at(millis)).remaining;
    assert_eq!(left(&mut limiter, 15, 1), 7);
    assert_eq!(left(&mut limiter, 5, 1), 0, "never negative");
    assert!(in_line(&mut limiter, &rate(5, 1_000), 1, 999).is_err());
    assert_eq!(left(&mut limiter, 5, 1_000), 5);
}

#[test]
fn at_the_beginning_of_a_day_a_hundred_isolates_ask_once_each_and_none_is_refused() {
    let quota = Quota { limit: 10_000, period: Period::Day };
    let limits = [Counted { name: "daily", limit: Limit::Quota(quota) }];
    let midnight = quota.period.end(at(0)).millis_since(at(0));
    let mut limiter = Limiter::default();
    in_line(&mut limiter, &limits, 10_000, midnight - 5_000).unwrap();
    let mut isolates: Vec<Account> = (0..100).map(|_| Account::new(&[])).collect();
    let mut ask = |account: &mut Account, millis| match account.charge(1, at(millis)) {
        Charge::Admitted(_) => (true, 0),
        Charge::Refused { .. } | Charge::Scarce(_) => (false, 0),
        Charge::Ask(asking) => match limiter.ask(&limits, asking.need, asking.want, asking.lifetime_ms, at(millis)) {
            Granting::Granted(grant) => (account.granted(asking, grant, at(millis)), 1),
            Granting::Wait { millis: wait_ms, by } => {
                assert_eq!(wait_ms, midnight - millis, "told to come back at midnight, and no earlier");
                (account.refused(&asking, wait_ms, by, at(millis)).is_none(), 1)
            }
            other => panic!("{other:?}"),
        },
    };
    for account in &mut isolates {
        assert_eq!(ask(account, midnight - 1), (false, 1));
    }
    // A client that is told of a part of a second waits for a whole one.
    for account in &mut isolates {
        assert_eq!(ask(account, midnight + 999), (true, 1));
        assert!(ask(account, midnight + 1_000).0);
    }
}
