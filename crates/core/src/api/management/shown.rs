//! Keys, the catalog, plans and settings, as answers show them.

use alloc::{string::String, vec::Vec};

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::{
    access::{
        record::{Reach, Subject},
        scope::{Implies, ScopeDefinition},
    },
    base::timestamp::Timestamp,
    config::ManageConfig,
    feed::client::WhenFeedUnreachable,
    ledger::{
        lifecycle::{Key, PendingEnd},
        plan::{Limits, Plan, TenantSettings},
    },
};

/// A key as answers show it, without its text.
#[must_use]
pub fn present(key: &Key, holds: Holds, now: Timestamp) -> Map<String, Value> {
    let record = &key.record;
    let time = |instant: Option<Timestamp>| instant.map(Timestamp::to_rfc3339);
    let mut shown = Map::new();
    let mut show = |member: &str, value: Value| shown.insert(member.into(), value);
    show("id", json!(record.id));
    show("name", json!(record.name));
    show("display", json!(record.display));
    match &record.subject {
        Subject::ApiKey { tenant, environment } => {
            show("tenant", json!(tenant));
            show("environment", json!(environment));
            show("imported", json!(key.is_imported()));
        }
        Subject::Operator { reach } => {
            show("tenant", json!(reach_text(reach)));
        }
    }
    show("status", json!(key.status(now).as_str()));
    show("scopes", json!(record.scopes));
    show("created_at", json!(record.created_at.to_rfc3339()));
    show("expires_at", json!(time(record.expires_at)));
    show("allowed_ips", json!(record.allowed_ips));
    show("metadata", json!(record.metadata));
    show("version", json!(record.version));
    show("rotated_from", json!(key.rotated_from));
    show("rotated_to", json!(key.rotated_to));
    show("last_used_at", json!(time(key.last_used_at)));
    show("pending_end", json!(key.pending_end(now).map(|pending| present_end(key, pending))));
    show("revoked_at", json!(time(key.revocation.as_ref().map(|revocation| revocation.at))));
    show("revoke_reason", json!(key.revocation.as_ref().and_then(|revocation| revocation.reason.as_ref())));
    if let Some(revocation) = &key.revocation {
        show("effective_by", json!(time(revocation.effective_by)));
        show("holds", json!(holds));
    }
    shown
}

fn present_end(key: &Key, pending: &PendingEnd) -> Value {
    json!({
        "at": key.record.expires_at.map(Timestamp::to_rfc3339),
        "overlap_seconds": pending.overlap_ms / 1_000,
        "awaiting_first_use": pending.begun_at.is_none(),
        "still_in_use": key.still_in_use(pending),
    })
}

/// The extent to which `effective_by` can be relied on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Holds {
    /// No edge serves without the feed.
    Always,
    /// Edges that can't reach the feed serve by KV.
    WhileFeedReachable,
}

impl From<WhenFeedUnreachable> for Holds {
    fn from(setting: WhenFeedUnreachable) -> Self {
        match setting {
            WhenFeedUnreachable::Deny => Self::Always,
            WhenFeedUnreachable::Kv => Self::WhileFeedReachable,
        }
    }
}

/// The catalog in the answer to `GET /v1/scopes`.
#[must_use]
pub fn present_catalog(config: &ManageConfig) -> Value {
    let scope = |definition: &ScopeDefinition| {
        json!({
            "name": definition.name,
            "description": definition.description,
            "implies": match &definition.implies {
                Implies::Everything => json!(["*"]),
                Implies::These(implied) => json!(implied),
            },
            "unavailable": definition.unavailable,
        })
    };
    json!({
        "scopes": config.catalog.definitions().iter().map(scope).collect::<Vec<_>>(),
        "presets": config.presets,
        "default_scopes": config.default_scopes,
        "environments": config.environments,
    })
}

/// The deployment's limits and plans in the answer to `GET /v1/plans`.
#[must_use]
pub fn present_plans(config: &ManageConfig) -> Value {
    let ManageConfig { limits, plans, .. } = config;
    let plan = |plan: &Plan| {
        let mut shown = json!(plan.limits);
        if let Some(shown) = shown.as_object_mut() {
            shown.insert("name".into(), json!(plan.name));
            shown.insert("description".into(), json!(plan.description));
        }
        shown
    };
    json!({ "plans": plans.iter().map(plan).collect::<Vec<_>>(), "limits": limits })
}

/// A tenant's settings and the limits that follow from them, in the answer to `GET /v1/tenants/{tenant}`.
#[must_use]
pub fn present_settings(settings: &TenantSettings, limits: Limits) -> Map<String, Value> {
    let shown = [("plan", json!(settings.plan)), ("own_limits", json!(settings.own_limits)), ("limits", json!(limits))];
    shown.into_iter().map(|(member, value)| (member.into(), value)).collect()
}

fn reach_text(reach: &Reach) -> &str {
    match reach {
        Reach::All => "*",
        Reach::Tenant(tenant) => tenant.as_str(),
    }
}
