//! The command to record that keys of one ledger were found where they don't belong, and to do to them what the policy
//! says.
//!
//! One transaction does all of it, so a report that is repeated after a fault does the rest and nothing twice.

use keystile_core::{
    KeyDigest, KeyId, TenantId, Timestamp,
    access::record::Reach,
    base::problem::Problem,
    events::event_type::EventType,
    ledger::{
        audit::Action,
        exposure::{Exposure, ExposureStatus, Place, Policy, Reporter},
        idempotency::Claim,
        lifecycle::Key,
    },
};
use keystile_runtime::{clock, log};
use serde::{Deserialize, Serialize};
use serde_json::Map;

use crate::{
    command::{Command, Origin},
    failure::Failure,
    ledger::{adoption, audit, exposures, handler::Change, keys, open::OpenLedger, outbox::Changed},
};

/// The number of keys in one command: one transaction, and one call to the feed.
pub(crate) const BATCH: usize = 50;

/// The command.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Expose {
    pub(crate) origin: Origin,
    pub(crate) reporter: Reporter,
    pub(crate) policy: Policy,
    /// The tenant whose keys the reporter may know of; `None` for all.
    pub(crate) within: Option<TenantId>,
    /// The keys, [`BATCH`] at most.
    pub(crate) found: Vec<Found>,
}

/// A key that was found.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Found {
    pub(crate) digest: KeyDigest,
    pub(crate) place: Place,
}

/// The outcome of each, in the same order.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Exposed {
    pub(crate) results: Vec<ExposedKey>,
}

/// The outcome of one.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ExposedKey {
    pub(crate) id: Option<KeyId>,
    pub(crate) status: ExposureStatus,
    /// When the key is refused everywhere, if it was revoked or disabled and the feed has taken that.
    pub(crate) effective_by: Option<Timestamp>,
}

impl Command for Expose {
    const PATH: &'static str = "/expose";
    type Answer = Exposed;

    fn request_id(&self) -> &str {
        &self.origin.request_id
    }
}

impl Change for Expose {
    fn claim(&self) -> Option<&Claim> {
        None
    }

    async fn carry_out(self, ledger: &OpenLedger) -> Result<Exposed, Failure> {
        let now = clock::now();
        let outcomes = ledger.change_for(&self.origin, now, || {
            let outcomes = self.found.iter().map(|found| self.expose(ledger, found, now));
            let outcomes = outcomes.collect::<Result<Vec<_>, Failure>>()?;
            if outcomes.iter().any(Option::is_none) {
                adoption::begin(&ledger.database, now)?;
            }
            ledger.arm(now)?;
            Ok(outcomes)
        })?;
        let Some(mut results) = outcomes.into_iter().collect::<Option<Vec<ExposedKey>>>() else {
            // The feed has the key, and this ledger was put back to a point before it had it.
            let detail = "A ledger lacks a key that the change feed has, and takes it over now; send the same again.";
            return Err(Problem::unavailable(detail).into());
        };
        let ended =
            |result: &&mut ExposedKey| matches!(result.status, ExposureStatus::Revoked | ExposureStatus::Disabled);
        let changed: Vec<Changed> =
            results.iter_mut().filter(ended).filter_map(|result| result.id.clone()).map(Changed::Key).collect();
        // What the feed doesn't take now is retried from the outbox.
        let _ = ledger.publish_now(&changed).await;
        for result in results.iter_mut().filter(ended) {
            let told = result.id.as_ref().map(|id| keys::told(&ledger.database, id.as_str())).transpose()?;
            result.effective_by = told.flatten().and_then(|told| told.effective_by);
        }
        Ok(Exposed { results })
    }
}

impl Expose {
    /// Records one report; `None` if the ledger lacks the key.
    fn expose(&self, ledger: &OpenLedger, found: &Found, now: Timestamp) -> Result<Option<ExposedKey>, Failure> {
        let database = &ledger.database;
        let Some(before) = keys::by_digest(database, &found.digest)?.map(|row| row.key) else {
            return self.expose_root(ledger, found, now);
        };
        if self.within.as_ref().is_some_and(|tenant| before.reach() != Reach::Tenant(tenant.clone())) {
            return Ok(Some(outcome(None, ExposureStatus::NotFound)));
        }
        let id = before.record.id.clone();
        if before.revocation.is_some() {
            return Ok(Some(outcome(Some(id), ExposureStatus::AlreadyRevoked)));
        }
        if exposures::is_known(database, id.as_str(), self.reporter, &found.place)? {
            return Ok(Some(outcome(Some(id), ExposureStatus::Repeat)));
        }
        let before = match exposures::has_room(database, id.as_str(), self.reporter)? {
            true => self.note(ledger, before, found, now)?,
            false => before,
        };
        let after = before.exposed(self.policy, self.reporter, now);
        if after == before {
            return Ok(Some(outcome(Some(id), ExposureStatus::Recorded)));
        }
        let (action, status) = match self.policy {
            Policy::Disable => (Action::Disabled, ExposureStatus::Disabled),
            Policy::Revoke | Policy::Notify => (Action::Revoked, ExposureStatus::Revoked),
        };
        ledger.record_changed(&self.origin, action, &before, &after, now)?;
        Ok(Some(outcome(Some(id), status)))
    }

    /// Writes the place, the key's notice, the audit entry and the event. Returns the key with its notice.
    fn note(&self, ledger: &OpenLedger, key: Key, found: &Found, now: Timestamp) -> Result<Key, Failure> {
        let (database, place, id) = (&ledger.database, &found.place, &key.record.id);
        exposures::insert(database, id.as_str(), self.reporter, place, now)?;
        let exposure = Exposure { at: now, source: place.source.clone(), url: place.url.clone() };
        keys::note_exposure(database, id, &exposure)?;
        audit::key_exposed(database, &self.origin, Some(&key), place.facts(self.reporter), now)?;
        let noticed = Key { exposure: Some(exposure), ..key.clone() };
        let more = Map::from_iter([("reporter".to_owned(), self.reporter.as_str().into())]);
        ledger.record_event(EventType::KeyExposed, Some(&noticed), &self.origin, more, now)?;
        if id.is_operators() {
            // Operators' keys make no events, so the log says it, too.
            log::error(
                "operator_key_exposed",
                &[("operator_id", id.as_str().into()), ("url", place.url.as_str().into())],
            );
        }
        Ok(noticed)
    }

    /// Records that a root key was found, which only a deployment can replace.
    fn expose_root(&self, ledger: &OpenLedger, found: &Found, now: Timestamp) -> Result<Option<ExposedKey>, Failure> {
        let (database, place) = (&ledger.database, &found.place);
        if !ledger.deployment.root_keys.include_digest(&found.digest) {
            return Ok(None);
        }
        if self.within.is_some() {
            return Ok(Some(outcome(None, ExposureStatus::NotFound)));
        }
        log::error("root_key_exposed", &[("url", place.url.as_str().into())]);
        if exposures::is_known(database, exposures::ROOT, self.reporter, place)? {
            return Ok(Some(outcome(None, ExposureStatus::Repeat)));
        }
        if exposures::has_room(database, exposures::ROOT, self.reporter)? {
            exposures::insert(database, exposures::ROOT, self.reporter, place, now)?;
            audit::key_exposed(database, &self.origin, None, place.facts(self.reporter), now)?;
        }
        Ok(Some(outcome(None, ExposureStatus::Recorded)))
    }
}

const fn outcome(id: Option<KeyId>, status: ExposureStatus) -> ExposedKey {
    ExposedKey { id, status, effective_by: None }
}
