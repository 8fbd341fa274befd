//! What happens when: the network, the workers around the core, the outboxes.

use std::collections::{BTreeMap, BTreeSet};

use keystile_core::{
    Timestamp,
    feed::{
        client::{Poll, WhenFeedUnreachable},
        lookup::{Answer, Lookup, Needs, Step},
        message::{Change, CurrentAnswer, PollAnswer},
        outbox::{OutboxEntry, Stage, effective_by},
    },
    record::Stored,
};
use proptest::{prelude::*, test_runner::TestCaseError};

use crate::{
    Millis,
    feed::Feed,
    isolate::{Failure, Isolate, Request, Spent},
    kv::{Slot, Value},
    ledger::{MINTED, Row, Subject, tenant_id, tenant_of},
    plan::{CallFate, Event, IsolatePlan, KEYS, Plan, PutFate, ReadFate, TENANTS},
    promise::Tally,
};

const BEGINNING: Millis = 1_800_000_000_000;
/// A ledger gives up a call to the feed or KV after this long.
const LEDGER_TIMEOUT_MS: Millis = 1_000;
/// A message's way when nothing is wrong.
const PROMPT_MS: Millis = 2;
/// When all is calm, every outbox is empty after this long.
const CALM_MS: Millis = 30 * 60_000;

pub(crate) struct World<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) now: Millis,
    pub(crate) isolates: Vec<Isolate>,
    pub(crate) keys: Vec<Row>,
    pub(crate) tenants: Vec<Row>,
    pub(crate) kv: Vec<Slot>,
    pub(crate) tally: Tally,
    feed: Feed,
    relay: (Millis, Feed),
    feed_down_until: Millis,
    kv_down_until: Millis,
    requests: BTreeMap<u64, Request>,
    abandoned: BTreeSet<u64>,
    /// In the order of time, and for one instant of being put here.
    agenda: BTreeMap<(Millis, u64), Job>,
    jobs: u64,
    draws: Draws,
    /// The last poll that each isolate heard the answer of.
    heard: BTreeMap<(usize, u32), Millis>,
    /// The network and KV do no harm any more.
    calm: bool,
    /// And all that was under way has come to its end.
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
    PublishArrives { subject: Subject, change: Change, version: u64, reports: Option<(u64, Millis)> },
    AcknowledgeArrives { key: usize, version: u64, reports: Option<(u64, Millis)> },
    OutboxReports { subject: Subject, attempt: u64, outcome: Result<Option<(u64, u32)>, ()> },
    PutLands { key: usize, value: Value },
    PutReports { key: usize, attempt: u64, landed: bool },
    PollArrives { call: PollCall, reports_at: Option<Millis> },
    PollReports { call: PollCall, answer: Option<PollAnswer> },
    CurrentArrives { request: u64, sent_at: Millis, sent_clock: Timestamp, reports_at: Millis },
    CurrentReports { request: u64, sent_at: Millis, sent_clock: Timestamp, answer: Option<CurrentAnswer> },
    KvReports { request: u64, sent_clock: Timestamp, read: Result<Option<Stored>, ()> },
    Woken { request: u64, waited_ms: Millis },
    Abandoned { request: u64 },
}

#[derive(Clone)]
struct PollCall {
    isolate: usize,
    life: u32,
    poll: Poll,
    sent_at: Millis,
    /// The request that sent it, and whether it waits for it.
    owner: Option<(u64, bool)>,
}

/// A call's way to the feed and back.
#[derive(Clone, Copy)]
struct Way {
    /// When the feed hears of it, perhaps after it was given up.
    arrives_at: Option<Millis>,
    answered: bool,
    /// When the answer is back, or the call given up.
    back_at: Millis,
}

