//! The edge's part of the configuration.

use alloc::{
    string::{String, ToString},
    vec::Vec,
};

use serde::{Deserialize, Serialize};

use super::upstream::Upstream;
use crate::{
    access::{route::Routes, scope::Catalog},
    base::path::Path,
    feed::client::Settings,
    key::{KeyForms, KeyPrefix, credential::CredentialHeader, imported::ImportedPrefix},
};

/// The edge's part of the configuration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EdgeConfig {
    /// The realm of challenges.
    pub name: String,
    /// The prefix of new keys first, then former ones. Never empty.
    pub prefixes: Vec<KeyPrefix>,
    /// The texts that imported keys begin with. Empty: none are taken.
    pub allow_imported: Vec<ImportedPrefix>,
    /// The headers a key may come in.
    pub headers: Vec<CredentialHeader>,
    /// The vocabulary.
    pub catalog: Catalog,
    /// Below this path lie verify, me and healthz.
    pub base: Path,
    /// Below this path lie the sources of webhooks; not said if there are none.
    pub hooks_base: Option<Path>,
    /// The feed client's settings.
    pub feed: Settings,
    /// How long an isolate's counts of uses wait before they are sent, seconds.
    pub usage_flush_seconds: u32,
    /// Whether answers carry `Server-Timing: keystile`.
    pub server_timing: bool,
    /// Cross-origin access from browsers.
    pub cors: Option<Cors>,
    /// The upstreams that requests are forwarded to.
    pub upstreams: Vec<Upstream>,
    /// The routes that are guarded.
    pub routes: Routes,
}

impl EdgeConfig {
    /// Which texts are keys here.
    #[must_use]
    pub fn key_forms(&self) -> KeyForms<'_> {
        KeyForms { prefixes: &self.prefixes, imported: &self.allow_imported }
    }
}

/// `[edge.cors]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cors {
    /// Origins that browsers may call from, or `["*"]`.
    pub origins: Vec<String>,
    /// Headers that they may send beside the credential.
    #[serde(default = "content_type")]
    pub headers: Vec<String>,
    /// How long browsers may remember a preflight, seconds.
    #[serde(default = "ten_minutes")]
    pub max_age_seconds: u32,
}

fn content_type() -> Vec<String> {
    alloc::vec!["Content-Type".to_string()]
}

const fn ten_minutes() -> u32 {
    600
}
