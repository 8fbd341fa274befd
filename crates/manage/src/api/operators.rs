//! Operators: the holders of keys for this API and for `verify`. Their keys are
//! records like any others, in a ledger of their own.
//!
//! Who may act for one tenant alone sees and changes that tenant's operators
//! alone, and nobody grants more than they hold.

use keystile_core::{
    KeyId, TenantId, listing,
    management::{self, OperatorScope},
    problem::Problem,
    record::{Reach, Subject},
};
use keystile_runtime::{clock, object::OPERATORS_LEDGER};
use worker::Request;

use super::{Call, Outcome, body, query, route::OperatorEndpoint};
use crate::{
    command::{Audit, Create, Get, List, Revoke, Target},
    failure::Failure,
};

impl Call<'_> {
    pub(super) async fn operators(&self, request: &mut Request, endpoint: OperatorEndpoint<'_>) -> Outcome {
        match endpoint {
            // It tells of all operators, whomever they act for.
            OperatorEndpoint::Audit => self.caller.may(OperatorScope::AuditRead, None)?,
            _ => self.caller.may(OperatorScope::OperatorsWrite, self.own_tenant().as_ref())?,
        }
        match endpoint {
            OperatorEndpoint::Create => self.create_operator(request).await,
            OperatorEndpoint::List => {
                let query = listing::parse_key_query(query::pairs(request)?)?;
                let command = List { request_id: self.request_id.into(), query, within: self.own_tenant() };
                self.ledger(OPERATORS_LEDGER, &command).await
            }
            OperatorEndpoint::Get(id) => {
                let include_usage = listing::parse_include(query::pairs(request)?)?;
                let command = Get { request_id: self.request_id.into(), target: self.operator(id)?, include_usage };
                self.ledger(OPERATORS_LEDGER, &command).await
            }
            OperatorEndpoint::Revoke(id) => {
                query::none(request)?;
                let target = self.operator(id)?;
                let reason = management::parse_revoke(body::read(request, body::JSON).await?)?;
                self.ledger(OPERATORS_LEDGER, &Revoke { origin: self.origin(request)?, target, reason }).await
            }
            OperatorEndpoint::Audit => {
                let query = listing::parse_audit_query(query::pairs(request)?)?;
                let command = Audit { request_id: self.request_id.into(), query };
                self.ledger(OPERATORS_LEDGER, &command).await
            }
        }
    }

    async fn create_operator(&self, request: &mut Request) -> Outcome {
        query::none(request)?;
        let new = management::parse_new_operator(body::read(request, body::JSON).await?, clock::now())?;
        if let Subject::Operator { reach } = &new.subject {
            self.caller.may_grant(&new.scopes, reach)?;
        }
        self.ledger(OPERATORS_LEDGER, &Create { origin: self.origin(request)?, new }).await
    }

    fn own_tenant(&self) -> Option<TenantId> {
        match &self.caller.reach {
            Reach::All => None,
            Reach::Tenant(tenant) => Some(tenant.clone()),
        }
    }

    fn operator(&self, id: &str) -> Result<Target, Failure> {
        let id = KeyId::parse(id).filter(|id| id.as_str().starts_with("op_"));
        let id = id.ok_or_else(|| Problem::new(404, "OPERATOR_NOT_FOUND", "There is no operator with this id."))?;
        Ok(Target { id, within: self.own_tenant() })
    }
}
