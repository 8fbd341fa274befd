//! An isolate's counts of uses, and the batches that it is sending. It does no I/O: the worker waits and sends, and
//! reports the outcome.
//!
//! - **A ledger has one batch on its way.** The batch is numbered and sent again unchanged until the ledger took it. If
//!   the answer was lost, the ledger recognises the number, so nothing is counted twice.
//! - **Everything is bounded**: the counts held, the size of a batch, the batches of one flush, and the time for which
//!   a batch is tried. A ledger remembers the numbers of a day, so a batch that is older is never sent, however long
//!   the isolate rested. Lost uses are counted for the log.
//! - **Requests share plain state, never a future.** The marks of a running timer and of a batch that is being sent are
//!   leases with a deadline, since the request that has them may be gone. Two requests with the same lease would do no
//!   harm.

use alloc::{rc::Rc, string::String, vec::Vec};
use core::cmp::Ordering;

use super::{
    batch::{MAX_USES, Writer},
    hour_of,
};
use crate::{
    base::{
        id::KeyId,
        timestamp::{HOUR_MS, Timestamp},
    },
    feed::client::CLOCK_JITTER_MS,
};

/// The maximum number of counts that are held. Each belongs to one key, one hour and one code.
pub const MAX_COUNTS: usize = 10_000;
/// The number of batches that are sent at once. An invocation has six connections.
pub const BATCHES_AT_ONCE: usize = 5;
/// The number of batches of one flush. An invocation's subrequests are limited (50 on the free plan), and the request
/// that holds the timer has made some of its own.
pub const BATCHES_PER_FLUSH: usize = 20;
/// The time after which a call to a ledger has failed, milliseconds.
pub const TIMEOUT_MS: i64 = 2_000;
/// The time after which a batch that no ledger is known to have taken is given up, milliseconds.
pub const GIVEN_UP_AFTER_MS: i64 = HOUR_MS;

/// The time after which a late timer counts as lost, milliseconds.
const TIMER_GRACE_MS: i64 = 1_000;

/// An isolate's counts. One per isolate.
#[derive(Debug)]
pub struct UsageCounter {
    isolate: String,
    interval_ms: i64,
    /// The latest time that was read.
    clock: Timestamp,
    /// The ledgers, sorted by name.
    ledgers: Vec<Ledger>,
    /// The number of counts in all ledgers, including those on their way.
    held: usize,
    sequence: u64,
    flushes: u64,
    timer: Option<Timer>,
    lost: u64,
}

#[derive(Debug)]
struct Ledger {
    name: Rc<str>,
    /// The counts, sorted by key, hour and code.
    counts: Vec<Count>,
    pending: Option<Pending>,
    /// The time from which the counts may be sent.
    not_before: Timestamp,
}

#[derive(Debug)]
struct Count {
    key: KeyId,
    hour: i64,
    code: &'static str,
    count: u32,
    last_at: Timestamp,
}

impl Count {
    fn place(&self, key: &KeyId, hour: i64, code: &str) -> Ordering {
        self.key.cmp(key).then_with(|| self.hour.cmp(&hour)).then_with(|| self.code.cmp(code))
    }
}

#[derive(Debug)]
struct Pending {
    sequence: u64,
    body: Rc<str>,
    counts: usize,
    uses: u64,
    made_at: Timestamp,
    /// The time until which a request is sending the batch, or until which it pauses after a failure.
    not_before: Timestamp,
}

/// The effect of adding a use.
enum Added {
    Use,
    /// There are now as many counts as one batch takes.
    WholeBatch,
    /// There was no room for the use.
    Nothing,
}

/// The mark of a request that holds a timer and will then flush.
#[derive(Debug)]
struct Timer {
    flush: u64,
    until: Timestamp,
}

/// A flush for the worker to carry out: wait, then send the batches that [`batches`](UsageCounter::batches) returns
/// until it returns none.
#[derive(Debug)]
pub struct Flush {
    number: u64,
    /// The wait before it, milliseconds.
    pub after_ms: u64,
    batches_left: usize,
}

/// A batch for the worker to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// The ledger's name.
    pub ledger: Rc<str>,
    /// The batch as JSON.
    pub body: Rc<str>,
    sequence: u64,
}

