//! A key's life in the ledger: it is created, changed, disabled and enabled, replaced, revoked.
//!
//! Each transition is a pure function from a key to the key that it becomes. No transition brings a revoked or expired
//! key back.

use alloc::{string::String, vec::Vec};

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::{exposure::Exposure, plan::RequestedExpiry};
use crate::{
    access::{
        record::{KeyRecord, KeyState, Metadata, Reach, Subject},
        scope::ScopeSet,
        session::Actor,
    },
    base::{id::KeyId, timestamp::Timestamp},
    key::{KeyDigest, KeyDisplay, PlainKey},
    limits::own::OwnLimits,
};

mod exposed;
mod overlap;
mod patch;
mod rotation;
mod transition_error;

pub use overlap::{Overlap, PendingEnd};
pub use patch::KeyPatch;
pub use transition_error::TransitionError;

/// A key's row in the ledger: its record, and the facts that only the ledger needs.
#[derive(Clone, Debug, PartialEq)]
pub struct Key {
    /// The record that the edges get.
    pub record: KeyRecord,
    /// The digest, by which edges look the key up.
    pub digest: KeyDigest,
    /// The fingerprint of the secret that tagged the key; empty for an imported key, which has no tag.
    pub secret_fingerprint: String,
    /// The revocation, if the key was revoked.
    pub revocation: Option<Revocation>,
    /// The key that this one replaces.
    pub rotated_from: Option<KeyId>,
    /// The key that replaces this one.
    pub rotated_to: Option<KeyId>,
    /// The end that a rotation set, unless it was cancelled.
    pub pending_end: Option<PendingEnd>,
    /// The last use that was allowed, as far as the ledger knows.
    pub last_used_at: Option<Timestamp>,
    /// Its own rate limits and quotas.
    pub own_limits: OwnLimits,
    /// The first key of the row of rotations that made this one. Limits per key count the keys of a row together.
    pub counts_as: Option<KeyId>,
    /// The caller who created it; `None` if that isn't known.
    pub created_by: Option<Creator>,
    /// Whether a portal session disabled the key. Only such a key can be enabled by one.
    pub disabled_by_customer: bool,
    /// The latest report that the key was found where it doesn't belong.
    pub exposure: Option<Exposure>,
}

/// The caller who created a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Creator {
    /// The id of an operator's key, or `root`.
    pub id: String,
    /// The name of that key, as it was then.
    pub name: String,
    /// The customer who created the key through a portal session that the caller had minted.
    pub on_behalf_of: Option<Actor>,
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

/// The first state of a key, whether issued here or imported.
struct First {
    new: NewKey,
    expires_at: Option<Timestamp>,
    digest: KeyDigest,
    display: KeyDisplay,
}

/// The revocation of a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revocation {
    /// The time at which it was recorded.
    pub at: Timestamp,
    /// The reason, in the words of the person who revoked the key.
    pub reason: Option<String>,
    /// The time by which it is in effect at every edge; `None` until the feed took it.
    pub effective_by: Option<Timestamp>,
}

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

/// Whether an operator disables a key, or a customer through a portal session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum DisabledBy {
    Operator,
    Customer,
}

/// A key's status at a time, as lists filter by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum KeyStatus {
    Active,
    Disabled,
    Revoked,
    Expired,
}

