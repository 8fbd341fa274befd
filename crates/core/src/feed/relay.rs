//! A relay: it follows the log and answers edges as the feed does, so that many isolates cost the feed one follower.
//!
//! It does no I/O and holds nothing for good. A worker asks it for replies, carries out the follow polls that it begins,
//! and reports their outcomes. A *local* relay near the isolates follows a *regional* one, which follows the feed; both
//! are this code. The rules, by their numbers in `docs/design/revocation-bound.md`:
//!
//! 1. Ages add up, on one clock at a time: an answer is as old as the relay's view when the request arrived, and a view
//!    is as old as the parent said when the follow poll was sent. A clock that steps back stands still instead.
//! 2. A copy of the log is filled from one state of the parent. Nothing is ever left out of it. No relay says that a key
//!    is missing.
//! 5. A view serves an edge only if its poll stated as large a `max_staleness_ms` to the feed.
//!
//! A relay polls on demand: one that nobody asks polls nobody.

mod copy;
mod passes;
mod records;
mod time;

use alloc::{
    collections::{BTreeMap, BTreeSet},
    format,
    string::String,
    vec::Vec,
};

use self::{
    copy::{LogCopy, View},
    passes::{Passed, Passes},
    records::Records,
    time::{Clock, GRACE_MS},
};
use super::{
    follow::{FollowAnswer, FollowRequest, RecordAnswer, RecordRequest},
    message::{PollAnswer, PollRequest},
    mirror::Bounds,
};
use crate::base::timestamp::Timestamp;

pub use self::{
    copy::FILL_AGAIN_MS,
    passes::PassTicket,
    records::RecordReply,
    time::{FILL_TIMEOUT_MS, FOLLOW_TIMEOUT_MS, Reading},
};

/// The time from the sending of a call that failed for which the parent isn't called, milliseconds.
const PAUSE_MS: i64 = 250;
/// The time for which a stated `max_staleness_ms` is passed on after nobody states it any more, milliseconds.
const STATED_MS: i64 = 60 * 60 * 1_000;
/// The most cursors that wait to be shown to the feed, and that one follow poll shows.
const MAX_SEEN: usize = 64;
/// The most former epochs that a relay knows.
const MAX_FORMER: usize = 16;

/// The reply to a poll.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// The answer.
    Answer(PollAnswer),
    /// A call to the parent is under way or due. Ask again with the same time of arrival when one has ended.
    Wait,
    /// Send the request to the parent as it is, return its answer, and report it by [`Relay::passed`].
    Pass(PassTicket),
    /// The parent failed just now.
    Failed,
}

/// The reply to a follower.
#[derive(Clone, Debug, PartialEq)]
pub enum FollowReply {
    /// The answer.
    Answer(FollowAnswer),
    /// As [`Reply::Wait`].
    Wait,
    /// As [`Reply::Failed`].
    Failed,
}

/// A follow poll for the worker to send to the parent.
#[derive(Clone, Debug, PartialEq)]
pub struct Follow {
    /// The ticket to report the outcome with.
    pub ticket: Ticket,
    /// The request to send.
    pub request: FollowRequest,
    /// The time after which the call has failed, milliseconds.
    pub timeout_ms: i64,
}

/// The identity of one follow poll.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket(u64);

/// A follow poll under way.
#[derive(Clone, Debug)]
struct Flight {
    number: u64,
    sent_at: Reading,
    until: Reading,
    stated: u32,
    seen: Vec<u64>,
}

/// The freshness that a request needs.
#[derive(Clone, Copy, Debug)]
struct Needed {
    max_staleness_ms: u32,
    max_age_ms: u32,
    /// The time since the view's poll was sent from which the next is due.
    refresh_after_ms: u32,
    /// Whether nothing before the request's arrival will do.
    exact: bool,
}

enum Ready {
    /// The copy serves, at this age.
    Yes(i64),
    Wait,
    Failed,
}

/// A follower of the log that answers as the feed does.
#[derive(Debug)]
pub struct Relay {
    bounds: Bounds,
    /// A name that no other relay has.
    name: String,
    clock: Clock,
    /// The `max_staleness_ms` of the edges behind this relay, and when each was last stated.
    stated: BTreeMap<u32, Reading>,
    /// The copy that answers, with its view.
    copy: Option<(LogCopy, View)>,
    /// The copy that is being filled.
    filling: Option<LogCopy>,
    /// The number of copies so far.
    copies: u64,
    /// Earlier names of the log.
    former: Vec<String>,
    /// The poll under way for the copy that answers.
    following: Option<Flight>,
    /// The poll under way for the copy that is being filled.
    fetching: Option<Flight>,
    calls: u64,
    /// The greatest age that the next follow poll may ask for, if one is due.
    due: Option<u32>,
    paused_until: Option<Reading>,
    passes: Passes,
    /// Cursors that aren't known here, and that the feed is yet to see.
    unseen: BTreeSet<u64>,
    records: Records,
}

