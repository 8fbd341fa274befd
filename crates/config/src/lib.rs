//! `keystile.toml`: the one configuration of all workers.
//!
//! [`read`] turns the file's text into the configuration of each worker, or reports all its mistakes, each with its
//! line and a remedy. The checked configuration ships to the workers as data ([`Configuration::to_blobs`]). So another
//! configuration needs no other compilation, and no worker carries the checks.
#![forbid(unsafe_code)]

mod check;
mod deployment;
mod form;
mod lines;
mod raw;
pub mod secrets;
mod summary;

use std::collections::BTreeSet;

use keystile_core::{
    access::{challenge::Challenge, route::Routes},
    config::{
        self, AddressRules, Cors, EdgeConfig, HooksConfig, ManageConfig, ToldApartBy, WebhookSource, WebhookSummary,
        WebhookUpstream, WebhookUpstreamSummary,
    },
    key::{credential::Places, pattern::own_authorization},
    ledger::plan::KeyLimits,
    limits::definition::ConfiguredLimits,
};

pub use check::Mistake;
use check::{Check, keys::sent_by_browsers};
pub use deployment::{Deployment, Service};
use raw::{RawConfig, RawDeploy};
pub use summary::Summary;

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
    /// The configuration of the worker that sends events: the addresses that it may send to.
    pub sender: AddressRules,
    /// The facts that `npm start` and `npm run deploy` need.
    pub summary: Summary,
    /// Choices that the file leaves open and should not, each as a mistake is written.
    pub warnings: Vec<String>,
}

/// The configuration in its shipped form: a text for each worker, in base64.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[allow(missing_docs)]
pub struct Blobs {
    pub edge: String,
    pub manage: String,
    pub hooks: String,
    pub limiter: String,
    pub sender: String,
}

/// Reads and checks a file's text.
///
/// # Errors
/// All mistakes, each as `12: routes.0.read.1: …`, with its line first.
pub fn read(text: &str) -> Result<Configuration, Vec<String>> {
    let raw = form::read(text)?;
    let in_lines = |mistakes: Vec<Mistake>| -> Vec<String> {
        mistakes.iter().map(|mistake| format!("{}: {mistake}", lines::line_of(text, &mistake.at))).collect()
    };
    let mut check = Check::default();
    let checked = Configuration::new(raw, &mut check);
    let warnings = in_lines(std::mem::take(&mut check.warnings));
    check.finish(Configuration { warnings, ..checked }).map_err(in_lines)
}

impl Configuration {
    /// The configuration, if `check` then has no mistakes.
    fn new(raw: RawConfig, check: &mut Check) -> Self {
        check.name(&raw.name);
        let prefixes = check.prefixes(&raw.keys);
        let allow_imported = check.imported(&raw.keys.allow_imported, &prefixes);
        check.environments(&raw.keys.environments);
        let headers = check.headers(&raw.keys.headers);
        let reminders = check.reminders(&raw.keys);
        let catalog = check.catalog(&raw.scopes);
        let presets = check.presets(&raw.presets, &catalog);
        check.retention(raw.audit.retention_days);
        let (exposure, github_keys_url) = check.exposure(&raw.exposure);
        let base = check.prefix(&raw.edge.base, &["edge", "base"], "/keystile");
        let hooks_base = check.hooks_base(&raw.edge.hooks_base, &base);
        let hooks_base = (!raw.webhooks.is_empty()).then_some(hooks_base);
        let upstreams = check.upstreams(&raw.upstreams);
        let sources = check.webhooks(&raw.webhooks, &upstreams);
        let relays_per_location = check.relays(raw.relays.as_ref(), &raw.edge);
        let feed = check.feed(&raw.edge, relays_per_location > 0);
        let key_limits = KeyLimits {
            max_active_keys: raw.limits.max_active_keys,
            default_expiry_days: raw.limits.default_expiry_days,
            max_expiry_days: raw.limits.max_expiry_days,
        };
        let limiter = check.counted_limits(&raw);

        let places = Places::of(&headers);
        let operator_challenge = Challenge::of_operators(&raw.name);
        let cors = raw.edge.cors.map(|cors| {
            let cors = check.cors(cors);
            Cors { headers: sent_by_browsers(&headers, &cors.headers), ..cors }
        });

        let sender = AddressRules {
            allow_loopback: raw.events.allow_loopback,
            own_hosts: own_hosts(&raw.deploy, raw.portal.api_url.as_deref()),
        };

        let manage = ManageConfig {
            challenge: operator_challenge.clone(),
            name: raw.name.clone(),
            prefixes: prefixes.clone(),
            allow_imported: allow_imported.clone(),
            headers: headers.iter().map(ToString::to_string).collect(),
            environments: raw.keys.environments,
            default_scopes: raw.keys.default_scopes,
            catalog: catalog.clone(),
            presets,
            max_staleness_ms: feed.max_staleness_ms,
            when_feed_unreachable: feed.when_unreachable,
            reminders,
            limits: check.limits(key_limits, &["limits"]),
            plans: check.plans(&raw.plans),
            counted_limits: limiter.clone(),
            audit_retention_days: raw.audit.retention_days,
            exposure,
            github_keys_url,
            event_addresses: sender.clone(),
            webhooks: sources.iter().map(summary).collect(),
            portal_origins: check.portal(raw.portal.origins),
            api_url: check.api_url(raw.portal.api_url),
        };
        let mut edge = EdgeConfig {
            challenge: Challenge::new(&raw.name, &headers),
            operator_challenge,
            prefixes,
            own_authorization: own_authorization(&places, &allow_imported),
            places,
            allow_imported,
            catalog,
            base: base.clone(),
            hooks_base: hooks_base.clone(),
            feed,
            relays_per_location,
            limits: limiter.strictest(),
            usage_flush_seconds: check.flush_seconds(&raw.usage),
            server_timing: raw.edge.server_timing,
            cors,
            upstreams: upstreams.clone(),
            routes: Routes::default(),
        };
        edge.routes = check.routes(&raw.routes, &edge, &manage);
        let deployment = check.deployment(raw.deploy, &edge.upstreams);
        let summary = Summary::new(&raw.routes, &edge, &manage, &sources, deployment);
        let hooks = HooksConfig { base, hooks_base, upstreams, sources };
        Self { edge, manage, hooks, limiter, sender, summary, warnings: Vec::new() }
    }

