//! The part of a merge patch that changes the own limits of a tenant or a key: the fields `rate_limits` and `quotas`.

use alloc::{
    collections::BTreeMap,
    format,
    string::{String, ToString},
    vec::Vec,
};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{
    definition::{ConfiguredLimits, LimitKind, LimitList, MAX_LIMIT, Per},
    own::{OwnLimit, OwnLimits},
};
use crate::base::fields::{Fields, quoted, whole};

/// The owner of own values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Owner {
    Tenant,
    Key,
}

/// The changes that a patch makes to own values, by the names of the limits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OwnLimitsPatch(BTreeMap<String, OwnChange>);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum OwnChange {
    Remove,
    Set(Option<u64>),
}

impl OwnLimits {
    /// The own values of rate limits, or those of quotas, in the form in which they are shown and patched:
    /// `{"per-second": {"limit": 50}}`. Those of limits that are no longer configured are left out.
    #[must_use]
    pub fn shown(&self, configured: &ConfiguredLimits, field: LimitField) -> Map<String, Value> {
        let of_field = |name: &str| configured.find(name).is_some_and(|found| field.has(found.kind));
        let own = self.iter().filter(|(name, _)| of_field(name));
        own.map(|(name, own)| (name.clone(), json!({ "limit": own.limit }))).collect()
    }

    /// These values with the changes of a patch. `may_raise` says whether an operator of all tenants makes them: the
    /// values that another sets are maxima, unless they lower one that is none.
    #[must_use]
    pub fn patched(&self, patch: &OwnLimitsPatch, may_raise: bool) -> Self {
        let mut own = self.clone();
        for (name, change) in &patch.0 {
            match change {
                OwnChange::Remove => own.set(name, None),
                OwnChange::Set(limit) => {
                    let at_most = !may_raise && own.of(name).is_none_or(|present| present.at_most);
                    own.set(name, Some(OwnLimit { limit: *limit, at_most }));
                }
            }
        }
        own
    }
}

impl ConfiguredLimits {
    /// The rate limits of a list, or its quotas, in the form of own values.
    #[must_use]
    pub fn listed(&self, list: &LimitList, field: LimitField) -> Map<String, Value> {
        let as_own = |(name, limit): (&String, &u64)| (name.clone(), OwnLimit { limit: Some(*limit), at_most: false });
        list.iter().map(as_own).collect::<OwnLimits>().shown(self, field)
    }
}

/// The field of a body that has own values: rate limits and quotas have one each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum LimitField {
    RateLimits,
    Quotas,
}

impl LimitField {
    /// The fields.
    pub const ALL: [Self; 2] = [Self::RateLimits, Self::Quotas];

    /// The field's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RateLimits => "rate_limits",
            Self::Quotas => "quotas",
        }
    }

    const fn has(self, kind: LimitKind) -> bool {
        matches!((self, kind), (Self::RateLimits, LimitKind::Rate(_)) | (Self::Quotas, LimitKind::Quota(_)))
    }
}

impl OwnLimitsPatch {
    /// Takes the fields `rate_limits` and `quotas` of a body. The result is valid only if [`Fields::finish`] succeeds.
    pub(crate) fn take(fields: &mut Fields, configured: &ConfiguredLimits, owner: Owner) -> Self {
        let mut patch = Self::default();
        for field in LimitField::ALL {
            let parsed = fields.optional_or_null(field.as_str(), |value| changes(value, configured, field, owner));
            patch.0.extend(parsed.unwrap_or_default());
        }
        patch
    }

    /// Whether the patch changes nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn changes(
    value: Value,
    configured: &ConfiguredLimits,
    field: LimitField,
    owner: Owner,
) -> Result<BTreeMap<String, OwnChange>, String> {
    let known = || configured.definitions.iter().filter(|known| field.has(known.kind));
    let members = match value {
        // A merge patch takes a whole field back by null.
        Value::Null => return Ok(known().map(|known| (known.name.clone(), OwnChange::Remove)).collect()),
        Value::Object(members) => members,
        _ => return Err("an object expected, such as {\"per-second\": {\"limit\": 50}}".into()),
    };
    let change = |(name, change): (String, Value)| {
        let Some(definition) = known().find(|known| known.name == name) else {
            let names: Vec<_> = known().map(|known| known.name.as_str()).collect();
            let allowed = if names.is_empty() { "keystile.toml defines none".to_string() } else { names.join(", ") };
            return Err(format!("there is no {}; allowed are: {allowed}", quoted(&name)));
        };
        if owner == Owner::Key && definition.per == Per::Tenant {
            return Err(format!("\"{name}\" is shared by the tenant's keys; change it with PATCH on the tenant"));
        }
        Ok((name.clone(), own_change(&name, change)?))
    };
    members.into_iter().map(change).collect()
}

