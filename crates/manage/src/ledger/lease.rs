//! The leases of a ledger, each of which allows one drain at a time, and the mark of a telling of all keys.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use keystile_core::{KeyId, Timestamp};

/// The longest time for which a lease lasts without being renewed. A drain that takes longer was killed.
const LEASE_MS: i64 = 30_000;

/// The mark of the one running drain. It isn't a lock, which nobody would release if the drain were killed, but a claim
/// that runs out.
#[derive(Debug)]
pub(crate) struct Lease {
    number: Cell<u64>,
    until: Cell<Timestamp>,
}

impl Lease {
    /// A lease that nobody has.
    pub(crate) const fn free() -> Self {
        Self { number: Cell::new(0), until: Cell::new(Timestamp::from_millis(0)) }
    }

    /// The end of the lease, if a drain is running.
    fn ends(&self, now: Timestamp) -> Option<Timestamp> {
        Some(self.until.get()).filter(|&until| now < until)
    }

    /// When work that is due at this time is to be looked at: if a drain is running, after its lease. It sets the alarm
    /// itself before that.
    pub(crate) fn defer(&self, due: Timestamp, now: Timestamp) -> Timestamp {
        self.ends(now).map_or(due, |end| due.max(end))
    }

    /// Takes the lease if it is free. The returned number is needed to keep it.
    pub(crate) fn take(&self, now: Timestamp) -> Option<u64> {
        if self.ends(now).is_some() {
            return None;
        }
        let number = self.number.get() + 1;
        self.number.set(number);
        self.until.set(now.plus_millis(LEASE_MS));
        Some(number)
    }

    /// Extends the lease; false if it ran out and another drain has taken it.
    pub(crate) fn keep(&self, number: u64, now: Timestamp) -> bool {
        let held = self.number.get() == number;
        if held {
            self.until.set(now.plus_millis(LEASE_MS));
        }
        held
    }

    /// Releases the lease, unless another drain has taken it in the meantime.
    pub(crate) fn release(&self, number: u64) {
        if self.number.get() == number {
            self.until.set(Timestamp::from_millis(0));
        }
    }
}

/// The telling of the limiter of all keys. Only one call does that at a time. If it fails, for it may make so many calls
/// and no more, the next one goes on from there.
#[derive(Default)]
pub(crate) struct TellingAll {
    is_begun: Rc<Cell<bool>>,
    /// The number of the limiter's restores when it began, and the last key that was told.
    told: RefCell<Option<(u64, KeyId)>>,
}

/// The telling of all keys. It ends when this is dropped.
pub(crate) struct Begun(Rc<Cell<bool>>);

impl TellingAll {
    pub(crate) fn is_begun(&self) -> bool {
        self.is_begun.get()
    }

    pub(crate) fn begin(&self) -> Option<Begun> {
        (!self.is_begun.replace(true)).then(|| Begun(Rc::clone(&self.is_begun)))
    }

    /// The last key that the limiter was told of, unless it was restored since, or was told of all.
    pub(crate) fn last(&self, restores: u64) -> Option<KeyId> {
        self.told.borrow().as_ref().filter(|(began_at, _)| *began_at == restores).map(|(_, last)| last.clone())
    }

    /// Notes the last key that the limiter was told of; `None` if it was told of all.
    pub(crate) fn note(&self, restores: u64, last: Option<&KeyId>) {
        *self.told.borrow_mut() = last.map(|last| (restores, last.clone()));
    }
}

impl Drop for Begun {
    fn drop(&mut self) {
        self.0.set(false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_drain_at_a_time_and_one_that_was_killed_blocks_nobody_for_long() {
        let (lease, start) = (Lease::free(), Timestamp::from_millis(1_000_000));
        let killed = lease.take(start).unwrap();
        assert_eq!(lease.take(start), None);
        assert_eq!(lease.ends(start), Some(start.plus_millis(LEASE_MS)));
        assert_eq!(lease.defer(start, start), start.plus_millis(LEASE_MS));
        let later = start.plus_millis(LEASE_MS);
        let next = lease.take(later).unwrap();
        assert!(!lease.keep(killed, later));
        lease.release(killed);
        assert!(lease.ends(later).is_some(), "it is not the killed one's to release");
        assert!(lease.keep(next, later));
        lease.release(next);
        assert_eq!((lease.ends(later), lease.defer(start, later)), (None, start));
    }

    #[test]
    fn the_telling_of_all_keys_goes_on_unless_the_limiter_was_restored() {
        let (telling, key) = (TellingAll::default(), KeyId::parse("key_4bTzV9cXk07Hq2mN1pRs").unwrap());
        let begun = telling.begin();
        assert!(begun.is_some() && telling.begin().is_none() && telling.is_begun());
        drop(begun);
        assert_eq!((telling.is_begun(), telling.last(3)), (false, None));
        telling.note(3, Some(&key));
        assert_eq!((telling.last(3), telling.last(4)), (Some(key), None));
        telling.note(3, None);
        assert_eq!(telling.last(3), None);
    }
}