impl<'a> World<'a> {
    pub(crate) fn new(plan: &'a Plan) -> Self {
        let feed = Feed::new(plan.page_entries, plan.imported);
        let mut world = Self {
            plan,
            now: BEGINNING,
            isolates: plan.isolates.iter().cloned().map(Isolate::new).collect(),
            keys: (0..KEYS).map(|_| Row::default()).collect(),
            tenants: (0..TENANTS).map(|_| Row::default()).collect(),
            kv: (0..KEYS).map(|_| Slot::empty()).collect(),
            tally: Tally::default(),
            relay: (BEGINNING, feed.clone()),
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

    /// Lets it all happen, then calm return, and asks everyone once more.
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
        self.isolates.push(Isolate::new(IsolatePlan {
            max_staleness_ms: 2_000,
            when_unreachable: WhenFeedUnreachable::Deny,
            cache_bytes: 1_000_000,
            clock_ahead: 0,
            polls_through_relay: false,
            pages_in_background: true,
        }));
        self.relay = (self.now, self.feed.clone());
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
                if let Some((attempt, at)) = reports {
                    let outcome = Ok(Some((version, answer.max_staleness_ms)));
                    self.at(at, Job::OutboxReports { subject, attempt, outcome });
                }
            }
            Job::AcknowledgeArrives { key, version, reports } => {
                self.feed.acknowledge(MINTED[key].digest(), version, self.now);
                if let Some((attempt, at)) = reports {
                    self.at(at, Job::OutboxReports { subject: Subject::Key(key), attempt, outcome: Ok(None) });
                }
            }
            Job::OutboxReports { subject, attempt, outcome } => {
                return self.outbox_reports(subject, attempt, outcome);
            }
            Job::PutLands { key, value } => {
                self.tally.puts_that_landed_late +=
                    u64::from(self.kv[key].at(self.now).is_some_and(|known| known.version > value.version));
                self.kv[key].put(value, self.now);
            }
            Job::PutReports { key, attempt, landed } => {
                self.keys[key].put_under_way = false;
                let outcome = if landed { Ok(None) } else { Err(()) };
                self.outbox_reports(Subject::Key(key), attempt, outcome)?;
                self.at(self.now, Job::Outbox(Subject::Key(key)));
            }
            Job::PollArrives { call, reports_at } => self.poll_arrives(call, reports_at),
            Job::PollReports { call, answer } => return self.poll_reports(call, answer),
            Job::CurrentArrives { request, sent_at, sent_clock, reports_at } => {
                let Some(key) = self.requests.get(&request).map(|request| request.key) else { return Ok(()) };
                let answer = self.feed.current(&MINTED[key].digest(), &tenant_id(tenant_of(key)));
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
            Event::Suspend { tenant } => return self.change_standing(tenant, true),
            Event::Resume { tenant } => return self.change_standing(tenant, false),
            Event::RestartIsolate { isolate } => {
                let index = isolate % self.isolates.len();
                self.isolates[index].restart();
                self.requests.retain(|_, request| request.isolate != index);
            }
            Event::StepClock { isolate, by } => {
                let index = isolate % self.isolates.len();
                self.isolates[index].step_clock(by, self.now);
            }
            Event::RefreshRelay => self.relay = (self.now, self.feed.clone()),
            Event::RestartFeedWithAnotherEpoch => self.feed.restart_with_another_epoch(),
            Event::FeedIsDownFor(millis) => self.feed_down_until = self.now + millis,
            Event::KvIsDownFor(millis) => self.kv_down_until = self.now + millis,
        }
        Ok(())
    }

    fn change_standing(&mut self, tenant: usize, suspended: bool) -> Result<(), TestCaseError> {
        self.everyone_asks(Subject::Tenant(tenant), self.now)?;
        let now = self.ledger_clock(tenant);
        self.tenants[tenant].change_standing(tenant, suspended, now);
        self.at(self.now, Job::Outbox(Subject::Tenant(tenant)));
        Ok(())
    }

    /// If this is watched, every isolate is asked at `instant` for what a change is about.
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
}

