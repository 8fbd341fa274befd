//! Puts the events of a source that could not be delivered back into their queue, the newest first, and as many as one
//! call can. Each goes the way of a single one, with a note before and an audit entry after; see
//! [`dead_letter`](super::dead_letter).

use futures_util::future::join_all;
use keystile_core::{
    api::management::{self, MAX_BODY_BYTES},
    base::id::DeliveryId,
    ledger::{audit::Action, idempotency::Claim, query::DeadLetterQuery},
    objects::dead_letters::Redrive,
};
use keystile_runtime::clock;
use serde::{Deserialize, Serialize};

use super::dead_letter::source;
use crate::{
    api::{body::JSON, call::ApiCall, reply::ApiResult},
    command::{Command, DeadLetterRef, Origin},
    dead_letters::{self, Unanswered},
    failure::Failure,
    ledger::{
        dead_letter_acts::{self, ActedEvents, UNKNOWN, became},
        handler::{self, Change},
        open::OpenLedger,
    },
};

/// The number of events that one call puts back.
const AT_MOST: u32 = 50;
/// The number of events that are put back at a time.
const AT_ONCE: usize = 5;
/// The time after which no further event is begun, milliseconds: the caller waits.
const BEGUN_WITHIN_MS: i64 = 3_000;

/// Puts the events of the path's source back.
pub(super) async fn of_source(call: &ApiCall<'_>) -> ApiResult {
    call.no_query()?;
    let source = source(call)?;
    let (body, origin) = call.asked(JSON, MAX_BODY_BYTES).await?;
    management::parse_empty(body)?;
    call.operators_ledger(&RedriveAll { origin, source }).await
}

/// The command to put a source's events back.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct RedriveAll {
    origin: Origin,
    source: String,
}

/// How many events were put back, and whether to ask again for more.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Redriven {
    /// The events that are in the queue again.
    pub(super) redriven: u32,
    /// The events that somebody else put back or discarded meanwhile.
    pub(super) not_found: u32,
    /// The events of which it isn't known: a queue or an object failed.
    pub(super) unknown: u32,
    /// Whether more events may be here.
    pub(super) more: bool,
}

impl Command for RedriveAll {
    const PATH: &'static str = "/redrive-all";
    type Answer = Redriven;

    fn request_id(&self) -> &str {
        &self.origin.request_id
    }
}

impl Change for RedriveAll {
    fn claim(&self) -> Option<&Claim> {
        self.origin.claim.as_ref()
    }

    async fn carry_out(self, ledger: &OpenLedger) -> Result<Redriven, Failure> {
        let (database, origin) = (&ledger.database, &self.origin);
        let begun_at = clock::now();
        ledger.judge(origin, begun_at)?;
        let (letters, more) = self.newest(ledger).await?;
        let mut done = Redriven { more, ..Redriven::default() };
        for some in letters.chunks(AT_ONCE) {
            let now = clock::now();
            if done.unknown > 0 || now.millis_since(begun_at) > BEGUN_WITHIN_MS {
                done.more = true;
                break;
            }
            ledger.change_for(origin, now, || {
                for letter in some {
                    dead_letter_acts::begin(database, origin, &received(letter), Action::DeadLetterRedriven, now)?;
                }
                Ok(ledger.arm(now)?)
            })?;
            let outcomes = join_all(some.iter().map(|letter| self.redrive(ledger, letter))).await;
            let now = clock::now();
            let mut counted = Redriven::default();
            database.transaction(|| {
                counted = Redriven::default();
                for (letter, outcome) in some.iter().zip(&outcomes) {
                    let status = match outcome {
                        Ok(()) => Some("queued"),
                        Err(Unanswered::NotFound | Unanswered::Refused(_)) => None,
                        Err(Unanswered::Unclear(_)) => Some(UNKNOWN),
                    };
                    *match status {
                        Some(UNKNOWN) => &mut counted.unknown,
                        Some(_) => &mut counted.redriven,
                        None => &mut counted.not_found,
                    } += 1;
                    if let Some(status) = status {
                        let action = Action::DeadLetterRedriven;
                        received(letter).audit(database, origin, action, became(action, status), now)?;
                    }
                    dead_letter_acts::end(database, &origin.request_id, &received(letter))?;
                }
                ledger.arm(now)
            })?;
            done.redriven += counted.redriven;
            done.not_found += counted.not_found;
            done.unknown += counted.unknown;
            // A failure before anything was done is answered as of one event.
            if done.redriven == 0
                && let Some(Err(failure)) =
                    outcomes.into_iter().find(|outcome| matches!(outcome, Err(Unanswered::Unclear(_))))
            {
                return Err(failure.into());
            }
        }
        done.more |= done.unknown > 0;
        let now = clock::now();
        database.transaction(|| handler::note::<Self>(ledger, origin.claim.as_ref(), &done, now))?;
        Ok(done)
    }
}

impl RedriveAll {
    /// The newest events, and whether there are more.
    async fn newest(&self, ledger: &OpenLedger) -> Result<(Vec<DeadLetterRef>, bool), Failure> {
        #[derive(Deserialize)]
        struct Page {
            dead_letters: Vec<Listed>,
            next_cursor: Option<String>,
        }
        #[derive(Deserialize)]
        struct Listed {
            id: DeliveryId,
        }
        let query = DeadLetterQuery { limit: AT_MOST, after: None };
        let page = dead_letters::ask(&ledger.env, &self.source, &query, &self.origin.request_id).await?;
        let page: Page = serde_json::from_str(&page).map_err(|error| Failure::Fault(error.to_string()))?;
        let letters =
            page.dead_letters.into_iter().map(|Listed { id }| DeadLetterRef { source: self.source.clone(), id });
        Ok((letters.collect(), page.next_cursor.is_some()))
    }

    async fn redrive(&self, ledger: &OpenLedger, letter: &DeadLetterRef) -> Result<(), Unanswered> {
        let call = Redrive { id: letter.id.clone() };
        dead_letters::ask(&ledger.env, &self.source, &call, &self.origin.request_id).await.map(drop)
    }
}

fn received(letter: &DeadLetterRef) -> ActedEvents {
    ActedEvents::Received(letter.clone())
}
