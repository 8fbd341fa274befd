//! Plans: limits on the number and the lifetime of a tenant's keys. The settings of a tenant, which also have its own
//! rate limits and quotas.
//!
//! `keystile.toml` sets limits for all tenants and defines plans. A tenant is on one plan or none, and may have limits
//! of its own. For each limit the tenant's own value holds. If it has none, its plan's value holds, or the deployment's
//! if the tenant has no plan.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::{
    base::{
        fields::{FieldError, Fields, whole},
        timestamp::{DAY_MS, Timestamp},
    },
    limits::{
        definition::ConfiguredLimits,
        own::OwnLimits,
        own_patch::{OwnLimitsPatch, Owner},
    },
};

/// The highest limit on the number of keys.
pub const MAX_KEYS: u32 = 1_000_000;
/// The longest lifetime in a limit, days: ten years.
pub const MAX_DAYS: u32 = 3_650;

/// Limits. Each may be absent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyLimits {
    /// The maximum number of active keys: neither revoked, nor expired, nor ending by rotation.
    pub max_active_keys: Option<u32>,
    /// The lifetime of a key whose creation names none, days.
    pub default_expiry_days: Option<u32>,
    /// The maximum lifetime of a key from its creation, days.
    pub max_expiry_days: Option<u32>,
}

/// A named set of limits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Its name in tenants' settings.
    pub name: String,
    /// A sentence for the person who chooses a plan.
    pub description: String,
    /// The limits.
    pub limits: KeyLimits,
}

/// The settings of one tenant.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenantSettings {
    /// The name of its plan.
    pub plan: Option<String>,
    /// Its own limits, which take precedence.
    pub own_limits: KeyLimits,
    /// Its own rate limits and quotas.
    #[serde(default)]
    pub own_counted: OwnLimits,
    /// The version of plan, own rate limits and own quotas. It rises with each change of one of them.
    #[serde(default)]
    pub limits_version: u64,
    /// The version of all settings. It rises with each change.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub version: u64,
}

/// Whether settings of before they had a version are written back unchanged.
#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
const fn is_zero(version: &u64) -> bool {
    *version == 0
}

/// The requested expiry of a new key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestedExpiry {
    /// Nothing stated: the tenant's default.
    Default,
    /// No expiry, stated explicitly.
    Never,
    /// This expiry.
    At(Timestamp),
}

impl RequestedExpiry {
    /// The expiry that was stated; `None` if there is to be none, or nothing was stated.
    #[must_use]
    pub const fn stated(self) -> Option<Timestamp> {
        match self {
            Self::At(end) => Some(end),
            Self::Default | Self::Never => None,
        }
    }
}

impl From<Option<Timestamp>> for RequestedExpiry {
    fn from(expires_at: Option<Timestamp>) -> Self {
        expires_at.map_or(Self::Never, Self::At)
    }
}

impl KeyLimits {
    /// The expiry of a key that is created at `created_at`.
    ///
    /// # Errors
    /// A sentence that says how long a key may live.
    pub fn expiry(&self, requested: RequestedExpiry, created_at: Timestamp) -> Result<Option<Timestamp>, String> {
        let latest = self.latest_expiry(created_at);
        match requested {
            RequestedExpiry::Default => {
                let usual = self.default_expiry_days.map(|days| after_days(created_at, days));
                Ok([usual, latest].into_iter().flatten().min())
            }
            RequestedExpiry::Never => self.check_expiry(None, created_at).map(|()| None),
            RequestedExpiry::At(end) => self.check_expiry(Some(end), created_at).map(|()| Some(end)),
        }
    }

    /// Checks the expiry of a key that was created at `created_at`.
    ///
    /// # Errors
    /// A sentence that says how long a key may live.
    pub fn check_expiry(&self, expires_at: Option<Timestamp>, created_at: Timestamp) -> Result<(), String> {
        let (Some(latest), Some(days)) = (self.latest_expiry(created_at), self.max_expiry_days) else { return Ok(()) };
        if expires_at.is_some_and(|end| end <= latest) {
            return Ok(());
        }
        let latest = latest.to_rfc3339();
        Err(format!("keys of this tenant live for {days} days at most: until {latest} for this one"))
    }

    /// The latest permitted expiry of a key that was created at `created_at`.
    #[must_use]
    pub fn latest_expiry(&self, created_at: Timestamp) -> Option<Timestamp> {
        self.max_expiry_days.map(|days| after_days(created_at, days))
    }

