//! The records that an isolate or a relay remembers, bounded in bytes.
//!
//! Two generations replace an exact order of use. A record that is read moves to the young generation. When the young
//! one has filled half the bound, the old one is dropped.

use alloc::collections::BTreeMap;

use crate::{access::record::Stored, base::timestamp::Timestamp, key::KeyDigest};

/// The cached answer about one key.
#[derive(Clone, Debug)]
pub(super) enum Cached {
    /// A record, and the time of its reading from KV or the feed.
    Record(Stored, Timestamp),
    /// The feed had no such key when it was asked at this time.
    Missing(Timestamp),
}

/// The memory of an entry without its value, bytes.
const ENTRY: usize = 96;

/// A remembered value of some weight.
pub(super) trait Weighs {
    /// The approximate memory, bytes.
    fn weight(&self) -> usize;
}

impl Weighs for Cached {
    fn weight(&self) -> usize {
        ENTRY
            + match self {
                Self::Record(stored, _) => stored.weight(),
                Self::Missing(_) => 0,
            }
    }
}

/// The records and misses of an isolate.
pub(super) type RecordCache = Generations<Cached>;

#[derive(Debug)]
pub(super) struct Generations<V> {
    /// An entry without a value says that nothing is known any more.
    young: BTreeMap<KeyDigest, Option<V>>,
    old: BTreeMap<KeyDigest, Option<V>>,
    young_weight: usize,
    /// The bound of both generations together, bytes.
    max_weight: usize,
}

impl<V: Weighs> Generations<V> {
    pub(super) const fn new(max_weight: usize) -> Self {
        Self { young: BTreeMap::new(), old: BTreeMap::new(), young_weight: 0, max_weight }
    }

    pub(super) fn get(&mut self, digest: &KeyDigest) -> Option<&V> {
        if !self.young.contains_key(digest) {
            let value = self.old.get_mut(digest)?.take();
            self.keep(*digest, value);
        }
        self.young.get(digest)?.as_ref()
    }

    /// Keeps this in the place of what was known. What is too heavy isn't kept. Nothing is taken out of a map: an entry
    /// of the young generation hides that of the old one, and the code for removals would be a kilobyte of the edge.
    pub(super) fn put(&mut self, digest: KeyDigest, value: V) {
        self.keep(digest, Some(value).filter(|value| value.weight() <= self.max_weight / 2));
    }

    fn keep(&mut self, digest: KeyDigest, entry: Option<V>) {
        let weight = weight(&entry);
        if self.young_weight + weight > self.max_weight / 2 {
            self.old = core::mem::take(&mut self.young);
            self.young_weight = 0;
        }
        self.young_weight += weight;
        if let Some(replaced) = self.young.insert(digest, entry) {
            self.young_weight -= self::weight(&replaced);
        }
    }

    pub(super) fn clear(&mut self) {
        *self = Self::new(self.max_weight);
    }

    #[cfg(test)]
    fn weight(&self) -> usize {
        self.young.values().chain(self.old.values()).map(weight).sum()
    }
}

fn weight<V: Weighs>(entry: &Option<V>) -> usize {
    entry.as_ref().map_or(ENTRY, Weighs::weight)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn it_stays_below_its_bound_and_keeps_what_is_used() {
        let mut cache = RecordCache::new(96 * 100);
        let hot = KeyDigest::of("hot");
        cache.put(hot, Cached::Missing(Timestamp::from_millis(0)));
        for index in 0..10_000 {
            cache.put(KeyDigest::of(&format!("{index}")), Cached::Missing(Timestamp::from_millis(0)));
            assert!(cache.get(&hot).is_some());
            assert!(cache.weight() <= 96 * 100);
        }
        assert!(cache.get(&KeyDigest::of("0")).is_none());
    }

    #[test]
    fn what_is_too_heavy_does_not_leave_in_place_what_it_was_to_replace() {
        let mut cache = RecordCache::new(96 * 4);
        let digest = KeyDigest::of("key");
        cache.put(digest, Cached::Missing(Timestamp::from_millis(0)));
        let heavy = Stored::TooNew { version: 1 };
        cache.put(digest, Cached::Record(heavy.clone(), Timestamp::from_millis(0)));
        assert!(matches!(cache.get(&digest), Some(Cached::Record(..))));
        let mut tiny = RecordCache::new(2 * 96);
        tiny.put(digest, Cached::Missing(Timestamp::from_millis(0)));
        tiny.put(digest, Cached::Record(heavy, Timestamp::from_millis(0)));
        assert!(tiny.get(&digest).is_none());
    }

    #[test]
    fn what_was_replaced_does_not_come_back_from_the_old_generation() {
        let mut cache = RecordCache::new(96 * 8);
        let [digest, other] = ["key", "other"].map(KeyDigest::of);
        let at = |cached: Option<&Cached>| match cached {
            Some(Cached::Missing(at)) => Some(at.as_millis()),
            _ => None,
        };
        for round in 0..100 {
            cache.put(digest, Cached::Missing(Timestamp::from_millis(round)));
            // Enough others for a new generation, now and then.
            for index in 0..round % 7 {
                cache.put(KeyDigest::of(&format!("{round} {index}")), Cached::Missing(Timestamp::from_millis(0)));
            }
            assert!(at(cache.get(&digest)).is_none_or(|found| found == round), "{round}");
            assert!(cache.weight() <= 96 * 8);
        }
        cache.put(other, Cached::Missing(Timestamp::from_millis(1)));
        assert_eq!(at(cache.get(&other)), Some(1));
    }
}
