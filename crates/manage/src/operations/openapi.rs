//! Serves the API's own description, `docs/reference/openapi.json`, which is compiled in unchanged.
//!
//! It is served as `application/json`, which every browser and tool can show and read. Many of them don't know the
//! registered type `application/vnd.oai.openapi+json`.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use worker::{Env, Headers, Request, Response};

use crate::api::reply::ApiResult;

/// The time for which a copy may be used without asking again: about as long as a deployment takes to be everywhere.
const CACHE_CONTROL: &str = "public, max-age=300";

/// Answers with the document, or with 304 if the caller has it.
pub(super) fn get(request: &Request, _: &Env) -> ApiResult {
    let (etag, if_none_match) = (etag(), request.headers().get("If-None-Match")?);
    let headers = Headers::new();
    headers.set("ETag", &etag)?;
    headers.set("Cache-Control", CACHE_CONTROL)?;
    if if_none_match.is_some_and(|tags| names(&tags, &etag)) {
        return Ok(Response::builder().with_status(304).with_headers(headers).empty());
    }
    headers.set("Content-Type", "application/json")?;
    Ok(Response::builder().with_headers(headers).fixed(DOCUMENT.as_bytes().to_vec()))
}

/// The text of the document.
pub(super) const DOCUMENT: &str = include_str!("../../../../docs/reference/openapi.json");

fn etag() -> String {
    let mut hasher = DefaultHasher::new();
    DOCUMENT.hash(&mut hasher);
    format!("\"{:016x}\"", hasher.finish())
}

/// Whether `If-None-Match` names this tag, by the weak comparison of RFC 9110.
fn names(tags: &str, etag: &str) -> bool {
    let opaque = |tag: &str| tag.strip_prefix("W/").unwrap_or(tag) == etag;
    tags.split(',').map(str::trim).any(|tag| tag == "*" || opaque(tag))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_is_json_of_openapi_3_1() {
        let document: serde_json::Value = serde_json::from_str(DOCUMENT).unwrap();
        assert_eq!(document["openapi"], "3.1.1");
        assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
    }

    #[test]
    fn a_tag_is_compared_weakly() {
        for same in ["\"a\"", "W/\"a\"", "\"b\", \"a\"", "*"] {
            assert!(names(same, "\"a\""), "{same}");
        }
        for other in ["", "a", "\"b\"", "W/\"b\""] {
            assert!(!names(other, "\"a\""), "{other}");
        }
    }
}
