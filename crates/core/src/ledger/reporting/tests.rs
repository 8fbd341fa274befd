use super::*;
use crate::{
    feed::outbox::Stage,
    ledger::{
        lifecycle::KeyStatus,
        summary::{KeyCounts, ListedKey, SecretCount, StageCount, tests::listed},
    },
};
use alloc::{
    collections::{BTreeMap, VecDeque},
    string::{String, ToString},
    vec,
};
use proptest::{collection::vec as vec_of, prelude::*};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const NOW: Timestamp = Timestamp::from_millis(1_750_000_000_000);

fn later(millis: i64) -> Option<Timestamp> {
    Some(NOW.plus_millis(millis))
}

#[test]
fn the_message_is_golden() {
    let key = ListedKey {
        last_used_at: Some(NOW),
        status: KeyStatus::Disabled,
        ending: true,
        secret: "fingerpr".into(),
        ..listed(1, Some(5))
    };
    let report = Report {
        tenant: TenantId::parse("acme").unwrap(),
        number: 7,
        uses: vec![Bucket { hour: 486_111, code: "VALID".into(), count: 3 }],
        summary: Summary {
            plan: Some("pro".into()),
            suspended: true,
            keys: KeyCounts { active: 1, disabled: 2, expired: 3, revoked: 4 },
            active_keys: 2,
            max_active_keys: Some(5),
            expiring: vec![key],
            unused: Vec::new(),
            secrets: Some(vec![SecretCount { fingerprint: "fingerpr".into(), keys: 3 }]),
            outbox: Some(vec![StageCount { stage: Stage::Put, entries: 2 }]),
        },
        erased: false,
    };
    let text = serde_json::to_string(&report).unwrap();
    assert_eq!(
        text,
        r#"{"tenant":"acme","number":7,"uses":[{"hour":486111,"code":"VALID","count":3}],"summary":{"plan":"pro","suspended":true,"keys":{"active":1,"disabled":2,"expired":3,"revoked":4},"active_keys":2,"max_active_keys":5,"expiring":[{"id":"key_00000000000000000001","name":"Zapier","display":"knq_live_7Hq2","environment":"live","created_at":0,"expires_at":5,"last_used_at":1750000000000,"status":"disabled","ending":true,"secret":"fingerpr"}],"unused":[],"secrets":[{"fingerprint":"fingerpr","keys":3}],"outbox":[{"stage":"put","entries":2}]}}"#
    );
    assert_eq!(serde_json::from_str::<Report>(&text).unwrap(), report);
    let before = text.replace(r#","outbox":[{"stage":"put","entries":2}]"#, "");
    assert_eq!(serde_json::from_str::<Report>(&before).unwrap().summary.outbox, None);
    let before = before
        .replace(r#","secrets":[{"fingerprint":"fingerpr","keys":3}]"#, "")
        .replace(r#","secret":"fingerpr""#, "");
    assert_eq!(serde_json::from_str::<Report>(&before).unwrap().summary.secrets, None);
}

#[test]
fn the_first_report_comes_soon_and_the_next_ones_once_a_minute() {
    let first = Reporting::default().changed(NOW);
    assert_eq!(first.due_at, later(2_000));
    assert_eq!(first.changed(NOW.plus_millis(1_000)), first, "a change that follows goes along");
    let at = NOW.plus_millis(2_000);
    assert!(!first.is_due(NOW.plus_millis(1_999)) && first.is_due(at));
    let made = first.made(at, true);
    assert_eq!(made.changed(at), made, "the next one waits for the answer to this one");
    let taken = made.taken(1, None);
    assert_eq!((taken.number, taken.due_at, taken.under_way), (1, None, false));
    assert_eq!(taken.changed(at).due_at, later(62_000));
    assert_eq!(taken.changed(NOW.plus_millis(61_000)).due_at, later(63_000));
}

#[test]
fn a_list_that_will_be_outdated_is_reported_again_by_then() {
    let taken = Reporting::default().made(NOW, true).taken(1, later(100_000));
    assert_eq!(taken.due_at, later(100_000));
    assert_eq!(taken.changed(NOW).due_at, later(60_000));
    assert_eq!(taken.changed(NOW.plus_millis(99_000)).due_at, later(100_000));
}

#[test]
fn a_report_that_is_not_answered_is_sent_again_later_and_later() {
    let mut reporting = Reporting::default().made(NOW, true);
    for delay in [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 64_000, 128_000, 256_000, 300_000, 300_000] {
        reporting = reporting.failed(NOW);
        assert_eq!((reporting.due_at, reporting.number, reporting.under_way), (later(delay), 1, true));
    }
    assert_eq!(reporting.taken(1, None).made(NOW, true).failed(NOW).due_at, later(1_000));
}

#[test]
fn reports_without_news_are_counted_until_there_is_news_or_nothing_to_wait_for() {
    let first = Reporting::default().made(NOW, true).taken(1, later(120_000));
    assert_eq!((first.waits, first.awaits_outbox()), (0, false), "so soon the next one comes by itself");
    let second = first.made(NOW, false);
    assert!(!second.awaits_outbox(), "it is under way");
    let second = second.taken(2, later(240_000));
    assert_eq!((second.waits, second.awaits_outbox()), (1, true));
    assert_eq!(second.made(NOW, false).failed(NOW).taken(3, later(480_000)).waits, 2);
    assert_eq!(second.made(NOW, true).taken(3, later(120_000)).waits, 0);
    let rests = second.made(NOW, false).taken(3, None);
    assert_eq!((rests.waits, rests.awaits_outbox()), (0, false));
}

#[test]
fn a_clock_that_was_ahead_puts_no_report_off() {
    let ahead =
        Reporting::default().made(NOW.plus_millis(9_000_000), true).taken(1, None).changed(NOW.plus_millis(9_000_000));
    assert_eq!(ahead.changed(NOW).due_at, later(60_000));
}

#[test]
fn a_ledger_whose_storage_went_back_numbers_on_from_where_the_overview_is() {
    assert_eq!(Reporting::default().made(NOW, true).taken(9, None).made(NOW, true).number, 10);
}

/// An event that may happen to a ledger or its reports.
#[derive(Clone, Debug)]
enum Event {
    Used(i64, u64),
    /// Time passes, and the ledger does what is due: its report is lost, or arrives and its answer is lost, or neither.
    Passes(i64, Way),
    /// A copy of an earlier report arrives late.
    Late(usize),
    /// The ledger is killed between making a report and noting its answer, and starts again from its storage.
    Killed,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    Lost,
    AnswerLost,
    There,
}

fn event() -> impl Strategy<Value = Event> {
    let way = prop_oneof![Just(Way::Lost), Just(Way::AnswerLost), Just(Way::There)];
    prop_oneof![
        (0..4_i64, 1..9_u64).prop_map(|(hour, count)| Event::Used(hour, count)),
        (0..90_000_i64, way).prop_map(|(millis, way)| Event::Passes(millis, way)),
        (0..20_usize).prop_map(Event::Late),
        Just(Event::Killed),
    ]
}

/// A ledger's storage: counts with the part that was reported, as `manage::ledger::tenant_usage` has them.
#[derive(Default)]
struct Ledger {
    counts: BTreeMap<i64, (u64, u64)>,
    changed: bool,
    reporting: Reporting,
    under_way: Option<String>,
}

impl Ledger {
    fn arm(&mut self, now: Timestamp) {
        if self.changed {
            self.reporting = self.reporting.changed(now);
        }
    }

    /// The transaction that makes a report, or the report that is under way.
    fn next_to_send(&mut self, now: Timestamp) -> Option<Report> {
        if !self.reporting.is_due(now) {
            return None;
        }
        if self.under_way.is_none() {
            let unreported = self.counts.iter_mut().filter(|(_, (count, reported))| count > reported);
            let uses = unreported.take(2).map(|(hour, (count, reported))| {
                let news = *count - core::mem::replace(reported, *count);
                Bucket { hour: *hour, code: "VALID".into(), count: news }
            });
            let uses = uses.collect();
            let news =
                core::mem::replace(&mut self.changed, self.counts.values().any(|(count, reported)| count > reported));
            self.reporting = self.reporting.made(now, news);
            let tenant = TenantId::parse("acme").unwrap();
            let report =
                Report { tenant, number: self.reporting.number, uses, summary: Summary::default(), erased: false };
            self.under_way = Some(serde_json::to_string(&report).unwrap());
        }
        Some(serde_json::from_str(self.under_way.as_ref().unwrap()).unwrap())
    }
}

/// The overview's storage.
#[derive(Default)]
struct Overview {
    last: u64,
    counts: BTreeMap<i64, u64>,
}

impl Overview {
    fn take(&mut self, report: &Report) -> u64 {
        if is_news(report, self.last) {
            self.last = report.number;
            for bucket in &report.uses {
                *self.counts.entry(bucket.hour).or_default() += bucket.count;
            }
        }
        self.last
    }
}

proptest! {
    #[test]
    fn whatever_is_lost_late_or_killed_each_use_is_reported_once(events in vec_of(event(), 0..120)) {
        let (mut ledger, mut overview, mut now) = (Ledger::default(), Overview::default(), NOW);
        let mut sent: VecDeque<Report> = VecDeque::new();
        let heal = (0..12).map(|_| Event::Passes(400_000, Way::There));
        for event in events.into_iter().chain(heal) {
            match event {
                Event::Used(hour, count) => {
                    ledger.counts.entry(hour).or_default().0 += count;
                    ledger.changed = true;
                    ledger.arm(now);
                }
                Event::Passes(millis, way) => {
                    now = now.plus_millis(millis);
                    if let Some(report) = ledger.next_to_send(now) {
                        sent.push_back(report.clone());
                        let last = (way != Way::Lost).then(|| overview.take(&report));
                        if let Some(last) = last.filter(|_| way == Way::There) {
                            prop_assert_eq!(last, report.number);
                            ledger.reporting = ledger.reporting.taken(last, report.summary.outdated_at(now, ledger.reporting.waits));
                            ledger.under_way = None;
                        } else {
                            ledger.reporting = ledger.reporting.failed(now);
                        }
                        ledger.arm(now);
                    }
                }
                Event::Late(index) => {
                    if let Some(report) = sent.get(index) {
                        overview.take(report);
                    }
                }
                Event::Killed => {
                    if let Some(report) = ledger.next_to_send(now) {
                        sent.push_back(report);
                    }
                }
            }
            for (hour, reported) in &overview.counts {
                prop_assert!(*reported <= ledger.counts[hour].0);
            }
        }
        let counted: BTreeMap<i64, u64> = ledger.counts.iter().map(|(hour, (count, _))| (*hour, *count)).collect();
        prop_assert_eq!(&overview.counts, &counted, "{}", ledger.under_way.unwrap_or_default().to_string());
    }
}
