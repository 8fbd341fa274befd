//! The parts of `keystile.toml` that those who manage keys see: scopes, plans, sources of
//! webhooks.

use alloc::{string::String, vec::Vec};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    access::scope::{Implies, Preset, Scope, ScopeDefinition, ScopeSet},
    config::{
        DefaultScopes, ManageConfig, Replays, ToldApartBy, VerificationMode, WebhookMode, WebhookSummary,
        WebhookUpstreamSummary,
    },
    key::{Environment, KeyPrefix},
    ledger::plan::{KeyLimits, Plan},
    limits::{definition::ConfiguredLimits, own_patch::LimitField},
};

/// The catalog, as `GET /v1/scopes` shows it.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs)]
pub struct ShownCatalog<'a> {
    /// Of the guarded API, for examples.
    pub api_url: Option<&'a str>,
    pub default_scopes: DefaultScopes,
    pub environments: &'a [Environment],
    /// The places that may carry a key, as `keystile.toml` writes them; that of examples first.
    pub headers: &'a [String],
    /// What keys begin with that are issued here, without the environment; that of new keys first.
    pub prefixes: Vec<&'a str>,
    pub presets: Vec<ShownPreset<'a>>,
    pub scopes: Vec<ShownScope<'a>>,
}

impl<'a> ShownCatalog<'a> {
    /// The deployment's.
    #[must_use]
    pub fn new(config: &'a ManageConfig) -> Self {
        Self {
            api_url: config.api_url.as_deref(),
            default_scopes: config.default_scopes,
            environments: &config.environments,
            headers: &config.headers,
            prefixes: config.prefixes.iter().map(KeyPrefix::as_str).collect(),
            presets: config.presets.iter().map(ShownPreset::new).collect(),
            scopes: config.catalog.definitions().iter().map(ShownScope::new).collect(),
        }
    }
}

/// A scope of the catalog.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs)]
pub struct ShownScope<'a> {
    pub description: &'a str,
    /// `["*"]` if that is all of them.
    pub implies: Vec<&'a str>,
    pub name: &'a Scope,
    /// Why no key can have it, if none can.
    pub unavailable: Option<&'a str>,
}

impl<'a> ShownScope<'a> {
    fn new(definition: &'a ScopeDefinition) -> Self {
        Self {
            description: &definition.description,
            implies: match &definition.implies {
                Implies::Everything => alloc::vec!["*"],
                Implies::These(implied) => implied.iter().map(Scope::as_str).collect(),
            },
            name: &definition.name,
            unavailable: definition.unavailable.as_deref(),
        }
    }
}

/// A preset of scopes.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs)]
pub struct ShownPreset<'a> {
    pub description: &'a str,
    pub name: &'a str,
    pub scopes: &'a ScopeSet,
}

impl<'a> ShownPreset<'a> {
    fn new(preset: &'a Preset) -> Self {
        Self { description: &preset.description, name: &preset.name, scopes: &preset.scopes }
    }
}

/// Plans, and the limits of tenants without one, as `GET /v1/plans` shows them.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs)]
pub struct ShownPlans<'a> {
    pub limits: ShownLimits,
    pub plans: Vec<ShownPlan<'a>>,
    pub quotas: Map<String, Value>,
    pub rate_limits: Map<String, Value>,
}

impl<'a> ShownPlans<'a> {
    /// The deployment's.
    #[must_use]
    pub fn new(config: &'a ManageConfig) -> Self {
        let counted = &config.counted_limits;
        Self {
            limits: config.limits.into(),
            plans: config.plans.iter().map(|plan| ShownPlan::new(plan, counted)).collect(),
            quotas: counted.listed(&counted.without_plan, LimitField::Quotas),
            rate_limits: counted.listed(&counted.without_plan, LimitField::RateLimits),
        }
    }
}

/// A plan.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs)]
pub struct ShownPlan<'a> {
    pub default_expiry_days: Option<u32>,
    pub description: &'a str,
    pub max_active_keys: Option<u32>,
    pub max_expiry_days: Option<u32>,
    pub name: &'a str,
    pub quotas: Map<String, Value>,
    pub rate_limits: Map<String, Value>,
}

impl<'a> ShownPlan<'a> {
    fn new(plan: &'a Plan, counted: &ConfiguredLimits) -> Self {
        let KeyLimits { max_active_keys, default_expiry_days, max_expiry_days } = plan.limits;
        let (name, description): (&str, &str) = (&plan.name, &plan.description);
        let listed = |field| counted.plans.get(&plan.name).map(|list| counted.listed(list, field)).unwrap_or_default();
        Self {
            default_expiry_days,
            description,
            max_active_keys,
            max_expiry_days,
            name,
            quotas: listed(LimitField::Quotas),
            rate_limits: listed(LimitField::RateLimits),
        }
    }
}

/// Limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct ShownLimits {
    pub default_expiry_days: Option<u32>,
    pub max_active_keys: Option<u32>,
    pub max_expiry_days: Option<u32>,
}

impl From<KeyLimits> for ShownLimits {
    fn from(KeyLimits { max_active_keys, default_expiry_days, max_expiry_days }: KeyLimits) -> Self {
        Self { default_expiry_days, max_active_keys, max_expiry_days }
    }
}

/// The sources of webhooks, as `GET /v1/webhooks` shows them.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs)]
pub struct ShownSources<'a> {
    pub sources: Vec<ShownSource<'a>>,
}

impl<'a> ShownSources<'a> {
    /// The deployment's.
    #[must_use]
    pub fn new(config: &'a ManageConfig) -> Self {
        Self { sources: config.webhooks.iter().map(ShownSource::new).collect() }
    }
}

/// A source of webhooks.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs)]
pub struct ShownSource<'a> {
    pub body_authenticated: bool,
    /// The place of an event's type.
    pub event_type: Option<&'a str>,
    pub event_type_authenticated: bool,
    pub keep_bodies_hours: u16,
    pub mode: WebhookMode,
    pub notes: &'a [String],
    pub provider: &'a str,
    pub replays: Replays,
    pub source: &'a str,
    pub told_apart_by: ToldApartBy,
    pub upstreams: &'a [WebhookUpstreamSummary],
    pub verification: VerificationMode,
}

impl<'a> ShownSource<'a> {
    fn new(summary: &'a WebhookSummary) -> Self {
        Self {
            body_authenticated: summary.body_authenticated,
            event_type: summary.event_type.as_deref(),
            event_type_authenticated: summary.event_type_authenticated,
            keep_bodies_hours: summary.keep_bodies_hours,
            mode: summary.mode,
            notes: &summary.notes,
            provider: &summary.provider,
            replays: summary.replays,
            source: &summary.source,
            told_apart_by: summary.told_apart_by,
            upstreams: &summary.upstreams,
            verification: summary.verification,
        }
    }
}
