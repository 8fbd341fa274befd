//! Data points for Workers Analytics Engine: what only an isolate, or an object while it works, knows.
//!
//! A point stands for many requests: they are counted by their label, and written together. So the counts are exact,
//! and a busy deployment writes few points. Analytics Engine takes 250 in one invocation. The positions of blobs and
//! doubles are the same in all points, and documented in `docs/reference/metrics.md`: none may get another meaning.

use alloc::{
    string::{String, ToString},
    vec::Vec,
};

use crate::base::timestamp::{SECOND_MS, Timestamp};

/// The binding of the dataset, which a worker may lack.
pub const BINDING: &str = "METRICS";
/// The number of labels from which points are written at once.
pub const MANY: usize = 200;

/// The separator of parts, which no part has.
const SEPARATOR: char = '\0';
/// The largest number of labels that are held. Others aren't counted until these are written.
const MAX_LABELS: usize = 240;
/// The number of points that Analytics Engine takes in one invocation.
const MOST_POINTS: usize = 250;
const _: () = assert!(MAX_LABELS < MOST_POINTS);
/// The time after which a late timer counts as lost, milliseconds.
const TIMER_GRACE_MS: i64 = SECOND_MS;
/// The bounds of the counts of times, milliseconds. The last count is of those above.
const BOUNDS_MS: [i64; 5] = [10, 50, 100, 250, 1_000];
/// The number of a point's doubles: the count, the sum of the times, how many there were up to each bound and above, the
/// largest age.
const DOUBLES: usize = BOUNDS_MS.len() + 4;

/// The subject of a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Verdicts of the edge.
    Verdict,
    /// Answers of upstreams.
    Upstream,
    /// Requests to the management API.
    Request,
    /// Attempts to send an event.
    Attempt,
}

impl Kind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Verdict => "verdict",
            Self::Upstream => "upstream",
            Self::Request => "request",
            Self::Attempt => "attempt",
        }
    }
}

/// The texts of a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Label<'a> {
    /// The subject.
    pub kind: Kind,
    /// The tenant, or empty: the index, by which Analytics Engine samples.
    pub tenant: &'a str,
    /// The route, upstream, operation or endpoint.
    pub name: &'a str,
    /// The code, status or outcome.
    pub outcome: &'a str,
    /// A further text that tells them apart.
    pub detail: &'a str,
}

/// The measures of one request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Measured {
    /// The time that it took, milliseconds, if that says something.
    pub took_ms: Option<i64>,
    /// The age of the feed's copy that it was judged by, milliseconds.
    pub age_ms: Option<i64>,
}

impl Label<'_> {
    /// The texts as they are written: first the index, then the blobs.
    fn written(&self) -> String {
        let parts = [self.tenant, self.kind.as_str(), self.name, self.outcome, self.detail];
        let mut text = String::with_capacity(parts.iter().map(|part| part.len() + 1).sum());
        for part in parts {
            text.push_str(part);
            text.push(SEPARATOR);
        }
        text
    }
}

/// The points that wait to be written.
#[derive(Debug)]
pub struct Points {
    interval_ms: i64,
    /// Sorted by their labels.
    rows: Vec<Row>,
    /// The time until which a request holds a timer. It may be gone before.
    timer_until: Option<Timestamp>,
}

/// The requests of one label.
#[derive(Debug)]
struct Row {
    /// The label as it is written.
    label: String,
    doubles: [i64; DOUBLES],
}

impl Points {
    /// No points. They are to be written `interval_ms` after the first.
    #[must_use]
    pub const fn new(interval_ms: u32) -> Self {
        Self { interval_ms: interval_ms as i64, rows: Vec::new(), timer_until: None }
    }

    /// Counts a request. Returns the wait after which the caller is to write the points, milliseconds, unless another
    /// request does; 0 if there are many.
    pub fn count(&mut self, label: Label<'_>, measured: Measured, now: Timestamp) -> Option<u64> {
        self.add(label, measured);
        if self.rows.len() >= MANY {
            return Some(0);
        }
        if self.timer_until.is_some_and(|until| now < until) {
            return None;
        }
        self.timer_until = Some(now.plus_millis(self.interval_ms + TIMER_GRACE_MS));
        Some(self.interval_ms.unsigned_abs())
    }

