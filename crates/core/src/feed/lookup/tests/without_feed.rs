use super::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// A cold isolate's request that has read its record from KV while the feed is out of reach.
fn by_kv_alone() -> Trial {
    let mut trial = Trial::cold(SETTINGS);
    let needs = trial.needs(0);
    trial.kv(Ok(Some(active(3))), 0);
    trial.client.poll_failed(needs.poll.unwrap().ticket, at(20));
    assert_eq!(trial.needs(20).read_tenant_status, Some(tenant()));
    trial
}

#[test]
fn without_the_feed_a_suspension_holds_by_kv_and_is_remembered_for_half_a_minute() {
    let mut trial = by_kv_alone();
    trial.tenant_status(Ok(Some(tenant_status(2, true))), 20);
    assert_eq!(trial.found(30), (3, KeyState::Active, true, Basis::KvOnly));
    assert_eq!(trial.lookup.waited(), Waited { kv: 2, feed: 1 });
    let mut trial = trial.then(40);
    assert_eq!(trial.found(40), (3, KeyState::Active, true, Basis::KvOnly), "nothing is read again");
    assert_eq!(trial.lookup.waited(), Waited::default());
}

#[test]
fn without_the_feed_a_tenant_whose_tenant_status_can_t_be_told_is_not_served() {
    let mut trial = by_kv_alone();
    trial.tenant_status(Err(()), 20);
    assert_eq!(trial.answer(30), LookupAnswer::Unavailable(Unavailable::Storage));
}

#[test]
fn without_the_feed_the_newer_of_two_tenant_statuses_holds_whichever_it_is() {
    for (known, in_kv, suspended) in [(3, 2, false), (2, 3, true)] {
        let resumed = status(known, false);
        let mut trial = Trial::warm(vec![resumed], 100);
        trial.client.remember(digest(), active(3), at(100));
        let mut trial = trial.then(10_000);
        let needs = trial.needs(10_000);
        trial.client.poll_failed(needs.poll.unwrap().ticket, at(10_010));
        assert!(trial.needs(10_010).read_tenant_status.is_some());
        trial.tenant_status(Ok(Some(tenant_status(in_kv, true))), 10_010);
        assert_eq!(trial.found(10_020).2, suspended, "known {known}, in KV {in_kv}");
    }
}

#[test]
fn a_revoked_key_and_an_operators_need_no_tenant_status() {
    let mut trial = Trial::cold(SETTINGS);
    let needs = trial.needs(0);
    trial.client.poll_failed(needs.poll.unwrap().ticket, at(20));
    let mut revoked = record();
    revoked.state = KeyState::Revoked;
    trial.kv(Ok(Some(Stored::Known(Rc::new(revoked)))), 0);
    assert_eq!(trial.found(20).1, KeyState::Revoked);
    let mut trial = Trial::cold(SETTINGS);
    let needs = trial.needs(0);
    trial.client.poll_failed(needs.poll.unwrap().ticket, at(20));
    let mut operator = record();
    operator.subject = Subject::Operator { reach: Reach::All };
    trial.kv(Ok(Some(Stored::Known(Rc::new(operator)))), 0);
    assert!(matches!(trial.step(20), Step::Answer(LookupAnswer::Found { basis: Basis::KvOnly, .. })));
}

#[test]
fn a_strict_request_is_not_served_without_the_feed() {
    let mut trial = Trial::of(client_with_view(at(0), vec![change(&version(3, KeyState::Active))]), true, 10);
    trial.needs(10);
    trial.current_fails(10, 1_010);
    assert_eq!(trial.answer(1_010), LookupAnswer::Unavailable(Unavailable::Feed));
    let paused = Trial::of(trial.client, true, 1_020).answer(1_020);
    assert_eq!(paused, LookupAnswer::Unavailable(Unavailable::Feed), "nor asked for, so soon after");
}

#[test]
fn without_the_feed_the_setting_decides() {
    for (settings, served) in [(SETTINGS, true), (DENY, false)] {
        let mut trial = Trial::cold(settings);
        let poll = trial.needs(0).poll.unwrap();
        trial.kv(Ok(Some(active(3))), 0);
        trial.client.poll_failed(poll.ticket, at(1_000));
        match trial.answer(1_000) {
            LookupAnswer::Found { basis: Basis::KvOnly, .. } => assert!(served),
            LookupAnswer::Unavailable(Unavailable::Feed) => assert!(!served),
            other => panic!("{other:?}"),
        }
        match trial.then(1_010).step(1_010) {
            Step::Answer(LookupAnswer::Found { basis: Basis::KvOnly, .. }) => {
                assert!(served, "what was just read serves on");
            }
            Step::Answer(LookupAnswer::Unavailable(Unavailable::Feed)) => assert!(!served),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn without_the_feed_a_record_from_kv_serves_for_half_a_minute() {
    let pause = |mut trial: Trial, now: i64| {
        trial.client.read_clock(at(now));
        trial.client.current_failed(at(now), at(now));
        trial.then(now)
    };
    let mut trial = Trial::cold(SETTINGS);
    trial.client.remember(digest(), active(3), at(0));
    let mut trial = pause(trial, KV_ONLY_RECORD_AGE_MS);
    assert_eq!(trial.found(KV_ONLY_RECORD_AGE_MS).3, Basis::KvOnly);
    let mut trial = pause(trial, KV_ONLY_RECORD_AGE_MS + 1);
    assert!(trial.needs(KV_ONLY_RECORD_AGE_MS + 1).read_kv);
    trial.kv(Err(()), KV_ONLY_RECORD_AGE_MS + 1);
    assert_eq!(trial.answer(KV_ONLY_RECORD_AGE_MS + 2), LookupAnswer::Unavailable(Unavailable::Storage));
}

#[test]
fn without_the_feed_what_it_last_said_still_lies_over_kv() {
    let last_words =
        [(KeyState::Revoked, active(9), KeyState::Revoked), (KeyState::Disabled, active(3), KeyState::Disabled)];
    for (last, in_kv, expected) in last_words {
        let mut trial = Trial::warm(vec![change(&version(4, last))], 10_000);
        trial.client.read_clock(at(10_000));
        trial.client.current_failed(at(10_000), at(10_000));
        assert!(trial.needs(10_000).read_kv);
        trial.kv(Ok(Some(in_kv)), 10_000);
        assert_eq!(trial.found(10_010).1, expected);
    }
}

#[test]
fn without_the_feed_a_key_whose_latest_record_nobody_has_is_not_served() {
    for in_kv in [Ok(None), Ok(Some(active(3))), Err(())] {
        let mut trial = Trial::with_record(3, vec![change(&version(4, KeyState::Active))], 10_000);
        trial.client.read_clock(at(10_000));
        trial.client.current_failed(at(10_000), at(10_000));
        assert!(trial.needs(10_000).read_kv);
        trial.kv(in_kv, 10_000);
        assert_eq!(trial.answer(10_010), LookupAnswer::Unavailable(Unavailable::Storage));
    }
}

#[test]
fn without_the_feed_nobody_is_told_that_a_key_is_missing() {
    let mut trial = Trial::warm(vec![], 100);
    trial.needs(100);
    trial.kv(Ok(None), 100);
    trial.needs(110);
    trial.current_fails(110, 1_110);
    assert_eq!(trial.answer(1_110), LookupAnswer::Unavailable(Unavailable::Storage));
}
