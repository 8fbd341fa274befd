//! The lease of a ledger: one drain at a time.

use std::cell::Cell;

use keystile_core::Timestamp;

/// A drain that has not ended by then was killed.
const LEASE_MS: i64 = 30_000;

/// The mark of the one drain that is under way: not a lock, since nobody would
/// unlock it if the drain were killed, but a claim that runs out.
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

    /// The end of the lease, if a drain is under way.
    pub(crate) fn ends(&self, now: Timestamp) -> Option<Timestamp> {
        Some(self.until.get()).filter(|&until| now < until)
    }

    /// Takes it if it is free; the number is needed to keep it.
    pub(crate) fn take(&self, now: Timestamp) -> Option<u64> {
        if self.ends(now).is_some() {
            return None;
        }
        let number = self.number.get() + 1;
        self.number.set(number);
        self.until.set(now.plus_millis(LEASE_MS));
        Some(number)
    }

    /// Keeps it for longer; false if it ran out and another drain has it.
    pub(crate) fn keep(&self, number: u64, now: Timestamp) -> bool {
        let held = self.number.get() == number;
        if held {
            self.until.set(now.plus_millis(LEASE_MS));
        }
        held
    }

    /// Gives it back, if no other drain has it meanwhile.
    pub(crate) fn release(&self, number: u64) {
        if self.number.get() == number {
            self.until.set(Timestamp::from_millis(0));
        }
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
        let later = start.plus_millis(LEASE_MS);
        let next = lease.take(later).unwrap();
        assert!(!lease.keep(killed, later));
        lease.release(killed);
        assert!(lease.ends(later).is_some(), "it is not the killed one's to release");
        assert!(lease.keep(next, later));
        lease.release(next);
        assert_eq!(lease.ends(later), None);
    }
}
