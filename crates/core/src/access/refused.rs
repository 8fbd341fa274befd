//! Credentials that were refused lately, by their digests.
//!
//! The text of a credential that was ended has a valid tag, so only storage knows that it is of no use. Whoever repeats it
//! gets the refusal of before, for a while, at no cost to the storage that all share.
//!
//! The table is bounded in entries. Two generations replace an exact order, as in
//! [`Failures`](crate::limits::failures::Failures): when the young one is full, the old one is dropped.

use alloc::collections::BTreeMap;

use crate::{base::timestamp::Timestamp, key::KeyDigest};

/// The maximum number of credentials in the table. An entry takes some 200 bytes.
const MAX_REFUSED: usize = 2_048;

/// Refusals of credentials, with the time of each judgement.
#[derive(Debug)]
pub struct Refused<T> {
    young: BTreeMap<KeyDigest, (Timestamp, T)>,
    old: BTreeMap<KeyDigest, (Timestamp, T)>,
}

impl<T> Refused<T> {
    /// No refusal.
    #[must_use]
    pub const fn new() -> Self {
        Self { young: BTreeMap::new(), old: BTreeMap::new() }
    }

    /// Notes the refusal of a credential, which was judged no earlier than `asked_at`.
    pub fn note(&mut self, credential: KeyDigest, refusal: T, asked_at: Timestamp) {
        if self.young.len() >= MAX_REFUSED / 2 {
            self.old = core::mem::take(&mut self.young);
        }
        self.young.insert(credential, (asked_at, refusal));
    }

    /// The refusal of this credential, if it is younger than `max_age_ms`.
    #[must_use]
    pub fn find(&self, credential: &KeyDigest, max_age_ms: u32, now: Timestamp) -> Option<&T> {
        let (asked_at, refusal) = self.young.get(credential).or_else(|| self.old.get(credential))?;
        // After the clock was set back, it is asked about again.
        (0..i64::from(max_age_ms)).contains(&now.millis_since(*asked_at)).then_some(refusal)
    }
}

impl<T> Default for Refused<T> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const NOW: Timestamp = Timestamp::from_millis(1_750_000_000_000);

    #[test]
    fn a_refusal_is_given_again_until_it_is_too_old() {
        let mut refused = Refused::new();
        let [one, other] = ["one", "other"].map(KeyDigest::of);
        refused.note(one, "revoked", NOW);
        for (credential, after, found) in [
            (one, 0, Some(&"revoked")),
            (one, 999, Some(&"revoked")),
            (one, 1_000, None),
            (one, -1, None),
            (other, 0, None),
        ] {
            assert_eq!(refused.find(&credential, 1_000, NOW.plus_millis(after)), found, "{after}");
        }
        refused.note(one, "again", NOW.plus_millis(1_000));
        assert_eq!(refused.find(&one, 1_000, NOW.plus_millis(1_001)), Some(&"again"));
    }

    #[test]
    fn the_table_stays_in_its_bound_and_remembers_the_latest() {
        let mut refused = Refused::new();
        for index in 0..10_000 {
            refused.note(KeyDigest::of(&format!("{index}")), index, NOW);
            assert!(refused.young.len() + refused.old.len() <= MAX_REFUSED);
        }
        assert_eq!(refused.find(&KeyDigest::of("9999"), 1, NOW), Some(&9_999));
    }
}
