//! The ledger's calls to the tenant's limiter: it tells, and it asks.
//!
//! The limiter is told the tenant's plan and own values, the keys that have own values or count as another key, and
//! what operators added to quotas. The rows of the outbox say what it hasn't been told yet. They wait for the limiter
//! alone: a change of a key takes effect whether or not the limiter can be reached, and the other way round.
//!
//! A limiter that says that it was never told of all keys is told of all at once. Telling twice does nothing: of two
//! versions the higher holds, and an addition is made once.

use keystile_core::{
    KeyId, TenantId, Timestamp,
    base::problem::Problem,
    feed::{
        message::TenantStatus,
        outbox::{EFFECTIVE_MARGIN_MS, Stage},
    },
    objects::{
        Call,
        limiter::{Addition, Asked, HELD_FOR_MS, KeyTerms, LimitState, Look, Tell, TenantTerms, Told},
    },
};
use keystile_runtime::{clock, log, object};
use serde::de::DeserializeOwned;
use worker::{Error, Result};

use super::{
    additions, keys,
    open::OpenLedger,
    outbox::{self, Changed, Due},
    settings, suspension,
};
use crate::failure::Failure;

/// The longest that a call to the limiter may take before it counts as failed.
const LIMITER_TIMEOUT_MS: u64 = 2_000;
/// The number of rows, and of keys, in one call to the limiter.
const BATCH: usize = 500;
/// The number of calls in one drain, without those that tell of all keys. The next alarm does the rest.
const ROUNDS: usize = 20;
/// The time after which a drain leaves the rest to the next alarm, milliseconds: the feed waits for that alarm, too.
const DRAIN_MS: i64 = 1_000;
/// How often, and how long each time, a call waits for another one that tells of all keys.
const WAITS: usize = 24;
const WAIT_MS: u64 = 50;

impl OpenLedger {
    /// Tells the limiter of those of these subjects that it hasn't been told of yet, and of whatever else it hasn't.
    /// Returns the time from which they are in effect; `Ok(None)` if the limiter was told of all of them before. In any
    /// case the outbox is up to date afterwards.
    pub(crate) async fn tell_now(&self, subjects: &[Changed]) -> std::result::Result<Option<Timestamp>, NotTold> {
        match self.untold(subjects) {
            Ok(due) if due.is_empty() => Ok(None),
            Ok(due) => self.tell(due).await.map(Some),
            Err(error) => Err(failed("outbox_not_read", &error.to_string())),
        }
    }

    /// Whether the limiter has yet to be told of the subject.
    pub(crate) fn is_untold(&self, subject: &Changed) -> Result<bool> {
        Ok(outbox::find(&self.database, subject, Stage::Tell)?.is_some())
    }

    /// Does what the drain has to tell the limiter, unless another drain is doing that already.
    pub(super) async fn tell_due(&self) -> Result<()> {
        let Some(lease) = self.telling.take(clock::now()) else { return Ok(()) };
        let outcome = self.tell_rounds(lease).await;
        self.telling.release(lease);
        outcome
    }

    /// Tells the limiter of all keys for which there is something to tell, unless it was told of them before, and of
    /// the additions that it hasn't been told of yet. This writes nothing.
    pub(crate) async fn tell_all(&self, tenant: &TenantId) -> std::result::Result<(), NotTold> {
        let news = additions::untold(&self.database).map(|additions| News { keys: Vec::new(), additions });
        let news = news.map_err(|error| failed("additions_not_read", &error.to_string()))?;
        self.tell_limiter(tenant, news).await.map_err(|error| failed("tell_failed", &error.to_string()))
    }

    /// Asks the limiter what is left of a key's limits, or of those that the tenant's keys share. The time is that of
    /// the answer.
    pub(crate) async fn look(
        &self,
        tenant: &TenantId,
        key: Option<&KeyId>,
    ) -> std::result::Result<(Vec<LimitState>, Timestamp), Failure> {
        let look = Look { key: key.cloned() };
        let mut asked = self.call_limiter(tenant, &look).await.map_err(unreachable)?;
        if asked == Asked::Unknown {
            self.tell_all(tenant).await.map_err(|NotTold| unavailable())?;
            asked = self.call_limiter(tenant, &look).await.map_err(unreachable)?;
        }
        match asked {
            Asked::Known { limits, .. } => Ok((limits, clock::now())),
            Asked::Unknown => Err(unavailable().into()),
        }
    }

