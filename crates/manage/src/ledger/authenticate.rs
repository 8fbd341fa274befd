//! Judges an operator's key, for each call of the management API.

use keystile_core::{
    KeyDigest, Timestamp,
    access::{
        operator::{Caller, JUDGED_FOR_MS},
        verdict::{self, Refusal},
    },
    ledger::lifecycle::Key,
};
use keystile_runtime::{clock, log};
use serde::{Deserialize, Serialize};

use super::{handler::Read, keys, open::OpenLedger, usage};
use crate::{
    command::{Command, Judged},
    failure::Failure,
};

/// The shortest time between two notes of an operator's use of the management API.
const NOTED_EVERY_MS: i64 = 60_000;

/// The command to judge an operator's key: whose it is, and whether it can be used.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Authenticate {
    pub(crate) request_id: String,
    pub(crate) digest: KeyDigest,
}

impl Command for Authenticate {
    const PATH: &'static str = "/authenticate";
    type Answer = Judged;

    fn request_id(&self) -> &str {
        &self.request_id
    }
}

/// Asking counts as a use of the key, so this also notes the use.
impl Read for Authenticate {
    fn read(&self, ledger: &OpenLedger) -> Result<Judged, Failure> {
        let refused = |refusal: &Refusal| refusal.problem(&ledger.deployment.config.name);
        let row = keys::by_digest(&ledger.database, &self.digest)?.ok_or_else(|| refused(&Refusal::NotFound))?;
        let record = &row.key.record;
        let now = clock::now();
        verdict::check_operator(record, now).map_err(|refusal| refused(&refusal))?;
        let caller = Caller::operator(record).ok_or_else(|| refused(&Refusal::NotFound))?;
        if let Err(error) = note_use(ledger, &row.key, now) {
            log::error("use_not_noted", &[("reason", error.to_string().into())]);
        }
        let until = now.plus_millis(i64::from(JUDGED_FOR_MS));
        let until = record.expires_at.map_or(until, |end| end.min(until));
        Ok(Judged { caller, until: Some(until) })
    }
}

/// Notes that the key was used, at most once a minute.
fn note_use(ledger: &OpenLedger, key: &Key, now: Timestamp) -> worker::Result<()> {
    if key.last_used_at.is_some_and(|last| now.millis_since(last) < NOTED_EVERY_MS) {
        return Ok(());
    }
    ledger.database.transaction(|| {
        usage::note_allowed(&ledger.database, &key.record.id, now, now)?;
        if key.last_used_at.is_none() && !ledger.begin_overlap(&key.record.id, now, now)?.is_empty() {
            ledger.arm(now)?;
        }
        Ok(())
    })
}
