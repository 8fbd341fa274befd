use alloc::{vec, vec::Vec};

use super::*;
use crate::{
    KeyDigest,
    access::record::{KeyState, tests::record},
    feed::{
        entry::{KeyEntry, KeyHash, Place, TenantEntry, TenantHash},
        log::Head,
        mirror::{BOUNDS, Mirror},
    },
};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const M: u32 = 2_000;

/// A feed with entries of these numbers.
struct Feed {
    mirror: Mirror,
    epoch: &'static str,
    source: &'static str,
    head: Head,
    /// The requests that it has answered.
    asked: Vec<FollowRequest>,
}

impl Feed {
    fn new(bounds: Bounds) -> Self {
        Self { mirror: Mirror::new(bounds), epoch: "e", source: "i", head: Head::default(), asked: vec![] }
    }

    fn log(&mut self, number: u64, name: u64) {
        self.mirror.put_key(number, entry(name, number));
        self.head.last = number;
    }

    fn answer(&mut self, request: &FollowRequest) -> FollowAnswer {
        self.asked.push(request.clone());
        self.mirror.follow(request, self.epoch, self.head, self.source)
    }
}

fn key(name: u64) -> KeyHash {
    KeyHash::of(&KeyDigest::of(&alloc::format!("{name}")))
}

fn entry(name: u64, version: u64) -> KeyEntry {
    KeyEntry { key: key(name), version, state: KeyState::Disabled, expires_at: None }
}

/// A poll of an isolate.
fn poll(epoch: Option<&str>, cursor: u64, max_staleness_ms: u32) -> PollRequest {
    PollRequest { epoch: epoch.map(Into::into), cursor, max_staleness_ms, key: None, tenant: None }
}

fn at(relay: &mut Relay, millis: i64) -> Reading {
    relay.read_clock(Timestamp::from_millis(1_000_000 + millis))
}

/// Carries out what is due: sent at `sent`, answered at `back`, all pages.
fn follow(relay: &mut Relay, feed: &mut Feed, sent: i64, back: i64) {
    let sent = at(relay, sent);
    let mut begun = Vec::new();
    while let Some(follow) = relay.begin_follow(sent) {
        begun.push(follow);
    }
    let back = at(relay, back);
    for follow in begun {
        let mut next = Some(follow);
        while let Some(Follow { ticket, request, .. }) = next {
            next = relay.followed(ticket, feed.answer(&request), back);
        }
    }
}

fn ask(relay: &mut Relay, request: &PollRequest, now: i64) -> Reply {
    let now = at(relay, now);
    relay.answer(request, now, now)
}

fn answered(reply: Reply) -> PollAnswer {
    match reply {
        Reply::Answer(answer) => answer,
        other => panic!("no answer: {other:?}"),
    }
}

/// A relay with a view of the time 0, which is asked by isolates with `M`.
fn filled(feed: &mut Feed) -> Relay {
    let mut relay = Relay::new(BOUNDS);
    assert!(matches!(ask(&mut relay, &poll(None, 0, M), 0), Reply::Pass(_)));
    follow(&mut relay, feed, 0, 10);
    relay
}

#[test]
fn invariant_1_an_answer_is_as_old_as_the_view_when_the_request_arrived() {
    let mut feed = Feed::new(BOUNDS);
    feed.log(7, 1);
    let mut relay = filled(&mut feed);
    let answer = answered(ask(&mut relay, &poll(Some("e"), 7, M), 240));
    assert_eq!((answer.age_ms, answer.reset, answer.cursor, answer.keys.len()), (240, false, 7, 0));
    // The age that the parent states adds up, and so does the time that a request waited.
    let request = poll(Some("e"), 7, M);
    let arrived = at(&mut relay, 1_200);
    assert_eq!(relay.answer(&request, arrived, arrived), Reply::Wait, "older than half of what the isolate accepts");
    let due = relay.begin_follow(arrived).unwrap();
    assert_eq!((due.request.cursor, due.request.max_staleness_ms, due.request.max_age_ms), (7, M, M / 4));
    let back = at(&mut relay, 1_250);
    relay.followed(due.ticket, FollowAnswer { age_ms: 300, ..feed.answer(&due.request) }, back);
    let Reply::Answer(answer) = relay.answer(&request, arrived, back) else { panic!("it waited") };
    assert_eq!(answer.age_ms, 300);
    assert_eq!(answered(ask(&mut relay, &request, 1_300)).age_ms, 400);
}

