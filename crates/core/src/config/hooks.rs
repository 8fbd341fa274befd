//! The part of the configuration for the receiver of webhooks.

use alloc::{string::String, vec::Vec};

use keystile_webhook::Scheme;
use serde::{Deserialize, Serialize};

use super::{replays::Replays, upstream::Upstream, webhook_mode::WebhookMode};
use crate::base::path::Path;

/// The part of the configuration for the receiver of webhooks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HooksConfig {
    /// The path below which the verify endpoint is.
    pub base: Path,
    /// The path below which the sources are; `None` if there are no sources.
    pub hooks_base: Option<Path>,
    /// The upstreams that events are forwarded to.
    pub upstreams: Vec<Upstream>,
    /// The sources in the order of the file. Their names are unique.
    pub sources: Vec<WebhookSource>,
}

/// One source of webhooks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WebhookSource {
    /// The source's name: the last segment of its URL.
    pub source: String,
    /// The provider's id in the registry; `None` for a source with its own scheme.
    pub provider: Option<String>,
    /// The scheme by which the sender signs, with this source's tolerance.
    pub scheme: Scheme,
    /// Notes for operators, each a sentence.
    pub notes: Vec<String>,
    /// The names of the Worker secrets that the sender signs with. Never empty without `jwks_url`.
    pub secrets: Vec<String>,
    /// The address at which the sender publishes its keys (JWKS, RFC 7517), if they are fetched.
    pub jwks_url: Option<String>,
    /// The texts of the scheme's `params`.
    pub params: Vec<(String, String)>,
    /// The URL as it is registered with the sender, with its query if it has one, which then replaces the request's
    /// query; `None` for the request's own URL.
    pub url: Option<String>,
    /// The maximum length of a body, bytes. Longer ones are refused.
    pub max_body_bytes: u32,
    /// The upstream's index in the configuration.
    pub upstream: usize,
    /// The path at the upstream.
    pub path: String,
    /// The name of the Worker secret that forwarded deliveries are signed with, a `whsec_…`.
    pub signing_secret: String,
    /// The delivery mode: the sender or a queue waits for the upstream.
    pub mode: WebhookMode,
    /// The deliveries that are refused as repeats.
    pub replays: Replays,
    /// The time for which deliveries are remembered, hours.
    pub remember_hours: u16,
    /// In mode `queue`: seconds until the second attempt. Each further wait is twice as long.
    pub retry_seconds: u16,
}
