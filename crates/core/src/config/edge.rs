//! The edge's part of the configuration.

use alloc::{string::String, vec::Vec};

use serde::{Deserialize, Serialize};

use super::{cors::Cors, upstream::Upstream};
use crate::{
    access::{challenge::Challenge, route::Routes, scope::Catalog},
    base::path::Path,
    feed::client::Settings,
    key::{KeyForms, KeyPrefix, credential::Places, imported::ImportedForm},
    limits::definition::LimitDefinition,
};

/// The edge's part of the configuration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EdgeConfig {
    /// The way in which callers are told to present a key.
    pub challenge: Challenge,
    /// The way in which operators are told to present theirs.
    pub operator_challenge: Challenge,
    /// The key prefixes: that of new keys first, then former ones. Never empty.
    pub prefixes: Vec<KeyPrefix>,
    /// The forms of imported keys. If empty, no imported keys are accepted.
    pub allow_imported: Vec<ImportedForm>,
    /// The places in which a key may be sent.
    pub places: Places,
    /// The pattern of an `Authorization` that is for Keystile alone, for ECMAScript.
    pub own_authorization: String,
    /// The catalog of scopes.
    pub catalog: Catalog,
    /// The path below which verify, me and healthz are.
    pub base: Path,
    /// The path below which the sources of webhooks are; `None` if there are no sources.
    pub hooks_base: Option<Path>,
    /// The feed client's settings.
    pub feed: Settings,
    /// The number of relays of the feed in each location; 0 if isolates ask the feed itself.
    pub relays_per_location: u8,
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
