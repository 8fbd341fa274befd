//! An open ledger: its database, and everything else that its handlers need.

use std::{cell::Cell, rc::Rc};

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
use keystile_runtime::{event_outbox, random};
use worker::{Env, Error, Result, State};

use super::{
    additions, addressing, adoption, audit, dead_letter_acts, erasures, event_endpoints, expiry,
    idempotency::{self, InFlight},
    keys,
    lease::{Lease, TellingAll},
    outbox, publishing_again, reminder_places, reporting, schema, usage,
};
use crate::{
    command::{Origin, Target},
    deployment::Deployment,
    failure::Failure,
};
use keystile_runtime::database::Database;

/// Alarms that aren't due now are set to multiples of this.
const ALARM_STEP_MS: i64 = 1_000;
/// The time between two times when isolates that sent uses are forgotten.
const FORGETTING_MS: i64 = 60 * 60 * 1_000;

/// Everything that a handler needs. It outlives the request for which it was opened.
pub(crate) struct OpenLedger {
    pub(crate) env: Env,
    /// The object's name: the tenant, or [`OPERATORS`](keystile_core::objects::ledger::OPERATORS). `None` on a platform
    /// that doesn't tell.
    pub(crate) name: Option<String>,
    pub(crate) database: Database,
    pub(crate) deployment: Rc<Deployment>,
    /// Whether this instance has asked the feed whether the tenant was erased.
    pub(super) asked_if_erased: Cell<bool>,
    /// The lease of the one drain that may run.
    pub(crate) lease: Lease,
    /// The lease of the one drain that may tell the limiter. It is another, so that neither holds the other up.
    pub(crate) telling: Lease,
    /// Whether the limiter is being told of all keys.
    pub(crate) telling_all: TellingAll,
    /// The lease of the one drain that may send events to the router.
    pub(crate) sending: Lease,
    /// The lease of the one drain that may report to the overview.
    pub(crate) reporting: Lease,
    /// The requests that are being carried out under an idempotency key.
    pub(crate) in_flight: InFlight,
    /// When isolates that sent uses were last forgotten, as far as this instance knows.
    isolates_forgotten_at: Cell<Option<Timestamp>>,
}

impl OpenLedger {
    /// Opens the ledger, and checks whether `KEYSTILE_SECRET` has changed.
    pub(crate) fn open(state: &State, env: &Env, now: Timestamp) -> Result<Self> {
        let deployment = Deployment::load(env)?;
        let database = Database::open(state, schema::MIGRATIONS)?;
        let ledger = Self {
            env: env.clone(),
            name: state.id().name(),
            database,
            deployment,
            asked_if_erased: Cell::new(false),
            lease: Lease::free(),
            telling: Lease::free(),
            telling_all: TellingAll::default(),
            sending: Lease::free(),
            reporting: Lease::free(),
            in_flight: InFlight::default(),
            isolates_forgotten_at: Cell::new(None),
        };
        addressing::begin_if_rotated(&ledger.database, &ledger.deployment.keyring, now)?;
        addressing::warn_of_missing_secrets(&ledger.database, &ledger.deployment.keyring, now)?;
        reminder_places::begin(&ledger.database, &ledger.deployment.config.reminders, now)?;
        event_endpoints::reseal(&ledger.database, &ledger.deployment.keyring, now)?;
        ledger.arm(now)?;
        Ok(ledger)
    }