    /// The ledger's tenant, if the ledger knows it: from its status or any of its keys.
    pub(crate) fn tenant(&self) -> Result<Option<TenantId>> {
        match suspension::find(&self.database)? {
            Some(suspension) => Ok(Some(suspension.stated.tenant)),
            None => keys::tenant_of_any(&self.database),
        }
    }

    /// Writes a status of the tenant if there is none, so that it is listed, and this ledger knows it, even if it has no
    /// keys yet.
    pub(crate) fn make_known(&self, tenant: &TenantId, now: Timestamp) -> Result<()> {
        if suspension::find(&self.database)?.is_some() {
            return Ok(());
        }
        suspension::write(&self.database, &TenantStatus { tenant: tenant.clone(), version: 1, suspended: false })?;
        outbox::enqueue(&self.database, &Changed::Tenant, 1, now)
    }

    /// The rows of these subjects, and then others for the limiter, no matter when they are due.
    fn untold(&self, subjects: &[Changed]) -> Result<Vec<Due>> {
        let asked = subjects.iter().map(|subject| outbox::find(&self.database, subject, Stage::Tell));
        let mut due: Vec<Due> = asked.collect::<Result<Vec<_>>>()?.into_iter().flatten().collect();
        if due.is_empty() {
            return Ok(due);
        }
        let others = outbox::for_limiter(&self.database, BATCH)?.into_iter();
        let others = others.filter(|other| !subjects.contains(&other.subject));
        due.extend(others.take(BATCH.saturating_sub(subjects.len())));
        Ok(due)
    }

    async fn tell_rounds(&self, lease: u64) -> Result<()> {
        let begun_at = clock::now();
        for _ in 0..ROUNDS {
            let now = clock::now();
            if now.millis_since(begun_at) > DRAIN_MS || !self.telling.keep(lease, now) {
                break;
            }
            let due = outbox::due(&self.database, Stage::Tell, now, BATCH)?;
            // A row that fails stays in the outbox and is tried again later.
            if due.is_empty() || self.tell(due).await.is_err() {
                break;
            }
        }
        Ok(())
    }

    /// Tells the limiter the present state of rows of the stage [`Stage::Tell`].
    async fn tell(&self, due: Vec<Due>) -> std::result::Result<Timestamp, NotTold> {
        let told = self.tell_of(&due).await;
        let now = clock::now();
        // An isolate holds what the limiter said before for as long.
        let effective_by = now.plus_millis(HELD_FOR_MS + EFFECTIVE_MARGIN_MS);
        let noted = self.database.transaction(|| {
            for due in &due {
                match told {
                    Ok(()) => self.note_told(due, effective_by)?,
                    Err(_) if due.entry.due_at <= now => {
                        outbox::replace(&self.database, due, Some(due.entry.failed(now)))?;
                    }
                    // It was told before its time, along with others, and stays due when it was.
                    Err(_) => {}
                }
            }
            self.arm(now)
        });
        match (told, noted) {
            (Ok(()), Ok(())) => Ok(effective_by),
            (Ok(()), Err(error)) => Err(failed("telling_not_noted", &error.to_string())),
            (Err(error), _) => Err(failed("tell_failed", &error.to_string())),
        }
    }

    async fn tell_of(&self, due: &[Due]) -> Result<()> {
        let tenant = self.tenant()?.ok_or_else(|| Error::RustError("the ledger has no tenant".into()))?;
        let news = self.news(due)?;
        self.tell_limiter(&tenant, news).await
    }

    fn news(&self, due: &[Due]) -> Result<News> {
        let mut news = News { keys: Vec::new(), additions: Vec::new() };
        for due in due {
            match &due.subject {
                Changed::KeyLimits(id) => news.keys.extend(keys::limit_terms(&self.database, id)?),
                Changed::Addition(id) => news.additions.extend(additions::find(&self.database, id)?),
                // The tenant's terms are always told.
                Changed::TenantLimits | Changed::Key(_) | Changed::Tenant => {}
            }
        }
        Ok(news)
    }

