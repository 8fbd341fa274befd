//! The guarantee of rate limits: no interval of the window's length, wherever it begins, holds more than the limit.
//!
//! A simulation in discrete time, driven by a generated [`Plan`]. Isolates ask one object for grants, admit requests
//! from them, report what they used, give back what is left, and have single requests counted in line. Two keys have a
//! limit each, and one that they share: each isolate serves one of the keys. Messages are
//! delayed, overtake each other, come twice or are lost. Isolates restart and forget their grants; the object restarts
//! from what it stored. Clocks run fast or slow by one part in a hundred, and are set forward or back.
//!
//! Time is the object's, whose clock may stand still or be set back, since the guarantee is about its time. A use is
//! the isolate's reading of the clock by which it was judged. Assumption about isolates' clocks, as for the feed: a step
//! back shows between two readings.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod reports;
mod throughput;
mod whole;

use std::collections::BTreeMap;

use keystile_core::{
    Timestamp,
    base::timestamp::SECOND_MS,
    limits::{
        grant::{Grant, Report},
        grant_log::RateLimit,
        holding::{AskedAt, Holding},
        limiter::{Counted, Granting, Limit, Limiter},
    },
};
use proptest::prelude::*;

/// Milliseconds of true time: a length or an instant.
type Millis = i64;

const ISOLATES: usize = 4;
/// The logs of the keys' own limits. An isolate serves the key with its number modulo two.
const KEYS: [&str; 2] = ["key/a", "key/b"];
const BEGIN: Millis = 1_750_000_000_000;

#[derive(Clone, Debug)]
struct Plan {
    per_key: RateLimit,
    shared: RateLimit,
    lifetime_ms: Millis,
    /// How many ten-thousandths each isolate's clock runs too fast.
    rates: [i64; ISOLATES],
    /// The events, each with the time that passes before it.
    events: Vec<(Millis, Event)>,
}

#[derive(Clone, Debug)]
enum Event {
    /// With `late`, the isolate then uses what it has left so long after the end of the grant's lifetime, or before it.
    /// With `step`, its clock is set meanwhile.
    Ask {
        isolate: usize,
        units: u64,
        late: Option<Millis>,
        step: Option<Millis>,
        there: Way,
        back: Way,
    },
    Use {
        isolate: usize,
        cost: u64,
    },
    InLine {
        isolate: usize,
        cost: u64,
        there: Way,
    },
    Report {
        isolate: usize,
        way: Way,
    },
    GiveBack {
        isolate: usize,
        way: Way,
    },
    Restart {
        isolate: usize,
    },
    RestartObject,
    Step {
        isolate: usize,
        by: Millis,
    },
    StepObjectBack {
        by: Millis,
    },
}

/// The ways of a message and its copies: the time that each takes. A lost message has none.
type Way = Vec<Millis>;

/// A message on its way, and what it does when it arrives.
#[derive(Clone, Debug)]
enum Message {
    Ask {
        isolate: usize,
        life: u32,
        units: u64,
        late: Option<Millis>,
        asking: usize,
        back: Way,
    },
    Granted {
        isolate: usize,
        life: u32,
        grant: Grant,
        asking: usize,
    },
    UseUp {
        isolate: usize,
    },
    Reports {
        isolate: usize,
        reports: Vec<Report>,
    },
    /// With `again`, it is repeated when it is told to, and a moment earlier.
    InLine {
        isolate: usize,
        cost: u64,
        again: bool,
    },
}

struct World {
    plan: Plan,
    now: Millis,
    object: Limiter,
    /// How far the object's clock was set back.
    object_behind: Millis,
    isolates: Vec<Isolate>,
    messages: BTreeMap<(Millis, usize), Message>,
    sent: usize,
    uses: Vec<Use>,
}

/// A use of units at a true time.
#[derive(Clone, Copy, Debug)]
struct Use {
    at: Millis,
    key: usize,
    units: u64,
}

#[derive(Default)]
struct Isolate {
    holding: Holding,
    /// The askings of this life. An answer takes its asking, so a second answer finds none.
    askings: Vec<Option<AskedAt>>,
    stepped: Millis,
    /// The number of restarts. An answer to an earlier life arrives nowhere.
    life: u32,
}

impl World {
    fn new(plan: Plan) -> Self {
        Self {
            plan,
            now: BEGIN,
            object: Limiter::default(),
            object_behind: 0,
            isolates: (0..ISOLATES).map(|_| Isolate::default()).collect(),
            messages: BTreeMap::new(),
            sent: 0,
            uses: Vec::new(),
        }
    }

