//! Carries out the outbox: publishes to the feed, puts into KV, puts into KV once more, and acknowledges to the feed.
//!
//! A request that made a change publishes it itself and waits for that. Everything else is done by the drain, which
//! runs in the background after a change, and from the alarm until nothing is left. Only one drain runs at a time, so
//! no key has two KV puts in flight, and each put writes the row as it is at that moment. The outcome of a step
//! advances an outbox row only if the row hasn't changed in the meantime.
//!
//! Beside all that the limiter is told what it has yet to be told, see [`limits`](super::limits), the router of events
//! gets those that were recorded, see [`events`](super::events), and the overview of all tenants its reports, see
//! [`report`](super::report). None waits for the others.

use std::rc::Rc;

use futures_util::{future::join_all, join};
use keystile_core::{
    Timestamp,
    access::operator::JUDGED_FOR_MS,
    events::event_type::EventType,
    feed::{
        message::{AcknowledgeRequest, Change, PublishRequest, TenantStatus},
        outbox::{OutboxEntry, Stage, Told, effective_by},
    },
    objects::feed,
};
use keystile_runtime::{clock, kv, log, object};
use serde_json::{Map, json};
use worker::Result;

use crate::command::{Origin, Target};

use super::{
    additions, adoption, audit, dead_letter_acts, expiry, idempotency,
    keys::{self, KeyRow},
    open::OpenLedger,
    outbox::{self, Changed, Due},
    publishing_again, reporting, suspension, usage,
};

/// The longest that a call to the feed may take before it counts as failed.
pub(crate) const FEED_TIMEOUT_MS: u64 = 2_000;
/// The number of changes in one call to the feed.
pub(crate) const FEED_BATCH: usize = 100;
/// The number of simultaneous KV puts: an invocation has six connections.
pub(crate) const PUTS_AT_ONCE: usize = 5;
/// The number of KV puts in one drain: an invocation's subrequests are limited, to 50 on the free plan. The next alarm
/// does the rest.
const PUTS_PER_DRAIN: usize = 40;
/// The number of rounds in one drain: work that becomes due during the drain is done too, within reason.
const ROUNDS: usize = 4;
/// The delay before the alarm is tried again after a fault.
pub(crate) const ALARM_RETRY_MS: i64 = 10_000;

impl OpenLedger {
    /// Publishes those of these subjects that have yet to be published, and returns the time from which they are in
    /// effect; `Ok(None)` if nothing had to be published, `Err` if the feed did not take it. In any case the outbox is
    /// up to date afterwards.
    pub(crate) async fn publish_now(&self, subjects: &[Changed]) -> std::result::Result<Option<Timestamp>, NotTaken> {
        let due = subjects.iter().map(|subject| outbox::find(&self.database, subject, Stage::Publish));
        match due.collect::<Result<Vec<_>>>().map(|due| due.into_iter().flatten().collect::<Vec<_>>()) {
            Ok(due) if due.is_empty() => Ok(None),
            Ok(due) => self.publish(due).await.map(Some),
            Err(error) => Err(failed("outbox_not_read", &error.to_string())),
        }
    }

    /// Publishes the subject's change if that has yet to be done, and returns the time from which the version in `told`
    /// is in effect, or why the feed has not taken it.
    pub(crate) async fn publish_version(
        &self,
        subject: Changed,
        told: Told,
    ) -> Result<std::result::Result<Timestamp, NotTaken>> {
        let published = self.publish_now(core::slice::from_ref(&subject)).await;
        let taken = published.unwrap_or_default();
        let row = match &subject {
            Changed::Key(id) => keys::told(&self.database, id.as_str())?,
            Changed::Tenant => suspension::find(&self.database)?.map(|suspension| suspension.told()),
            _ => None,
        };
        let effective_by = told.published(taken, row.unwrap_or(told)).and_then(|told| told.effective_by);
        Ok(effective_by.ok_or(published.err().unwrap_or(NotTaken::Yet)))
    }

