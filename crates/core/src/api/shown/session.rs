//! Sessions of the pages.

use alloc::string::{String, ToString};

use serde::Serialize;

use super::ShownLimits;
use crate::{
    access::{operator::Caller, record::Reach, scope::ScopeSet, session::Actor},
    base::{
        id::{SessionId, TenantId},
        timestamp::{Rfc3339, Timestamp},
    },
    ledger::summary::KeyCounts,
};

/// An operator's session, as `GET /v1/session` shows it.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs)]
pub struct ShownSession {
    /// Null for an operator's key that never expires.
    pub expires_at: Option<Rfc3339>,
    pub operator: SignedIn,
}

/// The operator who is signed in.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs)]
pub struct SignedIn {
    pub id: String,
    pub name: String,
    pub scopes: ScopeSet,
    /// `*` of an operator for all tenants.
    pub tenant: String,
}

impl ShownSession {
    /// The caller's session, which ends then.
    #[must_use]
    pub fn new(caller: &Caller, ends_at: Option<Timestamp>) -> Self {
        let tenant = match &caller.reach {
            Reach::All => "*".to_string(),
            Reach::Tenant(tenant) => tenant.to_string(),
        };
        let Caller { id, name, scopes, .. } = caller.clone();
        Self { expires_at: ends_at.map(Rfc3339), operator: SignedIn { id, name, scopes, tenant } }
    }
}

/// A portal session that was just minted. It has the texts, so it has no `Debug`.
#[derive(Clone, Serialize)]
#[allow(missing_docs)]
pub struct MintedPortalSession {
    pub expires_at: Rfc3339,
    pub id: SessionId,
    pub token: String,
    /// The link for the customer, which can be used once within five minutes.
    pub url: String,
}

/// A portal session, as `GET /v1/portal-session` shows it.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs)]
pub struct ShownPortalSession {
    pub actor: Actor,
    pub expires_at: Rfc3339,
    pub id: SessionId,
    /// The tenant's keys.
    pub keys: KeyCounts,
    /// The limits of the tenant's keys.
    pub limits: ShownLimits,
    pub may: ScopeSet,
    pub scopes: ScopeSet,
    pub tenant: TenantId,
}
