//! The promises, compared with the ledgers' history.

use keystile_core::{
    Environment, Timestamp,
    access::{
        record::{KeyRecord, KeyState},
        scope::Catalog,
        verdict::{Demand, Refusal},
    },
    feed::{
        client::{CLOCK_JITTER_MS, KV_ONLY_RECORD_AGE_MS, LEASE_GRACE_MS, WhenFeedUnreachable},
        lookup::{Basis, LookupAnswer, Unavailable},
        outbox::EFFECTIVE_MARGIN_MS,
    },
};
use proptest::{prelude::*, test_runner::TestCaseError};

use crate::{
    Millis,
    isolate::Request,
    ledger::{needed, tenant_of},
    world::World,
};

/// The maximum time of a KV read and the steps before it in a request.
const LONGEST_REQUEST_MS: Millis = 10_000;

impl World<'_> {
    /// Checks (a) to (d) for one answer.
    pub(crate) fn hold_promises(&mut self, request: &Request, answer: &LookupAnswer) -> Result<(), TestCaseError> {
        self.hold_cost(request)?;
        match answer {
            LookupAnswer::Found { record, suspended, basis } => self.hold_found(request, record, *suspended, *basis),
            LookupAnswer::Missing => self.hold_missing(request),
            LookupAnswer::Unavailable(why) => {
                self.tally.unavailable += 1;
                prop_assert_ne!(*why, Unavailable::RecordTooNew, "(c) no record is too new");
                // A feed that was put back lacks records that isolates know of.
                let row = &self.keys[request.key];
                let lost = row.was_lost_since(request.started_at - LONGEST_REQUEST_MS);
                let known = lost && *why == Unavailable::Storage;
                self.tally.unavailable_after_putting_back += u64::from(known);
                prop_assert!(
                    known || self.feed_failed_lately(request),
                    "(c) unavailable though no call failed: {:?}",
                    why
                );
                Ok(())
            }
        }
    }

    fn hold_found(
        &mut self,
        request: &Request,
        record: &KeyRecord,
        suspended: bool,
        basis: Basis,
    ) -> Result<(), TestCaseError> {
        let (row, tenant) = (&self.keys[request.key], &self.tenants[tenant_of(request.key)]);
        let made = row.key(record.version).map(|key| &key.record);
        let now = self.isolates[request.isolate].clock(self.now);
        prop_assert!(says_the_same(record, made, now), "(e) no ledger ever made this: {record:?}");
        let verdict = self.judge(request, record, suspended);
        match basis {
            Basis::Feed => {
                let rule = if verdict.is_ok() { "(a) accepted" } else { "(b) refused" };
                let in_effect = row.in_effect(request.started_at);
                prop_assert!(
                    record.version >= in_effect,
                    "{rule} on version {} though version {in_effect} was in effect: {verdict:?}",
                    record.version
                );
                let mut tenant_statuses = tenant.in_effect(request.started_at)..=tenant.latest();
                // Of a key that it doesn't know the feed can't say how its tenant stands.
                let unknown_key = row.is_lost(1);
                prop_assert!(
                    unknown_key
                        || verdict == Err(Refusal::Revoked)
                        || tenant_statuses.any(|version| tenant.suspended(version) == suspended),
                    "{rule} on a standing that was no longer in effect: suspended {suspended}"
                );
            }
            Basis::KvOnly => {
                let setting = self.isolates[request.isolate].plan.when_unreachable;
                prop_assert!(!request.strict, "(a) a strict route was served by KV alone");
                prop_assert_eq!(setting, WhenFeedUnreachable::Kv, "(a) served by KV alone against the setting");
                prop_assert!(self.feed_failed_lately(request), "(a) served by KV alone though no call failed");
                let always = row.always_in_effect(request.started_at);
                prop_assert!(record.version >= always, "(f) KV alone served what an answer said can't be any more");
                let reach = self.plan.kv_lag + KV_ONLY_RECORD_AGE_MS + LONGEST_REQUEST_MS;
                let oldest = self.kv[request.key].oldest_version(request.started_at - reach, self.now);
                // A statement that the feed made while it was put back is remembered like one of KV.
                let stated_lately = request.started_at - KV_ONLY_RECORD_AGE_MS - LONGEST_REQUEST_MS;
                let put_back = row.was_lost_since(stated_lately) || tenant.was_lost_since(stated_lately);
                prop_assert!(
                    put_back || record.version >= oldest,
                    "(a) KV alone served version {} when {oldest} was the oldest it had",
                    record.version
                );
                let tenant_statuses = &self.kv_tenant_statuses[tenant_of(request.key)];
                let mut tenant_statuses =
                    tenant_statuses.oldest_version(request.started_at - reach, self.now)..=tenant.latest();
                prop_assert!(
                    put_back
                        || verdict == Err(Refusal::Revoked)
                        || tenant_statuses.any(|version| tenant.suspended(version) == suspended),
                    "(a) KV alone served on a standing older than any it had: suspended {suspended}"
                );
                let always = tenant.always_in_effect(request.started_at);
                prop_assert!(
                    verdict == Err(Refusal::Revoked)
                        || (always..=tenant.latest()).any(|version| tenant.suspended(version) == suspended),
                    "(f) KV alone served on a standing that an answer said can't be any more"
                );
                self.tally.by_kv_alone += 1;
                self.tally.suspended_by_kv_alone += u64::from(suspended && verdict == Err(Refusal::TenantSuspended));
            }
        }
        self.tally.count(&verdict);
        Ok(())
    }

    fn hold_missing(&mut self, request: &Request) -> Result<(), TestCaseError> {
        self.tally.missing += 1;
        let row = &self.keys[request.key];
        let taken_at = row.version(1).and_then(|version| version.taken_at);
        let Some(taken_at) = taken_at.filter(|taken_at| *taken_at < request.started_at) else { return Ok(()) };
        // Another request tried the key before the feed had it. The isolate may remember that until the creation is in
        // effect.
        let isolate = &self.isolates[request.isolate];
        let recent = request.started_at - Millis::from(isolate.plan.max_staleness_ms) - CLOCK_JITTER_MS;
        let remembered = isolate.misses[request.key].iter().any(|asked_at| (recent..taken_at).contains(asked_at));
        let in_effect = row.in_effect(request.started_at) > 0;
        prop_assert!(!in_effect, "(b) missing though its creation was in effect");
        prop_assert!(remembered && !request.strict, "(b) missing though the feed had it before the request began");
        self.tally.remembered_missing += 1;
        Ok(())
    }

    fn hold_cost(&self, request: &Request) -> Result<(), TestCaseError> {
        let (spent, isolate) = (&request.spent, &self.isolates[request.isolate]);
        let reads = [spent.polls, spent.kv_reads, spent.tenant_status_reads, spent.records];
        prop_assert!(
            reads.into_iter().all(|reads| reads <= 1) && spent.parts <= 2 && spent.currents <= 2,
            "(d) costs too much: {:?}",
            spent
        );
        // After a step back the clock shows a time that it showed before, so waiting begins anew.
        let times = Millis::from(1 + isolate.steps_back - request.steps_back);
        let patience = times * (isolate.client.settings().timeout_ms() + LEASE_GRACE_MS + CLOCK_JITTER_MS);
        prop_assert!(spent.waited_ms <= patience, "(d) waited too long: {:?}", spent);
        // A request looks every 5 ms, and every millisecond while a clock that stands still keeps a lease from ending.
        let steps = patience / 5 + times * CLOCK_JITTER_MS + 10;
        prop_assert!(Millis::from(spent.steps) <= steps, "(d) too many steps: {:?}", spent);
        Ok(())
    }

    /// Whether a call to the feed is known to have failed. This isolate must have sent it during the request, or before
    /// it by less than the time in which a change becomes effective. So no state that was changed while the feed was
    /// within reach outlasts its `effective_by`.
    fn feed_failed_lately(&self, request: &Request) -> bool {
        let isolate = &self.isolates[request.isolate];
        let since = request.started_at - Millis::from(isolate.plan.max_staleness_ms) - EFFECTIVE_MARGIN_MS;
        isolate.failures.iter().any(|failure| failure.sent_at >= since && failure.noticed_at <= self.now)
    }

    /// Checks (e) for an answer when all is calm: it is what the ledgers say.
    pub(crate) fn hold_truth(&self, request: &Request, answer: &LookupAnswer) -> Result<(), TestCaseError> {
        let (row, tenant) = (&self.keys[request.key], &self.tenants[tenant_of(request.key)]);
        let told = self.kv[request.key].at(self.now).map_or(0, |value| value.version);
        prop_assert_eq!(told, row.latest(), "(e) KV does not hold the latest version");
        let told = self.kv_tenant_statuses[tenant_of(request.key)].at(self.now).map_or(0, |value| value.version);
        prop_assert_eq!(told, tenant.latest(), "(e) KV does not hold how the tenant stands");
        let truth = row.key(row.latest()).map(|key| &key.record);
        let now = self.isolates[request.isolate].clock(self.now);
        match answer {
            LookupAnswer::Found { record, suspended, basis: Basis::Feed } => {
                prop_assert!(says_the_same(record, truth, now), "(e) not what the ledger says: {record:?}");
                // A lookup does not ask about the tenant of a revoked key.
                let matters = record.state != KeyState::Revoked;
                prop_assert!(
                    !matters || *suspended == tenant.suspended(tenant.latest()),
                    "(e) not as the tenant stands"
                );
            }
            LookupAnswer::Missing => prop_assert_eq!(None, truth, "(e) not what the ledger says"),
            other => prop_assert!(false, "(e) no answer though all is calm: {:?}", other),
        }
        Ok(())
    }

    fn judge(&self, request: &Request, record: &KeyRecord, suspended: bool) -> Result<(), Refusal> {
        let scopes = [needed()];
        let now = self.isolates[request.isolate].clock(self.now);
        let demand = Demand {
            environment: Some(Environment::Live),
            tenant: None,
            scopes: &scopes,
            any_of: false,
            ip: None,
            now,
        };
        demand.judge(record, suspended, &Catalog::default())
    }
}