    fn run(mut self) -> Vec<Use> {
        for (wait, event) in self.plan.events.clone() {
            self.passes(wait);
            self.happens(event);
        }
        self.passes(60 * SECOND_MS);
        self.uses
    }

    fn passes(&mut self, time: Millis) {
        let until = self.now + time;
        while let Some(entry) = self.messages.first_entry().filter(|entry| entry.key().0 <= until) {
            let ((at, _), message) = entry.remove_entry();
            self.now = at;
            self.arrives(message);
        }
        self.now = until;
    }

    fn happens(&mut self, event: Event) {
        match event {
            Event::Ask { isolate, units, late, step, there, back } => {
                let now = self.clock(isolate);
                let Isolate { holding, askings, life, .. } = &mut self.isolates[isolate];
                askings.push(Some(holding.ask(now)));
                let message = Message::Ask { isolate, life: *life, units, late, asking: askings.len() - 1, back };
                self.send(&there, &message);
                if let Some(by) = step {
                    self.step(isolate, by);
                }
            }
            Event::Use { isolate, cost } => self.uses(isolate, cost),
            Event::InLine { isolate, cost, there } => {
                self.send(&there, &Message::InLine { isolate, cost, again: true });
            }
            Event::Report { isolate, way } => {
                let now = self.clock(isolate);
                let reports = self.isolates[isolate].holding.report(now);
                self.send(&way, &Message::Reports { isolate, reports });
            }
            Event::GiveBack { isolate, way } => {
                let reports = self.isolates[isolate].holding.give_back();
                self.send(&way, &Message::Reports { isolate, reports });
            }
            Event::Restart { isolate } => {
                let Isolate { holding, askings, life, .. } = &mut self.isolates[isolate];
                *holding = Holding::default();
                askings.clear();
                *life += 1;
            }
            Event::RestartObject => {
                let stored = serde_json::to_string(&self.object).unwrap();
                self.object = serde_json::from_str(&stored).unwrap();
            }
            Event::Step { isolate, by } => self.step(isolate, by),
            Event::StepObjectBack { by } => self.object_behind += by,
        }
    }

    fn arrives(&mut self, message: Message) {
        let now = Timestamp::from_millis(self.now - self.object_behind);
        let Plan { per_key, shared, lifetime_ms, .. } = self.plan;
        let limits = |isolate: usize| {
            [
                Counted { name: KEYS[isolate % 2], limit: Limit::Rate(per_key) },
                Counted { name: "shared", limit: Limit::Rate(shared) },
            ]
        };
        match message {
            Message::Ask { isolate, life, units, late, asking, ref back } => {
                match self.object.ask(&limits(isolate), 1, units, lifetime_ms, now) {
                    Granting::Granted(grant) => {
                        self.send(back, &Message::Granted { isolate, life, grant, asking });
                        let use_up = late.map(|late| (lifetime_ms + late).max(0));
                        self.send(&use_up.into_iter().collect(), &Message::UseUp { isolate });
                    }
                    Granting::Wait { millis, .. } => self.send(&vec![millis], &message),
                    Granting::Nothing { .. } | Granting::Never { .. } => {}
                }
            }
            Message::UseUp { isolate } => {
                let now = self.clock(isolate);
                let left = self.isolates[isolate].holding.left(now);
                self.uses(isolate, left);
            }
            Message::Granted { isolate, life, grant, asking } => {
                let now = self.clock(isolate);
                let isolate = &mut self.isolates[isolate];
                if isolate.life == life
                    && let Some(asked_at) = isolate.askings[asking].take()
                {
                    isolate.holding.take_over(grant, asked_at, now);
                }
            }
            Message::Reports { isolate, reports } => {
                self.object.note(&limits(isolate), &reports, now);
                self.object.sweep(now);
            }
            Message::InLine { isolate, cost, again } => match self.object.ask(&limits(isolate), cost, cost, 0, now) {
                Granting::Granted(_) => self.uses.push(Use { at: self.now, key: isolate % 2, units: cost }),
                Granting::Wait { millis, .. } if again => {
                    self.send(&vec![millis - 1, millis], &Message::InLine { isolate, cost, again: false });
                }
                Granting::Nothing { .. } | Granting::Wait { .. } | Granting::Never { .. } => {}
            },
        }
    }

