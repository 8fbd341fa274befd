//! Operators: the holders of keys for this API and for `verify`. Their keys are
//! records like any others, in a ledger of their own.
//!
//! Who may act for one tenant alone sees and changes that tenant's operators
//! alone, and nobody grants more than they hold.

use keystile_core::{
    KeyId,
    access::operator::OperatorScope,
    api::{
        listing,
        management::{self, MAX_BODY_BYTES},
    },
    base::problem::Problem,
    objects::ledger::OPERATORS,
};
use keystile_runtime::clock;
use worker::Request;

use super::{
    Call, Outcome, body, query,
    route::{OperatorAction, OperatorEndpoint},
};
use crate::{
    command::{Audit, CancelRotation, Create, Get, List, Revoke, Rotate, Target},
    failure::Failure,
};

impl Call<'_> {
    pub(super) async fn operators(&self, request: &mut Request, endpoint: OperatorEndpoint<'_>) -> Outcome {
        match endpoint {
            // It tells of all operators, whomever they act for.
            OperatorEndpoint::Audit | OperatorEndpoint::AuditExport => {
                self.caller().may(OperatorScope::AuditRead, None)?;
            }
            _ => self.caller().may(OperatorScope::OperatorsWrite, self.own_tenant().as_ref())?,
        }
        match endpoint {
            OperatorEndpoint::Create => self.create_operator(request).await,
            OperatorEndpoint::List => {
                let query = listing::parse_operator_query(query::pairs(request)?)?;
                let command = List { request_id: self.request_id.into(), query, within: self.own_tenant() };
                self.ledger(OPERATORS, &command).await
            }
            OperatorEndpoint::Get(id) => {
                let include_usage = listing::parse_include(query::pairs(request)?)?;
                let command = Get { request_id: self.request_id.into(), target: self.operator(id)?, include_usage };
                self.ledger(OPERATORS, &command).await
            }
            OperatorEndpoint::Do(id, action) => self.act_on_operator(request, id, action).await,
            OperatorEndpoint::Audit => {
                let query = listing::parse_audit_query(query::pairs(request)?)?;
                let command = Audit { request_id: self.request_id.into(), query };
                self.ledger(OPERATORS, &command).await
            }
            OperatorEndpoint::AuditExport => self.export(request, OPERATORS).await,
        }
    }

    async fn create_operator(&self, request: &mut Request) -> Outcome {
        query::none(request)?;
        let (body, origin) = self.asked(request, body::JSON, MAX_BODY_BYTES).await?;
        let new = management::parse_new_operator(body, clock::now())?;
        let granting = Some(self.caller().clone());
        self.ledger(OPERATORS, &Create { origin, new, granting }).await
    }

    async fn act_on_operator(&self, request: &mut Request, id: &str, action: OperatorAction) -> Outcome {
        query::none(request)?;
        let target = self.operator(id)?;
        let (body, origin) = self.asked(request, body::JSON, MAX_BODY_BYTES).await?;
        match action {
            OperatorAction::Revoke => {
                let reason = management::parse_revoke(body)?;
                self.ledger(OPERATORS, &Revoke { origin, target, reason }).await
            }
            OperatorAction::Rotate => {
                let rotation = management::parse_rotate(body, clock::now())?;
                let granting = Some(self.caller().clone());
                self.ledger(OPERATORS, &Rotate { origin, target, rotation, granting }).await
            }
            OperatorAction::CancelRotation => {
                management::parse_empty(body)?;
                let granting = Some(self.caller().clone());
                self.ledger(OPERATORS, &CancelRotation { origin, target, granting }).await
            }
        }
    }

    fn operator(&self, id: &str) -> Result<Target, Failure> {
        let id = KeyId::parse(id).filter(KeyId::is_operators);
        let id = id.ok_or_else(|| Problem::new(404, "OPERATOR_NOT_FOUND", "There is no operator with this id."))?;
        Ok(Target { id, within: self.own_tenant() })
    }
}
