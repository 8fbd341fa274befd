//! One request's lookup of its key's record.
//!
//! [`Lookup::step`] says what to do next. The worker does it, reports the outcome and steps again, until there is a
//! [`LookupAnswer`]. On the warm path the first step answers, and nothing is awaited.

use alloc::rc::Rc;

use super::{
    client::{FeedClient, KV_ONLY_RECORD_AGE_MS, LEASE_GRACE_MS, PartCall, Poll, UNREADABLE, WhenFeedUnreachable},
    entry::KeyHash,
    message::{CurrentAnswer, PollAnswer, TenantStatus},
    overlay::Settled,
};
use crate::{
    access::record::{Corrupt, KeyRecord, Stored},
    base::{id::TenantId, timestamp::Timestamp},
    key::KeyDigest,
};

/// The interval at which a request looks again while another request's poll is running, milliseconds.
const WAIT_MS: i64 = 5;

/// The operations for the worker to do now, all at once, before it steps again.
#[derive(Debug, Default)]
pub struct Needs {
    /// Send this poll and report it to the client. If the client then wants a further page, do not wait for it: the
    /// lookup can step meanwhile.
    pub poll: Option<Poll>,
    /// Send this call for a part of the feed's entries and report it to the lookup.
    pub part: Option<PartCall>,
    /// Read the key's record from KV and report it to the lookup.
    pub read_kv: bool,
    /// Ask the relay for the key's record of this version or a later one, and report it to the lookup.
    pub read_record: Option<u64>,
    /// Read the key's record from the feed and report it to the lookup.
    pub read_current: bool,
    /// Read this tenant's status from KV and report it to the lookup.
    pub read_tenant_status: Option<TenantId>,
    /// Wait this many milliseconds, on a timer of this request.
    pub wait_ms: Option<u32>,
}

/// The next operations, or the answer.
#[derive(Debug)]
pub enum Step {
    /// Do this, then step again.
    Do(Needs),
    /// The lookup is done.
    Answer(LookupAnswer),
}

/// The result of a lookup.
#[derive(Clone, Debug, PartialEq)]
pub enum LookupAnswer {
    /// The key's record, to be judged.
    Found {
        /// The record as it now stands.
        record: Rc<KeyRecord>,
        /// Whether its tenant is suspended.
        suspended: bool,
        /// The basis of this answer.
        basis: Basis,
    },
    /// There is no such key.
    Missing,
    /// The question can't be answered: respond with 503, never 401.
    Unavailable(Unavailable),
}

/// The basis of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// A fresh view of the feed: the bound holds.
    Feed,
    /// KV alone, since the feed is out of reach.
    KvOnly,
}

/// The reason why a lookup has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unavailable {
    /// The feed is out of reach, and this route or deployment does not serve without it.
    Feed,
    /// Neither KV nor the feed has an answer.
    Storage,
    /// The record holds restrictions that this build does not understand.
    RecordTooNew,
}

/// The storage operations that a request waited for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waited {
    /// The number of KV reads.
    pub kv: u32,
    /// The number of feed calls, by this or another request.
    pub feed: u32,
}

#[derive(Debug)]
enum Read<T> {
    Not,
    Done(T),
    Failed,
}

/// One request's lookup.
#[derive(Debug)]
pub struct Lookup {
    digest: KeyDigest,
    hash: KeyHash,
    strict: bool,
    began: Timestamp,
    /// The client's generation at the last step.
    generation: u64,
    kv: Read<Option<(Stored, Timestamp)>>,
    current: Read<(Option<Stored>, Option<TenantStatus>)>,
    tenant_status: Read<Option<TenantStatus>>,
    /// Whether the part with the key was asked for.
    asked_key_part: bool,
    /// Whether the part with its tenant was asked for.
    asked_tenant_part: bool,
    polled: bool,
    /// Whether the relay was asked for the record.
    asked_record: bool,
    /// Whether `current` was read a second time.
    asked_again: bool,
    waited: Waited,
    waits: bool,
}

impl Lookup {
    /// Begins a lookup; `strict` reads the feed even if the key is known.
    #[must_use]
    pub fn new(digest: KeyDigest, strict: bool, now: Timestamp) -> Self {
        Self {
            digest,
            hash: KeyHash::of(&digest),
            strict,
            began: now,
            generation: 0,
            kv: Read::Not,
            current: Read::Not,
            tenant_status: Read::Not,
            asked_key_part: false,
            asked_tenant_part: false,
            polled: false,
            asked_record: false,
            asked_again: false,
            waited: Waited::default(),
            waits: false,
        }
    }

