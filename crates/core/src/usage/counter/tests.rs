use super::{
    super::batch::{UsageBatch, Use},
    *,
};
use alloc::{collections::BTreeMap, format, string::ToString, vec};
use proptest::prelude::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const INTERVAL_MS: u32 = 10_000;
const HOUR_MS: i64 = 3_600_000;
/// Ten minutes past an hour.
const START: Timestamp = Timestamp::from_millis(486_111 * HOUR_MS + 600_000);

fn counter() -> UsageCounter {
    UsageCounter::new("4bTzV9cX".into(), INTERVAL_MS)
}

fn key(number: usize) -> KeyId {
    KeyId::parse(&format!("key_{number:020}")).unwrap()
}

fn at(millis: i64) -> Timestamp {
    START.plus_millis(millis)
}

fn read(batch: &Batch) -> UsageBatch {
    serde_json::from_str(&batch.body).unwrap()
}

/// The time for which a ledger remembers the number of an isolate's last batch, as `manage::ledger::usage` does.
const REMEMBERED_MS: i64 = 25 * HOUR_MS;

/// The state of a correct ledger: the uses that it took, by key, hour and code.
#[derive(Default)]
struct LedgerCounts {
    highest: u64,
    taken_at: Option<Timestamp>,
    taken: BTreeMap<(String, i64, String), u64>,
}

impl LedgerCounts {
    fn take(&mut self, batch: &Batch, now: Timestamp) {
        let batch = read(batch);
        if self.taken_at.is_some_and(|taken_at| now.millis_since(taken_at) > REMEMBERED_MS) {
            self.highest = 0;
        }
        if batch.sequence <= self.highest {
            return;
        }
        (self.highest, self.taken_at) = (batch.sequence, Some(now));
        for Use { key_id, hour, code, count, .. } in batch.uses {
            *self.taken.entry((key_id.to_string(), hour, code)).or_default() += u64::from(count);
        }
    }

    fn total(&self) -> u64 {
        self.taken.values().sum()
    }
}

/// Carries out flushes until nothing is left. Every batch is taken.
fn flush(counter: &mut UsageCounter, mut flush: Flush, now: Timestamp) -> Vec<UsageBatch> {
    let mut sent = Vec::new();
    loop {
        let batches = counter.batches(&mut flush, now);
        if batches.is_empty() {
            return sent;
        }
        for batch in &batches {
            counter.taken(batch);
            sent.push(read(batch));
        }
    }
}

#[test]
fn uses_of_one_key_hour_and_code_are_one_count() {
    let mut counter = counter();
    let first = counter.count("acme", &key(1), "VALID", at(0)).unwrap();
    assert_eq!(first.after_ms, u64::from(INTERVAL_MS));
    for (millis, code) in [(1, "VALID"), (2, "REVOKED"), (HOUR_MS, "VALID")] {
        counter.count("acme", &key(1), code, at(millis));
    }
    counter.count("acme", &key(2), "VALID", at(HOUR_MS));
    let [batch] = &flush(&mut counter, first, at(HOUR_MS + 10_000))[..] else { panic!("one ledger, one batch") };
    assert_eq!((batch.isolate.as_str(), batch.sequence), ("4bTzV9cX", 1));
    let uses =
        |number, hour, code: &str, count, last_at| Use { key_id: key(number), hour, code: code.into(), count, last_at };
    assert_eq!(
        batch.uses,
        [
            uses(1, 486_111, "REVOKED", 1, at(2)),
            uses(1, 486_111, "VALID", 2, at(1)),
            uses(1, 486_112, "VALID", 1, at(HOUR_MS)),
            uses(2, 486_112, "VALID", 1, at(HOUR_MS)),
        ]
    );
    assert_eq!((counter.held, counter.ledgers.len(), counter.take_lost()), (0, 0, 0));
}

#[test]
fn one_timer_is_held_at_a_time_and_one_that_never_fired_blocks_nobody_for_long() {
    let mut counter = counter();
    let killed = counter.count("acme", &key(1), "VALID", at(0));
    assert!(killed.is_some());
    assert!(counter.count("acme", &key(1), "VALID", at(9_999)).is_none());
    assert!(counter.count("other", &key(2), "VALID", at(10_999)).is_none());
    let next = counter.count("acme", &key(1), "VALID", at(11_000)).unwrap();
    assert_eq!(flush(&mut counter, next, at(20_000)).len(), 2);
}

