//! Changes of headers: names, lists, folded lines.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::ops::ControlFlow;

use super::{
    case::Case,
    code::CauseCode,
    trial::{Edit, Trial, Try, What},
};

pub(super) fn edits(trial: &Trial<'_>, _: &Case<'_>, attempt: Try<'_>) -> ControlFlow<()> {
    let Some(needed) = trial.scheme.headers_read() else { return ControlFlow::Continue(()) };
    let given: Vec<(String, String)> =
        trial.headers.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
    let mut put = |sentence: &str, name: &str, headers: Vec<(String, String)>| {
        if headers == given {
            return ControlFlow::Continue(());
        }
        attempt(Edit::new(CauseCode::Headers, sentence, What::Headers(name.into(), headers)))
    };
    let renamed: Vec<(String, String)> = given.iter().map(|(name, value)| (plain_name(name), value.clone())).collect();
    let is_needed = |(name, _): &&(String, String)| needed.iter().any(|other| name.eq_ignore_ascii_case(other));
    let first = renamed.iter().find(is_needed).map_or("", |(name, _)| name.as_str());
    put("The headers' names were changed: `HTTP_X_NAME` or `x_name` stand for `X-Name`.", first, renamed.clone())?;
    let unfolded: Vec<(String, String)> =
        given.iter().map(|(name, value)| (name.clone(), unfolded(value, " "))).collect();
    put("A header's value is folded over several lines; the sender sent it in one.", first, unfolded)?;
    let joined: Vec<(String, String)> =
        given.iter().map(|(name, value)| (name.clone(), self::unfolded(value, ""))).collect();
    put("A header's value was broken into several lines; the sender sent it in one.", first, joined)?;
    for name in &needed {
        values(name, &given, &mut put)?;
    }
    lost(&needed, &given, &mut put)
}

type Put<'p> = &'p mut dyn FnMut(&str, &str, Vec<(String, String)>) -> ControlFlow<()>;

/// One value where several came, or where several were joined.
fn values(name: &str, given: &[(String, String)], put: Put<'_>) -> ControlFlow<()> {
    let values: Vec<&str> =
        given.iter().filter(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str()).collect();
    let with = |value: &str| {
        let others = given.iter().filter(|(other, _)| !other.eq_ignore_ascii_case(name)).cloned();
        others.chain([(name.to_string(), value.to_string())]).collect()
    };
    if values.len() > 1 {
        for value in &values {
            let sentence =
                format!("The header `{name}` came {} times; one of its values is the sender's.", values.len());
            put(&sentence, name, with(value))?;
        }
        let sentence = format!("The header `{name}` came {} times; the sender sent its values in one.", values.len());
        for separator in [", ", ",", " ", ""] {
            put(&sentence, name, with(&values.join(separator)))?;
        }
    }
    for value in values {
        for separator in [", ", ",", "; "] {
            let parts: Vec<&str> = value.split(separator).collect();
            // Two signatures of the same kind have the same length.
            let alike =
                parts.iter().all(|part| !part.is_empty() && Some(part.len()) == parts.first().map(|part| part.len()));
            if (2..=8).contains(&parts.len()) && alike {
                for part in parts {
                    let sentence =
                        format!("Two headers `{name}` were joined into one; one of its parts is the sender's.");
                    put(&sentence, name, with(part.trim()))?;
                }
            }
        }
    }
    ControlFlow::Continue(())
}

/// Headers that are there under longer or otherwise written names.
fn lost(needed: &[String], given: &[(String, String)], put: Put<'_>) -> ControlFlow<()> {
    let letters = |name: &str| -> String {
        name.chars().filter(char::is_ascii_alphanumeric).map(|char| char.to_ascii_lowercase()).collect()
    };
    let mut all = given.to_vec();
    let mut found: Vec<(&str, String)> = Vec::new();
    for name in needed {
        let there = given.iter().any(|(other, value)| other.eq_ignore_ascii_case(name) && !value.trim().is_empty());
        let wanted = letters(name);
        let other = given.iter().find(|(other, _)| !there && letters(other).ends_with(&wanted));
        if let Some((other, value)) = other {
            all.push((name.clone(), value.clone()));
            found.push((name, format!("`{name}` arrived under the name `{}`", other.trim())));
        }
    }
    match found.as_slice() {
        [] => ControlFlow::Continue(()),
        [(first, _), ..] => {
            let sentences: Vec<&str> = found.iter().map(|(_, sentence)| sentence.as_str()).collect();
            put(&format!("The header {}.", sentences.join(", and ")), first, all)
        }
    }
}

/// A name without the marks of curl and CGI.
pub(super) fn plain_name(name: &str) -> String {
    let name = name.trim_matches(['>', '<', ' ', '\t', ':', '"', '\'']);
    let name = name.strip_prefix("HTTP_").or_else(|| name.strip_prefix("http_")).unwrap_or(name);
    name.replace('_', "-").to_ascii_lowercase()
}

/// A value whose line breaks, with the white space after them, are replaced by a text.
fn unfolded(value: &str, by: &str) -> String {
    value.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(by)
}