    /// The operations that this request has waited for so far.
    #[must_use]
    pub fn waited(&self) -> Waited {
        self.waited
    }

    /// The next step at `now`.
    pub fn step(&mut self, client: &mut FeedClient, now: Timestamp) -> Step {
        let now = client.read_clock(now);
        // After a step back of the clock the request's time begins anew. Otherwise it would never be over.
        self.began = self.began.min(now);
        self.generation = client.generation();
        match self.next(client, now) {
            Ok(answer) => Step::Answer(answer),
            Err(needs) => {
                self.count(&needs);
                Step::Do(needs)
            }
        }
    }

    /// Reports the KV read of the record: `None` if there is none, `Err` if KV failed or held no record that can be
    /// trusted.
    pub fn kv_answered(&mut self, client: &mut FeedClient, read: Result<Option<Stored>, ()>, sent_at: Timestamp) {
        self.kv = match read {
            Ok(stored) => {
                if let Some(stored) = &stored
                    && client.may_remember(self.hash)
                {
                    client.remember(self.digest, stored.clone(), sent_at);
                }
                Read::Done(stored.map(|stored| (stored, sent_at)))
            }
            Err(()) => Read::Failed,
        };
    }

    /// Reports the relay's record. It is judged as one from KV; `None` says nothing.
    pub fn record_answered(&mut self, client: &mut FeedClient, record: Option<Stored>, sent_at: Timestamp) {
        if record.is_some() {
            self.kv_answered(client, Ok(record), sent_at);
        }
    }

    /// Reports the KV read of a tenant's status: `None` if KV has none, since none was ever written for the tenant,
    /// which is then not suspended; `Err` if KV failed or held nothing that can be trusted.
    pub fn tenant_status_answered(
        &mut self,
        client: &mut FeedClient,
        tenant: TenantId,
        read: Result<Option<TenantStatus>, ()>,
        sent_at: Timestamp,
    ) {
        self.tenant_status = match read {
            Ok(tenant_status) => {
                client.remember_kv_tenant_status(tenant, tenant_status.clone(), sent_at);
                Read::Done(tenant_status)
            }
            Err(()) => Read::Failed,
        };
    }

    /// Reports the answer to a call for a part; `None` if the feed failed or was too late.
    pub fn part_answered(
        &mut self,
        client: &mut FeedClient,
        call: &PartCall,
        answer: Option<PollAnswer>,
        sent_at: Timestamp,
        now: Timestamp,
    ) {
        let now = client.read_clock(now);
        match answer {
            Some(answer) => client.parts_answered(call, answer, now),
            None if self.generation == client.generation() => client.current_failed(sent_at, now),
            None => {}
        }
    }

    /// Reports the feed's answer about this key; `None` if the feed failed or was too late.
    pub fn current_answered(
        &mut self,
        client: &mut FeedClient,
        answer: Option<CurrentAnswer>,
        sent_at: Timestamp,
        now: Timestamp,
    ) {
        let now = client.read_clock(now);
        let Some(CurrentAnswer { record, tenant_status }) = answer else {
            // If everything was dropped meanwhile, the clock may have been set, so the age of the failure is unknown.
            if self.generation == client.generation() {
                client.current_failed(sent_at, now);
            }
            self.current = Read::Failed;
            return;
        };
        let stored = record.as_deref().map(Stored::decode);
        match &stored {
            Some(Ok(stored)) => client.remember(self.digest, stored.clone(), sent_at),
            Some(Err(Corrupt)) => {}
            // The question was asked before everything was dropped, by a clock that may have been set. The answer
            // serves this request and no other.
            None if self.generation != client.generation() => {}
            None => client.remember_missing(self.digest, sent_at),
        }
        // A statement from before everything was dropped may be older than the isolate's new beginning.
        if let Some(tenant_status) = &tenant_status
            && self.generation == client.generation()
        {
            client.remember_tenant_status(tenant_status);
        }
        let stored = stored.map(|stored| stored.unwrap_or(UNREADABLE));
        self.current = Read::Done((stored, tenant_status));
    }

