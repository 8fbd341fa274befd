//! One request's way to the record of its key.
//!
//! [`Lookup::step`] says what to do next; the worker does it, reports what came
//! of it and steps again, until there is an [`Answer`]. On the warm path the
//! first step answers and nothing is awaited.

use alloc::rc::Rc;

use super::{
    client::{FeedClient, KV_ONLY_RECORD_AGE_MS, LEASE_GRACE_MS, Poll, UNREADABLE, WhenFeedUnreachable},
    message::{CurrentAnswer, TenantStanding},
};
use crate::{
    access::record::{Corrupt, KeyRecord, Stored},
    base::{id::TenantId, timestamp::Timestamp},
    key::KeyDigest,
};

/// While somebody else's poll is under way, look again after this long.
const WAIT_MS: i64 = 5;

/// What the worker is to do now, all at once, before it steps again.
#[derive(Debug, Default)]
pub struct Needs {
    /// Send this poll and report it to the client. A further page that the
    /// client then wants need not be waited for: the lookup can step meanwhile.
    pub poll: Option<Poll>,
    /// Read the key's record from KV and report it to the lookup.
    pub read_kv: bool,
    /// Read the key's record from the feed and report it to the lookup.
    pub read_current: bool,
    /// Read this tenant's standing from KV and report it to the lookup.
    pub read_standing: Option<TenantId>,
    /// Wait this many milliseconds, on a timer of one's own.
    pub wait_ms: Option<u32>,
}

/// What to do, or what came out.
#[derive(Debug)]
pub enum Step {
    /// Do this, then step again.
    Do(Needs),
    /// Done.
    Answer(Answer),
}

/// What is known of the key.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// Its record, to be judged.
    Found {
        /// The record as it now stands.
        record: Rc<KeyRecord>,
        /// Whether its tenant is suspended.
        suspended: bool,
        /// How far this can be relied on.
        basis: Basis,
    },
    /// There is no such key.
    Missing,
    /// It can't be said: answer 503, never 401.
    Unavailable(Unavailable),
}

/// What an answer rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// A view of the feed that is fresh enough: the bound holds.
    Feed,
    /// KV alone, since the feed is out of reach.
    KvOnly,
}

/// Why it can't be said.
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
    /// Reads of KV.
    pub kv: u32,
    /// Calls to the feed, one's own or another request's.
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
    strict: bool,
    began: Timestamp,
    /// What the client had dropped at the last step.
    generation: u64,
    kv: Read<Option<(Stored, Timestamp)>>,
    current: Read<(Option<Stored>, Option<TenantStanding>)>,
    standing: Read<Option<TenantStanding>>,
    polled: bool,
    waited: Waited,
    waits: bool,
}

impl Lookup {
    /// Begins a lookup; `strict` reads the feed whatever is known.
    #[must_use]
    pub fn new(digest: KeyDigest, strict: bool, now: Timestamp) -> Self {
        Self {
            digest,
            strict,
            began: now,
            generation: 0,
            kv: Read::Not,
            current: Read::Not,
            standing: Read::Not,
            polled: false,
            waited: Waited::default(),
            waits: false,
        }
    }

    /// What this request waited for so far.
    #[must_use]
    pub fn waited(&self) -> Waited {
        self.waited
    }

