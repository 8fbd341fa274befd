//! What an isolate knows of the feed: its view, the overlay, cached records.
//!
//! No I/O: polls are begun here and carried out by the worker, which reports
//! what came of them. The rules, by their numbers in `docs/design/revocation-bound.md`:
//!
//! 1. A view is as old as the *sending* of the poll that made it, and the age
//!    that the answer states on top. It stands once the last page is applied.
//!    Answers may overtake each other: the latest view stands. A clock that
//!    steps back, another epoch or a cursor below the floor void all at once.
//! 2. Overlay and record are merged when a request is judged, so it does not
//!    matter when the record was read.
//! 7. Requests share plain state, never a future: the mark of a poll under way
//!    is a lease with a deadline, since the request that sent it may be gone.

use alloc::{collections::BTreeMap, string::String};

use super::{
    message::{Change, PollAnswer, PollRequest, TenantStanding},
    overlay::Overlay,
    record_cache::{Cached, RecordCache},
};
use crate::{
    access::record::Stored,
    base::{
        id::TenantId,
        timestamp::{MINUTE_MS, Timestamp},
    },
    key::KeyDigest,
};

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
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
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
/// Tenants whose standing in KV an isolate remembers: each takes 200 bytes, and only
/// while the feed is out of reach.
const MAX_KV_STANDINGS: usize = 1_000;
/// How long an isolate whose overlay outgrew its cap asks for each key instead.
pub const OVERFLOW_PAUSE_MS: i64 = MINUTE_MS;
/// A lease outlives the timeout of its poll by this much, so that whoever sent
/// it reports the failure before those who wait behind it try for themselves.
pub const LEASE_GRACE_MS: i64 = 50;
/// A clock that reads at most this much less than before stood still: requests
/// of one isolate are shown slightly different times, since the runtime holds
/// a request's clock back to its next timer. More is a step back. Part of what
/// [`EFFECTIVE_MARGIN_MS`](super::outbox::EFFECTIVE_MARGIN_MS) is for.
pub const CLOCK_JITTER_MS: i64 = 100;

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
    /// When the poll was sent that the feed itself last answered.
    answered_since: Option<Timestamp>,
    overlay: Overlay,
    records: RecordCache,
    /// KV's answers about tenants and when they came, used while the feed is out of reach.
    standings: BTreeMap<TenantId, (Option<TenantStanding>, Timestamp)>,
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
            answered_since: None,
            overlay: Overlay::default(),
            records: RecordCache::new(settings.cache_bytes - settings.overlay_bytes()),
            standings: BTreeMap::new(),
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

    /// Takes note of the time and returns the time to go by, which is later
    /// than `now` if the clock was read a little later before. Call it before
    /// those that take `now` and can't take note themselves.
    pub fn read_clock(&mut self, now: Timestamp) -> Timestamp {
        if self.clock.is_some_and(|latest| now < latest.plus_millis(-CLOCK_JITTER_MS)) {
            self.void();
            // Leases and pauses were stated in the time that is gone.
            self.lease = None;
            self.paused_until = None;
            self.overflow_until = None;
            self.clock = None;
        }
        let now = self.at(now);
        self.clock = Some(now);
        now
    }

    /// The time to go by when the clock reads `now`.
    fn at(&self, now: Timestamp) -> Timestamp {
        self.clock.map_or(now, |latest| latest.max(now))
    }

    /// How old the view is, milliseconds; `None` without one.
    #[must_use]
    pub fn view_age_ms(&self, now: Timestamp) -> Option<i64> {
        self.view.map(|view| self.at(now).millis_since(view))
    }

    /// Whether a key may be accepted on the present view.
    #[must_use]
    pub fn is_fresh(&self, now: Timestamp) -> bool {
        self.view_age_ms(now).is_some_and(|age| age <= i64::from(self.settings.max_staleness_ms))
    }

    /// Whether the feed itself answered a poll that was sent at `instant` or
    /// later: good for a request that began then, however slow the answer was.
    /// (A relay's does not count. If the clock stepped forward since `instant`,
    /// the answer's age would say nothing about which of them was earlier.)
    #[must_use]
    pub fn view_is_since(&self, instant: Timestamp) -> bool {
        self.answered_since.is_some_and(|sent_at| sent_at >= instant)
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
        let now = self.read_clock(now);
        self.may_poll(now).then(|| self.next_page(now))
    }

    fn may_poll(&self, now: Timestamp) -> bool {
        !self.is_paused(now) && self.lease_ends(now).is_none()
    }

    fn next_page(&mut self, now: Timestamp) -> Poll {
        self.polls += 1;
        let until = now.plus_millis(self.settings.timeout_ms() + LEASE_GRACE_MS);
        self.lease = Some(Lease { number: self.polls, until });
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
        self.paused_until.is_some_and(|until| self.at(now) < until)
    }

    /// When the poll under way is given up, if there is one.
    #[must_use]
    pub fn lease_ends(&self, now: Timestamp) -> Option<Timestamp> {
        self.lease.map(|lease| lease.until).filter(|&until| self.at(now) < until)
    }

    /// A poll was answered. Returns the poll for the next page, if there is one.
    pub fn poll_answered(&mut self, ticket: Ticket, answer: PollAnswer, now: Timestamp) -> Option<Poll> {
        let now = self.read_clock(now);
        let leaseholder = self.release(ticket);
        if ticket.generation != self.generation {
            return None;
        }
        self.paused_until = None;
        if answer.reset {
            self.void();
            self.epoch = Some(answer.epoch);
        } else if self.epoch.as_ref() != Some(&answer.epoch) {
            // Another epoch comes with a reset. This is no answer, and to ask
            // again at once would get it again.
            self.void();
            self.pause(ticket.sent_at, now);
            return None;
        }
        for change in answer.changes {
            self.apply(change);
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
        if answer.age_ms == 0 {
            self.answered_since = self.answered_since.max(Some(ticket.sent_at));
        }
        None
    }

    /// A poll failed or took too long.
    pub fn poll_failed(&mut self, ticket: Ticket, now: Timestamp) {
        let now = self.read_clock(now);
        if self.release(ticket) {
            self.pause(ticket.sent_at, now);
        }
    }

    /// Reading `current`, begun at `sent_at`, failed or took too long: the feed
    /// is no more reachable than by a poll.
    pub(super) fn current_failed(&mut self, sent_at: Timestamp, now: Timestamp) {
        self.pause(sent_at, now);
    }

    /// Calls nobody for a while, reckoned from when the call should have ended
    /// if its failure is reported later than that: what is served meanwhile
    /// must rest on a failure that is recent.
    fn pause(&mut self, sent_at: Timestamp, now: Timestamp) {
        let failed_at = now.min(sent_at.plus_millis(self.settings.timeout_ms()));
        let until = failed_at.plus_millis(self.settings.pause_ms());
        self.paused_until = Some(self.paused_until.map_or(until, |other| other.max(until)));
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
        self.overflow_until.is_some_and(|until| self.at(now) < until)
    }

    fn apply(&mut self, change: Change) {
        match change {
            Change::Tenant(standing) => self.overlay.apply_standing(standing),
            Change::Key { digest, record } => {
                self.overlay.apply_key(digest, Stored::decode(&record).unwrap_or(UNREADABLE));
            }
        }
    }

    /// Drops view, overlay and records together: none is worth anything
    /// without the others. Answers to polls sent before are dropped too.
    fn void(&mut self) {
        self.generation += 1;
        self.epoch = None;
        self.cursor = 0;
        self.view = None;
        self.answered_since = None;
        self.overlay = Overlay::default();
        self.records.clear();
        self.standings.clear();
    }

    /// What was dropped so far; see [`void`](Self::void).
    pub(super) fn generation(&self) -> u64 {
        self.generation
    }

    /// What is known of a key: what was read of it, at `read_since` or later if
    /// that is given, under the overlay.
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

    /// The overlay's say alone.
    pub(super) fn changed(&self, digest: &KeyDigest) -> Option<Stored> {
        self.overlay.key(digest).cloned()
    }

    pub(super) fn known_missing(&mut self, digest: &KeyDigest, now: Timestamp) -> bool {
        let oldest = self.at(now).plus_millis(-i64::from(self.settings.max_staleness_ms));
        matches!(self.records.get(digest), Some(Cached::Missing(at)) if *at >= oldest)
    }

    /// Remembers what was read, unless something newer is remembered: reads
    /// overtake each other, and KV may answer with an older value than before.
    pub(super) fn remember(&mut self, digest: KeyDigest, read: Stored, read_at: Timestamp) {
        // Not later than now, if the clock stepped back since.
        let mut read_at = self.clock.map_or(read_at, |now| now.min(read_at));
        let stored = match self.records.get(&digest) {
            Some(Cached::Record(known, at)) => {
                read_at = read_at.max(*at);
                known.clone().merge(read)
            }
            _ => read,
        };
        self.records.put(digest, Cached::Record(stored, read_at));
    }

    /// Remembers that the feed had no such key, unless a record turned up.
    pub(super) fn remember_missing(&mut self, digest: KeyDigest, asked_at: Timestamp) {
        if !matches!(self.records.get(&digest), Some(Cached::Record(..))) {
            self.records.put(digest, Cached::Missing(asked_at));
        }
    }

    /// Keeps in mind what `current` said of a tenant, so that a request does
    /// not pass after one before it was told of the suspension.
    pub(super) fn remember_standing(&mut self, stated: &TenantStanding) {
        if stated.suspended || self.overlay.standing(&stated.tenant).is_some() {
            self.overlay.apply_standing(stated.clone());
        }
    }

    /// Remembers what KV said of a tenant.
    pub(super) fn remember_kv_standing(&mut self, tenant: TenantId, read: Option<TenantStanding>, read_at: Timestamp) {
        if self.standings.len() >= MAX_KV_STANDINGS {
            self.standings.clear();
        }
        // Not later than now, if the clock stepped back since.
        let read_at = self.clock.map_or(read_at, |now| now.min(read_at));
        self.standings.insert(tenant, (read, read_at));
    }

    /// KV's answer about a tenant at `since` or later: perhaps that it has no standing.
    pub(super) fn kv_standing(&self, tenant: &TenantId, since: Timestamp) -> Option<Option<&TenantStanding>> {
        let (read, read_at) = self.standings.get(tenant)?;
        (*read_at >= since).then_some(read.as_ref())
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

/// A record of the feed's that can't be read is as good as one for newer
/// readers: that key is not served until it is revoked or all is voided, and no
/// other key is troubled.
pub(super) const UNREADABLE: Stored = Stored::TooNew { version: u64::MAX };

#[cfg(test)]
pub(super) mod tests;
