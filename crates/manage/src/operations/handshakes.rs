//! The handshakes in which senders of webhooks told their secret, and the secret itself, which is shown once.
//!
//! Another object has the secret, so the audit entry comes first: nothing is shown without an entry. If the object fails
//! then, or another operator was faster, the entry is about a secret that was not shown.

use keystile_core::{
    api::management::{self, MAX_BODY_BYTES},
    base::{code::Code, id::HandshakeId, problem::Problem},
    ledger::idempotency::Claim,
    objects::{
        Done,
        handshakes::{HandshakeQuery, Handshakes, RevealHandshake},
    },
};
use keystile_runtime::clock;
use serde::{Deserialize, Serialize};

use super::dead_letter::source;
use crate::{
    api::{
        body::JSON,
        call::ApiCall,
        reply::{ApiResult, Passed, passed_on},
    },
    command::{Command, Origin},
    dead_letters::{self, Unanswered},
    failure::Failure,
    ledger::{audit, handler::Change, open::OpenLedger},
};

/// Lists a source's handshakes.
pub(super) async fn of_source(call: &ApiCall<'_>) -> ApiResult {
    let source = source(call)?;
    call.no_query()?;
    let listed = dead_letters::ask(call.env, &source, &HandshakeQuery {}, call.request_id).await;
    Ok(passed_on(200, listed.map_err(Failure::from)?, &Passed::default())?)
}

/// Shows the secret of the path's handshake, and has it deleted.
pub(super) async fn reveal(call: &ApiCall<'_>) -> ApiResult {
    call.no_query()?;
    let source = source(call)?;
    let id = HandshakeId::parse(call.parameter("id")?).ok_or_else(not_found)?;
    let (nothing, origin) = call.asked(JSON, MAX_BODY_BYTES).await?;
    management::parse_empty(nothing)?;
    let listed = dead_letters::ask(call.env, &source, &HandshakeQuery {}, call.request_id).await;
    let listed: Handshakes = serde_json::from_str(&listed.map_err(Failure::from)?)
        .map_err(|error| Failure::Fault(format!("the list of handshakes can't be read: {error}")))?;
    if !listed.handshakes.iter().any(|handshake| handshake.id == id && handshake.revealed_at.is_none()) {
        return Err(not_found().into());
    }
    let noted = NoteReveal { origin, source: source.clone(), id: id.clone() };
    let Done {} = call.operators_answer(&noted).await?;
    let revealed = dead_letters::ask(call.env, &source, &RevealHandshake { id }, call.request_id).await;
    let revealed = revealed.map_err(|unanswered| match unanswered {
        Unanswered::NotFound => not_found().into(),
        other => Failure::from(other),
    })?;
    Ok(passed_on(200, revealed, &Passed::default())?)
}

fn not_found() -> Problem {
    let detail = "There is no secret under this id: it was shown before, is older than 24 hours, or was never here. \
                  Have the sender send its handshake again.";
    Problem::new(Code::Webhook("HANDSHAKE_NOT_FOUND", 404), detail)
}

/// The command to note that a secret is shown.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct NoteReveal {
    origin: Origin,
    source: String,
    id: HandshakeId,
}

impl Command for NoteReveal {
    const PATH: &'static str = "/note-reveal";
    type Answer = Done;

    fn request_id(&self) -> &str {
        &self.origin.request_id
    }
}

impl Change for NoteReveal {
    fn claim(&self) -> Option<&Claim> {
        None
    }

    async fn carry_out(self, ledger: &OpenLedger) -> Result<Done, Failure> {
        let (database, now) = (&ledger.database, clock::now());
        ledger.change_for(&self.origin, now, || {
            Ok(audit::handshake_revealed(database, &self.origin, &self.source, &self.id, now)?)
        })?;
        Ok(Done {})
    }
}