impl KeyStatus {
    /// The name in JSON and queries.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => KeyState::Active.as_str(),
            Self::Disabled => KeyState::Disabled.as_str(),
            Self::Revoked => KeyState::Revoked.as_str(),
            Self::Expired => "expired",
        }
    }

    /// Parses [`as_str`](Self::as_str).
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Active, Self::Disabled, Self::Revoked, Self::Expired].into_iter().find(|status| status.as_str() == text)
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

    fn with(record: KeyRecord, digest: KeyDigest, secret_fingerprint: &str) -> Self {
        Self {
            record,
            digest,
            secret_fingerprint: secret_fingerprint.into(),
            revocation: None,
            rotated_from: None,
            rotated_to: None,
            pending_end: None,
            last_used_at: None,
            own_limits: OwnLimits::default(),
            counts_as: None,
            created_by: None,
            disabled_by_customer: false,
            exposure: None,
        }
    }

    /// Whether another system issued the key.
    #[must_use]
    pub fn is_imported(&self) -> bool {
        self.secret_fingerprint.is_empty()
    }

    /// The status at `now`.
    #[must_use]
    pub fn status(&self, now: Timestamp) -> KeyStatus {
        match self.record.state {
            KeyState::Revoked => KeyStatus::Revoked,
            _ if self.record.expires_at.is_some_and(|end| now >= end) => KeyStatus::Expired,
            KeyState::Disabled => KeyStatus::Disabled,
            KeyState::Active => KeyStatus::Active,
        }
    }

    /// Applies a patch. `may_raise` says whether an operator of all tenants makes it. Others only lower limits, which
    /// [`lowering`](super::lowering) checks.
    ///
    /// # Errors
    /// [`TransitionError`] if the key was revoked or has expired, or if the patch would move the end that a rotation
    /// set.
    pub fn patch(&self, patch: KeyPatch, may_raise: bool, now: Timestamp) -> Result<Self, TransitionError> {
        self.alive(now)?;
        if patch.expires_at.is_some() && self.pending_end.is_some() {
            return Err(TransitionError::RotationPending);
        }
        let mut key = self.clone();
        let record = &mut key.record;
        record.name = patch.name.unwrap_or_else(|| record.name.clone());
        record.scopes = patch.scopes.unwrap_or_else(|| record.scopes.clone());
        record.expires_at = patch.expires_at.unwrap_or(record.expires_at);
        record.allowed_ips = patch.allowed_ips.unwrap_or_else(|| record.allowed_ips.clone());
        match patch.metadata {
            None => {}
            Some(None) => record.metadata = Metadata::new(),
            Some(Some(changes)) => patch::merge_patch(&mut record.metadata, changes),
        }
        key.own_limits = self.own_limits.patched(&patch.own_limits, may_raise);
        Ok(self.succeeded_by(key))
    }

    /// Switches the key off, until it is [enabled](Self::enable). If an operator disables a key that a customer has
    /// disabled, it is the operator's to enable.
    ///
    /// # Errors
    /// [`TransitionError`] if the key was revoked or has expired.
    pub fn disable(&self, by: DisabledBy, now: Timestamp) -> Result<Self, TransitionError> {
        let mut key = self.with_state(KeyState::Disabled, now)?;
        let was_disabled = self.record.state == KeyState::Disabled;
        key.disabled_by_customer = by == DisabledBy::Customer && (!was_disabled || self.disabled_by_customer);
        Ok(self.succeeded_by(key))
    }

    /// Switches the key on again.
    ///
    /// # Errors
    /// [`TransitionError`] if the key was revoked or has expired.
    pub fn enable(&self, now: Timestamp) -> Result<Self, TransitionError> {
        self.with_state(KeyState::Active, now)
    }

    fn with_state(&self, state: KeyState, now: Timestamp) -> Result<Self, TransitionError> {
        self.alive(now)?;
        let mut key = self.clone();
        key.record.state = state;
        key.disabled_by_customer &= state == KeyState::Disabled;
        Ok(self.succeeded_by(key))
    }

    /// Revokes the key. A key that is revoked already stays as it is.
    #[must_use]
    pub fn revoke(&self, reason: Option<String>, now: Timestamp) -> Self {
        if self.revocation.is_some() {
            return self.clone();
        }
        let mut key = self.clone();
        key.record.state = KeyState::Revoked;
        key.revocation = Some(Revocation { at: now, reason, effective_by: None });
        self.succeeded_by(key)
    }

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

    /// This key as the one that replaces `old`.
    #[must_use]
    pub fn replacing(self, old: &Self) -> Self {
        let id = &old.record.id;
        // The keys of operators are under no limits.
        let counts_as = (!id.is_operators()).then(|| old.counts_as.as_ref().unwrap_or(id).clone());
        Self { rotated_from: Some(id.clone()), counts_as, ..self }
    }

    /// Whether the limits of the tenant and the key's id don't say all about its rate limits and quotas.
    #[must_use]
    pub fn has_limit_terms(&self) -> bool {
        !self.own_limits.is_empty() || self.counts_as.is_some()
    }

    /// The tenants that the key concerns.
    #[must_use]
    pub fn reach(&self) -> Reach {
        match &self.record.subject {
            Subject::ApiKey { tenant, .. } => Reach::Tenant(tenant.clone()),
            Subject::Operator { reach } => reach.clone(),
        }
    }

    fn alive(&self, now: Timestamp) -> Result<(), TransitionError> {
        match self.status(now) {
            KeyStatus::Revoked => Err(TransitionError::Revoked),
            KeyStatus::Expired => Err(TransitionError::Expired),
            KeyStatus::Active | KeyStatus::Disabled => Ok(()),
        }
    }

    /// `next` with the next version, or this key if nothing changed.
    fn succeeded_by(&self, mut next: Self) -> Self {
        next.record.version = self.record.version;
        if next != *self {
            next.record.version += 1;
        }
        next
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::access::record::tests::record;
    use serde_json::{Value, json};
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const NOW: Timestamp = Timestamp::from_millis(1_750_000_000_000);

    pub(crate) fn key() -> Key {
        Key {
            record: record(),
            digest: KeyDigest::of("x"),
            secret_fingerprint: "s".into(),
            revocation: None,
            rotated_from: None,
            rotated_to: None,
            pending_end: None,
            last_used_at: None,
            own_limits: OwnLimits::default(),
            counts_as: None,
            created_by: None,
            disabled_by_customer: false,
            exposure: None,
        }
    }

    #[test]
    fn a_revoked_or_expired_key_never_comes_back() {
        let revoked = key().revoke(Some("leaked".into()), NOW);
        assert_eq!(revoked.enable(NOW), Err(TransitionError::Revoked));
        assert_eq!(revoked.patch(KeyPatch::default(), true, NOW), Err(TransitionError::Revoked));
        let after = key().record.expires_at.unwrap();
        let later = KeyPatch { expires_at: Some(None), ..KeyPatch::default() };
        assert_eq!(key().patch(later, true, after), Err(TransitionError::Expired));
        assert_eq!(key().rotate(&key().record.id, Overlap::None, after), Err(TransitionError::Expired));
    }

    #[test]
    fn revoking_twice_changes_nothing() {
        let revoked = key().revoke(Some("leaked".into()), NOW);
        assert_eq!(revoked.revoke(Some("again".into()), NOW.plus_millis(5)), revoked);
    }

    #[test]
    fn each_change_takes_the_next_version_and_no_change_takes_none() {
        let disabled = key().disable(DisabledBy::Operator, NOW).unwrap();
        assert_eq!(disabled.record.version, key().record.version + 1);
        assert_eq!(disabled.disable(DisabledBy::Operator, NOW), Ok(disabled.clone()));
        assert_eq!(disabled.enable(NOW).unwrap().record.version, key().record.version + 2);
    }

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

    #[test]
    fn only_the_last_to_disable_a_key_is_remembered_and_an_operator_outranks_a_customer() {
        use DisabledBy::{Customer, Operator};
        let disabled =
            |by: &[DisabledBy]| by.iter().fold(key(), |key, by| key.disable(*by, NOW).unwrap()).disabled_by_customer;
        assert!(disabled(&[Customer]) && disabled(&[Customer, Customer]));
        assert!(!disabled(&[Operator]) && !disabled(&[Customer, Operator]) && !disabled(&[Operator, Customer]));
        let enabled = key().disable(Customer, NOW).unwrap().enable(NOW).unwrap();
        assert!(!enabled.disabled_by_customer);
    }

    #[test]
    fn a_patch_leaves_what_it_does_not_name() {
        let mut first = key();
        let object = |value: Value| value.as_object().unwrap().clone();
        first.record.metadata = object(json!({"plan": "pro", "seats": 3, "limits": {"a": 1, "b": 2}, "tags": [1]}));
        let changes =
            object(json!({"plan": null, "region": "eu", "limits": {"a": null, "c": {"d": null}}, "tags": [2]}));
        let patched =
            first.patch(KeyPatch { metadata: Some(Some(changes)), ..KeyPatch::default() }, true, NOW).unwrap();
        let expected = json!({"region": "eu", "seats": 3, "limits": {"b": 2, "c": {}}, "tags": [2]});
        assert_eq!(json!(patched.record.metadata), expected);
        assert_eq!(patched.record.name, first.record.name);
        let cleared = first.patch(KeyPatch { metadata: Some(None), ..KeyPatch::default() }, true, NOW).unwrap();
        assert!(cleared.record.metadata.is_empty());
        let text = r#"{"expires_at":null}"#;
        let patch: KeyPatch = serde_json::from_str(text).unwrap();
        assert_eq!(patch.expires_at, Some(None));
        assert_eq!(serde_json::from_str::<KeyPatch>("{}").unwrap(), KeyPatch::default());
    }
}
