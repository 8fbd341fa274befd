//! The events that could not be sent to an endpoint: listed, sent again, or deleted.
//!
//! The endpoint's object has them, so an act and its audit entry can't be one transaction: see
//! [`acting`].

use keystile_core::{
    api::{
        listing,
        management::{self, MAX_BODY_BYTES},
    },
    base::{
        code::Code,
        id::{EndpointId, EventId},
        problem::Problem,
    },
    ledger::{audit::Action, idempotency::Claim, query::EventPlace},
    objects::event_endpoint::{self, DeadLetters, ShownDeadLetter},
};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::of_path;
use crate::{
    api::{body::JSON, call::ApiCall, reply::ApiResult},
    command::{Command, Origin, UnsentRef},
    dead_letters::{Unanswered, not_found},
    event_endpoints::{TIMEOUT_MS, ask},
    failure::Failure,
    ledger::{
        acting::{self, Acted},
        dead_letter_acts::{ActedEvents, became},
        event_endpoints,
        handler::{Change, Consult},
        open::OpenLedger,
    },
};

/// Lists a page of them, newest first.
pub(crate) async fn list(call: &ApiCall<'_>) -> ApiResult {
    let endpoint = of_path(call)?;
    let dead_letters = listing::parse_unsent_query(call.query()?)?;
    call.scopes_ledger(&ListUnsent { request_id: call.request_id.into(), endpoint, dead_letters }).await
}

/// Sends all of them again.
pub(crate) async fn redrive_all(call: &ApiCall<'_>) -> ApiResult {
    let (origin, unsent) = nothing_more(call, None).await?;
    call.scopes_ledger(&RedriveUnsent { origin, unsent }).await
}

/// Sends one of them again.
pub(crate) async fn redrive(call: &ApiCall<'_>) -> ApiResult {
    let (origin, unsent) = nothing_more(call, Some(event(call)?)).await?;
    call.scopes_ledger(&RedriveEvent { origin, unsent }).await
}

/// Deletes one of them.
pub(crate) async fn discard(call: &ApiCall<'_>) -> ApiResult {
    let (origin, unsent) = nothing_more(call, Some(event(call)?)).await?;
    call.scopes_ledger(&DiscardEvent { origin, unsent }).await
}

fn event(call: &ApiCall<'_>) -> Result<EventId, Failure> {
    EventId::parse(call.parameter("event")?).ok_or_else(|| not_found().into())
}

/// Reads a request that has neither query parameters nor fields.
async fn nothing_more(call: &ApiCall<'_>, event: Option<EventId>) -> Result<(Origin, UnsentRef), Failure> {
    call.no_query()?;
    let endpoint = of_path(call)?;
    let (body, origin) = call.asked(JSON, MAX_BODY_BYTES).await?;
    management::parse_empty(body)?;
    Ok((origin, UnsentRef { endpoint, event }))
}

/// The command to list events that could not be sent.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ListUnsent {
    request_id: String,
    endpoint: EndpointId,
    dead_letters: DeadLetters,
}

/// A page of such events.
#[derive(Debug, Serialize)]
pub(crate) struct UnsentList {
    pub(crate) dead_letters: Vec<ShownDeadLetter>,
    pub(crate) next_cursor: Option<String>,
}

