//! Checks of `[[upstreams]]` and `[[routes]]`.

use keystile_core::{
    access::route::{Enough, Needs, Pattern, Route, Routes},
    base::path::Path,
    config::{EdgeConfig, ManageConfig, Target, Upstream},
};

use super::{Check, is_binding, no_upstream};
use crate::raw::{RawRoute, RawUpstream};

impl Check {
    pub(crate) fn upstreams(&mut self, upstreams: &[RawUpstream]) -> Vec<Upstream> {
        let mut checked: Vec<Upstream> = Vec::new();
        for (index, raw) in upstreams.iter().enumerate() {
            let index = index.to_string();
            let twice = checked.iter().any(|upstream| upstream.name == raw.name);
            self.that(!twice, &["upstreams", &index, "name"], || format!("there are two upstreams \"{}\"", raw.name));
            self.that(is_upstream_name(&raw.name), &["upstreams", &index, "name"], || {
                "write 1 to 64 letters, digits, \"-\", \"_\" and \".\"; signed requests carry it".into()
            });
            self.that((1..=300).contains(&raw.timeout_seconds), &["upstreams", &index, "timeout_seconds"], || {
                "write 1 to 300 seconds".into()
            });
            let target = self.target(raw, &index);
            if let Some(secret) = &raw.signing_secret {
                self.that(is_binding(secret), &["upstreams", &index, "signing_secret"], || {
                    "write the name of a Worker secret, such as \"UPSTREAM_SECRET\", not the secret itself".into()
                });
            }
            checked.push(Upstream {
                name: raw.name.clone(),
                target,
                signing_secret: raw.signing_secret.clone(),
                timeout_seconds: raw.timeout_seconds,
            });
        }
        checked
    }

    /// The place that the upstream is reached at. In place of a wrong one, another that is never used: routes that name
    /// the upstream are no mistakes.
    fn target(&mut self, raw: &RawUpstream, index: &str) -> Target {
        match (&raw.service, &raw.url) {
            (Some(service), None) => {
                self.that(is_binding(service), &["upstreams", index, "service"], || {
                    "write the name of a service binding of wrangler.toml, such as \"UPSTREAM\"".into()
                });
                Target::Service(service.clone())
            }
            (None, Some(url)) => {
                self.that(is_upstream_url(url), &["upstreams", index, "url"], || {
                    "write an https:// URL without query, such as \"https://api.example.com\"; http:// is for localhost and \
                     127.0.0.1 alone"
                        .into()
                });
                Target::Url(url.trim_end_matches('/').to_string())
            }
            _ => {
                self.mistake(&["upstreams", index], "write either service = \"BINDING\" or url = \"https://…\"");
                Target::Service(String::new())
            }
        }
    }

    pub(crate) fn routes(&mut self, routes: &[RawRoute], edge: &EdgeConfig, manage: &ManageConfig) -> Routes {
        let mut checked: Vec<Route> = Vec::new();
        for (index, raw) in routes.iter().enumerate() {
            let index = index.to_string();
            let pattern = match Pattern::parse(&raw.path) {
                Ok(pattern) => pattern,
                Err(message) => {
                    self.mistake(&["routes", &index, "path"], message);
                    continue;
                }
            };
            self.that(!pattern.is_read_below(&edge.base), &["routes", &index, "path"], || {
                format!(
                    "{}, where Keystile's own endpoints are; guard other paths, or set another base in [edge]",
                    below(&edge.base)
                )
            });
            if let Some(hooks) = edge.hooks_base.as_ref().filter(|hooks| pattern.is_read_below(hooks)) {
                let detail = "where webhooks come in; guard other paths, or set another hooks_base in [edge]";
                self.mistake(&["routes", &index, "path"], format!("{}, {detail}", below(hooks)));
            }
            let read_as = checked.iter().position(|route| route.pattern.is_read_as(&pattern));
            if let Some(twin) = read_as.and_then(|at| checked.get(at)) {
                let detail = if twin.pattern == pattern {
                    format!("there are two routes for \"{}\"; write one, or remove this", raw.path)
                } else {
                    format!(
                        "many servers read \"{}\" and the route before it for the same paths as one, since they \
                         ignore case, `;parameters`, and dots and spaces at the end of a segment; write one of them",
                        raw.path
                    )
                };
                self.mistake(&["routes", &index, "path"], detail);
            }
            self.that(
                manage.environments.is_empty() || raw.environment.is_none_or(|one| manage.environments.contains(&one)),
                &["routes", &index, "environment"],
                || "no key can be created for this environment; see environments in [keys]".into(),
            );
            let upstream = edge.upstreams.iter().position(|upstream| upstream.name == raw.upstream);
            self.that(upstream.is_some(), &["routes", &index, "upstream"], || {
                no_upstream(&raw.upstream, &edge.upstreams)
            });
            let needs = self.needs(raw, &edge.catalog, &index);
            self.about_keys(raw, &needs, &index);
            let (strip_prefix, add_prefix) = self.prefixes_of(raw, &pattern, &index);
            let cost = self.cost(raw.cost.as_ref(), &manage.counted_limits, &["routes", &index, "cost"]);
            checked.push(Route {
                pattern,
                upstream: upstream.unwrap_or_default(),
                environment: raw.environment,
                needs,
                strict: raw.strict,
                cost,
                strip_prefix,
                add_prefix,
                encoded_slashes: raw.encoded_slashes,
            });
        }
        Routes::new(checked)
    }

    /// Checks that a route which asks for no key has no settings about keys.
    fn about_keys(&mut self, raw: &RawRoute, needs: &[Needs], index: &str) {
        if needs.is_empty() || needs.iter().any(|needs| needs.enough != Enough::Public) {
            return;
        }
        for (is_set, setting) in
            [(raw.strict, "strict"), (raw.environment.is_some(), "environment"), (raw.cost.is_some(), "cost")]
        {
            self.that(!is_set, &["routes", index, setting], || {
                "this is about keys, and all of this route is public; leave it out".into()
            });
        }
    }

    /// Checks the beginnings of paths that the upstream sees otherwise. Returns what is stripped and what is added.
    fn prefixes_of(&mut self, raw: &RawRoute, pattern: &Pattern, index: &str) -> (String, String) {
        let mut prefix = |text: &Option<String>, setting, such_as| {
            text.as_ref().map(|text| self.prefix(text, &["routes", index, setting], such_as))
        };
        let (strip, add) =
            (prefix(&raw.strip_prefix, "strip_prefix", "/api"), prefix(&raw.add_prefix, "add_prefix", "/v2"));
        let begins = strip.as_ref().is_none_or(|strip| pattern.begins_with(strip));
        self.that(begins, &["routes", index, "strip_prefix"], || {
            format!("the paths of \"{}\" don't begin with this; write a part of that path", raw.path)
        });
        let text = |path: Option<Path>| path.map(|path| path.as_str().to_owned()).unwrap_or_default();
        (text(strip), text(add))
    }
}

fn below(base: &Path) -> String {
    format!("this lies below {}", base.as_str())
}

/// Whether a header can carry it as it stands.
fn is_upstream_name(name: &str) -> bool {
    (1..=64).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

/// Whether it is an upstream's URL. Plain HTTP is allowed only to this machine.
fn is_upstream_url(url: &str) -> bool {
    let host = url.strip_prefix("https://").or(url.strip_prefix("http://")).unwrap_or_default();
    let local = ["127.0.0.1", "localhost"].contains(&host.split([':', '/']).next().unwrap_or_default());
    (url.starts_with("https://") || local)
        && host.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '[')
        && !host.contains(['?', '#', '@', ' ', '\\'])
}
