//! What reads keys and changes nothing.

use keystile_core::{
    management::{self, Caller},
    problem::Problem,
    verdict::{self, Refusal},
};
use keystile_runtime::clock;
use serde_json::{Value, json};

use super::{
    answer::{self, Answer, Outcome},
    audit,
    books::Books,
    keys::{self, KeyRow},
    listing,
};
use crate::{
    command::{Audit, Authenticate, Export, Get, List, Target},
    failure::Failure,
};

impl Books {
    /// A page of keys.
    pub(super) fn list(&self, command: &List) -> Outcome {
        let now = clock::now();
        let (rows, next) = listing::page(&self.database, &command.query, command.within.as_ref(), now)?;
        let next = next.map(|place| place.cursor());
        let holds = self.deployment.holds();
        let keys: Vec<_> = rows.iter().map(|row| Value::Object(management::present(&row.key, holds, now))).collect();
        Ok(Answer::ok(json!({ "keys": keys, "next_cursor": next })))
    }

    /// One key.
    pub(super) fn get(&self, command: &Get) -> Outcome {
        let key = self.find(&command.target)?.key;
        let shown = management::present(&key, self.deployment.holds(), clock::now());
        Ok(Answer::ok(Value::Object(shown)))
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

    /// Whose operator key it is, if it can be used.
    pub(super) fn authenticate(&self, command: &Authenticate) -> Outcome {
        let refused = |refusal: &Refusal| Problem::refusal(refusal, &self.deployment.config.name);
        let row = keys::by_digest(&self.database, &command.digest)?.ok_or_else(|| refused(&Refusal::NotFound))?;
        let record = &row.key.record;
        verdict::check_operator(record, clock::now()).map_err(|refusal| refused(&refusal))?;
        let caller = Caller::operator(record).ok_or_else(|| refused(&Refusal::NotFound))?;
        Ok(Answer::ok(json!(caller)))
    }

    /// The key, if it is to be found by whoever asks.
    pub(super) fn find(&self, target: &Target) -> Result<KeyRow, Failure> {
        keys::find(&self.database, target)?.ok_or_else(|| answer::not_found(target).into())
    }
}