    /// Whether one more key may be active beside `active` others.
    #[must_use]
    pub fn allow_one_more(&self, active: u64) -> bool {
        self.max_active_keys.is_none_or(|most| active < u64::from(most))
    }

    fn or(self, other: Self) -> Self {
        Self {
            max_active_keys: self.max_active_keys.or(other.max_active_keys),
            default_expiry_days: self.default_expiry_days.or(other.default_expiry_days),
            max_expiry_days: self.max_expiry_days.or(other.max_expiry_days),
        }
    }
}

impl TenantSettings {
    /// The limits that hold for the tenant. `without_plan` are the limits of tenants without a plan. A plan that
    /// `keystile.toml` no longer defines counts as none.
    #[must_use]
    pub fn limits(&self, without_plan: KeyLimits, plans: &[Plan]) -> KeyLimits {
        let plan = self.plan.as_ref().and_then(|name| plans.iter().find(|plan| plan.name == *name));
        self.own_limits.or(plan.map_or(without_plan, |plan| plan.limits))
    }
}

/// The difference between two settings of a tenant, `{"plan": {"from": "free", "to": "pro"}}`.
#[must_use]
pub fn difference(before: &TenantSettings, after: &TenantSettings) -> Map<String, Value> {
    let facts =
        |TenantSettings { plan, own_limits: own, own_counted, limits_version: _, version: _ }: &TenantSettings| {
            [
                ("plan", json!(plan)),
                ("limits", own_counted.facts()),
                ("max_active_keys", json!(own.max_active_keys)),
                ("default_expiry_days", json!(own.default_expiry_days)),
                ("max_expiry_days", json!(own.max_expiry_days)),
            ]
        };
    let changed = facts(before).into_iter().zip(facts(after)).filter(|((_, from), (_, to))| from != to);
    changed.map(|((fact, from), (_, to))| (fact.into(), json!({ "from": from, "to": to }))).collect()
}

/// The changes of a merge patch (RFC 7396) to a tenant's settings. `None` leaves a setting as it is, `Some(None)`
/// removes it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenantPatch {
    plan: Change<String>,
    max_active_keys: Change<u32>,
    default_expiry_days: Change<u32>,
    max_expiry_days: Change<u32>,
    #[serde(default)]
    own_counted: OwnLimitsPatch,
}

/// One field of a patch. Unlike a nested `Option` it keeps its meaning in JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Change<T> {
    #[default]
    Leave,
    Remove,
    Set(T),
}

impl<T> Change<T> {
    fn of(field: Option<Option<T>>) -> Self {
        match field {
            None => Self::Leave,
            Some(None) => Self::Remove,
            Some(Some(value)) => Self::Set(value),
        }
    }

    fn apply(self, to: &mut Option<T>) {
        match self {
            Self::Leave => {}
            Self::Remove => *to = None,
            Self::Set(value) => *to = Some(value),
        }
    }
}

impl TenantPatch {
    /// Parses the body of `PATCH tenants/{tenant}`.
    ///
    /// # Errors
    /// All mistakes in the body.
    pub fn parse(body: Value, plans: &[Plan], counted: &ConfiguredLimits) -> Result<Self, Vec<FieldError>> {
        let mut fields = Fields::new(body)?;
        let patch = Self {
            plan: Change::of(fields.optional_or_null("plan", |value| plan(value, plans))),
            max_active_keys: Change::of(fields.optional_or_null("max_active_keys", |value| limit(value, 0, MAX_KEYS))),
            default_expiry_days: Change::of(
                fields.optional_or_null("default_expiry_days", |value| limit(value, 1, MAX_DAYS)),
            ),
            max_expiry_days: Change::of(fields.optional_or_null("max_expiry_days", |value| limit(value, 1, MAX_DAYS))),
            own_counted: OwnLimitsPatch::take(&mut fields, counted, Owner::Tenant),
        };
        fields.finish()?;
        Ok(patch)
    }

    /// Whether the patch is about rate limits or quotas: the tenant's plan or its own values.
    #[must_use]
    pub fn concerns_counted(&self) -> bool {
        !matches!(self.plan, Change::Leave) || !self.own_counted.is_empty()
    }

