//! Hints: causes that are possible, for a failure where no cause is proved.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};

use super::{
    body,
    case::Case,
    code::CauseCode,
    json_text::{Token, tokens},
    mend,
    report::{Cause, Hint},
    trial::Trial,
};
use crate::{failure::Failure, json, name::Names, secret::Secrets};

/// The beginnings of keys of APIs, which are no secrets of webhooks.
const API_KEYS: [&str; 14] = [
    "sk_",
    "pk_",
    "rk_",
    "sk-",
    "AKIA",
    "ghp_",
    "gho_",
    "ghs_",
    "github_pat_",
    "xoxb-",
    "xoxp-",
    "xapp-",
    "SG.",
    "shpat_",
];

/// The hints for a delivery that was refused.
pub(super) fn hints(case: &Case<'_>, failure: &Failure, causes: &[Cause]) -> Vec<Hint> {
    if !causes.is_empty() {
        return Vec::new();
    }
    let trial = Trial::of(case);
    let mut found: Vec<(CauseCode, String)> = Vec::new();
    unreadable(case, failure, &mut found);
    secrets(case, &mut found);
    length(&trial, &mut found);
    text(&trial, &mut found);
    document(&trial, &mut found);
    if matches!(failure, Failure::NoMatch) {
        let sentence = "Nothing that was tried gives this signature. Most likely it was made with another secret: that \
                        of another endpoint, another environment, or one that was replaced.";
        found.push((CauseCode::OtherSecret, sentence.into()));
    }
    let hint =
        |(code, sentence): (CauseCode, String)| Hint { code, number: code.number(), sentence, mend: mend::of(code) };
    found.into_iter().map(hint).collect()
}

/// Adds the hint that the failure itself gives, such as a missing header or an unreadable signature.
fn unreadable(case: &Case<'_>, failure: &Failure, found: &mut Vec<(CauseCode, String)>) {
    let headers = case.delivery.headers;
    let (code, sentence) = match failure {
        Failure::MissingHeader(name) if headers.is_empty() => {
            (CauseCode::Headers, format!("There are no headers. The signature must stand in `{name}`."))
        }
        Failure::MissingHeader(name) => (
            CauseCode::Headers,
            format!(
                "The header `{name}` isn't among the {} that are here. A proxy, a gateway or a framework may have \
                 removed it; or this is another sender's delivery.",
                headers.len()
            ),
        ),
        Failure::AmbiguousHeader(name) => {
            (CauseCode::Headers, format!("The header `{name}` is here several times, and none of its values is good."))
        }
        Failure::MissingTimestamp | Failure::MalformedTimestamp => {
            (CauseCode::TimestampText, failure.detail().into_owned())
        }
        Failure::MalformedSignature | Failure::TooManySignatures | Failure::MalformedToken(_) => {
            (CauseCode::SignatureText, failure.detail().into_owned())
        }
        Failure::MissingField(_) | Failure::MalformedBody | Failure::MalformedField(_) => {
            (CauseCode::AlteredBody, failure.detail().into_owned())
        }
        Failure::UnknownKey => {
            let sentence = "None of the keys that were given made the signature, and the delivery names none of them \
                            (`kid`). The sender may have replaced its keys: fetch them anew.";
            (CauseCode::OtherSecret, sentence.into())
        }
        Failure::ClaimMismatch(_) => (CauseCode::Url, failure.detail().into_owned()),
        Failure::HashMismatch(_) => (CauseCode::AlteredBody, failure.detail().into_owned()),
        _ => return,
    };
    found.push((code, sentence));
}

fn secrets(case: &Case<'_>, found: &mut Vec<(CauseCode, String)>) {
    for fault in Secrets::parse(case.scheme, case.secrets).faults() {
        found.push((CauseCode::SecretForm, fault.to_string()));
    }
    for (index, secret) in case.secrets.iter().enumerate() {
        let secret = secret.trim();
        let is_token = secret.starts_with("eyJ") && secret.matches('.').count() == 2;
        let key = API_KEYS.iter().find(|start| secret.starts_with(**start));
        if let Some(start) = key.copied().or(is_token.then_some("eyJ")) {
            let sentence = format!(
                "Secret {} begins with `{start}`: it looks like a key for the sender's API. Webhooks have a secret of \
                 their own.",
                index + 1
            );
            found.push((CauseCode::OtherSecret, sentence));
        }
    }
}

