use super::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

#[test]
fn a_record_of_an_unknown_part_is_not_remembered_since_the_log_may_drop_the_change_over_it() {
    let mut trial = with_a_part(false).then(100);
    let needs = trial.needs(100);
    assert!(needs.read_kv && needs.part.is_some());
    trial.kv(Ok(Some(active(3))), 100);
    trial.lookup.part_answered(&mut trial.client, &needs.part.unwrap(), None, at(100), at(1_100));
    // A day later the log has no entry of the key any more.
    let later = 26 * 60 * 60 * 1_000;
    let poll = trial.client.begin_poll(at(later), None).unwrap();
    trial.polled(&poll, news(2, vec![]), later);
    let mut trial = trial.then(later);
    let needs = trial.needs(later);
    assert!(needs.read_kv, "or the old record would hold");
    let part = PollAnswer { reset: false, ..reset(vec![]) };
    trial.kv(Ok(Some(Stored::Known(Rc::new(version(4, KeyState::Disabled))))), later);
    trial.lookup.part_answered(&mut trial.client, &needs.part.unwrap(), Some(part), at(later), at(later + 1));
    assert_eq!(trial.found(later + 1).1, KeyState::Disabled);
    assert_eq!(trial.then(later + 2).found(later + 2).1, KeyState::Disabled, "it is remembered now");
}

/// An isolate that has a view, and of the log the upper half alone, but for this request's key.
fn with_a_part(tenants: bool) -> Trial {
    let mut trial = Trial::cold(SETTINGS);
    let poll = trial.needs(0).poll.unwrap();
    trial.kv(Ok(Some(active(3))), 0);
    let hash = KeyHash::of(&digest());
    let (first, _) = hash.place().bounds(1);
    let other = if first == Place::FIRST { Place::LAST } else { Place::FIRST };
    let key_part = Some(Part { bits: 1, place: if tenants { hash.place() } else { other }, entries: vec![] });
    let whole = reset(vec![]);
    let tenant_part = whole.tenant_part.clone().filter(|_| !tenants);
    trial.polled(&poll, PollAnswer { key_part, tenant_part, ..whole }, 10);
    trial
}

#[test]
fn a_key_of_a_part_that_is_not_here_waits_for_one_more_call() {
    let mut trial = with_a_part(false);
    let needs = trial.needs(10);
    let call = needs.part.unwrap();
    assert!(!needs.read_kv && !needs.read_current && needs.poll.is_none());
    assert_eq!(call.request.key, Some(KeyHash::of(&digest()).place()));
    let entry = change(&version(4, KeyState::Disabled));
    let part = PollAnswer { reset: false, ..reset(vec![entry]) };
    trial.lookup.part_answered(&mut trial.client, &call, Some(part), at(10), at(20));
    assert_eq!(trial.found(20).1, KeyState::Disabled);
    assert_eq!(trial.lookup.waited(), Waited { kv: 1, feed: 2 });
    assert_eq!(trial.then(30).found(30).1, KeyState::Disabled, "once for all of the part");
}

#[test]
fn a_part_that_does_not_help_is_not_asked_for_twice() {
    let mut trial = with_a_part(false);
    let call = trial.needs(10).part.unwrap();
    trial.lookup.part_answered(&mut trial.client, &call, Some(news(1, vec![])), at(10), at(20));
    assert!(only_current(&trial.needs(20)));
    let mut trial = with_a_part(false);
    let call = trial.needs(10).part.unwrap();
    trial.lookup.part_answered(&mut trial.client, &call, None, at(10), at(1_010));
    assert_eq!(trial.needs(1_010).read_tenant_status, Some(tenant()), "the feed is out of reach, so by KV alone");
}

#[test]
fn invariant_4_a_tenant_whose_part_is_not_here_is_asked_for() {
    let mut trial = with_a_part(true);
    let call = trial.needs(10).part.unwrap();
    assert_eq!((call.request.key, call.request.tenant), (None, Some(trial.client.tenant_hash(&tenant()).place())));
    let part = PollAnswer { reset: false, key_part: None, ..reset(vec![status(7, true)]) };
    trial.lookup.part_answered(&mut trial.client, &call, Some(part), at(10), at(20));
    assert!(trial.found(20).2);
}

#[test]
fn a_slow_answer_is_good_for_the_requests_that_waited_for_it() {
    let settings = Settings { max_staleness_ms: 250, ..SETTINGS };
    let mut trial = Trial::cold(settings);
    let poll = trial.needs(0).poll.unwrap();
    trial.kv(Ok(Some(active(3))), 0);
    trial.polled(&poll, reset(vec![]), 500);
    assert!(!trial.client.is_fresh(at(500)));
    assert_eq!(trial.found(500).3, Basis::Feed);
    assert!(trial.then(501).needs(501).poll.is_some(), "and not for those who come later");
}

#[test]
fn invariant_7_waiting_behind_another_s_poll_ends_with_it() {
    let mut first = Trial::cold(SETTINGS);
    let poll = first.needs(0).poll.unwrap();
    let mut waiting = first.then(10);
    let needs = waiting.needs(10);
    assert!(needs.read_kv && needs.poll.is_none());
    assert_eq!(needs.wait_ms, Some(5));
    waiting.kv(Ok(Some(active(3))), 10);
    assert!(!waiting.needs(15).read_kv);
    waiting.polled(&poll, reset(vec![]), 18);
    assert_eq!(waiting.found(20).3, Basis::Feed);
    assert_eq!(waiting.lookup.waited(), Waited { kv: 1, feed: 1 }, "one wait is one call waited for");
}

#[test]
fn invariant_7_who_waits_in_vain_asks_the_feed_and_does_not_fall_back_to_kv() {
    let mut first = Trial::cold(SETTINGS);
    let end = SETTINGS.timeout_ms() + LEASE_GRACE_MS;
    let _abandoned = first.needs(0).poll.unwrap();
    let mut waiting = first.then(10);
    waiting.needs(10);
    waiting.kv(Ok(Some(active(3))), 10);
    // Another request takes the expired lease, and is gone too.
    waiting.client.begin_poll(at(end), None).unwrap();
    assert!(waiting.needs(end + 5).wait_ms.is_some());
    assert!(only_current(&waiting.needs(end + 10)));
    waiting.current(Some(&version(4, KeyState::Revoked)), None, end + 10, end + 20);
    assert_eq!(waiting.found(end + 20).1, KeyState::Revoked);
}

#[test]
fn invariant_7_a_step_back_does_not_make_a_request_wait_for_ever() {
    let mut first = Trial::of(FeedClient::new(SETTINGS), false, 3_600_000);
    let mut waits = |now: i64| first.step(now);
    assert!(matches!(waits(3_600_000), Step::Do(Needs { poll: Some(_), .. })));
    let mut waiting = first.then(3_600_001);
    assert!(waiting.needs(3_600_001).wait_ms.is_some());
    waiting.client.read_clock(at(0));
    waiting.client.begin_poll(at(0), None).unwrap();
    assert!(waiting.needs(1).wait_ms.is_some());
    waiting.client.begin_poll(at(1_050), None).unwrap();
    assert!(only_current(&waiting.needs(1_051)));
}

#[test]
fn invariant_7_a_failure_from_before_a_step_back_pauses_nobody() {
    let mut trial = Trial::of(client_with_view(at(0), vec![]), true, 0);
    trial.needs(1_000);
    trial.client.read_clock(at(600));
    trial.current_fails(1_000, 1_600);
    assert!(!trial.client.is_paused(at(1_600)));
    assert_eq!(trial.answer(1_600), LookupAnswer::Unavailable(Unavailable::Feed));
}