/// Requests, as the edge worker carries them out.
impl World<'_> {
    fn begin_request(
        &mut self,
        isolate: usize,
        key: usize,
        strict: bool,
        abandoned_after: Option<Millis>,
    ) -> Result<(), TestCaseError> {
        let lookup = Lookup::new(MINTED[key].digest(), strict, self.clock(isolate));
        let steps_back = self.isolates[isolate].steps_back;
        let (started_at, spent) = (self.now, Spent::default());
        let request = Request { isolate, key, strict, started_at, lookup, pending: 0, spent, steps_back };
        self.jobs += 1;
        let id = self.jobs;
        self.requests.insert(id, request);
        if let Some(after) = abandoned_after {
            self.at(self.now + after, Job::Abandoned { request: id });
        }
        self.step(id)
    }

    fn operation_ended(&mut self, id: u64) -> Result<(), TestCaseError> {
        let Some(request) = self.requests.get_mut(&id) else { return Ok(()) };
        request.pending -= 1;
        if request.pending == 0 { self.step(id) } else { Ok(()) }
    }

    fn step(&mut self, id: u64) -> Result<(), TestCaseError> {
        let Some(isolate) = self.requests.get(&id).map(|request| request.isolate) else { return Ok(()) };
        let clock = self.clock(isolate);
        let Some(request) = self.requests.get_mut(&id) else { return Ok(()) };
        request.spent.steps += 1;
        let client = &mut self.isolates[isolate].client;
        match request.lookup.step(client, clock) {
            Step::Do(needs) => self.carry_out(id, isolate, needs),
            Step::Answer(answer) => {
                self.tally.warm += u64::from(request.spent.steps == 1 && matches!(answer, Answer::Found { .. }));
                self.tally.in_overflow += u64::from(client.overflowed(clock));
                self.finish(id, &answer)?;
            }
        }
        Ok(())
    }

    fn finish(&mut self, id: u64, answer: &Answer) -> Result<(), TestCaseError> {
        let Some(request) = self.requests.remove(&id) else { return Ok(()) };
        self.hold_promises(&request, answer)?;
        if self.settled {
            self.hold_truth(&request, answer)?;
        }
        let now = self.clock(request.isolate);
        let client = &mut self.isolates[request.isolate].client;
        let refresh = if client.refresh_due(now) { client.begin_poll(now) } else { None };
        if let Some(poll) = refresh {
            self.send_poll(request.isolate, poll, None);
        }
        Ok(())
    }

    fn carry_out(&mut self, id: u64, isolate: usize, needs: Needs) {
        let Some(request) = self.requests.get_mut(&id) else { return };
        let count = |needed: bool| u32::from(needed);
        request.pending = count(needs.poll.is_some())
            + count(needs.read_kv)
            + count(needs.read_current)
            + count(needs.wait_ms.is_some());
        assert!(request.pending > 0, "(d) nothing to do and no answer");
        request.spent.polls += count(needs.poll.is_some());
        request.spent.kv_reads += count(needs.read_kv);
        request.spent.currents += count(needs.read_current);
        let key = request.key;
        let sent_clock = self.clock(isolate);
        if let Some(poll) = needs.poll {
            self.send_poll(isolate, poll, Some((id, true)));
        }
        if needs.read_kv {
            self.read_kv(id, key, sent_clock);
        }
        if needs.read_current {
            let way = self.way(self.isolates[isolate].client.settings().timeout_ms());
            let (request, sent_at, reports_at) = (id, self.now, way.back_at);
            match way.arrives_at.filter(|_| way.answered) {
                Some(at) => self.at(at, Job::CurrentArrives { request, sent_at, sent_clock, reports_at }),
                None => self.at(reports_at, Job::CurrentReports { request, sent_at, sent_clock, answer: None }),
            }
        }
        if let Some(wait_ms) = needs.wait_ms {
            let waited_ms = Millis::from(wait_ms);
            self.at(self.now + waited_ms, Job::Woken { request: id, waited_ms });
        }
    }

    fn read_kv(&mut self, request: u64, key: usize, sent_clock: Timestamp) {
        let fate = draw(&self.plan.kv_reads, &mut self.draws.kv_reads);
        let (takes, lags) = match fate {
            _ if self.calm => (PROMPT_MS, Some(0)),
            ReadFate::Latest => (PROMPT_MS, Some(0)),
            ReadFate::Lagging { per_mille, takes } => (takes, Some(self.plan.kv_lag * per_mille / 1_000)),
            ReadFate::Fails { takes } => (takes, None),
        };
        let read = match lags.filter(|_| self.now >= self.kv_down_until) {
            Some(lags) => Ok(self.kv[key].at(self.now - lags).map(|value| Stored::decode(&value.record).unwrap())),
            None => Err(()),
        };
        self.at(self.now + takes, Job::KvReports { request, sent_clock, read });
    }

    fn send_poll(&mut self, isolate: usize, poll: Poll, owner: Option<(u64, bool)>) {
        let way = self.way(self.isolates[isolate].client.settings().timeout_ms());
        let call = PollCall { isolate, life: self.isolates[isolate].life, poll, sent_at: self.now, owner };
        if !way.answered {
            self.at(way.back_at, Job::PollReports { call: call.clone(), answer: None });
        }
        if let Some(at) = way.arrives_at {
            self.at(at, Job::PollArrives { call, reports_at: way.answered.then_some(way.back_at) });
        }
    }

    fn poll_arrives(&mut self, call: PollCall, reports_at: Option<Millis>) {
        self.feed.note_staleness(call.poll.request.max_staleness_ms, self.now);
        let through_relay = self.isolates[call.isolate].plan.polls_through_relay;
        // What a relay has may be too old for an edge that the feed hears of
        // only now: what was published since is said to be in effect too soon.
        if through_relay && self.relay.1.stated(self.relay.0) < call.poll.request.max_staleness_ms {
            self.relay = (self.now, self.feed.clone());
        }
        let (refreshed_at, relay) = &mut self.relay;
        let answer = if through_relay {
            let age = u32::try_from(self.now - *refreshed_at).unwrap();
            self.tally.aged_answers += u64::from(age > 0);
            relay.poll(&call.poll.request, age, self.now)
        } else {
            self.feed.poll(&call.poll.request, 0, self.now)
        };
        let known = call.poll.request.epoch.as_ref();
        self.tally.more_pages += u64::from(answer.more);
        self.tally.resets_of_warm_isolates += u64::from(answer.reset && known.is_some());
        self.tally.resets_below_the_floor += u64::from(answer.reset && known == Some(&answer.epoch));
        if let Some(at) = reports_at {
            self.at(at, Job::PollReports { call, answer: Some(answer) });
        }
    }

    fn poll_reports(&mut self, call: PollCall, answer: Option<PollAnswer>) -> Result<(), TestCaseError> {
        let gone = call.owner.is_some_and(|(owner, _)| self.abandoned.contains(&owner));
        if gone || call.life != self.isolates[call.isolate].life {
            return Ok(());
        }
        let now = self.clock(call.isolate);
        let isolate = &mut self.isolates[call.isolate];
        let next = match answer {
            Some(answer) => {
                let heard = self.heard.entry((call.isolate, call.life)).or_insert(call.sent_at);
                self.tally.overtaken_answers += u64::from(*heard > call.sent_at);
                *heard = call.sent_at.max(*heard);
                isolate.client.poll_answered(call.poll.ticket, answer, now)
            }
            None => {
                isolate.failures.push(Failure { sent_at: call.sent_at, noticed_at: self.now });
                isolate.client.poll_failed(call.poll.ticket, now);
                None
            }
        };
        let waits_on = next.is_some() && !isolate.plan.pages_in_background;
        if let Some(poll) = next {
            let owner = call.owner.map(|(owner, waits)| (owner, waits && waits_on));
            self.send_poll(call.isolate, poll, owner);
        }
        match call.owner {
            Some((owner, true)) if !waits_on => self.operation_ended(owner),
            _ => Ok(()),
        }
    }

    /// What becomes of a call to the feed that is sent now.
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

    /// A reading of an isolate's clock.
    fn clock(&mut self, isolate: usize) -> Timestamp {
        let behind = draw(&self.plan.jitter, &mut self.draws.jitter);
        self.isolates[isolate].clock(self.now - behind)
    }
}

