//! The generated plan: the participants, the fates of their operations, and the schedule.

use keystile_core::feed::{client::WhenFeedUnreachable, mirror::Bounds};
use proptest::{collection::vec, prelude::*, sample::select};

use crate::{Millis, relay::RELAYS};

pub(crate) const KEYS: usize = 4;
pub(crate) const TENANTS: usize = 2;
const HOUR: Millis = 60 * 60 * 1_000;

#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) isolates: Vec<IsolatePlan>,
    /// The time by which each ledger's clock is ahead, milliseconds.
    pub(crate) ledger_clocks: Vec<Millis>,
    /// The time by which the clock of the management API is ahead, on which callers wait, milliseconds.
    pub(crate) api_clock: Millis,
    /// The time by which each relay's clock is ahead, milliseconds.
    pub(crate) relay_clocks: Vec<Millis>,
    pub(crate) bounds: Bounds,
    /// KV may return a value that was overwritten this long ago.
    pub(crate) kv_lag: Millis,
    /// The fates of the calls to the feed, one after the other, over and over.
    pub(crate) calls: Vec<CallFate>,
    pub(crate) kv_reads: Vec<ReadFate>,
    pub(crate) kv_puts: Vec<PutFate>,
    /// The lag of an isolate's clock readings, one after the other, milliseconds.
    pub(crate) jitter: Vec<Millis>,
    /// Whether every isolate asks for a key before it changes, and again as soon as the change is reported as
    /// effective.
    pub(crate) watched: bool,
    /// Whether the keys are operators', who act at ledgers that can't see their rows.
    pub(crate) operators: bool,
    /// The events, each with the time since the one before.
    pub(crate) schedule: Vec<(Millis, Event)>,
}

impl Plan {
    /// Whether a change holds even while the feed can't be reached, as answers state it for the deployment.
    pub(crate) fn holds_always(&self) -> bool {
        self.isolates.iter().all(|isolate| isolate.when_unreachable == WhenFeedUnreachable::Deny)
    }
}

/// A fault that is planted, so that the simulation shows that it would find it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Planted {
    /// A feed that was put back gives numbers that it gave before.
    NumbersBeginAnew,
    /// A feed that was put back takes its present head for the point that it was put back to.
    PointIsThePresentHead,
    /// A feed knows the point that it was put back to only until it is started again.
    GapsEndWithTheirInstance,
    /// A part of the log is said to be twice as large as it is.
    PartsClaimTooMuch,
    /// An answer speaks of the row as it is by then, at the time of the version that was published.
    AnswerSpeaksOfTheRow,
    /// An answer says that a change is in effect at once when the feed has it.
    InEffectAtOnce,
    /// Whoever prefers to wait gets the answer at once.
    NobodyWaits,
    /// An answer says that a change always holds, though edges may serve by KV alone.
    HoldsAlways,
    /// The end of an operator's key is said to be in effect however long others may act on a judgement.
    JudgementsOutliveTheEnd,
    /// A relay says that its answers are of the present.
    AgesDoNotAddUp,
    /// A relay doesn't tell its parent which staleness the edges behind it accept.
    StalenessIsNotPassedOn,
    /// A relay that doesn't have a key's record is believed that there is no such key.
    RelaySaysMissing,
    /// A relay takes the first page of a copy for all of it.
    PageIsTakenForTheWhole,
    /// A relay's copy lacks suspensions that are in the log no more.
    SuspensionsAreLeftOut,
    /// A publication that failed is answered as if it had succeeded.
    FailureIsNoFailure,
}

#[derive(Clone, Debug)]
pub(crate) struct IsolatePlan {
    pub(crate) max_staleness_ms: u32,
    pub(crate) when_unreachable: WhenFeedUnreachable,
    pub(crate) cache_bytes: usize,
    pub(crate) clock_ahead: Millis,
    /// The relay that it asks, if it asks one.
    pub(crate) relay: Option<usize>,
    /// Whether a request steps on while the further pages of its poll are fetched.
    pub(crate) pages_in_background: bool,
}