/// The length that the sender stated.
fn length(trial: &Trial<'_>, found: &mut Vec<(CauseCode, String)>) {
    let stated = body::header(trial, "content-length").and_then(|value| value.parse::<usize>().ok());
    let there = trial.body.len();
    if let Some(stated) = stated.filter(|stated| *stated != there) {
        let sentence = format!(
            "`Content-Length` says {stated} bytes, and the body has {there}: {} {}.",
            stated.abs_diff(there),
            if stated > there { "are missing" } else { "were added" }
        );
        found.push((if there == 0 { CauseCode::EmptyBody } else { CauseCode::AlteredBody }, sentence));
    }
    let encoded = body::header(trial, "content-encoding").filter(|value| value != "identity");
    if let Some(encoding) = encoded.filter(|_| super::body::inflated(&trial.body).is_none()) {
        let sentence = format!(
            "`Content-Encoding` says `{encoding}`, and this body isn't compressed so: it was inflated on the way. If \
             the sender signed the compressed bytes, only those can be verified."
        );
        found.push((CauseCode::CompressedBody, sentence));
    }
}

fn text(trial: &Trial<'_>, found: &mut Vec<(CauseCode, String)>) {
    let replacement = "\u{fffd}".as_bytes();
    let at = trial.body.windows(replacement.len()).position(|window| window == replacement);
    if let Some(at) = at {
        let sentence = format!(
            "At byte {at} stands U+FFFD, which replaces bytes that were no UTF-8. They are lost: take the body as \
             bytes, before anything decodes it."
        );
        found.push((CauseCode::Charset, sentence));
    }
    if trial.body.trim_ascii() == b"[object Object]" {
        let sentence = "The body is `[object Object]`: JavaScript wrote a parsed object as text. Its bytes are lost.";
        found.push((CauseCode::AlteredBody, sentence.into()));
    }
}

fn document(trial: &Trial<'_>, found: &mut Vec<(CauseCode, String)>) {
    let body: &[u8] = &trial.body;
    let declared = body::header(trial, "content-type").is_some_and(|kind| kind.contains("json"));
    if !matches!(body.trim_ascii_start().first(), Some(b'{' | b'[')) && !declared {
        return;
    }
    if json::find(body, &[], Names::Exact).is_err() {
        if !body.is_empty() {
            let at = serde_json::from_slice::<serde::de::IgnoredAny>(body).err().map(|error| offset(body, &error));
            let end = at.is_none_or(|at| at >= body.len());
            let sentence = match at {
                Some(at) if !end => format!("The body is no JSON from byte {at} on."),
                _ => format!(
                    "The JSON document is not closed when the body ends, after {} bytes: it is cut.",
                    body.len()
                ),
            };
            found.push((CauseCode::AlteredBody, sentence));
        }
        return;
    }
    let Some(document) = tokens(body) else { return };
    if let Some(number) = document.iter().find_map(beyond_doubles) {
        let sentence = format!(
            "The number {number} has more digits than a double keeps. If the body was parsed and written again, digits \
             of such numbers are lost."
        );
        found.push((CauseCode::Numbers, sentence));
    }
    if let Some(count) = sorted_members(&document) {
        let sentence = format!(
            "The {count} members of the document are sorted by name. If something sorted them, the sender's order can't \
             be found again."
        );
        found.push((CauseCode::KeyOrder, sentence));
    }
    if let Ok(Some(value)) = json::find(body, &[crate::place::Step::Member("livemode".into())], Names::Exact) {
        let mode = if value == b"false" { "the test mode" } else { "the live mode" };
        let sentence = format!("The body says `livemode`: it is of {mode}, whose endpoints have secrets of their own.");
        found.push((CauseCode::OtherSecret, sentence));
    }
}

/// The offset of an error, bytes.
fn offset(body: &[u8], error: &serde_json::Error) -> usize {
    let lines = body.split_inclusive(|byte| *byte == b'\n').take(error.line().saturating_sub(1));
    let before: usize = lines.map(<[u8]>::len).sum();
    before + error.column()
}

fn beyond_doubles(token: &Token<'_>) -> Option<String> {
    let Token::Word(word) = token else { return None };
    let digits = word.iter().filter(|byte| byte.is_ascii_digit()).count();
    let text = core::str::from_utf8(word).ok().filter(|_| token.is_number())?;
    let large = text.parse::<i128>().map_or(digits > 17, |number| number.unsigned_abs() > 1 << 53);
    large.then(|| text.into())
}

/// The number of members of the outermost object, if they are sorted and at least five.
fn sorted_members(document: &[Token<'_>]) -> Option<usize> {
    let mut depth = 0;
    let mut names: Vec<&[u8]> = Vec::new();
    for (index, token) in document.iter().enumerate() {
        match token {
            Token::Open(_) => depth += 1,
            Token::Close(_) => depth -= 1,
            Token::Colon if depth == 1 => {
                let before = document.get(..index)?.iter().rev().find(|token| !matches!(token, Token::Space(_)));
                if let Some(Token::String(name)) = before {
                    names.push(name);
                }
            }
            _ => {}
        }
    }
    (names.len() >= 5 && names.is_sorted()).then_some(names.len())
}