fn own_change(name: &str, value: Value) -> Result<OwnChange, String> {
    let limit = match value {
        Value::Null => return Ok(OwnChange::Remove),
        Value::Object(mut members) => match (members.remove("limit"), members.is_empty()) {
            (Some(Value::Null), true) => return Ok(OwnChange::Set(None)),
            (Some(limit), true) => whole(&limit).and_then(|limit| u64::try_from(limit).ok()),
            _ => None,
        },
        _ => None,
    };
    limit.filter(|limit| (1..=MAX_LIMIT).contains(limit)).map(|limit| OwnChange::Set(Some(limit))).ok_or_else(|| {
        format!(
            "\"{name}\": {{\"limit\": …}} expected, with a whole number from 1 to {MAX_LIMIT}, or null for no limit; or \
             null in place of the object for no own value"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::definition::{
        Terms,
        tests::{limits, own},
    };
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn parsed(body: Value, owner: Owner) -> Result<OwnLimitsPatch, Vec<String>> {
        let mut fields = Fields::new(body).unwrap();
        let patch = OwnLimitsPatch::take(&mut fields, &limits(), owner);
        fields.finish().map_err(|errors| errors.iter().map(ToString::to_string).collect::<Vec<_>>())?;
        // The patch travels from the API to a ledger in this form.
        Ok(serde_json::from_str(&serde_json::to_string(&patch).unwrap()).unwrap())
    }

    fn of_key(body: Value) -> OwnLimitsPatch {
        parsed(body, Owner::Key).unwrap()
    }

    #[test]
    fn null_takes_an_own_value_back_and_a_limit_of_null_lifts_the_limit() {
        let fifty =
            OwnLimits::default().patched(&of_key(json!({"rate_limits": {"per-second": {"limit": 50.0}}})), true);
        assert_eq!(fifty, own(&[("per-second", Some(50))]));
        let lifted = fifty.patched(&of_key(json!({"rate_limits": {"per-second": {"limit": null}}})), true);
        assert_eq!(lifted, own(&[("per-second", None)]));
        for back in [json!({"rate_limits": {"per-second": null}}), json!({"rate_limits": null})] {
            assert_eq!(fifty.patched(&of_key(back), true), OwnLimits::default());
        }
        assert_eq!(fifty.patched(&of_key(json!({})), true), fifty);
        assert_eq!(json!(fifty.shown(&limits(), LimitField::RateLimits)), json!({"per-second": {"limit": 50}}));
        assert_eq!(json!(fifty.shown(&limits(), LimitField::Quotas)), json!({}));
    }

    #[test]
    fn each_mistake_says_what_to_write() {
        let wrong = [
            json!({"rate_limits": {"per-second": {"limit": 0}}}),
            json!({"rate_limits": {"per-second": {"limit": -1}}}),
            json!({"rate_limits": {"per-second": {"limit": 1.5}}}),
            json!({"rate_limits": {"per-second": {"limit": 1_000_000_001_u64}}}),
            json!({"rate_limits": {"per-second": {"limit": "5"}}}),
            json!({"rate_limits": {"per-second": {}}}),
            json!({"rate_limits": {"per-second": {"limit": 5, "window_seconds": 2}}}),
            json!({"rate_limits": {"per-second": 5}}),
        ];
        for wrong in wrong {
            let errors = parsed(wrong.clone(), Owner::Key).unwrap_err();
            assert!(
                errors[0].starts_with("rate_limits: \"per-second\": {\"limit\": …} expected"),
                "{wrong}: {errors:?}"
            );
        }
        let unknown = parsed(json!({"rate_limits": {"monthly": {"limit": 5}}}), Owner::Tenant).unwrap_err();
        assert_eq!(unknown, ["rate_limits: there is no \"monthly\"; allowed are: per-second"]);
        let shared = parsed(json!({"quotas": {"monthly": {"limit": 5}}}), Owner::Key).unwrap_err();
        assert_eq!(shared, ["quotas: \"monthly\" is shared by the tenant's keys; change it with PATCH on the tenant"]);
        assert!(parsed(json!({"quotas": [1]}), Owner::Tenant).unwrap_err()[0].contains("an object expected"));
    }

    #[test]
    fn a_maximum_gives_way_to_a_lower_plan() {
        let five = of_key(json!({"rate_limits": {"per-second": {"limit": 10}}}));
        let (none, lowered) = (OwnLimits::default(), OwnLimits::default().patched(&five, false));
        let value = |plan, key: &OwnLimits| limits().applied(Terms { plan, tenant: &none, key })[0].limit;
        assert_eq!(value(None, &lowered), 10);
        assert_eq!(value(Some("free"), &lowered), 5, "the plan became lower");
        let set = OwnLimits::default().patched(&five, true);
        assert_eq!(value(Some("free"), &set), 10, "an operator of all tenants has raised it");
        assert_eq!(set.patched(&five, false), set, "and who lowers that doesn't fall back to the plan");
    }
}
