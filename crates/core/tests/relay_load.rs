//! The load that relays leave to the feed: 100,000 busy isolates behind 330 local relays and 28 regional ones.
//!
//! Nothing fails here; the simulation of the bound lets everything fail. The relays are the real `Relay`. An isolate is
//! a model: it polls when its view is as old as the real settings say, and its answers come from its relay. Distances
//! are those of the world: a few milliseconds to the local relay, tens to the regional one, up to 150 one way to the
//! feed. A relay's worker takes no time.
//!
//! `cargo test -p keystile-core --test relay_load -- --nocapture` prints the table of `docs/design/relays.md`.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use std::{
    cmp::{Ordering, Reverse},
    collections::{BTreeMap, BinaryHeap},
};

use keystile_core::{
    KeyDigest, Timestamp,
    access::record::KeyState,
    feed::{
        client::{Settings, WhenFeedUnreachable},
        entry::{KeyEntry, KeyHash},
        follow::{FollowAnswer, FollowRequest, RecordAnswer, RecordRequest},
        log::Head,
        message::{PollAnswer, PollRequest},
        mirror::{BOUNDS, Bounds, Mirror},
        relay::{Follow, FollowReply, PassTicket, Reading, RecordReply, Relay, Reply, Ticket},
    },
};

type Millis = i64;

const ISOLATES: usize = 100_000;
const REGIONALS: usize = 28;
const LOCALS: usize = 330;
const SETTINGS: Settings = Settings {
    max_staleness_ms: 2_000,
    when_unreachable: WhenFeedUnreachable::Kv,
    cache_bytes: 33_554_432,
    relays: true,
};
/// Pages of a fifth of the log, as those of a log of 100,000 entries are.
const FILL: Bounds = Bounds { relay_page: 600, ..BOUNDS };
const ENTRIES: u64 = 3_000;
const EPOCH: &str = "e";
/// The number of the change that only its record tells, which is its version, too.
const POPULAR: u64 = 1_000_000;

#[test]
fn the_feed_bears_100_000_busy_isolates() {
    println!(
        "| what happens | at the feed | at the busiest regional relay | at the busiest local relay | age of a view when it comes |"
    );
    println!("|---|---|---|---|---|");
    let mut world = World::new(0);
    world.begin_all(0, 2_000);
    world.run_until(3_000);
    world.measured(3_000);
    world.run_until(6_000);
    let steady = world.report("all are warm");
    assert!(steady.feed < 150 && steady.stale == 0);

    world.measured(world.now);
    world.log(POPULAR, POPULAR);
    world.run_until(world.now + 2_000);
    let change = world.report("a change of a key that all use, and that KV doesn't have yet");
    assert!(change.feed < 250 && change.stale == 0);
    assert_eq!(world.isolates.iter().filter(|isolate| isolate.has_record).count(), ISOLATES);
    assert!(world.records_at_feed <= REGIONALS as u64, "{} records", world.records_at_feed);

    world.measured(world.now);
    for number in 0..333 {
        world.at(world.now + number * 6, Event::Logs(2 * POPULAR + number as u64));
    }
    world.run_until(world.now + 2_000);
    let revocations = world.report("10,000 revocations a minute");
    assert!(revocations.feed < 250 && revocations.stale == 0);

    let mut world = World::new(ENTRIES);
    world.begin_all(0, 60_000);
    world.measured(0);
    world.run_until(6_000);
    let cold = world.report("all isolates and relays are cold, and begin within a minute");
    assert!(cold.feed < 250);
    let (late, polls) = (world.unanswered(), world.ages.len() as u64);
    println!("Of {polls} polls of cold isolates {late} took longer than their timeout.");
    assert!(late < polls / 200);
}

/// An isolate that always has requests, so that it polls when it may.
#[derive(Default)]
struct Isolate {
    local: usize,
    epoch: Option<String>,
    cursor: u64,
    view: Option<Millis>,
    sent_at: Option<Millis>,
    has_record: bool,
}

struct Node {
    relay: Relay,
    /// Its place in the rank of those that it asks; the feed if it is regional.
    parent: Option<usize>,
    waiting: Vec<(Question, Caller, Reading)>,
}

