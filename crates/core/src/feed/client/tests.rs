use alloc::{rc::Rc, vec, vec::Vec};

use super::*;
use crate::{
    KeyDigest, KeyRecord,
    access::record::{KeyState, tests::record},
    feed::overlay::Settled,
};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

pub(crate) const SETTINGS: Settings = Settings {
    max_staleness_ms: 2_000,
    when_unreachable: WhenFeedUnreachable::Kv,
    cache_bytes: 1_000_000,
    relays: false,
};

/// The instant this many milliseconds after the beginning of the tests.
pub(crate) fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(1_000_000 + millis)
}

pub(crate) fn digest() -> KeyDigest {
    KeyDigest::of("key")
}

pub(crate) fn version(version: u64, state: KeyState) -> KeyRecord {
    KeyRecord { version, state, ..record() }
}

pub(crate) fn active(of: u64) -> Stored {
    Stored::Known(Rc::new(version(of, KeyState::Active)))
}

/// A change, as the feed tells it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Told {
    Key(KeyEntry),
    Tenant(TenantEntry),
}

pub(crate) fn change(record: &KeyRecord) -> Told {
    Told::Key(KeyEntry::of(&digest(), &Stored::Known(Rc::new(record.clone()))))
}

pub(crate) fn status(version: u64, suspended: bool) -> Told {
    Told::Tenant(tenant_status(version, suspended).entry("e1"))
}

pub(crate) fn tenant_status(version: u64, suspended: bool) -> TenantStatus {
    TenantStatus { tenant: record().tenant().unwrap().clone(), version, suspended }
}

/// The answer to a cold isolate, with the whole of a short log.
pub(crate) fn reset(changes: Vec<Told>) -> PollAnswer {
    let PollAnswer { keys, tenants, .. } = news(1, changes);
    PollAnswer {
        epoch: "e1".into(),
        reset: true,
        cursor: 1,
        more: false,
        age_ms: 0,
        keys: vec![],
        tenants: vec![],
        key_part: Some(Part { bits: 0, place: Place::FIRST, entries: keys }),
        tenant_part: Some(Part { bits: 0, place: Place::FIRST, entries: tenants }),
    }
}

/// The last page of an answer to a warm isolate.
pub(crate) fn news(cursor: u64, changes: Vec<Told>) -> PollAnswer {
    let keys = changes.iter().filter_map(|told| if let Told::Key(entry) = told { Some(*entry) } else { None });
    let tenants = changes.iter().filter_map(|told| if let Told::Tenant(entry) = told { Some(*entry) } else { None });
    PollAnswer {
        epoch: "e1".into(),
        reset: false,
        cursor,
        more: false,
        age_ms: 0,
        keys: keys.collect(),
        tenants: tenants.collect(),
        key_part: None,
        tenant_part: None,
    }
}

/// The record of the key that the client knows, as it holds now.
fn known(client: &mut FeedClient, now: Timestamp) -> Settled {
    let read = client.remembered(&digest(), None);
    client.settle(KeyHash::of(&digest()), read, now)
}

/// A client whose view was made by a poll sent at `sent_at` and answered at once.
pub(crate) fn client_with_view(sent_at: Timestamp, changes: Vec<Told>) -> FeedClient {
    let mut client = FeedClient::new(SETTINGS);
    let poll = client.begin_poll(sent_at, None).unwrap();
    client.poll_answered(poll.ticket, reset(changes), sent_at);
    client
}

fn answer(client: &mut FeedClient, poll: &Poll, answer: PollAnswer, now: Timestamp) -> Option<Poll> {
    client.poll_answered(poll.ticket, answer, now)
}

#[test]
fn invariant_1_a_view_is_as_old_as_the_sending_of_its_poll() {
    let mut client = FeedClient::new(SETTINGS);
    let poll = client.begin_poll(at(0), None).unwrap();
    answer(&mut client, &poll, reset(vec![]), at(900));
    assert_eq!(client.view_age_ms(at(900)), Some(900));
    assert!(client.is_fresh(at(2_000)));
    assert!(!client.is_fresh(at(2_001)));
}

