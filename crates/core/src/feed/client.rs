//! The feed client: an isolate's view of the feed, its overlay and cached records.
//!
//! It does no I/O. It begins polls; the worker carries them out and reports the outcome. The rules, by their numbers in
//! `docs/design/revocation-bound.md`:
//!
//! 1. A view's age counts from the *sending* of the poll that made it, plus the age that the answer states. A view
//!    holds once the last page is applied. Answers may overtake each other; the latest view holds. A clock that steps
//!    back, another epoch, or a cursor below the floor discards everything at once.
//! 2. Overlay and record are merged when a request is judged, so it does not matter when the record was read.
//! 7. Requests share plain state, never a future. The mark of a running poll is a lease with a deadline, since the
//!    request that sent the poll may be gone.

use alloc::{boxed::Box, string::String, vec::Vec};

pub use super::settings::{Settings, WhenFeedUnreachable};
use super::{
    entry::{KeyEntry, KeyHash, Part, Place, TenantEntry},
    message::{PollAnswer, PollRequest, TenantStatus},
    overlay::Overlay,
    record_cache::RecordCache,
};
use crate::{
    access::record::Stored,
    base::{
        id::TenantId,
        timestamp::{MINUTE_MS, Timestamp},
    },
};

mod known;

/// The greatest age of a record from KV while the feed is out of reach, milliseconds: KV itself would cache it for as
/// long.
pub const KV_ONLY_RECORD_AGE_MS: i64 = 30_000;
/// The time for which an isolate asks the feed for each key after its overlay overflowed twice within this time,
/// milliseconds.
pub const OVERFLOW_PAUSE_MS: i64 = MINUTE_MS;
/// The time by which a lease outlives the timeout of its poll, milliseconds. So the request that sent the poll reports
/// the failure before the waiting requests try for themselves.
pub const LEASE_GRACE_MS: i64 = 50;
/// The largest backward difference of the clock that is ignored, milliseconds. Requests of one isolate see slightly
/// different times, since the runtime holds a request's clock back to its next timer. A larger difference is a step
/// back. [`EFFECTIVE_MARGIN_MS`](super::outbox::EFFECTIVE_MARGIN_MS) covers it.
pub const CLOCK_JITTER_MS: i64 = 100;

/// A poll for the worker to send.
#[derive(Clone, Debug)]
pub struct Poll {
    /// The ticket to report the outcome with.
    pub ticket: Ticket,
    /// The request to send.
    pub request: Box<PollRequest>,
}

/// The identity of one poll.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket {
    number: u64,
    /// The client's generation when the poll was sent; see [`FeedClient::void`].
    generation: u64,
    sent_at: Timestamp,
}

/// A call for parts of the feed's entries, for the worker to send. Any number of them may be under way.
#[derive(Clone, Debug)]
pub struct PartCall {
    /// The request to send.
    pub request: Box<PollRequest>,
    generation: u64,
}

#[derive(Clone, Copy, Debug)]
struct Lease {
    number: u64,
    until: Timestamp,
}

/// An isolate's state of the feed. One per isolate.
#[derive(Debug)]
pub struct FeedClient {
    settings: Settings,
    /// The latest time that was read. A time earlier by more than the jitter discards everything.
    clock: Option<Timestamp>,
    generation: u64,
    epoch: Option<String>,
    cursor: u64,
    /// The cursor of the answer that it began with. It has all later changes of any key, and earlier ones by parts.
    base: u64,
    view: Option<Timestamp>,
    /// The time of the latest page that wasn't the last. A view from before it may lack an entry that had moved beyond
    /// that page.
    page_at: Option<Timestamp>,
    /// The age from which the view is refreshed, milliseconds.
    refresh_after_ms: i64,
    /// The sending time of the last poll that the feed itself answered.
    answered_since: Option<Timestamp>,
    overlay: Overlay,
    records: RecordCache,
    /// KV's answers about tenants and the times of their reading, used while the feed is out of reach.
    /// They are few, so a list costs less than a map's code does.
    tenant_statuses: Vec<(TenantId, Option<TenantStatus>, Timestamp)>,
    polls: u64,
    lease: Option<Lease>,
    paused_until: Option<Timestamp>,
    /// The time at which the overlay last outgrew its cap.
    overflowed_at: Option<Timestamp>,
    overflow_until: Option<Timestamp>,
}

