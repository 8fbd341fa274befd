//! Relays between isolates and the feed, and the calls that go through them.

use keystile_core::{
    Timestamp,
    feed::{
        client::PartCall,
        follow::{FollowAnswer, FollowRequest, RecordAnswer, RecordRequest},
        message::{PollAnswer, PollRequest},
        mirror::Bounds,
        relay::{PassTicket, Reading, Relay, Ticket},
    },
};

use crate::{Millis, world::PollCall};

/// The regional relay, which follows the feed. All others are local and follow it.
pub(crate) const REGIONAL: usize = 0;
/// The number of relays.
pub(crate) const RELAYS: usize = 3;

/// A relay, as its worker runs it.
pub(crate) struct RelayNode {
    pub(crate) relay: Relay,
    bounds: Bounds,
    name: String,
    /// The number of restarts. Calls from before a restart report to nobody.
    pub(crate) life: u32,
    clock_ahead: Millis,
    /// The calls that wait until a call to the parent has ended.
    pub(crate) waiting: Vec<Asked>,
}

impl RelayNode {
    pub(crate) fn new(name: String, bounds: Bounds, clock_ahead: Millis) -> Self {
        Self { relay: Relay::new(bounds).named(name.clone()), name, bounds, life: 0, clock_ahead, waiting: Vec::new() }
    }

    pub(crate) fn restart(&mut self) {
        self.life += 1;
        self.relay = Relay::new(self.bounds).named(format!("{}.{}", self.name, self.life));
        self.waiting.clear();
    }

    /// A reading of its clock, when true time is `now`.
    pub(crate) fn clock(&mut self, now: Millis) -> Reading {
        self.relay.read_clock(Timestamp::from_millis(now + self.clock_ahead))
    }

    pub(crate) fn step_clock(&mut self, by: Millis, now: Millis) {
        self.clock(now);
        self.clock_ahead += by;
        self.clock(now);
    }
}

/// A call to a relay or, from a relay, to the feed.
#[derive(Clone, Debug)]
pub(crate) enum Question {
    Poll(PollRequest),
    Follow(FollowRequest),
    Record(RecordRequest),
}

#[derive(Clone, Debug)]
pub(crate) enum Answer {
    Poll(PollAnswer),
    Follow(FollowAnswer),
    Record(RecordAnswer),
}

impl Answer {
    pub(crate) fn poll(self) -> Option<PollAnswer> {
        if let Self::Poll(answer) = self { Some(answer) } else { None }
    }

    pub(crate) fn follow(self) -> Option<FollowAnswer> {
        if let Self::Follow(answer) = self { Some(answer) } else { None }
    }

    pub(crate) fn record(self) -> Option<RecordAnswer> {
        if let Self::Record(answer) = self { Some(answer) } else { None }
    }
}

/// Whoever waits for an answer.
pub(crate) enum Caller {
    Poll(PollCall),
    Part { request: u64, call: PartCall, sent_at: Millis, sent_clock: Timestamp },
    Record { request: u64, sent_clock: Timestamp },
    Follow { relay: usize, life: u32, ticket: Ticket },
    Pass { relay: usize, life: u32, ticket: PassTicket, asked: Asked },
    Share { relay: usize, life: u32, request: RecordRequest, asked: Asked },
}

/// A call that has arrived.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) question: Question,
    pub(crate) back: Back,
    /// The relay's clock when it arrived.
    pub(crate) arrived_at: Option<Reading>,
}

/// The way of an answer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Back {
    pub(crate) call: u64,
    pub(crate) takes: Millis,
    pub(crate) is_lost: bool,
}