/// Whether an answer is the record that a ledger made. A key that its entry in the log refuses at `now` needs no reading
/// of its latest record: its state and expiry suffice.
fn says_the_same(record: &KeyRecord, made: Option<&KeyRecord>, now: Timestamp) -> bool {
    let refused = record.expires_at.is_some_and(|expires_at| expires_at <= now);
    made.is_some_and(|made| match record.state {
        KeyState::Active if !refused => record == made,
        KeyState::Active => {
            record == made || (&record.id, record.state, record.expires_at) == (&made.id, made.state, made.expires_at)
        }
        KeyState::Disabled | KeyState::Revoked => (&record.id, record.state) == (&made.id, made.state),
    })
}

/// Counts of events, so that a test in which nothing happens fails.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) accepted: u64,
    pub(crate) revoked: u64,
    pub(crate) suspended: u64,
    pub(crate) disabled: u64,
    pub(crate) expired: u64,
    pub(crate) lacking_scope: u64,
    pub(crate) missing: u64,
    pub(crate) remembered_missing: u64,
    pub(crate) unavailable: u64,
    pub(crate) unavailable_after_putting_back: u64,
    pub(crate) by_kv_alone: u64,
    pub(crate) suspended_by_kv_alone: u64,
    pub(crate) answers: u64,
    pub(crate) answers_beside_a_newer_version: u64,
    pub(crate) answers_that_always_hold: u64,
    pub(crate) acts: u64,
    pub(crate) acts_of_an_operator_who_ended: u64,
    pub(crate) versions_lost: u64,
    pub(crate) put_back_noticed: u64,
    pub(crate) put_back_noticed_after_a_change: u64,
    pub(crate) put_back_noticed_by_a_ledger: u64,
    pub(crate) warm: u64,
    pub(crate) abandoned: u64,
    pub(crate) in_overflow: u64,
    pub(crate) parts: u64,
    pub(crate) more_pages: u64,
    pub(crate) resets_of_warm_isolates: u64,
    pub(crate) resets_below_the_floor: u64,
    pub(crate) aged_answers: u64,
    pub(crate) overtaken_answers: u64,
    pub(crate) puts_that_landed_late: u64,
    pub(crate) waited_at_relays: u64,
    pub(crate) passed_on: u64,
    pub(crate) copies_begun_anew: u64,
    pub(crate) pages_of_copies: u64,
    pub(crate) cursors_shown_by_relays: u64,
    pub(crate) shared_records: u64,
    pub(crate) feed_restarts: u64,
}

