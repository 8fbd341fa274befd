//! The bodies of the management API. The rights that they need are in [`operator`](crate::access::operator), the form
//! in which keys are shown in [`shown`](super::shown).
//!
//! A body is parsed into a type whose values are always valid. All mistakes are reported together, each with the field,
//! the problem and what is allowed. Unknown fields are refused by name.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::net::IpAddr;

use ipnet::{IpNet, Ipv4Net};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::texts::text;
use crate::{
    access::{
        operator::OperatorScope,
        record::{Metadata, Reach, Subject},
        scope::{Catalog, Scope, ScopeSet},
    },
    base::{
        fields::{FieldError, Fields, quoted, whole},
        id::{KeyId, TENANT_FORM, TenantId},
        timestamp::{DAY_MS, SECOND_MS, Timestamp},
    },
    config::{DefaultScopes, ManageConfig},
    key::Environment,
    ledger::{
        lifecycle::{KeyPatch, NewKey, Overlap},
        plan::RequestedExpiry,
        revocation::{MAX_REVOKED, Revoked},
    },
    limits::{
        definition::MAX_LIMIT,
        own::OwnLimits,
        own_patch::{OwnLimitsPatch, Owner},
    },
};

/// Characters of a name, at most.
pub const MAX_NAME_CHARS: usize = 100;
/// The maximum length of a reason, characters.
pub const MAX_REASON_CHARS: usize = 500;
/// The maximum size of metadata as JSON, bytes.
pub const MAX_METADATA_BYTES: usize = 4096;
/// The maximum depth of metadata, levels: `{}` has one, `{"a": []}` two. It is well below the limit of JSON parsers,
/// since answers, lists and audit entries nest metadata further.
pub const MAX_METADATA_DEPTH: usize = 32;
/// The maximum number of networks in `allowed_ips`.
pub const MAX_ALLOWED_IPS: usize = 50;
/// The maximum length of a request's body, bytes.
pub const MAX_BODY_BYTES: u32 = 64 * 1024;
/// The longest overlap of a rotation: 90 days, in seconds.
pub const MAX_OVERLAP_SECONDS: i64 = 90 * DAY_SECONDS;
/// The default time that a rotation waits for the first use of the successor, seconds.
pub const DEFAULT_LATEST_END_SECONDS: i64 = 30 * DAY_SECONDS;
const DAY_SECONDS: i64 = DAY_MS / SECOND_MS;
/// The maximum age of a point that limits are restored to, days: the platform keeps no earlier one.
pub const MAX_RESTORE_DAYS: i64 = 30;
const MAX_RESTORE_MS: i64 = MAX_RESTORE_DAYS * DAY_MS;

/// Parses the body of `POST keys`.
///
/// # Errors
/// All mistakes in the body.
pub fn parse_new_key(
    body: Value,
    tenant: &TenantId,
    config: &ManageConfig,
    now: Timestamp,
) -> Result<NewKey, Vec<FieldError>> {
    let mut fields = Fields::new(body)?;
    let new = new_key(&mut fields, tenant, config, now);
    fields.finish()?;
    Ok(new)
}

