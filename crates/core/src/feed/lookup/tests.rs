use alloc::{vec, vec::Vec};

use super::*;
use crate::{
    access::record::{KeyState, Reach, Subject, tests::record},
    feed::{
        client::{
            Settings,
            tests::{
                SETTINGS, Told, active, at, change, client_with_view, digest, news, reset, status, tenant_status,
                version,
            },
        },
        entry::{Part, Place},
        message::PollAnswer,
    },
};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

mod relays;
mod waiting;
mod without_feed;

const DENY: Settings = Settings { when_unreachable: WhenFeedUnreachable::Deny, ..SETTINGS };

/// A request, step by step.
struct Trial {
    client: FeedClient,
    lookup: Lookup,
}

impl Trial {
    fn of(client: FeedClient, strict: bool, now: i64) -> Self {
        Self { client, lookup: Lookup::new(digest(), strict, at(now)) }
    }

    /// The first request of a cold isolate.
    fn cold(settings: Settings) -> Self {
        Self::of(FeedClient::new(settings), false, 0)
    }

    /// The request of an isolate that has a view of time 0 with these changes.
    fn warm(changes: Vec<Told>, now: i64) -> Self {
        Self::of(client_with_view(at(0), changes), false, now)
    }

    /// The same, of an isolate that has read the key's record at the time 0.
    fn with_record(version: u64, changes: Vec<Told>, now: i64) -> Self {
        let mut trial = Self::warm(changes, now);
        trial.client.remember(digest(), active(version), at(0));
        trial
    }

    /// The next request to the same isolate.
    fn then(self, now: i64) -> Self {
        Self::of(self.client, false, now)
    }

    fn step(&mut self, now: i64) -> Step {
        self.lookup.step(&mut self.client, at(now))
    }

    fn needs(&mut self, now: i64) -> Needs {
        match self.step(now) {
            Step::Do(needs) => needs,
            Step::Answer(answer) => panic!("answered already: {answer:?}"),
        }
    }

    /// The answer, if it needs no more than the tenant's status, which KV doesn't have.
    fn answer(&mut self, now: i64) -> LookupAnswer {
        let mut step = self.step(now);
        if let Step::Do(Needs { read_tenant_status: Some(_), .. }) = &step {
            self.tenant_status(Ok(None), now);
            step = self.step(now);
        }
        match step {
            Step::Answer(answer) => answer,
            Step::Do(needs) => panic!("no answer yet: {needs:?}"),
        }
    }

    fn tenant_status(&mut self, read: Result<Option<TenantStatus>, ()>, sent_at: i64) {
        self.lookup.tenant_status_answered(&mut self.client, tenant(), read, at(sent_at));
    }

    /// The answer's version, state, suspension and basis.
    fn found(&mut self, now: i64) -> (u64, KeyState, bool, Basis) {
        match self.answer(now) {
            LookupAnswer::Found { record, suspended, basis } => (record.version, record.state, suspended, basis),
            other => panic!("not found: {other:?}"),
        }
    }

    fn kv(&mut self, read: Result<Option<Stored>, ()>, sent_at: i64) {
        self.lookup.kv_answered(&mut self.client, read, at(sent_at));
    }

    fn current(&mut self, record: Option<&KeyRecord>, tenant_status: Option<TenantStatus>, sent_at: i64, now: i64) {
        let answer = CurrentAnswer { record: record.map(KeyRecord::encode), tenant_status };
        self.lookup.current_answered(&mut self.client, Some(answer), at(sent_at), at(now));
    }

    fn current_fails(&mut self, sent_at: i64, now: i64) {
        self.lookup.current_answered(&mut self.client, None, at(sent_at), at(now));
    }

    fn polled(&mut self, poll: &Poll, answer: PollAnswer, now: i64) -> Option<Poll> {
        self.client.poll_answered(poll.ticket, answer, at(now))
    }
}

fn tenant() -> TenantId {
    TenantId::parse("acme").unwrap()
}

fn only_current(needs: &Needs) -> bool {
    needs.read_current
        && needs.read_record.is_none()
        && needs.poll.is_none()
        && needs.part.is_none()
        && !needs.read_kv
        && needs.wait_ms.is_none()
}

