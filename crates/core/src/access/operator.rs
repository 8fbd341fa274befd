//! The callers of the management API, and the rights of operators' keys.

use alloc::{
    borrow::Cow,
    format,
    string::{String, ToString},
    vec::Vec,
};

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    access::{
        record::{KeyRecord, Reach, Subject},
        scope::{Catalog, Implies, Scope, ScopeDefinition, ScopeSet},
        session::{Portal, PortalSession},
    },
    base::{code::Code, id::TenantId, problem::Problem, timestamp::Timestamp},
};

/// The time for which a judgement on an operator's key may be acted on, milliseconds.
///
/// The ledger of operators judges the key. The ledger that makes a change is another object, and it gets the judgement
/// at most this much later. So the end of an operator's key counts as effective at the earliest this long, plus the
/// margin for clocks, after it was recorded.
pub const JUDGED_FOR_MS: u32 = 2_000;

/// A caller of the management API, with its rights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Caller {
    /// The operator key's id, or `root`, or the id of a key that acts for itself.
    pub id: String,
    /// The name of the operator key.
    pub name: String,
    /// The scopes that the caller holds.
    pub scopes: ScopeSet,
    /// The tenants that the caller may act for.
    pub reach: Reach,
    /// The expiry of the operator key.
    #[serde(default)]
    pub expires_at: Option<Timestamp>,
    /// The portal session through which a customer acts; `None` if the operator acts themselves.
    #[serde(default)]
    pub portal: Option<Portal>,
}

impl Caller {
    /// The holder of `KEYSTILE_ROOT_KEY`.
    #[must_use]
    pub fn root() -> Self {
        Self {
            id: "root".into(),
            name: "root key".into(),
            scopes: OperatorScope::catalog().all_available(),
            reach: Reach::All,
            expires_at: None,
            portal: None,
        }
    }

    /// The holder of the operator's key with this record; `None` if it is not an operator's key.
    #[must_use]
    pub fn operator(record: &KeyRecord) -> Option<Self> {
        let Subject::Operator { reach } = &record.subject else { return None };
        let (id, name) = (record.id.to_string(), record.name.clone());
        let (scopes, expires_at) = (record.scopes.clone(), record.expires_at);
        Some(Self { id, name, scopes, reach: reach.clone(), expires_at, portal: None })
    }

    /// The caller in whose name idempotency keys are claimed. The customers of one operator can't be in each other's way.
    #[must_use]
    pub fn claims_as(&self) -> Cow<'_, str> {
        match &self.portal {
            None => Cow::Borrowed(&self.id),
            Some(portal) => Cow::Owned(format!("{} for {}", self.id, portal.actor.id)),
        }
    }

    /// The customer who acts through a portal session that this caller minted. They hold what the session may, within
    /// its tenant.
    #[must_use]
    pub fn through(self, session: PortalSession) -> Self {
        let PortalSession { id, tenant, actor, may, scopes, expires_at: _ } = session;
        Self { scopes: may, reach: Reach::Tenant(tenant), portal: Some(Portal { session: id, actor, scopes }), ..self }
    }

    /// Checks whether the caller may create an operator with these rights: nobody grants more than they hold, nor for
    /// longer.
    ///
    /// # Errors
    /// The 403 that says which right is missing.
    pub fn may_grant(&self, scopes: &ScopeSet, reach: &Reach, expires_at: Option<Timestamp>) -> Result<(), Problem> {
        let lacking: Vec<_> = scopes.iter().filter(|scope| !self.scopes.contains(scope)).collect();
        let detail = if let [first, ..] = lacking.as_slice() {
            format!("Nobody grants more than they hold: this operator key lacks the scope \"{first}\".")
        } else if !self.reach.covers(reach) {
            "Nobody grants more than they hold: this operator key is for one tenant.".into()
        } else if let Some(own) = self.expires_at.filter(|own| expires_at.is_none_or(|end| end > *own)) {
            let own = own.to_rfc3339();
            format!(
                "Nobody grants more than they hold: this operator key ends at {own}; name an `expires_at` no later."
            )
        } else {
            return Ok(());
        };
        Err(Problem::new(Code::ExceedsOwnRights, detail).with("lacking_scopes", json!(lacking)))
    }

    /// Checks whether the caller may do this for `tenant`, or for all tenants if `tenant` is `None`.
    ///
    /// # Errors
    /// The 403 that says which right is missing.
    pub fn may(&self, scope: OperatorScope, tenant: Option<&TenantId>) -> Result<(), Problem> {
        if !self.scopes.contains(&scope.scope()) {
            let detail = format!("This operator key lacks the scope \"{}\".", scope.as_str());
            return Err(Problem::new(Code::InsufficientScope, detail).with("required_scopes", json!([scope.as_str()])));
        }
        let reaches = match tenant {
            Some(tenant) => self.reach.includes(tenant),
            None => self.reach == Reach::All,
        };
        if reaches {
            return Ok(());
        }
        let detail = match tenant {
            Some(_) => "This operator key is for another tenant.",
            None => "This operator key is for one tenant, and this needs one for all.",
        };
        Err(Problem::new(Code::TenantNotAllowed, detail))
    }
}

