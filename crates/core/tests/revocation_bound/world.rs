//! The course of events: an agenda of jobs in true time, and the network between the participants. [`requests`] has the
//! work of an edge worker, [`relays`] that of a relay, [`outboxes`] that of a ledger's alarm.

mod outboxes;
mod relays;
mod requests;

use std::collections::{BTreeMap, BTreeSet};

use keystile_core::{
    KeyDigest, Timestamp,
    access::{operator::JUDGED_FOR_MS, record::Stored},
    feed::{
        client::{PartCall, Poll, WhenFeedUnreachable},
        message::{Change, CurrentAnswer, PollAnswer, PollRequest, TenantStatus},
    },
};
use proptest::{prelude::*, test_runner::TestCaseError};

use crate::{
    Millis,
    feed::Feed,
    isolate::{Failure, Isolate, Request},
    kv::{Slot, Value},
    ledger::{MINTED, Row, Subject, tenant_id, tenant_of},
    plan::{CallFate, Event, IsolatePlan, KEYS, Plan, Planted, TENANTS},
    promise::Tally,
    relay::{Answer, Asked, Caller, Question, RELAYS, RelayNode},
};

const BEGINNING: Millis = 1_800_000_000_000;
/// The time of a message when nothing is wrong.
const PROMPT_MS: Millis = 2;
/// The time after which every outbox is empty when all is calm.
const CALM_MS: Millis = 30 * 60_000;

pub(crate) struct World<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) now: Millis,
    pub(crate) isolates: Vec<Isolate>,
    pub(crate) keys: Vec<Row>,
    pub(crate) tenants: Vec<Row>,
    pub(crate) kv: Vec<Slot>,
    /// KV's copy of the tenants' statuses.
    pub(crate) kv_tenant_statuses: Vec<Slot>,
    pub(crate) tally: Tally,
    /// The fault that is planted, if one is.
    planted: Option<Planted>,
    feed: Feed,
    /// The feed's state after each change of it.
    feed_was: Vec<(Millis, Feed)>,
    relays: Vec<RelayNode>,
    /// The calls through relays that aren't answered yet.
    open: BTreeMap<u64, Caller>,
    feed_down_until: Millis,
    kv_down_until: Millis,
    requests: BTreeMap<u64, Request>,
    abandoned: BTreeSet<u64>,
    /// The jobs, in the order of their time; for one instant in the order of their addition.
    agenda: BTreeMap<(Millis, u64), Job>,
    jobs: u64,
    draws: Draws,
    /// The last poll whose answer each isolate heard.
    heard: BTreeMap<(usize, u32), Millis>,
    /// Whether the network and KV have ceased to do harm.
    calm: bool,
    /// Whether all operations from before the calm have ended, too.
    settled: bool,
}

#[derive(Default)]
struct Draws {
    calls: usize,
    kv_reads: usize,
    kv_puts: usize,
    jitter: usize,
}

enum Job {
    Happens(Event),
    Outbox(Subject),
    PublishArrives {
        subject: Subject,
        change: Change,
        version: u64,
        reports: Option<(u64, Millis)>,
    },
    AcknowledgeArrives {
        key: usize,
        version: u64,
        reports: Option<(u64, Millis)>,
    },
    OutboxReports {
        subject: Subject,
        attempt: u64,
        outcome: Result<Option<(u64, u32)>, ()>,
    },
    PutLands {
        subject: Subject,
        value: Value,
    },
    PutReports {
        subject: Subject,
        attempt: u64,
        landed: bool,
    },
    PollArrives {
        call: PollCall,
        reports_at: Option<Millis>,
    },
    PollReports {
        call: PollCall,
        answer: Option<PollAnswer>,
    },
    PartArrives {
        request: u64,
        call: PartCall,
        sent_at: Millis,
        sent_clock: Timestamp,
        reports_at: Millis,
    },
    PartReports {
        request: u64,
        call: PartCall,
        sent_at: Millis,
        sent_clock: Timestamp,
        answer: Option<PollAnswer>,
    },
    CurrentArrives {
        request: u64,
        sent_at: Millis,
        sent_clock: Timestamp,
        reports_at: Millis,
    },
    CurrentReports {
        request: u64,
        sent_at: Millis,
        sent_clock: Timestamp,
        answer: Option<CurrentAnswer>,
    },
    KvReports {
        request: u64,
        sent_clock: Timestamp,
        read: Result<Option<Stored>, ()>,
    },
    TenantStatusReports {
        request: u64,
        tenant: usize,
        sent_clock: Timestamp,
        read: Result<Option<TenantStatus>, ()>,
    },
    Woken {
        request: u64,
        waited_ms: Millis,
    },
    /// A call arrives at a relay, or at the feed.
    Arrives {
        to: Option<usize>,
        asked: Asked,
    },
    /// The answer to such a call is back, or its caller gives up.
    Returns {
        call: u64,
        answer: Option<Answer>,
    },
    Acts {
        key: usize,
        until: Timestamp,
    },
    /// Somebody polls or acknowledges who knows what the feed knew before it was put back to this point.
    Shows {
        place: PollRequest,
        keys: Vec<(KeyDigest, u64)>,
        point: Millis,
    },
    PublishAgain {
        since: Millis,
    },
    Abandoned {
        request: u64,
    },
}

