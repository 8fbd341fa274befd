//! Any JSON as what the feed answers, in any order, early, late or never: nothing
//! panics, and an answer that is read is the same when it is written and read again.
//! Time only makes a view older: nothing but an answer renews it, and then to no later
//! than when its poll was sent. A key is found by the feed on a fresh view alone.
#![no_main]

use keystile_core::{
    KeyDigest, TenantId, Timestamp,
    access::record::KeyState,
    feed::{
        client::{CLOCK_JITTER_MS, FeedClient, Poll, Settings, WhenFeedUnreachable},
        entry::{self, KeyEntry, KeyHash, Part, Place, TenantEntry, TenantHash},
        lookup::{Basis, Lookup, LookupAnswer, Step},
        message::{CurrentAnswer, PollAnswer},
    },
};
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};

/// A record as the feed holds it: of a key in use, of the same one revoked, of one for newer readers, none.
const RECORDS: [&str; 4] = [
    r#"{"v":1,"min_reader":1,"id":"key_4bTzV9cXk07Hq2mN1pRs","version":1,
        "subject":{"api_key":{"tenant":"acme","environment":"live"}},
        "state":"active","name":"","display":"knq_live_7Hq2","scopes":[],"created_at":0}"#,
    r#"{"v":1,"min_reader":1,"id":"key_4bTzV9cXk07Hq2mN1pRs","version":2,
        "subject":{"api_key":{"tenant":"acme","environment":"live"}},
        "state":"revoked","name":"","display":"knq_live_7Hq2","scopes":[],"created_at":0}"#,
    r#"{"v":2,"min_reader":9,"version":3}"#,
    "{}",
];

/// An isolate of the edge: its actions, and the messages that it gets.
struct Isolate {
    client: FeedClient,
    now: Timestamp,
    /// The polls that nobody reported yet, and when each was sent.
    polls: Vec<(Poll, Timestamp)>,
}

impl Isolate {
    fn view_age_ms(&self) -> Option<i64> {
        self.client.view_age_ms(self.now)
    }

    /// Time goes by, and no view gets younger.
    fn wait(&mut self, millis: u16) {
        let before = self.view_age_ms();
        self.now = self.now.plus_millis(millis.into());
        assert_eq!(self.view_age_ms(), before.map(|age| age + i64::from(millis)));
    }

    /// The clock is set back by more than it may jitter, and that voids the view.
    fn set_back(&mut self, millis: u16) {
        self.client.read_clock(self.now);
        self.now = self.now.plus_millis(-CLOCK_JITTER_MS - 1 - i64::from(millis));
        self.client.read_clock(self.now);
        assert_eq!(self.view_age_ms(), None);
    }

    fn send(&mut self, poll: Option<Poll>) {
        self.polls.extend(poll.map(|poll| (poll, self.now)));
    }

    /// One of the polls is answered, or fails if this is no answer.
    fn report(&mut self, which: u16, answer: Value) {
        if self.polls.is_empty() {
            return;
        }
        let (poll, sent_at) = self.polls.swap_remove(usize::from(which) % self.polls.len());
        let before = self.view_age_ms();
        let Some(answer) = PollAnswer::decode(&answer) else {
            self.client.poll_failed(poll.ticket, self.now);
            assert_eq!(self.view_age_ms(), before);
            return;
        };
        let written = serde_json::to_value(&answer).unwrap();
        assert_eq!(PollAnswer::decode(&written).as_ref(), Some(&answer));
        let renewed = self.now.millis_since(sent_at) + i64::from(answer.age_ms);
        let is_whole = !answer.more;
        let next = self.client.poll_answered(poll.ticket, answer, self.now);
        self.send(next);
        let after = self.view_age_ms();
        assert!(after.is_none() || after == before || (is_whole && after == Some(renewed)));
    }

