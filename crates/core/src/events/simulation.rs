//! A receiver that is down for an hour while many keys change: it gets each event, and the events of a key in order.
//! Time is simulated; the steps are those of [`attempt`](super::attempt).

use alloc::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    vec::Vec,
};

use proptest::prelude::*;

use super::{
    attempt::{AT_ONCE, AttemptOutcome, Next, next},
    health::Health,
};
use crate::base::timestamp::{HOUR_MS, Timestamp};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const START: Timestamp = Timestamp::from_millis(1_750_000_000_000);

/// The events of one key that wait, the next one first, and the state of that one.
#[derive(Default)]
struct Lane {
    events: VecDeque<u32>,
    attempts: u32,
    due_at: Option<Timestamp>,
}

/// Sends the events, each of a key, to a receiver that is down for an hour, and of whose answers some get lost. Returns
/// the events as they were received.
fn received(keys: &[u8], answers_lost: &[bool], random: u32) -> Vec<u32> {
    let mut lanes: BTreeMap<u8, Lane> = BTreeMap::new();
    for (event, key) in (0..).zip(keys) {
        let lane = lanes.entry(*key).or_default();
        lane.events.push_back(event);
        lane.due_at.get_or_insert(START);
    }
    let (mut now, mut received, mut lost) = (START, Vec::new(), answers_lost.iter().copied().cycle());
    let mut health = Health::default();
    while let Some(earliest) = lanes.values().filter_map(|lane| lane.due_at).min() {
        now = now.max(earliest);
        let due = lanes.values_mut().filter(|lane| lane.due_at.is_some_and(|at| at <= now));
        for lane in due.take(AT_ONCE) {
            let Some(event) = lane.events.front().copied() else { continue };
            let up = now.millis_since(START) >= HOUR_MS;
            if up {
                received.push(event);
            }
            let answered = up && !lost.next().unwrap_or_default();
            let outcome = if answered { AttemptOutcome::Delivered } else { AttemptOutcome::Timeout };
            assert!(!health.note(outcome, now), "an hour disables no endpoint");
            lane.attempts += 1;
            lane.due_at = match next(outcome, lane.attempts, now, None, random) {
                Next::Retry(at) => Some(at),
                Next::Done | Next::GiveUp => {
                    lane.events.pop_front();
                    lane.attempts = 0;
                    (!lane.events.is_empty()).then_some(now)
                }
            };
        }
        now = now.plus_millis(1);
    }
    received
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn each_event_comes_and_those_of_a_key_in_order(
        keys in proptest::collection::vec(0_u8..20, 1..200),
        answers_lost in proptest::collection::vec(proptest::bool::weighted(0.2), 97),
        random: u32,
    ) {
        let received = received(&keys, &answers_lost, random);
        let distinct: BTreeSet<u32> = received.iter().copied().collect();
        prop_assert_eq!(distinct.len(), keys.len());
        let mut latest: BTreeMap<u8, u32> = BTreeMap::new();
        for event in received {
            let key = keys[event as usize];
            let before = latest.insert(key, event).unwrap_or(0);
            prop_assert!(event >= before, "a later event of the key came first");
        }
    }
}
