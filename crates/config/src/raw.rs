//! The file's contents before any check but that of the form.

use std::collections::BTreeMap;

use keystile_core::{
    Environment,
    config::{DefaultScopes, Replays, VerificationMode, WebhookMode},
    feed::client::WhenFeedUnreachable,
    ledger::exposure::{Policies, Policy},
    receiver::github_keys::KEYS_URL,
};
use serde::Deserialize;
use serde_json::Value;

/// The file's contents.
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
    /// Relays between the edge and the feed; none if absent.
    pub(crate) relays: Option<RawRelays>,
    #[serde(default)]
    pub(crate) audit: RawAudit,
    #[serde(default)]
    pub(crate) exposure: RawExposure,
    #[serde(default)]
    pub(crate) events: RawEvents,
    #[serde(default)]
    pub(crate) usage: RawUsage,
    #[serde(default)]
    pub(crate) upstreams: Vec<RawUpstream>,
    #[serde(default)]
    pub(crate) routes: Vec<RawRoute>,
    #[serde(default)]
    pub(crate) rate_limits: Vec<RawRateLimit>,
    #[serde(default)]
    pub(crate) quotas: Vec<RawQuota>,
    #[serde(default)]
    pub(crate) limits: RawLimits,
    #[serde(default)]
    pub(crate) plans: Vec<RawPlan>,
    #[serde(default)]
    pub(crate) webhooks: Vec<RawWebhook>,
    #[serde(default)]
    pub(crate) portal: RawPortal,
    #[serde(default)]
    pub(crate) deploy: RawDeploy,
}

/// The table `[deploy]`: the account, and the names and places there. Workers get its hosts alone, to which no event may go.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RawDeploy {
    /// The beginning of the names of the workers, of the queues, and of the KV namespace.
    pub(crate) name: String,
    /// The account, if the login has several.
    pub(crate) account_id: Option<String>,
    /// The id of the KV namespace; without it the one with its name is found, or made.
    pub(crate) kv_namespace: Option<String>,
    /// The dataset of Analytics Engine for metrics.
    pub(crate) metrics_dataset: Option<String>,
    /// Whether edge and management worker answer on workers.dev.
    pub(crate) workers_dev: bool,
    /// The hosts, or hosts and paths, at which the edge answers.
    pub(crate) routes: Vec<String>,
    /// The hosts at which the management worker answers.
    pub(crate) manage_routes: Vec<String>,
    /// The worker behind each service binding that an upstream names: a name, or `{ config = "…" }`, its wrangler file.
    /// Any values, so that the check can say what to write.
    pub(crate) services: BTreeMap<String, Value>,
}

impl Default for RawDeploy {
    fn default() -> Self {
        Self {
            name: "keystile".into(),
            account_id: None,
            kv_namespace: None,
            metrics_dataset: None,
            workers_dev: true,
            routes: Vec::new(),
            manage_routes: Vec::new(),
            services: BTreeMap::new(),
        }
    }
}

/// The table `[portal]`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawPortal {
    /// The origins of the pages that may embed the customers' page.
    #[serde(default)]
    pub(crate) origins: Vec<String>,
    /// A URL of the guarded API, for the examples that use a new key.
    pub(crate) api_url: Option<String>,
}

/// The table `[keys]`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawKeys {
    /// The prefix of new keys.
    pub(crate) prefix: String,
    /// Former prefixes of keys; still accepted.
    #[serde(default)]
    pub(crate) former_prefixes: Vec<String>,
    /// The beginnings or forms of keys that may be imported from another system. Any values, so that the check can say
    /// what to write.
    #[serde(default)]
    pub(crate) allow_imported: Vec<Value>,
    /// The environments for which keys can be created.
    #[serde(default = "both_environments")]
    pub(crate) environments: Vec<Environment>,
    /// The places in which a key may be sent.
    #[serde(default = "both_headers")]
    pub(crate) headers: Vec<String>,
    /// The scopes of a key whose creation names none.
    #[serde(default)]
    pub(crate) default_scopes: DefaultScopes,
    /// So many days before a key expires an event tells of it.
    #[serde(default = "week_and_day")]
    pub(crate) expiry_notice_days: Vec<u16>,
    /// The age at which an event says that a key should be rotated, days.
    pub(crate) rotate_after_days: Option<u16>,
    /// The time without use after which an event tells of a key, days.
    pub(crate) unused_after_days: Option<u16>,
    /// The time without use after which a key is disabled, days.
    pub(crate) disable_unused_after_days: Option<u16>,
}

fn week_and_day() -> Vec<u16> {
    vec![7, 1]
}

/// An entry of `[[scopes]]`.
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
    /// The reason why no key can have the scope.
    #[serde(default)]
    pub(crate) unavailable: Option<String>,
}

/// An entry of `[[presets]]`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub(crate) struct RawPreset {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) description: String,
    pub(crate) scopes: Vec<String>,
}

