//! `keystile.toml` as it stands, and what makes a [`Config`] of it.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};

use serde::Deserialize;

use super::{Config, Cors, DefaultScopes, Management, Webhooks};
use crate::{
    credential::CredentialHeader,
    feed::client::{Settings, WhenFeedUnreachable},
    imported::{ImportedPrefix, KeyForms},
    key::{Environment, KeyPrefix},
    path::Path,
    route::Routes,
    scope::{Catalog, Implies, Preset, Scope, ScopeDefinition, ScopeSet},
};

mod plans;
mod routes;
mod webhooks;

pub use plans::{RawLimits, RawPlan};
pub use routes::{RawRoute, RawUpstream};
pub use webhooks::RawWebhook;

/// The file as it stands.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct RawConfig {
    /// The deployment's name: the realm of its challenges.
    pub name: String,
    pub keys: RawKeys,
    #[serde(default)]
    pub scopes: Vec<RawScope>,
    #[serde(default)]
    pub presets: Vec<RawPreset>,
    #[serde(default)]
    pub edge: RawEdge,
    #[serde(default)]
    pub audit: RawAudit,
    #[serde(default)]
    pub usage: RawUsage,
    #[serde(default)]
    pub upstreams: Vec<RawUpstream>,
    #[serde(default)]
    pub routes: Vec<RawRoute>,
    #[serde(default)]
    pub limits: RawLimits,
    #[serde(default)]
    pub plans: Vec<RawPlan>,
    #[serde(default)]
    pub webhooks: Vec<RawWebhook>,
}

/// `[keys]`
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawKeys {
    /// The prefix of new keys.
    pub prefix: String,
    /// Prefixes that keys had before; still accepted.
    #[serde(default)]
    pub former_prefixes: Vec<String>,
    /// What keys begin with that may be imported from another system.
    #[serde(default)]
    pub allow_imported: Vec<String>,
    /// The environments that keys can be created for.
    #[serde(default = "both_environments")]
    pub environments: Vec<Environment>,
    /// The headers a key may come in.
    #[serde(default = "both_headers")]
    pub headers: Vec<CredentialHeader>,
    /// What a key gets that is created without scopes.
    #[serde(default)]
    pub default_scopes: DefaultScopes,
}

/// `[[scopes]]`
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct RawScope {
    pub name: String,
    #[serde(default)]
    pub description: String,
    /// Names, or `["*"]` for all.
    #[serde(default)]
    pub implies: Vec<String>,
    /// Why no key can have it.
    #[serde(default)]
    pub unavailable: Option<String>,
}

/// `[[presets]]`
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct RawPreset {
    pub name: String,
    #[serde(default)]
    pub description: String,
    pub scopes: Vec<String>,
}

/// `[edge]`
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawEdge {
    /// Below this path lie verify, me and healthz.
    pub base: String,
    /// Below this path lie the sources of webhooks.
    pub hooks_base: String,
    /// How old a view of the feed may be, milliseconds.
    pub max_staleness_ms: u32,
    /// What to do without a view.
    pub when_feed_unreachable: WhenFeedUnreachable,
    /// Whether answers carry `Server-Timing: keystile`.
    pub server_timing: bool,
    /// Memory for an isolate's caches, bytes.
    pub cache_bytes: usize,
    /// Cross-origin access from browsers.
    pub cors: Option<Cors>,
}

impl Default for RawEdge {
    fn default() -> Self {
        Self {
            base: "/keystile".to_string(),
            hooks_base: "/hooks".to_string(),
            max_staleness_ms: 2_000,
            when_feed_unreachable: WhenFeedUnreachable::Kv,
            server_timing: false,
            cache_bytes: 32 * 1024 * 1024,
            cors: None,
        }
    }
}

/// `[audit]`
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawAudit {
    /// How long entries are kept; for good if not said.
    #[serde(default)]
    pub retention_days: Option<u16>,
}

/// `[usage]`
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawUsage {
    /// How long an isolate's counts wait before they are sent.
    pub flush_seconds: u32,
}

impl Default for RawUsage {
    fn default() -> Self {
        Self { flush_seconds: 10 }
    }
}

fn both_environments() -> Vec<Environment> {
    alloc::vec![Environment::Live, Environment::Test]
}

fn both_headers() -> Vec<CredentialHeader> {
    alloc::vec![CredentialHeader::Bearer, CredentialHeader::XApiKey]
}

/// One mistake: where it stands and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// Keys and indices from the root, such as `routes`, `2`, `path`.
    pub at: Vec<String>,
    /// What is wrong and what to write.
    pub message: String,
}

