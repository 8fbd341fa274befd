//! Queries of lists, and the opaque cursors that lead from page to page.
//!
//! A cursor is the place of the last row that was shown, not a number of rows. So pages neither skip nor repeat rows
//! while rows are added, and each page costs the same. The newest rows come first, except in an export.

use alloc::{format, string::String};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};

use super::lifecycle::KeyStatus;
use crate::{
    access::scope::Scope,
    base::{
        id::{AuditId, DeliveryId, KeyId, TenantId},
        timestamp::Timestamp,
    },
    key::Environment,
};

/// The query of `GET keys`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyQuery {
    /// Only keys with this status.
    pub status: Option<KeyStatus>,
    /// Only keys of this environment.
    pub environment: Option<Environment>,
    /// Only keys that were granted this very scope.
    pub scope: Option<Scope>,
    /// Only keys with this text, in lower case, in name or display form.
    pub text: Option<String>,
    /// Only living keys that expire within this many days.
    #[serde(default)]
    pub expires_within_days: Option<u32>,
    /// Only living keys that were created, and last let through, this many days ago or earlier.
    #[serde(default)]
    pub unused_for_days: Option<u32>,
    /// Only living keys that were created this many days ago or earlier, and weren't rotated.
    #[serde(default)]
    pub rotation_due_days: Option<u32>,
    /// Only living keys that depend on the secret with this fingerprint.
    #[serde(default)]
    pub secret: Option<String>,
    /// The maximum number of rows.
    pub limit: u32,
    /// Only keys after this one.
    pub after: Option<KeyPlace>,
    /// Whether the answer includes sums of each key's uses.
    pub include_usage: bool,
}

impl KeyQuery {
    /// Whether only living keys are wanted: neither revoked nor expired ones.
    #[must_use]
    pub const fn wants_living(&self) -> bool {
        self.expires_within_days.is_some()
            || self.unused_for_days.is_some()
            || self.rotation_due_days.is_some()
            || self.secret.is_some()
    }
}

/// A key's place in the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyPlace {
    /// The time of creation.
    pub created_at: Timestamp,
    /// The id, which orders keys that were created in the same millisecond.
    pub id: KeyId,
}

impl KeyPlace {
    /// The place as a cursor.
    #[must_use]
    pub fn cursor(&self) -> String {
        URL_SAFE_NO_PAD.encode(format!("k{}.{}", self.created_at.as_millis(), self.id))
    }

    /// Parses [`cursor`](Self::cursor).
    #[must_use]
    pub fn parse(cursor: &str) -> Option<Self> {
        let text = decoded(cursor)?;
        let (millis, id) = text.strip_prefix('k')?.split_once('.')?;
        Some(Self { created_at: Timestamp::from_millis(millis.parse().ok()?), id: KeyId::parse(id)? })
    }
}

/// The query of `GET tenants`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenantQuery {
    /// Only tenants with this text in their name.
    pub text: Option<String>,
    /// The maximum number of rows.
    pub limit: u32,
    /// Only tenants after this one, by name.
    pub after: Option<TenantId>,
}

/// The cursor of a tenant.
#[must_use]
pub fn tenant_cursor(tenant: &TenantId) -> String {
    URL_SAFE_NO_PAD.encode(format!("t{tenant}"))
}

/// Parses [`tenant_cursor`].
#[must_use]
pub fn tenant_after(cursor: &str) -> Option<TenantId> {
    TenantId::parse(decoded(cursor)?.strip_prefix('t')?)
}

/// The query of `GET audit`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditQuery {
    /// Only entries about this key.
    pub key_id: Option<KeyId>,
    /// The maximum number of rows.
    pub limit: u32,
    /// Only entries before this one.
    pub before: Option<AuditPlace>,
}

/// The query of `GET audit/export`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportQuery {
    /// Only entries about this key.
    pub key_id: Option<KeyId>,
    /// Only entries after this one.
    pub after: Option<AuditId>,
}

/// An audit entry's place in its log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AuditPlace(pub u64);

impl AuditPlace {
    /// The place as a cursor.
    #[must_use]
    pub fn cursor(self) -> String {
        URL_SAFE_NO_PAD.encode(format!("a{}", self.0))
    }

    /// Parses [`cursor`](Self::cursor).
    #[must_use]
    pub fn parse(cursor: &str) -> Option<Self> {
        decoded(cursor)?.strip_prefix('a')?.parse().ok().map(Self)
    }
}

/// The query of `GET dead-letters`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLetterQuery {
    /// The maximum number of rows.
    pub limit: u32,
    /// Only letters after this one.
    pub after: Option<DeadLetterPlace>,
}

/// A dead letter's place in the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLetterPlace {
    /// The time since which it is dead.
    pub dead_at: Timestamp,
    /// The id, which orders letters of the same millisecond.
    pub id: DeliveryId,
}

impl DeadLetterPlace {
    /// The place as a cursor.
    #[must_use]
    pub fn cursor(&self) -> String {
        URL_SAFE_NO_PAD.encode(format!("d{}.{}", self.dead_at.as_millis(), self.id))
    }

    /// Parses [`cursor`](Self::cursor).
    #[must_use]
    pub fn parse(cursor: &str) -> Option<Self> {
        let text = decoded(cursor)?;
        let (millis, id) = text.strip_prefix('d')?.split_once('.')?;
        Some(Self { dead_at: Timestamp::from_millis(millis.parse().ok()?), id: DeliveryId::parse(id)? })
    }
}

/// An attempt's or an unsent event's place in the list of its endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventPlace(pub i64);

impl EventPlace {
    /// The place as a cursor.
    #[must_use]
    pub fn cursor(self) -> String {
        URL_SAFE_NO_PAD.encode(format!("e{}", self.0))
    }

    /// Parses [`cursor`](Self::cursor).
    #[must_use]
    pub fn parse(cursor: &str) -> Option<Self> {
        decoded(cursor)?.strip_prefix('e')?.parse().ok().map(Self)
    }
}

/// The form of a text for searches. Rows store theirs in this form too.
#[must_use]
pub fn searchable(text: &str) -> String {
    text.to_lowercase()
}

fn decoded(cursor: &str) -> Option<String> {
    String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()
}
