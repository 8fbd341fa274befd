//! Cookies of sessions.
//!
//! Each has the prefix `__Host-`, so a browser sends it back to this host alone and never over plain HTTP, except to the
//! local machine. Scripts can't read it.

use keystile_core::{KeyDigest, Keyring, Timestamp, access::session::SessionKind};
use keystile_runtime::clock;
use worker::{Headers, Request, Result};

/// The digest of the session in the request's cookie of this kind; `None` if there is no such cookie, or no session in
/// it.
pub(crate) fn read(request: &Request, kind: SessionKind, keyring: &Keyring) -> Result<Option<KeyDigest>> {
    let header = request.headers().get("Cookie")?.unwrap_or_default();
    Ok(kind.cookie().and_then(|name| value(&header, name)).and_then(|text| kind.digest(text, keyring)))
}

/// The value of the cookie with this name.
fn value<'a>(header: &'a str, name: &str) -> Option<&'a str> {
    header.split(';').find_map(|pair| pair.trim().split_once('=').filter(|(of, _)| *of == name).map(|(_, value)| value))
}

/// Sets the cookie of a session until it ends.
pub(crate) fn set(headers: &Headers, kind: SessionKind, text: &str, ends_at: Timestamp) -> Result<()> {
    let seconds = ends_at.millis_since(clock::now()).max(0) / 1_000;
    write(headers, kind, text, seconds)
}

/// Removes the cookie of a session.
pub(crate) fn clear(headers: &Headers, kind: SessionKind) -> Result<()> {
    write(headers, kind, "", 0)
}

fn write(headers: &Headers, kind: SessionKind, text: &str, seconds: i64) -> Result<()> {
    let Some(name) = kind.cookie() else { return Ok(()) };
    headers
        .append("Set-Cookie", &format!("{name}={text}; Path=/; Max-Age={seconds}; Secure; HttpOnly; SameSite=Strict"))
}

#[cfg(test)]
mod tests {
    use super::value;

    #[test]
    fn a_cookie_is_found_by_its_whole_name() {
        let header = "a=1; __Host-keystile-portal=p;__Host-keystile=o; x__Host-keystile=z; empty=";
        assert_eq!(value(header, "__Host-keystile"), Some("o"));
        assert_eq!(value(header, "__Host-keystile-portal"), Some("p"));
        assert_eq!(value(header, "empty"), Some(""));
        assert_eq!(value(header, "b"), None);
        assert_eq!(value("", "a"), None);
    }
}
