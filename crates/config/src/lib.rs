//! `keystile.toml`: the one configuration of all workers.
//!
//! [`read`] turns the file's text into the configuration of each worker, or reports all its mistakes, each with its
//! line and a remedy. The checked configuration ships to the workers as data ([`Configuration::to_blobs`]). So another
//! configuration needs no other compilation, and no worker carries the checks.
#![forbid(unsafe_code)]

mod check;
mod lines;
mod raw;

use keystile_core::{
    access::route::Routes,
    config::{self, EdgeConfig, HooksConfig, ManageConfig, WebhookSource, WebhookSummary},
    ledger::plan::KeyLimits,
    limits::definition::ConfiguredLimits,
};

use check::Check;
pub use check::Mistake;
use raw::RawConfig;

/// The configuration of each worker.
#[derive(Clone, Debug, PartialEq)]
pub struct Configuration {
    /// The edge's configuration.
    pub edge: EdgeConfig,
    /// The management worker's configuration.
    pub manage: ManageConfig,
    /// The configuration of the worker that receives webhooks.
    pub hooks: HooksConfig,
    /// The configuration of the worker that counts by rate limits and quotas.
    pub limiter: ConfiguredLimits,
}

/// The configuration in its shipped form: a text for each worker, in base64.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[allow(missing_docs)]
pub struct Blobs {
    pub edge: String,
    pub manage: String,
    pub hooks: String,
    pub limiter: String,
}

/// Reads and checks a file's text.
///
/// # Errors
/// All mistakes, each as `12: routes.0.read.1: …`, with its line first.
pub fn read(text: &str) -> Result<Configuration, Vec<String>> {
    let raw: RawConfig = toml::from_str(text).map_err(|error| {
        let offset = error.span().map_or(0, |span| span.start);
        let message = match error.message() {
            "integer number overflowed" | "JSON number out of range" => {
                "no setting takes so large a number; write a smaller one"
            }
            message => message,
        };
        vec![format!("{}: {message}", lines::line(text, offset))]
    })?;
    Configuration::new(raw).map_err(|mistakes| {
        mistakes.iter().map(|mistake| format!("{}: {mistake}", lines::line_of(text, &mistake.at))).collect()
    })
}

impl Configuration {
    fn new(raw: RawConfig) -> Result<Self, Vec<Mistake>> {
        let mut check = Check::default();
        check.name(&raw.name);
        let prefixes = check.prefixes(&raw.keys);
        let allow_imported = check.imported(&raw.keys.allow_imported, &prefixes);
        check.environments(&raw.keys.environments);
        check.headers(&raw.keys.headers);
        let catalog = check.catalog(&raw.scopes);
        let presets = check.presets(&raw.presets, &catalog);
        check.retention(raw.audit.retention_days);
        let cors = raw.edge.cors.clone().map(|cors| check.cors(cors));
        let base = check.prefix(&raw.edge.base, &["edge", "base"], "/keystile");
        let hooks_base = check.hooks_base(&raw.edge.hooks_base, &base);
        let hooks_base = (!raw.webhooks.is_empty()).then_some(hooks_base);
        let upstreams = check.upstreams(&raw.upstreams);
        let sources = check.webhooks(&raw.webhooks, &upstreams);
        let feed = check.feed(&raw.edge);
        let key_limits = KeyLimits {
            max_active_keys: raw.limits.max_active_keys,
            default_expiry_days: raw.limits.default_expiry_days,
            max_expiry_days: raw.limits.max_expiry_days,
        };
        let limiter = check.counted_limits(&raw);

        let manage = ManageConfig {
            name: raw.name.clone(),
            prefixes: prefixes.clone(),
            allow_imported: allow_imported.clone(),
            headers: raw.keys.headers.clone(),
            environments: raw.keys.environments,
            default_scopes: raw.keys.default_scopes,
            catalog: catalog.clone(),
            presets,
            max_staleness_ms: feed.max_staleness_ms,
            when_feed_unreachable: feed.when_unreachable,
            limits: check.limits(key_limits, &["limits"]),
            plans: check.plans(&raw.plans),
            counted_limits: limiter.clone(),
            audit_retention_days: raw.audit.retention_days,
            webhooks: sources.iter().map(summary).collect(),
            portal_origins: check.portal(raw.portal.origins),
            api_url: check.api_url(raw.portal.api_url),
        };
        let mut edge = EdgeConfig {
            name: raw.name,
            prefixes,
            allow_imported,
            headers: raw.keys.headers,
            catalog,
            base: base.clone(),
            hooks_base: hooks_base.clone(),
            feed,
            limits: limiter.strictest(),
            usage_flush_seconds: check.flush_seconds(&raw.usage),
            server_timing: raw.edge.server_timing,
            cors,
            upstreams: upstreams.clone(),
            routes: Routes::default(),
        };
        edge.routes = check.routes(&raw.routes, &edge, &manage);
        check.finish(Self { edge, manage, hooks: HooksConfig { base, hooks_base, upstreams, sources }, limiter })
    }

    /// The texts that ship to the workers.
    #[must_use]
    pub fn to_blobs(&self) -> Blobs {
        Blobs {
            edge: config::to_blob(&self.edge),
            manage: config::to_blob(&self.manage),
            hooks: config::to_blob(&self.hooks),
            limiter: config::to_blob(&self.limiter),
        }
    }
}

/// A source in the list of the management API.
fn summary(source: &WebhookSource) -> WebhookSummary {
    WebhookSummary {
        source: source.source.clone(),
        provider: source.provider.clone().unwrap_or_else(|| config::OWN_SCHEME.into()),
        mode: source.mode,
        body_authenticated: source.scheme.body_authenticated(),
        notes: source.notes.clone(),
    }
}

#[cfg(test)]
mod tests;