    /// Does what is due, unless another drain is doing that already, and sets the alarm for the rest. Called by the
    /// alarm and after each change.
    pub(crate) async fn drain(self: Rc<Self>) {
        let asked = Rc::clone(&self).ask_if_erased();
        let others = async { join!(self.send_events(), self.tell_router_due(), asked) };
        let (drained, told, reported, (sent, routed, ())) =
            join!(self.drain_leased(), self.tell_due(), self.report_due(), others);
        let now = clock::now();
        if let Err(error) = drained.and(told).and(sent).and(reported).and(routed).and_then(|()| self.arm(now)) {
            log::error("drain_failed", &[("reason", error.to_string().into())]);
            if let Err(error) = self.database.arm(now.plus_millis(ALARM_RETRY_MS)) {
                log::error("alarm_not_set", &[("reason", error.to_string().into())]);
            }
        }
    }

    async fn drain_leased(&self) -> Result<()> {
        let Some(lease) = self.lease.take(clock::now()) else { return Ok(()) };
        let erased = self.erase_due().await;
        let (drained, adopted) = (self.drain_rounds(lease).await, self.adopt_due().await);
        // A fault of one doesn't keep the others from being done.
        let tidied = self.tidy(clock::now());
        self.lease.release(lease);
        drained.and(adopted).and(erased).and(tidied).and_then(|()| usage::fold(&self.database, clock::now()))
    }

    /// Completes what was left unfinished, and drops what has expired: so much of each that nobody waits for it.
    fn tidy(&self, now: Timestamp) -> Result<()> {
        if !expiry::is_noticed(&self.database, now)? {
            expiry::notice(&self.database, now)?;
            reporting::note_change(&self.database)?;
        }
        self.remind(now)?;
        publishing_again::go_on(&self.database, now)?;
        dead_letter_acts::settle(&self.database, now)?;
        additions::trim(&self.database, now)?;
        idempotency::trim(&self.database, now)?;
        audit::remove_old(&self.database, self.deployment.config.audit_retention_days, now)
    }

    async fn drain_rounds(&self, lease: u64) -> Result<()> {
        let addresses = self.deployment.keyring.fingerprints().count().max(1);
        let mut puts_left = PUTS_PER_DRAIN / addresses;
        for _ in 0..ROUNDS {
            let now = clock::now();
            if !self.lease.keep(lease, now) {
                break;
            }
            let unpublished = outbox::due(&self.database, Stage::Publish, now, FEED_BATCH)?;
            let mut puts = outbox::due(&self.database, Stage::Put, now, puts_left)?;
            puts.extend(outbox::due(&self.database, Stage::Confirm, now, puts_left - puts.len())?);
            // Until all keys were looked at, some versions that KV has are still to be published again. To acknowledge
            // one of them would tell the feed once more that it was put back.
            let acknowledging = if publishing_again::is_under_way(&self.database)? { 0 } else { FEED_BATCH };
            let unacknowledged = outbox::due(&self.database, Stage::Acknowledge, now, acknowledging)?;
            if unpublished.is_empty() && puts.is_empty() && unacknowledged.is_empty() {
                break;
            }
            puts_left -= puts.len();
            if !unpublished.is_empty() {
                // A change that fails stays in the outbox and is tried again later.
                let _ = self.publish(unpublished).await;
            }
            for some in puts.chunks(PUTS_AT_ONCE) {
                if !self.lease.keep(lease, clock::now()) {
                    return Ok(());
                }
                join_all(some.iter().map(|due| self.put(due))).await.into_iter().collect::<Result<()>>()?;
            }
            if !unacknowledged.is_empty() {
                self.acknowledge(unacknowledged).await?;
            }
        }
        self.move_due(lease, puts_left * addresses).await
    }

