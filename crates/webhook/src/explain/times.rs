//! Changes of a timestamp's text, and deliveries that come late.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::{ops::ControlFlow, time::Duration};

use super::{
    case::Case,
    code::CauseCode,
    mend,
    report::{Cause, Change},
    trial::{Edit, Trial, Try, What},
};
use crate::{algorithm::TimeUnit, failure::Failure, place::Place, scheme::TimestampRule, signature, timestamp};

pub(super) fn edits(trial: &Trial<'_>, _: &Case<'_>, attempt: Try<'_>) -> ControlFlow<()> {
    let Some(rule) = &trial.scheme.timestamp else { return ControlFlow::Continue(()) };
    match &rule.at {
        Place::Header(names) => {
            let Some(name) = names.first() else { return ControlFlow::Continue(()) };
            let given = trial.header(names).map(|(name, value)| (name.to_string(), value.to_string()));
            if let Some((name, value)) = &given {
                for (text, sentence) in rewritten(value, rule.unit) {
                    attempt(Edit::new(CauseCode::TimestampText, sentence, What::Header(name.clone(), text)))?;
                }
            }
            elsewhere(trial, rule, name, attempt)
        }
        Place::Field(key) => {
            let headers: Vec<(String, String)> = trial
                .signature_headers()
                .into_iter()
                .map(|(name, value)| (name.to_string(), value.to_string()))
                .collect();
            for (header, value) in headers {
                let Some(text) = field(&value, key) else { continue };
                for (new, sentence) in rewritten(text, rule.unit) {
                    let value = value.replacen(&format!("{key}={text}"), &format!("{key}={new}"), 1);
                    attempt(Edit::new(CauseCode::TimestampText, sentence, What::Header(header.clone(), value)))?;
                }
            }
            ControlFlow::Continue(())
        }
        _ => ControlFlow::Continue(()),
    }
}

/// The text after `KEY=` in a value, up to the next separator.
fn field<'v>(value: &'v str, key: &str) -> Option<&'v str> {
    let entry = |entry: &'v str| entry.trim().strip_prefix(key)?.strip_prefix('=');
    value.split([',', ';', ' ', '&']).find_map(entry)
}

/// The same time in other forms, the scheme's own first.
fn rewritten(given: &str, unit: TimeUnit) -> Vec<(String, &'static str)> {
    const OTHERWISE: &str = "The sender signed the same time, written otherwise than in this delivery.";
    let mut texts: Vec<(String, &'static str)> = Vec::new();
    let trimmed = given.trim().trim_matches(['"', '\'']);
    texts.push((trimmed.into(), "The sender signed the timestamp without the characters around it."));
    let whole = trimmed.split('.').next().unwrap_or_default();
    texts.push((whole.into(), "The sender signed the timestamp without its decimals."));
    let instants: Vec<Duration> = TimeUnit::ALL.iter().filter_map(|unit| timestamp::parse(*unit, whole)).collect();
    let instants = instants
        .into_iter()
        .chain(timestamp::parse(TimeUnit::Rfc3339, &format!("{trimmed}Z")))
        .chain(timestamp::parse(TimeUnit::Rfc3339, trimmed));
    for instant in instants {
        // A number reads as seconds and as milliseconds; one of them is near.
        let plausible = (Duration::from_secs(1_000_000_000)..Duration::from_secs(5_000_000_000)).contains(&instant);
        if !plausible {
            continue;
        }
        for unit in core::iter::once(unit).chain(TimeUnit::ALL.iter().copied()) {
            texts.push((timestamp::write(unit, instant), OTHERWISE));
        }
        let date = timestamp::write(TimeUnit::Rfc3339, Duration::from_secs(instant.as_secs()));
        for end in ["Z", "+00:00", ".000000Z", ".000+00:00"] {
            texts.push((date.replace(".000Z", end), OTHERWISE));
        }
    }
    texts.retain(|(text, _)| text != given);
    texts
}

/// Other headers that hold a time.
fn elsewhere(trial: &Trial<'_>, rule: &TimestampRule, name: &str, attempt: Try<'_>) -> ControlFlow<()> {
    let is_time = |value: &str| {
        TimeUnit::ALL
            .iter()
            .any(|unit| timestamp::parse(*unit, value.trim()).is_some_and(|time| time.as_secs() > 1_000_000_000))
    };
    let others: Vec<(String, String)> = trial
        .headers
        .iter()
        .filter(|(other, value)| !other.eq_ignore_ascii_case(name) && is_time(value))
        .map(|(other, value)| (other.to_string(), value.trim().to_string()))
        .collect();
    for (other, value) in others {
        let sentence = format!("The timestamp that the sender signed stands in the header `{other}`, not in `{name}`.");
        attempt(Edit::new(CauseCode::TimestampText, sentence.clone(), What::Header(name.into(), value.clone())))?;
        for (text, _) in rewritten(&value, rule.unit) {
            attempt(Edit::new(CauseCode::TimestampText, sentence.clone(), What::Header(name.into(), text)))?;
        }
    }
    ControlFlow::Continue(())
}

/// The cause of a genuine delivery that came outside of its time.
pub(super) fn late(case: &Case<'_>, failure: &Failure) -> Option<Cause> {
    let rule = case.scheme.timestamp.as_ref();
    let now = case.options.now;
    let signed = rule.and_then(|rule| time_of(case, rule));
    let (code, limit) = match failure {
        Failure::TimestampTooOld => (CauseCode::Late, rule.map(|rule| rule.past)),
        Failure::TimestampTooNew => (CauseCode::Early, rule.map(|rule| rule.future)),
        _ => return None,
    };
    let sentence = match (signed, limit) {
        (Some(signed), Some(limit)) => {
            let away = now.as_secs().abs_diff(signed.as_secs());
            let order = if code == CauseCode::Late { "before" } else { "after" };
            let hours = (away + 450) / 3600;
            let zone = (3_000..=14 * 3_600 + 450).contains(&away) && away.abs_diff(hours * 3600) <= 450;
            let zone = if zone { " That is about a whole number of hours: is a local time taken for UTC?" } else { "" };
            format!(
                "The signature is good. It was made {} {order} the time of this check, and {} are allowed.{zone}",
                duration(away),
                duration(limit.into())
            )
        }
        _ => "The token is good, but this is not the time in which it is valid (`exp` and `nbf`).".into(),
    };
    let change = Change { code, subject: "time".into(), sentence, secret: None, difference: None };
    Some(mend::cause(alloc::vec![change], failure.code()))
}

/// The time in the first group that has one.
fn time_of(case: &Case<'_>, rule: &TimestampRule) -> Option<Duration> {
    Trial::of(case).with_lookup(case, |lookup| {
        let values = lookup.signature_values().ok()?;
        let groups = signature::groups(lookup.scheme, &values).ok()?;
        groups.iter().find_map(|group| {
            let lookup = crate::lookup::Lookup { group: Some(group), ..*lookup };
            timestamp::parse(rule.unit, &lookup.characters(&rule.at).ok()??)
        })
    })
}

/// A length of time in words.
pub(super) fn duration(seconds: u64) -> String {
    let parts = [(86_400 * 365, "year"), (86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")];
    let mut rest = seconds;
    let mut words = Vec::new();
    for (length, name) in parts {
        let count = rest / length;
        rest %= length;
        if count > 0 && words.len() < 2 {
            words.push(format!("{count} {name}{}", if count == 1 { "" } else { "s" }));
        }
    }
    if words.is_empty() { "0 seconds".into() } else { words.join(" ") }
}