#[test]
fn invariant_1_a_clock_that_steps_makes_nothing_younger() {
    let mut feed = Feed::new(BOUNDS);
    let mut relay = filled(&mut feed);
    let request = poll(Some("e"), 0, M);
    assert_eq!(answered(ask(&mut relay, &request, 240)).age_ms, 240);
    assert_eq!(answered(ask(&mut relay, &request, -3_600_000)).age_ms, 240, "it stands still");
    assert_eq!(answered(ask(&mut relay, &request, -3_599_990)).age_ms, 250);
    // A step forward between the arrival and the poll: the view was 300 ms old then, and still is.
    let arrived = at(&mut relay, -3_598_000);
    assert_eq!(relay.answer(&request, arrived, arrived), Reply::Wait);
    let sent = at(&mut relay, 0);
    let due = relay.begin_follow(sent).unwrap();
    relay.followed(due.ticket, FollowAnswer { age_ms: 300, ..feed.answer(&due.request) }, sent);
    let Reply::Answer(answer) = relay.answer(&request, arrived, sent) else { panic!("it waited") };
    assert_eq!(answer.age_ms, 300);
}

#[test]
fn a_relay_polls_on_demand_and_an_eighth_of_the_staleness_apart() {
    let mut feed = Feed::new(BOUNDS);
    let mut relay = filled(&mut feed);
    feed.asked.clear();
    for millis in (20..2_020).step_by(10) {
        answered(ask(&mut relay, &poll(Some("e"), 0, M), millis));
        follow(&mut relay, &mut feed, millis, millis + 1);
    }
    assert_eq!(feed.asked.len(), 8, "in two seconds");
    // Whoever asks while a poll is under way makes no other one follow it.
    answered(ask(&mut relay, &poll(Some("e"), 0, M), 2_270));
    let sent = at(&mut relay, 2_270);
    let due = relay.begin_follow(sent).unwrap();
    answered(ask(&mut relay, &poll(Some("e"), 0, M), 2_280));
    relay.followed(due.ticket, feed.answer(&due.request), sent);
    answered(ask(&mut relay, &poll(Some("e"), 0, M), 2_290));
    let now = at(&mut relay, 2_290);
    assert_eq!(relay.begin_follow(now), None);
    let now = at(&mut relay, 60_000);
    assert_eq!(relay.begin_follow(now), None, "nobody asks");
    // An isolate that accepts less staleness makes it poll more often.
    assert_eq!(ask(&mut relay, &poll(Some("e"), 0, 1_000), 60_000), Reply::Wait);
    assert_eq!(relay.begin_follow(now).unwrap().request.max_age_ms, 250);
    assert_eq!(relay.begin_follow(now), None, "one at a time");
}

#[test]
fn invariant_5_a_larger_staleness_is_stated_before_an_isolate_with_it_is_answered() {
    let mut feed = Feed::new(BOUNDS);
    let mut relay = filled(&mut feed);
    let larger = poll(Some("e"), 0, 5_000);
    assert_eq!(ask(&mut relay, &larger, 20), Reply::Wait, "the view's poll stated less");
    let now = at(&mut relay, 20);
    let due = relay.begin_follow(now).unwrap();
    assert_eq!(due.request.max_staleness_ms, 5_000);
    let back = at(&mut relay, 30);
    relay.followed(due.ticket, feed.answer(&due.request), back);
    answered(ask(&mut relay, &larger, 40));
    // It is stated for an hour after nobody states it any more.
    for (later, stated) in [(3_600_000, 5_000), (3_700_000, M)] {
        ask(&mut relay, &poll(Some("e"), 0, M), later);
        let now = at(&mut relay, later);
        let due = relay.begin_follow(now).unwrap();
        assert_eq!(due.request.max_staleness_ms, stated);
        relay.followed(due.ticket, feed.answer(&due.request), now);
    }
}