/// Takes the fields of a new key. The result is valid only if [`Fields::finish`] succeeds.
pub(crate) fn new_key(fields: &mut Fields, tenant: &TenantId, config: &ManageConfig, now: Timestamp) -> NewKey {
    let name = fields.required("name", name);
    let environment = fields.optional("environment", |value| environment(value, config));
    let scopes = fields.optional("scopes", |value| scopes(value, &config.catalog));
    let preset = fields.optional("preset", |value| preset(value, config));
    let expires_at = fields.optional_or_null("expires_at", |value| future(value, now));
    let allowed_ips = fields.optional("allowed_ips", networks).unwrap_or_default();
    let metadata = fields.optional("metadata", metadata).unwrap_or_default();
    let own_limits = OwnLimitsPatch::take(fields, &config.counted_limits, Owner::Key);
    let scopes = match (scopes, preset, config.default_scopes) {
        (Some(_), Some(_), _) => {
            fields.missing("preset", "name `scopes` or a `preset`, not both");
            None
        }
        (Some(scopes), None, _) | (None, Some(scopes), _) => Some(scopes),
        (None, None, _) if fields.failed("scopes") || fields.failed("preset") => None,
        (None, None, DefaultScopes::All) => Some(config.catalog.all_available()),
        (None, None, _) => {
            fields.missing("scopes", "name one scope at least; GET /v1/scopes lists them");
            None
        }
    };
    let environment = environment.or_else(|| config.environments.first().copied()).unwrap_or(Environment::Live);
    let subject = Subject::ApiKey { tenant: tenant.clone(), environment };
    NewKey {
        name: name.unwrap_or_default(),
        subject,
        scopes: scopes.unwrap_or_default(),
        expires_at: expires_at.map_or(RequestedExpiry::Default, Into::into),
        allowed_ips,
        metadata,
        // As requested. The ledger checks what the caller may set.
        own_limits: OwnLimits::default().patched(&own_limits, true),
    }
}

/// Parses the body of `POST operators`.
///
/// # Errors
/// All mistakes in the body.
pub fn parse_new_operator(body: Value, now: Timestamp) -> Result<NewKey, Vec<FieldError>> {
    let mut fields = Fields::new(body)?;
    let name = fields.required("name", name);
    let scopes = fields.required("scopes", |value| scopes(value, &OperatorScope::catalog()));
    let reach = fields.required("tenant", reach);
    let expires_at = fields.optional("expires_at", |value| future(value, now)).flatten();
    fields.finish()?;
    let subject = Subject::Operator { reach: reach.unwrap_or(Reach::All) };
    Ok(NewKey {
        name: name.unwrap_or_default(),
        subject,
        scopes: scopes.unwrap_or_default(),
        expires_at: expires_at.into(),
        allowed_ips: Vec::new(),
        metadata: Metadata::new(),
        own_limits: OwnLimits::default(),
    })
}

/// Parses the body of `PATCH keys/{id}`, a merge patch (RFC 7396).
///
/// # Errors
/// All mistakes in the body.
pub fn parse_patch(body: Value, config: &ManageConfig, now: Timestamp) -> Result<KeyPatch, Vec<FieldError>> {
    let mut fields = Fields::new(body)?;
    let patch = KeyPatch {
        // Null means removal, but a key must have these fields. Their parsers refuse null with a clear error.
        name: fields.optional_or_null("name", name),
        scopes: fields.optional_or_null("scopes", |value| scopes(value, &config.catalog)),
        expires_at: fields.optional_or_null("expires_at", |value| future(value, now)),
        allowed_ips: fields
            .optional_or_null("allowed_ips", |value| if value.is_null() { Ok(Vec::new()) } else { networks(value) }),
        metadata: fields
            .optional_or_null("metadata", |value| if value.is_null() { Ok(None) } else { metadata(value).map(Some) }),
        own_limits: OwnLimitsPatch::take(&mut fields, &config.counted_limits, Owner::Key),
    };
    fields.finish()?;
    Ok(patch)
}

/// Parses the body of `…/revoke`: the reason, if there is one.
///
/// # Errors
/// All mistakes in the body.
pub fn parse_revoke(body: Value) -> Result<Option<String>, Vec<FieldError>> {
    let mut fields = Fields::new(body)?;
    let reason = fields.optional("reason", |value| text(value, MAX_REASON_CHARS));
    fields.finish()?;
    Ok(reason)
}

