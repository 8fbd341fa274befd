//! Tenants as a whole.

use keystile_core::{
    TenantId,
    access::operator::OperatorScope,
    api::{
        listing,
        management::{self, MAX_BODY_BYTES},
    },
    base::problem::Problem,
    ledger::plan::TenantPatch,
    objects::feed,
};
use keystile_runtime::{log, object, response};
use worker::Request;

use super::{Call, Outcome, body, query, route::TenantEndpoint};
use crate::{
    command::{Audit, Origin, PatchTenant, Resume, Summary, Suspend},
    failure::Failure,
};

/// The feed answers from one table.
const FEED_TIMEOUT_MS: u64 = 2_000;

impl Call<'_> {
    pub(super) async fn tenant(&self, request: &mut Request, tenant: &TenantId, endpoint: TenantEndpoint) -> Outcome {
        let (scope, whose) = match endpoint {
            TenantEndpoint::Show => (OperatorScope::KeysRead, Some(tenant)),
            // What a tenant may have, and whether it may have anything, is not for its
            // own operators to say: they would lift what was imposed on them.
            TenantEndpoint::Suspend | TenantEndpoint::Resume | TenantEndpoint::Patch => {
                (OperatorScope::KeysWrite, None)
            }
            TenantEndpoint::Audit | TenantEndpoint::AuditExport => (OperatorScope::AuditRead, Some(tenant)),
        };
        self.caller().may(scope, whose)?;
        match endpoint {
            TenantEndpoint::Show => {
                query::none(request)?;
                let command = Summary { request_id: self.request_id.into(), tenant: tenant.clone() };
                self.ledger(tenant.as_str(), &command).await
            }
            TenantEndpoint::Patch => {
                query::none(request)?;
                let (body, origin) = self.asked(request, body::MERGE_PATCH, MAX_BODY_BYTES).await?;
                let patch = TenantPatch::parse(body, &self.deployment.config.plans)?;
                let command = PatchTenant { origin, tenant: tenant.clone(), patch };
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

    /// `GET /v1/tenants`: all tenants that have, or had, keys or settings. The
    /// feed knows them, since every ledger publishes to it.
    pub(super) async fn tenants(&self, request: &Request) -> Outcome {
        self.caller().may(OperatorScope::KeysRead, None)?;
        let query = listing::parse_tenant_query(query::pairs(request)?)?;
        let page = object::call(self.env, feed::NAME, &query, FEED_TIMEOUT_MS).await.map_err(|error| {
            log::error("feed_unreachable", &[("request_id", self.request_id.into()), ("reason", error.0.into())]);
            Problem::unavailable("The list of tenants can't be read right now; try again shortly.")
        })?;
        Ok(response::json(200, &page)?)
    }

    /// For what takes neither parameters nor fields.
    async fn nothing_more(&self, request: &mut Request) -> Result<Origin, Failure> {
        query::none(request)?;
        let (body, origin) = self.asked(request, body::JSON, MAX_BODY_BYTES).await?;
        management::parse_empty(body)?;
        Ok(origin)
    }
}
