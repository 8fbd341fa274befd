//! What an isolate knows of the feed: its view, the overlay, cached records.
//!
//! No I/O: polls are begun here and carried out by the worker, which reports
//! what came of them. The rules, by their numbers in `docs/architecture.md`:
//!
//! 1. A view is as old as the *sending* of the poll that made it, and the age
//!    that the answer states on top. It stands once the last page is applied.
//!    Answers may overtake each other: the latest view stands. A clock that
//!    steps back, another epoch or a cursor below the floor void all at once.
//! 2. Overlay and record are merged when a request is judged, so it does not
//!    matter when the record was read.
//! 7. Requests share plain state, never a future: the mark of a poll under way
//!    is a lease with a deadline, since the request that sent it may be gone.

use alloc::string::String;

use super::{
    message::{Change, PollAnswer, PollRequest, TenantStanding},
    overlay::Overlay,
    record_cache::{Cached, RecordCache},
};
use crate::{id::TenantId, key::KeyDigest, record::Stored, timestamp::Timestamp};

/// What an edge does when the feed can't be reached and the view is too old.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WhenFeedUnreachable {
    /// Serve by what KV says, whose lag has no bound, and mark the answer.
    Kv,
    /// Answer 503.
    Deny,
}

/// The times and bounds that a client keeps. All follow from two settings.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// A view may be this old, milliseconds.
    pub max_staleness_ms: u32,
    /// What to do without a view.
    pub when_unreachable: WhenFeedUnreachable,
    /// Memory for records, misses and overlay together, bytes.
    pub cache_bytes: usize,
}

impl Settings {
    /// From this age on a view is refreshed in the background.
    #[must_use]
    pub fn refresh_after_ms(&self) -> i64 {
        i64::from(self.max_staleness_ms) / 2
    }

    /// A feed call takes this long at most: 1 s, and less where the view is short-lived,
    /// so that timeout and pause together are over before a change counts as effective.
    #[must_use]
    pub fn timeout_ms(&self) -> i64 {
        (i64::from(self.max_staleness_ms) / 2 + 400).min(1_000)
    }

    /// After a failed call nobody calls for this long.
    #[must_use]
    pub fn pause_ms(&self) -> i64 {
        (i64::from(self.max_staleness_ms) / 2).min(1_000)
    }

    fn overlay_bytes(&self) -> usize {
        self.cache_bytes / 2
    }
}

/// How long a record from KV may serve while the feed is out of reach: as long
/// as KV itself would cache it.
pub const KV_ONLY_RECORD_AGE_MS: i64 = 30_000;
/// How long an isolate whose overlay outgrew its cap asks for each key instead.
const OVERFLOW_PAUSE_MS: i64 = 60_000;

/// A poll that the worker is to send.
#[derive(Clone, Debug)]
pub struct Poll {
    /// Names it when its outcome is reported.
    pub ticket: Ticket,
    /// What to send.
    pub request: PollRequest,
}

/// Names one poll.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket {
    number: u64,
    /// What the client had dropped when it was sent; see [`FeedClient::void`].
    generation: u64,
    sent_at: Timestamp,
}

#[derive(Clone, Copy, Debug)]
struct Lease {
    number: u64,
    until: Timestamp,
}

/// An isolate's knowledge of the feed. One per isolate.
#[derive(Debug)]
pub struct FeedClient {
    settings: Settings,
    /// The latest time that was read. Earlier ones void everything.
    clock: Option<Timestamp>,
    generation: u64,
    epoch: Option<String>,
    cursor: u64,
    view: Option<Timestamp>,
    overlay: Overlay,
    records: RecordCache,
    polls: u64,
    lease: Option<Lease>,
    paused_until: Option<Timestamp>,
    overflow_until: Option<Timestamp>,
}