#[test]
fn what_is_counted_while_a_flush_sends_gets_a_timer_and_waits_for_it() {
    let mut counter = counter();
    let mut sending = counter.count("acme", &key(1), "VALID", at(0)).unwrap();
    let batches = counter.batches(&mut sending, at(10_000));
    assert_eq!(batches.len(), 1);
    let next = counter.count("acme", &key(1), "VALID", at(10_001)).unwrap();
    counter.taken(&batches[0]);
    assert_eq!(counter.batches(&mut sending, at(10_020)), vec![], "company may come");
    assert_eq!(next.after_ms, u64::from(INTERVAL_MS));
    assert_eq!(flush(&mut counter, next, at(20_001)).len(), 1);
}

#[test]
fn a_batch_is_sent_again_unchanged_until_it_was_taken() {
    let mut counter = counter();
    let mut first = counter.count("acme", &key(1), "VALID", at(0)).unwrap();
    let batch = counter.batches(&mut first, at(10_000)).pop().unwrap();
    counter.failed(&batch, at(12_000));
    assert_eq!(counter.batches(&mut first, at(12_000)), vec![], "not at once");
    let mut next = counter.count("acme", &key(2), "VALID", at(13_000)).unwrap();
    let again = counter.batches(&mut next, at(23_000)).pop().unwrap();
    assert_eq!(again, batch);
    counter.taken(&again);
    counter.failed(&batch, at(23_001));
    let after = counter.count("acme", &key(2), "VALID", at(23_002)).unwrap();
    let later = flush(&mut counter, after, at(34_000));
    assert_eq!(later[0].uses[0].count, 2, "what came meanwhile is the next batch's");
    assert!(later[0].sequence > read(&batch).sequence);
}

#[test]
fn a_batch_whose_sender_was_killed_is_sent_again_and_a_late_report_changes_nothing() {
    let mut counter = counter();
    let mut killed = counter.count("acme", &key(1), "VALID", at(0)).unwrap();
    let batch = counter.batches(&mut killed, at(10_000));
    let mut next = counter.count("acme", &key(1), "VALID", at(10_100)).unwrap();
    assert_eq!(counter.batches(&mut next, at(10_200)), vec![], "it may be on its way");
    assert_eq!(counter.batches(&mut next, at(12_000)), batch);
    counter.taken(&batch[0]);
    counter.taken(&batch[0]);
    assert_eq!(counter.held, 1);
}

#[test]
fn a_failing_ledger_neither_holds_up_others_nor_makes_each_request_flush() {
    let mut counter = counter();
    let mut first = counter.count("down", &key(1), "VALID", at(0)).unwrap();
    let batch = counter.batches(&mut first, at(10_000)).pop().unwrap();
    counter.failed(&batch, at(12_000));
    let next = counter.count("up", &key(2), "VALID", at(12_001)).unwrap();
    assert!(next.after_ms > 0);
    let mut next = next;
    let batches = counter.batches(&mut next, at(22_001));
    assert_eq!(batches.iter().map(|batch| &*batch.ledger).collect::<Vec<_>>(), ["down", "up"]);
}

#[test]
fn what_failed_for_an_hour_is_given_up() {
    let mut counter = counter();
    let mut now = at(0);
    let mut tries = 0;
    while counter.take_lost() == 0 {
        let Some(mut flush) = counter.count("gone", &key(1), "VALID", now) else { panic!("no timer") };
        now = now.plus_millis(flush.after_ms.cast_signed());
        for batch in counter.batches(&mut flush, now) {
            tries += 1;
            counter.failed(&batch, now);
        }
        now = now.plus_millis(30_000);
    }
    assert!(tries > 10, "{tries}");
    assert!(now.millis_since(at(0)) < 2 * GIVEN_UP_AFTER_MS);
}

#[test]
fn a_batch_that_an_isolate_rested_with_is_given_up_unsent() {
    let mut counter = counter();
    let mut first = counter.count("acme", &key(1), "VALID", at(0)).unwrap();
    let batch = counter.batches(&mut first, at(10_000)).pop().unwrap();
    counter.failed(&batch, at(12_000));
    let just_in_time = at(10_000 + GIVEN_UP_AFTER_MS - 1);
    let mut next = counter.count("acme", &key(2), "VALID", at(13_000)).unwrap();
    assert_eq!(counter.batches(&mut next, just_in_time), vec![batch.clone()]);
    counter.failed(&batch, just_in_time);
    let next = counter.count("acme", &key(3), "VALID", at(30 * HOUR_MS)).unwrap();
    let sent = flush(&mut counter, next, at(30 * HOUR_MS));
    assert_eq!(sent.iter().map(|batch| batch.uses.len()).collect::<Vec<_>>(), [2], "the other uses");
    assert_eq!((counter.take_lost(), counter.held), (1, 0));
}