    /// An isolate admits a request from its grants, if they have the units.
    fn uses(&mut self, isolate: usize, cost: u64) {
        let now = self.clock(isolate);
        if self.isolates[isolate].holding.take(cost, now) {
            self.uses.push(Use { at: self.now, key: isolate % 2, units: cost });
        }
    }

    /// Sets an isolate's clock, which reads it before and after.
    fn step(&mut self, isolate: usize, by: Millis) {
        let before = self.clock(isolate);
        self.isolates[isolate].holding.left(before);
        self.isolates[isolate].stepped += by;
        let after = self.clock(isolate);
        self.isolates[isolate].holding.left(after);
    }

    fn send(&mut self, way: &Way, message: &Message) {
        for time in way {
            self.sent += 1;
            self.messages.insert((self.now + time, self.sent), message.clone());
        }
    }

    fn clock(&self, isolate: usize) -> Timestamp {
        let passed = self.now - BEGIN;
        let shown = passed + passed * self.plan.rates[isolate] / 10_000 + self.isolates[isolate].stepped;
        Timestamp::from_millis(BEGIN + shown)
    }
}

/// The most units in any interval of the window's length. Such an interval begins with a use.
fn most_in_a_window<'a>(uses: impl Iterator<Item = &'a Use> + Clone, window_ms: Millis) -> u64 {
    let most = uses.clone().map(|begin| {
        let within = uses.clone().filter(|each| (begin.at..begin.at + window_ms).contains(&each.at));
        within.map(|each| each.units).sum()
    });
    most.max().unwrap_or(0)
}

fn plans() -> impl Strategy<Value = Plan> {
    let limit = || {
        (prop_oneof![1..=3_u64, 4..=64_u64, 65..=300_u64], prop_oneof![200..1_000_i64, 1_000..30_000_i64])
            .prop_map(|(limit, window_ms)| RateLimit { limit, window_ms })
    };
    let events = prop::collection::vec((prop_oneof![0..50_i64, 0..1_000_i64], events()), 1..120);
    (limit(), limit(), 300..12_000_i64, prop::array::uniform4(-99..=99_i64), events)
        .prop_map(|(per_key, shared, lifetime_ms, rates, events)| Plan { per_key, shared, lifetime_ms, rates, events })
}

fn events() -> impl Strategy<Value = Event> {
    let isolate = || 0..ISOLATES;
    let way = || {
        prop_oneof![
            3 => Just(vec![0]),
            5 => (0..300_i64).prop_map(|time| vec![time]),
            1 => (0..20_000_i64).prop_map(|time| vec![time]),
            1 => Just(vec![]),
        ]
    };
    // Reports may come twice. An asking that comes twice is two grants, of which one is lost.
    let reports = || prop_oneof![4 => way(), 1 => prop::collection::vec(0..5_000_i64, 2)];
    let units = || prop_oneof![1..10_u64, 1..300_u64];
    let steps = || prop_oneof![-30 * SECOND_MS..-200, 1..3 * SECOND_MS];
    prop_oneof![
        6 => (isolate(), units(), prop::option::of(-300..150_i64), prop::option::weighted(0.2, steps()), way(), way()).prop_map(
            |(isolate, units, late, step, there, back)| Event::Ask { isolate, units, late, step, there, back }
        ),
        12 => (isolate(), units()).prop_map(|(isolate, cost)| Event::Use { isolate, cost }),
        3 => (isolate(), units(), way())
            .prop_map(|(isolate, cost, there)| Event::InLine { isolate, cost, there }),
        3 => (isolate(), reports()).prop_map(|(isolate, way)| Event::Report { isolate, way }),
        2 => (isolate(), reports()).prop_map(|(isolate, way)| Event::GiveBack { isolate, way }),
        1 => isolate().prop_map(|isolate| Event::Restart { isolate }),
        1 => Just(Event::RestartObject),
        1 => (isolate(), steps())
            .prop_map(|(isolate, by)| Event::Step { isolate, by }),
        1 => (1..10 * SECOND_MS).prop_map(|by| Event::StepObjectBack { by }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_interval_of_a_window_s_length_holds_more_than_the_limit(plan in plans()) {
        let Plan { per_key, shared, .. } = plan;
        let uses = World::new(plan).run();
        prop_assert!(most_in_a_window(uses.iter(), shared.window_ms) <= shared.limit, "the shared limit");
        for key in 0..KEYS.len() {
            let of_key = uses.iter().filter(|each| each.key == key);
            prop_assert!(most_in_a_window(of_key, per_key.window_ms) <= per_key.limit, "the key's own limit");
        }
    }
}
