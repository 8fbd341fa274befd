//! The endpoints that events are sent to: those of a tenant, and those of the deployment, which get the events of all
//! tenants. Their settings are in the tenant's ledger, or in that of the operators.
//!
//! Each operation is there twice, below the path of a tenant and without one. The function is the same.

pub(super) mod attempts;
pub(super) mod create;
pub(super) mod dead_letters;
pub(super) mod delete;
pub(super) mod get;
pub(super) mod rotate_secret;
pub(super) mod test;
pub(super) mod update;

use keystile_core::base::id::EndpointId;

use crate::{api::call::ApiCall, failure::Failure, ledger::event_endpoints::not_found};

/// The endpoint of the path.
fn of_path(call: &ApiCall<'_>) -> Result<EndpointId, Failure> {
    EndpointId::parse(call.parameter("endpoint")?).ok_or_else(|| not_found().into())
}
