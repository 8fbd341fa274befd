//! The records that a relay shares. A record of a version never changes, so whoever has it may give it away.

use alloc::string::String;

use super::time::{FOLLOW_TIMEOUT_MS, GRACE_MS, Reading};
use crate::{
    access::record::Stored,
    feed::{
        follow::{RecordAnswer, RecordRequest},
        record_cache::{Generations, Weighs},
    },
};

/// The memory for records, bytes.
const RECORD_BYTES: usize = 8 << 20;
/// The time for which the parent isn't asked again for a record that it didn't have, milliseconds.
const NOT_HERE_MS: i64 = 1_000;

/// The reply to a request for a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordReply {
    /// The answer.
    Answer(RecordAnswer),
    /// The parent is being asked. Ask again when it has answered.
    Wait,
    /// Ask the parent, and report its answer by [`Relay::record_answered`](super::Relay::record_answered).
    Ask,
}

#[derive(Debug)]
pub(super) struct Records(Generations<Kept>);

#[derive(Clone, Debug)]
enum Kept {
    Record { version: u64, text: String },
    Asked(Reading),
    NotHere(Reading),
}

impl Weighs for Kept {
    fn weight(&self) -> usize {
        96 + if let Self::Record { text, .. } = self { text.len() } else { 0 }
    }
}

impl Records {
    pub(super) const fn new() -> Self {
        Self(Generations::new(RECORD_BYTES))
    }

    pub(super) fn reply(&mut self, request: &RecordRequest, now: Reading) -> RecordReply {
        match self.0.get(&request.digest) {
            Some(Kept::Record { version, text }) if *version >= request.version => {
                RecordReply::Answer(RecordAnswer { record: Some(text.clone()) })
            }
            Some(Kept::Asked(at)) if now.since(*at) < FOLLOW_TIMEOUT_MS + GRACE_MS => RecordReply::Wait,
            Some(Kept::NotHere(at)) if now.since(*at) < NOT_HERE_MS => {
                RecordReply::Answer(RecordAnswer { record: None })
            }
            _ => {
                self.0.put(request.digest, Kept::Asked(now));
                RecordReply::Ask
            }
        }
    }

    pub(super) fn answered(&mut self, request: &RecordRequest, answer: Option<RecordAnswer>, now: Reading) {
        let known = match self.0.get(&request.digest) {
            Some(Kept::Record { version, .. }) => *version,
            _ => 0,
        };
        let record = answer.as_ref().and_then(|answer| answer.record.as_deref());
        let version = record.and_then(|text| Stored::decode(text).ok()).map_or(0, |stored| stored.version());
        let kept = match (record, answer.is_some()) {
            (Some(text), _) if version >= request.version && version > known => {
                Kept::Record { version, text: text.into() }
            }
            (_, true) if known < request.version => Kept::NotHere(now),
            // Whoever waits asks anew.
            (_, false) if known == 0 => Kept::Asked(now.plus_millis(-FOLLOW_TIMEOUT_MS - GRACE_MS)),
            _ => return,
        };
        self.0.put(request.digest, kept);
    }
}