#[test]
fn a_known_key_under_a_fresh_view_is_answered_at_once() {
    let mut trial = Trial::warm(vec![], 100);
    trial.client.remember(digest(), active(3), at(50));
    assert_eq!(trial.found(2_000), (3, KeyState::Active, false, Basis::Feed));
    assert_eq!(trial.lookup.waited(), Waited::default());
}

#[test]
fn a_cold_isolate_reads_kv_and_polls_at_the_same_time() {
    let mut trial = Trial::cold(SETTINGS);
    let needs = trial.needs(0);
    assert!(needs.read_kv && !needs.read_current && needs.wait_ms.is_none());
    trial.kv(Ok(Some(active(3))), 0);
    trial.polled(&needs.poll.unwrap(), reset(vec![]), 20);
    assert_eq!(trial.found(20), (3, KeyState::Active, false, Basis::Feed));
    assert_eq!(trial.lookup.waited(), Waited { kv: 1, feed: 1 });
    // The record that it read serves the next request too, although it was read before the view came.
    assert_eq!(trial.then(30).found(30).0, 3);
}

#[test]
fn a_key_that_kv_does_not_have_or_can_t_tell_is_asked_of_the_feed() {
    for read in [Ok(None), Err(())] {
        let mut trial = Trial::warm(vec![], 100);
        assert!(trial.needs(100).read_kv);
        trial.kv(read, 100);
        assert!(only_current(&trial.needs(110)));
        trial.current(Some(&version(1, KeyState::Active)), None, 110, 120);
        assert_eq!(trial.found(120), (1, KeyState::Active, false, Basis::Feed));
    }
}

#[test]
fn a_key_that_neither_has_is_missing_and_remembered_so() {
    let mut trial = Trial::warm(vec![], 100);
    trial.needs(100);
    trial.kv(Ok(None), 100);
    trial.needs(110);
    trial.current(None, None, 110, 120);
    assert_eq!(trial.answer(120), LookupAnswer::Missing);
    assert_eq!(trial.then(130).answer(130), LookupAnswer::Missing);
}

#[test]
fn invariant_2_a_kv_read_begun_before_a_change_cannot_bring_the_old_state_back() {
    for state in [KeyState::Disabled, KeyState::Revoked] {
        let mut trial = Trial::warm(vec![], 100);
        assert!(trial.needs(100).read_kv);
        let poll = trial.client.begin_poll(at(110), None).unwrap();
        trial.polled(&poll, news(2, vec![change(&version(4, state))]), 120);
        trial.kv(Ok(Some(active(3))), 100);
        assert_eq!(trial.found(130), (4, state, false, Basis::Feed));
        assert_eq!(trial.then(140).found(140).1, state, "nor for those who come after");
    }
}

#[test]
fn invariant_2_a_change_holds_for_records_cached_before_and_after_it() {
    let mut trial = Trial::warm(vec![], 100);
    trial.client.remember(digest(), active(3), at(50));
    let poll = trial.client.begin_poll(at(110), None).unwrap();
    trial.polled(&poll, news(2, vec![change(&version(4, KeyState::Disabled))]), 120);
    assert_eq!(trial.found(130).1, KeyState::Disabled);
    trial.client.remember(digest(), active(3), at(140));
    assert_eq!(trial.then(150).found(150).1, KeyState::Disabled);
}

#[test]
fn invariant_2_a_cached_miss_does_not_outlive_the_view() {
    let mut trial = Trial::warm(vec![], 100);
    trial.client.remember_missing(digest(), at(100));
    let poll = trial.client.begin_poll(at(1_000), None).unwrap();
    trial.polled(&poll, news(1, vec![]), 1_010);
    let mut trial = trial.then(2_100);
    assert_eq!(trial.answer(2_100), LookupAnswer::Missing);
    assert!(trial.then(2_101).needs(2_101).read_kv);
}