#[derive(Clone)]
enum Question {
    Poll(PollRequest),
    Follow(FollowRequest),
    Record(RecordRequest),
}

enum Answer {
    Poll(PollAnswer),
    Follow(FollowAnswer),
    Record(RecordAnswer),
}

enum Caller {
    Isolate(usize),
    Follow(usize, Ticket),
    Pass(usize, PassTicket, Box<Caller>),
    Share(usize, RecordRequest, Box<Caller>),
}

enum Event {
    /// An isolate polls, if it is due.
    Polls(usize),
    /// A call arrives at a relay, or at the feed.
    Arrives(Option<usize>, Question, Caller),
    Returns(Caller, Answer),
    /// A key is revoked.
    Logs(u64),
}

struct Entry(Millis, u64, Event);

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Entry {}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.0, self.1).cmp(&(other.0, other.1))
    }
}

struct World {
    now: Millis,
    isolates: Vec<Isolate>,
    /// The regional relays, then the local ones.
    nodes: Vec<Node>,
    mirror: Mirror,
    head: Head,
    agenda: BinaryHeap<Reverse<Entry>>,
    events: u64,
    random: u64,
    measured_from: Millis,
    /// The calls in each second: of the feed, and of each relay.
    at_feed: BTreeMap<Millis, u64>,
    at_nodes: Vec<BTreeMap<Millis, u64>>,
    records_at_feed: u64,
    ages: Vec<Millis>,
    /// The views that were too old before the next one came.
    stale: u64,
    late: u64,
}

struct Report {
    feed: u64,
    stale: u64,
}

impl World {
    fn new(entries: u64) -> Self {
        let node = |place: usize| Node {
            relay: Relay::new(FILL),
            parent: (place >= REGIONALS).then_some(place % REGIONALS),
            waiting: Vec::new(),
        };
        let mut world = Self {
            now: 0,
            isolates: Vec::new(),
            nodes: (0..REGIONALS + LOCALS).map(node).collect(),
            mirror: Mirror::new(FILL),
            head: Head::default(),
            agenda: BinaryHeap::new(),
            events: 0,
            random: 1,
            measured_from: 0,
            at_feed: BTreeMap::new(),
            at_nodes: vec![BTreeMap::new(); REGIONALS + LOCALS],
            records_at_feed: 0,
            ages: Vec::new(),
            stale: 0,
            late: 0,
        };
        (1..=entries).for_each(|number| world.log(number, 1));
        // Some locations have twice as many isolates as others.
        world.isolates = (0..ISOLATES)
            .map(|_| Isolate {
                local: REGIONALS + world.below(LOCALS as u64 * 3 / 2) as usize % LOCALS,
                ..Isolate::default()
            })
            .collect();
        world
    }