    /// Sets the alarm to the time when something is next to be done: now, or a full second, so that thousands of rows
    /// that become due one after another are done together. While a drain is running, the alarm is not set before its
    /// lease ends: the drain sets it again itself.
    pub(crate) fn arm(&self, now: Timestamp) -> Result<()> {
        let database = &self.database;
        reporting::schedule(database, now)?;
        let reported = reporting::due(database)?.map(|due| self.reporting.defer(due, now));
        let told = outbox::earliest_for_limiter(database)?.map(|due| self.telling.defer(due, now));
        let sent = event_outbox::next_due(database)?.map(|due| self.sending.defer(due, now));
        let drained = [
            outbox::earliest(database)?,
            addressing::next_due(database)?,
            adoption::next_due(database)?,
            erasures::next_due(database)?,
            idempotency::next_due(database)?,
            dead_letter_acts::next_due(database)?,
            additions::next_due(database)?,
            audit::next_due(database, self.deployment.config.audit_retention_days)?,
            usage::fold_due(database)?,
            self.next_reminder(now)?,
            (!expiry::is_noticed(database, now)? || publishing_again::is_under_way(database)?).then_some(now),
        ];
        let drained = drained.into_iter().flatten().min().map(|due| self.lease.defer(due, now));
        let routed = event_endpoints::next_due(database)?;
        let Some(at) = drained.into_iter().chain(told).chain(sent).chain(reported).chain(routed).min() else {
            return Ok(());
        };
        // Overdue work gets the present time, not its own: the platform takes no alarm for 1970.
        self.database.arm(if at <= now { now } else { at_full_step(at) })
    }

    /// Whether isolates that sent uses are to be forgotten now.
    pub(crate) fn forgets_isolates(&self, now: Timestamp) -> bool {
        let last = self.isolates_forgotten_at.get();
        let due = last.is_none_or(|last| now.millis_since(last).abs() >= FORGETTING_MS);
        if due {
            self.isolates_forgotten_at.set(Some(now));
        }
        due
    }

    /// Runs the transaction of a change that somebody asked for, and judges in it whether they may still act. The tenant
    /// may have been erased since the command began.
    pub(crate) fn change_for<T>(
        &self,
        origin: &Origin,
        now: Timestamp,
        mut work: impl FnMut() -> std::result::Result<T, Failure>,
    ) -> std::result::Result<T, Failure> {
        self.database.transaction(|| {
            self.judge(origin, now)?;
            self.refuse_if_erased()?;
            work()
        })
    }

    /// Judges whether the caller who asks for a change may still act. If this ledger has the operator's key, its row
    /// decides; otherwise the recent judgement of the ledger that has it does, for as long as it may be relied on.
    pub(crate) fn judge(&self, origin: &Origin, now: Timestamp) -> std::result::Result<(), Failure> {
        let Some(until) = origin.judged_until else { return Ok(()) };
        if let Some(record) = self.actor(origin)? {
            let refused = |refusal: Refusal| refusal.problem(&self.deployment.config.challenge);
            return verdict::check_operator(&record, now).map_err(|refusal| refused(refusal).into());
        }
        if now < until {
            return Ok(());
        }
        let detail = "This took too long since the operator key was judged, so nothing was changed; send it again.";
        Err(Problem::unavailable(detail).into())
    }

    /// The operator's key that asks for a change, if it is in this ledger.
    fn actor(&self, origin: &Origin) -> Result<Option<KeyRecord>> {
        let Some(id) = KeyId::parse(&origin.actor_id) else { return Ok(None) };
        Ok(keys::find(&self.database, &Target { id, within: None })?.map(|row| row.key.record))
    }

    /// The operator who must hold everything that is granted, with their present expiry: it may be earlier than it was
    /// when they were judged.
    pub(crate) fn granting(&self, origin: &Origin, caller: &Caller) -> Result<Caller> {
        Ok(self.actor(origin)?.as_ref().and_then(Caller::operator).unwrap_or_else(|| caller.clone()))
    }

    /// Mints a fresh key for what `new` describes. Its text stays in the object's memory until the answer is sent, and
    /// never gets into storage.
    pub(crate) fn mint(
        &self,
        origin: &Origin,
        new: NewKey,
        expires_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<(Key, PlainKey)> {
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
        let key = Key::create(id, new, expires_at, &minted, keyring.newest_fingerprint(), now);
        Ok((Key { created_by: Some(origin.creator()), ..key }, minted))
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
