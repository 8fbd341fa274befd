//! The parts of a report that one request can't do, and what an isolate remembers between them.
//!
//! Each part begins where the one before ended, and the first one of an isolate anywhere. So repeats reach everything,
//! whichever isolates they come to. A report of GitHub's goes on behind what its isolate remembers, so it comes to an end.

use core::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use keystile_core::{KeyDigest, Timestamp, api::exposures::Suspect, base::timestamp::MINUTE_MS, feed::owners::Owner};
use worker::Result;

use crate::operations::expose::ExposedKey;

/// The outcome for each digest and place that isn't junk.
pub(super) type Outcomes = BTreeMap<(KeyDigest, KeyDigest), ExposedKey>;
/// The feed's answer for each digest that was looked up; `None` if it lacks it.
pub(super) type Owners = BTreeMap<KeyDigest, Option<Owner>>;

/// The most outcomes that an isolate remembers, some 200 bytes each.
const MOST_DONE: usize = 5_000;
/// The most answers of the feed that an isolate remembers, some 100 bytes each.
const MOST_LOOKED_UP: usize = 20_000;
/// The time for which it remembers such an answer, milliseconds.
const LOOKED_UP_FOR_MS: i64 = 10 * MINUTE_MS;

thread_local! {
    /// Where the next part begins among the texts that are looked up.
    pub(super) static LOOKUPS: Turn = const { Turn::new() };
    /// Where it begins among the batches for ledgers.
    pub(super) static BATCHES: Turn = const { Turn::new() };
    /// The outcomes of GitHub's reports.
    static DONE: RefCell<Outcomes> = const { RefCell::new(Outcomes::new()) };
    /// The feed's answers for the texts of GitHub's reports, and when they came.
    static LOOKED_UP: RefCell<BTreeMap<KeyDigest, (Timestamp, Option<Owner>)>> = const { RefCell::new(BTreeMap::new()) };
}

/// A place in a list that goes around.
pub(super) struct Turn(Cell<Option<usize>>);

impl Turn {
    const fn new() -> Self {
        Self(Cell::new(None))
    }

    /// Has the list begin at the place. The first one is drawn.
    pub(super) fn order<T>(&self, items: &mut [T], draw: impl FnOnce() -> Result<[u8; 2]>) -> Result<()> {
        let place = match self.0.get() {
            Some(place) => place,
            None => usize::from(u16::from_ne_bytes(draw()?)),
        };
        self.0.set(Some(place));
        if let Some(place) = place.checked_rem(items.len()) {
            items.rotate_left(place);
        }
        Ok(())
    }

    /// Moves the place behind so many items.
    pub(super) fn advance(&self, items: usize) {
        self.0.set(self.0.get().map(|place| place.wrapping_add(items)));
    }
}

/// The outcome of a part before.
pub(super) fn outcome(item: &(KeyDigest, KeyDigest)) -> Option<ExposedKey> {
    DONE.with_borrow(|done| done.get(item).cloned())
}

/// Remembers the outcomes of a part. What ledgers said is enough: the feed may have more to say.
pub(super) fn note_outcomes(outcomes: &Outcomes) {
    DONE.with_borrow_mut(|done| {
        if done.len() + outcomes.len() > MOST_DONE {
            done.clear();
        }
        let of_ledgers = outcomes.iter().filter(|(_, outcome)| outcome.id.is_some());
        done.extend(of_ledgers.map(|(item, outcome)| (*item, outcome.clone())));
    });
}

/// The feed's answers for these in earlier parts, if those were lately.
pub(super) fn looked_up(digests: &[KeyDigest], now: Timestamp) -> Owners {
    LOOKED_UP.with_borrow(|known| {
        let lately = |digest| known.get(digest).filter(|(at, _)| now.millis_since(*at) < LOOKED_UP_FOR_MS);
        digests.iter().filter_map(|digest| lately(digest).map(|(_, owner)| (*digest, owner.clone()))).collect()
    })
}

/// Remembers what the feed said, but for a key with a valid tag that it lacks: that one may come.
pub(super) fn note_looked_up(owners: &Owners, suspects: &[Suspect], now: Timestamp) {
    LOOKED_UP.with_borrow_mut(|known| {
        known.retain(|_, (at, _)| now.millis_since(*at) < LOOKED_UP_FOR_MS);
        if known.len() + owners.len() > MOST_LOOKED_UP {
            known.clear();
        }
        for suspect in suspects {
            let Some(digest) = suspect.digest() else { continue };
            match owners.get(&digest) {
                None => {}
                Some(None) if matches!(suspect, Suspect::Issued(_)) => {}
                Some(owner) => {
                    known.entry(digest).or_insert_with(|| (now, owner.clone()));
                }
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn repeats_reach_all_of_a_list_wherever_they_begin() {
        for (length, most) in [(35_u8, 30), (30, 7), (31, 30), (100, 30), (3, 2)] {
            for start in 0..=u16::from(length) {
                let turn = Turn::new();
                let mut reached = BTreeSet::new();
                for _ in 0..usize::from(length).div_ceil(most) {
                    let mut items: Vec<u8> = (0..length).collect();
                    turn.order(&mut items, || Ok(start.to_ne_bytes())).unwrap();
                    reached.extend(items.into_iter().take(most));
                    turn.advance(most);
                }
                assert_eq!(reached.len(), usize::from(length), "{most} at a time, from {start}");
            }
        }
        Turn::new().order::<u8>(&mut [], || Ok([0, 0])).unwrap();
    }

    #[test]
    fn what_may_still_come_is_looked_up_again_and_everything_else_after_a_while() {
        let at = Timestamp::from_millis;
        let [issued, imported, found] = ["a", "b", "c"].map(KeyDigest::of);
        let suspects = [Suspect::Issued(issued), Suspect::Imported(imported), Suspect::Issued(found), Suspect::Junk];
        let owner = Owner { digest: found, tenant: None, revoked: false };
        let owners = Owners::from([(issued, None), (imported, None), (found, Some(owner.clone()))]);
        note_looked_up(&owners, &suspects, at(0));
        let digests = [issued, imported, found];
        let known = looked_up(&digests, at(LOOKED_UP_FOR_MS - 1));
        assert_eq!(known, Owners::from([(imported, None), (found, Some(owner))]));
        note_looked_up(&known, &suspects, at(LOOKED_UP_FOR_MS - 1));
        assert_eq!(looked_up(&digests, at(LOOKED_UP_FOR_MS)), Owners::new(), "its age counts from the feed's answer");
    }
}
