//! Judges an operator's key or a session, for each call of the management API.

use keystile_core::{
    KeyDigest, KeyId, Timestamp,
    access::{
        operator::{Caller, JUDGED_FOR_MS},
        session::{self, SessionKind},
        verdict::{self, Refusal},
    },
    base::problem::Problem,
    ledger::lifecycle::Key,
};
use keystile_runtime::{clock, log};
use serde::{Deserialize, Serialize};

use super::{
    handler::Read,
    keys,
    open::OpenLedger,
    sessions::{self, Session},
    usage,
};
use crate::{
    command::{Command, Judged, Target},
    failure::Failure,
};

/// The shortest time between two notes of an operator's use of the management API.
const NOTED_EVERY_MS: i64 = 60_000;

/// The command to judge an operator's key or a session: whose it is, and whether it can be used.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Authenticate {
    pub(crate) request_id: String,
    /// The digest of the text that was presented.
    pub(crate) digest: KeyDigest,
    /// The form of the session; `None` if the text is an operator's key. While a version without sessions is replaced,
    /// its ledger finds no key for a session, and its commands lack this member.
    #[serde(default)]
    pub(crate) session: Option<SessionKind>,
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
        let now = clock::now();
        if let Some(kind) = self.session {
            return ledger.judge_session(ledger.session(kind, &self.digest, now)?, now);
        }
        let row = keys::by_digest(&ledger.database, &self.digest)?;
        ledger.judge_operator(&row.ok_or_else(|| ledger.refused(&Refusal::NotFound))?.key, now)
    }
}

impl OpenLedger {
    /// Finds a session.
    ///
    /// # Errors
    /// The 401 if there is none, or none any more.
    pub(crate) fn session(&self, kind: SessionKind, digest: &KeyDigest, now: Timestamp) -> Result<Session, Failure> {
        Ok(sessions::find(&self.database, kind, digest, now)?.ok_or_else(|| self.ended())?)
    }

    /// Judges a session, which ends with the operator's key behind it.
    ///
    /// # Errors
    /// The 401 that says why it can't be used.
    pub(crate) fn judge_session(&self, session: Session, now: Timestamp) -> Result<Judged, Failure> {
        let Session { operator, root_mark, portal, expires_at } = session;
        let soon = now.plus_millis(i64::from(JUDGED_FOR_MS));
        let mut judged = match (KeyId::parse(&operator), &root_mark) {
            (Some(id), _) => {
                let row = keys::find(&self.database, &Target { id, within: None })?;
                self.judge_operator(&row.ok_or_else(|| self.ended())?.key, now)?
            }
            (None, Some(mark)) if self.deployment.root_keys.bear(mark, &self.deployment.keyring) => {
                Judged { until: Some(soon), ..Judged::root(root_mark) }
            }
            (None, _) => return Err(self.ended().into()),
        };
        judged.until = judged.until.map(|until| until.min(expires_at));
        judged.session_ends_at = Some(expires_at);
        if let Some(portal) = portal {
            judged.caller = judged.caller.through(portal);
        }
        Ok(judged)
    }

    fn judge_operator(&self, key: &Key, now: Timestamp) -> Result<Judged, Failure> {
        let record = &key.record;
        verdict::check_operator(record, now).map_err(|refusal| self.refused(&refusal))?;
        let caller = Caller::operator(record).ok_or_else(|| self.refused(&Refusal::NotFound))?;
        if let Err(error) = note_use(self, key, now) {
            log::error("use_not_noted", &[("reason", error.to_string().into())]);
        }
        let until = now.plus_millis(i64::from(JUDGED_FOR_MS));
        let until = record.expires_at.map_or(until, |end| end.min(until));
        Ok(Judged { caller, until: Some(until), session_ends_at: None, root_mark: None })
    }

    fn refused(&self, refusal: &Refusal) -> Problem {
        refusal.problem(&self.deployment.config.challenge)
    }

    fn ended(&self) -> Problem {
        session::ended(&self.deployment.config.name)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_without_sessions_and_with_them_judge_keys_for_each_other() {
        #[derive(Debug, PartialEq, Serialize, Deserialize)]
        struct Before {
            request_id: String,
            digest: KeyDigest,
        }
        let before = || Before { request_id: "req_1".into(), digest: KeyDigest::of("x") };
        let read: Authenticate = serde_json::from_value(serde_json::to_value(before()).unwrap()).unwrap();
        assert_eq!((read.digest, read.session), (before().digest, None));
        let sent =
            serde_json::to_value(Authenticate { request_id: read.request_id, digest: read.digest, session: None });
        assert_eq!(serde_json::from_value::<Before>(sent.unwrap()).unwrap(), before());
    }
}