    /// The facts that a build needs, as JSON: `workers`, the text for each; `summary`, the facts that scripts need; `warnings`.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        serde_json::json!({ "workers": self.to_blobs(), "summary": self.summary, "warnings": self.warnings })
    }

    /// The texts that ship to the workers.
    #[must_use]
    pub fn to_blobs(&self) -> Blobs {
        Blobs {
            edge: config::to_blob(&self.edge),
            manage: config::to_blob(&self.manage),
            hooks: config::to_blob(&self.hooks),
            limiter: config::to_blob(&self.limiter),
            sender: config::to_blob(&self.sender),
        }
    }
}

/// The hosts at which this deployment answers itself, as far as the file names them alone: a route may be for all hosts of a
/// domain, of which others are somebody else's. Events to them could go in a circle.
fn own_hosts(deploy: &RawDeploy, api_url: Option<&str>) -> Vec<String> {
    let routes = deploy.routes.iter().chain(&deploy.manage_routes).map(String::as_str);
    let hosts = routes.chain(api_url).filter_map(host).map(str::to_ascii_lowercase);
    hosts.collect::<BTreeSet<_>>().into_iter().collect()
}

/// The host of a URL, or of a host with a path.
fn host(place: &str) -> Option<&str> {
    place
        .split_once("://")
        .map_or(place, |(_, rest)| rest)
        .split(['/', ':', '?'])
        .next()
        .filter(|host| !host.is_empty() && !host.contains('*'))
}

/// A source in the list of the management API.
fn summary(source: &WebhookSource) -> WebhookSummary {
    WebhookSummary {
        source: source.source.clone(),
        provider: source.provider.clone().unwrap_or_else(|| config::OWN_SCHEME.into()),
        event_type: source.scheme.event_type.as_ref().map(ToString::to_string),
        event_type_authenticated: source.scheme.event_type_authenticated(),
        verification: source.verification,
        upstreams: source.upstreams.iter().map(upstream_summary).collect(),
        mode: source.mode,
        body_authenticated: source.scheme.body_authenticated(),
        replays: source.replays,
        told_apart_by: match &source.scheme.event_id {
            Some(_) if source.scheme.event_id_signed() => ToldApartBy::SignedId,
            Some(_) => ToldApartBy::UnsignedId,
            None => ToldApartBy::Nothing,
        },
        keep_bodies_hours: source.keep_bodies_hours,
        notes: source.notes.clone(),
    }
}

fn upstream_summary(upstream: &WebhookUpstream) -> WebhookUpstreamSummary {
    WebhookUpstreamSummary {
        upstream: upstream.name.clone(),
        path: upstream.path.clone(),
        types: upstream.types.iter().map(ToString::to_string).collect(),
    }
}

#[cfg(test)]
mod tests;
