//! The terms of an endpoint: where events go, which ones, and how they are signed.

use alloc::{string::String, vec::Vec};

use serde::{Deserialize, Serialize};

use super::event_type::EventType;
use crate::base::{
    id::{EndpointId, TenantId},
    timestamp::Timestamp,
};

/// The maximum number of endpoints of a tenant.
pub const MAX_ENDPOINTS_OF_TENANT: usize = 10;
/// The maximum number of endpoints of the deployment.
pub const MAX_ENDPOINTS_OF_DEPLOYMENT: usize = 20;
/// The name of the router of the deployment. No tenant is named so.
pub const DEPLOYMENT_ROUTER: &str = "_deployment";

/// An endpoint, as its ledger tells of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndpointTerms {
    /// Its id.
    pub id: EndpointId,
    /// The tenant whose events it gets; `None` if it gets those of all tenants.
    pub tenant: Option<TenantId>,
    /// The address, in the form of [`EndpointUrl`](super::address::EndpointUrl).
    pub url: String,
    /// The types that it gets; all if there are none.
    pub types: Vec<EventType>,
    /// Whether its events wait.
    pub paused: bool,
    /// The way in which its events are signed.
    pub signature: SignatureKind,
    /// The secrets that sign, the newest first.
    pub secrets: Vec<SealedSecret>,
    /// The version: of two, the higher holds. It grows with every change.
    pub version: u64,
    /// The version at which somebody last made it active. A higher one than before ends a disabling.
    #[serde(default)]
    pub active_since: u64,
}

impl EndpointTerms {
    /// Whether the endpoint gets events of this type.
    #[must_use]
    pub fn asks_for(&self, event_type: EventType) -> bool {
        event_type.can_be_asked_for() && (self.types.is_empty() || self.types.contains(&event_type))
    }

    /// The secrets that sign at a time, sealed.
    pub fn signing_secrets(&self, now: Timestamp) -> impl Iterator<Item = &str> {
        let signs = move |secret: &&SealedSecret| secret.until.is_none_or(|until| now < until);
        self.secrets.iter().filter(signs).map(|secret| secret.sealed.as_str())
    }
}

/// The signature of Standard Webhooks that an endpoint gets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum SignatureKind {
    /// HMAC-SHA256 with a secret `whsec_…`.
    #[default]
    #[serde(rename = "v1")]
    V1,
    /// Ed25519 with a private key `whsk_…`, of which receivers have the public one, `whpk_…`.
    #[serde(rename = "v1a")]
    V1a,
}

/// A secret under the deployment's own (see [`sealing`](super::sealing)).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedSecret {
    /// The sealed text.
    pub sealed: String,
    /// The time from which it signs no more; `None` for the newest secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    pub(crate) const TERMS: &str = r#"{"id":"ep_4bTzV9cXk07Hq2mN1pRs","tenant":"acme","url":"https://example.com/hook","types":["key.revoked"],"paused":false,"signature":"v1","secrets":[{"sealed":"new"},{"sealed":"old","until":1000}],"version":3,"active_since":2}"#;

    #[test]
    fn terms_are_golden() {
        let terms: EndpointTerms = serde_json::from_str(TERMS).unwrap();
        assert_eq!(serde_json::to_string(&terms).unwrap(), TERMS);
        assert_eq!(serde_json::to_string(&SignatureKind::V1a).unwrap(), "\"v1a\"");
    }

    #[test]
    fn a_replaced_secret_signs_beside_the_new_one_until_its_time() {
        let terms: EndpointTerms = serde_json::from_str(TERMS).unwrap();
        let at = |millis| terms.signing_secrets(Timestamp::from_millis(millis)).collect::<Vec<_>>();
        assert_eq!(at(999), ["new", "old"]);
        assert_eq!(at(1_000), ["new"]);
    }

    #[test]
    fn an_endpoint_gets_the_types_it_names_or_all() {
        let mut terms: EndpointTerms = serde_json::from_str(TERMS).unwrap();
        assert!(terms.asks_for(EventType::KeyRevoked) && !terms.asks_for(EventType::KeyCreated));
        terms.types.clear();
        let not: Vec<_> = EventType::ALL.iter().filter(|each| !terms.asks_for(**each)).collect();
        assert_eq!(not, [&EventType::EndpointTest]);
    }
}
