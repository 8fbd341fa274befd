//! The answers to a limiter's calls, out of what it has counted and what its ledger told.
//!
//! Each call is one synchronous transaction. What it changes in memory holds only once the transaction is committed:
//! after a failure all is read again, so that memory is never ahead of the disk. The output gate holds the answer back
//! until what was written is on disk, so no grant leaves before.
//!
//! Reading alone may move a log on in memory, to the present time or period. The same follows again from the row, so
//! nothing has to be written for it.

use std::{cell::RefCell, rc::Rc};

use keystile_core::{
    base::{
        id::{KeyId, TenantId},
        timestamp::Timestamp,
    },
    limits::{
        definition::ConfiguredLimits,
        grant::{GrantNumber, MAX_LIFETIME_MS},
        limiter::{Counted, Granting, Limit, Limiter},
    },
    objects::{
        Done,
        limiter::{Addition, Ask, Asked, Forget, LimitState, Look, Tell, TenantTerms, Told as Answer},
        limiter_restores::{MadeAddition, Restores},
    },
};
use keystile_runtime::{event_outbox, log};
use worker::{Env, Result, State};

use crate::{
    reached::{Reached, Told},
    store::{Own, Store},
    terms::{Limits, quota_of},
};

/// The number of grants whose numbers are reserved by one write.
const RESERVED_NUMBERS: GrantNumber = 1_000_000;

/// The logs and counts in memory, at most, and those of one call: about 16 MiB if all are as long as they can be.
const MAX_LOADED: usize = 1_024;

/// A limiter whose storage is open.
pub(crate) struct Counting {
    configured: Rc<ConfiguredLimits>,
    store: Store,
    /// None after a failure, until it is read again.
    memory: RefCell<Option<Memory>>,
}

/// A part of what is stored.
struct Memory {
    /// The logs and counts that were used lately.
    limiter: Limiter,
    own: Own,
    tenant: TenantTerms,
    told: Told,
    /// The time of the alarm that this instance has set.
    armed_at: Option<Timestamp>,
}

impl Counting {
    pub(crate) fn open(state: &State, configured: Rc<ConfiguredLimits>) -> Result<Self> {
        Ok(Self { configured, store: Store::open(state)?, memory: RefCell::default() })
    }

    /// Takes reports, and grants units under all limits of a key or under none. If nothing is granted or reported,
    /// nothing is written.
    pub(crate) fn ask(&self, ask: &Ask, now: Timestamp) -> Result<Asked> {
        self.in_transaction(|memory| {
            if !memory.own.complete {
                return Ok(Asked::Unknown);
            }
            let limits = Limits::of_key(&self.configured, &memory.tenant, &ask.key, self.store.key(&ask.key)?.as_ref());
            let counted = limits.counted();
            if counted.is_empty() {
                return Ok(known(memory, &limits, Granting::Nothing { millis: 0, by: Vec::new() }, now));
            }
            self.load(memory, &counted)?;
            memory.limiter.note(&counted, &ask.reports, now);
            let lifetime_ms = ask.lifetime_ms.clamp(0, MAX_LIFETIME_MS);
            let granting = memory.limiter.ask(&counted, ask.need, ask.want, lifetime_ms, now);
            if matches!(granting, Granting::Granted(_)) || !ask.reports.is_empty() {
                self.reserve_numbers(memory)?;
                self.keep(memory, &counted)?;
            }
            if let Granting::Wait { by, .. } = &granting {
                self.note_reached(memory, &ask.key, &limits, by, now)?;
            }
            Ok(known(memory, &limits, granting, now))
        })
    }

    /// Records the limits that were reached, by their places.
    fn note_reached(
        &self,
        memory: &mut Memory,
        key: &KeyId,
        limits: &Limits,
        by: &[usize],
        now: Timestamp,
    ) -> Result<()> {
        let counted = limits.counted();
        for (applied, counted) in by.iter().filter_map(|&place| limits.applied().nth(place).zip(counted.get(place))) {
            if !memory.limiter.is_reached(counted, now) {
                continue;
            }
            let left = memory.limiter.left(counted, now);
            let reached = Reached { key, applied, counted, left };
            if memory.told.record(&self.store, &reached, now)?.is_some() {
                // The event is sent by the alarm.
                self.arm(memory, now)?;
            }
        }
        Ok(())
    }

    /// Sends the events that wait to the tenant's router. The alarm does that, and it is the only one.
    pub(crate) async fn send_events(&self, env: &Env, tenant: &TenantId) -> Result<()> {
        if event_outbox::next_due(self.store.database())?.is_none() {
            return Ok(());
        }
        event_outbox::send(self.store.database(), env, tenant, || true).await?;
        self.in_transaction(|memory| self.arm_for_next(memory))
    }