impl Tally {
    fn count(&mut self, verdict: &Result<(), Refusal>) {
        *match verdict {
            Ok(()) => &mut self.accepted,
            Err(Refusal::Revoked) => &mut self.revoked,
            Err(Refusal::TenantSuspended) => &mut self.suspended,
            Err(Refusal::Disabled) => &mut self.disabled,
            Err(Refusal::Expired) => &mut self.expired,
            Err(_) => &mut self.lacking_scope,
        } += 1;
    }

    fn each(&mut self) -> [(&'static str, &mut u64); 38] {
        [
            ("accepted", &mut self.accepted),
            ("revoked", &mut self.revoked),
            ("suspended", &mut self.suspended),
            ("disabled", &mut self.disabled),
            ("expired", &mut self.expired),
            ("lacking_scope", &mut self.lacking_scope),
            ("missing", &mut self.missing),
            ("remembered_missing", &mut self.remembered_missing),
            ("unavailable", &mut self.unavailable),
            ("unavailable_after_putting_back", &mut self.unavailable_after_putting_back),
            ("by_kv_alone", &mut self.by_kv_alone),
            ("suspended_by_kv_alone", &mut self.suspended_by_kv_alone),
            ("answers", &mut self.answers),
            ("answers_beside_a_newer_version", &mut self.answers_beside_a_newer_version),
            ("answers_that_always_hold", &mut self.answers_that_always_hold),
            ("acts", &mut self.acts),
            ("acts_of_an_operator_who_ended", &mut self.acts_of_an_operator_who_ended),
            ("versions_lost", &mut self.versions_lost),
            ("put_back_noticed", &mut self.put_back_noticed),
            ("put_back_noticed_after_a_change", &mut self.put_back_noticed_after_a_change),
            ("put_back_noticed_by_a_ledger", &mut self.put_back_noticed_by_a_ledger),
            ("warm", &mut self.warm),
            ("abandoned", &mut self.abandoned),
            ("in_overflow", &mut self.in_overflow),
            ("parts", &mut self.parts),
            ("more_pages", &mut self.more_pages),
            ("resets_of_warm_isolates", &mut self.resets_of_warm_isolates),
            ("resets_below_the_floor", &mut self.resets_below_the_floor),
            ("aged_answers", &mut self.aged_answers),
            ("overtaken_answers", &mut self.overtaken_answers),
            ("puts_that_landed_late", &mut self.puts_that_landed_late),
            ("waited_at_relays", &mut self.waited_at_relays),
            ("passed_on", &mut self.passed_on),
            ("copies_begun_anew", &mut self.copies_begun_anew),
            ("pages_of_copies", &mut self.pages_of_copies),
            ("cursors_shown_by_relays", &mut self.cursors_shown_by_relays),
            ("shared_records", &mut self.shared_records),
            ("feed_restarts", &mut self.feed_restarts),
        ]
    }

    pub(crate) fn add(&mut self, other: &mut Self) {
        for ((_, sum), (_, count)) in self.each().into_iter().zip(other.each()) {
            *sum += *count;
        }
    }

    /// Asserts that each event happened at least a few times.
    pub(crate) fn assert_that_everything_happened(mut self) {
        for (kind, count) in self.each() {
            assert!(*count >= 5, "too few of {kind}: {count}");
        }
    }
}
