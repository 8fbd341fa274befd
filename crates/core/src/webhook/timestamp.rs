//! When a delivery was signed: reading it, and judging it.

use time::{Date, Month, OffsetDateTime, Time};

use super::{algorithm::TimeUnit, failure::Failure, scheme::TimestampRule};
use crate::timestamp::Timestamp;

/// Reads an instant. One instant has one text: no sign, no space, no leading
/// zero, no fraction of a second in units.
pub(crate) fn parse(unit: TimeUnit, text: &str) -> Option<Timestamp> {
    match unit {
        TimeUnit::Seconds => digits(text)?.checked_mul(1000).map(Timestamp::from_millis),
        TimeUnit::Milliseconds => digits(text).map(Timestamp::from_millis),
        TimeUnit::Rfc3339 if text.len() <= 40 => Timestamp::parse_rfc3339(text),
        TimeUnit::Rfc3339 => None,
        TimeUnit::HttpDate => http_date(text),
    }
}

/// The text of an instant in a unit.
pub(crate) fn write(unit: TimeUnit, instant: Timestamp) -> alloc::string::String {
    use alloc::{format, string::ToString};
    match unit {
        TimeUnit::Seconds => instant.as_millis().div_euclid(1000).to_string(),
        TimeUnit::Milliseconds => instant.as_millis().to_string(),
        TimeUnit::Rfc3339 => instant.to_rfc3339(),
        TimeUnit::HttpDate => {
            let date = OffsetDateTime::from_unix_timestamp(instant.as_millis().div_euclid(1000))
                .unwrap_or(OffsetDateTime::UNIX_EPOCH);
            let name = |names: &[&'static str], index: u8| names.get(usize::from(index)).copied().unwrap_or_default();
            format!(
                "{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT",
                name(&DAYS, date.weekday().number_days_from_monday()),
                date.day(),
                name(&MONTHS, u8::from(date.month()) - 1),
                date.year(),
                date.hour(),
                date.minute(),
                date.second()
            )
        }
    }
}

/// Up to 15 digits: no clock in any unit needs more.
fn digits(text: &str) -> Option<i64> {
    let canonical = text == "0" || !text.starts_with('0');
    let fits = canonical && (1..=15).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    if fits { text.parse().ok() } else { None }
}

const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// The one form that HTTP's dates are sent in (RFC 9110): `Sun, 06 Nov 1994 08:49:37 GMT`.
fn http_date(text: &str) -> Option<Timestamp> {
    let mut words = text.split(' ');
    let mut next = || words.next();
    let (weekday, day, month, year, clock, zone) = (next()?, next()?, next()?, next()?, next()?, next()?);
    let number = |text: &str, len: usize| {
        let fits = text.len() == len && text.bytes().all(|b| b.is_ascii_digit());
        if fits { text.parse::<u16>().ok() } else { None }
    };
    let two = |text: &str| number(text, 2).and_then(|number| u8::try_from(number).ok());
    let month = u8::try_from(MONTHS.iter().position(|name| *name == month)? + 1).ok()?;
    let date = Date::from_calendar_date(i32::from(number(year, 4)?), Month::try_from(month).ok()?, two(day)?).ok()?;
    let mut clock = clock.split(':');
    let (hour, minute, second) = (two(clock.next()?)?, two(clock.next()?)?, two(clock.next()?)?);
    let name = DAYS.get(usize::from(date.weekday().number_days_from_monday()))?;
    if weekday.strip_suffix(',') != Some(name) || zone != "GMT" || words.next().is_some() || clock.next().is_some() {
        return None;
    }
    let instant = date.with_time(Time::from_hms(hour, minute, second).ok()?).assume_utc();
    instant.unix_timestamp().checked_mul(1000).map(Timestamp::from_millis)
}

/// Judges the time of a delivery whose signature is good. Both sides are taken
/// in whole seconds, and both limits are inclusive.
pub(crate) fn judge(rule: &TimestampRule, instant: Timestamp, now: Timestamp) -> Result<(), Failure> {
    if rule.enforce { within(instant, now, rule.past, rule.future) } else { Ok(()) }
}

/// Whether an instant is at most so many whole seconds before or after now.
pub(crate) fn within(instant: Timestamp, now: Timestamp, past: u32, future: u32) -> Result<(), Failure> {
    let seconds = |instant: Timestamp| instant.as_millis().div_euclid(1000);
    let age = seconds(now).saturating_sub(seconds(instant));
    if age > i64::from(past) {
        Err(Failure::TimestampTooOld)
    } else if age < -i64::from(future) {
        Err(Failure::TimestampTooNew)
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn each_unit_reads_what_it_writes() {
        let instant = Timestamp::parse_rfc3339("1994-11-06T08:49:37Z").unwrap();
        assert_eq!(write(TimeUnit::HttpDate, instant), "Sun, 06 Nov 1994 08:49:37 GMT");
        for unit in TimeUnit::ALL {
            assert_eq!(parse(*unit, &write(*unit, instant)), Some(instant), "{unit}");
        }
    }

    #[test]
    fn dates_that_are_none_are_refused() {
        for text in [
            "",
            "Sun, 06 Nov 1994 08:49:37",
            "Mon, 06 Nov 1994 08:49:37 GMT",
            "Sun, 6 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 08:49:37 GMT ",
            "Sun, 06 Nov 1994 24:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
        ] {
            assert_eq!(parse(TimeUnit::HttpDate, text), None, "{text}");
        }
    }
}