impl FeedClient {
    /// A cold isolate's client.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            clock: None,
            generation: 0,
            epoch: None,
            cursor: 0,
            view: None,
            overlay: Overlay::default(),
            records: RecordCache::new(settings.cache_bytes - settings.overlay_bytes()),
            polls: 0,
            lease: None,
            paused_until: None,
            overflow_until: None,
        }
    }

    /// The settings it was made with.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Takes note of the time. Every other call that takes `now` follows one of
    /// this with the same `now`.
    pub fn read_clock(&mut self, now: Timestamp) {
        if self.clock.is_some_and(|latest| now < latest) {
            self.void();
            // Leases and pauses were stated in the time that is gone.
            self.lease = None;
            self.paused_until = None;
            self.overflow_until = None;
        }
        self.clock = Some(now);
    }

    /// How old the view is, milliseconds; `None` without one.
    #[must_use]
    pub fn view_age_ms(&self, now: Timestamp) -> Option<i64> {
        self.view.map(|view| now.millis_since(view))
    }

    /// Whether a key may be accepted on the present view.
    #[must_use]
    pub fn is_fresh(&self, now: Timestamp) -> bool {
        self.view_age_ms(now).is_some_and(|age| age <= i64::from(self.settings.max_staleness_ms))
    }

    /// Whether the view is of `instant` or later: good for a request that began
    /// then, however slow the feed was to answer.
    #[must_use]
    pub fn view_is_since(&self, instant: Timestamp) -> bool {
        self.view.is_some_and(|view| view >= instant)
    }

    /// Whether a poll should be sent in the background: the view is still good
    /// and soon won't be, and nobody is at it.
    #[must_use]
    pub fn refresh_due(&self, now: Timestamp) -> bool {
        self.view_age_ms(now).is_some_and(|age| age >= self.settings.refresh_after_ms())
            && self.may_poll(now)
            && !self.overflowed(now)
    }

    /// Takes the lease and says what to send, or `None` if a poll is under way
    /// or the feed just failed.
    pub fn begin_poll(&mut self, now: Timestamp) -> Option<Poll> {
        self.may_poll(now).then(|| self.next_page(now))
    }

    fn may_poll(&self, now: Timestamp) -> bool {
        !self.is_paused(now) && self.lease_ends(now).is_none()
    }

    fn next_page(&mut self, now: Timestamp) -> Poll {
        self.polls += 1;
        self.lease = Some(Lease { number: self.polls, until: now.plus_millis(self.settings.timeout_ms()) });
        Poll {
            ticket: Ticket { number: self.polls, generation: self.generation, sent_at: now },
            request: PollRequest {
                epoch: self.epoch.clone(),
                cursor: self.cursor,
                max_staleness_ms: self.settings.max_staleness_ms,
            },
        }
    }

    /// The feed failed lately, so it is not called.
    #[must_use]
    pub fn is_paused(&self, now: Timestamp) -> bool {
        self.paused_until.is_some_and(|until| now < until)
    }

    /// When the poll under way is given up, if there is one.
    #[must_use]
    pub fn lease_ends(&self, now: Timestamp) -> Option<Timestamp> {
        self.lease.map(|lease| lease.until).filter(|&until| now < until)
    }

    /// A poll was answered. Returns the poll for the next page, if there is one.
    pub fn poll_answered(&mut self, ticket: Ticket, answer: PollAnswer, now: Timestamp) -> Option<Poll> {
        let leaseholder = self.release(ticket);
        if ticket.generation != self.generation {
            return None;
        }
        self.paused_until = None;
        if answer.reset {
            self.void();
            self.epoch = Some(answer.epoch);
        } else if self.epoch.as_ref() != Some(&answer.epoch) {
            self.void();
            return None;
        }
        for change in answer.changes {
            if !self.apply(change) {
                self.void();
                return None;
            }
        }
        self.cursor = self.cursor.max(answer.cursor);
        if self.overlay.weight() > self.settings.overlay_bytes() {
            self.void();
            self.overflow_until = Some(now.plus_millis(OVERFLOW_PAUSE_MS));
            return None;
        }
        if answer.more {
            return leaseholder.then(|| self.next_page(now));
        }
        let view = ticket.sent_at.plus_millis(-i64::from(answer.age_ms));
        self.view = Some(self.view.map_or(view, |latest| latest.max(view)));
        None
    }

    /// A poll failed or took too long.
    pub fn poll_failed(&mut self, ticket: Ticket, now: Timestamp) {
        if self.release(ticket) {
            self.paused_until = Some(now.plus_millis(self.settings.pause_ms()));
        }
    }

    /// Reading `current` failed: the feed is no more reachable than by a poll.
    pub fn current_failed(&mut self, now: Timestamp) {
        self.paused_until = Some(now.plus_millis(self.settings.pause_ms()));
    }

    fn release(&mut self, ticket: Ticket) -> bool {
        let held = self.lease.is_some_and(|lease| lease.number == ticket.number);
        if held {
            self.lease = None;
        }
        held
    }

    /// Whether the overlay outgrew its cap, so that each key is asked for.
    #[must_use]
    pub fn overflowed(&self, now: Timestamp) -> bool {
        self.overflow_until.is_some_and(|until| now < until)
    }

    /// Applies one change; false if it is not to be understood at all.
    fn apply(&mut self, change: Change) -> bool {
        match change {
            Change::Tenant(standing) => self.overlay.apply_standing(standing),
            Change::Key { digest, record } => match Stored::decode(&record) {
                Ok(stored) => self.overlay.apply_key(digest, stored),
                Err(_) => return false,
            },
        }
        true
    }

    /// Drops view, overlay and records together: none is worth anything
    /// without the others. Answers to polls sent before are dropped too.
    fn void(&mut self) {
        self.generation += 1;
        self.epoch = None;
        self.cursor = 0;
        self.view = None;
        self.overlay = Overlay::default();
        self.records.clear();
    }

    /// What is known of a key: what was read of it, under the overlay.
    pub(super) fn known(&mut self, digest: &KeyDigest, read_since: Option<Timestamp>) -> Option<Stored> {
        let recent = |read_at: Timestamp| read_since.is_none_or(|since| read_at >= since);
        let cached = match self.records.get(digest) {
            Some(Cached::Record(stored, read_at)) if recent(*read_at) => Some(stored.clone()),
            _ => None,
        };
        match (cached, self.overlay.key(digest).cloned()) {
            (Some(cached), Some(change)) => Some(cached.merge(change)),
            // Without a view the overlay alone is not recent: only a
            // revocation still says something.
            (None, Some(change)) if read_since.is_none() || change.is_revoked() => Some(change),
            (cached, _) => cached,
        }
    }

    /// The overlay's say on what was just read.
    pub(super) fn overlaid(&self, digest: &KeyDigest, stored: Stored) -> Stored {
        match self.overlay.key(digest) {
            Some(change) => stored.merge(change.clone()),
            None => stored,
        }
    }

    pub(super) fn known_missing(&mut self, digest: &KeyDigest, now: Timestamp) -> bool {
        let oldest = now.plus_millis(-i64::from(self.settings.max_staleness_ms));
        matches!(self.records.get(digest), Some(Cached::Missing(at)) if *at >= oldest)
    }

    pub(super) fn remember(&mut self, digest: KeyDigest, stored: Stored, read_at: Timestamp) {
        self.records.put(digest, Cached::Record(stored, read_at));
    }

    pub(super) fn remember_missing(&mut self, digest: KeyDigest, asked_at: Timestamp) {
        self.records.put(digest, Cached::Missing(asked_at));
    }

    /// Whether the tenant is suspended, by the overlay and what `current` said.
    pub(super) fn suspended(&self, tenant: &TenantId, stated: Option<&TenantStanding>) -> bool {
        match (self.overlay.standing(tenant), stated) {
            (Some(known), Some(stated)) if stated.supersedes(known) => stated.suspended,
            (Some(known), _) => known.suspended,
            (None, stated) => stated.is_some_and(|standing| standing.suspended),
        }
    }
}