/// The table `[edge]`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RawEdge {
    /// The path below which verify, me and healthz are.
    pub(crate) base: String,
    /// The path below which the sources of webhooks are.
    pub(crate) hooks_base: String,
    /// The greatest age of a view of the feed, milliseconds.
    pub(crate) max_staleness_ms: u32,
    /// The behaviour without a view.
    pub(crate) when_feed_unreachable: WhenFeedUnreachable,
    /// Whether answers carry `Server-Timing: keystile`.
    pub(crate) server_timing: bool,
    /// The memory for an isolate's caches, bytes.
    pub(crate) cache_bytes: usize,
    /// Cross-origin access from browsers.
    pub(crate) cors: Option<RawCors>,
}

/// The table `[edge.cors]`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawCors {
    /// The origins that browsers may call from, or `["*"]`.
    pub(crate) origins: Vec<String>,
    /// The headers that browsers may send beside the credential.
    #[serde(default = "content_type")]
    pub(crate) headers: Vec<String>,
    /// The headers of answers that pages may read, beside Keystile's.
    #[serde(default)]
    pub(crate) expose_headers: Vec<String>,
    /// The time for which browsers may remember a preflight, seconds.
    #[serde(default = "ten_minutes")]
    pub(crate) max_age_seconds: u32,
}

fn content_type() -> Vec<String> {
    vec!["Content-Type".to_string()]
}

const fn ten_minutes() -> u32 {
    600
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

/// The table `[relays]`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RawRelays {
    /// The number of relays in each location of Cloudflare's.
    pub(crate) per_location: u32,
}

impl Default for RawRelays {
    fn default() -> Self {
        Self { per_location: 1 }
    }
}

/// The table `[audit]`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawAudit {
    /// The time for which entries are kept, days; for ever if absent.
    #[serde(default)]
    pub(crate) retention_days: Option<u16>,
}

/// The table `[exposure]`: what reports of leaked keys do.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RawExposure {
    /// For reports of GitHub's secret scanning.
    pub(crate) github: Policy,
    /// For reports of operators.
    pub(crate) operator: Policy,
    /// For reports of anybody.
    pub(crate) anonymous: Policy,
    /// The address of the keys with which GitHub signs.
    pub(crate) github_keys_url: String,
}

impl Default for RawExposure {
    fn default() -> Self {
        let Policies { github, operator, anonymous } = Policies::default();
        Self { github, operator, anonymous, github_keys_url: KEYS_URL.into() }
    }
}

/// The table `[events]`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RawEvents {
    /// Whether events may go to this machine, such as http://localhost:3000: for development alone.
    pub(crate) allow_loopback: bool,
}

/// The table `[usage]`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RawUsage {
    /// The time that an isolate's counts wait before they are sent, seconds.
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

fn both_headers() -> Vec<String> {
    vec!["bearer".to_string(), "x-api-key".to_string()]
}

/// An entry of `[[upstreams]]`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawUpstream {
    /// Its name in routes.
    pub(crate) name: String,
    /// A service binding of `wrangler.toml`. Either this or `url` is set.
    #[serde(default)]
    pub(crate) service: Option<String>,
    /// A URL. Either this or `service` is set.
    #[serde(default)]
    pub(crate) url: Option<String>,
    /// The Worker secret that forwarded requests are signed with (RFC 9421).
    #[serde(default)]
    pub(crate) signing_secret: Option<String>,
    /// The time that it has to begin its answer, seconds.
    #[serde(default = "hundred_seconds")]
    pub(crate) timeout_seconds: u32,
}

const fn hundred_seconds() -> u32 {
    100
}

/// An entry of `[[routes]]`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub(crate) struct RawRoute {
    pub(crate) path: String,
    pub(crate) upstream: String,
    /// The one environment whose keys are accepted; both if absent.
    #[serde(default)]
    pub(crate) environment: Option<Environment>,
    /// The needs of GET, HEAD, OPTIONS; 405 if absent. Any value, so that the check can say what to write.
    #[serde(default)]
    pub(crate) read: Option<Value>,
    /// The needs of POST, PUT, PATCH, DELETE; 405 if absent.
    #[serde(default)]
    pub(crate) write: Option<Value>,
    /// The needs of single methods, which go before those.
    #[serde(default)]
    pub(crate) methods: BTreeMap<String, Value>,
    /// Whether each request reads the feed: a revocation acts at once, and the answer is 503 without the feed.
    #[serde(default)]
    pub(crate) strict: bool,
    /// The units that a request costs; 1 if absent. Any value, so that the check can say what to write.
    #[serde(default)]
    pub(crate) cost: Option<Value>,
    /// The beginning of its paths that the upstream doesn't see.
    #[serde(default)]
    pub(crate) strip_prefix: Option<String>,
    /// The beginning of paths at the upstream that callers don't see.
    #[serde(default)]
    pub(crate) add_prefix: Option<String>,
    /// Whether an encoded slash may stand in a segment.
    #[serde(default)]
    pub(crate) encoded_slashes: bool,
}

