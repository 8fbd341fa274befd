//! The ledgers' outboxes, as an alarm carries them out.

use keystile_core::{
    KeyDigest, Timestamp,
    access::operator::JUDGED_FOR_MS,
    feed::{
        message::{Change, PollRequest},
        outbox::{OutboxEntry, Stage, Told, effective_by},
    },
};
use proptest::test_runner::TestCaseError;

use super::{Job, PROMPT_MS, World, draw};
use crate::{
    Millis,
    kv::{Slot, Value},
    ledger::{Row, Subject},
    plan::{CallFate, KEYS, Planted, PutFate, TENANTS},
};

/// The time after which a ledger gives up a call to the feed or KV.
const LEDGER_TIMEOUT_MS: Millis = 1_000;
/// The largest staleness of any isolate.
const LONGEST_STALENESS_MS: u32 = 5_000;

impl World<'_> {
    pub(super) fn row(&mut self, subject: Subject) -> &mut Row {
        match subject {
            Subject::Key(key) => &mut self.keys[key],
            Subject::Tenant(tenant) => &mut self.tenants[tenant],
        }
    }

    /// KV's values at the subject's address.
    pub(super) fn slot(&mut self, subject: Subject) -> &mut Slot {
        match subject {
            Subject::Key(key) => &mut self.kv[key],
            Subject::Tenant(tenant) => &mut self.kv_tenant_statuses[tenant],
        }
    }

    pub(super) fn ledger_clock(&self, tenant: usize) -> Timestamp {
        Timestamp::from_millis(self.now + self.plan.ledger_clocks[tenant])
    }

    fn true_time(&self, tenant: usize, clock: Timestamp) -> Millis {
        clock.as_millis() - self.plan.ledger_clocks[tenant]
    }

    pub(super) fn work_outbox(&mut self, subject: Subject) {
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
            // The feed needs no report that KV has it.
            (Stage::Acknowledge, Subject::Tenant(_)) => self.row(subject).entry = None,
            // No subject of this world has entries for the limiter or for the router of events.
            (Stage::Tell | Stage::Record, _) => self.row(subject).entry = None,
            (Stage::Put | Stage::Confirm, _) => {
                let text = match state.change() {
                    Change::Key { record, .. } => record,
                    Change::Tenant(tenant_status) => tenant_status.encode(),
                };
                self.put(subject, Value { version: entry.version, text }, attempt);
            }
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

    fn put(&mut self, subject: Subject, value: Value, attempt: u64) {
        self.row(subject).put_under_way = true;
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
            self.at(self.now + after, Job::PutLands { subject, value });
        }
        self.at(self.now + takes, Job::PutReports { subject, attempt, landed });
    }

    /// The subject's present state in its ledger.
    fn stands(&mut self, subject: Subject) -> Told {
        let ahead = self.plan.ledger_clocks[subject.tenant()];
        let row = self.row(subject);
        let by = row.version(row.latest()).and_then(|version| version.effective_by);
        Told { version: row.latest(), effective_by: by.map(|by| Timestamp::from_millis(by + ahead)) }
    }

    /// The least time that a change of the subject takes: others act on judgements of operators for as long.
    fn least(&self, subject: Subject) -> u32 {
        let judged = self.plan.operators && self.planted != Some(Planted::JudgementsOutliveTheEnd);
        if judged && matches!(subject, Subject::Key(_)) { JUDGED_FOR_MS } else { 0 }
    }

    /// The author of the change gets the answer and relies on it: this version, or a later one, holds from then on.
    fn answer(&mut self, subject: Subject, told: Option<Told>) -> Result<(), TestCaseError> {
        let Some(Told { version, effective_by: Some(by) }) = told else {
            return Err(TestCaseError::fail("(e) the feed took it, and nobody says when it is in effect"));
        };
        // Whoever prefers to wait gets the answer when the API's clock shows that time.
        let waits_until = match self.planted {
            Some(Planted::NobodyWaits) => self.now,
            _ => self.now.max(by.as_millis() - self.plan.api_clock),
        };
        let always = self.plan.holds_always() || self.planted == Some(Planted::HoldsAlways);
        let by = self.true_time(subject.tenant(), by);
        let from = by.min(waits_until);
        let speaks_of_the_row = self.planted == Some(Planted::AnswerSpeaksOfTheRow);
        let row = self.row(subject);
        let newer = row.latest() > version;
        row.effective(version, by);
        let shown = if speaks_of_the_row { row.latest() } else { version };
        if row.is_lost(shown) {
            return Ok(());
        }
        row.relied_on(shown, from, always);
        self.tally.answers += 1;
        self.tally.answers_that_always_hold += u64::from(always);
        self.tally.answers_beside_a_newer_version += u64::from(newer);
        self.everyone_asks(subject, from + 1)
    }

    /// Puts the feed back to its state at `instant`. That starts the object again, so answers under way are lost.
    pub(super) fn put_feed_back(&mut self, instant: Millis) {
        let earlier = self.feed_was.iter().rfind(|(at, _)| *at <= instant).or(self.feed_was.first());
        let Some((_, earlier)) = earlier.cloned() else { return };
        self.feed.put_back_to(&earlier);
        self.feed_was.push((self.now, self.feed.clone()));
        for job in self.agenda.values_mut() {
            if let Job::OutboxReports { outcome, .. } = job {
                *outcome = Err(());
            }
        }
        let subjects = (0..KEYS).map(Subject::Key).chain((0..TENANTS).map(Subject::Tenant));
        for subject in subjects {
            let Some(change) = self.row(subject).version(1).map(|version| version.state.change()) else { continue };
            let version = self.feed.version_of(&change);
            let lost = self.row(subject).lose_after(version);
            self.tally.versions_lost += u64::from(lost);
        }
    }

    /// Somebody shows the feed that it was put back: by their place in the log, or by
    /// acknowledging what it had. Of another log nobody can say anything, so there the point is known.
    pub(super) fn show(&mut self, place: &PollRequest, keys: &[(KeyDigest, u64)], point: Millis) {
        if place.epoch != self.feed.place().epoch {
            self.at(self.now, Job::PublishAgain { since: point });
        } else if !self.notice(place) {
            keys.iter().for_each(|(digest, version)| self.notice_acknowledged(*digest, *version));
        }
    }

    /// Whether the feed notices by an isolate's place in the log that it was put back. Then the ledgers publish again.
    pub(super) fn notice(&mut self, place: &PollRequest) -> bool {
        let Some((since, changed_since)) = self.feed.notice(place) else { return false };
        self.tally.put_back_noticed += 1;
        self.tally.put_back_noticed_after_a_change += u64::from(changed_since);
        self.feed_was.push((self.now, self.feed.clone()));
        self.at(self.now, Job::PublishAgain { since });
        true
    }

    /// The same, by a ledger that acknowledges a version.
    pub(super) fn notice_acknowledged(&mut self, digest: KeyDigest, version: u64) {
        if let Some(since) = self.feed.notice_acknowledged(&digest, version) {
            self.tally.put_back_noticed_by_a_ledger += 1;
            self.at(self.now, Job::PublishAgain { since });
        }
    }

    /// Every ledger publishes its present state again, if the feed took it since.
    pub(super) fn publish_again(&mut self, since: Millis) {
        for subject in (0..KEYS).map(Subject::Key).chain((0..TENANTS).map(Subject::Tenant)) {
            let now = self.ledger_clock(subject.tenant());
            self.row(subject).publish_again(since, now);
            self.at(self.now, Job::Outbox(subject));
        }
    }

    pub(super) fn outbox_reports(
        &mut self,
        subject: Subject,
        attempt: u64,
        outcome: Result<Option<(u64, u32)>, ()>,
    ) -> Result<(), TestCaseError> {
        let tenant = subject.tenant();
        let now = self.ledger_clock(tenant);
        // The change was published, even if a newer change has started over since. Its author gets an answer and may
        // rely on all of it.
        if let Ok(Some((version, max_staleness_ms))) = outcome {
            let left = Told { version, effective_by: None };
            let taken = match self.planted {
                Some(Planted::InEffectAtOnce) => now,
                _ => effective_by(now, max_staleness_ms.max(self.least(subject))),
            };
            let told = left.published(Some(taken), self.stands(subject));
            self.answer(subject, told)?;
        }
        // A failed publication may not matter any more, if a later version is in effect.
        let row = self.row(subject);
        let failed = row.entry.filter(|entry| outcome.is_err() && entry.stage == Stage::Publish);
        if let Some(entry) = failed.filter(|_| row.attempt == attempt) {
            let left = Told { version: entry.version, effective_by: None };
            let as_if_taken = self.planted == Some(Planted::FailureIsNoFailure);
            let taken = as_if_taken.then(|| effective_by(now, LONGEST_STALENESS_MS));
            if let Some(told) = left.published(taken, self.stands(subject)) {
                self.answer(subject, Some(told))?;
            }
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