    /// Counts a request whose points another one writes.
    pub fn add(&mut self, label: Label<'_>, measured: Measured) {
        let label = label.written();
        let place = match self.rows.binary_search_by(|row| row.label.cmp(&label)) {
            Ok(place) => place,
            Err(_) if self.rows.len() >= MAX_LABELS => return,
            Err(place) => {
                self.rows.insert(place, Row { label, doubles: [0; DOUBLES] });
                place
            }
        };
        if let Some(row) = self.rows.get_mut(place) {
            measured.add_to(&mut row.doubles);
        }
    }

    /// Takes all points as one text, in which [`SEPARATOR`] follows each part: of a point the index, four blobs and nine
    /// doubles. Empty if there are none.
    pub fn take(&mut self) -> String {
        self.timer_until = None;
        let mut text = String::new();
        for Row { label, doubles } in core::mem::take(&mut self.rows) {
            text.push_str(&label);
            for double in doubles {
                text.push_str(&double.to_string());
                text.push(SEPARATOR);
            }
        }
        text
    }
}

impl Measured {
    /// Adds one request to the doubles of a point: its count, the sum of its times, the numbers of times up to each bound
    /// and above, the largest age.
    fn add_to(self, [count, sum_ms, times @ .., max_age_ms]: &mut [i64; DOUBLES]) {
        *count += 1;
        *max_age_ms = (*max_age_ms).max(self.age_ms.unwrap_or(0));
        let Some(took_ms) = self.took_ms else { return };
        *sum_ms += took_ms;
        let place = BOUNDS_MS.iter().filter(|bound| took_ms > **bound).count();
        if let Some(times) = times.get_mut(place) {
            *times += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const NOW: Timestamp = Timestamp::from_millis(1_750_000_000_000);
    const WARM: Measured = Measured { took_ms: None, age_ms: Some(700) };

    const fn label<'a>(tenant: &'a str, outcome: &'a str) -> Label<'a> {
        Label { kind: Kind::Verdict, tenant, name: "/api/*", outcome, detail: "" }
    }

    #[test]
    fn requests_of_one_label_are_one_point() {
        let mut points = Points::new(10_000);
        points.add(label("acme", "VALID"), WARM);
        points.add(label("acme", "VALID"), Measured { took_ms: Some(10), age_ms: Some(900) });
        points.add(label("acme", "VALID"), Measured { took_ms: Some(1_001), age_ms: None });
        points.add(label("", "MISSING_CREDENTIAL"), Measured::default());
        let refused = "|verdict|/api/*|MISSING_CREDENTIAL||1|0|0|0|0|0|0|0|0|";
        let valid = "acme|verdict|/api/*|VALID||3|1011|1|0|0|0|0|1|900|";
        assert_eq!(points.take().replace(SEPARATOR, "|"), format!("{refused}{valid}"));
        assert_eq!(points.take(), "");
    }

    #[test]
    fn one_request_at_a_time_holds_the_timer_and_another_takes_over_from_one_that_is_gone() {
        let mut points = Points::new(10_000);
        assert_eq!(points.count(label("acme", "VALID"), WARM, NOW), Some(10_000));
        assert_eq!(points.count(label("acme", "REVOKED"), WARM, NOW.plus_millis(10_999)), None);
        assert_eq!(points.count(label("acme", "VALID"), WARM, NOW.plus_millis(11_000)), Some(10_000));
        points.take();
        assert_eq!(points.count(label("acme", "VALID"), WARM, NOW.plus_millis(11_001)), Some(10_000));
    }

    #[test]
    fn many_labels_are_written_at_once_and_no_invocation_writes_more_than_it_may() {
        let mut points = Points::new(10_000);
        for number in 1..=300 {
            let tenant = format!("tenant-{number}");
            let wait = points.count(label(&tenant, "VALID"), WARM, NOW);
            assert_eq!(wait == Some(0), number >= MANY, "{number}");
        }
        assert_eq!(points.take().split(SEPARATOR).count() - 1, MAX_LABELS * (1 + 4 + 9));
    }
}
