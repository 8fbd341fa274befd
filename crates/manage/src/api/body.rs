//! Request bodies: JSON of a bounded size, with a matching `Content-Type`.

use keystile_core::base::{
    code::Code,
    json::{self, ReadJsonError},
    problem::Problem,
};
use keystile_runtime::body;
use serde_json::{Map, Value};
use worker::Request;

/// The media types that are accepted for JSON.
pub(crate) const JSON: &[&str] = &["application/json"];
/// The media types that are accepted for a merge patch (RFC 7396).
pub(crate) const MERGE_PATCH: &[&str] = &["application/merge-patch+json", "application/json"];

/// Reads the body as JSON. An absent body counts as an empty object.
///
/// # Errors
/// Returns the problem with the body.
pub(crate) async fn read(request: &Request, accepted: &[&str], max_bytes: u32) -> Result<Value, Problem> {
    let bytes = receive(request, accepted, max_bytes).await?;
    if bytes.is_empty() { Ok(Value::Object(Map::new())) } else { parse(&bytes) }
}

/// Receives the body as it was sent, for those who check a signature over it before they [parse] it.
///
/// # Errors
/// Returns the problem with the body.
pub(crate) async fn receive(request: &Request, accepted: &[&str], max_bytes: u32) -> Result<Vec<u8>, Problem> {
    let content_type = request.headers().get("Content-Type").ok().flatten();
    let bytes = body::read_json(request.inner(), max_bytes).await?;
    if !bytes.is_empty() && !content_type.is_some_and(|content_type| is_one_of(&content_type, accepted)) {
        let detail = format!("Send the body as {}.", accepted.join(" or "));
        return Err(Problem::new(Code::UnsupportedMediaType, detail));
    }
    Ok(bytes)
}

/// Compares media types. Parameters such as `charset` don't matter, since JSON is UTF-8.
fn is_one_of(content_type: &str, accepted: &[&str]) -> bool {
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    accepted.iter().any(|accepted| media_type.eq_ignore_ascii_case(accepted))
}

/// Parses a body.
///
/// # Errors
/// The place from which on it is not JSON, or not in the form in which everybody understands it alike.
pub(crate) fn parse(bytes: &[u8]) -> Result<Value, Problem> {
    let text = core::str::from_utf8(bytes).map_err(|error| {
        let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let line = before.iter().filter(|&&byte| byte == b'\n').count() + 1;
        let column = before.iter().rev().take_while(|&&byte| byte != b'\n').count() + 1;
        Problem::malformed_json(format!("The body is not UTF-8: line {line}, column {column}."), line, column)
    })?;
    json::read(text).map_err(|error| match error {
        ReadJsonError::Malformed(why) => {
            Problem::malformed_json(format!("The body is not JSON: {why}."), why.line(), why.column())
        }
        other => other.into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broken_json_is_placed() {
        let problem = parse(b"{\"name\":\n \"x\" \"y\"}").unwrap_err();
        assert_eq!(problem.code, Code::MalformedJson);
        assert_eq!((&problem.extensions["line"], &problem.extensions["column"]), (&2.into(), &6.into()));
        let problem = parse(b"[0,\n\"\xff\"]").unwrap_err();
        assert_eq!((&problem.extensions["line"], &problem.extensions["column"]), (&2.into(), &2.into()));
        let problem = parse(b"{\"scopes\":[],\"scopes\":[]}").unwrap_err();
        assert_eq!(problem.code, Code::MalformedJson);
        assert!(problem.detail.contains("`scopes` is there twice"), "{}", problem.detail);
        for junk in ["{", "nul", "{\"a\":1}x", &"[".repeat(50)] {
            assert_eq!(parse(junk.as_bytes()).unwrap_err().code, Code::MalformedJson);
        }
    }

    #[test]
    fn media_types_are_compared_without_case_and_parameters() {
        assert!(is_one_of("Application/JSON; charset=utf-8", JSON));
        assert!(is_one_of("application/merge-patch+json", MERGE_PATCH));
        assert!(!is_one_of("application/merge-patch+json", JSON));
        assert!(!is_one_of("text/plain", JSON));
    }
}
