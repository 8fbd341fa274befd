//! `[[webhooks]]`, as the worker that receives them needs it.

use alloc::{string::String, vec::Vec};

use serde::{Deserialize, Serialize};

use crate::webhook::Scheme;

/// Whom webhooks are taken from, and what becomes of them. It follows the rest
/// in what ships, so that only the worker that reads it carries code for it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Webhooks {
    /// The sources, in the order of the file. No two of one name.
    pub sources: Vec<WebhookSource>,
}

impl Webhooks {
    /// The source of this name.
    #[must_use]
    pub fn source(&self, name: &str) -> Option<&WebhookSource> {
        self.sources.iter().find(|source| source.source == name)
    }
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

/// A source as the management API lists it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookSummary {
    /// Its name.
    pub source: String,
    /// The registry's id of its provider, or `own`.
    pub provider: String,
    /// Who waits for the upstream.
    pub mode: WebhookMode,
    /// Whether the sender's signature covers the whole body.
    pub body_authenticated: bool,
    /// What an operator should know of it, sentences.
    pub notes: Vec<String>,
}

impl From<&WebhookSource> for WebhookSummary {
    fn from(source: &WebhookSource) -> Self {
        Self {
            source: source.source.clone(),
            provider: source.provider.clone().unwrap_or_else(|| OWN.into()),
            mode: source.mode,
            body_authenticated: source.scheme.body_authenticated(),
            notes: source.notes.clone(),
        }
    }
}

/// In place of a provider's id, where a source has a scheme of its own.
pub const OWN: &str = "own";

/// Who waits for the upstream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WebhookMode {
    /// The sender: it gets the upstream's status.
    #[default]
    Direct,
    /// Nobody: the sender is answered once the event lies in the queue.
    Queue,
}

impl WebhookMode {
    /// As the file has it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Queue => "queue",
        }
    }
}
