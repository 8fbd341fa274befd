//! The commands of a ledger: JSON that is sent to the object's `fetch`, with one path for each command.
//!
//! A command is defined beside the operation that sends it, in [`operations`](crate::operations). Those that the edge
//! sends are defined in [`objects::ledger`](keystile_core::objects::ledger).

use keystile_core::{
    KeyId, TenantId, Timestamp,
    access::{
        operator::Caller,
        record::{KeyState, Reach},
        scope::Catalog,
        session::{Actor, Portal, exceeds},
    },
    api::if_match::{IfMatch, Versioned},
    base::{
        id::{DeliveryId, EndpointId, EventId},
        problem::Problem,
    },
    ledger::{
        idempotency::Claim,
        lifecycle::{Creator, DisabledBy, Key},
    },
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// A command: its JSON, the path that it is sent to, and its answer.
pub(crate) trait Command: Serialize + DeserializeOwned {
    /// The path.
    const PATH: &'static str;
    /// The body of the answer if the command succeeds.
    type Answer: Serialize;
    /// The id of the request, which every answer names.
    fn request_id(&self) -> &str;
}

/// The request id of changes for which nobody asked.
const NO_REQUEST: &str = "req_none";

/// The origin of a request, as the audit log keeps it: who asks, and from where.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Origin {
    /// The id of an operator's key; `root`; the id of a key that revokes itself; or `keystile`.
    pub(crate) actor_id: String,
    /// The actor's name.
    pub(crate) actor_name: String,
    /// The source address, as Cloudflare states it.
    pub(crate) ip: Option<String>,
    /// The request's id.
    pub(crate) request_id: String,
    /// The claim of its idempotency key, if it has one.
    pub(crate) claim: Option<Claim>,
    /// The time until which the judgement on the caller may be relied on; `None` if it has no end.
    #[serde(default)]
    pub(crate) judged_until: Option<Timestamp>,
    /// Whether the caller may raise limits: operators of all tenants may.
    #[serde(default)]
    pub(crate) may_raise: bool,
    /// The portal session through which a customer asks; `None` if the actor themselves ask.
    #[serde(default)]
    pub(crate) portal: Option<Portal>,
    /// The versions that the caller has seen, of which what is changed must have one; `None` if any will do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) if_match: Option<IfMatch>,
}

impl Origin {
    /// A caller's request.
    pub(crate) fn new(
        judged: &Judged,
        ip: Option<String>,
        request_id: &str,
        claim: Option<Claim>,
        if_match: Option<IfMatch>,
    ) -> Self {
        let Judged { caller: Caller { id, name, reach, portal, .. }, until, .. } = judged;
        let (actor_id, actor_name) = (id.clone(), name.clone());
        let may_raise = *reach == Reach::All;
        let portal = portal.clone();
        let request_id = request_id.into();
        Self { actor_id, actor_name, ip, request_id, claim, judged_until: *until, may_raise, portal, if_match }
    }

    /// Checks that a key has a version that the caller has seen. This comes after all checks of the request itself
    /// (RFC 9110, 13.2.1).
    ///
    /// # Errors
    /// The 412 with the present version.
    pub(crate) fn check_key(&self, key: &Key) -> Result<(), Problem> {
        let thing = if key.record.id.is_operators() { Versioned::Operator } else { Versioned::Key };
        self.if_match.as_ref().map_or(Ok(()), |if_match| if_match.check(thing, key.record.version))
    }

    /// Checks the same of an endpoint for events.
    ///
    /// # Errors
    /// The 412 with the present version.
    pub(crate) fn check_endpoint(&self, version: u64) -> Result<(), Problem> {
        self.if_match.as_ref().map_or(Ok(()), |if_match| if_match.check(Versioned::Endpoint, version))
    }