    fn below(&mut self, end: u64) -> u64 {
        self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.random >> 33) % end
    }

    fn at(&mut self, at: Millis, event: Event) {
        self.events += 1;
        self.agenda.push(Reverse(Entry(at, self.events, event)));
    }

    /// All isolates begin within a time.
    fn begin_all(&mut self, from: Millis, within: u64) {
        for isolate in 0..ISOLATES {
            let at = from + self.below(within) as Millis;
            self.at(at, Event::Polls(isolate));
        }
    }

    fn run_until(&mut self, end: Millis) {
        while self.agenda.peek().is_some_and(|Reverse(next)| next.0 <= end) {
            let Some(Reverse(Entry(at, _, event))) = self.agenda.pop() else { return };
            self.now = at;
            self.work(event);
        }
        self.now = end;
    }

    fn log(&mut self, number: u64, version: u64) {
        let key = KeyHash::of(&KeyDigest::of(&number.to_string()));
        let state = if number == POPULAR { KeyState::Active } else { KeyState::Revoked };
        self.mirror.put_key(number, KeyEntry { key, version, state, expires_at: None });
        self.head.last = number;
    }

    fn work(&mut self, event: Event) {
        match event {
            Event::Polls(isolate) => self.poll(isolate),
            Event::Arrives(None, question, caller) => self.at_feed(question, caller),
            Event::Arrives(Some(node), question, caller) => {
                *self.at_nodes[node].entry(self.now / 1_000).or_default() += 1;
                let arrived_at = self.nodes[node].relay.read_clock(Timestamp::from_millis(self.now));
                self.serve(node, question, caller, arrived_at);
            }
            Event::Returns(caller, answer) => self.returns(caller, answer),
            Event::Logs(number) => self.log(number, 2),
        }
    }

    fn poll(&mut self, place: usize) {
        let now = self.now;
        let isolate = &mut self.isolates[place];
        isolate.sent_at = Some(now);
        let request = PollRequest {
            epoch: isolate.epoch.clone(),
            cursor: isolate.cursor,
            max_staleness_ms: SETTINGS.max_staleness_ms,
            key: isolate.epoch.is_none().then(|| KeyHash::of(&KeyDigest::of(&place.to_string())).place()),
            tenant: None,
        };
        self.call(Some(self.isolates[place].local), Question::Poll(request), Caller::Isolate(place));
    }

    /// The time of a message between two participants.
    fn distance(&mut self, caller: &Caller) -> Millis {
        let far = match caller {
            Caller::Isolate(_) => return 2 + self.below(6) as Millis,
            Caller::Follow(node, _) | Caller::Pass(node, ..) | Caller::Share(node, ..) => *node < REGIONALS,
        };
        if far { 20 + self.below(130) as Millis } else { 10 + self.below(30) as Millis }
    }

    fn call(&mut self, to: Option<usize>, question: Question, caller: Caller) {
        let at = self.now + self.distance(&caller);
        self.at(at, Event::Arrives(to, question, caller));
    }

    fn reply(&mut self, caller: Caller, answer: Answer) {
        let at = self.now + self.distance(&caller);
        self.at(at, Event::Returns(caller, answer));
    }

    fn at_feed(&mut self, question: Question, caller: Caller) {
        *self.at_feed.entry(self.now / 1_000).or_default() += 1;
        let answer = match question {
            Question::Poll(request) => Answer::Poll(self.mirror.answer(&request, EPOCH, self.head)),
            Question::Follow(request) => Answer::Follow(self.mirror.follow(&request, EPOCH, self.head, "i")),
            Question::Record(request) => {
                self.records_at_feed += 1;
                let record = format!(r#"{{"v":1,"min_reader":99,"version":{}}}"#, request.version);
                Answer::Record(RecordAnswer { record: Some(record) })
            }
        };
        self.reply(caller, answer);
    }

    fn serve(&mut self, place: usize, question: Question, caller: Caller, arrived_at: Reading) {
        let node = &mut self.nodes[place];
        let now = node.relay.read_clock(Timestamp::from_millis(self.now));
        let parent = node.parent;
        match &question {
            Question::Poll(request) => match node.relay.answer(request, arrived_at, now) {
                Reply::Answer(answer) => self.reply(caller, Answer::Poll(answer)),
                Reply::Wait => node.waiting.push((question, caller, arrived_at)),
                Reply::Pass(ticket) => {
                    self.call(parent, question, Caller::Pass(place, ticket, Box::new(caller)));
                }
                Reply::Failed => panic!("nothing fails here"),
            },
            Question::Follow(request) => match node.relay.answer_follow(request, arrived_at, now) {
                FollowReply::Answer(answer) => self.reply(caller, Answer::Follow(answer)),
                FollowReply::Wait => node.waiting.push((question, caller, arrived_at)),
                FollowReply::Failed => panic!("nothing fails here"),
            },
            Question::Record(request) => match node.relay.record(request, now) {
                RecordReply::Answer(answer) => self.reply(caller, Answer::Record(answer)),
                RecordReply::Wait => node.waiting.push((question, caller, arrived_at)),
                RecordReply::Ask => {
                    let share = Caller::Share(place, *request, Box::new(caller));
                    self.call(parent, question, share);
                }
            },
        }
        while let Some(follow) = self.nodes[place].relay.begin_follow(now) {
            self.follow(place, follow);
        }
    }

    fn follow(&mut self, place: usize, follow: Follow) {
        let parent = self.nodes[place].parent;
        self.call(parent, Question::Follow(follow.request), Caller::Follow(place, follow.ticket));
    }

    fn wake(&mut self, place: usize) {
        for (question, caller, arrived_at) in std::mem::take(&mut self.nodes[place].waiting) {
            self.serve(place, question, caller, arrived_at);
        }
    }

    fn returns(&mut self, caller: Caller, answer: Answer) {
        match (caller, answer) {
            (Caller::Isolate(isolate), Answer::Poll(answer)) => self.polled(isolate, answer),
            (Caller::Isolate(isolate), Answer::Record(_)) => self.isolates[isolate].has_record = true,
            (Caller::Follow(node, ticket), Answer::Follow(answer)) => {
                let now = self.nodes[node].relay.read_clock(Timestamp::from_millis(self.now));
                if let Some(follow) = self.nodes[node].relay.followed(ticket, answer, now) {
                    self.follow(node, follow);
                }
                self.wake(node);
            }
            (Caller::Pass(node, ticket, caller), Answer::Poll(answer)) => {
                self.nodes[node].relay.passed(ticket, Some(&answer));
                self.reply(*caller, Answer::Poll(answer));
                self.wake(node);
            }
            (Caller::Share(node, request, caller), Answer::Record(answer)) => {
                let now = self.nodes[node].relay.read_clock(Timestamp::from_millis(self.now));
                self.nodes[node].relay.record_answered(&request, Some(answer.clone()), now);
                self.reply(*caller, Answer::Record(answer));
                self.wake(node);
            }
            _ => panic!("the answer to another question"),
        }
    }

    fn polled(&mut self, place: usize, answer: PollAnswer) {
        let (now, max) = (self.now, Millis::from(SETTINGS.max_staleness_ms));
        let isolate = &mut self.isolates[place];
        let Some(sent_at) = isolate.sent_at.take() else { return };
        let age = now - sent_at + Millis::from(answer.age_ms);
        if now >= self.measured_from {
            self.ages.push(age);
            self.stale += u64::from(isolate.view.is_some_and(|view| now - view > max));
            self.late += u64::from(now - sent_at > SETTINGS.timeout_ms());
        }
        isolate.cursor = isolate.cursor.max(answer.cursor);
        isolate.epoch = Some(answer.epoch);
        let view = now - age;
        isolate.view = Some(isolate.view.map_or(view, |known| known.max(view)));
        let after = SETTINGS.refresh_after_ms(Timestamp::from_millis(sent_at));
        let due = isolate.view.map_or(now, |view| view + after);
        let heard = answer.keys.iter().any(|entry| entry.version == POPULAR);
        if heard && !isolate.has_record {
            let request = RecordRequest { digest: KeyDigest::of(&POPULAR.to_string()), version: POPULAR };
            self.call(Some(self.isolates[place].local), Question::Record(request), Caller::Isolate(place));
        }
        // The next request after it is due comes some milliseconds later.
        let at = if answer.more { now } else { due.max(now) + self.below(10) as Millis };
        self.at(at, Event::Polls(place));
    }

    fn measured(&mut self, from: Millis) {
        self.measured_from = from;
        self.at_feed.clear();
        self.at_nodes.iter_mut().for_each(BTreeMap::clear);
        self.ages.clear();
        (self.stale, self.late) = (0, 0);
    }

    /// The polls that an isolate gave up, or would have by now.
    fn unanswered(&self) -> u64 {
        let waits = |isolate: &&Isolate| isolate.sent_at.is_some_and(|at| self.now - at > SETTINGS.timeout_ms());
        self.late + self.isolates.iter().filter(waits).count() as u64
    }

    fn report(&mut self, what: &str) -> Report {
        let busiest = |calls: &BTreeMap<Millis, u64>| calls.values().copied().max().unwrap_or(0);
        let of = |nodes: &[BTreeMap<Millis, u64>]| nodes.iter().map(busiest).max().unwrap_or(0);
        let feed = busiest(&self.at_feed);
        let (regional, local) = self.at_nodes.split_at(REGIONALS);
        self.ages.sort_unstable();
        let age = |share: usize| self.ages.get(self.ages.len().saturating_sub(1) * share / 100).copied().unwrap_or(0);
        let (median, most) = (age(50), age(99));
        println!("| {what} | {feed} | {} | {} | {median} ms, 99 of 100 below {most} ms |", of(regional), of(local));
        Report { feed, stale: self.stale }
    }
}