#[derive(Clone)]
pub(crate) struct PollCall {
    isolate: usize,
    life: u32,
    poll: Poll,
    sent_at: Millis,
    /// The request that sent the poll, and whether it waits for it.
    owner: Option<(u64, bool)>,
}

/// The way of a call to the feed and back.
#[derive(Clone, Copy)]
struct Way {
    /// The time at which the feed gets the call, perhaps after the caller gave it up.
    arrives_at: Option<Millis>,
    answered: bool,
    /// The time at which the answer is back, or the call is given up.
    back_at: Millis,
}

impl<'a> World<'a> {
    pub(crate) fn new(plan: &'a Plan, planted: Option<Planted>) -> Self {
        let feed = Feed::new(plan.bounds, planted);
        let mut world = Self {
            plan,
            now: BEGINNING,
            isolates: plan.isolates.iter().cloned().map(Isolate::new).collect(),
            keys: (0..KEYS).map(|_| Row::default()).collect(),
            tenants: (0..TENANTS).map(|_| Row::default()).collect(),
            kv: (0..KEYS).map(|_| Slot::empty()).collect(),
            kv_tenant_statuses: (0..TENANTS).map(|_| Slot::empty()).collect(),
            tally: Tally::default(),
            planted,
            feed_was: vec![(BEGINNING, feed.clone())],
            relays: (0..)
                .zip(&plan.relay_clocks)
                .map(|(number, ahead): (u32, _)| RelayNode::new(number.to_string(), plan.bounds, *ahead))
                .collect(),
            open: BTreeMap::new(),
            feed,
            feed_down_until: BEGINNING,
            kv_down_until: BEGINNING,
            requests: BTreeMap::new(),
            abandoned: BTreeSet::new(),
            agenda: BTreeMap::new(),
            jobs: 0,
            draws: Draws::default(),
            heard: BTreeMap::new(),
            calm: false,
            settled: false,
        };
        let mut at = BEGINNING;
        for (gap, event) in &plan.schedule {
            at += gap;
            world.at(at, Job::Happens(event.clone()));
        }
        world
    }

    /// Runs the plan, then calms everything down, and asks every isolate once more.
    pub(crate) fn run(mut self) -> Result<Tally, TestCaseError> {
        let end = BEGINNING + self.plan.schedule.iter().map(|(gap, _)| gap).sum::<Millis>();
        self.run_until(end)?;
        self.calm = true;
        (self.feed_down_until, self.kv_down_until) = (self.now, self.now);
        self.run_until(end + CALM_MS)?;
        prop_assert!(self.agenda.is_empty(), "(e) the outboxes do not come to rest");
        prop_assert!(self.requests.is_empty(), "(d) requests without an answer: {}", self.requests.len());
        self.ask_everyone()?;
        Ok(self.tally)
    }

