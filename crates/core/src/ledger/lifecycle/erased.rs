//! The remains of an erased key: all of it but the metadata, or nothing but that it is revoked.

use alloc::vec::Vec;

use super::{Key, Revocation};
use crate::{
    access::{
        record::{KeyRecord, KeyState, Metadata},
        scope::ScopeSet,
    },
    base::timestamp::Timestamp,
    key::KeyDisplay,
};

impl Key {
    /// Empties the metadata. A key that was revoked or has expired changes in this alone.
    #[must_use]
    pub fn without_metadata(&self) -> Self {
        let mut key = self.clone();
        key.record.metadata = Metadata::new();
        self.succeeded_by(key)
    }

    /// The name of a key whose tenant was erased.
    pub const ERASED: &str = "erased";

    /// The rest of the key once its tenant is erased: that it is revoked, and what edges need to tell it from others.
    /// The record is as short as one can be that every version reads.
    #[must_use]
    pub fn erased(&self, now: Timestamp) -> Self {
        // Every field is named, so that the compiler asks about a new one.
        let Self {
            record,
            digest,
            secret_fingerprint,
            revocation,
            rotated_from: _,
            rotated_to: _,
            pending_end: _,
            last_used_at: _,
            own_limits: _,
            counts_as: _,
            created_by: _,
            disabled_by_customer: _,
            exposure: _,
        } = self;
        let KeyRecord {
            id,
            version,
            subject,
            state: _,
            name: _,
            display: _,
            scopes: _,
            expires_at: _,
            allowed_ips: _,
            metadata: _,
            created_at,
        } = record;
        let record = KeyRecord {
            id: id.clone(),
            version: *version,
            subject: subject.clone(),
            state: KeyState::Revoked,
            name: Self::ERASED.into(),
            display: KeyDisplay::erased(),
            scopes: ScopeSet::default(),
            expires_at: None,
            allowed_ips: Vec::new(),
            metadata: Metadata::new(),
            created_at: *created_at,
        };
        let (at, effective_by) = revocation.as_ref().map_or((now, None), |before| (before.at, before.effective_by));
        let revocation = Some(Revocation { at, reason: None, effective_by });
        self.succeeded_by(Self { revocation, ..Self::with(record, *digest, secret_fingerprint) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::lifecycle::{Creator, KeyStatus, tests::key};
    use serde_json::{Value, json};
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const NOW: Timestamp = Timestamp::from_millis(1_750_000_000_000);

    #[test]
    fn metadata_goes_from_dead_keys_too_and_brings_none_back() {
        let revoked = key().revoke(None, NOW);
        let emptied = revoked.without_metadata();
        assert!(emptied.record.metadata.is_empty() && !revoked.record.metadata.is_empty());
        assert_eq!((emptied.status(NOW), emptied.record.version), (KeyStatus::Revoked, revoked.record.version + 1));
        assert_eq!(emptied.without_metadata(), emptied);
    }

    #[test]
    fn of_an_erased_key_nothing_is_left_but_that_it_is_dead() {
        let mut living = key();
        living.record.allowed_ips = alloc::vec!["192.0.2.0/24".parse().unwrap()];
        living.created_by = Some(Creator { id: "root".into(), name: "Ann".into(), on_behalf_of: None });
        let revoked = living.revoke(Some("Ann has left".into()), NOW);
        for before in [living, revoked] {
            let stub = before.erased(NOW.plus_millis(5));
            assert_eq!(stub.record.version, before.record.version + 1);
            let expected = json!({
                "v": 1, "min_reader": 1, "id": before.record.id, "version": stub.record.version,
                "subject": before.record.subject, "state": "revoked", "name": "erased", "display": "erased",
                "scopes": [], "created_at": before.record.created_at,
            });
            assert_eq!(serde_json::from_str::<Value>(&stub.record.encode()).unwrap(), expected);
            assert_eq!((stub.digest, &stub.secret_fingerprint), (before.digest, &before.secret_fingerprint));
            assert_eq!(stub.revocation.as_ref().unwrap().reason, None);
            assert_eq!((&stub.created_by, stub.last_used_at, stub.rotated_to.clone()), (&None, None, None));
            assert_eq!(stub.erased(NOW.plus_millis(9)), stub, "twice is once");
        }
    }
}