impl Config {
    /// Checks a file.
    ///
    /// # Errors
    /// All its mistakes.
    pub fn new(raw: RawConfig) -> Result<Self, Vec<ConfigError>> {
        let mut check = Check::default();
        let prefixes = check.prefixes(&raw.keys);
        let config = Self {
            allow_imported: check.imported(&raw.keys.allow_imported, &prefixes),
            prefixes,
            catalog: check.catalog(&raw.scopes),
            presets: Vec::new(),
            base: check.base(&raw.edge.base, "base", "/keystile"),
            hooks: None,
            webhooks: Webhooks::default(),
            feed: check.feed(&raw.edge),
            upstreams: check.upstreams(&raw.upstreams),
            routes: Routes::default(),
            environments: raw.keys.environments,
            headers: raw.keys.headers,
            default_scopes: raw.keys.default_scopes,
            usage_flush_seconds: check.flush_seconds(&raw.usage),
            server_timing: raw.edge.server_timing,
            cors: raw.edge.cors,
            management: Management {
                limits: check.limits(raw.limits, &["limits"]),
                plans: check.plans(&raw.plans),
                audit_retention_days: raw.audit.retention_days,
                webhooks: Vec::new(),
            },
            name: raw.name,
        };
        check.that(is_realm(&config.name), &["name"], || {
            "a name is 1 to 64 printable ASCII characters without quotes and backslashes".into()
        });
        check.that(!config.environments.is_empty(), &["keys", "environments"], || {
            "write [\"live\"], [\"test\"] or both".into()
        });
        check.that(!config.headers.is_empty(), &["keys", "headers"], || {
            "write [\"bearer\"], [\"x-api-key\"] or both".into()
        });
        let retention = config.management.audit_retention_days;
        check.that(retention.is_none_or(|days| (30..=3_650).contains(&days)), &["audit", "retention_days"], || {
            "write 30 to 3650 days, or leave it out to keep the log for good".into()
        });
        if let Some(cors) = &config.cors {
            check.cors(cors);
        }
        let presets = check.presets(&raw.presets, &config.catalog);
        let hooks = check.hooks_base(&raw.edge.hooks_base, &config.base);
        let config = Self { hooks: (!raw.webhooks.is_empty()).then_some(hooks), ..config };
        let webhooks = check.webhooks(&raw.webhooks, &config);
        let listed = webhooks.sources.iter().map(Into::into).collect();
        let config = Self { management: Management { webhooks: listed, ..config.management }, ..config };
        let routes = check.routes(&raw.routes, &config);
        if check.errors.is_empty() { Ok(Self { presets, routes, webhooks, ..config }) } else { Err(check.errors) }
    }
}

/// Collects mistakes, so that all come at once.
#[derive(Default)]
struct Check {
    errors: Vec<ConfigError>,
}

impl Check {
    fn error(&mut self, at: &[&str], message: impl Into<String>) {
        let at = at.iter().map(ToString::to_string).collect();
        self.errors.push(ConfigError { at, message: message.into() });
    }

    fn that(&mut self, holds: bool, at: &[&str], message: impl FnOnce() -> String) {
        if !holds {
            self.error(at, message());
        }
    }

    fn prefixes(&mut self, keys: &RawKeys) -> Vec<KeyPrefix> {
        let mut prefixes = Vec::new();
        match KeyPrefix::parse(&keys.prefix) {
            Ok(prefix) => prefixes.push(prefix),
            Err(message) => self.error(&["keys", "prefix"], message),
        }
        for (index, former) in keys.former_prefixes.iter().enumerate() {
            match KeyPrefix::parse(former) {
                Ok(prefix) => prefixes.push(prefix),
                Err(message) => self.error(&["keys", "former_prefixes", &index.to_string()], message),
            }
        }
        prefixes
    }

    fn imported(&mut self, texts: &[String], prefixes: &[KeyPrefix]) -> Vec<ImportedPrefix> {
        let issued = KeyForms { prefixes, imported: &[] };
        let mut checked: Vec<ImportedPrefix> = Vec::new();
        for (index, text) in texts.iter().enumerate() {
            let index = index.to_string();
            let at = ["keys", "allow_imported", &index];
            match ImportedPrefix::parse(text) {
                Ok(_) if issued.begins_as_issued(text) => {
                    self.error(&at, "keys that are issued here begin so, and those have a tag; write what the keys begin with that another system issued");
                }
                Ok(prefix) if checked.contains(&prefix) => self.error(&at, "this is listed twice"),
                Ok(prefix) => checked.push(prefix),
                Err(message) => self.error(&at, message),
            }
        }
        checked
    }

    fn catalog(&mut self, scopes: &[RawScope]) -> Catalog {
        let mut definitions = Vec::new();
        for (index, raw) in scopes.iter().enumerate() {
            let index = index.to_string();
            let Some(name) = self.scope(&raw.name, &["scopes", &index, "name"]) else { continue };
            let implies = if raw.implies.iter().any(|implied| implied == "*") {
                Implies::Everything
            } else {
                let implied = raw.implies.iter().enumerate();
                Implies::These(
                    implied
                        .filter_map(|(i, implied)| self.scope(implied, &["scopes", &index, "implies", &i.to_string()]))
                        .collect(),
                )
            };
            let (description, unavailable) = (raw.description.clone(), raw.unavailable.clone());
            definitions.push(ScopeDefinition { name, description, unavailable, implies });
        }
        Catalog::new(definitions).unwrap_or_else(|(index, message)| {
            self.error(&["scopes", &index.to_string()], message);
            Catalog::default()
        })
    }