#[test]
fn invariant_5_a_follower_s_staleness_is_stated_too() {
    let mut feed = Feed::new(BOUNDS);
    let mut regional = filled(&mut feed);
    let request = FollowRequest { max_staleness_ms: 5_000, max_age_ms: 500, ..FollowRequest::default() };
    let now = at(&mut regional, 20);
    assert_eq!(regional.answer_follow(&request, now, now), FollowReply::Wait);
    follow(&mut regional, &mut feed, 20, 30);
    assert_eq!(feed.asked.last().unwrap().max_staleness_ms, 5_000);
    let FollowReply::Answer(answer) = regional.answer_follow(&request, now, now) else { panic!("it waits") };
    assert_eq!((answer.reset, answer.age_ms), (true, 0));
}

#[test]
fn a_relay_without_a_copy_passes_two_requests_a_second_and_equal_ones_once() {
    let mut relay = Relay::new(BOUNDS);
    let request = |name| PollRequest { key: Some(key(name).place()), ..poll(None, 0, M) };
    let Reply::Pass(first) = ask(&mut relay, &request(0), 0) else { panic!("it wasn't passed") };
    assert_eq!(ask(&mut relay, &request(0), 1), Reply::Wait, "the same is under way");
    assert!(matches!(ask(&mut relay, &request(1), 2), Reply::Pass(_)));
    assert_eq!(ask(&mut relay, &request(4), 3), Reply::Wait);
    let mut feed = Feed::new(BOUNDS);
    let mut answer = feed.mirror.answer(&request(0), "e", feed.head);
    answer.age_ms = 100;
    relay.passed(first, Some(&answer));
    assert_eq!(answered(ask(&mut relay, &request(0), 30)).age_ms, 130, "as much older as it came later");
    assert!(matches!(ask(&mut relay, &request(5), 1_002), Reply::Pass(_)), "a second later");
    follow(&mut relay, &mut feed, 1_002, 1_010);
    answered(ask(&mut relay, &request(4), 1_020));
}

#[test]
fn a_parent_that_fails_is_left_alone_for_a_moment_and_a_young_view_serves_on() {
    let mut feed = Feed::new(BOUNDS);
    let mut relay = filled(&mut feed);
    let request = poll(Some("e"), 0, M);
    answered(ask(&mut relay, &request, 900));
    let now = at(&mut relay, 900);
    let due = relay.begin_follow(now).unwrap();
    relay.follow_failed(due.ticket);
    answered(ask(&mut relay, &request, 950));
    assert_eq!(ask(&mut relay, &request, 1_010), Reply::Failed);
    assert_eq!(relay.begin_follow(now), None);
    assert_eq!(ask(&mut relay, &request, 900 + PAUSE_MS), Reply::Wait);
    let now = at(&mut relay, 900 + PAUSE_MS);
    let lost = relay.begin_follow(now).unwrap();
    // A poll that nobody reports ends by itself, and counts for nothing when it is reported after all.
    let later = at(&mut relay, 900 + PAUSE_MS + FOLLOW_TIMEOUT_MS + GRACE_MS);
    assert_eq!(ask(&mut relay, &request, 900 + PAUSE_MS + FOLLOW_TIMEOUT_MS + GRACE_MS), Reply::Wait);
    assert!(relay.begin_follow(later).is_some());
    relay.followed(lost.ticket, feed.answer(&lost.request), later);
    assert_eq!(ask(&mut relay, &request, 900 + PAUSE_MS + FOLLOW_TIMEOUT_MS + GRACE_MS), Reply::Wait);
}

#[test]
fn cursors_that_the_relay_does_not_know_are_shown_to_the_feed() {
    let mut feed = Feed::new(BOUNDS);
    (1..=3).for_each(|number| feed.log(number * 10, number));
    let mut relay = filled(&mut feed);
    feed.log(40, 1);
    for (cursor, keys) in [(10, 2), (25, 1), (99, 0)] {
        let answer = answered(ask(&mut relay, &poll(Some("e"), cursor, M), 20));
        assert_eq!((answer.reset, answer.keys.len()), (false, keys), "each of them has all up to its cursor");
    }
    ask(&mut relay, &poll(Some("e"), 30, M), 300);
    follow(&mut relay, &mut feed, 300, 310);
    assert_eq!(feed.asked.last().unwrap().seen, [25, 99], "10 was a number, though it is in the log no more");
    ask(&mut relay, &poll(Some("e"), 25, M), 600);
    follow(&mut relay, &mut feed, 600, 610);
    assert!(feed.asked.last().unwrap().seen.is_empty(), "the feed has seen it");
    // A regional relay passes on what its followers show.
    let mut regional = filled(&mut feed);
    let request = FollowRequest {
        epoch: Some("e".into()),
        cursor: 77,
        max_staleness_ms: M,
        max_age_ms: 500,
        seen: vec![40, 88],
        ..FollowRequest::default()
    };
    let now = at(&mut regional, 300);
    assert!(matches!(regional.answer_follow(&request, now, now), FollowReply::Answer(_)));
    follow(&mut regional, &mut feed, 300, 310);
    assert_eq!(feed.asked.last().unwrap().seen, [77, 88]);
}