/// Parses the body of `POST keys/revoke`: the keys, and the reason if there is one.
///
/// # Errors
/// All mistakes in the body.
pub fn parse_revoke_many(body: Value) -> Result<(Revoked, Option<String>), Vec<FieldError>> {
    let mut fields = Fields::new(body)?;
    let ids = fields.optional("ids", |value| key_ids(value).map(Revoked::Ids));
    let scope = fields.optional("scope", |value| {
        let scope = value.as_str().and_then(Scope::parse);
        scope.map(Revoked::Scope).ok_or_else(|| "the name of a scope expected".into())
    });
    let all = fields.optional("all", |value| match value {
        Value::Bool(true) => Ok(Revoked::All),
        _ => Err("true expected; leave it out to name `ids` or a `scope`".into()),
    });
    let reason = fields.optional("reason", |value| text(value, MAX_REASON_CHARS));
    let mut named = [ids, scope, all].into_iter().flatten();
    let (which, another) = (named.next(), named.next());
    let clean = !["ids", "scope", "all"].into_iter().any(|field| fields.failed(field));
    if clean && (which.is_none() || another.is_some()) {
        fields.missing("ids", "name either `ids`, or a `scope`, or `\"all\": true`");
    }
    fields.finish()?;
    // `finish` has returned already if nothing is named.
    Ok((which.ok_or_else(Vec::new)?, reason))
}

fn key_ids(value: Value) -> Result<Vec<KeyId>, String> {
    let Value::Array(values) = value else { return Err("a list of ids of keys expected".into()) };
    if !(1..=MAX_REVOKED).contains(&values.len()) {
        return Err(format!("it has {} ids; 1 to {MAX_REVOKED} expected", values.len()));
    }
    let id = |value: &Value| {
        let id = value.as_str().and_then(KeyId::parse).filter(|id| !id.is_operators());
        id.ok_or_else(|| format!("{} is no id of a key, such as \"key_4bTzV9cXk07Hq2mN1pRs\"", shown(value)))
    };
    values.iter().map(id).collect()
}

fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| quoted(&value.to_string()), quoted)
}

/// Parses the body of `…/suspend`: whether the tenant may be one that isn't there yet.
///
/// # Errors
/// All mistakes in the body.
pub fn parse_suspend(body: Value) -> Result<bool, Vec<FieldError>> {
    let mut fields = Fields::new(body)?;
    let ahead = fields.optional("ahead", |value| {
        value.as_bool().ok_or_else(|| "true or false expected: whether the tenant may have nothing yet".into())
    });
    fields.finish()?;
    Ok(ahead.unwrap_or(false))
}

/// Parses the body of a tenant's erasure, which repeats the tenant's name: nobody erases one by a slip.
///
/// # Errors
/// All mistakes in the body.
pub fn parse_erase(body: Value, tenant: &TenantId) -> Result<(), Vec<FieldError>> {
    let mut fields = Fields::new(body)?;
    fields.required("confirm", |value| {
        let same = value.as_str() == Some(tenant.as_str());
        same.then_some(()).ok_or_else(|| format!("the tenant's name expected, \"{tenant}\": this can't be undone"))
    });
    fields.finish()
}

/// The body of `…/rotate`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rotation {
    /// The overlap, which sets the end of the old key.
    pub overlap: Overlap,
    /// The successor's expiry; `None` for the lifetime of the old key, from now on.
    pub expires_at: Option<RequestedExpiry>,
}

/// Parses the body of `…/rotate`.
///
/// # Errors
/// All mistakes in the body.
pub fn parse_rotate(body: Value, now: Timestamp) -> Result<Rotation, Vec<FieldError>> {
    let mut fields = Fields::new(body)?;
    let overlap = fields.optional("overlap_seconds", overlap_seconds).unwrap_or(0);
    let after_first_use = fields.optional("after_first_use", |value| {
        value.as_bool().ok_or_else(|| "true or false expected: whether the overlap begins with that".into())
    });
    let latest = fields.optional("latest_end_seconds", |value| match overlap_seconds(value)? {
        latest if latest < overlap => Err(format!("{overlap} at least, the overlap, expected")),
        latest => Ok(latest),
    });
    let expires_at = fields.optional_or_null("expires_at", |value| future(value, now));
    if latest.is_some() && after_first_use != Some(true) {
        fields.missing("latest_end_seconds", "this goes with `after_first_use` alone");
    }
    fields.finish()?;
    let latest = latest.unwrap_or_else(|| overlap.max(DEFAULT_LATEST_END_SECONDS));
    let overlap = match (after_first_use, overlap * 1_000) {
        (Some(true), overlap_ms) => Overlap::FromFirstUse { overlap_ms, latest_ms: latest * 1_000 },
        (_, 0) => Overlap::None,
        (_, overlap_ms) => Overlap::FromRotation(overlap_ms),
    };
    Ok(Rotation { overlap, expires_at: expires_at.map(Into::into) })
}