    /// Publishes rows of the stage [`Stage::Publish`], with the present state of their subjects.
    async fn publish(&self, due: Vec<Due>) -> std::result::Result<Timestamp, NotTaken> {
        let stated = |due: &Due| {
            Ok(self.as_it_is(&due.subject)?.map(|(version, change)| ((due.subject.clone(), version), change)))
        };
        let (sent, changes): (Vec<_>, Vec<_>) = match due.iter().map(stated).collect::<Result<Vec<_>>>() {
            Ok(stated) => stated.into_iter().flatten().unzip(),
            Err(error) => return Err(failed("changes_not_read", &error.to_string())),
        };
        let request = PublishRequest { changes };
        let answer = object::call(&self.env, feed::NAME, &request, FEED_TIMEOUT_MS).await;
        let now = clock::now();
        // For a while the other ledgers rely on what this one said about an operator, so the change takes at least that
        // long to be in effect.
        let of_operators = due.iter().any(|due| matches!(&due.subject, Changed::Key(id) if id.is_operators()));
        let least = if of_operators { JUDGED_FOR_MS } else { 0 };
        let (ahead, refused) =
            answer.as_ref().map(|answer| (answer.ahead.clone(), answer.refused.clone())).unwrap_or_default();
        let refused: Vec<&Changed> =
            refused.into_iter().filter_map(|place| sent.get(place).map(|(subject, _)| subject)).collect();
        let taken = answer.map(|answer| effective_by(now, answer.max_staleness_ms.max(least)));
        let mut raised = false;
        let noted = self.database.transaction(|| {
            for (place, version) in &ahead {
                if let Some((subject, sent)) = sent.get(*place) {
                    raised |= self.raise(subject, *sent, *version, now)?;
                }
            }
            for due in &due {
                match taken {
                    Ok(effective_by) if !refused.contains(&&due.subject) => {
                        self.note_published(due, effective_by, now)?;
                    }
                    _ => {
                        if taken.is_ok() {
                            outbox::refused_again(&self.database, &due.subject)?;
                            // The key was revoked before this ledger was put back, perhaps, or the tenant erased.
                            self.asked_if_erased.set(false);
                            adoption::begin(&self.database, now)?;
                        }
                        outbox::replace(&self.database, due, Some(due.entry.failed(now)))?;
                    }
                }
            }
            self.arm(now)
        });
        match (taken, noted) {
            (Ok(_), Ok(())) if !refused.is_empty() => Err(NotTaken::Ever),
            (Ok(_), Ok(())) if raised => Err(NotTaken::Yet),
            (Ok(effective_by), Ok(())) => Ok(effective_by),
            (Ok(_), Err(error)) => Err(failed("publication_not_noted", &error.to_string())),
            (Err(error), _) => Err(failed("publish_failed", &error.0)),
        }
    }

    /// Gives the present state of a subject a later version than the feed has, if it has an earlier one, or if it is
    /// what was sent and the feed has something else of the same version. That happens after this ledger was put back
    /// to an earlier point. The state is published as any change. The limiter is told a key's limits again, since it may
    /// know later ones, too, and receivers of events hear of it. Returns whether it was so.
    fn raise(&self, subject: &Changed, sent: u64, of_the_feed: u64, now: Timestamp) -> Result<bool> {
        let version = of_the_feed + 1;
        let loses = |present: u64| present < of_the_feed || (present == of_the_feed && present == sent);
        match subject {
            Changed::Key(id) => {
                let row = keys::find(&self.database, &Target { id: id.clone(), within: None })?;
                let Some(KeyRow { mut key, .. }) = row.filter(|row| loses(row.key.record.version)) else {
                    return Ok(false);
                };
                key.record.version = version;
                keys::update(&self.database, &key, now)?;
                let more = Map::from_iter([("put_back".into(), json!(true))]);
                self.record_event(EventType::KeyUpdated, Some(&key), &Origin::keystile(), more, now)?;
                if !id.is_operators() && !self.deployment.config.counted_limits.is_empty() {
                    keys::limits_changed(&self.database, id)?;
                    outbox::enqueue(&self.database, &Changed::KeyLimits(id.clone()), version, now)?;
                }
            }
            Changed::Tenant => {
                let status = suspension::find(&self.database)?.map(|suspension| suspension.stated);
                let Some(status) = status.filter(|status| loses(status.version)) else { return Ok(false) };
                suspension::write(&self.database, &TenantStatus { version, ..status })?;
            }
            Changed::TenantLimits | Changed::KeyLimits(_) | Changed::Addition(_) => return Ok(false),
        }
        log::error("ledger_was_put_back", &[("subject", subject.name().into()), ("version", version.into())]);
        adoption::begin(&self.database, now)?;
        outbox::enqueue(&self.database, subject, version, now)?;
        Ok(true)
    }