impl FeedClient {
    /// The client of a cold isolate.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            clock: None,
            generation: 0,
            epoch: None,
            cursor: 0,
            base: 0,
            view: None,
            page_at: None,
            refresh_after_ms: 0,
            answered_since: None,
            overlay: Overlay::default(),
            records: RecordCache::new(settings.cache_bytes - settings.overlay_bytes()),
            tenant_statuses: Vec::new(),
            polls: 0,
            lease: None,
            paused_until: None,
            overflowed_at: None,
            overflow_until: None,
        }
    }

    /// The settings.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Records the time and returns the time to use. That is later than `now` if another request has read a slightly
    /// later time. Call it before methods that take `now` with `&self`, since they can't record it.
    pub fn read_clock(&mut self, now: Timestamp) -> Timestamp {
        if self.clock.is_some_and(|latest| now < latest.plus_millis(-CLOCK_JITTER_MS)) {
            self.void();
            // Leases and pauses were stated in the time before the step back.
            self.lease = None;
            self.paused_until = None;
            self.overflowed_at = None;
            self.overflow_until = None;
            self.clock = None;
        }
        let now = self.at(now);
        self.clock = Some(now);
        now
    }

    /// The time to use when the clock reads `now`.
    fn at(&self, now: Timestamp) -> Timestamp {
        self.clock.map_or(now, |latest| latest.max(now))
    }

    /// The view's age, milliseconds; `None` without a view.
    #[must_use]
    pub fn view_age_ms(&self, now: Timestamp) -> Option<i64> {
        self.view.map(|view| self.at(now).millis_since(view))
    }

    /// Whether a key may be accepted on the present view.
    #[must_use]
    pub fn is_fresh(&self, now: Timestamp) -> bool {
        self.view_age_ms(now).is_some_and(|age| age <= i64::from(self.settings.max_staleness_ms))
    }

    /// Whether the feed itself, or a relay that asked it meanwhile, answered a poll that was sent at `instant` or later.
    /// Such a view serves a request that began at `instant`, no matter how slow the answer was. (An answer with an age
    /// does not count. If the clock stepped forward since `instant`, its age would not show which of them was earlier.)
    #[must_use]
    pub fn view_is_since(&self, instant: Timestamp) -> bool {
        self.answered_since.is_some_and(|sent_at| sent_at >= instant)
    }

    /// Whether a poll should be sent in the background: the view is still fresh but not for long, and no poll is
    /// running.
    #[must_use]
    pub fn refresh_due(&self, now: Timestamp) -> bool {
        self.view_age_ms(now).is_some_and(|age| age >= self.refresh_after_ms)
            && self.may_poll(now)
            && !self.overflowed(now)
    }

    /// Takes the lease and returns the poll to send; `None` if a poll is running or the feed just failed. A cold isolate
    /// asks for the part of the entries with this key, too.
    pub fn begin_poll(&mut self, now: Timestamp, key: Option<KeyHash>) -> Option<Poll> {
        let now = self.read_clock(now);
        let key = key.filter(|_| self.epoch.is_none()).map(KeyHash::place);
        self.may_poll(now).then(|| self.next_page(now, key))
    }

    /// Returns the call for the parts around a key and a tenant.
    pub(super) fn part_call(&self, key: Option<Place>, tenant: Option<Place>) -> PartCall {
        PartCall { request: self.request(key, tenant), generation: self.generation }
    }

    fn may_poll(&self, now: Timestamp) -> bool {
        !self.is_paused(now) && self.lease_ends(now).is_none()
    }

    fn next_page(&mut self, now: Timestamp, key: Option<Place>) -> Poll {
        self.polls += 1;
        let until = now.plus_millis(self.settings.timeout_ms() + LEASE_GRACE_MS);
        self.lease = Some(Lease { number: self.polls, until });
        Poll {
            ticket: Ticket { number: self.polls, generation: self.generation, sent_at: now },
            request: self.request(key, None),
        }
    }

    fn request(&self, key: Option<Place>, tenant: Option<Place>) -> Box<PollRequest> {
        Box::new(PollRequest {
            epoch: self.epoch.clone(),
            cursor: self.cursor,
            max_staleness_ms: self.settings.max_staleness_ms,
            key,
            tenant,
        })
    }

    /// Whether the feed is not called because a call failed recently.
    #[must_use]
    pub fn is_paused(&self, now: Timestamp) -> bool {
        self.paused_until.is_some_and(|until| self.at(now) < until)
    }

    /// The deadline of the running poll, if there is one.
    #[must_use]
    pub fn lease_ends(&self, now: Timestamp) -> Option<Timestamp> {
        self.lease.map(|lease| lease.until).filter(|&until| self.at(now) < until)
    }

    /// Applies the answer to a poll. Returns the poll for the next page, if there is one.
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
            self.base = answer.cursor;
        } else if self.epoch.as_ref() != Some(&answer.epoch) {
            // Another epoch must come with a reset. This answer is invalid, and asking again at once would return it
            // again.
            self.void();
            self.pause(ticket.sent_at, now);
            return None;
        }
        for entry in answer.keys {
            self.overlay.apply_key(entry);
        }
        for entry in answer.tenants {
            self.overlay.apply_tenant(entry);
        }
        self.add_parts(answer.cursor, answer.key_part, answer.tenant_part);
        self.cursor = self.cursor.max(answer.cursor);
        if self.overflows(now) {
            return None;
        }
        let view = ticket.sent_at.plus_millis(-i64::from(answer.age_ms));
        if answer.more {
            self.page_at = self.page_at.max(Some(view));
            return leaseholder.then(|| self.next_page(now, None));
        }
        // Two relays gave the pages, or one from two copies. The next poll has all that is missing.
        if Some(view) < self.page_at {
            return None;
        }
        self.view = Some(self.view.map_or(view, |latest| latest.max(view)));
        self.refresh_after_ms = self.settings.refresh_after_ms(ticket.sent_at);
        if answer.age_ms == 0 {
            self.answered_since = self.answered_since.max(Some(ticket.sent_at));
        }
        None
    }

    /// Applies the answer to a call for parts.
    pub(super) fn parts_answered(&mut self, call: &PartCall, answer: PollAnswer, now: Timestamp) {
        if call.generation == self.generation && !answer.reset && self.epoch.as_ref() == Some(&answer.epoch) {
            self.add_parts(answer.cursor, answer.key_part, answer.tenant_part);
            self.overflows(now);
        }
    }

    /// Adds parts as they were at `cursor`. Parts of a relay that is behind the answer that this isolate began with
    /// lack the changes between.
    fn add_parts(&mut self, cursor: u64, keys: Option<Part<KeyEntry>>, tenants: Option<Part<TenantEntry>>) {
        if cursor < self.base {
            return;
        }
        if let Some(part) = keys {
            self.overlay.add_keys(part);
        }
        if let Some(part) = tenants {
            self.overlay.add_tenants(part);
        }
    }

    /// Drops everything if the overlay has outgrown its cap. An isolate that has run for long begins anew and has less.
    /// If it overflows again at once, the feed is asked for each key for a while.
    fn overflows(&mut self, now: Timestamp) -> bool {
        let overflows = self.overlay.weight() > self.settings.overlay_bytes();
        if overflows {
            self.void();
            let again = self.overflowed_at.is_some_and(|at| now.millis_since(at) < OVERFLOW_PAUSE_MS);
            self.overflow_until = again.then(|| now.plus_millis(OVERFLOW_PAUSE_MS));
            self.overflowed_at = Some(now);
        }
        overflows
    }

    /// Records that a poll failed or took too long.
    pub fn poll_failed(&mut self, ticket: Ticket, now: Timestamp) {
        let now = self.read_clock(now);
        if self.release(ticket) {
            self.pause(ticket.sent_at, now);
        }
    }

    /// Records that reading `current`, begun at `sent_at`, failed or took too long. The feed is then out of reach for
    /// polls too.
    pub(super) fn current_failed(&mut self, sent_at: Timestamp, now: Timestamp) {
        self.pause(sent_at, now);
    }

    /// Begins the pause. If the failure is reported after the call's deadline, the pause counts from the deadline:
    /// answers during the pause must rest on a recent failure.
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

    /// Whether the overlay outgrew its cap, so that the feed is asked for each key.
    #[must_use]
    pub fn overflowed(&self, now: Timestamp) -> bool {
        self.overflow_until.is_some_and(|until| self.at(now) < until)
    }

    /// Drops view, overlay and records together, since each is useless without the others. Answers to earlier polls are
    /// dropped too.
    fn void(&mut self) {
        self.generation += 1;
        self.epoch = None;
        self.cursor = 0;
        self.base = 0;
        self.view = None;
        self.page_at = None;
        self.answered_since = None;
        self.overlay = Overlay::default();
        self.records.clear();
        self.tenant_statuses.clear();
    }

    /// The number of times that everything was dropped; see [`void`](Self::void).
    pub(super) fn generation(&self) -> u64 {
        self.generation
    }
}

/// The value for a record from the feed that can't be read. It counts as a record for newer readers.
pub(super) const UNREADABLE: Stored = Stored::TooNew { version: u64::MAX };

#[cfg(test)]
pub(super) mod tests;
