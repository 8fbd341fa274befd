//! The metric families of the objects' answers. Dashboards and alerts name them: a family may be added, but none may be
//! renamed or get another meaning.

use alloc::{
    string::{String, ToString},
    vec,
    vec::Vec,
};

use super::exposition::{Family, Kind, Sample};
use crate::{
    feed::outbox::Stage,
    ledger::{lifecycle::KeyStatus, summary::KeyCounts},
    objects::{
        dead_letters::DeadLettersState,
        event_endpoint::{AttemptOutcome, EndpointStatus},
        event_router::RouterCounts,
        feed::FeedState,
        overview::OverviewState,
    },
};

/// The objects' answers; `None` of an object that did not answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answers {
    /// The feed's.
    pub feed: Option<FeedState>,
    /// The overview's.
    pub overview: Option<OverviewState>,
    /// That of the deployment's router of events.
    pub event_router: Option<RouterCounts>,
    /// Those of the dead letters, each with its source.
    pub dead_letters: Vec<(String, Option<DeadLettersState>)>,
}

/// The families. Those of an object that did not answer are left out, and `keystile_object_up` says so.
#[must_use]
pub fn families(answers: &Answers) -> Vec<Family> {
    let mut families = vec![objects_up(answers)];
    families.extend(answers.feed.iter().flat_map(of_feed));
    families.extend(answers.overview.iter().flat_map(of_overview));
    families.extend(answers.event_router.iter().flat_map(of_event_router));
    families.extend(of_dead_letters(&answers.dead_letters));
    families
}

fn objects_up(answers: &Answers) -> Family {
    let up = |object: &str, answered: bool| Sample::with("object", object, f64::from(u8::from(answered)));
    let mut samples = vec![
        up("feed", answers.feed.is_some()),
        up("overview", answers.overview.is_some()),
        up("event_router", answers.event_router.is_some()),
    ];
    samples.extend(answers.dead_letters.iter().map(|(source, state)| {
        let mut sample = up("dead_letters", state.is_some());
        sample.labels.push(("source", source.clone()));
        sample
    }));
    gauges("keystile_object_up", "Whether the object answered: 1, or 0 if its families are missing.", samples)
}

fn of_feed(state: &FeedState) -> Vec<Family> {
    let FeedState { epoch, last, entries, unacknowledged, keys, tenants, suspended, max_staleness_ms } = state;
    let staleness = max_staleness_ms.map(|ms| Sample::of(f64::from(ms) / 1_000.0));
    vec![
        Family {
            name: "keystile_feed",
            kind: Kind::Info,
            unit: "",
            help: "The log of the feed: another epoch is another log.",
            samples: vec![Sample::with("epoch", epoch.as_str(), 1.0)],
        },
        gauge("keystile_feed_version", "The number of the last change in the feed's log.", *last),
        gauge("keystile_feed_log_entries", "Changes that the feed's log holds.", *entries),
        gauge(
            "keystile_feed_log_unacknowledged_entries",
            "Changes in the feed's log that KV does not hold yet, as far as ledgers have said.",
            *unacknowledged,
        ),
        gauge("keystile_feed_keys", "Keys of which the feed has the latest record, revoked ones too.", *keys),
        gauge("keystile_feed_tenants", "Tenants that the feed ever heard of.", *tenants),
        gauge("keystile_feed_suspended_tenants", "Tenants whose keys are refused now.", *suspended),
        Family {
            name: "keystile_feed_max_staleness_seconds",
            kind: Kind::Gauge,
            unit: "seconds",
            help: "The largest staleness that an edge has accepted in the last day.",
            samples: staleness.into_iter().collect(),
        },
    ]
}

