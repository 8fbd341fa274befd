//! Reads the body of an event that could not be delivered.
//!
//! A body may hold what only the upstream should see, so it takes more than the scope that lists events, and the audit
//! log has an entry of each reading. The entry is made before the body is shown.

use keystile_core::{
    api::management::{self, MAX_BODY_BYTES},
    ledger::{audit::Action, idempotency::Claim},
    objects::{Done, dead_letters::ReadBody},
};
use keystile_runtime::clock;
use serde::{Deserialize, Serialize};
use serde_json::Map;

use super::dead_letter::of_path;
use crate::{
    api::{
        body::JSON,
        call::ApiCall,
        reply::{ApiResult, Passed, passed_on},
    },
    command::{Command, DeadLetterRef, Origin},
    dead_letters,
    failure::Failure,
    ledger::{audit, handler::Change, open::OpenLedger},
};

/// Reads the body of the path's event.
pub(super) async fn body(call: &ApiCall<'_>) -> ApiResult {
    call.no_query()?;
    let dead_letter = of_path(call)?;
    let (nothing, origin) = call.asked(JSON, MAX_BODY_BYTES).await?;
    management::parse_empty(nothing)?;
    let read = ReadBody { id: dead_letter.id.clone() };
    let body = dead_letters::ask(call.env, &dead_letter.source, &read, call.request_id).await;
    let body = body.map_err(Failure::from)?;
    let Done {} = call.operators_answer(&NoteRead { origin, dead_letter }).await?;
    Ok(passed_on(200, body, &Passed::default())?)
}

/// The command to note that a body is read.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct NoteRead {
    origin: Origin,
    #[serde(rename = "letter")]
    dead_letter: DeadLetterRef,
}

impl Command for NoteRead {
    const PATH: &'static str = "/note-read";
    type Answer = Done;

    fn request_id(&self) -> &str {
        &self.origin.request_id
    }
}

impl Change for NoteRead {
    fn claim(&self) -> Option<&Claim> {
        None
    }

    async fn carry_out(self, ledger: &OpenLedger) -> Result<Done, Failure> {
        let (database, now) = (&ledger.database, clock::now());
        ledger.change_for(&self.origin, now, || {
            let action = Action::DeadLetterRead;
            Ok(audit::event_changed(database, &self.origin, action, &self.dead_letter, Map::new(), now)?)
        })?;
        Ok(Done {})
    }
}