    /// The next step at `now`.
    pub fn step(&mut self, client: &mut FeedClient, now: Timestamp) -> Step {
        let now = client.read_clock(now);
        // After a step back its time begins anew, or it would never be over.
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

    /// KV was read: the record if there was one, `Err` if KV failed or held no
    /// record that can be trusted.
    pub fn kv_answered(&mut self, client: &mut FeedClient, read: Result<Option<Stored>, ()>, sent_at: Timestamp) {
        self.kv = match read {
            Ok(stored) => {
                if let Some(stored) = &stored {
                    client.remember(self.digest, stored.clone(), sent_at);
                }
                Read::Done(stored.map(|stored| (stored, sent_at)))
            }
            Err(()) => Read::Failed,
        };
    }

    /// KV was asked how a tenant stands: `None` if it was never suspended as far as KV
    /// knows, `Err` if KV failed or held nothing that can be trusted.
    pub fn standing_answered(
        &mut self,
        client: &mut FeedClient,
        tenant: TenantId,
        read: Result<Option<TenantStanding>, ()>,
        sent_at: Timestamp,
    ) {
        self.standing = match read {
            Ok(standing) => {
                client.remember_kv_standing(tenant, standing.clone(), sent_at);
                Read::Done(standing)
            }
            Err(()) => Read::Failed,
        };
    }

    /// The feed was asked for this key; `None` if it failed or was too late.
    pub fn current_answered(
        &mut self,
        client: &mut FeedClient,
        answer: Option<CurrentAnswer>,
        sent_at: Timestamp,
        now: Timestamp,
    ) {
        let now = client.read_clock(now);
        let Some(CurrentAnswer { record, standing }) = answer else {
            // If all was dropped meanwhile, perhaps since the clock was set,
            // nobody can say how long ago that was.
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
            // Asked before all was dropped, by a clock that may have been set:
            // good for this request, and for no other.
            None if self.generation != client.generation() => {}
            None => client.remember_missing(self.digest, sent_at),
        }
        if let Some(standing) = &standing {
            client.remember_standing(standing);
        }
        let stored = stored.map(|stored| stored.unwrap_or(UNREADABLE));
        self.current = Read::Done((stored, standing));
    }

    fn next(&mut self, client: &mut FeedClient, now: Timestamp) -> Result<Answer, Needs> {
        // It was asked after this request began, so it holds whatever the view.
        if let Read::Done((stored, standing)) = &self.current {
            let stored = match stored.clone() {
                Some(stored) => Some(self.known(client, None).map_or(stored.clone(), |known| known.merge(stored))),
                None => client.changed(&self.digest),
            };
            return Ok(stored.map_or(Answer::Missing, |stored| found(client, stored, standing.as_ref(), Basis::Feed)));
        }
        let known = self.known(client, None);
        if let Some(revoked) = known.clone().filter(Stored::is_revoked) {
            return Ok(found(client, revoked, None, Basis::Feed));
        }
        if self.strict || client.overflowed(now) {
            return self.read_current(client, now);
        }
        if client.is_fresh(now) || client.view_is_since(self.began) {
            return match known {
                Some(stored) => {
                    // A cold isolate drops what was read before its first view.
                    if let Read::Done(Some((read, read_at))) = &self.kv {
                        client.remember(self.digest, read.clone(), *read_at);
                    }
                    Ok(found(client, stored, None, Basis::Feed))
                }
                None if client.known_missing(&self.digest, now) => Ok(Answer::Missing),
                None if matches!(self.kv, Read::Not) => Err(Needs { read_kv: true, ..Needs::default() }),
                // KV may lag behind a creation, or be down: the feed knows.
                None => self.read_current(client, now),
            };
        }
        // No view came of its own poll or of waiting for another's: the log is
        // long, a relay is late, whoever polled is gone. The feed may well be
        // within reach, and then this key's record can be had.
        let gives_up = now.millis_since(self.began) >= client.settings().timeout_ms() + LEASE_GRACE_MS;
        if self.polled || gives_up || client.is_paused(now) {
            return self.read_current(client, now);
        }
        let read_kv = known.is_none() && matches!(self.kv, Read::Not);
        let poll = client.begin_poll(now);
        self.polled = poll.is_some();
        let left = client.lease_ends(now).map_or(WAIT_MS, |ends| ends.millis_since(now));
        let wait_ms = poll.is_none().then(|| left.clamp(1, WAIT_MS) as u32);
        Err(Needs { poll, read_kv, wait_ms, ..Needs::default() })
    }

    fn read_current(&self, client: &mut FeedClient, now: Timestamp) -> Result<Answer, Needs> {
        if matches!(self.current, Read::Failed) || client.is_paused(now) {
            return self.without_feed(client, now);
        }
        Err(Needs { read_current: true, ..Needs::default() })
    }

    /// The feed is out of reach, and the setting decides.
    fn without_feed(&self, client: &mut FeedClient, now: Timestamp) -> Result<Answer, Needs> {
        if self.strict || client.settings().when_unreachable == WhenFeedUnreachable::Deny {
            return Ok(Answer::Unavailable(Unavailable::Feed));
        }
        let since = now.plus_millis(-KV_ONLY_RECORD_AGE_MS);
        match (self.known(client, Some(since)), &self.kv) {
            (Some(stored), _) => self.found_in_kv(client, stored, since),
            (None, Read::Not) => Err(Needs { read_kv: true, ..Needs::default() }),
            // A miss in KV may be a key that was just created: nobody can say
            // no, and what the feed said last is newer than what KV says now.
            (None, Read::Done(_)) => match client.known(&self.digest, None) {
                Some(stored) => self.found_in_kv(client, stored, since),
                None => Ok(Answer::Unavailable(Unavailable::Storage)),
            },
            (None, Read::Failed) => Ok(Answer::Unavailable(Unavailable::Storage)),
        }
    }

    /// A record that rests on KV alone: whether its tenant is suspended does too, and on
    /// what the isolate knows. An isolate that never had a view knows of no suspension.
    fn found_in_kv(&self, client: &FeedClient, stored: Stored, since: Timestamp) -> Result<Answer, Needs> {
        let tenant = match &stored {
            Stored::Known(record) => record.tenant().cloned(),
            Stored::TooNew { .. } => None,
        };
        let Some(tenant) = tenant else { return Ok(found(client, stored, None, Basis::KvOnly)) };
        let standing = match (&self.standing, client.kv_standing(&tenant, since)) {
            (Read::Done(standing), _) => standing.as_ref(),
            (_, Some(standing)) => standing,
            (Read::Failed, None) => return Ok(Answer::Unavailable(Unavailable::Storage)),
            (Read::Not, None) => return Err(Needs { read_standing: Some(tenant), ..Needs::default() }),
        };
        Ok(found(client, stored, standing, Basis::KvOnly))
    }

    /// What is known of the key: by the isolate, and by this request itself.
    fn known(&self, client: &mut FeedClient, read_since: Option<Timestamp>) -> Option<Stored> {
        let known = client.known(&self.digest, read_since);
        let Read::Done(Some((read, _))) = &self.kv else { return known };
        let others = [known, client.changed(&self.digest)].into_iter().flatten();
        Some(others.fold(read.clone(), Stored::merge))
    }

    fn count(&mut self, needs: &Needs) {
        self.waited.kv += u32::from(needs.read_kv) + u32::from(needs.read_standing.is_some());
        self.waited.feed += u32::from(needs.poll.is_some()) + u32::from(needs.read_current);
        if needs.wait_ms.is_some() && !self.waits {
            self.waits = true;
            self.waited.feed += 1;
        }
    }
}

fn found(client: &FeedClient, stored: Stored, standing: Option<&TenantStanding>, basis: Basis) -> Answer {
    match stored {
        Stored::TooNew { .. } => Answer::Unavailable(Unavailable::RecordTooNew),
        Stored::Known(record) => {
            let suspended = record.tenant().is_some_and(|tenant| client.suspended(tenant, standing));
            Answer::Found { record, suspended, basis }
        }
    }
}

#[cfg(test)]
mod tests;
