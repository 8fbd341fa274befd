//! A key's life in the ledger: it is created, changed, disabled and enabled, replaced, revoked.
//!
//! Each transition is a pure function from a key to the key that it becomes. No transition brings a revoked or expired
//! key back.

use alloc::string::String;

use serde::{Deserialize, Serialize};

use super::exposure::Exposure;
use crate::{
    access::{
        record::{KeyRecord, KeyState, Reach, Subject},
        session::Actor,
    },
    base::{id::KeyId, timestamp::Timestamp},
    key::KeyDigest,
    limits::own::OwnLimits,
};

mod creation;
mod erased;
mod exposed;
mod overlap;
mod patch;
mod rotation;
mod transition_error;

pub use creation::{ImportedKey, NewKey};
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
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const NOW: Timestamp = Timestamp::from_millis(1_750_000_000_000);

    pub(crate) fn key() -> Key {
        Key::with(record(), KeyDigest::of("x"), "s")
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
    fn only_the_last_to_disable_a_key_is_remembered_and_an_operator_outranks_a_customer() {
        use DisabledBy::{Customer, Operator};
        let disabled =
            |by: &[DisabledBy]| by.iter().fold(key(), |key, by| key.disable(*by, NOW).unwrap()).disabled_by_customer;
        assert!(disabled(&[Customer]) && disabled(&[Customer, Customer]));
        assert!(!disabled(&[Operator]) && !disabled(&[Customer, Operator]) && !disabled(&[Operator, Customer]));
        let enabled = key().disable(Customer, NOW).unwrap().enable(NOW).unwrap();
        assert!(!enabled.disabled_by_customer);
    }
}