    /// The settings after the patch, which only operators of all tenants make. The version of the limits follows the
    /// clock, so that the limiter never has a higher one of a time that the ledger has lost.
    #[must_use]
    pub fn apply(self, before: &TenantSettings, now: Timestamp) -> TenantSettings {
        let mut settings = before.clone();
        let own = &mut settings.own_limits;
        self.plan.apply(&mut settings.plan);
        self.max_active_keys.apply(&mut own.max_active_keys);
        self.default_expiry_days.apply(&mut own.default_expiry_days);
        self.max_expiry_days.apply(&mut own.max_expiry_days);
        settings.own_counted = before.own_counted.patched(&self.own_counted, true);
        if (&settings.plan, &settings.own_counted) != (&before.plan, &before.own_counted) {
            let of_the_clock = u64::try_from(now.as_millis()).unwrap_or_default();
            settings.limits_version = of_the_clock.max(settings.limits_version + 1);
        }
        if settings != *before {
            settings.version += 1;
        }
        settings
    }
}

fn plan(value: Value, plans: &[Plan]) -> Result<Option<String>, String> {
    if value.is_null() {
        return Ok(None);
    }
    let named = value.as_str().filter(|name| plans.iter().any(|plan| plan.name == *name));
    named.map(|name| Some(name.into())).ok_or_else(|| {
        let names: Vec<_> = plans.iter().map(|plan| plan.name.as_str()).collect();
        match names.as_slice() {
            [] => "keystile.toml names no [[plans]]; null expected".to_string(),
            names => format!("allowed are: {}; or null for none", names.join(", ")),
        }
    })
}

fn limit(value: Value, least: u32, most: u32) -> Result<Option<u32>, String> {
    if value.is_null() {
        return Ok(None);
    }
    let number = whole(&value).and_then(|number| u32::try_from(number).ok());
    let number = number.filter(|number| (least..=most).contains(number));
    number.map(Some).ok_or_else(|| format!("a whole number from {least} to {most} expected, or null for none"))
}

