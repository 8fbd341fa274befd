//! The file as it stands, before anything is checked but its form.

use std::collections::BTreeMap;

use keystile_core::{
    Environment,
    config::{Cors, DefaultScopes, WebhookMode},
    feed::client::WhenFeedUnreachable,
    key::credential::CredentialHeader,
};
use serde::Deserialize;
use serde_json::Value;

/// The file as it stands.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub(crate) struct RawConfig {
    /// The deployment's name: the realm of its challenges.
    pub(crate) name: String,
    pub(crate) keys: RawKeys,
    #[serde(default)]
    pub(crate) scopes: Vec<RawScope>,
    #[serde(default)]
    pub(crate) presets: Vec<RawPreset>,
    #[serde(default)]
    pub(crate) edge: RawEdge,
    #[serde(default)]
    pub(crate) audit: RawAudit,
    #[serde(default)]
    pub(crate) usage: RawUsage,
    #[serde(default)]
    pub(crate) upstreams: Vec<RawUpstream>,
    #[serde(default)]
    pub(crate) routes: Vec<RawRoute>,
    #[serde(default)]
    pub(crate) limits: RawLimits,
    #[serde(default)]
    pub(crate) plans: Vec<RawPlan>,
    #[serde(default)]
    pub(crate) webhooks: Vec<RawWebhook>,
}

/// `[keys]`
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawKeys {
    /// The prefix of new keys.
    pub(crate) prefix: String,
    /// Prefixes that keys had before; still accepted.
    #[serde(default)]
    pub(crate) former_prefixes: Vec<String>,
    /// What keys begin with that may be imported from another system.
    #[serde(default)]
    pub(crate) allow_imported: Vec<String>,
    /// The environments that keys can be created for.
    #[serde(default = "both_environments")]
    pub(crate) environments: Vec<Environment>,
    /// The headers a key may come in.
    #[serde(default = "both_headers")]
    pub(crate) headers: Vec<CredentialHeader>,
    /// What a key gets that is created without scopes.
    #[serde(default)]
    pub(crate) default_scopes: DefaultScopes,
}

/// `[[scopes]]`
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub(crate) struct RawScope {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) description: String,
    /// Names, or `["*"]` for all.
    #[serde(default)]
    pub(crate) implies: Vec<String>,
    /// Why no key can have it.
    #[serde(default)]
    pub(crate) unavailable: Option<String>,
}

/// `[[presets]]`
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub(crate) struct RawPreset {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) description: String,
    pub(crate) scopes: Vec<String>,
}

/// `[edge]`
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RawEdge {
    /// Below this path lie verify, me and healthz.
    pub(crate) base: String,
    /// Below this path lie the sources of webhooks.
    pub(crate) hooks_base: String,
    /// How old a view of the feed may be, milliseconds.
    pub(crate) max_staleness_ms: u32,
    /// What to do without a view.
    pub(crate) when_feed_unreachable: WhenFeedUnreachable,
    /// Whether answers carry `Server-Timing: keystile`.
    pub(crate) server_timing: bool,
    /// Memory for an isolate's caches, bytes.
    pub(crate) cache_bytes: usize,
    /// Cross-origin access from browsers.
    pub(crate) cors: Option<Cors>,
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
pub(crate) struct RawAudit {
    /// How long entries are kept; for good if not said.
    #[serde(default)]
    pub(crate) retention_days: Option<u16>,
}

/// `[usage]`
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RawUsage {
    /// How long an isolate's counts wait before they are sent.
    pub(crate) flush_seconds: u32,
}

impl Default for RawUsage {
    fn default() -> Self {
        Self { flush_seconds: 10 }
    }
}

fn both_environments() -> Vec<Environment> {
    vec![Environment::Live, Environment::Test]
}

fn both_headers() -> Vec<CredentialHeader> {
    vec![CredentialHeader::Bearer, CredentialHeader::XApiKey]
}

/// `[[upstreams]]`
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawUpstream {
    /// What routes call it.
    pub(crate) name: String,
    /// A service binding of `wrangler.toml`, or
    #[serde(default)]
    pub(crate) service: Option<String>,
    /// a URL.
    #[serde(default)]
    pub(crate) url: Option<String>,
    /// The Worker secret that forwarded requests are signed with (RFC 9421).
    #[serde(default)]
    pub(crate) signing_secret: Option<String>,
}

/// `[[routes]]`
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub(crate) struct RawRoute {
    pub(crate) path: String,
    pub(crate) upstream: String,
    /// The one environment whose keys are taken; both if not said.
    #[serde(default)]
    pub(crate) environment: Option<Environment>,
    /// The scopes for GET, HEAD, OPTIONS; not said: 405.
    #[serde(default)]
    pub(crate) read: Option<Vec<String>>,
    /// The scopes for POST, PUT, PATCH, DELETE; not said: 405.
    #[serde(default)]
    pub(crate) write: Option<Vec<String>>,
    /// Whether each request reads the feed: revoked at once, 503 without it.
    #[serde(default)]
    pub(crate) strict: bool,
}

/// `[limits]`
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub(crate) struct RawLimits {
    pub(crate) max_active_keys: Option<u32>,
    pub(crate) default_expiry_days: Option<u32>,
    pub(crate) max_expiry_days: Option<u32>,
}

/// `[[plans]]`
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub(crate) struct RawPlan {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) description: String,
    pub(crate) max_active_keys: Option<u32>,
    pub(crate) default_expiry_days: Option<u32>,
    pub(crate) max_expiry_days: Option<u32>,
}

/// `[[webhooks]]`
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawWebhook {
    /// The last segment of its URL.
    pub(crate) source: String,
    /// A provider of the registry, or
    #[serde(default)]
    pub(crate) provider: Option<String>,
    /// a scheme of one's own.
    #[serde(default)]
    pub(crate) scheme: Option<Value>,
    /// Whether a provider is taken that a single source describes.
    #[serde(default)]
    pub(crate) accept_unconfirmed: bool,
    /// The Worker secrets that it signs with.
    #[serde(default)]
    pub(crate) secrets: Vec<String>,
    /// The texts of the scheme's `params`.
    #[serde(default)]
    pub(crate) params: BTreeMap<String, String>,
    /// As it is registered with the sender.
    #[serde(default)]
    pub(crate) url: Option<String>,
    /// How old a delivery may be.
    #[serde(default)]
    pub(crate) past_seconds: Option<u32>,
    /// How far ahead it may be.
    #[serde(default)]
    pub(crate) future_seconds: Option<u32>,
    /// Longer bodies are refused.
    #[serde(default = "one_mebibyte")]
    pub(crate) max_body_bytes: u32,
    /// Whom it is handed to.
    pub(crate) upstream: String,
    /// The path there.
    #[serde(default = "slash")]
    pub(crate) path: String,
    /// The Worker secret that it is signed with again.
    pub(crate) signing_secret: String,
    /// Who waits for the upstream.
    #[serde(default)]
    pub(crate) mode: WebhookMode,
    /// How long deliveries are remembered.
    #[serde(default = "three_days")]
    pub(crate) remember_hours: u16,
    /// In mode `queue`: seconds until the second attempt.
    #[serde(default)]
    pub(crate) retry_seconds: Option<u16>,
}

const fn one_mebibyte() -> u32 {
    1024 * 1024
}

fn slash() -> String {
    "/".to_string()
}

const fn three_days() -> u16 {
    72
}