impl UsageCounter {
    /// The counter of a cold isolate with this random name. Counts wait for `interval_ms` before they are sent.
    #[must_use]
    pub fn new(isolate: String, interval_ms: u32) -> Self {
        Self {
            isolate,
            interval_ms: i64::from(interval_ms),
            clock: Timestamp::from_millis(0),
            ledgers: Vec::new(),
            held: 0,
            sequence: 0,
            flushes: 0,
            timer: None,
            lost: 0,
        }
    }

    /// Counts one use of a key. If no request holds a timer, or a whole batch is ready, it returns a flush for the
    /// calling request to carry out.
    pub fn count(&mut self, ledger: &str, key: &KeyId, code: &'static str, now: Timestamp) -> Option<Flush> {
        let now = self.read_clock(now);
        let after_ms = match self.add(ledger, key, code, now) {
            Added::WholeBatch => 0,
            Added::Nothing | Added::Use if self.timer.as_ref().is_some_and(|timer| now < timer.until) => return None,
            Added::Nothing | Added::Use => {
                let after_ms = self.wait_ms(now);
                let until = now.plus_millis(after_ms + TIMER_GRACE_MS);
                self.timer = Some(Timer { flush: self.flushes + 1, until });
                after_ms.unsigned_abs()
            }
        };
        self.flushes += 1;
        Some(Flush { number: self.flushes, after_ms, batches_left: BATCHES_PER_FLUSH })
    }

    /// The batches to send now: at most [`BATCHES_AT_ONCE`], those of the ledgers that have waited longest. Uses that
    /// are counted from now on need another timer.
    pub fn batches(&mut self, flush: &mut Flush, now: Timestamp) -> Vec<Batch> {
        let now = self.read_clock(now);
        self.timer.take_if(|timer| timer.flush == flush.number);
        self.give_up(now);
        let mut batches = Vec::new();
        while batches.len() < flush.batches_left.min(BATCHES_AT_ONCE) {
            let due = self.ledgers.iter_mut().filter(|ledger| ledger.due_at() <= now);
            let Some(ledger) = due.min_by_key(|ledger| ledger.due_at()) else { break };
            let pending = ledger.pending.get_or_insert_with(|| {
                self.sequence += 1;
                Pending::of(&mut ledger.counts, &self.isolate, self.sequence, now)
            });
            pending.not_before = now.plus_millis(TIMEOUT_MS);
            batches.push(Batch {
                ledger: Rc::clone(&ledger.name),
                body: Rc::clone(&pending.body),
                sequence: pending.sequence,
            });
            // Counts that did not fit follow at once. Later ones can wait for others to join them.
            if ledger.counts.is_empty() {
                ledger.not_before = now.plus_millis(self.interval_ms / 2);
            }
        }
        flush.batches_left -= batches.len();
        batches
    }

    /// Records that the ledger took a batch, now or before.
    pub fn taken(&mut self, batch: &Batch) {
        if let Ok(place) = self.place(&batch.ledger)
            && let Some(ledger) = self.ledgers.get_mut(place)
            && let Some(pending) = ledger.pending.take_if(|pending| pending.sequence == batch.sequence)
        {
            self.held -= pending.counts;
            if ledger.counts.is_empty() {
                self.ledgers.remove(place);
            }
        }
    }

    /// Records that a batch failed, or that its outcome is unknown. It is sent again with a later flush, if that comes
    /// before it is given up.
    pub fn failed(&mut self, batch: &Batch, now: Timestamp) {
        let now = self.read_clock(now);
        let again = now.plus_millis(self.interval_ms / 2);
        if let Some(pending) = self.pending(batch) {
            pending.not_before = again;
        }
    }

    /// Gives up the batches that were made too long ago. A ledger may have taken one of them without the isolate's
    /// knowledge, and may have forgotten its number by now.
    fn give_up(&mut self, now: Timestamp) {
        for ledger in &mut self.ledgers {
            let is_old = |pending: &mut Pending| {
                pending.not_before <= now && now.millis_since(pending.made_at) >= GIVEN_UP_AFTER_MS
            };
            if let Some(old) = ledger.pending.take_if(is_old) {
                self.held -= old.counts;
                self.lost = self.lost.saturating_add(old.uses);
            }
        }
        self.ledgers.retain(|ledger| ledger.pending.is_some() || !ledger.counts.is_empty());
    }