    /// A key is looked up, as far as that goes without KV. If the feed is to be asked
    /// for it, this is its answer.
    fn look_up(&mut self, digest: KeyDigest, answer: &Value, part: &Value) {
        let mut lookup = Lookup::new(digest, false, self.now);
        match lookup.step(&mut self.client, self.now) {
            Step::Answer(LookupAnswer::Found { record, basis: Basis::Feed, .. }) => {
                let is_fresh = self.client.is_fresh(self.now) || self.client.view_is_since(self.now);
                assert!(is_fresh || record.state == KeyState::Revoked);
            }
            Step::Do(needs) => {
                self.send(needs.poll);
                if let Some(call) = needs.part {
                    let part = PollAnswer::decode(part);
                    lookup.part_answered(&mut self.client, &call, part, self.now, self.now);
                    let _ = lookup.step(&mut self.client, self.now);
                }
                if needs.read_current {
                    let answer = CurrentAnswer::decode(answer);
                    lookup.current_answered(&mut self.client, answer, self.now, self.now);
                    let _ = lookup.step(&mut self.client, self.now);
                }
            }
            Step::Answer(_) => {}
        }
    }
}

/// A page of the log with parts, or `any` in its place, or among its entries.
fn page(choice: u16, any: Value) -> Value {
    let bit = |at: u16| choice >> at & 1 == 1;
    if bit(0) {
        return any;
    }
    let (digest, tenant) = (KeyDigest::of("a"), TenantId::parse("acme").unwrap());
    let state = [KeyState::Active, KeyState::Disabled, KeyState::Revoked][usize::from(choice >> 2 & 3) % 3];
    let key = KeyEntry { key: KeyHash::of(&digest), version: u64::from(choice), state, expires_at: None };
    let tenant = TenantEntry { tenant: TenantHash::of("e1", &tenant), version: choice.into(), suspended: bit(1) };
    let keys = if bit(10) { entry::write(&vec![key]) } else { entry::write::<KeyEntry>(&vec![]) };
    let part = Part { bits: u32::from(choice >> 12) * 5, place: key.key.place(), entries: vec![key] };
    let age_ms = [0, 400, 5_000, u32::MAX][usize::from(choice >> 8 & 3)];
    let mut page = json!({
        "epoch": if bit(4) { "e2" } else { "e1" }, "reset": bit(5), "more": bit(6) && bit(7),
        "cursor": u64::from(choice >> 8), "age_ms": age_ms,
        "keys": if bit(11) { any } else { keys.into() }, "tenants": entry::write(&vec![tenant]),
    });
    if bit(3) {
        page["key_part"] = json!(part);
        page["tenant_part"] = json!(Part { bits: 0, place: Place::FIRST, entries: vec![tenant] });
    }
    page
}

fuzz_target!(|data: (bool, bool, Vec<(u8, u16, String)>)| {
    let (denies, relays, steps) = data;
    let when_unreachable = if denies { WhenFeedUnreachable::Deny } else { WhenFeedUnreachable::Kv };
    // So little memory that an overlay outgrows it.
    let settings = Settings { max_staleness_ms: 2_000, when_unreachable, cache_bytes: 180, relays };
    let now = Timestamp::from_millis(1_700_000_000_000);
    let mut isolate = Isolate { client: FeedClient::new(settings), now, polls: Vec::new() };
    for (step, choice, text) in steps {
        let any = serde_json::from_str(&text).unwrap_or(Value::Null);
        match step % 6 {
            0 => isolate.wait(choice),
            1 => isolate.set_back(choice),
            2 => {
                let poll = isolate.client.begin_poll(isolate.now, None);
                isolate.send(poll);
            }
            3 | 4 => isolate.report(choice >> 12, page(choice, any)),
            _ => {
                let record = json!({ "record": RECORDS[usize::from(choice & 3)], "standing": null });
                let answer = if choice >> 2 & 1 == 1 { any } else { record };
                let digest = KeyDigest::of(if choice >> 3 & 1 == 1 { &text } else { "a" });
                isolate.look_up(digest, &answer, &page(choice & !1, Value::Null));
            }
        }
        let age = isolate.view_age_ms();
        assert!(age.is_none_or(|age| age >= 0));
        assert_eq!(isolate.client.is_fresh(isolate.now), age.is_some_and(|age| age <= 2_000));
    }
});
