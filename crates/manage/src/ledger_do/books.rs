//! A ledger's database beside what it acts with: what all its handlers share.

use std::rc::Rc;

use keystile_core::{
    KeyId, KeyRecord, Keyring, Timestamp,
    access::{
        operator::Caller,
        record::Subject,
        verdict::{self, Refusal},
    },
    base::{id::ID_RANDOM_BYTES, problem::Problem},
    key::{PlainKey, keyring::MINT_RANDOM_BYTES},
    ledger::lifecycle::{Key, NewKey},
};
use keystile_runtime::random;
use worker::{Env, Error, Result, State};

use super::{
    addressing, audit,
    drain::Lease,
    idempotency::{self, InFlight},
    keys, letters, outbox, schema, usage,
};
use crate::{
    command::{Origin, Target},
    deployment::Deployment,
    failure::Failure,
};
use keystile_runtime::database::Database;

/// Alarms that are not for now are set to multiples of this.
const ALARM_STEP_MS: i64 = 1_000;

/// Everything a handler needs. It outlives the request that it was opened for.
pub(super) struct Books {
    pub(super) env: Env,
    pub(super) database: Database,
    pub(super) deployment: Rc<Deployment>,
    /// Held by the one drain that is under way.
    pub(super) lease: Lease,
    /// What is being carried out under an idempotency key.
    pub(super) in_flight: InFlight,
}

impl Books {
    /// Opens the ledger, and sees whether `KEYSTILE_SECRET` is another than it was.
    pub(super) fn open(state: &State, env: &Env, now: Timestamp) -> Result<Self> {
        let deployment = Deployment::load(env)?;
        let database = Database::open(state, schema::MIGRATIONS)?;
        let books =
            Self { env: env.clone(), database, deployment, lease: Lease::free(), in_flight: InFlight::default() };
        addressing::begin_if_rotated(&books.database, &books.deployment.keyring, now)?;
        addressing::warn_of_missing_secrets(&books.database, &books.deployment.keyring, now)?;
        books.arm(now)?;
        Ok(books)
    }

    /// Sets the alarm to when there is next something to do: now, or at a full
    /// second, so that thousands of rows which become due one by one are done
    /// together. While a drain is under way not before that should be over: it
    /// arms again itself.
    pub(super) fn arm(&self, now: Timestamp) -> Result<()> {
        let database = &self.database;
        let due = [
            outbox::earliest(database)?,
            addressing::next_due(database)?,
            idempotency::next_due(database)?,
            letters::next_due(database)?,
            audit::next_due(database, self.deployment.config.audit_retention_days)?,
            usage::fold_due(database)?,
        ];
        let Some(next) = due.into_iter().flatten().min() else { return Ok(()) };
        let at = match self.lease.ends(now) {
            Some(end) => next.max(end),
            None => next,
        };
        // Not at the time of what is overdue: the platform takes no alarm for 1970.
        self.database.arm(if at <= now { now } else { at_full_step(at) })
    }

    /// The transaction of a change that somebody asked for: who asked is judged in it.
    pub(super) fn change_for<T>(
        &self,
        origin: &Origin,
        now: Timestamp,
        mut work: impl FnMut() -> std::result::Result<T, Failure>,
    ) -> std::result::Result<T, Failure> {
        self.database.transaction(|| {
            self.judge(origin, now)?;
            work()
        })
    }

    /// Whether who asks for a change may still act. An operator's key is judged by its
    /// row, if this is its ledger, and else by what that ledger said a moment ago.
    pub(super) fn judge(&self, origin: &Origin, now: Timestamp) -> std::result::Result<(), Failure> {
        let Some(until) = origin.judged_until else { return Ok(()) };
        if let Some(record) = self.actor(origin)? {
            let refused = |refusal: Refusal| refusal.problem(&self.deployment.config.name);
            return verdict::check_operator(&record, now).map_err(|refusal| refused(refusal).into());
        }
        if now < until {
            return Ok(());
        }
        let detail = "This took too long since the operator key was judged, so nothing was changed; send it again.";
        Err(Problem::unavailable(detail).into())
    }

    /// The operator's key that asks for a change, if it is of this ledger.
    fn actor(&self, origin: &Origin) -> Result<Option<KeyRecord>> {
        let Some(id) = KeyId::parse(&origin.actor_id) else { return Ok(None) };
        Ok(keys::find(&self.database, &Target { id, within: None })?.map(|row| row.key.record))
    }

    /// The operator who has to hold all that is granted, as they now stand: their end may be nearer than it was.
    pub(super) fn granting(&self, origin: &Origin, caller: &Caller) -> Result<Caller> {
        Ok(self.actor(origin)?.as_ref().and_then(Caller::operator).unwrap_or_else(|| caller.clone()))
    }

    /// A fresh key for what `new` describes. Its text is in the object's memory
    /// until the answer is sent, and never in its storage.
    pub(super) fn mint(&self, new: NewKey, expires_at: Option<Timestamp>, now: Timestamp) -> Result<(Key, PlainKey)> {
        let random = random::bytes::<MINT_RANDOM_BYTES>()?;
        let id_random = random::bytes::<ID_RANDOM_BYTES>()?;
        let keyring: &Keyring = &self.deployment.keyring;
        let (minted, id) = match &new.subject {
            Subject::ApiKey { environment, .. } => {
                let prefix = self.deployment.config.prefix().ok_or_else(|| fault("keystile.toml has no prefix"))?;
                (keyring.mint_api_key(prefix, *environment, &random), KeyId::key_from_random(&id_random))
            }
            Subject::Operator { .. } => (keyring.mint_operator_key(&random), KeyId::operator_from_random(&id_random)),
        };
        let minted = minted.map_err(|error| Error::RustError(error.to_string()))?;
        let id = id.ok_or_else(|| fault("too few random bytes for an id"))?;
        Ok((Key::create(id, new, expires_at, &minted, keyring.newest_fingerprint(), now), minted))
    }
}

fn at_full_step(at: Timestamp) -> Timestamp {
    let past = at.as_millis().rem_euclid(ALARM_STEP_MS);
    at.plus_millis(if past == 0 { 0 } else { ALARM_STEP_MS - past })
}

fn fault(reason: &str) -> Error {
    Error::RustError(reason.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alarms_are_never_early_and_less_than_a_second_late() {
        for (at, armed) in [(0, 0), (1, 1_000), (999, 1_000), (1_000, 1_000), (60_001, 61_000)] {
            assert_eq!(at_full_step(Timestamp::from_millis(at)), Timestamp::from_millis(armed));
        }
    }
}
