//! The time at which a delivery was signed: how it is written, and whether it is fresh.
//!
//! An instant is a [`Duration`] since 1970-01-01T00:00:00Z, in whole milliseconds. No sender signed anything before.
//!
//! Dates are parsed and written by hand: the format descriptions of the `time` crate would add 12 KiB to a worker.

use alloc::{
    format,
    string::{String, ToString},
};
use core::time::Duration;

use time::{Date, Month, OffsetDateTime, Time, UtcDateTime, Weekday, format_description::well_known::Rfc3339};

use crate::{algorithm::TimeUnit, failure::Failure, scheme::TimestampRule};

const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Parses an instant. Each instant has only one text: without a sign, space or leading zero, and in seconds and
/// milliseconds without a fraction.
pub(crate) fn parse(unit: TimeUnit, text: &str) -> Option<Duration> {
    match unit {
        TimeUnit::Seconds => digits(text).map(Duration::from_secs),
        TimeUnit::Milliseconds => digits(text).map(Duration::from_millis),
        TimeUnit::Rfc3339 if text.len() <= 40 => since_1970(OffsetDateTime::parse(text, &Rfc3339).ok()?),
        TimeUnit::Rfc3339 => None,
        TimeUnit::HttpDate => parse_http_date(text),
    }
}

/// Writes an instant in a unit.
pub(crate) fn write(unit: TimeUnit, instant: Duration) -> String {
    match unit {
        TimeUnit::Seconds => instant.as_secs().to_string(),
        TimeUnit::Milliseconds => instant.as_millis().to_string(),
        TimeUnit::Rfc3339 => rfc3339(date(instant)),
        TimeUnit::HttpDate => http_date(date(instant)),
    }
}

/// Judges the time of a delivery whose signature is good.
pub(crate) fn judge(rule: &TimestampRule, instant: Duration, now: Duration) -> Result<(), Failure> {
    if rule.enforce { within(instant, now, rule.past, rule.future) } else { Ok(()) }
}

/// Checks that an instant is at most this many seconds before or after now. Both times are taken in whole seconds, and
/// both limits are inclusive.
pub(crate) fn within(instant: Duration, now: Duration, past: u32, future: u32) -> Result<(), Failure> {
    if now.as_secs().saturating_sub(instant.as_secs()) > u64::from(past) {
        Err(Failure::TimestampTooOld)
    } else if instant.as_secs().saturating_sub(now.as_secs()) > u64::from(future) {
        Err(Failure::TimestampTooNew)
    } else {
        Ok(())
    }
}

/// Parses up to 15 digits: no clock needs more in either unit.
fn digits(text: &str) -> Option<u64> {
    let canonical = text == "0" || !text.starts_with('0');
    let fits = canonical && (1..=15).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    if fits { text.parse().ok() } else { None }
}

/// Writes a date by RFC 3339 in UTC, with three digits of milliseconds.
fn rfc3339(date: UtcDateTime) -> String {
    let (year, month, day) = date.to_calendar_date();
    let (hour, minute, second, milli) = date.as_hms_milli();
    let month = u8::from(month);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z")
}

/// Writes a date in the one form that HTTP sends (RFC 9110, 5.6.7): `Sun, 06 Nov 1994 08:49:37 GMT`.
fn http_date(date: UtcDateTime) -> String {
    let (year, month, day) = date.to_calendar_date();
    let (hour, minute, second) = date.as_hms();
    let (weekday, month) =
        (name(date.weekday()), MONTHS.get(usize::from(u8::from(month)) - 1).copied().unwrap_or_default());
    format!("{weekday}, {day:02} {month} {year:04} {hour:02}:{minute:02}:{second:02} GMT")
}

/// Parses a date by its fixed columns and writes it again to compare, since each date has only one text.
fn parse_http_date(text: &str) -> Option<Duration> {
    let number = |columns: core::ops::Range<usize>| text.get(columns)?.parse::<u16>().ok();
    let two = |at: usize| number(at..at + 2).and_then(|number| u8::try_from(number).ok());
    let month = MONTHS.iter().position(|name| text.get(8..11) == Some(name))?;
    let month = Month::try_from(u8::try_from(month + 1).ok()?).ok()?;
    let date = Date::from_calendar_date(number(12..16)?.into(), month, two(5)?).ok()?;
    let date = date.with_time(Time::from_hms(two(17)?, two(20)?, two(23)?).ok()?).assume_utc();
    if http_date(date.into()) == text { since_1970(date) } else { None }
}

fn name(weekday: Weekday) -> &'static str {
    DAYS.get(usize::from(weekday.number_days_from_monday())).copied().unwrap_or_default()
}

fn since_1970(instant: OffsetDateTime) -> Option<Duration> {
    let millis = instant.unix_timestamp_nanos().div_euclid(1_000_000);
    u64::try_from(millis).ok().map(Duration::from_millis)
}

/// The date of an instant. An instant after the year 9999 has none, and is written as the first of 1970.
fn date(instant: Duration) -> UtcDateTime {
    let seconds =
        i64::try_from(instant.as_secs()).ok().and_then(|seconds| UtcDateTime::from_unix_timestamp(seconds).ok());
    let nanosecond = instant.subsec_millis() * 1_000_000;
    seconds.and_then(|date| date.replace_nanosecond(nanosecond).ok()).unwrap_or(UtcDateTime::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const INSTANT: Duration = Duration::from_secs(784_111_777);

    #[test]
    fn each_unit_reads_what_it_writes() {
        assert_eq!(write(TimeUnit::HttpDate, INSTANT), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(write(TimeUnit::Rfc3339, INSTANT), "1994-11-06T08:49:37.000Z");
        for unit in TimeUnit::ALL {
            assert_eq!(parse(*unit, &write(*unit, INSTANT)), Some(INSTANT), "{unit}");
        }
    }

    #[test]
    fn a_time_with_an_offset_is_read_to_the_millisecond() {
        let instant = parse(TimeUnit::Rfc3339, "1994-11-06T09:49:37.1239+01:00");
        assert_eq!(instant, Some(INSTANT + Duration::from_millis(123)));
        assert_eq!(parse(TimeUnit::Rfc3339, "1969-12-31T23:59:59Z"), None);
    }

    #[test]
    fn dates_that_are_none_are_refused() {
        for text in [
            "",
            "Sun, 06 Nov 1994 08:49:37",
            "Mon, 06 Nov 1994 08:49:37 GMT",
            "sun, 06 nov 1994 08:49:37 gmt",
            "Sun, 6 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 08:49:37 GMT ",
            "Sun, 06 Nov 1994 24:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
        ] {
            assert_eq!(parse(TimeUnit::HttpDate, text), None, "{text}");
        }
    }
}