pub(super) fn overlap_seconds(value: Value) -> Result<i64, String> {
    let seconds = whole(&value).filter(|seconds| (0..=MAX_OVERLAP_SECONDS).contains(seconds));
    seconds.ok_or_else(|| format!("a whole number from 0 to {MAX_OVERLAP_SECONDS} (90 days) expected"))
}

/// Parses the body of `…/quotas/{name}/add`: the units.
///
/// # Errors
/// All mistakes in the body.
pub fn parse_addition(body: Value) -> Result<u64, Vec<FieldError>> {
    let mut fields = Fields::new(body)?;
    let amount = fields.required("amount", |value| {
        let amount = whole(&value).and_then(|amount| u64::try_from(amount).ok());
        let amount = amount.filter(|amount| (1..=MAX_LIMIT).contains(amount));
        amount.ok_or_else(|| format!("a whole number from 1 to {MAX_LIMIT} expected"))
    });
    fields.finish()?;
    Ok(amount.unwrap_or_default())
}

/// Parses the body of `…/limits/restore`: the point to go back to.
///
/// # Errors
/// All mistakes in the body.
pub fn parse_restore(body: Value, now: Timestamp) -> Result<Timestamp, Vec<FieldError>> {
    let mut fields = Fields::new(body)?;
    let to = fields.required("to", |value| {
        let to = time(&value)?;
        let earliest = now.plus_millis(-MAX_RESTORE_MS);
        if to < earliest || to >= now {
            return Err(format!(
                "a time in the past expected, {MAX_RESTORE_DAYS} days ago at most: from {} on; it is {} now",
                earliest.to_rfc3339(),
                now.to_rfc3339()
            ));
        }
        Ok(to)
    });
    fields.finish()?;
    Ok(to.unwrap_or(now))
}

/// Parses a body without fields: `{}` or nothing.
///
/// # Errors
/// The fields that were sent.
pub fn parse_empty(body: Value) -> Result<(), Vec<FieldError>> {
    Fields::new(body)?.finish()
}

fn name(value: Value) -> Result<String, String> {
    text(value, MAX_NAME_CHARS)
}

fn environment(value: Value, config: &ManageConfig) -> Result<Environment, String> {
    let allowed: Vec<_> = config.environments.iter().map(|environment| environment.as_str()).collect();
    value
        .as_str()
        .and_then(Environment::parse)
        .filter(|environment| config.environments.contains(environment))
        .ok_or_else(|| format!("allowed are: {}", allowed.join(", ")))
}

fn scopes(value: Value, catalog: &Catalog) -> Result<ScopeSet, String> {
    let scopes = scopes_or_none(value, catalog)?;
    if scopes.is_empty() { Err("name one scope at least; GET /v1/scopes lists them".into()) } else { Ok(scopes) }
}

/// A list of scopes, which may be empty.
pub(super) fn scopes_or_none(value: Value, catalog: &Catalog) -> Result<ScopeSet, String> {
    let names: Vec<String> = serde_json::from_value(value).map_err(|_| "a list of scope names expected".to_string())?;
    catalog.request(&names).map_err(|problems| problems.join("; "))
}

