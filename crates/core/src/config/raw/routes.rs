//! `[[upstreams]]` and `[[routes]]`.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};

use serde::Deserialize;

use super::Check;
use crate::{
    config::{Config, Target, Upstream},
    key::Environment,
    path::Path,
    route::{Pattern, Route, Routes},
};

/// `[[upstreams]]`
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawUpstream {
    /// What routes call it.
    pub name: String,
    /// A service binding of `wrangler.toml`, or
    #[serde(default)]
    pub service: Option<String>,
    /// a URL.
    #[serde(default)]
    pub url: Option<String>,
    /// The Worker secret that forwarded requests are signed with (RFC 9421).
    #[serde(default)]
    pub signing_secret: Option<String>,
}

/// `[[routes]]`
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct RawRoute {
    pub path: String,
    pub upstream: String,
    /// The one environment whose keys are taken; both if not said.
    #[serde(default)]
    pub environment: Option<Environment>,
    /// The scopes for GET, HEAD, OPTIONS; not said: 405.
    #[serde(default)]
    pub read: Option<Vec<String>>,
    /// The scopes for POST, PUT, PATCH, DELETE; not said: 405.
    #[serde(default)]
    pub write: Option<Vec<String>>,
    /// Whether each request reads the feed: revoked at once, 503 without it.
    #[serde(default)]
    pub strict: bool,
}

impl Check {
    pub(super) fn upstreams(&mut self, upstreams: &[RawUpstream]) -> Vec<Upstream> {
        let mut checked: Vec<Upstream> = Vec::new();
        for (index, raw) in upstreams.iter().enumerate() {
            let index = index.to_string();
            let twice = checked.iter().any(|upstream| upstream.name == raw.name);
            self.that(!twice, &["upstreams", &index, "name"], || format!("there are two upstreams \"{}\"", raw.name));
            let target = match (&raw.service, &raw.url) {
                (Some(service), None) if is_binding(service) => Target::Service(service.clone()),
                (Some(_), None) => {
                    self.error(
                        &["upstreams", &index, "service"],
                        "write the name of a service binding of wrangler.toml, such as \"UPSTREAM\"",
                    );
                    continue;
                }
                (None, Some(url)) if is_upstream_url(url) => Target::Url(url.trim_end_matches('/').to_string()),
                (None, Some(_)) => {
                    self.error(
                        &["upstreams", &index, "url"],
                        "write an https:// URL without query, such as \"https://api.example.com\"",
                    );
                    continue;
                }
                _ => {
                    self.error(&["upstreams", &index], "write either service = \"BINDING\" or url = \"https://…\"");
                    continue;
                }
            };
            if let Some(secret) = &raw.signing_secret {
                self.that(is_binding(secret), &["upstreams", &index, "signing_secret"], || {
                    "write the name of a Worker secret, such as \"UPSTREAM_SECRET\", not the secret itself".into()
                });
            }
            checked.push(Upstream { name: raw.name.clone(), target, signing_secret: raw.signing_secret.clone() });
        }
        checked
    }

    pub(super) fn routes(&mut self, routes: &[RawRoute], config: &Config) -> Routes {
        let mut checked: Vec<Route> = Vec::new();
        for (index, raw) in routes.iter().enumerate() {
            let index = index.to_string();
            let pattern = match Pattern::parse(&raw.path) {
                Ok(pattern) => pattern,
                Err(message) => {
                    self.error(&["routes", &index, "path"], message);
                    continue;
                }
            };
            self.that(!pattern.overlaps(&config.base), &["routes", &index, "path"], || {
                format!("this overlaps {}, where Keystile's own endpoints are; guard other paths, or set another base in [edge]", config.base.as_str())
            });
            let hooks = config.hooks.as_ref().filter(|hooks| pattern.overlaps(hooks));
            self.that(hooks.is_none(), &["routes", &index, "path"], || {
                let hooks = hooks.map(Path::as_str).unwrap_or_default();
                format!("this overlaps {hooks}, where webhooks come in; guard other paths, or set another hooks_base in [edge]")
            });
            let read_as = checked.iter().position(|route| route.pattern.is_read_as(&pattern));
            if let Some(twin) = read_as.and_then(|at| checked.get(at)) {
                let detail = if twin.pattern == pattern {
                    format!("there are two routes for \"{}\"", raw.path)
                } else {
                    format!(
                        "many servers read \"{}\" and the route before it for the same paths as one, since they \
                         ignore case, `;parameters`, and dots and spaces at the end of a segment; write one of them",
                        raw.path
                    )
                };
                self.error(&["routes", &index, "path"], detail);
            }
            self.that(
                raw.environment.is_none_or(|one| config.environments.contains(&one)),
                &["routes", &index, "environment"],
                || "no key can be created for this environment; see environments in [keys]".into(),
            );
            let upstream = config.upstreams.iter().position(|upstream| upstream.name == raw.upstream);
            self.that(upstream.is_some(), &["routes", &index, "upstream"], || {
                format!("no [[upstreams]] is called \"{}\"", raw.upstream)
            });
            self.that(raw.read.is_some() || raw.write.is_some(), &["routes", &index], || {
                "say what it needs: read = [\"…\"], write = [\"…\"] or both; [] lets every valid key in".into()
            });
            let mut scopes = |names: &Option<Vec<String>>, which: &str| {
                names.as_ref().map(|names| self.known_scopes(names, &config.catalog, &["routes", &index, which]))
            };
            let (read, write) = (scopes(&raw.read, "read"), scopes(&raw.write, "write"));
            checked.push(Route {
                pattern,
                upstream: upstream.unwrap_or_default(),
                environment: raw.environment,
                read,
                write,
                strict: raw.strict,
            });
        }
        Routes::new(checked)
    }
}

pub(super) fn is_binding(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// Plain HTTP is for one's own machine.
fn is_upstream_url(url: &str) -> bool {
    let host = url.strip_prefix("https://").or(url.strip_prefix("http://")).unwrap_or_default();
    let local = ["127.0.0.1", "localhost"].contains(&host.split([':', '/']).next().unwrap_or_default());
    (url.starts_with("https://") || local)
        && host.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '[')
        && !host.contains(['?', '#', '@', ' ', '\\'])
}