    fn ask_everyone(&mut self) -> Result<(), TestCaseError> {
        self.settled = true;
        for relay in [None, Some(RELAYS - 1)] {
            self.isolates.push(Isolate::new(IsolatePlan {
                max_staleness_ms: 2_000,
                when_unreachable: WhenFeedUnreachable::Deny,
                cache_bytes: 1_000_000,
                clock_ahead: 0,
                relay,
                pages_in_background: true,
            }));
        }
        for (isolate, key) in (0..self.isolates.len()).flat_map(|isolate| (0..KEYS).map(move |key| (isolate, key))) {
            for strict in [false, true] {
                self.happen(Event::Request { isolate, key, strict, abandoned_after: None })?;
                self.run_until(self.now + 10)?;
            }
        }
        self.run_until(self.now + CALM_MS)?;
        prop_assert!(self.requests.is_empty(), "(d) requests without an answer");
        Ok(())
    }

    fn run_until(&mut self, end: Millis) -> Result<(), TestCaseError> {
        while let Some(next) = self.agenda.first_entry().filter(|next| next.key().0 <= end) {
            let ((at, _), job) = next.remove_entry();
            self.now = at;
            self.work(job)?;
        }
        self.now = end;
        Ok(())
    }

    fn at(&mut self, at: Millis, job: Job) {
        self.jobs += 1;
        self.agenda.insert((at.max(self.now), self.jobs), job);
    }

    fn work(&mut self, job: Job) -> Result<(), TestCaseError> {
        match job {
            Job::Happens(event) => return self.happen(event),
            Job::Outbox(subject) => self.work_outbox(subject),
            Job::PublishArrives { subject, change, version, reports } => {
                let answer = self.feed.publish(&change, self.now);
                let now = self.now;
                self.row(subject).taken(version, now);
                self.feed_was.push((now, self.feed.clone()));
                if let Some((attempt, at)) = reports {
                    let outcome = Ok(Some((version, answer.max_staleness_ms)));
                    self.at(at, Job::OutboxReports { subject, attempt, outcome });
                }
            }
            Job::AcknowledgeArrives { key, version, reports } => {
                self.feed.acknowledge(MINTED[key].digest(), version, self.now);
                self.notice_acknowledged(MINTED[key].digest(), version);
                self.feed_was.push((self.now, self.feed.clone()));
                if let Some((attempt, at)) = reports {
                    self.at(at, Job::OutboxReports { subject: Subject::Key(key), attempt, outcome: Ok(None) });
                }
            }
            Job::OutboxReports { subject, attempt, outcome } => {
                return self.outbox_reports(subject, attempt, outcome);
            }
            Job::PutLands { subject, value } => {
                let now = self.now;
                let slot = self.slot(subject);
                let late = slot.at(now).is_some_and(|known| known.version > value.version);
                slot.put(value, now);
                self.tally.puts_that_landed_late += u64::from(late);
            }
            Job::PutReports { subject, attempt, landed } => {
                self.row(subject).put_under_way = false;
                let outcome = if landed { Ok(None) } else { Err(()) };
                self.outbox_reports(subject, attempt, outcome)?;
                self.at(self.now, Job::Outbox(subject));
            }
            Job::PollArrives { call, reports_at } => self.poll_arrives(call, reports_at),
            Job::PollReports { call, answer } => return self.poll_reports(call, answer),
            Job::PartArrives { request, call, sent_at, sent_clock, reports_at } => {
                if !self.requests.contains_key(&request) {
                    return Ok(());
                }
                let answer = Some(self.poll_feed(&call.request));
                self.at(reports_at, Job::PartReports { request, call, sent_at, sent_clock, answer });
            }
            Job::PartReports { request, call, sent_at, sent_clock, answer } => {
                return self.part_reports(request, &call, sent_at, sent_clock, answer);
            }
            Job::Arrives { to, asked } => self.arrives(to, asked),
            Job::Returns { call, answer } => return self.returns(call, answer),
            Job::CurrentArrives { request, sent_at, sent_clock, reports_at } => {
                let Some(asking) = self.requests.get(&request) else { return Ok(()) };
                let (key, through_relay) = (asking.key, self.isolates[asking.isolate].relay.is_some());
                let answer = match self.planted {
                    Some(Planted::RelaySaysMissing) if through_relay => {
                        CurrentAnswer { record: None, tenant_status: None }
                    }
                    _ => self.feed.current(&MINTED[key].digest(), &tenant_id(tenant_of(key))),
                };
                self.at(reports_at, Job::CurrentReports { request, sent_at, sent_clock, answer: Some(answer) });
            }
            Job::CurrentReports { request, sent_at, sent_clock, answer } => {
                let Some(asking) = self.requests.get_mut(&request) else { return Ok(()) };
                let isolate = &mut self.isolates[asking.isolate];
                match &answer {
                    None => isolate.failures.push(Failure { sent_at, noticed_at: self.now }),
                    Some(CurrentAnswer { record: None, .. }) => isolate.misses[asking.key].push(sent_at),
                    Some(_) => {}
                }
                let now = isolate.clock(self.now);
                asking.lookup.current_answered(&mut isolate.client, answer, sent_clock, now);
                return self.operation_ended(request);
            }
            Job::KvReports { request, sent_clock, read } => {
                let Some(asking) = self.requests.get_mut(&request) else { return Ok(()) };
                asking.lookup.kv_answered(&mut self.isolates[asking.isolate].client, read, sent_clock);
                return self.operation_ended(request);
            }
            Job::TenantStatusReports { request, tenant, sent_clock, read } => {
                let Some(asking) = self.requests.get_mut(&request) else { return Ok(()) };
                let client = &mut self.isolates[asking.isolate].client;
                asking.lookup.tenant_status_answered(client, tenant_id(tenant), read, sent_clock);
                return self.operation_ended(request);
            }
            Job::Acts { key, until } => return self.act(key, until),
            Job::Shows { place, keys, point } => self.show(&place, &keys, point),
            Job::PublishAgain { since } => self.publish_again(since),
            Job::Woken { request, waited_ms } => {
                let Some(asking) = self.requests.get_mut(&request) else { return Ok(()) };
                asking.spent.waited_ms += waited_ms;
                return self.operation_ended(request);
            }
            Job::Abandoned { request } => {
                self.tally.abandoned += u64::from(self.requests.remove(&request).is_some());
                self.abandoned.insert(request);
            }
        }
        Ok(())
    }

