//! The origins of pages that ask: whether a page of this worker does, and the answers to pages of other origins, which
//! may embed the customers' page.

use keystile_core::base::{code::Code, problem::Problem};
use worker::{Headers, Request, Response, Result};

use crate::failure::Failure;

/// The headers that a page of another origin may send.
const ALLOWED_HEADERS: &str = "Authorization, Content-Type, Idempotency-Key, If-Match, Prefer";
/// The headers of an answer that such a page may read.
const EXPOSED_HEADERS: &str = "ETag, Keystile-Request-Id, Preference-Applied, Retry-After";
/// The time for which a browser may keep the answer to a preflight, seconds.
const PREFLIGHT_SECONDS: &str = "600";

/// The origin of this worker, as the request addresses it.
pub(crate) fn own(request: &Request) -> Result<String> {
    Ok(request.url()?.origin().ascii_serialization())
}

/// Checks that a page of this very origin makes the request. A cookie is sent along from other ports and subdomains too,
/// so a cookie alone doesn't show that.
///
/// # Errors
/// The 403.
pub(crate) fn check_same(request: &Request) -> core::result::Result<(), Failure> {
    let headers = request.headers();
    let same = match headers.get("Sec-Fetch-Site")? {
        Some(site) => site == "same-origin",
        None => headers.get("Origin")?.is_some_and(|origin| own(request).is_ok_and(|own| own == origin)),
    };
    if same {
        return Ok(());
    }
    let detail = "A change by a session comes from a page of this origin alone; send an operator key, or a token, in \
                  `Authorization` instead.";
    Err(Problem::new(Code::CrossOrigin, detail).into())
}

/// The origin of the page that asks, if it is one of those that may embed the customers' page.
pub(crate) fn embedding(request: &Request, allowed: &[String]) -> Result<Option<String>> {
    let origin = request.headers().get("Origin")?;
    Ok(origin.filter(|origin| allowed.contains(origin)))
}

/// Answers a preflight of such a page for a path with these methods.
pub(crate) fn preflight(methods: &str) -> Response {
    let headers = Headers::new();
    let set = [
        ("Access-Control-Allow-Methods", methods),
        ("Access-Control-Allow-Headers", ALLOWED_HEADERS),
        ("Access-Control-Max-Age", PREFLIGHT_SECONDS),
    ];
    for (name, value) in set {
        // The names and values are valid, so this can't fail.
        let _ = headers.set(name, value);
    }
    Response::builder().with_status(204).with_headers(headers).empty()
}

/// Lets such a page read an answer. No credentials are allowed, so its cookies don't count.
pub(crate) fn share(headers: &Headers, origin: Option<&str>) -> Result<()> {
    headers.append("Vary", "Origin")?;
    if let Some(origin) = origin {
        headers.set("Access-Control-Allow-Origin", origin)?;
        headers.set("Access-Control-Expose-Headers", EXPOSED_HEADERS)?;
    }
    Ok(())
}
