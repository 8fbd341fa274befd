//! Lists the audit log by page, newest first: a tenant's log, or the operators', which covers all operators, whichever
//! tenants they act for.

use keystile_core::{api::listing, ledger::query::AuditQuery};
use serde::{Deserialize, Serialize};

use crate::{
    api::{call::ApiCall, reply::ApiResult},
    command::Command,
    failure::Failure,
    ledger::{
        audit::{self, AuditPage},
        handler::Read,
        open::OpenLedger,
    },
};

/// Lists a page of the tenant's audit log.
pub(super) async fn of_tenant(call: &ApiCall<'_>) -> ApiResult {
    call.tenants_ledger(&command(call)?).await
}

/// Lists a page of the operators' audit log.
pub(super) async fn of_operators(call: &ApiCall<'_>) -> ApiResult {
    call.operators_ledger(&command(call)?).await
}

fn command(call: &ApiCall<'_>) -> Result<ListAudit, Failure> {
    Ok(ListAudit { request_id: call.request_id.into(), query: listing::parse_audit_query(call.query()?)? })
}

/// The command to read a page of the audit log.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ListAudit {
    pub(crate) request_id: String,
    pub(crate) query: AuditQuery,
}

impl Command for ListAudit {
    const PATH: &'static str = "/audit";
    type Answer = AuditPage;

    fn request_id(&self) -> &str {
        &self.request_id
    }
}

impl Read for ListAudit {
    fn read(&self, ledger: &OpenLedger) -> Result<AuditPage, Failure> {
        Ok(audit::page(&ledger.database, &self.query)?)
    }
}
