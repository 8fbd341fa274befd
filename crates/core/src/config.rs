//! `keystile.toml`: the one configuration of both workers.
//!
//! [`raw`] is the file as it stands; [`Config`] is what the workers use, and
//! comes from the file only if everything in it fits together. The file is
//! checked when it is built in (`keystile-config`), which names file and line
//! of each mistake; the checked configuration ships to the workers as data, so
//! that another one needs no other compilation, and no worker carries the checks.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};

use crate::{
    credential::CredentialHeader,
    feed::client::Settings,
    imported::{ImportedPrefix, KeyForms},
    key::{Environment, KeyPrefix},
    path::Path,
    plan::{Limits, Plan},
    route::Routes,
    scope::{Catalog, Preset},
};

pub mod raw;
pub mod webhooks;

pub use webhooks::{WebhookMode, WebhookSource, WebhookSummary, Webhooks};

/// The form that ships to the workers. Workers read no other.
const BLOB_VERSION: u32 = 3;
/// What stands before the sources of webhooks. No character of base64.
const WEBHOOKS: char = '.';

/// The configuration, checked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Config {
    /// The realm of challenges.
    pub name: String,
    /// The prefix of new keys first, then former ones. Never empty.
    pub prefixes: Vec<KeyPrefix>,
    /// What imported keys begin with. Empty: none are taken.
    pub allow_imported: Vec<ImportedPrefix>,
    /// The environments that keys can be created for.
    pub environments: Vec<Environment>,
    /// The headers a key may come in.
    pub headers: Vec<CredentialHeader>,
    /// What a key gets that is created without scopes.
    pub default_scopes: DefaultScopes,
    /// The vocabulary.
    pub catalog: Catalog,
    /// Named sets of scopes.
    pub presets: Vec<Preset>,
    /// Below this path lie verify, me and healthz.
    pub base: Path,
    /// The feed client's settings.
    pub feed: Settings,
    /// How long an isolate's counts of uses wait before they are sent, seconds.
    pub usage_flush_seconds: u32,
    /// Whether answers carry `Server-Timing: keystile`.
    pub server_timing: bool,
    /// Cross-origin access from browsers.
    pub cors: Option<Cors>,
    /// Where requests are forwarded to.
    pub upstreams: Vec<Upstream>,
    /// What is guarded.
    pub routes: Routes,
    /// Below this path lie the sources of webhooks; not said if there are none.
    pub hooks: Option<Path>,
    /// What the management worker alone reads; empty elsewhere.
    #[serde(skip)]
    pub management: Management,
    /// What the worker that receives webhooks alone reads; empty elsewhere.
    #[serde(skip)]
    pub webhooks: Webhooks,
}

/// What the management worker alone reads. It follows the rest in what ships, so
/// that the edge carries no code to read it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Management {
    /// The limits of tenants without a plan.
    pub limits: Limits,
    /// The plans that tenants can be on.
    pub plans: Vec<Plan>,
    /// How long audit entries are kept; for good if not said.
    pub audit_retention_days: Option<u16>,
    /// The sources of webhooks, as they are listed.
    pub webhooks: Vec<WebhookSummary>,
}

/// Where requests are forwarded to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upstream {
    /// What routes call it.
    pub name: String,
    /// How it is reached.
    pub target: Target,
    /// The Worker secret that forwarded requests are signed with.
    pub signing_secret: Option<String>,
}

/// How an upstream is reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Target {
    /// By this service binding.
    Service(String),
    /// At this URL, without a slash at its end.
    Url(String),
}

/// What a key gets that is created without scopes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DefaultScopes {
    /// It is not created: at least one is required.
    #[default]
    None,
    /// All that are available.
    All,
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

impl Config {
    /// What ships to the workers: postcard in base64.
    #[must_use]
    pub fn to_blob(&self) -> String {
        // Every part serialises: the types are plain data.
        STANDARD.encode(postcard::to_allocvec(&(BLOB_VERSION, self, &self.management)).unwrap_or_default())
    }

    /// The same, and after a `.` the sources of webhooks in the same form. Each
    /// is half a kilobyte, which only the worker that receives them carries.
    #[must_use]
    pub fn to_whole(&self) -> String {
        let webhooks = postcard::to_allocvec(&self.webhooks).unwrap_or_default();
        format!("{}{WEBHOOKS}{}", self.to_blob(), STANDARD.encode(webhooks))
    }

    /// Reads what [`to_blob`](Self::to_blob) wrote, as the edge needs it.
    ///
    /// # Errors
    /// A sentence, if this is no blob of this version.
    pub fn for_edge(blob: &str) -> Result<Self, String> {
        Self::take(blob).map(|(config, _)| config)
    }

    /// The same with what the management worker needs.
    ///
    /// # Errors
    /// A sentence, if this is no blob of this version.
    pub fn for_management(blob: &str) -> Result<Self, String> {
        let (config, rest) = Self::take(blob)?;
        let management = postcard::from_bytes(&rest).map_err(|error| error.to_string())?;
        Ok(Self { management, ..config })
    }

    /// Reads what [`to_whole`](Self::to_whole) wrote, as the worker needs it that
    /// receives webhooks.
    ///
    /// # Errors
    /// A sentence, if this is no blob of this version.
    pub fn for_hooks(blob: &str) -> Result<Self, String> {
        let (most, webhooks) = blob.split_once(WEBHOOKS).ok_or("the sources of webhooks are missing")?;
        let (config, _) = Self::take(most)?;
        let webhooks = STANDARD.decode(webhooks).map_err(|error| error.to_string())?;
        let webhooks = postcard::from_bytes(&webhooks).map_err(|error| error.to_string())?;
        Ok(Self { webhooks, ..config })
    }

    /// The configuration, and what follows it.
    fn take(blob: &str) -> Result<(Self, Vec<u8>), String> {
        let bytes = STANDARD.decode(blob).map_err(|error| error.to_string())?;
        let (version, rest) = postcard::take_from_bytes::<u32>(&bytes).map_err(|error| error.to_string())?;
        if version != BLOB_VERSION {
            return Err(format!("configuration of version {version}, where {BLOB_VERSION} is read; build it again"));
        }
        let (config, rest) = postcard::take_from_bytes(rest).map_err(|error| error.to_string())?;
        Ok((config, rest.to_vec()))
    }

    /// Which texts are keys here.
    #[must_use]
    pub fn key_forms(&self) -> KeyForms<'_> {
        KeyForms { prefixes: &self.prefixes, imported: &self.allow_imported }
    }

    /// The prefix of new keys.
    #[must_use]
    pub fn prefix(&self) -> Option<&KeyPrefix> {
        self.prefixes.first()
    }
}

#[cfg(test)]
mod tests;