#[test]
fn invariant_1_the_age_that_a_relay_states_adds_up() {
    let mut client = FeedClient::new(SETTINGS);
    let poll = client.begin_poll(at(0), None).unwrap();
    answer(&mut client, &poll, PollAnswer { age_ms: 1_500, ..reset(vec![]) }, at(10));
    assert_eq!(client.view_age_ms(at(10)), Some(1_510));
}

#[test]
fn invariant_1_a_view_through_a_relay_is_not_compared_with_an_instant_before_a_step_forward() {
    let mut client = FeedClient::new(SETTINGS);
    let began = client.read_clock(at(0));
    let poll = client.begin_poll(at(3_600_000), None).unwrap();
    answer(&mut client, &poll, PollAnswer { age_ms: 5_000, ..reset(vec![]) }, at(3_600_010));
    assert!(!client.view_is_since(began), "perhaps it is 5 seconds old and the request began 10 ms ago");
}

#[test]
fn invariant_1_a_view_stands_once_the_last_page_is_applied_and_is_as_old_as_that_page() {
    let mut client = FeedClient::new(SETTINGS);
    let first = client.begin_poll(at(0), None).unwrap();
    let second = answer(&mut client, &first, PollAnswer { more: true, ..reset(vec![]) }, at(10)).unwrap();
    assert_eq!(client.view_age_ms(at(10)), None);
    assert_eq!((second.request.epoch.as_deref(), second.request.cursor), (Some("e1"), 1));
    assert!(answer(&mut client, &second, news(2, vec![]), at(30)).is_none());
    assert_eq!(client.view_age_ms(at(30)), Some(20));
}

#[test]
fn invariant_1_a_last_page_from_before_an_earlier_page_makes_no_view() {
    let mut client = client_with_view(at(0), vec![]);
    let first = client.begin_poll(at(1_000), None).unwrap();
    let second = answer(&mut client, &first, PollAnswer { more: true, ..news(5, vec![]) }, at(1_010)).unwrap();
    // Another relay, which is behind, has no change after the first page: perhaps one has moved from there to later.
    answer(&mut client, &second, PollAnswer { age_ms: 100, ..news(5, vec![]) }, at(1_020));
    assert_eq!(client.view_age_ms(at(1_020)), Some(1_020));
    let next = client.begin_poll(at(1_030), None).unwrap();
    answer(&mut client, &next, PollAnswer { age_ms: 20, ..news(7, vec![]) }, at(1_040));
    assert_eq!(client.view_age_ms(at(1_040)), Some(30));
}

#[test]
fn invariant_1_overtaking_answers_leave_the_latest_view() {
    let mut client = client_with_view(at(0), vec![]);
    let slow = client.begin_poll(at(100), None).unwrap();
    let after_lease = at(100 + SETTINGS.timeout_ms() + LEASE_GRACE_MS);
    let quick = client.begin_poll(after_lease, None).unwrap();
    answer(&mut client, &quick, news(7, vec![]), after_lease);
    answer(&mut client, &slow, news(5, vec![]), after_lease.plus_millis(5));
    assert!(client.view_is_since(after_lease));
    let next = client.begin_poll(after_lease.plus_millis(10), None).unwrap();
    assert_eq!(next.request.cursor, 7);
}

#[test]
fn invariant_1_a_clock_that_steps_back_voids_everything() {
    let mut client = client_with_view(at(0), vec![change(&version(4, KeyState::Disabled))]);
    let under_way = client.begin_poll(at(1_000), None).unwrap();
    let failed = client.begin_poll(at(3_000), None).unwrap();
    client.poll_failed(failed.ticket, at(3_500));
    client.remember(digest(), active(3), at(3_500));
    client.read_clock(at(3_500 - CLOCK_JITTER_MS - 1));
    let now = at(3_500 - CLOCK_JITTER_MS);
    assert_eq!(client.view_age_ms(now), None);
    assert_eq!(known(&mut client, now), Settled::Unknown);
    assert!(!client.is_paused(now), "the pause was stated in the time that is gone");
    answer(&mut client, &under_way, news(9, vec![]), now);
    assert_eq!(client.view_age_ms(now), None, "an answer from before is worth nothing");
    let poll = client.begin_poll(now, None).unwrap();
    assert_eq!((poll.request.epoch, poll.request.cursor), (None, 0));
}

