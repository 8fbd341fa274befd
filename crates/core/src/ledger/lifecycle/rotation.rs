//! Rotation: a key is replaced by a successor that differs only in its text.
//!
//! The old key ends at once, or after an overlap in which both keys work. The overlap begins with the rotation or with
//! the first use of the successor, so a slow roll-out cuts nobody off. A latest end holds in any case. The end can be
//! cancelled while it is in the future.

use alloc::string::String;

use super::{
    Key, KeyStatus, TransitionError,
    overlap::{Overlap, PendingEnd},
};
use crate::{
    access::record::KeyState,
    base::{id::KeyId, timestamp::Timestamp},
    ledger::plan::{KeyLimits, RequestedExpiry},
};

/// The minimum time that is left of an overlap when the ledger learns of the successor's first use, milliseconds.
const LEAST_LEFT_MS: i64 = 60 * 1_000;
/// The last instant that can be written in RFC 3339: the end of the year 9999.
const LATEST: Timestamp = Timestamp::from_millis(253_402_300_799_999);

impl Key {
    /// Replaces the key by `successor`. The key never ends later than without the rotation.
    ///
    /// # Errors
    /// [`TransitionError`] if the key was revoked or has expired, is disabled, or was replaced before.
    pub fn rotate(&self, successor: &KeyId, overlap: Overlap, now: Timestamp) -> Result<Self, TransitionError> {
        self.alive(now)?;
        if self.rotated_to.is_some() {
            return Err(TransitionError::AlreadyRotated);
        }
        if self.record.state == KeyState::Disabled {
            return Err(TransitionError::Disabled);
        }
        let (ends_in_ms, overlap_ms, begun_at) = match overlap {
            Overlap::None => {
                let mut key = self.revoke(Some("rotated".into()), now);
                key.rotated_to = Some(successor.clone());
                return Ok(key);
            }
            Overlap::FromRotation(overlap_ms) => (overlap_ms, overlap_ms, Some(now)),
            Overlap::FromFirstUse { overlap_ms, latest_ms } => (latest_ms, overlap_ms, None),
        };
        let own_expiry = self.record.expires_at;
        let mut key = self.clone();
        key.rotated_to = Some(successor.clone());
        key.end_by(now.plus_millis(ends_in_ms));
        key.pending_end = Some(PendingEnd { rotated_at: now, overlap_ms, begun_at, own_expiry });
        Ok(self.succeeded_by(key))
    }

