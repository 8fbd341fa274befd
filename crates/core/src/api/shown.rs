//! The answers of the management API: how keys, tenants, the overview, the catalog and plans are shown.
//!
//! Each is a type whose fields are the members of its JSON, in alphabetical order. `docs/reference/openapi.json` has a
//! schema for each.

mod catalog;
mod delivery;
#[cfg(feature = "events")]
mod endpoint;
mod exposure;
mod key;
mod limits;
mod overview;
mod session;
mod tenant;

use serde::Serialize;

pub use catalog::{
    ShownCatalog, ShownLimits, ShownPlan, ShownPlans, ShownPreset, ShownScope, ShownSource, ShownSources,
};
pub use delivery::{ShownDeliveries, ShownDelivery};
#[cfg(feature = "events")]
pub use endpoint::{DeletedEndpoint, ShownEndpoint, ShownEndpointState, ShownEndpoints};
pub use exposure::{ShownExposed, ShownExposedKey};
pub use key::{ShownExposure, ShownKey, ShownPendingEnd};
pub use limits::{ShownLimit, ShownLimitList, ShownRestore};
pub use overview::{SharedSecret, ShownKeyList, ShownListedKey, ShownNearCap, ShownNearCaps, ShownOverview};
pub use session::{MintedPortalSession, ShownPortalSession, ShownSession, SignedIn};
pub use tenant::{OrderedErasure, SecretUse, ShownErasure, ShownRevocations, ShownSuspension, ShownTenant};

use crate::{feed::client::WhenFeedUnreachable, limits::definition::ConfiguredLimits};

/// The parts of the configuration that say how keys are shown.
#[derive(Clone, Copy, Debug)]
pub struct Showing<'a> {
    /// The condition on which `effective_by` can be relied on.
    pub holds: Holds,
    /// The rate limits and quotas, among which a key's own values are shown.
    pub limits: &'a ConfiguredLimits,
}

/// The condition on which `effective_by` can be relied on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Holds {
    /// No edge serves without the feed.
    Always,
    /// Edges that can't reach the feed serve by KV.
    WhileFeedReachable,
}

impl From<WhenFeedUnreachable> for Holds {
    fn from(setting: WhenFeedUnreachable) -> Self {
        match setting {
            WhenFeedUnreachable::Deny => Self::Always,
            WhenFeedUnreachable::Kv => Self::WhileFeedReachable,
        }
    }
}