/// A right of an operator's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum OperatorScope {
    KeysRead,
    KeysWrite,
    AuditRead,
    OperatorsWrite,
    TenantsDelete,
    Verify,
    WebhooksRead,
    WebhooksWrite,
    MetricsRead,
    EventsRead,
    EventsWrite,
    TenantsExport,
}

impl OperatorScope {
    const ALL: [Self; 12] = [
        Self::KeysRead,
        Self::KeysWrite,
        Self::AuditRead,
        Self::OperatorsWrite,
        Self::TenantsDelete,
        Self::Verify,
        Self::WebhooksRead,
        Self::WebhooksWrite,
        Self::MetricsRead,
        Self::EventsRead,
        Self::EventsWrite,
        Self::TenantsExport,
    ];

    /// The scope's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::KeysRead => "keys:read",
            Self::KeysWrite => "keys:write",
            Self::AuditRead => "audit:read",
            Self::OperatorsWrite => "operators:write",
            Self::TenantsDelete => "tenants:delete",
            Self::Verify => "verify",
            Self::WebhooksRead => "webhooks:read",
            Self::WebhooksWrite => "webhooks:write",
            Self::MetricsRead => "metrics:read",
            Self::EventsRead => "events:read",
            Self::EventsWrite => "events:write",
            Self::TenantsExport => "tenants:export",
        }
    }

    const fn description(self) -> &'static str {
        match self {
            Self::KeysRead => "List and read keys.",
            Self::KeysWrite => "Create, import, change, rotate and revoke keys; suspend and resume tenants.",
            Self::AuditRead => "Read the audit log.",
            Self::OperatorsWrite => "List, create, rotate and revoke operator keys.",
            Self::TenantsDelete => "Erase a tenant, with everything that names people in it.",
            Self::Verify => "Ask the edge for the verdict on a key.",
            Self::WebhooksRead => "List the sources of webhooks, and events that could not be delivered.",
            Self::WebhooksWrite => "Send events that could not be delivered again, discard them, or read their bodies.",
            Self::MetricsRead => "Read the metrics of the deployment.",
            Self::EventsRead => "List the endpoints that events are sent to, and what was sent to them.",
            Self::EventsWrite => "Create, change and delete endpoints; send events again, or discard them.",
            Self::TenantsExport => "Export all that a tenant's ledger has, for a backup: digests, never keys.",
        }
    }

    /// The scope of this name.
    #[must_use]
    pub fn scope(self) -> Scope {
        Scope::literal(self.as_str())
    }

    /// The catalog of operators' scopes. No scope implies another.
    #[must_use]
    pub fn catalog() -> Catalog {
        let definition = |scope: &Self| ScopeDefinition {
            name: scope.scope(),
            description: scope.description().into(),
            unavailable: None,
            implies: Implies::These(Vec::new()),
        };
        Catalog::new(Self::ALL.iter().map(definition).collect()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn callers_act_for_whom_they_reach_with_what_they_hold() {
        let acme = TenantId::parse("acme").unwrap();
        let other = TenantId::parse("other").unwrap();
        let caller = Caller {
            id: "op".into(),
            name: "ops".into(),
            scopes: [OperatorScope::KeysRead.scope()].into_iter().collect(),
            reach: Reach::Tenant(acme.clone()),
            expires_at: None,
            portal: None,
        };
        assert!(caller.may(OperatorScope::KeysRead, Some(&acme)).is_ok());
        assert_eq!(caller.may(OperatorScope::KeysRead, Some(&other)).unwrap_err().code, Code::TenantNotAllowed);
        assert_eq!(caller.may(OperatorScope::KeysRead, None).unwrap_err().code, Code::TenantNotAllowed);
        assert_eq!(caller.may(OperatorScope::KeysWrite, Some(&acme)).unwrap_err().code, Code::InsufficientScope);
        assert!(Caller::root().may(OperatorScope::OperatorsWrite, None).is_ok());
    }

    #[test]
    fn nobody_grants_more_than_they_hold() {
        let tenant = |name: &str| Reach::Tenant(TenantId::parse(name).unwrap());
        let read: ScopeSet = [OperatorScope::KeysRead.scope()].into_iter().collect();
        let write: ScopeSet = [OperatorScope::KeysWrite.scope()].into_iter().collect();
        let mut record = crate::access::record::tests::record();
        assert_eq!(Caller::operator(&record), None, "an API key's holder is no operator");
        record.subject = Subject::Operator { reach: tenant("acme") };
        record.scopes = read.clone();
        let caller = Caller::operator(&record).unwrap();
        let own_end = record.expires_at;
        assert_eq!(caller.may_grant(&read, &tenant("acme"), own_end), Ok(()));
        let later = own_end.map(|end| end.plus_millis(1));
        for (scopes, reach, end) in [
            (&write, tenant("acme"), own_end),
            (&read, tenant("other"), own_end),
            (&read, Reach::All, own_end),
            (&read, tenant("acme"), later),
            (&read, tenant("acme"), None),
        ] {
            assert_eq!(caller.may_grant(scopes, &reach, end).unwrap_err().code, Code::ExceedsOwnRights);
        }
        assert_eq!(Caller::root().may_grant(&write, &Reach::All, None), Ok(()));
    }
}
