//! The time at which a delivery was signed: how it is written, and whether it is fresh.
//!
//! An instant is a [`Duration`] since 1970-01-01T00:00:00Z, in whole milliseconds.
//! No sender signed anything before.

use alloc::string::{String, ToString};
use core::time::Duration;

use time::{
    OffsetDateTime, PrimitiveDateTime, UtcDateTime,
    format_description::{BorrowedFormatItem, well_known::Rfc3339},
    macros::format_description,
};

use crate::{algorithm::TimeUnit, failure::Failure, scheme::TimestampRule};

/// The one form in which HTTP's dates are sent (RFC 9110, 5.6.7): `Sun, 06 Nov 1994 08:49:37 GMT`.
const HTTP_DATE: &[BorrowedFormatItem<'_>] = format_description!(
    "[weekday repr:short], [day] [month repr:short] [year repr:full base:calendar sign:automatic] \
     [hour]:[minute]:[second] GMT"
);
/// RFC 3339 in UTC, with three digits of milliseconds.
const RFC3339_MILLIS: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");

/// Reads an instant. One instant has one text: no sign, no space, no leading
/// zero, no fraction of a second in units.
pub(crate) fn parse(unit: TimeUnit, text: &str) -> Option<Duration> {
    match unit {
        TimeUnit::Seconds => digits(text).map(Duration::from_secs),
        TimeUnit::Milliseconds => digits(text).map(Duration::from_millis),
        TimeUnit::Rfc3339 if text.len() <= 40 => since_1970(OffsetDateTime::parse(text, &Rfc3339).ok()?),
        TimeUnit::Rfc3339 => None,
        TimeUnit::HttpDate => http_date(text),
    }
}

/// The text of an instant in a unit.
pub(crate) fn write(unit: TimeUnit, instant: Duration) -> String {
    match unit {
        TimeUnit::Seconds => instant.as_secs().to_string(),
        TimeUnit::Milliseconds => instant.as_millis().to_string(),
        TimeUnit::Rfc3339 => date(instant).format(RFC3339_MILLIS).unwrap_or_default(),
        TimeUnit::HttpDate => date(instant).format(HTTP_DATE).unwrap_or_default(),
    }
}

/// Judges the time of a delivery whose signature is good.
pub(crate) fn judge(rule: &TimestampRule, instant: Duration, now: Duration) -> Result<(), Failure> {
    if rule.enforce { within(instant, now, rule.past, rule.future) } else { Ok(()) }
}

/// Whether an instant is at most so many seconds before or after now. Both are
/// taken in whole seconds, and both limits are inclusive.
pub(crate) fn within(instant: Duration, now: Duration, past: u32, future: u32) -> Result<(), Failure> {
    if now.as_secs().saturating_sub(instant.as_secs()) > u64::from(past) {
        Err(Failure::TimestampTooOld)
    } else if instant.as_secs().saturating_sub(now.as_secs()) > u64::from(future) {
        Err(Failure::TimestampTooNew)
    } else {
        Ok(())
    }
}

/// Up to 15 digits: no clock in any unit needs more.
fn digits(text: &str) -> Option<u64> {
    let canonical = text == "0" || !text.starts_with('0');
    let fits = canonical && (1..=15).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    if fits { text.parse().ok() } else { None }
}

/// The parser takes any weekday and letters of any case, so the date is written
/// again and compared.
fn http_date(text: &str) -> Option<Duration> {
    let date = PrimitiveDateTime::parse(text, HTTP_DATE).ok()?.assume_utc();
    let canonical = date.format(HTTP_DATE).ok()? == text;
    if canonical { since_1970(date) } else { None }
}

fn since_1970(instant: OffsetDateTime) -> Option<Duration> {
    let millis = instant.unix_timestamp_nanos().div_euclid(1_000_000);
    u64::try_from(millis).ok().map(Duration::from_millis)
}

/// An instant after the year 9999 has no date; it is written as the first of 1970.
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