    fn scope(&mut self, name: &str, at: &[&str]) -> Option<Scope> {
        let scope = Scope::parse(name);
        self.that(scope.is_some(), at, || {
            "a scope is 1 to 64 of a-z, 0-9, `:`, `.`, `_` and `-`, a letter first; such as \"read:leads\"".into()
        });
        scope
    }

    fn known_scopes(&mut self, names: &[String], catalog: &Catalog, at: &[&str]) -> Vec<Scope> {
        let mut scopes = Vec::new();
        for (index, name) in names.iter().enumerate() {
            let index = index.to_string();
            let at: Vec<&str> = at.iter().copied().chain([index.as_str()]).collect();
            match Scope::parse(name).filter(|scope| catalog.definition(scope).is_some()) {
                Some(scope) => scopes.push(scope),
                None => self.error(&at, format!("no [[scopes]] defines \"{name}\"; define it, or name another")),
            }
        }
        scopes
    }

    fn presets(&mut self, presets: &[RawPreset], catalog: &Catalog) -> Vec<Preset> {
        let mut checked: Vec<Preset> = Vec::new();
        for (index, raw) in presets.iter().enumerate() {
            let index = index.to_string();
            let scopes: ScopeSet =
                self.known_scopes(&raw.scopes, catalog, &["presets", &index, "scopes"]).into_iter().collect();
            self.that(!raw.scopes.is_empty(), &["presets", &index, "scopes"], || {
                "a preset names one scope at least".into()
            });
            for (place, scope) in raw.scopes.iter().enumerate() {
                let unavailable = Scope::parse(scope)
                    .and_then(|scope| catalog.definition(&scope))
                    .is_some_and(|definition| definition.unavailable.is_some());
                self.that(!unavailable, &["presets", &index, "scopes", &place.to_string()], || {
                    format!("\"{scope}\" is unavailable, so no key could be created with this preset")
                });
            }
            let twice = checked.iter().any(|preset| preset.name == raw.name);
            self.that(!twice, &["presets", &index, "name"], || format!("there are two presets \"{}\"", raw.name));
            checked.push(Preset { name: raw.name.clone(), description: raw.description.clone(), scopes });
        }
        checked
    }

    fn base(&mut self, text: &str, name: &str, such_as: &str) -> Path {
        let parsed = Path::parse(text)
            .ok()
            .filter(|path| path.segments().next().is_some() && path.as_str() == text && !text.ends_with('/'));
        self.that(parsed.is_some(), &["edge", name], || {
            format!("write a path such as \"{such_as}\", without a slash at its end")
        });
        // The root is never used: an error was recorded.
        parsed.unwrap_or_else(Path::root)
    }

    fn hooks_base(&mut self, text: &str, base: &Path) -> Path {
        let hooks = self.base(text, "hooks_base", "/hooks");
        let apart = hooks.below(base).is_none() && base.below(&hooks).is_none();
        self.that(apart || !self.errors.is_empty(), &["edge", "hooks_base"], || {
            format!("this overlaps {}, where Keystile's own endpoints are; write another path", base.as_str())
        });
        hooks
    }

    fn feed(&mut self, edge: &RawEdge) -> Settings {
        self.that((250..=60_000).contains(&edge.max_staleness_ms), &["edge", "max_staleness_ms"], || {
            "write 250 to 60000 milliseconds; 2000 is the default".into()
        });
        self.that((1_048_576..=67_108_864).contains(&edge.cache_bytes), &["edge", "cache_bytes"], || {
            "write 1048576 (1 MiB) to 67108864 (64 MiB); an isolate has 128 MB for everything".into()
        });
        Settings {
            max_staleness_ms: edge.max_staleness_ms,
            when_unreachable: edge.when_feed_unreachable,
            cache_bytes: edge.cache_bytes,
        }
    }

    /// The platform lets a timer run on for 30 seconds after its request, and
    /// sending takes some of them.
    fn flush_seconds(&mut self, usage: &RawUsage) -> u32 {
        self.that((1..=20).contains(&usage.flush_seconds), &["usage", "flush_seconds"], || {
            "write 1 to 20 seconds; 10 is the default".into()
        });
        usage.flush_seconds
    }

    fn cors(&mut self, cors: &Cors) {
        for (index, origin) in cors.origins.iter().enumerate() {
            let host = origin.strip_prefix("https://").or(origin.strip_prefix("http://"));
            let plain = host.is_some_and(|host| !host.is_empty() && !host.contains(['/', ' ', '*']));
            self.that(plain || origin == "*", &["edge", "cors", "origins", &index.to_string()], || {
                "write an origin such as \"https://app.example.com\", without a path, or \"*\"".into()
            });
        }
        for (index, header) in cors.headers.iter().enumerate() {
            let token =
                !header.is_empty() && header.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
            self.that(token, &["edge", "cors", "headers", &index.to_string()], || "write a header's name".into());
        }
    }
}

fn is_realm(name: &str) -> bool {
    (1..=64).contains(&name.len()) && name.bytes().all(|b| matches!(b, b' '..=b'~') && b != b'"' && b != b'\\')
}
