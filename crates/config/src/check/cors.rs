//! Checks of origins, and of `[edge.cors]`.

use keystile_core::config::Cors;
use url::Url;

use super::Check;
use crate::raw::RawCors;

/// The headers of answers that a page of an allowed origin may always read.
const EXPOSED: [&str; 5] = ["Keystile-Request-Id", "WWW-Authenticate", "Retry-After", "RateLimit", "RateLimit-Policy"];

impl Check {
    pub(crate) fn cors(&mut self, raw: RawCors) -> Cors {
        for (setting, names) in [("headers", &raw.headers), ("expose_headers", &raw.expose_headers)] {
            for (index, name) in names.iter().enumerate() {
                self.that(is_header(name), &["edge", "cors", setting, &index.to_string()], || {
                    "write a header's name".into()
                });
            }
        }
        let exposed: Vec<&str> = EXPOSED.into_iter().chain(raw.expose_headers.iter().map(String::as_str)).collect();
        for (index, origin) in raw.origins.iter().enumerate() {
            let checked = match origin.split_once("://*.") {
                _ if origin == "*" => Ok(()),
                Some((scheme, domain)) => check_subdomains(scheme, domain),
                None => check_origin(origin),
            };
            if let Err(message) = checked {
                self.mistake(&["edge", "cors", "origins", &index.to_string()], message);
            }
        }
        Cors {
            exposed: exposed.join(", "),
            origins: raw.origins,
            headers: raw.headers,
            max_age_seconds: raw.max_age_seconds,
        }
    }

    /// Checks the origins that may embed the customers' page.
    pub(crate) fn portal(&mut self, origins: Vec<String>) -> Vec<String> {
        for (index, origin) in origins.iter().enumerate() {
            let at = ["portal", "origins", &index.to_string()];
            if let Err(message) = check_origin(origin) {
                self.mistake(&at, message);
                continue;
            }
            // They stand in a policy, where these characters end a source.
            let own = origin.starts_with("https://") || is_loopback(origin);
            self.that(own && !origin.contains([';', ',', '"', '\'']), &at, || {
                "write https://; http is only for http://localhost and http://127.0.0.1".into()
            });
        }
        origins
    }
}

/// Checks that an origin is written as browsers write it, since they are compared byte by byte.
fn check_origin(text: &str) -> Result<(), String> {
    let origin = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "https" | "http"));
    match origin.map(|url| url.origin().ascii_serialization()).filter(|written| !written.contains('*')) {
        Some(written) if written == text => Ok(()),
        Some(written) => Err(format!("write \"{written}\", as browsers send it")),
        _ => Err("write an origin such as \"https://app.example.com\", without a path".into()),
    }
}

/// Checks an origin with a `*` as its first label, of which `domain` is what follows.
fn check_subdomains(scheme: &str, domain: &str) -> Result<(), String> {
    if !domain.trim_end_matches('.').contains('.') {
        return Err("write the domain whose subdomains are meant, such as \"https://*.example.com\"".into());
    }
    check_origin(&format!("{scheme}://a.{domain}")).map_err(|message| message.replacen("://a.", "://*.", 1))?;
    let host = domain.split(':').next().unwrap_or_default();
    if is_public_suffix(host) {
        let instead = format!("\"https://*.example.{host}\"");
        return Err(format!("anybody can get a name below {host}; write the domain that is yours, such as {instead}"));
    }
    Ok(())
}

/// Whether names directly below this one belong to different owners, by the Public Suffix List.
fn is_public_suffix(host: &str) -> bool {
    psl::suffix(host.as_bytes()).is_some_and(|suffix| suffix.is_known() && suffix == host)
}

fn is_loopback(origin: &str) -> bool {
    let host = origin.strip_prefix("http://").map(|host| host.split(':').next().unwrap_or_default());
    matches!(host, Some("localhost" | "127.0.0.1"))
}

fn is_header(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}
