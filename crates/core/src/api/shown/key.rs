//! Keys, those of operators among them.

use alloc::{
    boxed::Box,
    string::{String, ToString},
    vec::Vec,
};

use ipnet::IpNet;
use serde::Serialize;
use serde_json::{Map, Value};

use super::{Holds, Showing};
use crate::{
    access::{
        record::{Metadata, Reach, Subject},
        scope::ScopeSet,
    },
    base::{
        id::KeyId,
        timestamp::{Rfc3339, Timestamp},
    },
    key::{Environment, KeyDisplay, PlainKey},
    ledger::{
        exposure::Exposure,
        lifecycle::{Creator, Key, KeyStatus, PendingEnd},
    },
    limits::own_patch::LimitField,
    usage::report::UsageSummary,
};

/// A key as it is shown. Only [`with_text`](Self::with_text) puts its text among it,
/// so this has no `Debug`.
#[derive(Clone, Serialize)]
#[allow(missing_docs)]
pub struct ShownKey {
    pub allowed_ips: Vec<IpNet>,
    pub created_at: Rfc3339,
    /// Null if it isn't known.
    pub created_by: Option<Creator>,
    pub display: KeyDisplay,
    /// When a change, or the revocation, is in effect everywhere; null until that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effective_by: Option<Option<Rfc3339>>,
    /// Of API keys alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<Environment>,
    pub expires_at: Option<Rfc3339>,
    /// The latest report that it was found where it doesn't belong.
    pub exposure: Option<ShownExposure>,
    /// Beside `effective_by`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub holds: Option<Holds>,
    pub id: KeyId,
    /// Of API keys alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub imported: Option<bool>,
    /// The text of a key that was just minted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    pub last_used_at: Option<Rfc3339>,
    pub metadata: Metadata,
    pub name: String,
    pub pending_end: Option<ShownPendingEnd>,
    /// Its own values. Of API keys alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quotas: Option<Map<String, Value>>,
    /// Its own values. Of API keys alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate_limits: Option<Map<String, Value>>,
    /// The key that a rotation has replaced by this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replaces: Option<Box<Self>>,
    pub revoke_reason: Option<String>,
    pub revoked_at: Option<Rfc3339>,
    pub rotated_from: Option<KeyId>,
    pub rotated_to: Option<KeyId>,
    pub scopes: ScopeSet,
    pub status: KeyStatus,
    /// `*` of an operator for all tenants.
    pub tenant: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage: Option<UsageSummary>,
    pub version: u64,
}

impl ShownKey {
    /// The key as it stands `now`.
    #[must_use]
    pub fn new(key: &Key, showing: Showing<'_>, now: Timestamp) -> Self {
        let Key { record, revocation, .. } = key;
        let own_limits = |field| {
            let is_operators = matches!(record.subject, Subject::Operator { .. });
            (!is_operators).then(|| key.own_limits.shown(showing.limits, field))
        };
        let revocation = revocation.as_ref();
        let (tenant, environment, imported) = match &record.subject {
            Subject::ApiKey { tenant, environment } => {
                (tenant.to_string(), Some(*environment), Some(key.is_imported()))
            }
            Subject::Operator { reach: Reach::All } => ("*".into(), None, None),
            Subject::Operator { reach: Reach::Tenant(tenant) } => (tenant.to_string(), None, None),
        };
        Self {
            allowed_ips: record.allowed_ips.clone(),
            created_at: Rfc3339(record.created_at),
            created_by: key.created_by.clone(),
            display: record.display.clone(),
            effective_by: revocation.map(|revocation| revocation.effective_by.map(Rfc3339)),
            environment,
            expires_at: record.expires_at.map(Rfc3339),
            exposure: key.exposure.as_ref().map(ShownExposure::new),
            holds: revocation.map(|_| showing.holds),
            id: record.id.clone(),
            imported,
            key: None,
            last_used_at: key.last_used_at.map(Rfc3339),
            metadata: record.metadata.clone(),
            name: record.name.clone(),
            pending_end: key.pending_end(now).map(|pending| ShownPendingEnd::new(key, pending)),
            quotas: own_limits(LimitField::Quotas),
            rate_limits: own_limits(LimitField::RateLimits),
            replaces: None,
            revoke_reason: revocation.and_then(|revocation| revocation.reason.clone()),
            revoked_at: revocation.map(|revocation| Rfc3339(revocation.at)),
            rotated_from: key.rotated_from.clone(),
            rotated_to: key.rotated_to.clone(),
            scopes: record.scopes.clone(),
            status: key.status(now),
            tenant,
            usage: None,
            version: record.version,
        }
    }

    /// The key after a change: also from when on that holds, and how far.
    #[must_use]
    pub fn changed(key: &Key, effective_by: Option<Timestamp>, showing: Showing<'_>, now: Timestamp) -> Self {
        let effective_by = Some(effective_by.map(Rfc3339));
        Self { effective_by, holds: Some(showing.holds), ..Self::new(key, showing, now) }
    }

    /// The key after a change that is in effect no earlier than this.
    #[must_use]
    pub fn no_earlier_than(self, least: Option<Timestamp>) -> Self {
        let later = |Rfc3339(at): Rfc3339| Rfc3339(least.map_or(at, |least| at.max(least)));
        Self { effective_by: self.effective_by.map(|effective_by| effective_by.map(later)), ..self }
    }

    /// Adds the key's text, for the one answer that shows it.
    #[must_use]
    pub fn with_text(self, minted: &PlainKey) -> Self {
        Self { key: Some(minted.reveal().into()), ..self }
    }

    /// Adds the key that this one replaces.
    #[must_use]
    pub fn replacing(self, replaced: Self) -> Self {
        Self { replaces: Some(Box::new(replaced)), ..self }
    }

    /// Adds sums of the key's uses.
    #[must_use]
    pub fn with_usage(self, usage: UsageSummary) -> Self {
        Self { usage: Some(usage), ..self }
    }
}

/// The latest report that a key was found where it doesn't belong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[allow(missing_docs)]
pub struct ShownExposure {
    pub at: Rfc3339,
    /// The kind of place, such as `commit`.
    pub source: String,
    /// Null if the report had none, or one that can't be shown.
    pub url: Option<String>,
}

impl ShownExposure {
    fn new(exposure: &Exposure) -> Self {
        let Exposure { at, source, url } = exposure.clone();
        Self { at: Rfc3339(at), source, url: Some(url).filter(|url| !url.is_empty()) }
    }
}

/// The end of a key that a rotation has set.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[allow(missing_docs)]
pub struct ShownPendingEnd {
    pub at: Option<Rfc3339>,
    pub awaiting_first_use: bool,
    pub overlap_seconds: i64,
    pub still_in_use: bool,
}

impl ShownPendingEnd {
    fn new(key: &Key, pending: &PendingEnd) -> Self {
        Self {
            at: key.record.expires_at.map(Rfc3339),
            awaiting_first_use: pending.begun_at.is_none(),
            overlap_seconds: pending.overlap_ms / 1_000,
            still_in_use: key.still_in_use(pending),
        }
    }
}