#[test]
fn an_isolate_ahead_gets_a_part_only_once_the_relay_has_caught_up() {
    let mut feed = Feed::new(BOUNDS);
    feed.log(10, 1);
    let mut relay = filled(&mut feed);
    feed.log(20, 2);
    let request = PollRequest { key: Some(key(2).place()), ..poll(Some("e"), 20, M) };
    assert_eq!(ask(&mut relay, &request, 20), Reply::Wait);
    follow(&mut relay, &mut feed, 20, 30);
    let now = at(&mut relay, 30);
    let arrived = at(&mut relay, 20);
    let answer = answered(relay.answer(&request, arrived, now));
    assert_eq!((answer.cursor, answer.key_part.unwrap().entries.len()), (20, 2));
}

#[test]
fn another_epoch_is_answered_once_the_parent_was_asked_and_a_former_one_at_once() {
    let mut feed = Feed::new(BOUNDS);
    let mut relay = filled(&mut feed);
    let request = poll(Some("e2"), 5, M);
    assert_eq!(ask(&mut relay, &request, 20), Reply::Wait);
    (feed.epoch, feed.source) = ("e2", "i2");
    feed.log(5, 1);
    follow(&mut relay, &mut feed, 20, 30);
    let answer = answered(ask(&mut relay, &request, 40));
    assert_eq!((answer.reset, answer.epoch.as_str()), (false, "e2"));
    let answer = answered(ask(&mut relay, &poll(Some("e"), 3, M), 50));
    assert_eq!((answer.reset, answer.epoch.as_str()), (true, "e2"));
    // A parent that may be behind itself is asked for the present.
    assert_eq!(ask(&mut relay, &poll(Some("e3"), 3, M), 60), Reply::Wait);
    let now = at(&mut relay, 60);
    let due = relay.begin_follow(now).unwrap();
    assert_eq!(due.request.max_age_ms, 0);
    relay.followed(due.ticket, FollowAnswer { age_ms: 1, ..feed.answer(&due.request) }, now);
    assert_eq!(ask(&mut relay, &poll(Some("e3"), 3, M), 60), Reply::Wait);
    follow(&mut relay, &mut feed, 61, 62);
    let arrived = at(&mut relay, 62);
    assert_eq!(relay.answer(&poll(Some("e3"), 3, M), arrived, arrived), Reply::Wait, "it arrived after that was sent");
}

#[test]
fn a_copy_is_filled_page_by_page_and_has_every_entry_and_suspension() {
    let bounds = Bounds { relay_page: 2, ..BOUNDS };
    let mut feed = Feed::new(bounds);
    let tenant =
        |name| TenantEntry { tenant: TenantHash::at(Place::FIRST.bounds(name).1), version: 1, suspended: true };
    feed.mirror.put_suspension(tenant(60));
    (1..=5).for_each(|number| feed.log(number, number));
    feed.mirror.put_tenant(6, tenant(61));
    feed.head.last = 6;
    let mut relay = Relay::new(bounds);
    ask(&mut relay, &poll(None, 0, M), 0);
    let now = at(&mut relay, 0);
    let mut next = relay.begin_follow(now);
    let mut pages = 0;
    while let Some(Follow { ticket, request, .. }) = next {
        pages += 1;
        next = relay.followed(ticket, feed.answer(&request), now);
        // Meanwhile the entry with a suspension is trimmed, another key changes, and one moves behind.
        if pages == 2 {
            feed.mirror.trim(6);
            feed.head.floor = 6;
            feed.log(7, 1);
            feed.log(8, 9);
        }
    }
    assert_eq!(pages, 4);
    let answer = answered(ask(&mut relay, &poll(None, 0, M), 1));
    assert_eq!(answer.key_part.unwrap().entries.len(), 6);
    assert_eq!(answer.tenant_part.unwrap().entries.len(), 2);
    assert!(answered(ask(&mut relay, &poll(Some("e"), 5, M), 2)).reset, "it may lack what was trimmed meanwhile");
}