macro_rules! acts {
    ($($(#[$doc:meta])* $name:ident $path:literal => $answer:ty;)+) => {
        $($(#[$doc])*
        #[derive(Debug, Serialize, Deserialize)]
        pub(crate) struct $name {
            origin: Origin,
            unsent: UnsentRef,
        }

        impl Command for $name {
            const PATH: &'static str = $path;
            type Answer = $answer;

            fn request_id(&self) -> &str {
                &self.origin.request_id
            }
        })+
    };
}

acts! {
    /// The command to send all events again that could not be sent to an endpoint.
    RedriveUnsent "/redrive-unsent" => RedrivenEvents;
    /// The command to send an event again.
    RedriveEvent "/redrive-event" => ActedOnEvent;
    /// The command to delete an event.
    DiscardEvent "/discard-event" => ActedOnEvent;
}

/// The number of events that wait again.
#[derive(Debug, Serialize)]
pub(crate) struct RedrivenEvents {
    pub(crate) redriven: u64,
}

/// The event, and its new status.
#[derive(Debug, Serialize)]
pub(crate) struct ActedOnEvent {
    pub(crate) id: EventId,
    pub(crate) status: &'static str,
}

impl Command for ListUnsent {
    const PATH: &'static str = "/unsent-events";
    type Answer = UnsentList;

    fn request_id(&self) -> &str {
        &self.request_id
    }
}

impl Consult for ListUnsent {
    async fn consult(self, ledger: &OpenLedger) -> Result<UnsentList, Failure> {
        event_endpoints::find(&ledger.database, &self.endpoint)?;
        let page = ask(&ledger.env, &self.endpoint, &self.dead_letters, TIMEOUT_MS, &self.request_id).await?;
        let next_cursor = page.next.map(|next| EventPlace(next).cursor());
        Ok(UnsentList { dead_letters: page.dead_letters, next_cursor })
    }
}

impl Change for RedriveUnsent {
    fn claim(&self) -> Option<&Claim> {
        self.origin.claim.as_ref()
    }

    async fn carry_out(self, ledger: &OpenLedger) -> Result<RedrivenEvents, Failure> {
        let Self { origin, unsent } = self;
        let asked = async {
            let redriven = redriven(ledger, &origin, &unsent).await?;
            // Where there was nothing to send, nothing was done.
            let detail = (redriven > 0).then(|| {
                let mut detail = became(Action::EventRedriven, "queued");
                detail.insert("redriven".into(), json!({ "from": null, "to": redriven }));
                detail
            });
            Ok(Acted { answer: RedrivenEvents { redriven }, detail })
        };
        act::<Self>(ledger, &origin, &unsent, Action::EventRedriven, asked).await
    }
}

impl Change for RedriveEvent {
    fn claim(&self) -> Option<&Claim> {
        self.origin.claim.as_ref()
    }

    async fn carry_out(self, ledger: &OpenLedger) -> Result<ActedOnEvent, Failure> {
        let Self { origin, unsent } = self;
        let asked = async {
            let redriven = redriven(ledger, &origin, &unsent).await?;
            acted(&unsent, Action::EventRedriven, "queued", redriven > 0)
        };
        act::<Self>(ledger, &origin, &unsent, Action::EventRedriven, asked).await
    }
}

impl Change for DiscardEvent {
    fn claim(&self) -> Option<&Claim> {
        self.origin.claim.as_ref()
    }

    async fn carry_out(self, ledger: &OpenLedger) -> Result<ActedOnEvent, Failure> {
        let Self { origin, unsent } = self;
        let asked = async {
            let event = unsent.event.clone().ok_or(Unanswered::NotFound)?;
            let call = event_endpoint::Discard { event };
            let event_endpoint::Discarded { discarded } = asked(ledger, &origin, &unsent, &call).await?;
            acted(&unsent, Action::EventDiscarded, "discarded", discarded)
        };
        act::<Self>(ledger, &origin, &unsent, Action::EventDiscarded, asked).await
    }
}

/// Has the endpoint send again, and returns the number of events. One that is disabled sends nothing.
async fn redriven(ledger: &OpenLedger, origin: &Origin, unsent: &UnsentRef) -> Result<u64, Unanswered> {
    let call = event_endpoint::Redrive { event: unsent.event.clone() };
    let answer = asked(ledger, origin, unsent, &call).await?;
    if answer.disabled { Err(Unanswered::Refused(disabled())) } else { Ok(answer.redriven) }
}

/// The problem of an endpoint that sends nothing.
fn disabled() -> Problem {
    let detail = "The endpoint is disabled, so nothing is sent to it: mend its receiver, make the endpoint active \
                  (`\"status\": \"active\"`), and ask again.";
    Problem::new(Code::EndpointDisabled, detail)
}

async fn asked<C: keystile_core::objects::Call>(
    ledger: &OpenLedger,
    origin: &Origin,
    unsent: &UnsentRef,
    call: &C,
) -> Result<C::Answer, Unanswered>
where
    C::Answer: serde::de::DeserializeOwned,
{
    ask(&ledger.env, &unsent.endpoint, call, TIMEOUT_MS, &origin.request_id).await
}

fn acted(
    unsent: &UnsentRef,
    action: Action,
    status: &'static str,
    found: bool,
) -> Result<Acted<ActedOnEvent>, Unanswered> {
    let id = unsent.event.clone().filter(|_| found).ok_or(Unanswered::NotFound)?;
    Ok(Acted { answer: ActedOnEvent { id, status }, detail: Some(became(action, status)) })
}

/// Has the endpoint's object act, if this ledger has the endpoint.
async fn act<C: Change>(
    ledger: &OpenLedger,
    origin: &Origin,
    unsent: &UnsentRef,
    action: Action,
    asked: impl Future<Output = Result<Acted<C::Answer>, Unanswered>>,
) -> Result<C::Answer, Failure> {
    event_endpoints::find(&ledger.database, &unsent.endpoint)?;
    acting::act::<C>(ledger, origin, &ActedEvents::Unsent(unsent.clone()), action, asked).await
}