    /// Says what is left.
    pub(crate) fn look(&self, look: &Look, now: Timestamp) -> Result<Asked> {
        self.in_transaction(|memory| {
            if !memory.own.complete {
                return Ok(Asked::Unknown);
            }
            let limits = match &look.key {
                Some(key) => Limits::of_key(&self.configured, &memory.tenant, key, self.store.key(key)?.as_ref()),
                None => Limits::shared(&self.configured, &memory.tenant),
            };
            self.load(memory, &limits.counted())?;
            Ok(known(memory, &limits, Granting::Nothing { millis: 0, by: Vec::new() }, now))
        })
    }

    /// Learns the terms of the tenant and its keys, then makes additions to quotas. Until all terms are known, an
    /// addition would meet the wrong count, or none, so it waits.
    pub(crate) fn tell(&self, tell: &Tell, now: Timestamp) -> Result<Answer> {
        self.in_transaction(|memory| {
            if memory.own.erased {
                // It has all that it will ever have, so nobody goes on telling.
                return Ok(Answer { complete: true, restores: memory.own.restores });
            }
            if tell.tenant.version >= memory.tenant.version && tell.tenant != memory.tenant {
                self.store.put_tenant(&tell.tenant)?;
                memory.tenant = tell.tenant.clone();
            }
            tell.keys.iter().try_for_each(|terms| self.store.put_key(terms))?;
            tell.additions.iter().try_for_each(|addition| self.take(memory, addition, now))?;
            let same = tell.restores.is_none_or(|restores| restores == memory.own.restores);
            let completed = tell.complete && same && !memory.own.complete;
            if completed {
                memory.own.complete = true;
                self.store.put_own(&memory.own)?;
            }
            if completed || memory.own.complete && !tell.additions.is_empty() {
                let waiting = self.store.waiting_additions()?;
                waiting.iter().try_for_each(|addition| self.add(memory, addition, now))?;
            }
            Ok(Answer { complete: memory.own.complete, restores: memory.own.restores })
        })
    }

    /// Forgets the tenant, which was erased. From then on nobody is granted anything, since nothing is known any more,
    /// and what its ledger still tells, too late, isn't learned.
    pub(crate) fn forget(&self, Forget {}: &Forget, _now: Timestamp) -> Result<Done> {
        self.in_transaction(|memory| {
            self.store.forget_all()?;
            let own = Own { complete: false, erased: true, ..memory.own.clone() };
            self.store.put_own(&own)?;
            let limiter = Limiter::new(own.numbers_end, own.restored_at);
            let (tenant, told) = (TenantTerms::default(), Told::default());
            *memory = Memory { limiter, own, tenant, told, armed_at: None };
            Ok(Done {})
        })
    }

    /// Whether the tenant was erased.
    pub(crate) fn is_erased(&self) -> Result<bool> {
        Ok(self.store.own()?.erased)
    }

    /// The additions that were made, as long as they are kept.
    pub(crate) fn made_additions(&self) -> Result<Vec<MadeAddition>> {
        self.store.made_additions()
    }

    /// Takes it into account if the storage went back to an earlier point: nobody knows what was granted since. The
    /// ledger has to tell all again, since what it told since is forgotten too. What it then repeats of earlier
    /// additions isn't made twice.
    pub(crate) fn learn_of_restores(&self, noted: &Restores, now: Timestamp) -> Result<()> {
        self.in_transaction(|memory| {
            if noted.count <= memory.own.restores {
                return Ok(());
            }
            log::warn("limiter_restored", &[("restores", noted.count.into())]);
            self.store.mark_quotas_uncertain()?;
            self.store.forget_terms()?;
            noted.additions.iter().try_for_each(|made| self.store.put_made_addition(made))?;
            let mut limiter = Limiter::new(memory.own.numbers_end, memory.own.restored_at);
            limiter.restored(now);
            let numbers_end = limiter.next_number();
            let erased = memory.own.erased;
            let own = Own { complete: false, restores: noted.count, restored_at: Some(now), numbers_end, erased };
            self.store.put_own(&own)?;
            let (tenant, told) = (TenantTerms::default(), Told::default());
            *memory = Memory { limiter, own, tenant, told, armed_at: None };
            self.arm_for_next(memory)
        })
    }

    /// Forgets what is over.
    pub(crate) fn sweep(&self, now: Timestamp) -> Result<()> {
        self.in_transaction(|memory| {
            self.store.sweep(now)?;
            memory.limiter.sweep(now);
            memory.armed_at = None;
            self.arm_for_next(memory)
        })
    }