#[test]
fn invariant_1_a_last_page_from_before_an_earlier_page_makes_no_view() {
    let mut feed = Feed::new(BOUNDS);
    let mut relay = filled(&mut feed);
    feed.log(10, 1);
    ask(&mut relay, &poll(Some("e"), 0, M), 300);
    let sent = at(&mut relay, 300);
    let first = relay.begin_follow(sent).unwrap();
    let page = FollowAnswer { more: true, ..feed.answer(&first.request) };
    let second = relay.followed(first.ticket, page, sent).unwrap();
    // Another parent, which is behind, has nothing after the first page.
    relay.followed(second.ticket, FollowAnswer { age_ms: 100, ..feed.answer(&second.request) }, sent);
    assert_eq!(answered(ask(&mut relay, &poll(Some("e"), 0, M), 310)).age_ms, 310, "the view of before");
    follow(&mut relay, &mut feed, 310, 320);
    assert_eq!(answered(ask(&mut relay, &poll(Some("e"), 0, M), 330)).age_ms, 20);
}

#[test]
fn a_copy_of_one_relay_is_not_filled_on_by_another() {
    let mut feed = Feed::new(BOUNDS);
    feed.log(1, 1);
    let ask = |name: &str, feed: &mut Feed, fills_from| {
        let mut regional = filled(feed).named(name.into());
        let request = FollowRequest {
            epoch: Some("e".into()),
            cursor: 1,
            fills_from,
            max_staleness_ms: M,
            max_age_ms: 500,
            ..FollowRequest::default()
        };
        let now = at(&mut regional, 20);
        match regional.answer_follow(&request, now, now) {
            FollowReply::Answer(answer) => answer,
            other => panic!("no answer: {other:?}"),
        }
    };
    let source = ask("a", &mut feed, None).source;
    assert!(!ask("a", &mut feed, Some(source.clone())).reset);
    assert!(ask("b", &mut feed, Some(source)).reset);
}

#[test]
fn a_copy_that_is_filled_from_another_state_begins_anew() {
    let bounds = Bounds { relay_page: 1, ..BOUNDS };
    let mut feed = Feed::new(bounds);
    feed.log(2, 2);
    feed.log(3, 1);
    let mut relay = Relay::new(bounds);
    ask(&mut relay, &poll(None, 0, M), 0);
    let now = at(&mut relay, 0);
    let first = relay.begin_follow(now).unwrap();
    let second = relay.followed(first.ticket, feed.answer(&first.request), now).unwrap();
    assert_eq!((second.request.cursor, second.request.fills_from.as_deref()), (2, Some("i")));
    // The feed is put back to before the key moved behind: the second page of that state lacks it.
    let mut earlier = Feed { source: "i2", ..Feed::new(bounds) };
    earlier.log(1, 1);
    earlier.log(2, 2);
    let answer = earlier.answer(&second.request);
    assert!(answer.reset);
    let mut next = relay.followed(second.ticket, answer, now);
    while let Some(Follow { ticket, request, .. }) = next {
        next = relay.followed(ticket, earlier.answer(&request), now);
    }
    let answer = answered(ask(&mut relay, &poll(None, 0, M), 1));
    assert_eq!((answer.key_part.unwrap().entries.len(), answer.cursor), (2, 2));
}

