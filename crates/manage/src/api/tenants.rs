//! A tenant as a whole.

use keystile_core::{
    TenantId, listing,
    management::{self, OperatorScope},
};
use worker::Request;

use super::{Call, Outcome, body, query, route::TenantEndpoint};
use crate::{
    command::{Audit, Origin, Resume, Summary, Suspend},
    failure::Failure,
};

impl Call<'_> {
    pub(super) async fn tenant(&self, request: &mut Request, tenant: &TenantId, endpoint: TenantEndpoint) -> Outcome {
        let scope = match endpoint {
            TenantEndpoint::Show => OperatorScope::KeysRead,
            TenantEndpoint::Suspend | TenantEndpoint::Resume => OperatorScope::KeysWrite,
            TenantEndpoint::Audit | TenantEndpoint::AuditExport => OperatorScope::AuditRead,
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
            TenantEndpoint::AuditExport => self.export(request, tenant.as_str()).await,
            TenantEndpoint::Suspend => {
                let origin = self.nothing_more(request).await?;
                let command = Suspend { origin, tenant: tenant.clone() };
                self.ledger(tenant.as_str(), &command).await
            }
            TenantEndpoint::Resume => {
                let origin = self.nothing_more(request).await?;
                let command = Resume { origin, tenant: tenant.clone() };
                self.ledger(tenant.as_str(), &command).await
            }
        }
    }

    /// For what takes neither parameters nor fields.
    async fn nothing_more(&self, request: &mut Request) -> Result<Origin, Failure> {
        query::none(request)?;
        let body = body::read(request, body::JSON).await?;
        let origin = self.origin(request, &body)?;
        management::parse_empty(body)?;
        Ok(origin)
    }
}