#[test]
fn a_reading_a_little_behind_another_request_s_is_no_step_back() {
    let mut client = client_with_view(at(0), vec![]);
    client.read_clock(at(1_000));
    assert_eq!(client.read_clock(at(960)), at(1_000), "time stands still");
    assert_eq!(client.view_age_ms(at(990)), Some(1_000));
}

#[test]
fn invariant_1_another_epoch_or_a_cursor_below_the_floor_voids_everything() {
    for epoch in ["e1", "e2"] {
        let mut client = client_with_view(at(0), vec![change(&version(4, KeyState::Active))]);
        client.remember(digest(), active(3), at(0));
        let poll = client.begin_poll(at(1_500), None).unwrap();
        assert_eq!((poll.request.epoch.as_deref(), poll.request.cursor), (Some("e1"), 1));
        let page = PollAnswer { epoch: epoch.into(), more: true, cursor: 0, ..reset(vec![]) };
        let next = answer(&mut client, &poll, page, at(1_600)).unwrap();
        assert_eq!(client.view_age_ms(at(1_600)), None);
        assert_eq!(known(&mut client, at(1_600)), Settled::Unknown);
        assert!(client.changed_to(KeyHash::of(&digest())).is_none());
        assert_eq!((next.request.epoch.as_deref(), next.request.cursor), (Some(epoch), 0));
    }
}

#[test]
fn an_answer_of_another_epoch_without_a_reset_is_a_failure() {
    let mut client = client_with_view(at(0), vec![]);
    let poll = client.begin_poll(at(1_500), None).unwrap();
    let nonsense = PollAnswer { epoch: "e2".into(), ..news(9, vec![]) };
    assert!(answer(&mut client, &poll, nonsense, at(1_600)).is_none());
    assert_eq!(client.view_age_ms(at(1_600)), None);
    assert!(client.is_paused(at(1_600)), "or it would be asked for over and over");
}

/// An overlay of at most two keys, which is told of three.
fn overflow(client: &mut FeedClient, now: Timestamp) {
    let poll = client.begin_poll(now, None).unwrap();
    answer(client, &poll, reset(vec![change(&record())]), now);
    assert!(client.is_fresh(now));
    let others = ["b", "c"].map(|key| KeyEntry::of(&KeyDigest::of(key), &active(1)));
    let poll = client.begin_poll(now, None).unwrap();
    answer(client, &poll, news(2, others.map(Told::Key).to_vec()), now);
    assert_eq!(client.view_age_ms(now), None);
    assert!(client.changed_to(KeyHash::of(&digest())).is_none());
}

#[test]
fn invariant_2_an_overlay_over_its_cap_is_voided_whole() {
    let mut client = FeedClient::new(Settings { cache_bytes: 400, ..SETTINGS });
    overflow(&mut client, at(5));
    assert!(!client.overflowed(at(5)), "it begins anew");
    assert_eq!(client.begin_poll(at(6), None).unwrap().request.epoch, None);
}

#[test]
fn invariant_2_after_two_overflows_within_a_minute_each_key_is_asked_for() {
    for (again, asks) in [(OVERFLOW_PAUSE_MS, false), (OVERFLOW_PAUSE_MS - 1, true)] {
        let mut client = FeedClient::new(Settings { cache_bytes: 400, ..SETTINGS });
        overflow(&mut client, at(0));
        overflow(&mut client, at(again));
        assert_eq!(client.overflowed(at(again)), asks);
        assert!(!client.refresh_due(at(again + 5_000)));
        assert!(!client.overflowed(at(again + OVERFLOW_PAUSE_MS)), "then it tries again");
    }
}

#[test]
fn invariant_2_a_part_that_is_older_than_the_beginning_covers_nothing() {
    let whole = || Some(Part { bits: 0, place: Place::FIRST, entries: vec![] });
    for (cursor, covers) in [(4, false), (5, true), (9, true)] {
        let mut client = FeedClient::new(SETTINGS);
        let poll = client.begin_poll(at(0), None).unwrap();
        answer(&mut client, &poll, PollAnswer { cursor: 5, key_part: None, ..reset(vec![]) }, at(1));
        let call = client.part_call(Some(Place::FIRST), None);
        assert_eq!((call.request.epoch.as_deref(), call.request.cursor), (Some("e1"), 5));
        client.parts_answered(&call, PollAnswer { key_part: whole(), ..news(cursor, vec![]) }, at(2));
        assert_eq!(client.covers_key(KeyHash::of(&digest())), covers, "at {cursor}");
        assert_eq!(client.begin_poll(at(3), None).unwrap().request.cursor, 5, "a part is no page");
    }
}

