//! The part of the configuration that the receiver of webhooks reads.

use alloc::{string::String, vec::Vec};

use keystile_webhook::Scheme;
use serde::{Deserialize, Serialize};

use super::{upstream::Upstream, webhook_mode::WebhookMode};
use crate::base::path::Path;

/// The part of the configuration that the receiver of webhooks reads.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HooksConfig {
    /// Below this path lies the verify endpoint.
    pub base: Path,
    /// Below this path lie the sources; not said if there are none.
    pub hooks_base: Option<Path>,
    /// The upstreams that events are handed on to.
    pub upstreams: Vec<Upstream>,
    /// The sources, in the order of the file. No two of one name.
    pub sources: Vec<WebhookSource>,
}

/// One source of webhooks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WebhookSource {
    /// Its name: the last segment of its URL.
    pub source: String,
    /// The registry's id of its provider; not said for a scheme of one's own.
    pub provider: Option<String>,
    /// How it signs, its tolerance as this source has it.
    pub scheme: Scheme,
    /// What an operator should know of it, sentences.
    pub notes: Vec<String>,
    /// The Worker secrets that it signs with. Never empty.
    pub secrets: Vec<String>,
    /// The texts of the scheme's `params`.
    pub params: Vec<(String, String)>,
    /// As it is registered with the sender, without query; the request's own if not said.
    pub url: Option<String>,
    /// Longer bodies are refused.
    pub max_body_bytes: u32,
    /// The upstream's place in the configuration.
    pub upstream: usize,
    /// The path at the upstream.
    pub path: String,
    /// The Worker secret that deliveries are signed with again, a `whsec_…`.
    pub signing_secret: String,
    /// Who waits for the upstream.
    pub mode: WebhookMode,
    /// How long deliveries are remembered.
    pub remember_hours: u16,
    /// In mode `queue`: seconds until the second attempt. Each wait is twice the one before.
    pub retry_seconds: u16,
}