#[test]
fn a_batch_does_not_get_younger_by_a_clock_that_steps_back() {
    let mut counter = counter();
    let (mut now, mut passed) = (at(10_000), 0);
    let mut first = counter.count("acme", &key(1), "VALID", at(0)).unwrap();
    let batch = counter.batches(&mut first, now).pop().unwrap();
    while counter.take_lost() == 0 {
        counter.failed(&batch, now);
        passed += 20 * 60_000;
        now = now.plus_millis(20 * 60_000);
        counter.failed(&batch, now);
        now = now.plus_millis(-15 * 60_000);
        let Some(mut next) = counter.count("acme", &key(2), "VALID", now) else { continue };
        counter.batches(&mut next, now);
    }
    assert!(passed <= GIVEN_UP_AFTER_MS + 20 * 60_000, "{passed}");
}

#[test]
fn a_flush_is_bounded_and_the_ledgers_that_it_left_out_are_next() {
    let mut counter = counter();
    let mut first = None;
    for number in 0..BATCHES_PER_FLUSH + 7 {
        first = first.or(counter.count(&format!("tenant-{number:03}"), &key(number), "VALID", at(0)));
    }
    let sent = flush(&mut counter, first.unwrap(), at(10_000));
    assert_eq!(sent.len(), BATCHES_PER_FLUSH);
    let rest = counter.count("tenant-000", &key(0), "VALID", at(10_001)).unwrap();
    assert_eq!(rest.after_ms, 0, "they have waited");
    let sent: Vec<_> =
        flush(&mut counter, rest, at(10_001)).into_iter().map(|batch| batch.uses[0].key_id.clone()).collect();
    assert_eq!(sent, (BATCHES_PER_FLUSH..BATCHES_PER_FLUSH + 7).map(key).collect::<Vec<_>>());
}

#[test]
fn a_whole_batch_waits_for_nobody() {
    let mut counter = counter();
    let timer = counter.count("acme", &key(0), "VALID", at(0));
    assert!(timer.is_some());
    for number in 1..MAX_USES - 1 {
        assert!(counter.count("acme", &key(number), "VALID", at(1)).is_none());
    }
    let whole = counter.count("acme", &key(MAX_USES), "VALID", at(2)).unwrap();
    assert_eq!(whole.after_ms, 0);
    assert!(counter.count("acme", &key(MAX_USES), "VALID", at(2)).is_none());
    assert_eq!(flush(&mut counter, whole, at(2))[0].uses.len(), MAX_USES);
    assert!(counter.count("acme", &key(0), "VALID", at(3)).is_none(), "the timer is still held");
}

#[test]
fn a_batch_is_bounded_and_the_rest_follows_in_the_same_flush() {
    let mut counter = counter();
    let mut first = counter.count("acme", &key(0), "VALID", at(0)).unwrap();
    for number in 1..2 * MAX_USES + 3 {
        counter.count("acme", &key(number), "VALID", at(1));
    }
    let batches = counter.batches(&mut first, at(10_000));
    assert_eq!(batches.len(), 1, "one is on its way at a time");
    counter.taken(&batches[0]);
    let rest = flush(&mut counter, first, at(10_001));
    assert_eq!(rest.iter().map(|batch| batch.uses.len()).collect::<Vec<_>>(), [MAX_USES, 3]);
}

#[test]
fn memory_is_bounded_and_what_finds_no_room_is_said_to_be_lost() {
    let mut counter = counter();
    for number in 0..MAX_COUNTS + 10 {
        counter.count("acme", &key(number), "VALID", at(0));
    }
    counter.count("other", &key(0), "VALID", at(0));
    counter.count("acme", &key(5), "VALID", at(0));
    assert_eq!((counter.held, counter.ledgers.len()), (MAX_COUNTS, 1));
    assert_eq!(counter.take_lost(), 11);
    assert_eq!(counter.take_lost(), 0);
}

#[test]
fn a_clock_that_steps_back_holds_nothing_up() {
    let mut counter = counter();
    let mut ahead = counter.count("acme", &key(1), "VALID", at(48 * HOUR_MS)).unwrap();
    let batch = counter.batches(&mut ahead, at(48 * HOUR_MS + 10_000)).pop().unwrap();
    counter.failed(&batch, at(48 * HOUR_MS + 12_000));
    counter.count("acme", &key(1), "VALID", at(48 * HOUR_MS + 12_000));
    let back = counter.count("acme", &key(1), "VALID", at(0)).unwrap();
    let sent = flush(&mut counter, back, at(10_000));
    assert_eq!(sent.iter().map(|batch| batch.uses.len()).collect::<Vec<_>>(), [1, 2]);
}

