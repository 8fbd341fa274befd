//! A tenant as a whole.

use keystile_core::{
    TenantId, listing,
    management::{self, OperatorScope},
};
use worker::Request;

use super::{Call, Outcome, body, query, route::TenantEndpoint};
use crate::command::{Audit, Resume, Summary, Suspend};

impl Call<'_> {
    pub(super) async fn tenant(&self, request: &mut Request, tenant: &TenantId, endpoint: TenantEndpoint) -> Outcome {
        let scope = match endpoint {
            TenantEndpoint::Show => OperatorScope::KeysRead,
            TenantEndpoint::Suspend | TenantEndpoint::Resume => OperatorScope::KeysWrite,
            TenantEndpoint::Audit => OperatorScope::AuditRead,
        };
        self.caller.may(scope, Some(tenant))?;
        match endpoint {
            TenantEndpoint::Show => {
                query::none(request)?;
                let command = Summary { request_id: self.request_id.into(), tenant: tenant.clone() };
                self.ledger(tenant.as_str(), &command).await
            }
            TenantEndpoint::Audit => {
                let query = listing::parse_audit_query(query::pairs(request)?)?;
                let command = Audit { request_id: self.request_id.into(), query };
                self.ledger(tenant.as_str(), &command).await
            }
            TenantEndpoint::Suspend => {
                self.nothing_more(request).await?;
                let command = Suspend { origin: self.origin(request)?, tenant: tenant.clone() };
                self.ledger(tenant.as_str(), &command).await
            }
            TenantEndpoint::Resume => {
                self.nothing_more(request).await?;
                let command = Resume { origin: self.origin(request)?, tenant: tenant.clone() };
                self.ledger(tenant.as_str(), &command).await
            }
        }
    }

    /// For what takes neither parameters nor fields.
    async fn nothing_more(&self, request: &mut Request) -> Result<(), crate::failure::Failure> {
        query::none(request)?;
        Ok(management::parse_empty(body::read(request, body::JSON).await?)?)
    }
}