    fn note_told(&self, due: &Due, effective_by: Timestamp) -> Result<()> {
        // Otherwise it has changed meanwhile, and what was told is out of date.
        let stands = outbox::find(&self.database, &due.subject, Stage::Tell)?
            .is_some_and(|row| row.entry.version == due.entry.version);
        match &due.subject {
            Changed::TenantLimits if stands => settings::limits_took_effect(&self.database, effective_by)?,
            Changed::KeyLimits(id) if stands => keys::limits_took_effect(&self.database, id, effective_by)?,
            _ => {}
        }
        outbox::replace(&self.database, due, None)
    }

    /// Tells the limiter these news. If it was never told of all keys, also of those. Until then it makes no addition.
    async fn tell_limiter(&self, tenant: &TenantId, news: News) -> Result<()> {
        let News { keys, additions } = news;
        let tell = self.tell_with(keys, additions)?;
        let Told { complete, restores } = self.call_limiter(tenant, &tell).await?;
        if complete {
            return Ok(());
        }
        let Some(_telling) = self.telling_all.begin() else {
            return self.wait_until_told(tenant).await;
        };
        let mut last = self.telling_all.last(restores);
        loop {
            let keys = keys::all_limit_terms(&self.database, last.as_ref(), clock::now(), BATCH)?;
            let complete = keys.len() < BATCH;
            last = keys.last().filter(|_| !complete).map(|key| key.id.clone());
            let tell = Tell { complete, restores: Some(restores), ..self.tell_with(keys, Vec::new())? };
            let told = self.call_limiter(tenant, &tell).await?;
            self.telling_all.note(restores, last.as_ref());
            if told.complete {
                return Ok(());
            }
            if complete {
                return Err(Error::RustError("the limiter was restored meanwhile".into()));
            }
        }
    }

    /// Waits until another call has told the limiter of all keys, for as long as an edge waits.
    async fn wait_until_told(&self, tenant: &TenantId) -> Result<()> {
        for _ in 0..WAITS {
            clock::sleep(WAIT_MS).await;
            if !self.telling_all.is_begun() {
                let tell = self.tell_with(Vec::new(), Vec::new())?;
                if self.call_limiter(tenant, &tell).await?.complete {
                    return Ok(());
                }
                break;
            }
        }
        Err(Error::RustError("the limiter is being told of all keys".into()))
    }

    fn tell_with(&self, keys: Vec<KeyTerms>, additions: Vec<Addition>) -> Result<Tell> {
        Ok(Tell { tenant: self.tenant_terms()?, keys, additions, complete: false, restores: None })
    }

    fn tenant_terms(&self) -> Result<TenantTerms> {
        let settings = settings::find(&self.database)?;
        Ok(TenantTerms { version: settings.limits_version, plan: settings.plan, own: settings.own_counted })
    }

    async fn call_limiter<C: Call>(&self, tenant: &TenantId, call: &C) -> Result<C::Answer>
    where
        C::Answer: DeserializeOwned,
    {
        let answer = object::call(&self.env, tenant.as_str(), call, LIMITER_TIMEOUT_MS).await;
        answer.map_err(|error| Error::RustError(error.0))
    }
}

/// The keys and additions that the limiter is told of.
struct News {
    keys: Vec<KeyTerms>,
    additions: Vec<Addition>,
}

/// The limiter was not told; the log has the reason.
#[derive(Debug)]
pub(crate) struct NotTold;

fn failed(event: &str, reason: &str) -> NotTold {
    log::warn(event, &[("reason", reason.into())]);
    NotTold
}

fn unreachable(error: Error) -> Problem {
    log::warn("look_failed", &[("reason", error.to_string().into())]);
    unavailable()
}

/// The 503: nobody says what is left of the limits.
pub(crate) fn unavailable() -> Problem {
    Problem::unavailable("The limiter can't be reached, which knows what is left of these limits; ask again.")
}