#[test]
fn invariant_2_a_key_that_came_without_a_log_entry_is_found_once_the_miss_is_too_old() {
    let mut trial = Trial::warm(vec![], 100);
    trial.needs(100);
    trial.kv(Ok(None), 100);
    trial.needs(110);
    trial.current(None, None, 110, 120);
    for sent_at in [1_000, 2_000] {
        let poll = trial.client.begin_poll(at(sent_at), None).unwrap();
        trial.polled(&poll, news(1, vec![]), sent_at);
    }
    let mut trial = trial.then(2_110);
    assert_eq!(trial.answer(2_110), LookupAnswer::Missing);
    let mut trial = trial.then(2_111);
    assert!(trial.needs(2_111).read_kv);
    trial.kv(Ok(None), 2_111);
    assert!(only_current(&trial.needs(2_120)), "a view that is fresh does not make it missing");
    trial.current(Some(&version(1, KeyState::Active)), None, 2_120, 2_130);
    assert_eq!(trial.found(2_130), (1, KeyState::Active, false, Basis::Feed));
}

#[test]
fn invariant_2_a_miss_asked_for_before_a_step_back_is_not_remembered() {
    let mut trial = Trial::of(client_with_view(at(3_600_000), vec![]), true, 3_600_000);
    assert!(only_current(&trial.needs(3_600_000)));
    trial.client.read_clock(at(0));
    let poll = trial.client.begin_poll(at(0), None).unwrap();
    trial.polled(&poll, reset(vec![]), 10);
    trial.current(None, None, 3_600_000, 20);
    assert_eq!(trial.answer(20), LookupAnswer::Missing, "it is true for this request");
    assert!(trial.then(30).needs(30).read_kv, "and for no other");
}

#[test]
fn a_change_that_only_its_record_can_tell_is_read_from_kv_then_from_the_feed() {
    let mut trial = Trial::with_record(3, vec![change(&version(4, KeyState::Active))], 100);
    assert!(trial.needs(100).read_kv);
    trial.kv(Ok(Some(active(4))), 100);
    assert_eq!(trial.found(110).0, 4, "KV has it");
    let mut trial = Trial::with_record(3, vec![change(&version(4, KeyState::Active))], 100);
    trial.needs(100);
    trial.kv(Ok(Some(active(3))), 100);
    assert!(only_current(&trial.needs(110)), "KV lags");
    trial.current(Some(&version(4, KeyState::Active)), None, 110, 120);
    assert_eq!(trial.found(120), (4, KeyState::Active, false, Basis::Feed));
    assert_eq!(trial.then(130).found(130).0, 4, "and it is remembered");
}

#[test]
fn a_change_that_refuses_the_key_needs_no_reading() {
    let expired = KeyRecord { expires_at: Some(at(0)), ..version(4, KeyState::Active) };
    for refused in [expired, version(4, KeyState::Disabled), version(4, KeyState::Revoked)] {
        let mut trial = Trial::with_record(3, vec![change(&refused)], 100);
        let LookupAnswer::Found { record, .. } = trial.answer(100) else { panic!("not found") };
        assert_eq!((record.version, record.state, record.expires_at), (4, refused.state, refused.expires_at));
    }
    // Another reading of the clock may be earlier by 100 ms.
    let expiring = KeyRecord { expires_at: Some(at(1)), ..version(4, KeyState::Active) };
    let mut trial = Trial::with_record(3, vec![change(&expiring)], 100);
    assert!(trial.needs(100).read_kv, "until it is over by any reading, its record has to be known");
}

#[test]
fn a_feed_that_was_put_back_and_lacks_a_change_leaves_its_key_unserved() {
    let mut trial = Trial::of(client_with_view(at(0), vec![change(&version(4, KeyState::Active))]), true, 100);
    assert!(only_current(&trial.needs(100)));
    trial.current(Some(&version(3, KeyState::Active)), None, 100, 110);
    assert!(only_current(&trial.needs(110)), "a change may have overtaken the answer");
    trial.current(Some(&version(3, KeyState::Active)), None, 110, 120);
    assert_eq!(trial.answer(120), LookupAnswer::Unavailable(Unavailable::Storage));
    let mut trial = Trial::of(trial.client, true, 200);
    trial.needs(200);
    trial.current(None, None, 200, 205);
    trial.needs(205);
    trial.current(None, None, 205, 210);
    assert_eq!(trial.answer(210), LookupAnswer::Unavailable(Unavailable::Storage), "it is not missing either");
}