fn of_overview(state: &OverviewState) -> Vec<Family> {
    let OverviewState { tenants, suspended, keys, uses, outbox, outbox_unknown, last_report_at } = state;
    let KeyCounts { active, disabled, expired, revoked } = *keys;
    let statuses = [
        (KeyStatus::Active, active),
        (KeyStatus::Disabled, disabled),
        (KeyStatus::Expired, expired),
        (KeyStatus::Revoked, revoked),
    ];
    let waiting = |stage: Stage| outbox.iter().filter(|count| count.stage == stage).map(|count| count.entries).sum();
    vec![
        gauge("keystile_tenants", "Tenants whose ledgers have reported.", *tenants),
        gauge("keystile_suspended_tenants", "Tenants that are suspended, as their ledgers last reported.", *suspended),
        gauges(
            "keystile_keys",
            "Tenants' keys by status, as their ledgers last reported.",
            statuses.map(|(status, keys)| Sample::with("status", status.as_str(), number(keys))).into(),
        ),
        Family {
            name: "keystile_uses",
            kind: Kind::Counter,
            unit: "",
            help: "Verdicts on tenants' keys by code, as ledgers have reported: about a minute late.",
            samples: uses.iter().map(|(code, count)| Sample::with("code", code.as_str(), number(*count))).collect(),
        },
        gauges(
            "keystile_outbox_entries",
            "What ledgers have yet to do after changes, by stage, as they last reported.",
            Stage::ALL.map(|stage| Sample::with("stage", stage.as_str(), number(waiting(stage)))).into(),
        ),
        gauge(
            "keystile_outbox_unknown_tenants",
            "Tenants whose last report doesn't tell of their outbox: it is from an earlier version.",
            *outbox_unknown,
        ),
        Family {
            name: "keystile_last_report_timestamp_seconds",
            kind: Kind::Gauge,
            unit: "seconds",
            help: "When a ledger last reported, in seconds since 1970.",
            samples: last_report_at.iter().map(|at| Sample::of(at.as_millis() as f64 / 1_000.0)).collect(),
        },
    ]
}

fn of_event_router(state: &RouterCounts) -> Vec<Family> {
    let RouterCounts { waiting, endpoints: _, reported } = state;
    let endpoints = |status| reported.endpoints.get(&status).copied().unwrap_or_default();
    let attempts = |outcome| reported.attempts.get(&outcome).copied().unwrap_or_default();
    vec![
        gauges(
            "keystile_event_endpoints",
            "Endpoints of tenants and of the deployment that events are sent to, by status, as they last reported.",
            EndpointStatus::ALL.map(|status| Sample::with("status", status.as_str(), number(endpoints(status)))).into(),
        ),
        gauge(
            "keystile_events_waiting",
            "Events that wait at endpoints, those between two attempts included, as endpoints last reported.",
            reported.waiting,
        ),
        gauge(
            "keystile_event_dead_letters",
            "Events that could not be sent and are kept, as endpoints last reported.",
            reported.dead_letters,
        ),
        Family {
            name: "keystile_event_attempts",
            kind: Kind::Counter,
            unit: "",
            help: "Attempts to send an event by outcome, as endpoints have reported: about a minute late.",
            samples: AttemptOutcome::ALL
                .map(|outcome| Sample::with("outcome", outcome.as_str(), number(attempts(outcome))))
                .into(),
        },
        gauge(
            "keystile_event_router_waiting_events",
            "Events that the router of the deployment has yet to give to its endpoints.",
            *waiting,
        ),
    ]
}

fn of_dead_letters(all: &[(String, Option<DeadLettersState>)]) -> Vec<Family> {
    let samples = |count: fn(&DeadLettersState) -> u64| {
        let known = all.iter().filter_map(|(source, state)| Some((source, state.as_ref()?)));
        known.map(|(source, state)| Sample::with("source", source.to_string(), number(count(state)))).collect()
    };
    vec![
        gauges(
            "keystile_webhook_dead_letters",
            "Received events that could not be delivered and are kept.",
            samples(|state| state.dead),
        ),
        gauges(
            "keystile_webhook_retried_events",
            "Received events of which an attempt has failed and that are still tried.",
            samples(|state| state.tried),
        ),
    ]
}

fn gauge(name: &'static str, help: &'static str, value: u64) -> Family {
    gauges(name, help, vec![Sample::of(number(value))])
}

const fn gauges(name: &'static str, help: &'static str, samples: Vec<Sample>) -> Family {
    Family { name, kind: Kind::Gauge, unit: "", help, samples }
}