    fn happen(&mut self, event: Event) -> Result<(), TestCaseError> {
        match event {
            Event::Request { isolate, key, strict, abandoned_after } => {
                return self.begin_request(isolate % self.isolates.len(), key, strict, abandoned_after);
            }
            Event::Change { key, change } => {
                self.everyone_asks(Subject::Key(key), self.now)?;
                let now = self.ledger_clock(tenant_of(key));
                self.keys[key].change_key(key, change, now);
                self.at(self.now, Job::Outbox(Subject::Key(key)));
            }
            Event::Changes { key, changes: [one, other], gap } => {
                self.at(self.now + gap, Job::Happens(Event::Change { key, change: other }));
                return self.happen(Event::Change { key, change: one });
            }
            Event::Suspend { tenant } => return self.change_tenant_status(tenant, true),
            Event::Resume { tenant } => return self.change_tenant_status(tenant, false),
            Event::RestartIsolate { isolate } => {
                let index = isolate % self.isolates.len();
                self.isolates[index].restart();
                self.requests.retain(|_, request| request.isolate != index);
            }
            Event::StepClock { isolate, by } => {
                let index = isolate % self.isolates.len();
                self.isolates[index].step_clock(by, self.now);
            }
            Event::Act { key, later } => {
                let row = &self.keys[key];
                if self.plan.operators && row.is_usable(row.latest()) {
                    let until = self.ledger_clock(tenant_of(key)).plus_millis(JUDGED_FOR_MS.into());
                    self.at(self.now + later, Job::Acts { key, until });
                }
            }
            Event::RestartRelay { relay } => self.relays[relay].restart(),
            Event::StepRelayClock { relay, by } => self.relays[relay].step_clock(by, self.now),
            Event::AskAnotherRelay { isolate, relay } => {
                let index = isolate % self.isolates.len();
                // Only an isolate with relays has the settings for one.
                if let Some(asked) = &mut self.isolates[index].relay {
                    *asked = relay;
                }
            }
            Event::RestartFeed => {
                self.feed.restart();
                self.tally.feed_restarts += 1;
            }
            Event::RestartFeedWithAnotherEpoch => self.feed.restart_with_another_epoch(),
            Event::PutFeedBack { by, shown_after, restarts_first } => {
                let (place, mut keys, point) = (self.feed.place(), self.feed.keys(), self.now - by);
                self.put_feed_back(point);
                // Acknowledgements show it where no place in the log does.
                keys.retain(|_| place.cursor <= self.feed.place().cursor);
                if restarts_first {
                    self.at(self.now + shown_after, Job::Happens(Event::RestartFeed));
                }
                self.at(self.now + shown_after, Job::Shows { place, keys, point });
            }
            Event::FeedIsDownFor(millis) => self.feed_down_until = self.now + millis,
            Event::KvIsDownFor(millis) => self.kv_down_until = self.now + millis,
        }
        Ok(())
    }

