//! Webhooks: the sources, and the events that could not be delivered. Those are
//! kept by the worker that receives webhooks, in an object for each source.
//!
//! Sources belong to the deployment, not to a tenant, so only operators for all
//! tenants may see them.

use keystile_core::{
    config::WebhookSummary,
    id::DeliveryId,
    listing,
    management::{self, OperatorScope},
    problem::Problem,
};
use keystile_runtime::{log, object, response};
use serde::Serialize;
use serde_json::json;
use worker::Request;

use super::{
    Call, Outcome, Shown, body, passed_on, query,
    route::{LetterAction, WebhookEndpoint},
};
use crate::failure::Failure;

/// An object per source, which keeps what could not be delivered.
const DEAD_LETTERS: &str = "DEAD_LETTERS";
/// It answers from one table, or sends one message.
const TIMEOUT_MS: u64 = 10_000;

impl Call<'_> {
    pub(super) async fn webhooks(&self, request: &mut Request, endpoint: WebhookEndpoint<'_>) -> Outcome {
        let scope = match endpoint {
            WebhookEndpoint::List | WebhookEndpoint::DeadLetters(_) => OperatorScope::WebhooksRead,
            WebhookEndpoint::Do(..) => OperatorScope::WebhooksWrite,
        };
        self.caller.may(scope, None)?;
        match endpoint {
            WebhookEndpoint::List => {
                query::none(request)?;
                Ok(response::json(200, &json!({ "sources": self.deployment.config.management.webhooks }))?)
            }
            WebhookEndpoint::DeadLetters(source) => {
                let source = self.source(source)?;
                let query = listing::parse_dead_letter_query(query::pairs(request)?)?;
                self.dead_letters(source, "/list", &query).await
            }
            WebhookEndpoint::Do(source, id, action) => {
                query::none(request)?;
                let source = self.source(source)?;
                let id = DeliveryId::parse(id).ok_or_else(letter_not_found)?;
                management::parse_empty(body::read(request, body::JSON).await?)?;
                let path = match action {
                    LetterAction::Redrive => "/redrive",
                    LetterAction::Discard => "/discard",
                };
                let answer = self.dead_letters(source, path, &json!({ "id": id })).await?;
                let fields =
                    [("request_id", self.request_id.into()), ("by", json!(self.caller.id)), ("letter", json!(id))];
                log::info(
                    if action == LetterAction::Redrive { "dead_letter_redriven" } else { "dead_letter_discarded" },
                    &fields,
                );
                Ok(answer)
            }
        }
    }

    fn source(&self, name: &str) -> Result<&WebhookSummary, Failure> {
        let sources = &self.deployment.config.management.webhooks;
        sources.iter().find(|source| source.source == name).ok_or_else(|| {
            Problem::new(404, "SOURCE_NOT_FOUND", "There is no source of webhooks with this name in keystile.toml.")
                .into()
        })
    }

    /// Asks a source's object. What it has no success to tell of is a failure.
    async fn dead_letters(&self, source: &WebhookSummary, path: &str, question: &impl Serialize) -> Outcome {
        let question = serde_json::to_string(question).map_err(|error| Failure::Fault(error.to_string()))?;
        let answer = object::exchange(self.env, DEAD_LETTERS, &source.source, path, &question, TIMEOUT_MS).await;
        match answer {
            Ok((200, body)) => Ok(passed_on(200, body, &Shown::default())?),
            Ok((404, _)) => Err(letter_not_found().into()),
            Ok((503, _)) => Err(Problem::unavailable("The queue can't be reached; the event is still here.").into()),
            Ok((status, _)) => Err(Failure::Fault(format!("{DEAD_LETTERS}{path} answered {status}"))),
            Err(error) => {
                log::error(
                    "dead_letters_unreachable",
                    &[("request_id", self.request_id.into()), ("reason", error.0.into())],
                );
                Err(Problem::unavailable("The worker that receives webhooks can't be reached; try again shortly.")
                    .into())
            }
        }
    }
}

fn letter_not_found() -> Problem {
    let detail = "There is no undelivered event with this id: it was sent again, discarded, or never here.";
    Problem::new(404, "DEAD_LETTER_NOT_FOUND", detail)
}