/// The scopes of a preset, by its name.
fn preset(value: Value, config: &ManageConfig) -> Result<ScopeSet, String> {
    let named = value.as_str().and_then(|name| config.presets.iter().find(|preset| preset.name == name));
    named.map(|preset| preset.scopes.clone()).ok_or_else(|| {
        let names: Vec<_> = config.presets.iter().map(|preset| preset.name.as_str()).collect();
        match names.as_slice() {
            [] => "keystile.toml has no [[presets]]; name `scopes`".into(),
            names => format!("allowed are: {}", names.join(", ")),
        }
    })
}

fn reach(value: Value) -> Result<Reach, String> {
    match value.as_str() {
        Some("*") => Ok(Reach::All),
        text => text
            .and_then(TenantId::parse)
            .map(Reach::Tenant)
            .ok_or_else(|| format!("\"*\" for all tenants, or the name of one expected: {TENANT_FORM}")),
    }
}

fn future(value: Value, now: Timestamp) -> Result<Option<Timestamp>, String> {
    if value.is_null() {
        return Ok(None);
    }
    match time(&value)? {
        instant if instant <= now => Err(format!("this is in the past; it is {} now", now.to_rfc3339())),
        instant => Ok(Some(instant)),
    }
}

pub(super) fn time(value: &Value) -> Result<Timestamp, String> {
    let instant = value.as_str().and_then(Timestamp::parse_rfc3339);
    instant.ok_or_else(|| "a time in RFC 3339 expected, such as \"2027-01-31T12:00:00Z\"".into())
}

fn networks(value: Value) -> Result<Vec<IpNet>, String> {
    let texts: Vec<String> =
        serde_json::from_value(value).map_err(|_| "a list of addresses or networks expected".to_string())?;
    if texts.len() > MAX_ALLOWED_IPS {
        return Err(format!("{MAX_ALLOWED_IPS} at most"));
    }
    texts.iter().map(|text| network(text)).collect()
}

fn network(text: &str) -> Result<IpNet, String> {
    let network = text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from));
    let network: IpNet = network
        .ok_or_else(|| format!("{} is neither an address nor a network such as \"192.0.2.0/24\"", quoted(text)))?;
    if network != network.trunc() {
        let (whole, one) = (network.trunc(), network.addr());
        return Err(format!("{} names an address within a network: write \"{whole}\" or \"{one}\"", quoted(text)));
    }
    Ok(unmapped(network))
}

/// An IPv4 network that is written as an IPv6 one (`::ffff:192.0.2.0/120`) in its own form, in which callers' addresses are
/// compared.
fn unmapped(network: IpNet) -> IpNet {
    let bits = network.prefix_len().checked_sub(96);
    match (network.addr().to_canonical(), bits) {
        (IpAddr::V4(address), Some(bits)) if network.max_prefix_len() == 128 => {
            Ipv4Net::new(address, bits).map_or(network, IpNet::from)
        }
        _ => network,
    }
}

fn metadata(value: Value) -> Result<Metadata, String> {
    let Value::Object(metadata) = value else { return Err("a JSON object expected".into()) };
    check_metadata(&metadata)?;
    Ok(metadata)
}

/// Checks the size and depth of metadata. A patch needs the check again after it was merged.
///
/// # Errors
/// A sentence with the metadata's size or depth.
pub fn check_metadata(metadata: &Metadata) -> Result<(), String> {
    let depth = 1 + metadata.values().map(depth).max().unwrap_or(0);
    if depth > MAX_METADATA_DEPTH {
        return Err(format!("it is nested {depth} levels deep; {MAX_METADATA_DEPTH} at most"));
    }
    let bytes = json!(metadata).to_string().len();
    if bytes > MAX_METADATA_BYTES {
        return Err(format!("it has {bytes} bytes as JSON; {MAX_METADATA_BYTES} at most"));
    }
    Ok(())
}

/// The number of levels of a value. The parser of bodies allows fewer than 128.
fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

#[cfg(test)]
mod tests;