    /// The number of uses given up since the last call of this method. Some of them may have been counted all the same.
    pub fn take_lost(&mut self) -> u64 {
        core::mem::take(&mut self.lost)
    }

    fn add(&mut self, ledger: &str, key: &KeyId, code: &'static str, now: Timestamp) -> Added {
        let (hour, room) = (hour_of(now), self.held < MAX_COUNTS);
        let place = match self.place(ledger) {
            Ok(place) => place,
            Err(_) if !room => return self.lose_one(),
            Err(place) => {
                let not_before = now.plus_millis(self.interval_ms / 2);
                self.ledgers
                    .insert(place, Ledger { name: ledger.into(), counts: Vec::new(), pending: None, not_before });
                place
            }
        };
        let Some(ledger) = self.ledgers.get_mut(place) else { return Added::Nothing };
        let place = match ledger.counts.binary_search_by(|count| count.place(key, hour, code)) {
            Ok(place) => {
                if let Some(known) = ledger.counts.get_mut(place) {
                    known.count = known.count.saturating_add(1);
                    known.last_at = known.last_at.max(now);
                }
                return Added::Use;
            }
            Err(_) if !room => return self.lose_one(),
            Err(place) => place,
        };
        ledger.counts.insert(place, Count { key: key.clone(), hour, code, count: 1, last_at: now });
        self.held += 1;
        if ledger.counts.len() % MAX_USES != 0 {
            return Added::Use;
        }
        ledger.not_before = now;
        Added::WholeBatch
    }

    fn lose_one(&mut self) -> Added {
        self.lost = self.lost.saturating_add(1);
        Added::Nothing
    }

    /// The wait before a flush, milliseconds: the interval, or nothing if a ledger has already waited as long for its
    /// turn in a flush of many ledgers.
    fn wait_ms(&self, now: Timestamp) -> i64 {
        let overdue = now.plus_millis(-self.interval_ms / 2);
        if self.ledgers.iter().any(|ledger| ledger.due_at() <= overdue) { 0 } else { self.interval_ms }
    }

    /// Records the time. If the clock stepped back, everything that was stated in the earlier time ends, but a batch
    /// stays as old as it was.
    fn read_clock(&mut self, now: Timestamp) -> Timestamp {
        if now < self.clock.plus_millis(-CLOCK_JITTER_MS) {
            let step = now.millis_since(self.clock);
            self.clock = now;
            self.timer = None;
            for ledger in &mut self.ledgers {
                ledger.not_before = ledger.not_before.min(now);
                if let Some(pending) = &mut ledger.pending {
                    pending.made_at = pending.made_at.plus_millis(step);
                    pending.not_before = pending.not_before.min(now);
                }
            }
        }
        self.clock = self.clock.max(now);
        self.clock
    }

    fn place(&self, ledger: &str) -> Result<usize, usize> {
        self.ledgers.binary_search_by(|known| (*known.name).cmp(ledger))
    }

    fn pending(&mut self, batch: &Batch) -> Option<&mut Pending> {
        let place = self.place(&batch.ledger).ok()?;
        self.ledgers.get_mut(place)?.pending.as_mut().filter(|pending| pending.sequence == batch.sequence)
    }
}

impl Ledger {
    fn due_at(&self) -> Timestamp {
        self.pending.as_ref().map_or(self.not_before, |pending| pending.not_before)
    }
}

impl Pending {
    /// Makes a batch of the first counts and takes them off. Nothing is added to it later.
    fn of(counts: &mut Vec<Count>, isolate: &str, sequence: u64, now: Timestamp) -> Self {
        let mut writer = Writer::new(isolate, sequence);
        let some = counts.len().min(MAX_USES);
        let mut uses = 0;
        for Count { key, hour, code, count, last_at } in counts.drain(..some) {
            writer.add(&key, hour, code, count, last_at);
            uses += u64::from(count);
        }
        Self { sequence, body: writer.finish().into(), counts: some, uses, made_at: now, not_before: now }
    }
}

#[cfg(test)]
mod tests;