    fn next(&mut self, client: &mut FeedClient, now: Timestamp) -> Result<LookupAnswer, Needs> {
        // The feed was asked after this request began, so its answer holds whatever the view.
        if let Read::Done((stored, tenant_status)) = &self.current {
            let read = match (stored.clone(), self.read(client, None)) {
                (Some(stored), Some(read)) => Some(stored.merge(read)),
                (Some(stored), None) => Some(stored),
                (None, _) if client.changed_to(self.hash).is_none() => return Ok(LookupAnswer::Missing),
                // The isolate knows more than the feed, which was put back to an earlier point.
                (None, read) => read,
            };
            return match client.settle(self.hash, read, now) {
                Settled::Holds(stored) => Ok(found(client, stored, tenant_status.as_ref(), Basis::Feed)),
                // A change may have overtaken the answer.
                _ if !core::mem::replace(&mut self.asked_again, true) => {
                    self.current = Read::Not;
                    self.read_current(client, now)
                }
                Settled::Unknown | Settled::Behind => Ok(LookupAnswer::Unavailable(Unavailable::Storage)),
            };
        }
        let settled = self.settled(client, None, now);
        if let Settled::Holds(stored) = &settled
            && stored.is_revoked()
        {
            return Ok(found(client, stored.clone(), None, Basis::Feed));
        }
        if self.strict || client.overflowed(now) {
            return self.read_current(client, now);
        }
        if client.is_fresh(now) || client.view_is_since(self.began) {
            return self.by_view(client, settled, now);
        }
        // Neither its own poll nor another request's brought a view: the log is long, a relay is late, or the request
        // that polled is gone. The feed may still be within reach, and then it can be asked for this key's record.
        let gives_up = now.millis_since(self.began) >= client.settings().timeout_ms() + LEASE_GRACE_MS;
        if self.polled || gives_up || client.is_paused(now) {
            return self.read_current(client, now);
        }
        let read_kv = settled == Settled::Unknown && matches!(self.kv, Read::Not);
        let poll = client.begin_poll(now, Some(self.hash));
        self.polled = poll.is_some();
        let left = client.lease_ends(now).map_or(WAIT_MS, |ends| ends.millis_since(now));
        let wait_ms = poll.is_none().then(|| left.clamp(1, WAIT_MS) as u32);
        Err(Needs { poll, read_kv, wait_ms, ..Needs::default() })
    }

    /// The answer by a fresh view.
    fn by_view(&mut self, client: &mut FeedClient, settled: Settled, now: Timestamp) -> Result<LookupAnswer, Needs> {
        let may_read_kv = matches!(self.kv, Read::Not);
        if !client.covers_key(self.hash) {
            if core::mem::replace(&mut self.asked_key_part, true) {
                return self.read_current(client, now);
            }
            let part = Some(client.part_call(Some(self.hash.place()), None));
            return Err(Needs { part, read_kv: may_read_kv && settled == Settled::Unknown, ..Needs::default() });
        }
        match settled {
            Settled::Holds(stored) => {
                if let Stored::Known(record) = &stored
                    && let Some(tenant) = record.tenant().filter(|tenant| !client.covers_tenant(tenant))
                {
                    if core::mem::replace(&mut self.asked_tenant_part, true) {
                        return self.read_current(client, now);
                    }
                    let part = Some(client.part_call(None, Some(client.tenant_hash(tenant).place())));
                    return Err(Needs { part, ..Needs::default() });
                }
                // A cold isolate drops records that were read before its first view.
                if let Read::Done(Some((read, read_at))) = &self.kv {
                    client.remember(self.digest, read.clone(), *read_at);
                }
                Ok(found(client, stored, None, Basis::Feed))
            }
            Settled::Unknown if client.known_missing(&self.digest, now) => Ok(LookupAnswer::Missing),
            Settled::Unknown | Settled::Behind if may_read_kv => Err(Needs { read_kv: true, ..Needs::default() }),
            // A record of this version never changes, so those who need it share it.
            Settled::Behind if client.settings().relays && !core::mem::replace(&mut self.asked_record, true) => {
                Err(Needs { read_record: client.changed_to(self.hash), ..Needs::default() })
            }
            // KV may lag behind a creation or a change, or be down. The feed knows.
            Settled::Unknown | Settled::Behind => self.read_current(client, now),
        }
    }