/// A number as the formats have it. Whole numbers are exact up to 2^53.
const fn number(value: u64) -> f64 {
    value as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        base::timestamp::Timestamp,
        events::figures::tests::FIGURES,
        ledger::summary::StageCount,
        metrics::exposition::{Format, text},
    };
    use alloc::format;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn answers() -> Answers {
        Answers {
            feed: Some(FeedState {
                epoch: "e1".into(),
                last: 9,
                entries: 4,
                unacknowledged: 1,
                keys: 12,
                tenants: 3,
                suspended: 1,
                max_staleness_ms: Some(2_500),
            }),
            overview: Some(OverviewState {
                tenants: 2,
                suspended: 0,
                keys: KeyCounts { active: 5, disabled: 1, expired: 2, revoked: 3 },
                uses: [("REVOKED".into(), 1), ("VALID".into(), 40)].into_iter().collect(),
                outbox: vec![StageCount { stage: Stage::Put, entries: 7 }],
                outbox_unknown: 1,
                last_report_at: Some(Timestamp::from_millis(1_750_000_000_250)),
            }),
            event_router: Some(RouterCounts {
                waiting: 1,
                endpoints: 2,
                reported: serde_json::from_str(FIGURES).unwrap(),
            }),
            dead_letters: vec![("stripe".into(), Some(DeadLettersState { dead: 2, tried: 5 })), ("demo".into(), None)],
        }
    }

    #[test]
    fn what_the_objects_answer_is_golden() {
        let text = text(&families(&answers()), Format::OpenMetrics);
        let samples: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
        let golden = [
            "keystile_object_up{object=\"feed\"} 1",
            "keystile_object_up{object=\"overview\"} 1",
            "keystile_object_up{object=\"event_router\"} 1",
            "keystile_object_up{object=\"dead_letters\",source=\"stripe\"} 1",
            "keystile_object_up{object=\"dead_letters\",source=\"demo\"} 0",
            "keystile_feed_info{epoch=\"e1\"} 1",
            "keystile_feed_version 9",
            "keystile_feed_log_entries 4",
            "keystile_feed_log_unacknowledged_entries 1",
            "keystile_feed_keys 12",
            "keystile_feed_tenants 3",
            "keystile_feed_suspended_tenants 1",
            "keystile_feed_max_staleness_seconds 2.5",
            "keystile_tenants 2",
            "keystile_suspended_tenants 0",
            "keystile_keys{status=\"active\"} 5",
            "keystile_keys{status=\"disabled\"} 1",
            "keystile_keys{status=\"expired\"} 2",
            "keystile_keys{status=\"revoked\"} 3",
            "keystile_uses_total{code=\"REVOKED\"} 1",
            "keystile_uses_total{code=\"VALID\"} 40",
            "keystile_outbox_entries{stage=\"publish\"} 0",
            "keystile_outbox_entries{stage=\"put\"} 7",
            "keystile_outbox_entries{stage=\"confirm\"} 0",
            "keystile_outbox_entries{stage=\"acknowledge\"} 0",
            "keystile_outbox_entries{stage=\"tell\"} 0",
            "keystile_outbox_entries{stage=\"record\"} 0",
            "keystile_outbox_unknown_tenants 1",
            "keystile_last_report_timestamp_seconds 1750000000.25",
            "keystile_event_endpoints{status=\"active\"} 1",
            "keystile_event_endpoints{status=\"paused\"} 0",
            "keystile_event_endpoints{status=\"disabled\"} 0",
            "keystile_events_waiting 2",
            "keystile_event_dead_letters 3",
            "keystile_event_attempts_total{outcome=\"delivered\"} 4",
            "keystile_event_attempts_total{outcome=\"refused\"} 0",
            "keystile_event_attempts_total{outcome=\"redirected\"} 0",
            "keystile_event_attempts_total{outcome=\"gone\"} 0",
            "keystile_event_attempts_total{outcome=\"timeout\"} 1",
            "keystile_event_attempts_total{outcome=\"unreachable\"} 0",
            "keystile_event_attempts_total{outcome=\"forbidden_address\"} 0",
            "keystile_event_attempts_total{outcome=\"no_secret\"} 0",
            "keystile_event_router_waiting_events 1",
            "keystile_webhook_dead_letters{source=\"stripe\"} 2",
            "keystile_webhook_retried_events{source=\"stripe\"} 5",
        ];
        assert_eq!(samples, golden);
    }

    #[test]
    fn an_object_that_did_not_answer_is_down_and_its_families_are_missing() {
        let text = text(&families(&Answers { dead_letters: Vec::new(), ..Answers::default() }), Format::OpenMetrics);
        let samples: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
        let down = |object| format!("keystile_object_up{{object=\"{object}\"}} 0");
        assert_eq!(samples, ["feed", "overview", "event_router"].map(down));
    }

    #[test]
    fn a_family_with_a_unit_ends_with_it_and_none_is_there_twice() {
        let families = families(&answers());
        let mut names: Vec<_> = families.iter().map(|family| family.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), families.len());
        for Family { name, unit, help, .. } in &families {
            assert!(name.starts_with("keystile_") && name.ends_with(unit), "{name}");
            assert!(!help.contains(['"', '\n', '\\']), "{help}");
        }
    }
}