#[test]
fn a_change_that_overtakes_the_feed_s_answer_costs_one_more_question() {
    let mut trial = Trial::of(client_with_view(at(0), vec![]), true, 100);
    assert!(only_current(&trial.needs(100)));
    let poll = trial.client.begin_poll(at(105), None).unwrap();
    trial.polled(&poll, news(2, vec![change(&version(4, KeyState::Active))]), 110);
    trial.current(Some(&version(3, KeyState::Active)), None, 100, 120);
    assert!(only_current(&trial.needs(120)));
    trial.current(Some(&version(4, KeyState::Active)), None, 120, 130);
    assert_eq!(trial.found(130), (4, KeyState::Active, false, Basis::Feed));
}

#[test]
fn invariant_4_a_suspended_tenant_s_keys_are_refused_whichever_way_it_is_known() {
    let mut told_by_log = Trial::with_record(1, vec![change(&version(1, KeyState::Active)), status(1, true)], 0);
    assert!(told_by_log.found(10).2);
    let mut told_by_current = Trial::of(client_with_view(at(0), vec![]), true, 10);
    told_by_current.needs(10);
    told_by_current.current(Some(&version(1, KeyState::Active)), Some(tenant_status(1, true)), 10, 20);
    assert!(told_by_current.found(20).2);
    assert!(told_by_current.then(30).found(30).2, "nor does the next request pass");
}

#[test]
fn invariant_4_a_step_back_does_not_make_a_request_forget_the_suspension_it_was_told_of() {
    let mut trial = Trial::of(client_with_view(at(3_600_000), vec![]), true, 3_600_000);
    trial.needs(3_600_000);
    trial.current(Some(&version(1, KeyState::Active)), Some(tenant_status(1, true)), 3_600_000, 3_600_010);
    assert!(trial.found(0).2);
}

#[test]
fn a_strict_request_reads_current_whatever_is_known() {
    let mut trial = Trial::of(client_with_view(at(0), vec![change(&version(3, KeyState::Active))]), true, 10);
    assert!(only_current(&trial.needs(10)));
    trial.current(Some(&version(4, KeyState::Disabled)), None, 10, 20);
    assert_eq!(trial.found(20), (4, KeyState::Disabled, false, Basis::Feed));
    assert_eq!(trial.then(30).found(30).1, KeyState::Disabled, "nor does the next request pass");
}

#[test]
fn a_strict_request_needs_no_reading_to_refuse_what_is_known_to_be_revoked() {
    let mut trial = Trial::with_record(2, vec![change(&version(3, KeyState::Revoked))], 10);
    trial = Trial::of(trial.client, true, 10);
    assert_eq!(trial.found(10).1, KeyState::Revoked);
}

#[test]
fn in_overflow_each_key_is_asked_for_and_then_the_setting_decides() {
    let mut trial = Trial::cold(Settings { cache_bytes: 100, ..SETTINGS });
    for _ in 0..2 {
        let poll = trial.client.begin_poll(at(0), None).unwrap();
        trial.polled(&poll, reset(vec![change(&version(3, KeyState::Active))]), 0);
    }
    assert!(only_current(&trial.needs(10)));
    trial.current(Some(&version(3, KeyState::Active)), None, 10, 20);
    assert_eq!(trial.found(20).3, Basis::Feed);
    let mut trial = trial.then(30);
    trial.needs(30);
    trial.current_fails(30, 1_030);
    assert!(trial.needs(1_030).read_kv, "KV serves where the setting allows it");
    trial.kv(Ok(Some(active(3))), 1_030);
    assert_eq!(trial.found(1_040).3, Basis::KvOnly);
}

#[test]
fn a_record_for_newer_readers_is_unavailable_and_a_corrupt_one_too() {
    let newer = version(4, KeyState::Active).encode().replace(r#""min_reader":1"#, r#""min_reader":2"#);
    for record in [newer, "{}".into()] {
        let mut trial = Trial::of(client_with_view(at(0), vec![]), true, 10);
        trial.needs(10);
        let answer = CurrentAnswer { record: Some(record), tenant_status: None };
        trial.lookup.current_answered(&mut trial.client, Some(answer), at(10), at(20));
        assert_eq!(trial.answer(20), LookupAnswer::Unavailable(Unavailable::RecordTooNew));
        assert!(!trial.client.is_paused(at(20)), "the feed is not to blame");
        let mut next = Trial::of(trial.client, true, 30);
        next.needs(30);
        next.current(Some(&version(5, KeyState::Active)), None, 30, 40);
        assert_eq!(next.found(40).0, 5, "and what is read later is served");
    }
}
