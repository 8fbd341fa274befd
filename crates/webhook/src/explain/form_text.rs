//! Changes of a form: decoded, written again, or taken for JSON.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::ops::ControlFlow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use serde_json::Value;

use super::{
    body,
    case::Case,
    code::CauseCode,
    trial::{Edit, Trial, Try, What},
};
use crate::form;

/// The characters that RFC 3986 doesn't reserve.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// The characters that browsers and `URLSearchParams` leave.
const BROWSER: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'*');
/// The characters that JavaScript's `encodeURIComponent` leaves.
const COMPONENT: &AsciiSet = &UNRESERVED.remove(b'!').remove(b'*').remove(b'\'').remove(b'(').remove(b')');

/// The longest body that is taken apart, bytes.
const MAX_LEN: usize = 256 * 1024;

pub(super) fn edits(trial: &Trial<'_>, _: &Case<'_>, attempt: Try<'_>) -> ControlFlow<()> {
    let given: &[u8] = &trial.body;
    if given.is_empty() || given.len() > MAX_LEN {
        return ControlFlow::Continue(());
    }
    let mut put =
        |sentence: String, body: Vec<u8>| attempt(Edit::new(CauseCode::FormEncoding, sentence, What::Body(body)));
    let declared = body::header(trial, "content-type").is_some_and(|kind| kind.contains("x-www-form-urlencoded"));
    let json: Option<Value> = serde_json::from_slice(given).ok();
    if json.is_none() && (declared || given.contains(&b'=')) {
        let Some(pairs) = form::urlencoded(given) else { return ControlFlow::Continue(()) };
        for (name, value) in &pairs {
            if pairs.len() == 1 || name.as_ref() == b"payload" {
                let name = String::from_utf8_lossy(name);
                put(format!("The sender signed the text of the form's field `{name}` alone."), value.to_vec())?;
            }
        }
        let pairs: Vec<(&[u8], &[u8])> = pairs.iter().map(|(name, value)| (name.as_ref(), value.as_ref())).collect();
        written(&pairs, &mut put)?;
    }
    // A framework parsed a form, and its fields were written as JSON.
    if let Some(Value::Object(members)) = &json {
        let text = |value: &Value| match value {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            Value::Bool(value) => Some(value.to_string()),
            Value::Null => Some(String::new()),
            _ => None,
        };
        let fields: Option<Vec<(&str, String)>> =
            members.iter().map(|(name, value)| Some((name.as_str(), text(value)?))).collect();
        if let Some(fields) = fields {
            let mut pairs: Vec<(&[u8], &[u8])> = Vec::new();
            // serde_json sorts members; a form's own order is that of the text.
            let mut ordered: Vec<&(&str, String)> = fields.iter().collect();
            let place = |name: &str| {
                let quoted = Value::String(name.into()).to_string();
                given.windows(quoted.len()).position(|window| window == quoted.as_bytes())
            };
            ordered.sort_by_key(|(name, _)| place(name));
            pairs.extend(ordered.iter().map(|(name, text)| (name.as_bytes(), text.as_bytes())));
            written(&pairs, &mut put)?;
        }
    }
    if json.is_some() {
        written(&[(b"payload", given)], &mut put)?;
    }
    ControlFlow::Continue(())
}

/// Writes a form in the ways of common libraries.
fn written(pairs: &[(&[u8], &[u8])], put: &mut dyn FnMut(String, Vec<u8>) -> ControlFlow<()>) -> ControlFlow<()> {
    for plus in [true, false] {
        for (set, kept) in [(BROWSER, "-._*"), (UNRESERVED, "-._~"), (COMPONENT, "-._~!*'()")] {
            for lower in [false, true] {
                let write = |text: &[u8]| {
                    let text = percent_encode(text, set).to_string();
                    let text = if plus { text.replace("%20", "+") } else { text };
                    if lower { lower_case(&text) } else { text }
                };
                let fields: Vec<String> =
                    pairs.iter().map(|(name, value)| format!("{}={}", write(name), write(value))).collect();
                let space = if plus { "+" } else { "%20" };
                let digits = if lower { "lower" } else { "upper" };
                let sentence = format!(
                    "The sender signed the urlencoded form as it is written with `{space}` for a space, \
                     {digits}-case hex, and `{kept}` as they are."
                );
                put(sentence, fields.join("&").into_bytes())?;
            }
        }
    }
    ControlFlow::Continue(())
}

/// A text with the digits of its percent escapes in lower case.
fn lower_case(text: &str) -> String {
    let mut digits = 0;
    let lower = |char: char| {
        digits = if char == '%' { 2 } else { i32::max(digits - 1, -1) };
        if digits >= 0 && char != '%' { char.to_ascii_lowercase() } else { char }
    };
    text.chars().map(lower).collect()
}
