//! Where the keys of a ledger come from: they are minted here, imported, or taken over from the feed.

use alloc::{string::String, vec::Vec};

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::{Key, Revocation};
use crate::{
    access::{
        record::{KeyRecord, KeyState, Metadata, Subject},
        scope::ScopeSet,
    },
    base::{id::KeyId, timestamp::Timestamp},
    key::{KeyDigest, KeyDisplay, PlainKey},
    ledger::plan::RequestedExpiry,
    limits::own::OwnLimits,
};

/// The fields of a new key, checked by [`management`](crate::api::management).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NewKey {
    /// The name, 1 to 100 characters.
    pub name: String,
    /// The owner and the kind of the key.
    pub subject: Subject,
    /// The granted scopes.
    pub scopes: ScopeSet,
    /// The requested expiry; the tenant's limits decide.
    pub expires_at: RequestedExpiry,
    /// The networks that the key may be used from.
    pub allowed_ips: Vec<IpNet>,
    /// The owner's own data.
    pub metadata: Metadata,
    /// Its own rate limits and quotas.
    #[serde(default)]
    pub own_limits: OwnLimits,
}

/// A key that another system issued, as its importer describes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ImportedKey {
    /// The SHA-256 of its text.
    pub digest: KeyDigest,
    /// The display form.
    pub display: KeyDisplay,
    /// The other fields, as for any new key.
    pub new: NewKey,
    /// When the other system created it; `None` if the importer doesn't say.
    #[serde(default)]
    pub created_at: Option<Timestamp>,
    /// Whether it is over already. Such a key is stored revoked, so that nobody can bring it back.
    #[serde(default)]
    pub revoked: bool,
}

impl ImportedKey {
    /// The time of its creation, as far as that is known.
    #[must_use]
    pub fn created_at(&self, now: Timestamp) -> Timestamp {
        self.created_at.unwrap_or(now)
    }
}

impl Key {
    /// A key that was just minted, with the expiry that follows from its tenant's limits.
    #[must_use]
    pub fn create(
        id: KeyId,
        new: NewKey,
        expires_at: Option<Timestamp>,
        minted: &PlainKey,
        secret_fingerprint: &str,
        now: Timestamp,
    ) -> Self {
        let first = First { new, expires_at, digest: minted.digest(), display: minted.display() };
        Self::first(id, first, secret_fingerprint, now)
    }

    /// A key that another system issued, with the expiry that follows from its tenant's limits. It has no tag.
    #[must_use]
    pub fn import(id: KeyId, imported: ImportedKey, expires_at: Option<Timestamp>, now: Timestamp) -> Self {
        let created_at = imported.created_at(now);
        let ImportedKey { digest, display, new, created_at: _, revoked } = imported;
        let mut key = Self::first(id, First { new, expires_at, digest, display }, "", created_at);
        if revoked {
            key.record.state = KeyState::Revoked;
            key.revocation =
                Some(Revocation { at: now, reason: Some("imported as revoked".into()), effective_by: None });
        }
        key
    }

    /// The reason of revocations that only the feed has: the ledger was put back to a point before it made them.
    pub const REVOKED_BEFORE: &str = "revoked before the ledger was put back";

    /// A key as the feed has it and this ledger doesn't: the ledger was put back to a point before it had the key. The
    /// feed's record stays as it is, and the rest isn't known.
    #[must_use]
    pub fn known_to_feed(record: KeyRecord, digest: KeyDigest, secret_fingerprint: &str, now: Timestamp) -> Self {
        let revoked = record.state == KeyState::Revoked;
        let reason = || Some(Self::REVOKED_BEFORE.into());
        let revocation = revoked.then(|| Revocation { at: now, reason: reason(), effective_by: None });
        Self { revocation, ..Self::with(record, digest, secret_fingerprint) }
    }

    /// The fields that a successor is created with.
    #[must_use]
    pub fn as_new(&self) -> NewKey {
        let record = self.record.clone();
        NewKey {
            name: record.name,
            subject: record.subject,
            scopes: record.scopes,
            expires_at: record.expires_at.into(),
            allowed_ips: record.allowed_ips,
            metadata: record.metadata,
            own_limits: self.own_limits.clone(),
        }
    }

    fn first(id: KeyId, first: First, secret_fingerprint: &str, created_at: Timestamp) -> Self {
        let First { new, expires_at, digest, display } = first;
        let record = KeyRecord {
            id,
            version: 1,
            subject: new.subject,
            state: KeyState::Active,
            name: new.name,
            display,
            scopes: new.scopes,
            expires_at,
            allowed_ips: new.allowed_ips,
            metadata: new.metadata,
            created_at,
        };
        Self { own_limits: new.own_limits, ..Self::with(record, digest, secret_fingerprint) }
    }
}

/// The first state of a key, whether issued here or imported.
struct First {
    new: NewKey,
    expires_at: Option<Timestamp>,
    digest: KeyDigest,
    display: KeyDisplay,
}