/// An entry of `[[rate_limits]]`. Numbers and choices are any value here, so that the check can say what to write.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub(crate) struct RawRateLimit {
    pub(crate) name: String,
    pub(crate) limit: Option<Value>,
    pub(crate) window_seconds: Option<Value>,
    /// Whose requests are counted together; those of a key if absent.
    pub(crate) per: Option<Value>,
    /// The behaviour while the count can't be reached; `deny` if absent.
    pub(crate) when_unreachable: Option<Value>,
}

/// An entry of `[[quotas]]`. As in [`RawRateLimit`], numbers and choices are any value.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub(crate) struct RawQuota {
    pub(crate) name: String,
    pub(crate) limit: Option<Value>,
    pub(crate) period: Option<Value>,
    /// Whose requests are counted together; those of a key if absent.
    pub(crate) per: Option<Value>,
}

/// The table `[limits]`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub(crate) struct RawLimits {
    pub(crate) max_active_keys: Option<u32>,
    pub(crate) default_expiry_days: Option<u32>,
    pub(crate) max_expiry_days: Option<u32>,
    /// Names of rate limits, or names with a value of the list's own.
    pub(crate) rate_limits: Option<Value>,
    /// The same of quotas.
    pub(crate) quotas: Option<Value>,
}

/// An entry of `[[plans]]`.
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
    /// As in [`RawLimits`]. A plan takes nothing over from `[limits]`.
    pub(crate) rate_limits: Option<Value>,
    /// As in [`RawLimits`].
    pub(crate) quotas: Option<Value>,
}

/// An entry of `[[webhooks]]`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawWebhook {
    /// The last segment of its URL.
    pub(crate) source: String,
    /// A provider of the registry. Either this or `scheme` is set.
    #[serde(default)]
    pub(crate) provider: Option<String>,
    /// The source's own scheme. Either this or `provider` is set.
    #[serde(default)]
    pub(crate) scheme: Option<Value>,
    /// Whether a provider is accepted that only a single source describes.
    #[serde(default)]
    pub(crate) accept_unconfirmed: bool,
    /// The Worker secrets that the sender signs with.
    #[serde(default)]
    pub(crate) secrets: Vec<String>,
    /// The address at which the sender publishes its keys.
    #[serde(default)]
    pub(crate) jwks_url: Option<String>,
    /// The texts of the scheme's `params`.
    #[serde(default)]
    pub(crate) params: BTreeMap<String, String>,
    /// The URL as it is registered with the sender.
    #[serde(default)]
    pub(crate) url: Option<String>,
    /// The greatest age of a delivery, seconds.
    #[serde(default)]
    pub(crate) past_seconds: Option<u32>,
    /// The greatest time by which a delivery's timestamp may be ahead, seconds.
    #[serde(default)]
    pub(crate) future_seconds: Option<u32>,
    /// The maximum length of a body, bytes. Longer ones are refused.
    #[serde(default = "one_mebibyte")]
    pub(crate) max_body_bytes: u32,
    /// The name of the upstream that deliveries are forwarded to. Either this or `upstreams` is set.
    pub(crate) upstream: Option<String>,
    /// The path at the upstream.
    pub(crate) path: Option<String>,
    /// The upstreams among which the types of events choose.
    #[serde(default)]
    pub(crate) upstreams: Vec<RawWebhookUpstream>,
    /// The place of an event's type, if the scheme doesn't say it.
    pub(crate) event_type: Option<String>,
    /// The Worker secret that forwarded deliveries are signed with. Either this or `signing_secrets` is set.
    pub(crate) signing_secret: Option<String>,
    /// The same, with a second one until no consumer checks it.
    pub(crate) signing_secrets: Option<Vec<String>>,
    /// The way to deal with deliveries that fail.
    #[serde(default)]
    pub(crate) verification: VerificationMode,
    /// The delivery mode: the sender or a queue waits for the upstream.
    #[serde(default)]
    pub(crate) mode: WebhookMode,
    /// The deliveries that are refused as repeats; those with the sender's id if absent.
    #[serde(default)]
    pub(crate) replays: Option<Replays>,
    /// The time for which deliveries are remembered, hours.
    #[serde(default = "three_days")]
    pub(crate) remember_hours: u16,
    /// The time for which the bodies of delivered events are kept for a replay, hours.
    #[serde(default)]
    pub(crate) keep_bodies_hours: u16,
    /// In mode `queue`: seconds until the second attempt.
    #[serde(default)]
    pub(crate) retry_seconds: Option<u16>,
}

/// An entry of `[[webhooks.upstreams]]`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawWebhookUpstream {
    /// The name of the upstream.
    pub(crate) upstream: String,
    /// The path at the upstream.
    #[serde(default = "slash")]
    pub(crate) path: String,
    /// The types of the events that it gets; all if absent.
    pub(crate) types: Option<Vec<String>>,
    /// Its own secret to sign with; the source's if both are absent.
    pub(crate) signing_secret: Option<String>,
    /// The same, with a second one.
    pub(crate) signing_secrets: Option<Vec<String>>,
}

impl RawWebhookUpstream {
    /// Whether it has secrets of its own to sign with.
    pub(crate) const fn signs(&self) -> bool {
        self.signing_secret.is_some() || self.signing_secrets.is_some()
    }
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
