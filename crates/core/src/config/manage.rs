//! The management worker's part of the configuration.

use alloc::{string::String, vec::Vec};

use serde::{Deserialize, Serialize};

use super::{
    event_addresses::AddressRules, replays::Replays, verification_mode::VerificationMode, webhook_mode::WebhookMode,
};
use crate::{
    access::{
        challenge::Challenge,
        scope::{Catalog, Preset},
    },
    feed::client::WhenFeedUnreachable,
    key::{Environment, KeyForms, KeyPrefix, imported::ImportedForm},
    ledger::{
        exposure::Policies,
        plan::{KeyLimits, Plan, TenantSettings},
        reminders::ReminderSettings,
    },
    limits::definition::ConfiguredLimits,
};

/// The management worker's part of the configuration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ManageConfig {
    /// The realm of challenges.
    pub name: String,
    /// The way in which operators are told to present a key.
    pub challenge: Challenge,
    /// The key prefixes: that of new keys first, then former ones. Never empty.
    pub prefixes: Vec<KeyPrefix>,
    /// The forms of imported keys. If empty, no imported keys are accepted.
    pub allow_imported: Vec<ImportedForm>,
    /// The places in which a key may be sent, as `keystile.toml` writes them; that of examples first. Never empty.
    pub headers: Vec<String>,
    /// The environments for which keys can be created.
    pub environments: Vec<Environment>,
    /// The scopes of a key whose creation names none.
    pub default_scopes: DefaultScopes,
    /// The catalog of scopes.
    pub catalog: Catalog,
    /// Named sets of scopes.
    pub presets: Vec<Preset>,
    /// The greatest age of a view of the feed that this deployment's edges accept, milliseconds.
    pub max_staleness_ms: u32,
    /// The behaviour of the edges while the feed is out of reach.
    pub when_feed_unreachable: WhenFeedUnreachable,
    /// The reminders of keys.
    pub reminders: ReminderSettings,
    /// The limits of tenants without a plan.
    pub limits: KeyLimits,
    /// The plans that tenants can be on.
    pub plans: Vec<Plan>,
    /// The rate limits and quotas.
    pub counted_limits: ConfiguredLimits,
    /// The time for which audit entries are kept, days; `None` for ever.
    pub audit_retention_days: Option<u16>,
    /// What reports of leaked keys do.
    pub exposure: Policies,
    /// The address at which GitHub publishes the keys that it signs such reports with.
    pub github_keys_url: String,
    /// The addresses to which events may be sent.
    pub event_addresses: AddressRules,
    /// The sources of webhooks, in the form of the list.
    pub webhooks: Vec<WebhookSummary>,
    /// The origins of the pages that may embed the customers' page.
    pub portal_origins: Vec<String>,
    /// A URL of the guarded API, for the examples that use a new key.
    pub api_url: Option<String>,
}

impl ManageConfig {
    /// The forms of this deployment's keys.
    #[must_use]
    pub fn key_forms(&self) -> KeyForms<'_> {
        KeyForms { prefixes: &self.prefixes, imported: &self.allow_imported }
    }

    /// The limits that hold for a tenant with these settings.
    #[must_use]
    pub fn limits_of(&self, settings: &TenantSettings) -> KeyLimits {
        settings.limits(self.limits, &self.plans)
    }

    /// The prefix of new keys.
    #[must_use]
    pub fn prefix(&self) -> Option<&KeyPrefix> {
        self.prefixes.first()
    }
}

/// The scopes of a key whose creation names none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DefaultScopes {
    /// None: the request is refused, since at least one scope is required.
    #[default]
    None,
    /// All that are available.
    All,
}

/// The `provider` of a source with its own scheme.
pub const OWN_SCHEME: &str = "own";

/// The means by which a sender's events are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToldApartBy {
    /// An id that the signature covers.
    SignedId,
    /// An id that the signature doesn't cover, so whoever saw a delivery can send it under another one.
    UnsignedId,
    /// Nothing: the sender gives no id.
    Nothing,
}

/// A source in the list of the management API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookSummary {
    /// The source's name.
    pub source: String,
    /// The provider's id in the registry, or `own`.
    pub provider: String,
    /// The delivery mode: the sender or a queue waits for the upstream.
    pub mode: WebhookMode,
    /// Whether the sender's signature covers the whole body.
    pub body_authenticated: bool,
    /// The deliveries that are refused as repeats.
    pub replays: Replays,
    /// The means by which the sender's events are told apart.
    pub told_apart_by: ToldApartBy,
    /// The time for which the bodies of delivered events are kept for a replay, hours; 0 for not at all.
    pub keep_bodies_hours: u16,
    /// The place of an event's type, as a scheme writes it.
    pub event_type: Option<String>,
    /// Whether the event's type is a part of what the sender signs.
    pub event_type_authenticated: bool,
    /// The way to deal with deliveries that fail.
    pub verification: VerificationMode,
    /// The upstreams, in the order of the file.
    pub upstreams: Vec<WebhookUpstreamSummary>,
    /// Notes for operators, each a sentence.
    pub notes: Vec<String>,
}

/// An upstream of a source in the list of the management API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookUpstreamSummary {
    /// The path at the upstream.
    pub path: String,
    /// The types of the events that it gets, as the file writes them; all if there are none.
    pub types: Vec<String>,
    /// The upstream's name.
    pub upstream: String,
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
            challenge: Challenge::of_operators("Voice"),
            prefixes: vec![KeyPrefix::parse("vcrm").unwrap()],
            allow_imported: vec![ImportedForm::prefix("sk_live_").unwrap()],
            headers: vec!["bearer".into()],
            environments: vec![Environment::Live, Environment::Test],
            default_scopes: DefaultScopes::None,
            catalog: Catalog::new(vec![scope("read:leads"), scope("read:analytics"), analytics]).unwrap(),
            presets: Vec::new(),
            max_staleness_ms: 2_000,
            when_feed_unreachable: WhenFeedUnreachable::Kv,
            reminders: ReminderSettings::default(),
            limits: KeyLimits::default(),
            plans: Vec::new(),
            counted_limits: crate::limits::definition::tests::limits(),
            audit_retention_days: None,
            exposure: Policies::default(),
            github_keys_url: "https://api.github.com/meta/public_keys/secret_scanning".into(),
            event_addresses: AddressRules::default(),
            webhooks: Vec::new(),
            portal_origins: Vec::new(),
            api_url: None,
        }
    }
}