    /// Does all of `work`, in memory and on disk, or nothing of it if it fails.
    fn in_transaction<T>(&self, mut work: impl FnMut(&mut Memory) -> Result<T>) -> Result<T> {
        let mut place = self.memory.borrow_mut();
        let mut memory = match place.take() {
            Some(memory) => memory,
            None => Memory::read(&self.store)?,
        };
        let done = self.store.transaction(|| work(&mut memory))?;
        *place = Some(memory);
        Ok(done)
    }

    /// Loads the logs and counts that aren't in memory. If there are too many in it, all are dropped: the rows have them.
    fn load(&self, memory: &mut Memory, limits: &[Counted<'_>]) -> Result<()> {
        if memory.limiter.loaded() > MAX_LOADED {
            memory.limiter.unload();
        }
        for counted in limits {
            if !memory.limiter.has(counted)
                && let Some(count) = self.store.count(counted)?
            {
                memory.limiter.load(counted.name, count);
            }
        }
        Ok(())
    }

    /// Writes logs and counts.
    fn keep(&self, memory: &mut Memory, limits: &[Counted<'_>]) -> Result<()> {
        for counted in limits {
            if let Some((count, over_at)) = memory.limiter.stored(counted) {
                let sweep_at = self.store.put_count(counted, &count, over_at)?;
                self.arm(memory, sweep_at)?;
            }
        }
        Ok(())
    }

    /// Sees to it that no number is used twice, though few grants write which was used last.
    fn reserve_numbers(&self, memory: &mut Memory) -> Result<()> {
        let next = memory.limiter.next_number();
        if next <= memory.own.numbers_end {
            return Ok(());
        }
        memory.own.numbers_end = next.saturating_add(RESERVED_NUMBERS);
        self.store.put_own(&memory.own)
    }

    /// Takes an addition, once, unless its period is over.
    fn take(&self, memory: &mut Memory, addition: &Addition, now: Timestamp) -> Result<()> {
        if now >= addition.ends_at {
            return Ok(());
        }
        match self.store.take_addition(addition)? {
            Some(sweep_at) => self.arm(memory, sweep_at),
            None => Ok(()),
        }
    }

    /// Makes an addition, whether or not the quota applies right now: the ledger has judged that. If no such quota is
    /// configured, it waits: a newer version of this worker may know it.
    fn add(&self, memory: &mut Memory, addition: &Addition, now: Timestamp) -> Result<()> {
        if now >= addition.ends_at {
            return Ok(());
        }
        let Some((name, quota)) = quota_of(&self.configured, addition) else {
            warn_of(addition, "no such quota is configured");
            return Ok(());
        };
        let counted = Counted { name: &name, limit: Limit::Quota(quota) };
        self.load(memory, &[counted])?;
        match memory.limiter.add(&name, quota, addition.units, now) {
            Ok(()) => self.keep(memory, &[counted])?,
            Err(error) => warn_of(addition, &error.to_string()),
        }
        self.store.made(&addition.id)
    }

    /// Sets the alarm for the time at which a row may go, unless it is set for then or before.
    fn arm(&self, memory: &mut Memory, sweep_at: Timestamp) -> Result<()> {
        match memory.armed_at {
            // An earlier instance may have set it for an earlier row.
            None => self.arm_for_next(memory),
            Some(armed_at) if sweep_at >= armed_at => Ok(()),
            Some(_) => {
                memory.armed_at = Some(sweep_at);
                self.store.arm(sweep_at)
            }
        }
    }

    fn arm_for_next(&self, memory: &mut Memory) -> Result<()> {
        memory.armed_at = self.store.next_sweep()?;
        memory.armed_at.map_or(Ok(()), |at| self.store.arm(at))
    }
}

impl Memory {
    fn read(store: &Store) -> Result<Self> {
        let (own, tenant) = (store.own()?, store.tenant()?);
        Ok(Self {
            limiter: Limiter::new(own.numbers_end, own.restored_at),
            own,
            tenant,
            told: Told::default(),
            armed_at: None,
        })
    }
}

/// The answer with these limits, and what is left of each.
fn known(memory: &mut Memory, limits: &Limits, granting: Granting, now: Timestamp) -> Asked {
    let left = limits.counted().into_iter().map(|counted| memory.limiter.left(&counted, now));
    let limits = limits.applied().cloned().zip(left).map(|(applied, left)| LimitState::new(applied, left)).collect();
    Asked::Known { limits, granting }
}

fn warn_of(addition: &Addition, reason: &str) {
    let quota = addition.quota.as_str();
    log::warn(
        "addition_not_made",
        &[("id", addition.id.as_str().into()), ("quota", quota.into()), ("reason", reason.into())],
    );
}
