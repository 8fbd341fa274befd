//! Endpoints for events.

use alloc::{string::String, vec::Vec};

use serde::Serialize;

use crate::{
    base::{
        id::{EndpointId, TenantId},
        timestamp::{Rfc3339, Timestamp},
    },
    events::{event_type::EventType, secret::NewSecret, settings::EndpointSettings, terms::SignatureKind},
    objects::event_endpoint::{EndpointStatus, State},
};

/// An endpoint: its settings, and its state as far as the object knows that sends to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[allow(missing_docs)]
pub struct ShownEndpoint {
    pub created_at: Rfc3339,
    pub description: Option<String>,
    pub id: EndpointId,
    /// Whether the latest change of the endpoints has yet to reach the worker that sends.
    pub pending: bool,
    /// When the last of the replaced secrets ends.
    pub previous_secret_ends_at: Option<Rfc3339>,
    /// Of the newest secret, if receivers verify by a public key.
    pub public_key: Option<String>,
    /// Only of a secret that was just made: its text, or null if receivers need its public key alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<Option<String>>,
    pub signature: SignatureKind,
    /// `None` if the object can't be reached.
    pub state: Option<ShownEndpointState>,
    pub status: EndpointStatus,
    /// `None` if it gets the events of all tenants.
    pub tenant: Option<TenantId>,
    /// None at all for all types.
    pub types: Vec<EventType>,
    pub url: String,
    /// The ETag.
    pub version: u64,
}

/// The state of an endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[allow(missing_docs)]
pub struct ShownEndpointState {
    pub dead_letters: u64,
    pub disabled_at: Option<Rfc3339>,
    pub failing_since: Option<Rfc3339>,
    pub last_success_at: Option<Rfc3339>,
    pub waiting: u64,
}

impl ShownEndpoint {
    /// An endpoint as it is shown at a time. An endpoint that disabled itself is shown so, whatever its settings say.
    #[must_use]
    pub fn new(
        settings: &EndpointSettings,
        tenant: Option<&TenantId>,
        pending: bool,
        state: Option<State>,
        now: Timestamp,
    ) -> Self {
        let disabled = state.as_ref().is_some_and(|state| state.status == EndpointStatus::Disabled);
        let status = match (disabled, settings.paused) {
            (true, _) => EndpointStatus::Disabled,
            (false, true) => EndpointStatus::Paused,
            (false, false) => EndpointStatus::Active,
        };
        Self {
            created_at: Rfc3339(settings.created_at),
            description: Some(settings.description.clone()).filter(|text| !text.is_empty()),
            id: settings.id.clone(),
            pending,
            previous_secret_ends_at: settings.previous_secret_ends_at(now).map(Rfc3339),
            public_key: settings.secrets.first().and_then(|newest| newest.public_key.clone()),
            secret: None,
            signature: settings.signature,
            state: state.map(Into::into),
            status,
            tenant: tenant.cloned(),
            types: settings.types.clone(),
            url: settings.url.clone(),
            version: settings.version,
        }
    }

    /// The same with a secret that was just made.
    #[must_use]
    pub fn with_secret(self, secret: &NewSecret) -> Self {
        Self { secret: Some(secret.shown().map(Into::into)), ..self }
    }
}

impl From<State> for ShownEndpointState {
    fn from(state: State) -> Self {
        let State { status: _, waiting, dead_letters, last_success_at, failing_since, disabled_at } = state;
        Self { dead_letters, disabled_at, failing_since, last_success_at, waiting }
    }
}

/// The endpoints of a tenant, or of the deployment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ShownEndpoints {
    /// The oldest first.
    pub endpoints: Vec<ShownEndpoint>,
}

/// An endpoint that was deleted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[allow(missing_docs)]
pub struct DeletedEndpoint {
    pub deleted: bool,
    pub id: EndpointId,
}
