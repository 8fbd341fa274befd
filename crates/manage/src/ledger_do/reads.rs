//! What reads keys and changes nothing.

use keystile_core::{
    Timestamp,
    lifecycle::Key,
    management::{self, Caller},
    problem::Problem,
    usage::report::{self, KeyUsage},
    verdict::{self, Refusal},
};
use keystile_runtime::{clock, log};
use serde_json::{Value, json};

use super::{
    answer::{self, Answer, Outcome},
    audit,
    books::Books,
    keys::{self, KeyRow},
    listing, usage,
};
use crate::{
    command::{Audit, Authenticate, Export, Get, List, Target, Usage},
    failure::Failure,
};

impl Books {
    /// A page of keys.
    pub(super) fn list(&self, command: &List) -> Outcome {
        let now = clock::now();
        let (rows, next) = listing::page(&self.database, &command.query, command.within.as_ref(), now)?;
        let next = next.map(|place| place.cursor());
        let keys = rows.iter().map(|row| self.shown(&row.key, command.query.include_usage, now));
        let keys = keys.collect::<worker::Result<Vec<_>>>()?;
        Ok(Answer::ok(json!({ "keys": keys, "next_cursor": next })))
    }

    /// One key.
    pub(super) fn get(&self, command: &Get) -> Outcome {
        let key = self.find(&command.target)?.key;
        Ok(Answer::ok(self.shown(&key, command.include_usage, clock::now())?))
    }

    /// A key, with sums of its uses if they are wanted.
    fn shown(&self, key: &Key, include_usage: bool, now: Timestamp) -> worker::Result<Value> {
        let mut shown = management::present(key, self.deployment.holds(), now);
        if include_usage {
            let counts = usage::by_period(&self.database, &key.record.id, now)?;
            shown.insert("usage".into(), report::summary(&counts));
        }
        Ok(Value::Object(shown))
    }

    /// One key's uses.
    pub(super) fn usage(&self, command: &Usage) -> Outcome {
        let (now, key) = (clock::now(), self.find(&command.target)?.key);
        let usage = KeyUsage {
            recent: usage::recent(&self.database, &key.record.id, now)?,
            all: usage::all(&self.database, &key.record.id)?,
            last_used_at: key.last_used_at,
            key_id: key.record.id,
        };
        Ok(Answer::ok(usage.present(command.period, now)))
    }

    /// A page of the audit log.
    pub(super) fn audit(&self, command: &Audit) -> Outcome {
        Ok(Answer::ok(audit::page(&self.database, &command.query)?))
    }

    /// A page of an export of the audit log.
    pub(super) fn export(&self, command: &Export) -> Outcome {
        let page = audit::export_page(&self.database, &command.query)?;
        Ok(Answer::ok(page.ok_or_else(keystile_core::listing::unknown_entry)?))
    }

    /// Whose operator key it is, if it can be used. That is a use of it.
    pub(super) fn authenticate(&self, command: &Authenticate) -> Outcome {
        let refused = |refusal: &Refusal| Problem::refusal(refusal, &self.deployment.config.name);
        let row = keys::by_digest(&self.database, &command.digest)?.ok_or_else(|| refused(&Refusal::NotFound))?;
        let record = &row.key.record;
        let now = clock::now();
        verdict::check_operator(record, now).map_err(|refusal| refused(&refusal))?;
        let caller = Caller::operator(record).ok_or_else(|| refused(&Refusal::NotFound))?;
        if let Err(error) = self.note_operator(&row.key, now) {
            log::error("use_not_noted", &[("reason", error.to_string().into())]);
        }
        Ok(Answer::ok(json!(caller)))
    }

    /// The key, if it is to be found by whoever asks.
    pub(super) fn find(&self, target: &Target) -> Result<KeyRow, Failure> {
        keys::find(&self.database, target)?.ok_or_else(|| answer::not_found(target).into())
    }
}