    fn read_current(&self, client: &mut FeedClient, now: Timestamp) -> Result<LookupAnswer, Needs> {
        if matches!(self.current, Read::Failed) || client.is_paused(now) {
            return self.without_feed(client, now);
        }
        Err(Needs { read_current: true, ..Needs::default() })
    }

    /// The answer while the feed is out of reach, as the setting demands.
    fn without_feed(&self, client: &mut FeedClient, now: Timestamp) -> Result<LookupAnswer, Needs> {
        if self.strict || client.settings().when_unreachable == WhenFeedUnreachable::Deny {
            return Ok(LookupAnswer::Unavailable(Unavailable::Feed));
        }
        let since = now.plus_millis(-KV_ONLY_RECORD_AGE_MS);
        match (self.settled(client, Some(since), now), &self.kv) {
            (Settled::Holds(stored), _) => self.found_in_kv(client, stored, since),
            (_, Read::Not) => Err(Needs { read_kv: true, ..Needs::default() }),
            // A miss in KV may be a key that was just created, so nobody can deny the key. The last record from the
            // feed is newer than KV's answer now.
            (_, Read::Done(_)) => match self.settled(client, None, now) {
                Settled::Holds(stored) => self.found_in_kv(client, stored, since),
                Settled::Unknown | Settled::Behind => Ok(LookupAnswer::Unavailable(Unavailable::Storage)),
            },
            (_, Read::Failed) => Ok(LookupAnswer::Unavailable(Unavailable::Storage)),
        }
    }

    /// The answer for a record that rests on KV alone. Its tenant's suspension rests on KV and on the isolate's state,
    /// since an isolate that never had a view knows of no suspension.
    fn found_in_kv(&self, client: &FeedClient, stored: Stored, since: Timestamp) -> Result<LookupAnswer, Needs> {
        let tenant = match &stored {
            Stored::Known(record) => record.tenant().cloned(),
            Stored::TooNew { .. } => None,
        };
        let Some(tenant) = tenant else { return Ok(found(client, stored, None, Basis::KvOnly)) };
        let tenant_status = match (&self.tenant_status, client.kv_tenant_status(&tenant, since)) {
            (Read::Done(tenant_status), _) => tenant_status.as_ref(),
            (_, Some(tenant_status)) => tenant_status,
            (Read::Failed, None) => return Ok(LookupAnswer::Unavailable(Unavailable::Storage)),
            (Read::Not, None) => return Err(Needs { read_tenant_status: Some(tenant), ..Needs::default() }),
        };
        Ok(found(client, stored, tenant_status, Basis::KvOnly))
    }

    fn settled(&self, client: &mut FeedClient, read_since: Option<Timestamp>, now: Timestamp) -> Settled {
        let read = self.read(client, read_since);
        client.settle(self.hash, read, now)
    }

    /// The record that was read, by the isolate or by this request itself.
    fn read(&self, client: &mut FeedClient, read_since: Option<Timestamp>) -> Option<Stored> {
        let remembered = client.remembered(&self.digest, read_since);
        let Read::Done(Some((read, _))) = &self.kv else { return remembered };
        Some(remembered.map_or_else(|| read.clone(), |remembered| remembered.merge(read.clone())))
    }

    fn count(&mut self, needs: &Needs) {
        self.waited.kv += u32::from(needs.read_kv) + u32::from(needs.read_tenant_status.is_some());
        self.waited.feed +=
            [needs.poll.is_some(), needs.part.is_some(), needs.read_record.is_some(), needs.read_current]
                .map(u32::from)
                .iter()
                .sum::<u32>();
        if needs.wait_ms.is_some() && !self.waits {
            self.waits = true;
            self.waited.feed += 1;
        }
    }
}

fn found(client: &FeedClient, stored: Stored, tenant_status: Option<&TenantStatus>, basis: Basis) -> LookupAnswer {
    match stored {
        Stored::TooNew { .. } => LookupAnswer::Unavailable(Unavailable::RecordTooNew),
        Stored::Known(record) => {
            let suspended = record.tenant().is_some_and(|tenant| client.suspended(tenant, tenant_status));
            LookupAnswer::Found { record, suspended, basis }
        }
    }
}

#[cfg(test)]
mod tests;