impl Relay {
    /// A relay that knows nothing.
    #[must_use]
    pub const fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            name: String::new(),
            clock: Clock::new(),
            stated: BTreeMap::new(),
            copy: None,
            filling: None,
            copies: 0,
            former: Vec::new(),
            following: None,
            fetching: None,
            calls: 0,
            due: None,
            paused_until: None,
            passes: Passes::new(),
            unseen: BTreeSet::new(),
            records: Records::new(),
        }
    }

    /// The relay with a name that no other has: a random one. Followers tell its copies from those of other relays by it.
    #[must_use]
    pub fn named(self, name: String) -> Self {
        Self { name, ..self }
    }

    /// Reads the clock, of which the platform says `now`. A clock that steps back stands still instead: so no view looks
    /// younger than it is.
    pub fn read_clock(&mut self, now: Timestamp) -> Reading {
        self.clock.read(now)
    }

    /// Replies to a poll that arrived at `arrived_at`, now or before it waited. Call [`begin_follow`](Self::begin_follow)
    /// after it.
    pub fn answer(&mut self, request: &PollRequest, arrived_at: Reading, now: Reading) -> Reply {
        let max_staleness_ms = request.max_staleness_ms;
        self.state(max_staleness_ms, now);
        self.note_cursors(request.epoch.as_deref(), [request.cursor]);
        let exact = self.must_ask(request);
        let (max_age_ms, refresh_after_ms) = (max_staleness_ms / 2, max_staleness_ms / 8);
        let needed = Needed { max_staleness_ms, max_age_ms, refresh_after_ms, exact };
        match (self.ready(needed, arrived_at, now), &self.copy) {
            (Ready::Yes(age), Some((copy, _))) => Reply::Answer(copy.answer(request, age)),
            (Ready::Failed, _) => Reply::Failed,
            (_, Some(_)) => Reply::Wait,
            (_, None) => match self.passes.reply(request, max_age_ms, arrived_at, now) {
                Passed::Answer(answer) => Reply::Answer(answer),
                Passed::Wait => Reply::Wait,
                Passed::Pass(ticket) => Reply::Pass(ticket),
            },
        }
    }

    /// Replies to another relay's follow poll. Call [`begin_follow`](Self::begin_follow) after it.
    pub fn answer_follow(&mut self, request: &FollowRequest, arrived_at: Reading, now: Reading) -> FollowReply {
        let FollowRequest { max_staleness_ms, max_age_ms, .. } = *request;
        self.state(max_staleness_ms, now);
        let at = request.cursor;
        let cursors = request.seen.iter().copied().chain(request.fills_from.is_none().then_some(at));
        self.note_cursors(request.epoch.as_deref(), cursors);
        let exact = !self.knows_epoch(request.epoch.as_deref());
        let needed = Needed { max_staleness_ms, max_age_ms, refresh_after_ms: max_age_ms / 2, exact };
        match (self.ready(needed, arrived_at, now), &self.copy) {
            (Ready::Yes(age), Some((copy, _))) => {
                let name = format!("{}{}", self.name, self.copies);
                FollowReply::Answer(copy.follow(request, &name, age))
            }
            (Ready::Failed, _) => FollowReply::Failed,
            _ => FollowReply::Wait,
        }
    }

    /// Begins the follow poll that is due, if there is one. Call it until it returns `None`, since two may be due.
    pub fn begin_follow(&mut self, now: Reading) -> Option<Follow> {
        self.due?;
        if self.paused_until.is_some_and(|until| now < until) {
            return None;
        }
        let under_way = |flight: &Option<Flight>| flight.as_ref().is_some_and(|flight| now < flight.until);
        let fills = self.copy.as_ref().is_none_or(|(copy, _)| self.filling.is_some() || copy.is_to_be_filled_anew(now));
        if fills && !under_way(&self.fetching) {
            return Some(self.fetch(now));
        }
        if self.copy.is_some() && !under_way(&self.following) {
            let follow = self.follow(now);
            self.due = None;
            return Some(follow);
        }
        None
    }

    /// Applies the answer to a follow poll. Returns the poll for the next page, if there is one.
    pub fn followed(&mut self, ticket: Ticket, answer: FollowAnswer, now: Reading) -> Option<Follow> {
        let fetches = self.fetching.as_ref().is_some_and(|flight| flight.number == ticket.0);
        let flight = if fetches { self.fetching.take() } else { self.following.take_if(|of| of.number == ticket.0) }?;
        self.paused_until = None;
        // Whoever needs more than this answer asks again.
        self.due = None;
        if fetches { self.fetched(&flight, answer, now) } else { self.followed_on(&flight, answer, now) }
    }

    /// Records that a follow poll failed or took too long.
    pub fn follow_failed(&mut self, ticket: Ticket) {
        for flight in [&mut self.fetching, &mut self.following] {
            if let Some(flight) = flight.take_if(|flight| flight.number == ticket.0) {
                self.paused_until = Some(flight.sent_at.plus_millis(PAUSE_MS));
            }
        }
    }

    /// Reports the answer to a request that was passed on; `None` if the call failed.
    pub fn passed(&mut self, ticket: PassTicket, answer: Option<&PollAnswer>) {
        self.passes.answered(ticket, answer);
    }

    /// Replies to a request for a record.
    pub fn record(&mut self, request: &RecordRequest, now: Reading) -> RecordReply {
        self.records.reply(request, now)
    }

    /// Reports the parent's answer about a record; `None` if the call failed.
    pub fn record_answered(&mut self, request: &RecordRequest, answer: Option<RecordAnswer>, now: Reading) {
        self.records.answered(request, answer, now);
    }

    fn state(&mut self, max_staleness_ms: u32, now: Reading) {
        self.stated.insert(max_staleness_ms, now);
        self.stated.retain(|_, stated_at| now.since(*stated_at) < STATED_MS);
    }

    /// Notes cursors of this log that the feed has perhaps never given.
    fn note_cursors(&mut self, epoch: Option<&str>, cursors: impl IntoIterator<Item = u64>) {
        let Some((copy, _)) = self.copy.as_ref().filter(|(copy, _)| epoch == Some(copy.epoch())) else { return };
        for cursor in cursors {
            if !copy.knows(cursor) && self.unseen.len() < MAX_SEEN {
                self.unseen.insert(cursor);
            }
        }
    }

    fn knows_epoch(&self, epoch: Option<&str>) -> bool {
        let of_copy = self.copy.as_ref().map(|(copy, _)| copy.epoch());
        epoch.is_none_or(|epoch| of_copy == Some(epoch) || self.former.iter().any(|former| former == epoch))
    }

    /// Whether the copy may lack what the isolate knows, so that only an answer from after the request will do: it is of
    /// a log that isn't known here, or it asks for a part and is ahead, or may be ahead of pages that are half applied.
    fn must_ask(&self, request: &PollRequest) -> bool {
        let asks_for_part = request.key.is_some() || request.tenant.is_some();
        let may_lack = |(copy, view): &(LogCopy, View)| request.cursor > copy.last() || !copy.completes(view.time());
        let ahead = self.copy.as_ref().is_some_and(may_lack);
        !self.knows_epoch(request.epoch.as_deref()) || asks_for_part && request.epoch.is_some() && ahead
    }

    fn ready(&mut self, needed: Needed, arrived_at: Reading, now: Reading) -> Ready {
        let Needed { max_staleness_ms, max_age_ms, refresh_after_ms, exact } = needed;
        let next_age_ms = if exact { 0 } else { max_age_ms / 2 };
        if let Some((_, view)) = &self.copy {
            let age = view.age(arrived_at);
            // Nothing better can be had than a view whose poll was sent after the request arrived.
            let is_young = if exact { age == 0 } else { age <= max_age_ms.into() || view.sent_at >= arrived_at };
            if is_young && view.stated >= max_staleness_ms {
                if now.since(view.sent_at) >= refresh_after_ms.into() {
                    self.is_due(next_age_ms);
                }
                return Ready::Yes(age);
            }
        }
        self.is_due(next_age_ms);
        if self.paused_until.is_some_and(|until| now < until) { Ready::Failed } else { Ready::Wait }
    }

    fn is_due(&mut self, max_age_ms: u32) {
        self.due = Some(self.due.map_or(max_age_ms, |due| due.min(max_age_ms)));
    }

    /// Begins the poll for the next changes.
    fn follow(&mut self, now: Reading) -> Follow {
        let epoch = self.copy.as_ref().map(|(copy, _)| copy.epoch().into());
        let cursor = self.copy.as_ref().map_or(0, |(copy, _)| copy.last());
        let seen = self.unseen.iter().copied().collect();
        let (request, flight) = self.call(epoch, cursor, None, seen, FOLLOW_TIMEOUT_MS, now);
        self.following = Some(flight);
        request
    }

    /// Begins the poll for the next page of a copy.
    fn fetch(&mut self, now: Reading) -> Follow {
        let epoch = self.filling.as_ref().map(|copy| copy.epoch().into());
        let cursor = self.filling.as_ref().map_or(0, LogCopy::last);
        let source = self.filling.as_ref().map(|copy| copy.source().into());
        let (request, flight) = self.call(epoch, cursor, source, Vec::new(), FILL_TIMEOUT_MS, now);
        self.fetching = Some(flight);
        request
    }

    fn call(
        &mut self,
        epoch: Option<String>,
        cursor: u64,
        fills_from: Option<String>,
        seen: Vec<u64>,
        timeout_ms: i64,
        now: Reading,
    ) -> (Follow, Flight) {
        self.calls += 1;
        let stated = self.stated.last_key_value().map_or(0, |(largest, _)| *largest);
        let max_age_ms = self.due.unwrap_or(stated / 4);
        let until = now.plus_millis(timeout_ms + GRACE_MS);
        let flight = Flight { number: self.calls, sent_at: now, until, stated, seen: seen.clone() };
        let request = FollowRequest { epoch, cursor, fills_from, max_staleness_ms: stated, max_age_ms, seen };
        (Follow { ticket: Ticket(self.calls), request, timeout_ms }, flight)
    }

    /// Applies a page to the copy that answers.
    fn followed_on(&mut self, flight: &Flight, answer: FollowAnswer, now: Reading) -> Option<Follow> {
        if answer.reset {
            // Nobody is answered by a copy that the parent can't continue.
            self.retire();
            (self.fetching, self.filling) = (None, None);
            return self.fetched(flight, answer, now);
        }
        let (copy, view) = self.copy.as_mut()?;
        if copy.epoch() != answer.epoch {
            self.paused_until = Some(flight.sent_at.plus_millis(PAUSE_MS));
            return None;
        }
        for cursor in &flight.seen {
            self.unseen.remove(cursor);
            copy.learn(*cursor);
        }
        let latest = View { sent_at: flight.sent_at, age_ms: answer.age_ms, stated: flight.stated };
        let more = answer.more;
        copy.apply(answer);
        if more {
            copy.note_page(latest.time());
            return Some(self.follow(now));
        }
        if copy.completes(latest.time()) {
            *view = view.or_later(latest);
        }
        None
    }

    /// Applies a page to the copy that is being filled, which answers from its last page on.
    fn fetched(&mut self, flight: &Flight, answer: FollowAnswer, now: Reading) -> Option<Follow> {
        let goes_on = |copy: &LogCopy| !answer.reset && copy.is_from(&answer);
        let copy = match self.filling.take().filter(goes_on) {
            Some(copy) => copy,
            None if answer.reset => LogCopy::new(self.bounds, &answer, now),
            // The parent answers something else than was asked.
            None => {
                self.paused_until = Some(flight.sent_at.plus_millis(PAUSE_MS));
                return None;
            }
        };
        let (more, age_ms) = (answer.more, answer.age_ms);
        let copy = self.filling.insert(copy);
        copy.fill(answer);
        if more {
            return Some(self.fetch(now));
        }
        self.retire();
        let view = View { sent_at: flight.sent_at, age_ms, stated: flight.stated };
        self.copy = self.filling.take().map(|copy| (copy, view));
        self.copies += 1;
        let epoch = self.copy.as_ref().map(|(copy, _)| copy.epoch());
        if self.former.last().map(String::as_str) != epoch {
            self.unseen.clear();
        }
        self.former.retain(|former| Some(former.as_str()) != epoch);
        self.passes.clear();
        None
    }

    /// Gives up the copy that answers. A poll under way for it is void.
    fn retire(&mut self) {
        self.following = None;
        let Some((copy, _)) = self.copy.take() else { return };
        self.former.retain(|former| former != copy.epoch());
        self.former.push(copy.epoch().into());
        let surplus = self.former.len().saturating_sub(MAX_FORMER);
        self.former.drain(..surplus);
    }
}

#[cfg(test)]
mod tests;