/// The ledgers' outboxes, as an alarm carries them out.
impl World<'_> {
    fn row(&mut self, subject: Subject) -> &mut Row {
        match subject {
            Subject::Key(key) => &mut self.keys[key],
            Subject::Tenant(tenant) => &mut self.tenants[tenant],
        }
    }

    fn ledger_clock(&self, tenant: usize) -> Timestamp {
        Timestamp::from_millis(self.now + self.plan.ledger_clocks[tenant])
    }

    fn true_time(&self, tenant: usize, clock: Timestamp) -> Millis {
        clock.as_millis() - self.plan.ledger_clocks[tenant]
    }

    fn work_outbox(&mut self, subject: Subject) {
        let now = self.ledger_clock(subject.tenant());
        let row = self.row(subject);
        let Some(entry) = row.entry.filter(|entry| entry.due_at <= now) else { return };
        let Some(state) = row.version(entry.version).map(|version| version.state.clone()) else { return };
        let holds_back = row.put_under_way && matches!(entry.stage, Stage::Put | Stage::Confirm);
        if holds_back {
            return;
        }
        row.attempt += 1;
        // Until the outcome is known, nothing else is attempted for this version.
        row.entry = Some(OutboxEntry { due_at: Timestamp::from_millis(Millis::MAX), ..entry });
        let attempt = row.attempt;
        match (entry.stage, subject) {
            (Stage::Publish, _) => self.publish(subject, state.change(), entry.version, attempt),
            (Stage::Acknowledge, Subject::Key(key)) => self.acknowledge(key, entry.version, attempt),
            (_, Subject::Key(key)) => {
                let Change::Key { record, .. } = state.change() else { return };
                self.put(key, Value { version: entry.version, record }, attempt);
            }
            // KV has no part in standings.
            (_, Subject::Tenant(_)) => self.row(subject).entry = None,
        }
    }

    fn publish(&mut self, subject: Subject, change: Change, version: u64, attempt: u64) {
        let repeated = draw(&self.plan.calls, &mut { self.draws.calls });
        if let CallFate::Repeated { after } = repeated
            && !self.calm
        {
            let again = Job::PublishArrives { subject, change: change.clone(), version, reports: None };
            self.at(self.now + PROMPT_MS + after, again);
        }
        let way = self.way(LEDGER_TIMEOUT_MS);
        let reports = way.answered.then_some((attempt, way.back_at));
        if let Some(at) = way.arrives_at {
            self.at(at, Job::PublishArrives { subject, change, version, reports });
        }
        if reports.is_none() {
            self.at(way.back_at, Job::OutboxReports { subject, attempt, outcome: Err(()) });
        }
    }

    fn acknowledge(&mut self, key: usize, version: u64, attempt: u64) {
        let way = self.way(LEDGER_TIMEOUT_MS);
        let reports = way.answered.then_some((attempt, way.back_at));
        if let Some(at) = way.arrives_at {
            self.at(at, Job::AcknowledgeArrives { key, version, reports });
        }
        if reports.is_none() {
            let (subject, outcome) = (Subject::Key(key), Err(()));
            self.at(way.back_at, Job::OutboxReports { subject, attempt, outcome });
        }
    }

    fn put(&mut self, key: usize, value: Value, attempt: u64) {
        self.keys[key].put_under_way = true;
        let fate = draw(&self.plan.kv_puts, &mut self.draws.kv_puts);
        let down = self.now < self.kv_down_until;
        let (lands_after, landed, takes) = match fate {
            _ if self.calm => (Some(PROMPT_MS), true, PROMPT_MS),
            _ if down => (None, false, LEDGER_TIMEOUT_MS),
            PutFate::Prompt => (Some(PROMPT_MS), true, PROMPT_MS),
            PutFate::Slow { takes } => (Some(takes), true, takes),
            PutFate::Lost => (None, false, LEDGER_TIMEOUT_MS),
            PutFate::LandsLate { after } => (Some(after), false, LEDGER_TIMEOUT_MS),
        };
        if let Some(after) = lands_after {
            self.at(self.now + after, Job::PutLands { key, value });
        }
        self.at(self.now + takes, Job::PutReports { key, attempt, landed });
    }

    fn outbox_reports(
        &mut self,
        subject: Subject,
        attempt: u64,
        outcome: Result<Option<(u64, u32)>, ()>,
    ) -> Result<(), TestCaseError> {
        let tenant = subject.tenant();
        let now = self.ledger_clock(tenant);
        // It was published, whether or not a newer change started over since.
        if let Ok(Some((version, max_staleness_ms))) = outcome {
            let by = self.true_time(tenant, effective_by(now, max_staleness_ms));
            self.row(subject).effective(version, by);
            self.everyone_asks(subject, by + 1)?;
        }
        let row = self.row(subject);
        let Some(entry) = row.entry.filter(|_| row.attempt == attempt) else { return Ok(()) };
        row.entry = if outcome.is_ok() { entry.done(now) } else { Some(entry.failed(now)) };
        if let Some(due_at) = row.entry.map(|entry| entry.due_at) {
            self.at(self.true_time(tenant, due_at), Job::Outbox(subject));
        }
        Ok(())
    }
}

fn draw<T: Copy>(fates: &[T], drawn: &mut usize) -> T {
    *drawn += 1;
    fates[(*drawn - 1) % fates.len()]
}
