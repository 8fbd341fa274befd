//! Has another object act on events that it keeps, with a note before and an audit entry after.

use keystile_core::ledger::audit::Action;
use keystile_runtime::clock;
use serde_json::{Map, Value};

use super::{
    dead_letter_acts::{ActedEvents, UNKNOWN, became, begin, end},
    handler::{self, Change},
    open::OpenLedger,
};
use crate::{command::Origin, dead_letters::Unanswered, failure::Failure};

/// The outcome of an act that was carried out: the answer, and the detail of the audit entry, if there is to be one.
pub(crate) struct Acted<A> {
    pub(crate) answer: A,
    pub(crate) detail: Option<Map<String, Value>>,
}

/// Has the object that keeps the events act, which `asked` does, with a note before and an entry after.
pub(crate) async fn act<C: Change>(
    ledger: &OpenLedger,
    origin: &Origin,
    events: &ActedEvents,
    action: Action,
    asked: impl Future<Output = Result<Acted<C::Answer>, Unanswered>>,
) -> Result<C::Answer, Failure> {
    let (database, now) = (&ledger.database, clock::now());
    ledger.change_for(origin, now, || {
        begin(database, origin, events, action, now)?;
        Ok(ledger.arm(now)?)
    })?;
    let asked = asked.await;
    let now = clock::now();
    database.transaction(|| {
        match &asked {
            Ok(Acted { answer, detail }) => {
                if let Some(detail) = detail {
                    events.audit(database, origin, action, detail.clone(), now)?;
                }
                handler::note::<C>(ledger, origin.claim.as_ref(), answer, now)?;
            }
            Err(Unanswered::Unclear(_)) => events.audit(database, origin, action, became(action, UNKNOWN), now)?,
            Err(Unanswered::NotFound | Unanswered::Refused(_)) => {}
        }
        end(database, &origin.request_id, events)?;
        ledger.arm(now)
    })?;
    asked.map(|acted| acted.answer).map_err(Failure::from)
}