    /// Checks the same of a tenant.
    ///
    /// # Errors
    /// The 412 with the present version.
    pub(crate) fn check_tenant(&self, version: u64) -> Result<(), Problem> {
        self.if_match.as_ref().map_or(Ok(()), |if_match| if_match.check(Versioned::Tenant, version))
    }

    /// The customer on whose behalf the actor acts.
    pub(crate) fn on_behalf_of(&self) -> Option<&Actor> {
        self.portal.as_ref().map(|portal| &portal.actor)
    }

    /// The id of the request; `None` if Keystile acts by itself.
    pub(crate) fn request(&self) -> Option<&str> {
        Some(self.request_id.as_str()).filter(|id| *id != NO_REQUEST)
    }

    /// The creator of the keys that this creates.
    pub(crate) fn creator(&self) -> Creator {
        let (id, name) = (self.actor_id.clone(), self.actor_name.clone());
        Creator { id, name, on_behalf_of: self.on_behalf_of().cloned() }
    }

    /// Whether an operator or a customer disables what this disables.
    pub(crate) const fn disabled_by(&self) -> DisabledBy {
        if self.portal.is_some() { DisabledBy::Customer } else { DisabledBy::Operator }
    }

    /// Checks whether the caller may manage this key at all. A portal session may if it may grant all of the key's scopes.
    ///
    /// # Errors
    /// The 403 that names a scope beyond those.
    pub(crate) fn may_manage(&self, key: &Key, catalog: &Catalog) -> Result<(), Problem> {
        self.portal.as_ref().map_or(Ok(()), |portal| portal.covers(&key.record.scopes, catalog))
    }

    /// Checks whether the caller may enable this key. A portal session may if one disabled it.
    ///
    /// # Errors
    /// The 403 that says so.
    pub(crate) fn may_enable(&self, key: &Key) -> Result<(), Problem> {
        let disabled = key.record.state == KeyState::Disabled;
        if self.portal.is_none() || !disabled || key.disabled_by_customer {
            return Ok(());
        }
        Err(exceeds("An operator disabled this key; ask them to enable it."))
    }

    /// The origin of changes that Keystile makes by itself, without a request.
    pub(crate) fn keystile() -> Self {
        Self {
            actor_id: "keystile".into(),
            actor_name: "Keystile".into(),
            ip: None,
            request_id: NO_REQUEST.into(),
            claim: None,
            judged_until: None,
            may_raise: false,
            portal: None,
            if_match: None,
        }
    }
}

/// A caller whose key allows them to act.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Judged {
    #[serde(flatten)]
    pub(crate) caller: Caller,
    /// The time until which this holds; `None` for the root key, which stays valid until the next deployment.
    #[serde(default)]
    pub(crate) until: Option<Timestamp>,
    /// The end of the caller's session, if they have one.
    #[serde(default)]
    pub(crate) session_ends_at: Option<Timestamp>,
    /// The mark of the root key, if that is who acts.
    #[serde(default)]
    pub(crate) root_mark: Option<String>,
}

impl Judged {
    /// The holder of the root key with this mark.
    pub(crate) fn root(mark: Option<String>) -> Self {
        Self { caller: Caller::root(), until: None, session_ends_at: None, root_mark: mark }
    }
}

/// The id of a key, and the tenant that the key must belong to. In the operators' ledger an operator of a tenant finds
/// only that tenant's operators.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Target {
    /// The key.
    pub(crate) id: KeyId,
    /// The tenant that the key must belong to; `None` allows any.
    pub(crate) within: Option<TenantId>,
}

/// An event that could not be delivered, or one that is replayed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct DeadLetterRef {
    /// The source of webhooks that the event came to.
    pub(crate) source: String,
    /// The id of the event.
    pub(crate) id: DeliveryId,
}

/// An event that could not be sent to an endpoint, or all of them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct UnsentRef {
    /// The endpoint.
    pub(crate) endpoint: EndpointId,
    /// The event; `None` for all that could not be sent.
    pub(crate) event: Option<EventId>,
}