    fn change_tenant_status(&mut self, tenant: usize, suspended: bool) -> Result<(), TestCaseError> {
        self.everyone_asks(Subject::Tenant(tenant), self.now)?;
        let now = self.ledger_clock(tenant);
        self.tenants[tenant].change_tenant_status(tenant, suspended, now);
        self.at(self.now, Job::Outbox(Subject::Tenant(tenant)));
        Ok(())
    }

    /// Another ledger than the operator's acts, if it may still rely on the judgement.
    fn act(&mut self, key: usize, until: Timestamp) -> Result<(), TestCaseError> {
        if self.ledger_clock((tenant_of(key) + 1) % TENANTS) >= until {
            return Ok(());
        }
        let row = &self.keys[key];
        let usable = (row.in_effect(self.now)..=row.latest()).any(|version| row.is_usable(version));
        prop_assert!(usable, "(f) an operator acted after the time from which an answer said that they can't");
        self.tally.acts += 1;
        self.tally.acts_of_an_operator_who_ended += u64::from(!row.is_usable(row.latest()));
        Ok(())
    }

    /// If the plan is watched, asks every isolate at `instant` about the subject of a change.
    fn everyone_asks(&mut self, subject: Subject, instant: Millis) -> Result<(), TestCaseError> {
        let key = match subject {
            Subject::Key(key) => key,
            Subject::Tenant(tenant) => tenant,
        };
        let asking = if self.plan.watched && !self.calm { self.isolates.len() } else { 0 };
        for isolate in 0..asking {
            let request = Event::Request { isolate, key, strict: false, abandoned_after: None };
            if instant == self.now {
                self.happen(request)?;
            } else {
                self.at(instant, Job::Happens(request));
            }
        }
        Ok(())
    }

    /// The fate of a call to the feed that is sent now.
    fn way(&mut self, timeout: Millis) -> Way {
        let fate = draw(&self.plan.calls, &mut self.draws.calls);
        let (there, back, starves) = match fate {
            CallFate::Slow { there, back, timer_starves } if !self.calm => (there, back, timer_starves),
            CallFate::RequestLost { noticed_late } if !self.calm => {
                return Way { arrives_at: None, back_at: self.now + timeout + noticed_late, answered: false };
            }
            CallFate::AnswerLost if !self.calm => {
                let (arrives_at, back_at) = (Some(self.now + PROMPT_MS), self.now + timeout);
                return Way { arrives_at, back_at, answered: false };
            }
            _ => (PROMPT_MS, PROMPT_MS, false),
        };
        let arrives_at = (self.now + there >= self.feed_down_until).then_some(self.now + there);
        let in_time = there + back < timeout || starves;
        let answered = arrives_at.is_some() && in_time;
        let back_at = if answered { self.now + there + back } else { self.now + timeout };
        Way { arrives_at, back_at, answered }
    }
}

fn draw<T: Copy>(fates: &[T], drawn: &mut usize) -> T {
    *drawn += 1;
    fates[(*drawn - 1) % fates.len()]
}
