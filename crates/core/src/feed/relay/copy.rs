//! A relay's copy of the log.

use alloc::{collections::BTreeSet, format, string::String};

use super::time::Reading;
use crate::feed::{
    follow::{FollowAnswer, FollowRequest},
    log::Head,
    message::{PollAnswer, PollRequest},
    mirror::{Bounds, Mirror},
};

/// The time after which a copy is filled anew, milliseconds: it keeps what the log has trimmed since.
pub const FILL_AGAIN_MS: i64 = 6 * 60 * 60 * 1_000;
/// The entries that a copy may have beyond twice those of its parent.
const SPARE_ENTRIES: u64 = 1_000;

/// A state of the log, as a poll brought it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct View {
    /// The sending of the poll that brought it.
    pub(super) sent_at: Reading,
    /// Its age then, as the parent stated it.
    pub(super) age_ms: u32,
    /// The `max_staleness_ms` that the poll stated.
    pub(super) stated: u32,
}

impl View {
    /// Its age at `instant`, milliseconds. At an instant before the poll was sent it is no younger than the parent said,
    /// even if the clock has stepped forward in between.
    pub(super) fn age(&self, instant: Reading) -> i64 {
        i64::from(self.age_ms) + instant.since(self.sent_at)
    }

    /// The time of the state that it shows.
    pub(super) fn time(&self) -> Reading {
        self.sent_at.plus_millis(-i64::from(self.age_ms))
    }

    /// The later of two views. By its time the feed has heard what it stated, and perhaps not what the other one did,
    /// which may have gone another way.
    pub(super) fn or_later(self, other: Self) -> Self {
        if other.time() >= self.time() { other } else { self }
    }
}

/// A copy of the log: each entry since it was filled, also those that the log has trimmed since.
#[derive(Debug)]
pub(super) struct LogCopy {
    epoch: String,
    source: String,
    mirror: Mirror,
    head: Head,
    /// The numbers that the parent has given: edges may have them as cursors.
    numbers: BTreeSet<u64>,
    /// The number of entries that the parent has.
    length: u64,
    began_at: Reading,
    /// The time of the latest page that wasn't the last one of its poll.
    page_at: Option<Reading>,
}

impl LogCopy {
    /// An empty copy, to be filled from the answer's source.
    pub(super) fn new(bounds: Bounds, answer: &FollowAnswer, now: Reading) -> Self {
        Self {
            epoch: answer.epoch.clone(),
            source: answer.source.clone(),
            mirror: Mirror::new(bounds),
            head: Head::default(),
            numbers: BTreeSet::new(),
            length: 0,
            began_at: now,
            page_at: None,
        }
    }

    pub(super) fn epoch(&self) -> &str {
        &self.epoch
    }

    pub(super) fn source(&self) -> &str {
        &self.source
    }

    /// The last number.
    pub(super) fn last(&self) -> u64 {
        self.head.last
    }

    /// Whether a page was taken from the same state of the parent as this copy.
    pub(super) fn is_from(&self, answer: &FollowAnswer) -> bool {
        self.epoch == answer.epoch && self.source == answer.source
    }

    /// Whether the feed has given this number, as far as is known here. A cursor below the floor begins anew, so it
    /// doesn't matter.
    pub(super) fn knows(&self, cursor: u64) -> bool {
        cursor < self.head.floor || self.numbers.contains(&cursor)
    }

    /// Notes that a page which isn't the last shows the state of this time.
    pub(super) fn note_page(&mut self, at: Reading) {
        self.page_at = self.page_at.max(Some(at));
    }

    /// Whether a last page of this time completes those before it. One from an earlier state, of another parent, may lack
    /// an entry that had moved beyond them.
    pub(super) fn completes(&self, at: Reading) -> bool {
        Some(at) >= self.page_at
    }

    /// Notes that the feed was shown a cursor.
    pub(super) fn learn(&mut self, cursor: u64) {
        self.numbers.insert(cursor);
    }

    pub(super) fn is_to_be_filled_anew(&self, now: Reading) -> bool {
        now.since(self.began_at) >= FILL_AGAIN_MS || self.mirror.len() as u64 > 2 * self.length + SPARE_ENTRIES
    }

    /// Adds a page of the first filling. What was trimmed between two pages is missing, so the latest floor counts.
    pub(super) fn fill(&mut self, answer: FollowAnswer) {
        self.head.floor = self.head.floor.max(answer.floor);
        self.apply(answer);
    }

    /// Adds a page of changes. Whoever knows more than a feed that was put back keeps it.
    pub(super) fn apply(&mut self, answer: FollowAnswer) {
        for (number, entry) in answer.keys {
            self.mirror.merge_key(number, entry);
            self.numbers.insert(number);
        }
        for (number, entry) in answer.tenants {
            self.mirror.merge_tenant(number, entry);
            self.numbers.insert(number);
        }
        for entry in answer.suspended {
            self.mirror.put_suspension(entry);
        }
        self.numbers.insert(answer.cursor);
        self.head.last = self.head.last.max(answer.cursor);
        (self.source, self.length) = (answer.source, answer.length);
    }

    /// Answers an edge, at an age of `age` milliseconds.
    pub(super) fn answer(&self, request: &PollRequest, age: i64) -> PollAnswer {
        let answer = self.mirror.answer(request, &self.epoch, self.head);
        PollAnswer { age_ms: age.try_into().unwrap_or(u32::MAX), ..answer }
    }

    /// Answers another relay. `name` tells this copy from all others of the same source.
    pub(super) fn follow(&self, request: &FollowRequest, name: &str, age: i64) -> FollowAnswer {
        let source = format!("{}.{name}", self.source);
        let answer = self.mirror.follow(request, &self.epoch, self.head, &source);
        FollowAnswer { age_ms: age.try_into().unwrap_or(u32::MAX), ..answer }
    }
}
