//! The edge's part of the configuration.

use alloc::{string::String, vec::Vec};

use serde::{Deserialize, Serialize};

use super::{cors::Cors, upstream::Upstream};
use crate::{
    access::{route::Routes, scope::Catalog},
    base::path::Path,
    feed::client::Settings,
    key::{KeyForms, KeyPrefix, credential::CredentialHeader, imported::ImportedPrefix},
    limits::definition::LimitDefinition,
};

/// The edge's part of the configuration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EdgeConfig {
    /// The realm of challenges.
    pub name: String,
    /// The key prefixes: that of new keys first, then former ones. Never empty.
    pub prefixes: Vec<KeyPrefix>,
    /// The beginnings of imported keys. If empty, no imported keys are accepted.
    pub allow_imported: Vec<ImportedPrefix>,
    /// The headers in which a key may be sent.
    pub headers: Vec<CredentialHeader>,
    /// The catalog of scopes.
    pub catalog: Catalog,
    /// The path below which verify, me and healthz are.
    pub base: Path,
    /// The path below which the sources of webhooks are; `None` if there are no sources.
    pub hooks_base: Option<Path>,
    /// The feed client's settings.
    pub feed: Settings,
    /// Every rate limit and quota with the lowest value that a list gives it. If there are none, no limiter is asked.
    pub limits: Vec<LimitDefinition>,
    /// The time that an isolate's counts of uses wait before they are sent, seconds.
    pub usage_flush_seconds: u32,
    /// Whether answers carry `Server-Timing: keystile`.
    pub server_timing: bool,
    /// Cross-origin access from browsers; `None` if it is off.
    pub cors: Option<Cors>,
    /// The upstreams that requests are forwarded to.
    pub upstreams: Vec<Upstream>,
    /// The guarded routes.
    pub routes: Routes,
}

impl EdgeConfig {
    /// The forms of this deployment's keys.
    #[must_use]
    pub fn key_forms(&self) -> KeyForms<'_> {
        KeyForms { prefixes: &self.prefixes, imported: &self.allow_imported }
    }
}
