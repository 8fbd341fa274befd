//! The records and misses that an isolate remembers, bounded in bytes.
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
    /// Nothing is known any more.
    Nothing,
}

impl Cached {
    fn weight(&self) -> usize {
        96 + match self {
            Self::Record(stored, _) => stored.weight(),
            Self::Missing(_) | Self::Nothing => 0,
        }
    }
}

#[derive(Debug)]
pub(super) struct RecordCache {
    young: BTreeMap<KeyDigest, Cached>,
    old: BTreeMap<KeyDigest, Cached>,
    young_weight: usize,
    /// The bound of both generations together, bytes.
    max_weight: usize,
}

impl RecordCache {
    pub(super) fn new(max_weight: usize) -> Self {
        Self { young: BTreeMap::new(), old: BTreeMap::new(), young_weight: 0, max_weight }
    }

    pub(super) fn get(&mut self, digest: &KeyDigest) -> Option<&Cached> {
        if !self.young.contains_key(digest) {
            let cached = core::mem::replace(self.old.get_mut(digest)?, Cached::Nothing);
            self.put(*digest, cached);
        }
        self.young.get(digest).filter(|cached| !matches!(cached, Cached::Nothing))
    }

    /// Keeps this in the place of what was known. What is too heavy isn't kept. Nothing is taken out of a map: an entry
    /// of the young generation hides that of the old one, and the code for removals would be a kilobyte of the edge.
    pub(super) fn put(&mut self, digest: KeyDigest, cached: Cached) {
        let cached = if cached.weight() > self.max_weight / 2 { Cached::Nothing } else { cached };
        let weight = cached.weight();
        if self.young_weight + weight > self.max_weight / 2 {
            self.old = core::mem::take(&mut self.young);
            self.young_weight = 0;
        }
        self.young_weight += weight;
        if let Some(replaced) = self.young.insert(digest, cached) {
            self.young_weight -= replaced.weight();
        }
    }

    pub(super) fn clear(&mut self) {
        *self = Self::new(self.max_weight);
    }

    #[cfg(test)]
    fn weight(&self) -> usize {
        self.young.values().chain(self.old.values()).map(Cached::weight).sum()
    }
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
