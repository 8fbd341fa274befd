//! Edge isolates and the requests in them.

use keystile_core::{
    Timestamp,
    feed::{
        client::{FeedClient, Settings},
        lookup::Lookup,
    },
};

use crate::{
    Millis,
    plan::{IsolatePlan, KEYS},
};

pub(crate) struct Isolate {
    pub(crate) plan: IsolatePlan,
    pub(crate) client: FeedClient,
    /// The relay that it asks now.
    pub(crate) relay: Option<usize>,
    /// The time by which its clock is ahead now, milliseconds.
    pub(crate) clock_ahead: Millis,
    pub(crate) steps_back: u32,
    /// The number of restarts. Operations from before a restart never report.
    pub(crate) life: u32,
    /// The calls to the feed that failed or were too late.
    pub(crate) failures: Vec<Failure>,
    /// The times, by key, at which the feed was asked for the key and did not have it.
    pub(crate) misses: [Vec<Millis>; KEYS],
}

pub(crate) struct Failure {
    pub(crate) sent_at: Millis,
    pub(crate) noticed_at: Millis,
}

impl Isolate {
    pub(crate) fn new(plan: IsolatePlan) -> Self {
        Self {
            client: FeedClient::new(settings(&plan)),
            clock_ahead: plan.clock_ahead,
            relay: plan.relay,
            plan,
            steps_back: 0,
            life: 0,
            failures: Vec::new(),
            misses: Default::default(),
        }
    }

    pub(crate) fn restart(&mut self) {
        self.client = FeedClient::new(settings(&self.plan));
        self.life += 1;
    }

    /// Its clock, when true time is `now`.
    pub(crate) fn clock(&self, now: Millis) -> Timestamp {
        Timestamp::from_millis(now + self.clock_ahead)
    }

    pub(crate) fn step_clock(&mut self, by: Millis, now: Millis) {
        self.client.read_clock(self.clock(now));
        self.clock_ahead += by;
        self.client.read_clock(self.clock(now));
        self.steps_back += u32::from(by < 0);
    }
}

fn settings(plan: &IsolatePlan) -> Settings {
    Settings {
        max_staleness_ms: plan.max_staleness_ms,
        when_unreachable: plan.when_unreachable,
        cache_bytes: plan.cache_bytes,
        relays: plan.relay.is_some(),
    }
}

pub(crate) struct Request {
    pub(crate) isolate: usize,
    pub(crate) key: usize,
    pub(crate) strict: bool,
    pub(crate) started_at: Millis,
    pub(crate) lookup: Lookup,
    /// The number of operations and timers that must end before the next step.
    pub(crate) pending: u32,
    pub(crate) spent: Spent,
    /// The isolate's steps back before the request began.
    pub(crate) steps_back: u32,
}

/// The costs of a request.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Spent {
    pub(crate) steps: u32,
    pub(crate) polls: u32,
    pub(crate) parts: u32,
    pub(crate) records: u32,
    pub(crate) currents: u32,
    pub(crate) kv_reads: u32,
    pub(crate) tenant_status_reads: u32,
    /// The time spent on timers, waiting for other requests' polls.
    pub(crate) waited_ms: Millis,
}