    /// The expiry of the successor. Unless one was requested, the successor lives as long from now on as this key was
    /// meant to from its creation, but no longer than the limits allow, nor than the operator who rotates
    /// (`rotators_end`).
    ///
    /// # Errors
    /// A sentence that says how long a key may live.
    pub fn successors_expiry(
        &self,
        requested: Option<RequestedExpiry>,
        limits: &KeyLimits,
        rotators_end: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, String> {
        if let Some(requested) = requested {
            return limits.expiry(requested, now);
        }
        let lifetime = self.record.expires_at.map(|end| end.millis_since(self.record.created_at));
        let end = lifetime.map(|lifetime| now.plus_millis(lifetime).min(LATEST));
        Ok([end, limits.latest_expiry(now), rotators_end].into_iter().flatten().min())
    }

    /// Records that the successor was used at `at`. If the overlap waited for that, it begins then. The ledger learns
    /// of uses late, so the overlap lasts for at least another minute, or for its whole length if that is shorter.
    #[must_use]
    pub fn successor_used(&self, at: Timestamp, now: Timestamp) -> Self {
        let mut key = self.clone();
        match &mut key.pending_end {
            Some(pending) if pending.begun_at.is_none() && self.alive(now).is_ok() => {
                pending.begun_at = Some(at);
                let heard_late = now.plus_millis(pending.overlap_ms.min(LEAST_LEFT_MS));
                let end = at.plus_millis(pending.overlap_ms).max(heard_late);
                key.end_by(end);
                self.succeeded_by(key)
            }
            _ => key,
        }
    }

    /// Cancels the end: the key lives as long as without the rotation.
    ///
    /// # Errors
    /// [`TransitionError`] if the key was revoked or has expired, or has no pending end.
    pub fn cancel_end(&self, now: Timestamp) -> Result<Self, TransitionError> {
        self.alive(now)?;
        let Some(pending) = &self.pending_end else { return Err(TransitionError::NoPendingEnd) };
        let mut key = self.clone();
        key.record.expires_at = pending.own_expiry;
        (key.pending_end, key.rotated_to) = (None, None);
        Ok(self.succeeded_by(key))
    }

    /// The end in the future, if the key was rotated and is neither revoked nor expired.
    #[must_use]
    pub fn pending_end(&self, now: Timestamp) -> Option<&PendingEnd> {
        let lives = matches!(self.status(now), KeyStatus::Active | KeyStatus::Disabled);
        self.pending_end.as_ref().filter(|_| lives)
    }

    /// Whether the key was used since the overlap began, or since the rotation if the overlap has not begun. Some users
    /// have then still to move to the successor.
    #[must_use]
    pub fn still_in_use(&self, pending: &PendingEnd) -> bool {
        self.last_used_at.is_some_and(|last| last > pending.begun_at.unwrap_or(pending.rotated_at))
    }

    fn end_by(&mut self, end: Timestamp) {
        self.record.expires_at = Some(self.record.expires_at.map_or(end, |own| own.min(end)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        access::record::{KeyRecord, tests::record},
        ledger::lifecycle::{DisabledBy, KeyPatch, tests::key},
    };
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const NOW: Timestamp = Timestamp::from_millis(1_750_000_000_000);
    const MINUTE: i64 = 60_000;
    const FROM_FIRST_USE: Overlap = Overlap::FromFirstUse { overlap_ms: MINUTE, latest_ms: 60 * MINUTE };

    fn rotated(overlap: Overlap) -> Key {
        key().rotate(&successor(), overlap, NOW).unwrap()
    }

    fn successor() -> KeyId {
        KeyId::parse("key_00000000000000000000").unwrap()
    }

    fn after(millis: i64) -> Option<Timestamp> {
        Some(NOW.plus_millis(millis))
    }

    #[test]
    fn without_overlap_the_old_key_is_revoked() {
        let rotated = rotated(Overlap::None);
        assert_eq!(rotated.status(NOW), KeyStatus::Revoked);
        assert_eq!(rotated.record.version, key().record.version + 1);
        assert_eq!(rotated.cancel_end(NOW), Err(TransitionError::Revoked));
    }

    #[test]
    fn the_old_key_ends_after_the_overlap_and_never_later_than_before() {
        assert_eq!(rotated(Overlap::FromRotation(MINUTE)).record.expires_at, after(MINUTE));
        let own_end = key().record.expires_at.unwrap();
        let late = key().rotate(&successor(), Overlap::FromRotation(MINUTE), own_end.plus_millis(-1)).unwrap();
        assert_eq!(late.record.expires_at, Some(own_end));
    }

    #[test]
    fn a_successor_lives_as_long_as_its_predecessor_was_meant_to() {
        let end = key().record.expires_at.unwrap();
        let lifetime = end.millis_since(key().record.created_at);
        let at = end.plus_millis(-MINUTE);
        let expiry =
            |requested, limits: &KeyLimits, rotators_end| key().successors_expiry(requested, limits, rotators_end, at);
        let none = KeyLimits::default();
        assert_eq!(expiry(None, &none, None), Ok(Some(at.plus_millis(lifetime))));
        let plan = KeyLimits { max_expiry_days: Some(1), ..none };
        assert_eq!(expiry(None, &plan, None), Ok(plan.latest_expiry(at)));
        assert_eq!(expiry(None, &none, Some(end)), Ok(Some(end)), "no longer than the operator who rotates");
        assert_eq!(
            expiry(Some(RequestedExpiry::At(end)), &none, Some(at)),
            Ok(Some(end)),
            "what is requested is judged elsewhere"
        );
        assert!(expiry(Some(RequestedExpiry::Never), &plan, None).is_err());
        let lasting = Key { record: KeyRecord { expires_at: None, ..record() }, ..key() };
        assert_eq!(lasting.successors_expiry(None, &none, None, at), Ok(None));
        let longest = Key { record: KeyRecord { expires_at: Some(LATEST), ..record() }, ..key() };
        assert_eq!(longest.successors_expiry(None, &none, None, at), Ok(Some(LATEST)));
        assert_eq!(LATEST.to_rfc3339(), "9999-12-31T23:59:59.999Z");
    }

    #[test]
    fn an_overlap_from_the_first_use_begins_then_and_has_a_latest_end() {
        let waiting = rotated(FROM_FIRST_USE);
        assert_eq!(waiting.record.expires_at, after(60 * MINUTE));
        let begun = waiting.successor_used(NOW.plus_millis(5 * MINUTE), NOW.plus_millis(5 * MINUTE));
        assert_eq!(begun.record.expires_at, after(6 * MINUTE));
        let heard_late = waiting.successor_used(NOW, NOW.plus_millis(10 * MINUTE));
        assert_eq!(heard_late.record.expires_at, after(11 * MINUTE), "nobody is cut off before they could know");
        assert_eq!(begun.record.version, waiting.record.version + 1);
        let again = begun.successor_used(NOW.plus_millis(5 * MINUTE + 30_000), NOW.plus_millis(5 * MINUTE + 30_000));
        assert_eq!(again, begun, "the first use alone counts");
        let late = waiting.successor_used(NOW.plus_millis(60 * MINUTE - 1), NOW.plus_millis(60 * MINUTE - 1));
        assert_eq!(late.record.expires_at, after(60 * MINUTE));
        assert_eq!(
            rotated(Overlap::FromRotation(MINUTE)).successor_used(NOW, NOW),
            rotated(Overlap::FromRotation(MINUTE))
        );
    }

    #[test]
    fn a_pending_end_can_be_cancelled_and_the_key_rotated_again() {
        for overlap in [Overlap::FromRotation(MINUTE), FROM_FIRST_USE] {
            let cancelled = rotated(overlap).cancel_end(NOW).unwrap();
            assert_eq!(cancelled.record.expires_at, key().record.expires_at);
            assert_eq!((&cancelled.rotated_to, cancelled.pending_end(NOW)), (&None, None));
            assert_eq!(cancelled.successor_used(NOW, NOW), cancelled);
            assert_eq!(cancelled.cancel_end(NOW), Err(TransitionError::NoPendingEnd));
            assert!(cancelled.rotate(&successor(), overlap, NOW).is_ok());
        }
        let ended = NOW.plus_millis(MINUTE);
        assert_eq!(rotated(Overlap::FromRotation(MINUTE)).cancel_end(ended), Err(TransitionError::Expired));
        assert_eq!(rotated(Overlap::FromRotation(MINUTE)).pending_end(ended), None);
    }

    #[test]
    fn a_key_is_rotated_once_and_only_while_it_works() {
        let again = rotated(FROM_FIRST_USE).rotate(&successor(), Overlap::None, NOW);
        assert_eq!(again, Err(TransitionError::AlreadyRotated));
        let disabled = key().disable(DisabledBy::Operator, NOW).unwrap().rotate(&successor(), Overlap::None, NOW);
        assert_eq!(disabled, Err(TransitionError::Disabled));
        let revoked = key().revoke(None, NOW).rotate(&successor(), Overlap::None, NOW);
        assert_eq!(revoked, Err(TransitionError::Revoked));
    }

    #[test]
    fn while_an_end_is_pending_no_patch_moves_it() {
        let patch = |expires_at| KeyPatch { expires_at, ..KeyPatch::default() };
        let rotated = rotated(Overlap::FromRotation(MINUTE));
        assert_eq!(rotated.patch(patch(Some(None)), true, NOW), Err(TransitionError::RotationPending));
        assert!(rotated.patch(patch(None), true, NOW).is_ok());
    }

    #[test]
    fn a_row_of_rotations_counts_as_its_first_key() {
        let second = Key { record: KeyRecord { id: successor(), ..record() }, ..key() }.replacing(&key());
        assert_eq!((&second.rotated_from, &second.counts_as), (&Some(key().record.id), &Some(key().record.id)));
        let third = key().replacing(&second);
        assert_eq!((third.rotated_from, third.counts_as), (Some(successor()), Some(key().record.id)));
        let operators = KeyId::parse("op_4bTzV9cXk07Hq2mN1pRs").unwrap();
        let operator = Key { record: KeyRecord { id: operators, ..record() }, ..key() };
        assert_eq!(operator.clone().replacing(&operator).counts_as, None);
    }

    #[test]
    fn a_key_is_still_in_use_if_it_was_used_since_the_overlap_began() {
        let in_use = |key: &Key, at| {
            let used = Key { last_used_at: after(at), ..key.clone() };
            used.still_in_use(used.pending_end.as_ref().unwrap())
        };
        let waiting = rotated(FROM_FIRST_USE);
        assert!(!waiting.still_in_use(waiting.pending_end.as_ref().unwrap()), "it was never used");
        assert!(!in_use(&waiting, 0) && in_use(&waiting, 1));
        let begun = waiting.successor_used(NOW.plus_millis(MINUTE), NOW.plus_millis(MINUTE));
        assert!(!in_use(&begun, MINUTE) && in_use(&begun, MINUTE + 1));
    }

    #[test]
    fn a_pending_end_reads_back_from_its_golden_stored_form() {
        let golden = r#"{"rotated_at":1750000000000,"overlap_ms":60000,"begun_at":null,"own_expiry":1800000000000}"#;
        let pending = rotated(FROM_FIRST_USE).pending_end.unwrap();
        assert_eq!(serde_json::to_string(&pending).unwrap(), golden);
        assert_eq!(serde_json::from_str::<PendingEnd>(golden).unwrap(), pending);
    }
}