#[derive(Clone, Debug)]
enum Event {
    Use {
        ledger: usize,
        key: usize,
        code: &'static str,
    },
    Pass(i64),
    /// The isolate's clock is set to be wrong by so many milliseconds.
    Clock(i64),
    /// Carries out a flush that was begun, in rounds whose batches have these fates.
    Flush(Vec<Fate>),
}

#[derive(Clone, Copy, Debug)]
enum Fate {
    Taken,
    /// The ledger took it, and its answer was lost.
    TakenUnheard,
    Lost,
    /// The request that sent it was killed, before or after the ledger took it.
    Killed(bool),
}

fn arbitrary_event() -> impl Strategy<Value = Event> {
    let fate = prop_oneof![
        4 => Just(Fate::Taken),
        1 => Just(Fate::TakenUnheard),
        1 => Just(Fate::Lost),
        1 => any::<bool>().prop_map(Fate::Killed),
    ];
    prop_oneof![
        8 => (0..30_usize, 0..4_usize, prop::sample::select(vec!["VALID", "REVOKED"]))
            .prop_map(|(ledger, key, code)| Event::Use { ledger, key, code }),
        2 => (0..20_000_i64).prop_map(Event::Pass),
        1 => (0..3 * 24 * HOUR_MS).prop_map(Event::Pass),
        1 => (-2 * HOUR_MS..2 * HOUR_MS).prop_map(Event::Clock),
        3 => prop::collection::vec(fate, 1..8).prop_map(Event::Flush),
    ]
}

proptest! {
    #[test]
    fn whatever_is_lost_on_the_way_each_use_is_counted_once(events in prop::collection::vec(arbitrary_event(), 1..120)) {
        let mut counter = counter();
        let mut ledgers: BTreeMap<Rc<str>, LedgerCounts> = BTreeMap::new();
        let mut flushes = Vec::new();
        // The time by the clock of the isolate, and by that of the ledgers, which is right.
        let (mut now, mut right, mut used) = (START, START, 0);
        for event in events {
            match event {
                Event::Use { ledger, key: number, code } => {
                    used += 1;
                    flushes.extend(counter.count(&format!("tenant-{ledger}"), &key(number), code, now));
                }
                Event::Pass(millis) => (now, right) = (now.plus_millis(millis), right.plus_millis(millis)),
                Event::Clock(wrong) => now = right.plus_millis(wrong),
                Event::Flush(fates) => {
                    let Some(mut flush) = flushes.pop() else { continue };
                    let mut fates = fates.into_iter().cycle();
                    loop {
                        let batches = counter.batches(&mut flush, now);
                        prop_assert!(batches.len() <= BATCHES_AT_ONCE);
                        if batches.is_empty() {
                            break;
                        }
                        for (batch, fate) in batches.iter().zip(&mut fates) {
                            let books = ledgers.entry(Rc::clone(&batch.ledger)).or_default();
                            if !matches!(fate, Fate::Lost | Fate::Killed(false)) {
                                books.take(batch, right);
                            }
                            match fate {
                                Fate::Taken => counter.taken(batch),
                                Fate::TakenUnheard | Fate::Lost => counter.failed(batch, now),
                                Fate::Killed(_) => {}
                            }
                        }
                    }
                }
            }
        }
        // The network works again, and the remaining batches arrive.
        for _ in 0..20 {
            now = now.plus_millis(10_000);
            used += 1;
            let Some(mut flush) = counter.count("tenant-0", &key(0), "VALID", now) else { continue };
            now = now.plus_millis(flush.after_ms.cast_signed());
            right = right.max(now);
            for _ in 0..BATCHES_PER_FLUSH {
                for batch in counter.batches(&mut flush, now) {
                    ledgers.entry(Rc::clone(&batch.ledger)).or_default().take(&batch, right);
                    counter.taken(&batch);
                }
            }
        }
        let held: u64 = counter.ledgers.iter().flat_map(|ledger| &ledger.counts).map(|count| u64::from(count.count)).sum();
        let counted: u64 = ledgers.values().map(LedgerCounts::total).sum();
        let lost = counter.take_lost();
        prop_assert!(counter.ledgers.iter().all(|ledger| ledger.pending.is_none()));
        // Uses that were given up may have been taken without the isolate's knowledge.
        prop_assert!(counted + held <= used && used <= counted + held + lost, "{used} used, {counted} counted, {held} held, {lost} lost");
        prop_assert!(held <= 1, "{held} held");
    }
}
