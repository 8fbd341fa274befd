//! Checks of `[deploy]`.

use keystile_core::config::{Target, Upstream};
use serde_json::Value;

use super::Check;
use crate::{
    deployment::{Deployment, Service},
    raw::RawDeploy,
};

/// Cloudflare's limit for a worker's name, less the longest ending that is added.
const MAX_NAME: usize = 63 - "-demo-upstream".len();

impl Check {
    /// The deployment. A service that no upstream names is not bound.
    pub(crate) fn deployment(&mut self, raw: RawDeploy, upstreams: &[Upstream]) -> Deployment {
        self.that(is_worker_name(&raw.name) && raw.name.len() <= MAX_NAME, &["deploy", "name"], || {
            format!("write 1 to {MAX_NAME} lower-case letters, digits and dashes, such as \"keystile\"")
        });
        for (setting, id) in [("account_id", &raw.account_id), ("kv_namespace", &raw.kv_namespace)] {
            self.that(id.as_deref().is_none_or(is_id), &["deploy", setting], || {
                "write the id that Cloudflare shows: 32 digits and letters from a to f".into()
            });
        }
        self.that(raw.metrics_dataset.as_deref().is_none_or(is_dataset), &["deploy", "metrics_dataset"], || {
            "write 1 to 64 letters, digits and underscores, such as \"keystile_metrics\"".into()
        });
        for (index, route) in raw.routes.iter().enumerate() {
            self.that(is_route(route), &["deploy", "routes", &index.to_string()], || {
                "write a host such as \"api.example.com\", or a host and a path such as \"example.com/api/*\"".into()
            });
        }
        for (index, host) in raw.manage_routes.iter().enumerate() {
            self.that(is_host(host), &["deploy", "manage_routes", &index.to_string()], || {
                "write a whole host such as \"keys.example.com\": the pages and the API share it".into()
            });
        }
        let named = |binding: &str| {
            upstreams.iter().any(|upstream| matches!(&upstream.target, Target::Service(name) if name == binding))
        };
        let mut service = |(binding, value): (String, Value)| {
            let at = ["deploy", "services", binding.as_str()];
            if !named(&binding) {
                self.warning(
                    &at,
                    format!("no [[upstreams]] has service = \"{binding}\"; remove this line, or write that there"),
                );
            }
            let service = service_of(&value);
            self.that(service.is_some(), &at, || {
                "write the worker's name in your account, such as \"orders\", or \
                 { config = \"upstream/wrangler.jsonc\" }, the path of its wrangler file"
                    .into()
            });
            Some((binding, service?))
        };
        let services = raw.services.into_iter().filter_map(&mut service).collect();
        Deployment {
            name: raw.name,
            account_id: raw.account_id,
            kv_namespace: raw.kv_namespace,
            metrics_dataset: raw.metrics_dataset,
            workers_dev: raw.workers_dev,
            routes: raw.routes,
            manage_routes: raw.manage_routes,
            services,
        }
    }
}

fn service_of(value: &Value) -> Option<Service> {
    match value {
        Value::String(name) => Some(Service::Worker(name.clone())).filter(|_| is_worker_name(name)),
        Value::Object(table) if table.len() == 1 => {
            let path = table.get("config")?.as_str()?;
            let is_path = [".toml", ".json", ".jsonc"].iter().any(|ending| path.ends_with(ending));
            is_path.then(|| Service::Config(path.into()))
        }
        _ => None,
    }
}

fn is_worker_name(name: &str) -> bool {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
    (1..=63).contains(&name.len())
        && name.bytes().all(inner)
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && !name.ends_with('-')
}

fn is_id(id: &str) -> bool {
    id.len() == 32 && id.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'a'..=b'f'))
}

fn is_dataset(name: &str) -> bool {
    (1..=64).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

fn is_host(host: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    host.contains('.') && host.len() <= 253 && host.split('.').all(label)
}

/// A host, or the pattern of a route: a host that may begin with `*`, and a path that may end with one.
fn is_route(route: &str) -> bool {
    let Some((host, path)) = route.split_once('/') else { return is_host(route) };
    let host = host.strip_prefix("*.").or(host.strip_prefix('*')).unwrap_or(host);
    let path = path.strip_suffix('*').unwrap_or(path);
    is_host(host) && path.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'*' | b'?' | b'#' | b'"'))
}
