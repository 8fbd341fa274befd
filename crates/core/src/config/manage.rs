//! The management worker's part of the configuration.

use alloc::{string::String, vec::Vec};

use serde::{Deserialize, Serialize};

use super::webhook_mode::WebhookMode;
use crate::{
    access::scope::{Catalog, Preset},
    feed::client::WhenFeedUnreachable,
    key::{Environment, KeyForms, KeyPrefix, imported::ImportedPrefix},
    ledger::plan::{Limits, Plan, TenantSettings},
};

/// The management worker's part of the configuration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ManageConfig {
    /// The realm of challenges.
    pub name: String,
    /// The prefix of new keys first, then former ones. Never empty.
    pub prefixes: Vec<KeyPrefix>,
    /// The texts that imported keys begin with. Empty: none are taken.
    pub allow_imported: Vec<ImportedPrefix>,
    /// The environments that keys can be created for.
    pub environments: Vec<Environment>,
    /// The scopes of a key that is created without any.
    pub default_scopes: DefaultScopes,
    /// The vocabulary.
    pub catalog: Catalog,
    /// Named sets of scopes.
    pub presets: Vec<Preset>,
    /// How old a view of the feed this deployment's edges use, milliseconds at most.
    pub max_staleness_ms: u32,
    /// What they do while the feed is out of reach.
    pub when_feed_unreachable: WhenFeedUnreachable,
    /// The limits of tenants without a plan.
    pub limits: Limits,
    /// The plans that tenants can be on.
    pub plans: Vec<Plan>,
    /// How long audit entries are kept; for good if not said.
    pub audit_retention_days: Option<u16>,
    /// The sources of webhooks, as they are listed.
    pub webhooks: Vec<WebhookSummary>,
}

impl ManageConfig {
    /// Which texts are keys here.
    #[must_use]
    pub fn key_forms(&self) -> KeyForms<'_> {
        KeyForms { prefixes: &self.prefixes, imported: &self.allow_imported }
    }

    /// The limits that hold for a tenant with these settings.
    #[must_use]
    pub fn limits_of(&self, settings: &TenantSettings) -> Limits {
        settings.limits(self.limits, &self.plans)
    }

    /// The prefix of new keys.
    #[must_use]
    pub fn prefix(&self) -> Option<&KeyPrefix> {
        self.prefixes.first()
    }
}

/// The scopes of a key that is created without any.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DefaultScopes {
    /// It is not created: at least one is required.
    #[default]
    None,
    /// All that are available.
    All,
}

/// The provider of a source that has a scheme of its own.
pub const OWN_SCHEME: &str = "own";

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

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::access::scope::{Implies, Scope, ScopeDefinition};
    use alloc::vec;

    /// A configuration with these scopes. The last is unavailable.
    pub(crate) fn config() -> ManageConfig {
        let scope = |name: &str| ScopeDefinition {
            name: Scope::parse(name).unwrap(),
            description: String::new(),
            implies: Implies::These(Vec::new()),
            unavailable: None,
        };
        let unavailable = Some("analytics is read only".into());
        let analytics = ScopeDefinition { unavailable, ..scope("write:analytics") };
        ManageConfig {
            name: "Voice".into(),
            prefixes: vec![KeyPrefix::parse("vcrm").unwrap()],
            allow_imported: vec![ImportedPrefix::parse("sk_live_").unwrap()],
            environments: vec![Environment::Live, Environment::Test],
            default_scopes: DefaultScopes::None,
            catalog: Catalog::new(vec![scope("read:leads"), scope("read:analytics"), analytics]).unwrap(),
            presets: Vec::new(),
            max_staleness_ms: 2_000,
            when_feed_unreachable: WhenFeedUnreachable::Kv,
            limits: Limits::default(),
            plans: Vec::new(),
            audit_retention_days: None,
            webhooks: Vec::new(),
        }
    }
}