#[test]
fn a_copy_is_filled_anew_while_the_old_one_answers() {
    for many in [false, true] {
        let mut feed = Feed::new(BOUNDS);
        feed.log(1, 1);
        let mut relay = filled(&mut feed);
        feed.mirror.trim(1);
        feed.head = Head { floor: 1, last: 1 };
        (2..if many { 1_100 } else { 2 }).for_each(|number| feed.log(number, number));
        let later = if many { 500 } else { FILL_AGAIN_MS };
        ask(&mut relay, &poll(Some("e"), 1, M), later);
        follow(&mut relay, &mut feed, later, later + 1);
        // Of many entries all but one are trimmed.
        (2..1_100).for_each(|number| feed.mirror.trim(number));
        let last = feed.head.last;
        feed.head.floor = last;
        feed.log(2_000, 2_000);
        for millis in [500, 1_000] {
            ask(&mut relay, &poll(Some("e"), last, M), later + millis);
            let now = at(&mut relay, later + millis);
            let mut due = Vec::new();
            while let Some(follow) = relay.begin_follow(now) {
                due.push(follow);
            }
            for Follow { ticket, request, .. } in due {
                let answer = answered(ask(&mut relay, &poll(Some("e"), last, M), later + millis + 1));
                assert!(!answer.reset, "it answers all the time");
                relay.followed(ticket, feed.answer(&request), now);
            }
        }
        let answer = answered(ask(&mut relay, &poll(None, 0, M), later + 1_010));
        assert_eq!(answer.key_part.unwrap().entries, [entry(2_000, 2_000)], "what was trimmed is gone");
        assert!(answered(ask(&mut relay, &poll(Some("e"), 1, M), later + 1_010)).reset || !many);
    }
}

#[test]
fn a_reset_begins_a_copy_anew_and_resets_its_isolates() {
    let mut feed = Feed::new(BOUNDS);
    feed.log(10, 1);
    let mut relay = filled(&mut feed);
    // A day without a request, in which the log was trimmed beyond the relay's cursor.
    feed.mirror.trim(10);
    feed.log(30, 3);
    feed.head.floor = 20;
    let day = 86_400_000;
    assert_eq!(ask(&mut relay, &poll(Some("e"), 10, M), day), Reply::Wait);
    follow(&mut relay, &mut feed, day, day + 10);
    let answer = answered(ask(&mut relay, &poll(Some("e"), 10, M), day + 20));
    assert_eq!((answer.reset, answer.cursor, answer.key_part.unwrap().entries), (true, 30, vec![entry(3, 30)]));
}

#[test]
fn a_relay_that_knows_more_than_a_feed_that_was_put_back_keeps_it() {
    let mut feed = Feed::new(BOUNDS);
    feed.log(10, 1);
    let revoked = KeyEntry { state: KeyState::Revoked, ..entry(2, 20) };
    feed.mirror.put_key(20, revoked);
    feed.head.last = 20;
    let mut relay = filled(&mut feed);
    let mut earlier = Feed { source: "i2", ..Feed::new(BOUNDS) };
    earlier.log(10, 1);
    earlier.log(30, 2);
    ask(&mut relay, &poll(Some("e"), 20, M), 300);
    follow(&mut relay, &mut earlier, 300, 310);
    let answer = answered(ask(&mut relay, &poll(Some("e"), 20, M), 320));
    assert_eq!((answer.cursor, answer.keys), (30, vec![revoked]));
}

#[test]
fn a_record_is_asked_for_once_and_shared() {
    let mut relay = Relay::new(BOUNDS);
    let now = at(&mut relay, 0);
    let text = |version| crate::KeyRecord { version, ..record() }.encode();
    let request = |version| RecordRequest { digest: KeyDigest::of("key"), version };
    let shared = |version| RecordReply::Answer(RecordAnswer { record: Some(text(version)) });
    assert_eq!(relay.record(&request(4), now), RecordReply::Ask);
    assert_eq!(relay.record(&request(4), now), RecordReply::Wait);
    relay.record_answered(&request(4), Some(RecordAnswer { record: Some(text(4)) }), now);
    assert_eq!((relay.record(&request(4), now), relay.record(&request(3), now)), (shared(4), shared(4)));
    // A later version is another record. What the parent has may be older, and says nothing then.
    assert_eq!(relay.record(&request(5), now), RecordReply::Ask);
    relay.record_answered(&request(5), Some(RecordAnswer { record: Some(text(4)) }), now);
    let not_here = RecordReply::Answer(RecordAnswer { record: None });
    assert_eq!(relay.record(&request(5), now), not_here);
    let later = at(&mut relay, 1_000);
    assert_eq!(relay.record(&request(5), later), RecordReply::Ask);
    relay.record_answered(&request(5), None, later);
    assert_eq!(relay.record(&request(5), later), RecordReply::Ask, "a call that failed says nothing");
}
