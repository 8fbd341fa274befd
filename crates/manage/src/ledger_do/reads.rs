//! What reads keys and changes nothing.

use keystile_core::{
    Timestamp,
    access::{
        operator::{Caller, JUDGED_FOR_MS},
        verdict::{self, Refusal},
    },
    api::management::{self},
    ledger::lifecycle::Key,
    usage::report::{self, KeyUsage},
};
use keystile_runtime::{clock, log};
use serde_json::{Value, json};

use super::{
    answer, audit,
    books::Books,
    keys::{self, KeyRow},
    listing, usage,
};
use crate::{
    command::{Audit, Authenticate, Export, Get, Judged, List, Target, Usage},
    failure::Failure,
};

impl Books {
    /// A page of keys. One that can't be read is named, and keeps none of the others back.
    pub(super) fn list(&self, command: &List) -> Result<Value, Failure> {
        let now = clock::now();
        let (found, next) = listing::page(&self.database, &command.query, command.within.as_ref(), now)?;
        let next = next.map(|place| place.cursor());
        let keys = found.rows.iter().map(|row| self.shown(&row.key, command.query.include_usage, now));
        let keys = keys.collect::<worker::Result<Vec<_>>>()?;
        let mut body = json!({ "keys": keys, "next_cursor": next });
        if !found.unreadable.is_empty()
            && let Some(body) = body.as_object_mut()
        {
            body.insert("unreadable".into(), json!(found.unreadable));
        }
        Ok(body)
    }

    /// One key.
    pub(super) fn get(&self, command: &Get) -> Result<Value, Failure> {
        let key = self.find(&command.target)?.key;
        Ok(self.shown(&key, command.include_usage, clock::now())?)
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
    pub(super) fn usage(&self, command: &Usage) -> Result<Value, Failure> {
        let (now, key) = (clock::now(), self.find(&command.target)?.key);
        let usage = KeyUsage {
            recent: usage::recent(&self.database, &key.record.id, now)?,
            all: usage::all(&self.database, &key.record.id)?,
            last_used_at: key.last_used_at,
            key_id: key.record.id,
        };
        Ok(usage.present(command.period, now))
    }

    /// A page of the audit log.
    pub(super) fn audit(&self, command: &Audit) -> Result<audit::Page, Failure> {
        Ok(audit::page(&self.database, &command.query)?)
    }

    /// A page of an export of the audit log.
    pub(super) fn export(&self, command: &Export) -> Result<audit::ExportPage, Failure> {
        let page = audit::export_page(&self.database, &command.query)?;
        Ok(page.ok_or_else(keystile_core::api::listing::unknown_entry)?)
    }

    /// Whose operator key it is, if it can be used. That is a use of it.
    pub(super) fn authenticate(&self, command: &Authenticate) -> Result<Judged, Failure> {
        let refused = |refusal: &Refusal| refusal.problem(&self.deployment.config.name);
        let row = keys::by_digest(&self.database, &command.digest)?.ok_or_else(|| refused(&Refusal::NotFound))?;
        let record = &row.key.record;
        let now = clock::now();
        verdict::check_operator(record, now).map_err(|refusal| refused(&refusal))?;
        let caller = Caller::operator(record).ok_or_else(|| refused(&Refusal::NotFound))?;
        if let Err(error) = self.note_operator(&row.key, now) {
            log::error("use_not_noted", &[("reason", error.to_string().into())]);
        }
        let until = now.plus_millis(i64::from(JUDGED_FOR_MS));
        let until = record.expires_at.map_or(until, |end| end.min(until));
        Ok(Judged { caller, until: Some(until) })
    }

    /// The key, if it is to be found by whoever asks.
    pub(super) fn find(&self, target: &Target) -> Result<KeyRow, Failure> {
        keys::find(&self.database, target)?.ok_or_else(|| answer::not_found(target).into())
    }
}