#[test]
fn invariant_2_a_part_from_before_everything_was_dropped_covers_nothing() {
    let mut client = client_with_view(at(10_000), vec![]);
    let call = client.part_call(Some(Place::FIRST), None);
    client.read_clock(at(0));
    let poll = client.begin_poll(at(0), None).unwrap();
    answer(&mut client, &poll, PollAnswer { key_part: None, ..reset(vec![]) }, at(1));
    client.parts_answered(&call, PollAnswer { reset: false, ..reset(vec![]) }, at(2));
    assert!(!client.covers_key(KeyHash::of(&digest())));
}

#[test]
fn a_cold_isolate_asks_for_the_part_with_its_key_and_a_warm_one_for_the_news() {
    let hash = KeyHash::of(&digest());
    let mut client = FeedClient::new(SETTINGS);
    let poll = client.begin_poll(at(0), Some(hash)).unwrap();
    assert_eq!(poll.request.key, Some(hash.place()));
    answer(&mut client, &poll, reset(vec![]), at(1));
    assert_eq!(client.begin_poll(at(2), Some(hash)).unwrap().request.key, None);
}

#[test]
fn invariant_4_suspensions_are_part_of_what_a_cold_isolate_receives() {
    let client = client_with_view(at(0), vec![status(3, true)]);
    let tenant = tenant_status(0, false).tenant;
    assert!(client.suspended(&tenant, None));
    assert!(!client.suspended(&tenant, Some(&tenant_status(4, false))), "what `current` says may be newer");
    assert!(client.suspended(&tenant, Some(&tenant_status(2, false))), "or older");
}

#[test]
fn invariant_4_what_current_says_of_a_tenant_is_kept_in_mind() {
    let mut client = client_with_view(at(0), vec![]);
    let tenant = tenant_status(0, false).tenant;
    client.remember_tenant_status(&tenant_status(1, true));
    assert!(client.suspended(&tenant, None));
    client.remember_tenant_status(&tenant_status(2, false));
    assert!(!client.suspended(&tenant, None));
}

#[test]
fn invariant_6_changes_may_come_twice_late_and_out_of_order() {
    let changes = [
        change(&version(1, KeyState::Active)),
        change(&version(2, KeyState::Disabled)),
        change(&version(3, KeyState::Active)),
        status(1, true),
        status(2, false),
    ];
    let orders = [[0, 1, 2, 3, 4], [2, 1, 0, 4, 3], [1, 2, 1, 4, 3], [2, 0, 2, 3, 4]];
    for order in orders {
        let client = client_with_view(at(0), order.map(|index| changes[index]).to_vec());
        let settled = |read| client.settle(KeyHash::of(&digest()), Some(active(read)), at(0));
        assert_eq!((settled(2), settled(3)), (Settled::Behind, Settled::Holds(active(3))), "{order:?}");
        assert!(!client.suspended(&tenant_status(0, false).tenant, None), "{order:?}");
    }
}

#[test]
fn invariant_6_a_revocation_that_comes_first_is_the_last_word() {
    let revoked = change(&version(2, KeyState::Revoked));
    let client = client_with_view(at(0), vec![revoked, change(&version(9, KeyState::Active))]);
    let settled = client.settle(KeyHash::of(&digest()), Some(active(9)), at(0));
    assert!(matches!(settled, Settled::Holds(stored) if stored.is_revoked()), "whatever was read");
}

#[test]
fn invariant_7_one_poll_at_a_time() {
    let mut client = FeedClient::new(SETTINGS);
    let poll = client.begin_poll(at(0), None).unwrap();
    assert!(client.begin_poll(at(1), None).is_none());
    answer(&mut client, &poll, reset(vec![]), at(2));
    assert!(client.begin_poll(at(3), None).is_some());
}

