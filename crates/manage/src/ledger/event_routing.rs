//! The ledger's calls about endpoints for events: it tells the router all of them, and asks each endpoint's object for its
//! state.
//!
//! A change of an endpoint tells the router at once. If that fails, the alarm tells it later, again and again until it
//! has heard. The router ignores a list of a lower version, so telling twice does nothing.

use futures_util::future::join_all;
use keystile_core::{
    TenantId, Timestamp,
    api::shown::ShownEndpoint,
    base::{code::Code, problem::Problem},
    events::{settings::EndpointSettings, terms::DEPLOYMENT_ROUTER},
    objects::{
        event_endpoint::{EndpointState, State},
        event_router::Tell,
    },
};
use keystile_runtime::{clock, log, object};
use worker::Result;

use super::{event_endpoints, open::OpenLedger};
use crate::failure::Failure;

/// The longest that the router may take to take the list.
const ROUTER_TIMEOUT_MS: u64 = 2_000;
/// The longest that an endpoint's object may take to say how it is.
const STATE_TIMEOUT_MS: u64 = 2_000;

impl OpenLedger {
    /// Tells the router of the endpoints, unless it knows them all.
    ///
    /// # Errors
    /// The 503 if the router doesn't take them. It is told later.
    pub(crate) async fn tell_router(&self) -> std::result::Result<(), Failure> {
        if self.tell_router_now().await? { Ok(()) } else { Err(pending().into()) }
    }

    /// Tells the router of the endpoints, if that is due.
    pub(super) async fn tell_router_due(&self) -> Result<()> {
        if event_endpoints::next_due(&self.database)?.is_some_and(|due| due <= clock::now()) {
            self.tell_router_now().await?;
        }
        Ok(())
    }

    /// Tells the router of the endpoints, unless it knows them all. Returns whether it does now.
    pub(crate) async fn tell_router_now(&self) -> Result<bool> {
        let database = &self.database;
        let Some(list) = event_endpoints::find_list(database)?.filter(event_endpoints::List::is_pending) else {
            return Ok(true);
        };
        let endpoints = event_endpoints::all(database)?;
        let terms = endpoints.iter().map(|endpoint| endpoint.terms(list.tenant.as_ref())).collect();
        event_endpoints::telling(database, clock::now())?;
        let router = list.tenant.as_ref().map_or(DEPLOYMENT_ROUTER, TenantId::as_str);
        let tell = Tell { version: list.version, endpoints: terms };
        let told = object::call(&self.env, router, &tell, ROUTER_TIMEOUT_MS).await;
        let now = clock::now();
        database.transaction(|| {
            match &told {
                Ok(_) => event_endpoints::told(database, list.version)?,
                Err(_) => event_endpoints::not_told(database, &list, now)?,
            }
            self.arm(now)
        })?;
        if let Err(error) = &told {
            log::warn("event_router_not_told", &[("reason", error.0.as_str().into())]);
        }
        Ok(told.is_ok())
    }

    /// An endpoint as it is shown, with its state if its object says so.
    pub(crate) async fn shown_endpoint(
        &self,
        settings: &EndpointSettings,
        tenant: Option<&TenantId>,
    ) -> Result<ShownEndpoint> {
        let state = self.endpoint_state(settings).await;
        self.endpoint_without_asking(settings, tenant, state, clock::now())
    }

    /// All endpoints as they are shown.
    pub(crate) async fn shown_endpoints(&self, tenant: Option<&TenantId>) -> Result<Vec<ShownEndpoint>> {
        let endpoints = event_endpoints::all(&self.database)?;
        join_all(endpoints.iter().map(|endpoint| self.shown_endpoint(endpoint, tenant))).await.into_iter().collect()
    }

    /// An endpoint as it is shown with a state that is known, or with none.
    pub(crate) fn endpoint_without_asking(
        &self,
        settings: &EndpointSettings,
        tenant: Option<&TenantId>,
        state: Option<State>,
        now: Timestamp,
    ) -> Result<ShownEndpoint> {
        let pending = event_endpoints::find_list(&self.database)?.is_some_and(|list| list.is_pending());
        Ok(ShownEndpoint::new(settings, tenant, pending, state, now))
    }

    /// The state of an endpoint; `None` if its object can't be reached.
    pub(crate) async fn endpoint_state(&self, settings: &EndpointSettings) -> Option<State> {
        let answer = object::call(&self.env, settings.id.as_str(), &EndpointState {}, STATE_TIMEOUT_MS).await;
        if let Err(error) = &answer {
            log::warn("event_endpoint_unreachable", &[("reason", error.0.as_str().into())]);
        }
        answer.ok()
    }
}

/// The 503: a change is recorded, but the router has yet to take it.
fn pending() -> Problem {
    let detail = "The change is recorded, but not yet in effect: the worker that sends events can't be reached. It is told \
                  by itself until it has heard; ask again to see whether it has.";
    Problem::new(Code::ChangePending, detail)
}