fn after_days(instant: Timestamp, days: u32) -> Timestamp {
    instant.plus_millis(i64::from(days) * DAY_MS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::definition::tests::{limits, own};
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const NOW: Timestamp = Timestamp::from_millis(1_750_000_000_000);

    const WITHOUT_PLAN: KeyLimits =
        KeyLimits { max_active_keys: Some(100), default_expiry_days: None, max_expiry_days: None };

    fn plans() -> [Plan; 2] {
        let plan = |name: &str, limits| Plan { name: name.into(), description: String::new(), limits };
        let free = KeyLimits { max_active_keys: Some(2), max_expiry_days: Some(90), ..KeyLimits::default() };
        [plan("free", free), plan("pro", KeyLimits { default_expiry_days: Some(365), ..KeyLimits::default() })]
    }

    fn patched(settings: TenantSettings, body: Value) -> TenantSettings {
        let patch = TenantPatch::parse(body, &plans(), &limits()).unwrap();
        // The patch travels from the API to a ledger in this form.
        let patch: TenantPatch = serde_json::from_str(&serde_json::to_string(&patch).unwrap()).unwrap();
        patch.apply(&settings, Timestamp::from_millis(0))
    }

    #[test]
    fn a_tenants_own_limit_holds_before_its_plans_and_that_before_the_deployments() {
        let none = TenantSettings::default();
        assert_eq!(none.limits(WITHOUT_PLAN, &plans()).max_active_keys, Some(100));
        let pro = patched(none.clone(), json!({"plan": "pro"}));
        assert_eq!(
            pro.limits(WITHOUT_PLAN, &plans()),
            KeyLimits { default_expiry_days: Some(365), ..KeyLimits::default() }
        );
        let own = patched(pro, json!({"max_active_keys": 7, "plan": "free"}));
        let expected = KeyLimits { max_active_keys: Some(7), default_expiry_days: None, max_expiry_days: Some(90) };
        assert_eq!(own.limits(WITHOUT_PLAN, &plans()), expected);
        assert_eq!(patched(own.clone(), json!({})), own);
        let back = patched(own, json!({"plan": null, "max_active_keys": null}));
        assert_eq!(back, TenantSettings { limits_version: 3, version: 3, ..none });
        let gone = TenantSettings { plan: Some("gone".into()), ..TenantSettings::default() };
        assert_eq!(gone.limits(WITHOUT_PLAN, &plans()).max_active_keys, Some(100));
    }

    #[test]
    fn a_key_lives_no_longer_than_allowed_and_by_default_as_long_as_is_usual() {
        let limits = KeyLimits { max_active_keys: None, default_expiry_days: Some(30), max_expiry_days: Some(90) };
        let day = |days| Some(NOW.plus_millis(days * DAY_MS));
        assert_eq!(limits.expiry(RequestedExpiry::Default, NOW), Ok(day(30)));
        assert_eq!(limits.expiry(day(90).into(), NOW), Ok(day(90)));
        let refused = limits.expiry(day(91).into(), NOW).unwrap_err();
        assert!(refused.starts_with("keys of this tenant live for 90 days at most: until 2025-09-13T"), "{refused}");
        assert!(limits.expiry(RequestedExpiry::Never, NOW).is_err());
        let only_longest = KeyLimits { default_expiry_days: None, ..limits };
        assert_eq!(only_longest.expiry(RequestedExpiry::Default, NOW), Ok(day(90)));
        assert_eq!(KeyLimits::default().expiry(RequestedExpiry::Default, NOW), Ok(None));
        assert_eq!(KeyLimits::default().expiry(RequestedExpiry::Never, NOW), Ok(None));
    }

    #[test]
    fn a_limit_of_two_allows_two() {
        let limits = KeyLimits { max_active_keys: Some(2), ..KeyLimits::default() };
        assert!(limits.allow_one_more(1));
        assert!(!limits.allow_one_more(2));
        assert!(KeyLimits::default().allow_one_more(u64::MAX));
    }

    #[test]
    fn only_what_changed_is_said_from_what_to_what() {
        let (none, free) = (TenantSettings::default(), patched(TenantSettings::default(), json!({"plan": "free"})));
        assert_eq!(json!(difference(&none, &free)), json!({"plan": {"from": null, "to": "free"}}));
        assert!(difference(&free, &free).is_empty());
        let own = patched(free.clone(), json!({"quotas": {"monthly": {"limit": 5}}}));
        assert_eq!(json!(difference(&free, &own)), json!({"limits": {"from": {}, "to": {"monthly": 5}}}));
    }

    #[test]
    fn the_limits_version_rises_with_plan_and_own_values_and_with_nothing_else() {
        let version = |settings: &TenantSettings, body: Value| patched(settings.clone(), body).limits_version;
        let first = patched(TenantSettings::default(), json!({"plan": "free"}));
        assert_eq!(first.limits_version, 1);
        assert_eq!(version(&first, json!({"plan": "free", "max_active_keys": 3})), 1);
        assert_eq!(version(&first, json!({"plan": "pro"})), 2);
        let second = patched(first.clone(), json!({"rate_limits": {"per-second": {"limit": 7}}}));
        assert_eq!((second.limits_version, &second.own_counted), (2, &own(&[("per-second", Some(7))])));
        assert_eq!(version(&second, json!({"rate_limits": {"per-second": {"limit": 7}}})), 2);
        assert_eq!(version(&second, json!({"rate_limits": {"per-second": null}})), 3);
    }

    #[test]
    fn settings_of_before_there_were_limits_are_read() {
        let old =
            r#"{"plan":"free","own_limits":{"max_active_keys":1,"default_expiry_days":null,"max_expiry_days":null}}"#;
        let settings: TenantSettings = serde_json::from_str(old).unwrap();
        assert_eq!((settings.limits_version, &settings.own_counted), (0, &OwnLimits::default()));
        assert_eq!((settings.version, patched(settings, json!({"max_active_keys": 2})).version), (0, 1));
    }

    #[test]
    fn each_mistake_in_a_patch_names_its_field() {
        let body = json!({"plan": "gold", "max_active_keys": -1, "default_expiry_days": 0, "seats": 3});
        let errors = TenantPatch::parse(body, &plans(), &limits()).unwrap_err();
        let errors: Vec<_> = errors.iter().map(|e| format!("{}: {}", e.field, e.detail)).collect();
        assert_eq!(
            errors,
            [
                "plan: allowed are: free, pro; or null for none",
                "max_active_keys: a whole number from 0 to 1000000 expected, or null for none",
                "default_expiry_days: a whole number from 1 to 3650 expected, or null for none",
                "seats: unknown field; known are: plan, max_active_keys, default_expiry_days, max_expiry_days, \
                 rate_limits, quotas",
            ]
        );
    }
}
