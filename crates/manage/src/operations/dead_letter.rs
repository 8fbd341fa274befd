//! Puts events that could not be delivered back into their queue, or deletes them.
//!
//! Another object has the events, so an event and its audit entry can't change in one transaction. Therefore the ledger
//! first notes what is about to be done, then has it done, and then replaces the note by the audit entry and the
//! answer, in one transaction. If the ledger is killed in between, the note stays, and the alarm turns it into an entry
//! with an unknown outcome. So nothing happens without an entry, and an entry about something that may not have
//! happened says so.
//!
//! Sources belong to the deployment and not to a tenant, so the notes and entries are in the operators' ledger.

use keystile_core::{
    api::management::{self, MAX_BODY_BYTES},
    base::{code::Code, id::DeliveryId, problem::Problem},
    ledger::{audit::Action, idempotency::Claim},
    objects,
};
use serde::{Deserialize, Serialize};

use crate::{
    api::{body::JSON, call::ApiCall, reply::ApiResult},
    command::{Command, DeadLetterRef, Origin},
    dead_letters::{self, Unanswered},
    failure::Failure,
    ledger::{
        acting::{self, Acted},
        dead_letter_acts::{ActedEvents, became},
        handler::Change,
        open::OpenLedger,
    },
};

/// Puts an event back into its queue.
pub(super) async fn redrive(call: &ApiCall<'_>) -> ApiResult {
    let (origin, dead_letter) = nothing_more(call).await?;
    call.operators_ledger(&Redrive { origin, dead_letter }).await
}

/// Deletes an event.
pub(super) async fn discard(call: &ApiCall<'_>) -> ApiResult {
    let (origin, dead_letter) = nothing_more(call).await?;
    call.operators_ledger(&Discard { origin, dead_letter }).await
}

/// Reads a request that has neither query parameters nor fields.
async fn nothing_more(call: &ApiCall<'_>) -> Result<(Origin, DeadLetterRef), Failure> {
    call.no_query()?;
    let dead_letter = of_path(call)?;
    let (body, origin) = call.asked(JSON, MAX_BODY_BYTES).await?;
    management::parse_empty(body)?;
    Ok((origin, dead_letter))
}

/// The event of the path.
pub(super) fn of_path(call: &ApiCall<'_>) -> Result<DeadLetterRef, Failure> {
    let source = source(call)?;
    let id = DeliveryId::parse(call.parameter("id")?).ok_or_else(dead_letters::not_found)?;
    Ok(DeadLetterRef { source, id })
}

/// The name of the path's source.
pub(super) fn source(call: &ApiCall<'_>) -> Result<String, Failure> {
    let (sources, name) = (&call.deployment.config.webhooks, call.parameter("source")?);
    let source = sources.iter().find(|source| source.source == name).ok_or_else(|| {
        Problem::new(Code::SourceNotFound, "There is no source of webhooks with this name in keystile.toml.")
    })?;
    Ok(source.source.clone())
}

/// The command to put an event back into its queue.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Redrive {
    pub(crate) origin: Origin,
    #[serde(rename = "letter")]
    pub(crate) dead_letter: DeadLetterRef,
}

/// The command to delete an event.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Discard {
    pub(crate) origin: Origin,
    #[serde(rename = "letter")]
    pub(crate) dead_letter: DeadLetterRef,
}

/// The event, and its new status.
#[derive(Serialize)]
pub(crate) struct ActedOn {
    pub(super) id: DeliveryId,
    pub(super) status: &'static str,
}

impl Command for Redrive {
    const PATH: &'static str = "/redrive";
    type Answer = ActedOn;

    fn request_id(&self) -> &str {
        &self.origin.request_id
    }
}

impl Command for Discard {
    const PATH: &'static str = "/discard";
    type Answer = ActedOn;

    fn request_id(&self) -> &str {
        &self.origin.request_id
    }
}

impl Change for Redrive {
    fn claim(&self) -> Option<&Claim> {
        self.origin.claim.as_ref()
    }

    async fn carry_out(self, ledger: &OpenLedger) -> Result<ActedOn, Failure> {
        let Self { origin, dead_letter } = self;
        let call = objects::dead_letters::Redrive { id: dead_letter.id.clone() };
        let asked = dead_letters::ask(&ledger.env, &dead_letter.source, &call, &origin.request_id);
        act_on::<Self>(ledger, &origin, &dead_letter, Action::DeadLetterRedriven, asked, "queued").await
    }
}

impl Change for Discard {
    fn claim(&self) -> Option<&Claim> {
        self.origin.claim.as_ref()
    }

    async fn carry_out(self, ledger: &OpenLedger) -> Result<ActedOn, Failure> {
        let Self { origin, dead_letter } = self;
        let call = objects::dead_letters::Discard { id: dead_letter.id.clone() };
        let asked = dead_letters::ask(&ledger.env, &dead_letter.source, &call, &origin.request_id);
        act_on::<Self>(ledger, &origin, &dead_letter, Action::DeadLetterDiscarded, asked, "discarded").await
    }
}

/// Has the object that keeps the event act, which `asked` does, and notes the outcome.
pub(super) async fn act_on<C: Change<Answer = ActedOn>>(
    ledger: &OpenLedger,
    origin: &Origin,
    event: &DeadLetterRef,
    action: Action,
    asked: impl Future<Output = Result<String, Unanswered>>,
    status: &'static str,
) -> Result<ActedOn, Failure> {
    let asked = async {
        asked.await?;
        Ok(Acted { answer: ActedOn { id: event.id.clone(), status }, detail: Some(became(action, status)) })
    };
    acting::act::<C>(ledger, origin, &ActedEvents::Received(event.clone()), action, asked).await
}
