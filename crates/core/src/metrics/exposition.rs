//! The text of metrics: [OpenMetrics 1.0](https://github.com/prometheus/OpenMetrics/blob/v1.0.0/specification/OpenMetrics.md),
//! and the older text format 0.0.4 of Prometheus for readers that take nothing else.
//!
//! There is a crate for the former, `prometheus-client`. It is made of counters that live in memory, which a worker that
//! asks objects doesn't have, and it doesn't write the latter.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};

/// The format of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// OpenMetrics 1.0.
    OpenMetrics,
    /// Prometheus's text format 0.0.4.
    Plain,
}

impl Format {
    /// The format for a request's `Accept`: OpenMetrics, unless that names `text/plain` and not OpenMetrics. The
    /// weights don't count: every reader that knows OpenMetrics can read it.
    #[must_use]
    pub fn accepted(accept: Option<&str>) -> Self {
        let names = |wanted: &str| {
            let ranges = accept.unwrap_or_default().split(',');
            ranges.filter_map(|range| range.split(';').next()).any(|range| range.trim().eq_ignore_ascii_case(wanted))
        };
        if names("text/plain") && !names("application/openmetrics-text") { Self::Plain } else { Self::OpenMetrics }
    }

    /// The `Content-Type`.
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Self::Plain => "text/plain; version=0.0.4; charset=utf-8",
        }
    }
}

/// The type of a family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A number that goes up and down.
    Gauge,
    /// A number that only goes up. Its samples' names end with `_total`.
    Counter,
    /// Texts, as labels of a sample that is 1. Its name ends with `_info`.
    Info,
}

impl Kind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Gauge => "gauge",
            Self::Counter => "counter",
            Self::Info => "info",
        }
    }

    const fn suffix(self) -> &'static str {
        match self {
            Self::Gauge => "",
            Self::Counter => "_total",
            Self::Info => "_info",
        }
    }
}

/// A metric family.
#[derive(Clone, Debug, PartialEq)]
pub struct Family {
    /// The name, without the suffix of its kind.
    pub name: &'static str,
    /// The kind.
    pub kind: Kind,
    /// The unit, with which the name ends; empty if there is none.
    pub unit: &'static str,
    /// Its meaning, in one sentence.
    pub help: &'static str,
    /// The samples, in the order in which they are written.
    pub samples: Vec<Sample>,
}

/// One number of a family.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// Names and values of its labels.
    pub labels: Vec<(&'static str, String)>,
    /// The number.
    pub value: f64,
}

impl Sample {
    /// A number without labels.
    #[must_use]
    pub const fn of(value: f64) -> Self {
        Self { labels: Vec::new(), value }
    }

    /// A number with one label.
    #[must_use]
    pub fn with(label: &'static str, text: impl Into<String>, value: f64) -> Self {
        Self { labels: Vec::from([(label, text.into())]), value }
    }
}

/// Writes families. Those without samples are left out.
#[must_use]
pub fn text(families: &[Family], format: Format) -> String {
    let mut text: String =
        families.iter().filter(|family| !family.samples.is_empty()).map(|family| family.text(format)).collect();
    if format == Format::OpenMetrics {
        text.push_str("# EOF\n");
    }
    text
}

impl Family {
    fn text(&self, format: Format) -> String {
        let sample_name = format!("{}{}", self.name, self.kind.suffix());
        let (name, kind) = match format {
            Format::OpenMetrics => (self.name, self.kind.as_str()),
            // This format has no infos, and a family there is named like its samples.
            Format::Plain => (sample_name.as_str(), if self.kind == Kind::Info { "gauge" } else { self.kind.as_str() }),
        };
        let mut text = format!("# TYPE {name} {kind}\n");
        if format == Format::OpenMetrics && !self.unit.is_empty() {
            text.push_str(&format!("# UNIT {name} {}\n", self.unit));
        }
        text.push_str(&format!("# HELP {name} {}\n", escaped(self.help)));
        for Sample { labels, value } in &self.samples {
            let labels: Vec<String> =
                labels.iter().map(|(label, text)| format!("{label}=\"{}\"", escaped(text))).collect();
            let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
            text.push_str(&format!("{sample_name}{labels} {value}\n"));
        }
        text
    }
}

/// A text with what ends a line or a label's value escaped. The older format needs no escaped quotes in a help, and this
/// project's helps have none.
fn escaped(text: &str) -> String {
    text.to_string().replace('\\', "\\\\").replace('\n', "\\n").replace('"', "\\\"")
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn families() -> Vec<Family> {
        let family = |name, kind, unit, samples| Family { name, kind, unit, help: "A help.", samples };
        vec![
            family("a_seconds", Kind::Gauge, "seconds", vec![Sample::of(1.5), Sample::with("of", "x\"\\\ny", 3.0)]),
            family("nothing", Kind::Gauge, "", vec![]),
            family("uses", Kind::Counter, "", vec![Sample::with("code", "VALID", 18_446_744_073.0)]),
            family("log", Kind::Info, "", vec![Sample::with("epoch", "e", 1.0)]),
        ]
    }

    #[test]
    fn openmetrics_has_type_unit_and_help_in_this_order_and_ends_with_eof() {
        let expected = r#"# TYPE a_seconds gauge
# UNIT a_seconds seconds
# HELP a_seconds A help.
a_seconds 1.5
a_seconds{of="x\"\\\ny"} 3
# TYPE uses counter
# HELP uses A help.
uses_total{code="VALID"} 18446744073
# TYPE log info
# HELP log A help.
log_info{epoch="e"} 1
# EOF
"#;
        assert_eq!(text(&families(), Format::OpenMetrics), expected);
    }

    #[test]
    fn the_older_format_names_families_like_their_samples_and_has_no_units_infos_and_end() {
        let expected = r#"# TYPE a_seconds gauge
# HELP a_seconds A help.
a_seconds 1.5
a_seconds{of="x\"\\\ny"} 3
# TYPE uses_total counter
# HELP uses_total A help.
uses_total{code="VALID"} 18446744073
# TYPE log_info gauge
# HELP log_info A help.
log_info{epoch="e"} 1
"#;
        assert_eq!(text(&families(), Format::Plain), expected);
    }

    #[test]
    fn the_older_format_is_for_readers_that_take_nothing_else() {
        for accept in [None, Some("*/*"), Some("application/openmetrics-text; version=1.0.0;q=0.5,text/plain;q=0.9")] {
            assert_eq!(Format::accepted(accept), Format::OpenMetrics, "{accept:?}");
        }
        for accept in ["text/plain;version=0.0.4", "Text/Plain", "text/plain;version=0.0.4;q=1,*/*;q=0.1"] {
            assert_eq!(Format::accepted(Some(accept)), Format::Plain, "{accept}");
        }
    }
}
