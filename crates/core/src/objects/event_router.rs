//! The routers of events: an object for each tenant, named like the tenant, and one of the deployment,
//! [`DEPLOYMENT_ROUTER`](crate::events::terms::DEPLOYMENT_ROUTER). A router numbers the events of its tenant, and gives
//! them to the endpoints that ask for them and to the router of the deployment.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::{Done, calls};
use crate::{
    base::{
        id::{EndpointId, TenantId},
        timestamp::Timestamp,
    },
    events::{
        event::{Event, NumberedEvent},
        figures::Figures,
        terms::EndpointTerms,
    },
};

/// The binding.
pub const BINDING: &str = "EVENT_ROUTER";
/// The maximum number of events of one call.
pub const MAX_BATCH: usize = 100;

calls! { BINDING;
    // Ledgers and limiters record events. The answer comes once they are durable.
    Record, "/record" => Done;
    // Ledgers tell the endpoints.
    Tell, "/tell" => Done;
    // Routers of tenants pass on their events to the router of the deployment.
    Relay, "/relay" => Done;
    // Endpoints report that they disabled themselves.
    Disabled, "/disabled" => Done;
    // Endpoints report their figures to the router of the deployment.
    Report, "/report" => Done;
    // The management worker asks, for metrics.
    RouterState, "/state" => RouterCounts;
    // The ledger of a tenant that is erased has its router and that of the deployment forget the tenant.
    Erase, "/erase" => Erased;
    ForgetTenant, "/forget-tenant" => Erased;
}

/// New events, in order. An event that the router has had is passed over.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Record {
    /// The tenant.
    pub tenant: TenantId,
    /// The events, [`MAX_BATCH`] at most.
    pub events: Vec<Event>,
}

/// All endpoints of a tenant, or of the deployment. An endpoint that isn't among them is removed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tell {
    /// The version of the list: of two, the higher holds.
    pub version: u64,
    /// The endpoints.
    pub endpoints: Vec<EndpointTerms>,
}

/// Events of a tenant, in order, for the endpoints of the deployment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Relay {
    /// The events, [`MAX_BATCH`] at most.
    pub events: Vec<NumberedEvent>,
}

/// An endpoint disabled itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disabled {
    /// The endpoint.
    pub endpoint: EndpointId,
    /// The version at which somebody last made it active. So each disabling has one report.
    pub active_since: u64,
    /// The time at which it did.
    pub at: Timestamp,
}

/// The figures of an endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The endpoint.
    pub endpoint: EndpointId,
    /// The number of the report. One with a lower number than the last is passed over.
    pub number: u64,
    /// The figures.
    pub figures: Figures,
}

/// Asks how much waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouterState {}

/// The counts of a router.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouterCounts {
    /// The hand-overs of events that wait, one for each event and endpoint.
    pub waiting: u64,
    /// The endpoints.
    pub endpoints: u32,
    /// The sums of what endpoints last reported. They report to the router of the deployment alone.
    #[serde(default)]
    pub reported: Figures,
}

/// Forgets the tenant whose router this is, which was erased: its events, and the objects of its endpoints. Whatever is
/// recorded or told later isn't taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erase {}

/// Has the deployment's router and endpoints forget the events of a tenant, which was erased. Whatever is relayed of it
/// later isn't taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForgetTenant {
    /// The tenant.
    pub tenant: TenantId,
}

/// The answer to both. Until all is forgotten, the caller asks again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erased {
    /// Whether the endpoints' objects have forgotten it, too.
    pub is_finished: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::{event::tests::EVENT, figures::tests::FIGURES, terms::tests::TERMS};
    use alloc::format;
    use core::fmt::Debug;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn reads_back<T: Serialize + for<'de> Deserialize<'de> + Debug>(text: &str) {
        let message: T = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&message).unwrap(), text);
    }

    #[test]
    fn the_messages_are_golden() {
        reads_back::<Record>(&format!(r#"{{"tenant":"acme","events":[{EVENT}]}}"#));
        reads_back::<Tell>(&format!(r#"{{"version":4,"endpoints":[{TERMS}]}}"#));
        reads_back::<Relay>(
            r#"{"events":[{"id":"evt_4bTzV9cXk07Hq2mN1pRs","type":"tenant.suspended","tenant":"acme","body":"{}"}]}"#,
        );
        reads_back::<Disabled>(r#"{"endpoint":"ep_4bTzV9cXk07Hq2mN1pRs","active_since":2,"at":5}"#);
        reads_back::<RouterState>("{}");
        reads_back::<Report>(&format!(r#"{{"endpoint":"ep_4bTzV9cXk07Hq2mN1pRs","number":7,"figures":{FIGURES}}}"#));
        reads_back::<RouterCounts>(&format!(r#"{{"waiting":1,"endpoints":2,"reported":{FIGURES}}}"#));
        reads_back::<Erase>("{}");
        reads_back::<ForgetTenant>(r#"{"tenant":"acme"}"#);
        reads_back::<Erased>(r#"{"is_finished":true}"#);
    }
}
