//! Webhooks: the sources, and the events that could not be delivered. Those are
//! kept by the worker that receives webhooks, in an object for each source; who
//! did what to them is in the operators' ledger, through which it is done.
//!
//! Sources belong to the deployment, not to a tenant, so only operators for all
//! tenants may see them.

use keystile_core::{
    access::operator::OperatorScope,
    api::{
        listing,
        management::{self, MAX_BODY_BYTES},
    },
    base::{id::DeliveryId, problem::Problem},
    config::WebhookSummary,
    objects::ledger::OPERATORS,
};
use keystile_runtime::response;
use serde_json::json;
use worker::Request;

use super::{
    Call, Outcome, Shown, body, passed_on, query,
    route::{LetterAction, WebhookEndpoint},
};
use crate::{
    command::{Discard, Letter, Redrive},
    dead_letters,
    failure::Failure,
};

impl Call<'_> {
    pub(super) async fn webhooks(&self, request: &mut Request, endpoint: WebhookEndpoint<'_>) -> Outcome {
        let scope = match endpoint {
            WebhookEndpoint::List | WebhookEndpoint::DeadLetters(_) => OperatorScope::WebhooksRead,
            WebhookEndpoint::Do(..) => OperatorScope::WebhooksWrite,
        };
        self.caller().may(scope, None)?;
        match endpoint {
            WebhookEndpoint::List => {
                query::none(request)?;
                Ok(response::json(200, &json!({ "sources": self.deployment.config.webhooks }))?)
            }
            WebhookEndpoint::DeadLetters(source) => {
                let source = self.source(source)?;
                let query = listing::parse_dead_letter_query(query::pairs(request)?)?;
                let page = dead_letters::ask(self.env, &source.source, &query, self.request_id).await;
                Ok(passed_on(200, page.map_err(Failure::from)?, &Shown::default())?)
            }
            WebhookEndpoint::Do(source, id, action) => self.act_on_letter(request, source, id, action).await,
        }
    }

    async fn act_on_letter(&self, request: &mut Request, source: &str, id: &str, action: LetterAction) -> Outcome {
        query::none(request)?;
        let source = self.source(source)?.source.clone();
        let id = DeliveryId::parse(id).ok_or_else(dead_letters::not_found)?;
        let letter = Letter { source, id };
        let (body, origin) = self.asked(request, body::JSON, MAX_BODY_BYTES).await?;
        management::parse_empty(body)?;
        match action {
            LetterAction::Redrive => self.ledger(OPERATORS, &Redrive { origin, letter }).await,
            LetterAction::Discard => self.ledger(OPERATORS, &Discard { origin, letter }).await,
        }
    }

    fn source(&self, name: &str) -> Result<&WebhookSummary, Failure> {
        let sources = &self.deployment.config.webhooks;
        sources.iter().find(|source| source.source == name).ok_or_else(|| {
            Problem::new(404, "SOURCE_NOT_FOUND", "There is no source of webhooks with this name in keystile.toml.")
                .into()
        })
    }
}
