//! Requests, as the edge worker carries them out.

use keystile_core::{
    Timestamp,
    access::record::Stored,
    feed::{
        client::{PartCall, Poll},
        follow::RecordRequest,
        lookup::{Lookup, LookupAnswer, Needs, Step},
        message::{PollAnswer, PollRequest, TenantStatus},
    },
};
use proptest::test_runner::TestCaseError;

use super::{Caller, Job, PROMPT_MS, PollCall, Question, World, draw};
use crate::{
    Millis,
    isolate::{Failure, Request, Spent},
    ledger::{MINTED, Subject, tenant_of},
    plan::ReadFate,
};

impl World<'_> {
    pub(super) fn begin_request(
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

    pub(super) fn operation_ended(&mut self, id: u64) -> Result<(), TestCaseError> {
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
                self.tally.warm += u64::from(request.spent.steps == 1 && matches!(answer, LookupAnswer::Found { .. }));
                self.tally.in_overflow += u64::from(client.overflowed(clock));
                self.finish(id, &answer)?;
            }
        }
        Ok(())
    }

    fn finish(&mut self, id: u64, answer: &LookupAnswer) -> Result<(), TestCaseError> {
        let Some(request) = self.requests.remove(&id) else { return Ok(()) };
        self.hold_promises(&request, answer)?;
        if self.settled {
            self.hold_truth(&request, answer)?;
        }
        let now = self.clock(request.isolate);
        let client = &mut self.isolates[request.isolate].client;
        let refresh = if client.refresh_due(now) { client.begin_poll(now, None) } else { None };
        if let Some(poll) = refresh {
            self.send_poll(request.isolate, poll, None);
        }
        Ok(())
    }

    fn carry_out(&mut self, id: u64, isolate: usize, needs: Needs) {
        let Some(request) = self.requests.get_mut(&id) else { return };
        let count = |needed: bool| u32::from(needed);
        request.pending = count(needs.poll.is_some())
            + count(needs.part.is_some())
            + count(needs.read_kv)
            + count(needs.read_record.is_some())
            + count(needs.read_current)
            + count(needs.read_tenant_status.is_some())
            + count(needs.wait_ms.is_some());
        assert!(request.pending > 0, "(d) nothing to do and no answer");
        request.spent.polls += count(needs.poll.is_some());
        request.spent.parts += count(needs.part.is_some());
        request.spent.kv_reads += count(needs.read_kv);
        request.spent.records += count(needs.read_record.is_some());
        request.spent.currents += count(needs.read_current);
        request.spent.tenant_status_reads += count(needs.read_tenant_status.is_some());
        let key = request.key;
        let sent_clock = self.clock(isolate);
        if let Some(poll) = needs.poll {
            self.send_poll(isolate, poll, Some((id, true)));
        }
        let (relay, timeout) = (self.isolates[isolate].relay, self.isolates[isolate].client.settings().timeout_ms());
        if let (Some(call), Some(relay)) = (&needs.part, relay) {
            let question = Question::Poll((*call.request).clone());
            let caller = Caller::Part { request: id, call: call.clone(), sent_at: self.now, sent_clock };
            self.ask(Some(relay), question, caller, timeout);
        } else if let Some(call) = needs.part {
            let way = self.way(self.isolates[isolate].client.settings().timeout_ms());
            let (request, sent_at, reports_at) = (id, self.now, way.back_at);
            match way.arrives_at.filter(|_| way.answered) {
                Some(at) => self.at(at, Job::PartArrives { request, call, sent_at, sent_clock, reports_at }),
                None => self.at(reports_at, Job::PartReports { request, call, sent_at, sent_clock, answer: None }),
            }
        }
        if let (Some(version), Some(relay)) = (needs.read_record, relay) {
            let question = Question::Record(RecordRequest { digest: MINTED[key].digest(), version });
            self.ask(Some(relay), question, Caller::Record { request: id, sent_clock }, timeout);
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
        if needs.read_tenant_status.is_some() {
            self.read_tenant_status(id, tenant_of(key), sent_clock);
        }
        if let Some(wait_ms) = needs.wait_ms {
            let waited_ms = Millis::from(wait_ms);
            self.at(self.now + waited_ms, Job::Woken { request: id, waited_ms });
        }
    }

    fn read_kv(&mut self, request: u64, key: usize, sent_clock: Timestamp) {
        let (takes, read) = self.read_slot(Subject::Key(key), |text| Stored::decode(text).unwrap());
        self.at(self.now + takes, Job::KvReports { request, sent_clock, read });
    }

    fn read_tenant_status(&mut self, request: u64, tenant: usize, sent_clock: Timestamp) {
        let (takes, read) = self.read_slot(Subject::Tenant(tenant), |text| TenantStatus::read(text).unwrap());
        self.at(self.now + takes, Job::TenantStatusReports { request, tenant, sent_clock, read });
    }

    /// The duration of a read, and its result.
    fn read_slot<T>(&mut self, subject: Subject, decode: impl Fn(&str) -> T) -> (Millis, Result<Option<T>, ()>) {
        let fate = draw(&self.plan.kv_reads, &mut self.draws.kv_reads);
        let (takes, lags) = match fate {
            _ if self.calm => (PROMPT_MS, Some(0)),
            ReadFate::Latest => (PROMPT_MS, Some(0)),
            ReadFate::Lagging { per_mille, takes } => (takes, Some(self.plan.kv_lag * per_mille / 1_000)),
            ReadFate::Fails { takes } => (takes, None),
        };
        let read = match lags.filter(|_| self.now >= self.kv_down_until) {
            Some(lags) => {
                let instant = self.now - lags;
                Ok(self.slot(subject).at(instant).map(|value| decode(&value.text)))
            }
            None => Err(()),
        };
        (takes, read)
    }

    fn send_poll(&mut self, isolate: usize, poll: Poll, owner: Option<(u64, bool)>) {
        let timeout = self.isolates[isolate].client.settings().timeout_ms();
        if let Some(relay) = self.isolates[isolate].relay {
            let question = Question::Poll((*poll.request).clone());
            let call = PollCall { isolate, life: self.isolates[isolate].life, poll, sent_at: self.now, owner };
            return self.ask(Some(relay), question, Caller::Poll(call), timeout);
        }
        let way = self.way(timeout);
        let call = PollCall { isolate, life: self.isolates[isolate].life, poll, sent_at: self.now, owner };
        if !way.answered {
            self.at(way.back_at, Job::PollReports { call: call.clone(), answer: None });
        }
        if let Some(at) = way.arrives_at {
            self.at(at, Job::PollArrives { call, reports_at: way.answered.then_some(way.back_at) });
        }
    }

    pub(super) fn poll_arrives(&mut self, call: PollCall, reports_at: Option<Millis>) {
        let answer = self.poll_feed(&call.poll.request);
        self.count_page(&call.poll.request, &answer);
        if let Some(at) = reports_at {
            self.at(at, Job::PollReports { call, answer: Some(answer) });
        }
    }

    pub(super) fn count_page(&mut self, request: &PollRequest, answer: &PollAnswer) {
        let known = request.epoch.as_ref();
        self.tally.more_pages += u64::from(answer.more);
        self.tally.resets_of_warm_isolates += u64::from(answer.reset && known.is_some());
        self.tally.resets_below_the_floor += u64::from(answer.reset && known == Some(&answer.epoch));
    }

    pub(super) fn part_reports(
        &mut self,
        request: u64,
        call: &PartCall,
        sent_at: Millis,
        sent_clock: Timestamp,
        answer: Option<PollAnswer>,
    ) -> Result<(), TestCaseError> {
        let Some(asking) = self.requests.get_mut(&request) else { return Ok(()) };
        let isolate = asking.isolate;
        self.tally.parts += u64::from(answer.is_some());
        if answer.is_none() {
            self.note_failure(isolate, sent_at);
        }
        let isolate = &mut self.isolates[isolate];
        let now = isolate.clock(self.now);
        if let Some(asking) = self.requests.get_mut(&request) {
            asking.lookup.part_answered(&mut isolate.client, call, answer, sent_clock, now);
        }
        self.operation_ended(request)
    }

    pub(super) fn poll_reports(&mut self, call: PollCall, answer: Option<PollAnswer>) -> Result<(), TestCaseError> {
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

    /// A reading of an isolate's clock.
    fn clock(&mut self, isolate: usize) -> Timestamp {
        let behind = draw(&self.plan.jitter, &mut self.draws.jitter);
        self.isolates[isolate].clock(self.now - behind)
    }
}