#[derive(Clone, Debug)]
pub(crate) enum Event {
    Request {
        isolate: usize,
        key: usize,
        strict: bool,
        abandoned_after: Option<Millis>,
    },
    Change {
        key: usize,
        change: KeyChange,
    },
    /// A change, and another one while the first is being published. The other's own publication may fail.
    Changes {
        key: usize,
        changes: [KeyChange; 2],
        gap: Millis,
    },
    Suspend {
        tenant: usize,
    },
    Resume {
        tenant: usize,
    },
    RestartIsolate {
        isolate: usize,
    },
    StepClock {
        isolate: usize,
        by: Millis,
    },
    /// An operator is judged, and another ledger acts on the judgement this much later.
    Act {
        key: usize,
        later: Millis,
    },
    RestartRelay {
        relay: usize,
    },
    StepRelayClock {
        relay: usize,
        by: Millis,
    },
    AskAnotherRelay {
        isolate: usize,
        relay: usize,
    },
    RestartFeed,
    RestartFeedWithAnotherEpoch,
    /// The feed is put back to the point of so long ago. Somebody who knows what it knew before shows that this long
    /// afterwards, unless an isolate of the plan does so earlier. By then the feed may have been started again.
    PutFeedBack {
        by: Millis,
        shown_after: Millis,
        restarts_first: bool,
    },
    FeedIsDownFor(Millis),
    KvIsDownFor(Millis),
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum KeyChange {
    Create,
    TakeScopeAway,
    GiveScopeBack,
    Disable,
    Enable,
    /// The key expires a second later.
    ExpireSoon,
    ExpireNever,
    Revoke,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum CallFate {
    Prompt,
    /// The answer is late. After the timeout it is dropped, or still heard if `timer_starves`: timers of a busy isolate
    /// are late.
    Slow {
        there: Millis,
        back: Millis,
        timer_starves: bool,
    },
    /// The message is delivered twice. The network repeats only publishing.
    Repeated {
        after: Millis,
    },
    /// The request is lost. The caller notices this long after the timeout.
    RequestLost {
        noticed_late: Millis,
    },
    AnswerLost,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum ReadFate {
    Latest,
    /// The value from before a part of the lag.
    Lagging {
        per_mille: Millis,
        takes: Millis,
    },
    Fails {
        takes: Millis,
    },
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum PutFate {
    Prompt,
    Slow {
        takes: Millis,
    },
    /// The put is reported as failed, and never lands.
    Lost,
    /// The put is reported as failed, and lands after all.
    LandsLate {
        after: Millis,
    },
}

pub(crate) fn plans() -> impl Strategy<Value = Plan> {
    let cast = (
        vec(isolate(), 2..=4),
        vec(-200..=200i64, TENANTS),
        -200..=200i64,
        vec(select(vec![0, -200, 3_600_000]), RELAYS),
        (select(vec![1_000usize, 2, 1]), select(vec![200usize, 2, 1]), select(vec![4_000usize, 1, 0])),
        select(vec![0, 2_000, 60_000, 24 * HOUR]),
    );
    let luck = (vec(call(), 1..24), vec(read(), 1..12), vec(put(), 1..8), vec(select(vec![0, 0, 0, 40]), 1..6));
    (cast, luck, (0..KEYS, any::<bool>(), prop::bool::weighted(0.2)), vec((gap(), event()), 1..80)).prop_map(
        |(cast, luck, (created_first, watched, operators), events)| {
            let (mut isolates, ledger_clocks, api_clock, relay_clocks, (page, part, tenants), kv_lag) = cast;
            let bounds = Bounds { page, relay_page: page, part, tenants };
            if operators {
                // Judgements matter where edges accept less staleness than that.
                isolates.iter_mut().for_each(|isolate: &mut IsolatePlan| isolate.max_staleness_ms = 250);
            }
            let (calls, kv_reads, kv_puts, jitter) = luck;
            let created = (0..created_first).map(|key| (0, Event::Change { key, change: KeyChange::Create }));
            let schedule = created.chain(events).collect();
            Plan {
                isolates,
                ledger_clocks,
                api_clock,
                relay_clocks,
                bounds,
                kv_lag,
                calls,
                kv_reads,
                kv_puts,
                jitter,
                watched,
                operators,
                schedule,
            }
        },
    )
}

fn isolate() -> impl Strategy<Value = IsolatePlan> {
    let settings = (
        select(vec![2_000, 2_000, 250, 5_000]),
        select(vec![WhenFeedUnreachable::Kv, WhenFeedUnreachable::Deny]),
        select(vec![1_000_000, 1_000_000, 2_000, 200]),
    );
    let relay = prop::option::weighted(0.4, 0..RELAYS);
    let rest = (select(vec![0, -200, 200, 3_600_000]), relay, any::<bool>());
    (settings, rest).prop_map(|((max_staleness_ms, when_unreachable, cache_bytes), rest)| IsolatePlan {
        max_staleness_ms,
        when_unreachable,
        cache_bytes,
        clock_ahead: rest.0,
        relay: rest.1,
        pages_in_background: rest.2,
    })
}

fn gap() -> impl Strategy<Value = Millis> {
    prop_oneof![
        6 => 0..60i64,
        6 => 60..1_200i64,
        4 => 1_200..4_000i64,
        1 => 4_000..120_000i64,
        1 => select(vec![10 * 60_000, 23 * HOUR, 26 * HOUR]),
    ]
}

fn event() -> impl Strategy<Value = Event> {
    let abandoned = prop_oneof![5 => Just(None), 1 => (0..400i64).prop_map(Some)];
    prop_oneof![
        20 => (isolate_index(), key_index(), prop::bool::weighted(0.2), abandoned).prop_map(
            |(isolate, key, strict, abandoned_after)| Event::Request { isolate, key, strict, abandoned_after }
        ),
        9 => (key_index(), key_change()).prop_map(|(key, change)| Event::Change { key, change }),
        4 => (key_index(), key_change(), key_change(), 1..900i64)
            .prop_map(|(key, one, other, gap)| Event::Changes { key, changes: [one, other], gap }),
        1 => (0..TENANTS).prop_map(|tenant| Event::Suspend { tenant }),
        1 => (0..TENANTS).prop_map(|tenant| Event::Resume { tenant }),
        1 => isolate_index().prop_map(|isolate| Event::RestartIsolate { isolate }),
        2 => (isolate_index(), select(vec![-50, -400, -1_500, -3_600_000, 700, 3_600_000]))
            .prop_map(|(isolate, by)| Event::StepClock { isolate, by }),
        6 => (key_index(), 0..2_600i64).prop_map(|(key, later)| Event::Act { key, later }),
        1 => (0..RELAYS).prop_map(|relay| Event::RestartRelay { relay }),
        1 => (0..RELAYS, select(vec![-50, -400, -3_600_000, 700, 3_600_000]))
            .prop_map(|(relay, by)| Event::StepRelayClock { relay, by }),
        1 => (isolate_index(), 0..RELAYS).prop_map(|(isolate, relay)| Event::AskAnotherRelay { isolate, relay }),
        1 => Just(Event::RestartFeed),
        1 => Just(Event::RestartFeedWithAnotherEpoch),
        1 => (select(vec![50, 1_000, 10_000, HOUR, 25 * HOUR]), select(vec![0, 300, 3_000, 60_000]), any::<bool>())
            .prop_map(|(by, shown_after, restarts_first)| Event::PutFeedBack { by, shown_after, restarts_first }),
        1 => (100..5_000i64).prop_map(Event::FeedIsDownFor),
        1 => (100..5_000i64).prop_map(Event::KvIsDownFor),
    ]
}

/// Some keys and isolates are busier than others, so that events coincide.
fn key_index() -> impl Strategy<Value = usize> {
    prop_oneof![4 => Just(KEYS - 1), 2 => Just(0), 1 => 0..KEYS]
}

fn isolate_index() -> impl Strategy<Value = usize> {
    prop_oneof![3 => Just(0), 2 => Just(1), 1 => 0..4usize]
}

fn key_change() -> impl Strategy<Value = KeyChange> {
    prop_oneof![
        2 => Just(KeyChange::Create),
        2 => Just(KeyChange::TakeScopeAway),
        2 => Just(KeyChange::GiveScopeBack),
        2 => Just(KeyChange::Disable),
        2 => Just(KeyChange::Enable),
        1 => Just(KeyChange::ExpireSoon),
        1 => Just(KeyChange::ExpireNever),
        1 => Just(KeyChange::Revoke),
    ]
}

fn call() -> impl Strategy<Value = CallFate> {
    prop_oneof![
        10 => Just(CallFate::Prompt),
        3 => (0..120i64, 0..120i64).prop_map(|(there, back)| CallFate::Slow { there, back, timer_starves: false }),
        3 => (long_way(), long_way(), any::<bool>())
            .prop_map(|(there, back, timer_starves)| CallFate::Slow { there, back, timer_starves }),
        1 => (0..90_000i64).prop_map(|after| CallFate::Repeated { after }),
        1 => select(vec![0, 0, 700]).prop_map(|noticed_late| CallFate::RequestLost { noticed_late }),
        1 => Just(CallFate::AnswerLost),
    ]
}

/// One way is often long and the other short, so that an answer is out of date when it comes.
fn long_way() -> impl Strategy<Value = Millis> {
    prop_oneof![Just(1), 0..1_500i64]
}

fn read() -> impl Strategy<Value = ReadFate> {
    prop_oneof![
        3 => Just(ReadFate::Latest),
        6 => (0..=1_000i64, 0..900i64).prop_map(|(per_mille, takes)| ReadFate::Lagging { per_mille, takes }),
        1 => (0..900i64).prop_map(|takes| ReadFate::Fails { takes }),
    ]
}

fn put() -> impl Strategy<Value = PutFate> {
    prop_oneof![
        4 => Just(PutFate::Prompt),
        2 => (0..900i64).prop_map(|takes| PutFate::Slow { takes }),
        1 => Just(PutFate::Lost),
        1 => (1_000..58_000i64).prop_map(|after| PutFate::LandsLate { after }),
    ]
}