#[test]
fn invariant_7_a_lease_that_nobody_returns_ends_by_itself() {
    let mut client = FeedClient::new(SETTINGS);
    let gone = client.begin_poll(at(0), None).unwrap();
    let end = client.lease_ends(at(1)).unwrap();
    assert!(end > at(SETTINGS.timeout_ms()), "who sent it reports first");
    assert!(client.begin_poll(end.plus_millis(-1), None).is_none());
    let poll = client.begin_poll(end, None).unwrap();
    client.poll_failed(gone.ticket, end.plus_millis(1));
    assert!(!client.is_paused(end.plus_millis(1)), "who lost the lease has no say");
    assert!(answer(&mut client, &poll, reset(vec![]), end.plus_millis(2)).is_none());
    assert!(client.is_fresh(end.plus_millis(2)));
}

#[test]
fn invariant_7_pages_are_fetched_by_whoever_holds_the_lease() {
    let mut client = FeedClient::new(SETTINGS);
    let slow = client.begin_poll(at(0), None).unwrap();
    let other = client.begin_poll(client.lease_ends(at(0)).unwrap(), None).unwrap();
    let page = PollAnswer { more: true, ..reset(vec![]) };
    assert!(answer(&mut client, &slow, page.clone(), at(1_100)).is_none());
    assert!(answer(&mut client, &other, page, at(1_110)).is_none(), "it was sent before all was dropped");
    assert_eq!(client.begin_poll(at(1_120), None).unwrap().request.cursor, 1, "what was received is kept");
}

#[test]
fn invariant_7_after_a_failure_nobody_calls_for_a_while() {
    let mut client = FeedClient::new(SETTINGS);
    let poll = client.begin_poll(at(0), None).unwrap();
    client.poll_failed(poll.ticket, at(300));
    let end = at(300 + SETTINGS.pause_ms());
    assert!(client.begin_poll(end.plus_millis(-1), None).is_none());
    assert!(client.begin_poll(end, None).is_some());
}

#[test]
fn invariant_7_a_failure_that_is_reported_late_pauses_no_longer() {
    let mut client = FeedClient::new(SETTINGS);
    let poll = client.begin_poll(at(0), None).unwrap();
    client.poll_failed(poll.ticket, at(1_900));
    assert!(client.is_paused(at(1_999)));
    assert!(!client.is_paused(at(SETTINGS.timeout_ms() + SETTINGS.pause_ms())));
}

#[test]
fn an_answer_ends_the_pause() {
    let mut client = FeedClient::new(SETTINGS);
    let poll = client.begin_poll(at(0), None).unwrap();
    client.current_failed(at(0), at(10));
    assert!(client.is_paused(at(20)));
    answer(&mut client, &poll, reset(vec![]), at(30));
    assert!(!client.is_paused(at(30)));
}

#[test]
fn a_view_is_refreshed_before_it_is_too_old_by_one_poll() {
    for relays in [false, true] {
        let mut client = FeedClient::new(Settings { relays, ..SETTINGS });
        let poll = client.begin_poll(at(0), None).unwrap();
        answer(&mut client, &poll, reset(vec![]), at(0));
        let due = client.settings.refresh_after_ms(at(0));
        assert!(!client.refresh_due(at(due - 1)));
        assert!(client.refresh_due(at(due)));
        let _under_way = client.begin_poll(at(due), None).unwrap();
        assert!(!client.refresh_due(at(due + 1)));
    }
}

#[test]
fn an_older_read_does_not_replace_a_newer_one() {
    let mut client = client_with_view(at(0), vec![]);
    client.remember(digest(), active(5), at(10));
    client.remember(digest(), active(4), at(20));
    assert_eq!(client.remembered(&digest(), None), Some(active(5)));
    client.remember_missing(digest(), at(5));
    assert_eq!(client.remembered(&digest(), None), Some(active(5)));
}

#[test]
fn a_read_from_before_a_step_back_is_no_younger_than_now() {
    let mut client = client_with_view(at(0), vec![]);
    client.read_clock(at(3_600_000));
    client.read_clock(at(1_000));
    client.remember(digest(), active(1), at(3_600_000));
    assert_eq!(client.remembered(&digest(), Some(at(1_001))), None);
    assert_eq!(client.remembered(&digest(), Some(at(1_000))), Some(active(1)));
}