    /// The version of a subject, and its state as the feed is told it.
    fn as_it_is(&self, subject: &Changed) -> Result<Option<(u64, Change)>> {
        Ok(match subject {
            Changed::Key(id) => keys::published_form(&self.database, id.as_str())?
                .map(|snapshot| (snapshot.version, Change::Key { digest: snapshot.digest, record: snapshot.record })),
            Changed::Tenant => suspension::find(&self.database)?
                .map(|suspension| (suspension.stated.version, Change::Tenant(suspension.stated))),
            Changed::TenantLimits | Changed::KeyLimits(_) | Changed::Addition(_) => None,
        })
    }

    fn note_published(&self, due: &Due, effective_by: Timestamp, now: Timestamp) -> Result<()> {
        match &due.subject {
            Changed::Key(id) => keys::took_effect(&self.database, id.as_str(), due.entry.version, effective_by)?,
            Changed::Tenant => suspension::took_effect(&self.database, due.entry.version, effective_by)?,
            Changed::TenantLimits | Changed::KeyLimits(_) | Changed::Addition(_) => {}
        }
        outbox::replace(&self.database, due, due.entry.done(now))
    }

    /// Puts a key's present row, or the tenant's present status, into KV, for the first or the second time.
    async fn put(&self, due: &Due) -> Result<()> {
        let (env, keyring) = (&self.env, &self.deployment.keyring);
        // If the subject was changed after this drain read the outbox, that change must reach the feed first.
        let put = match &due.subject {
            Changed::Key(id) => match keys::published_form(&self.database, id.as_str())? {
                None => return outbox::replace(&self.database, due, None),
                Some(snapshot) if snapshot.version != due.entry.version => return Ok(()),
                Some(snapshot) => kv::put(env, keyring, &snapshot.digest, &snapshot.record).await,
            },
            Changed::Tenant => match suspension::find(&self.database)?.map(|suspension| suspension.stated) {
                None => return outbox::replace(&self.database, due, None),
                Some(stated) if stated.version != due.entry.version => return Ok(()),
                Some(stated) => kv::put_tenant_status(env, keyring, &stated).await,
            },
            // KV knows nothing of limits.
            Changed::TenantLimits | Changed::KeyLimits(_) | Changed::Addition(_) => return Ok(()),
        };
        let now = clock::now();
        let next = match put {
            Ok(()) => due.entry.done(now),
            Err(kv::KvFailed) => Some(due.entry.failed(now)),
        };
        outbox::replace(&self.database, due, next)
    }

    async fn acknowledge(&self, due: Vec<Due>) -> Result<()> {
        let mut versions = Vec::new();
        for due in &due {
            if let Changed::Key(id) = &due.subject
                && let Some(snapshot) = keys::published_form(&self.database, id.as_str())?
            {
                versions.push((snapshot.digest, due.entry.version));
            }
        }
        let request = AcknowledgeRequest { versions };
        let answer = object::call(&self.env, feed::NAME, &request, FEED_TIMEOUT_MS).await;
        if let Err(error) = &answer {
            log::warn("acknowledge_failed", &[("reason", error.0.as_str().into())]);
        }
        let now = clock::now();
        let next = |entry: OutboxEntry| if answer.is_ok() { entry.done(now) } else { Some(entry.failed(now)) };
        self.database
            .transaction(|| due.iter().try_for_each(|due| outbox::replace(&self.database, due, next(due.entry))))
    }
}

/// The feed did not take all of the changes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum NotTaken {
    /// It will, since they are published again; the log has the reason.
    Yet,
    /// It takes some of them never: their digests belong to other keys.
    Ever,
}

fn failed(event: &str, reason: &str) -> NotTaken {
    log::warn(event, &[("reason", reason.into())]);
    NotTaken::Yet
}
