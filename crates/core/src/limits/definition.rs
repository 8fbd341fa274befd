//! Rate limits and quotas as `keystile.toml` defines them, and which of them hold for a tenant and a key.
//!
//! A definition applies where `[limits]` or a plan lists it, with the list's value or its own. A tenant and a key can
//! have values of their own, see [`own`](super::own). A key's own value goes before its tenant's, and that before the
//! plan's. A limit that no list names applies where an own value sets it.

use alloc::{
    collections::BTreeMap,
    format,
    string::{String, ToString},
    vec::Vec,
};

use serde::{Deserialize, Serialize};

use super::{
    grant_log::RateLimit,
    limiter::{Counted, Limit},
    own::OwnLimits,
    quota::{Period, Quota},
};
use crate::base::{id::KeyId, timestamp::SECOND_MS};

/// The maximum of a limit, and of a quota with everything that was added to it, units.
pub const MAX_LIMIT: u64 = 1_000_000_000;
/// The longest window of a rate limit, seconds.
pub const MAX_WINDOW_SECONDS: u32 = 86_400;
/// The maximum cost of a request, units.
pub const MAX_COST: u16 = 1_000;

/// A rate limit or a quota, as `[[rate_limits]]` or `[[quotas]]` defines it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LimitDefinition {
    /// The name, 1 to 32 of `a-z`, `0-9` and `-`. A quota and a rate limit never have the same name.
    pub name: String,
    /// The kind, with the length of the window or the period.
    pub kind: LimitKind,
    /// The value, units of cost.
    pub limit: u64,
    /// Whose requests are counted together.
    pub per: Per,
    /// The behaviour while the count can't be reached. Quotas always deny.
    pub when_unreachable: WhenLimiterUnreachable,
}

/// A rate limit with its window, or a quota with its period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LimitKind {
    /// So many units in any interval of this length, seconds.
    Rate(u32),
    /// So many units in each period of the calendar.
    Quota(Period),
}

/// Whose requests a limit counts together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Per {
    /// Those of one key, and of the keys that replaced it by rotation.
    Key,
    /// Those of all keys of the tenant.
    Tenant,
}

/// The behaviour of an isolate that can't reach the object that counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WhenLimiterUnreachable {
    /// Requests are answered 503.
    #[default]
    Deny,
    /// Each isolate alone admits no more than the limit.
    AllowLocally,
}

/// The definitions, and which of them hold without a plan and on each plan.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfiguredLimits {
    /// The rate limits first, then the quotas.
    pub definitions: Vec<LimitDefinition>,
    /// The limits of tenants without a plan.
    pub without_plan: LimitList,
    /// The limits of each plan, by its name.
    pub plans: BTreeMap<String, LimitList>,
}

/// A list of limits: the value of each, by its name.
pub type LimitList = BTreeMap<String, u64>;

/// A limit that a key is under.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppliedLimit {
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: LimitKind,
    /// Whose requests it counts together.
    pub per: Per,
    /// Its value, units.
    pub limit: u64,
}

/// The place in a configuration whose limits hold for a key.
#[derive(Clone, Copy, Debug)]
pub struct Terms<'a> {
    /// The tenant's plan, if it is on one.
    pub plan: Option<&'a str>,
    /// The tenant's own values.
    pub tenant: &'a OwnLimits,
    /// The key's own values.
    pub key: &'a OwnLimits,
}

impl LimitKind {
    /// The kind's name in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rate(_) => "rate",
            Self::Quota(_) => "quota",
        }
    }
}

impl ConfiguredLimits {
    /// Whether no limit is defined.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.definitions.is_empty()
    }

    /// The definition of this name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&LimitDefinition> {
        self.definitions.iter().find(|definition| definition.name == name)
    }

    /// The limits that a key is under, in the order of the definitions. A plan that is no longer configured counts as
    /// none.
    #[must_use]
    pub fn applied(&self, terms: Terms<'_>) -> Vec<AppliedLimit> {
        let listed = terms.plan.and_then(|plan| self.plans.get(plan)).unwrap_or(&self.without_plan);
        let applied = self.definitions.iter().filter_map(|definition| {
            let LimitDefinition { name, kind, per, .. } = definition;
            let of_plan = listed.get(name).copied();
            let of_tenant = terms.tenant.of(name).map_or(of_plan, |own| own.value(of_plan));
            // A key's own value of a limit that was the key's before says nothing of one that the tenant shares.
            let of_key = terms.key.of(name).filter(|_| *per == Per::Key);
            let limit = of_key.map_or(of_tenant, |own| own.value(of_tenant))?;
            Some(AppliedLimit { name: name.clone(), kind: *kind, per: *per, limit })
        });
        applied.collect()
    }

    /// Every limit with the lowest value that a list gives it, or its own if no list names it: what is assumed of a key
    /// of which nothing is known.
    #[must_use]
    pub fn strictest(&self) -> Vec<LimitDefinition> {
        let lists = || core::iter::once(&self.without_plan).chain(self.plans.values());
        let strictest = self.definitions.iter().map(|definition| {
            let lowest = lists().filter_map(|list| list.get(&definition.name)).min();
            LimitDefinition { limit: lowest.copied().unwrap_or(definition.limit), ..definition.clone() }
        });
        strictest.collect()
    }
}

impl AppliedLimit {
    /// The limit as the object counts it.
    #[must_use]
    pub fn limit(&self) -> Limit {
        match self.kind {
            LimitKind::Rate(seconds) => {
                Limit::Rate(RateLimit { limit: self.limit, window_ms: i64::from(seconds) * SECOND_MS })
            }
            LimitKind::Quota(period) => Limit::Quota(Quota { limit: self.limit, period }),
        }
    }

    /// The name of its count: with a limit per key it ends with the id of the key that counts.
    #[must_use]
    pub fn count_name(&self, counts_as: &KeyId) -> String {
        match self.per {
            Per::Key => count_name(&self.name, counts_as),
            Per::Tenant => self.name.to_string(),
        }
    }

    /// The limit under the name of its count.
    #[must_use]
    pub fn counted<'a>(&self, name: &'a str) -> Counted<'a> {
        Counted { name, limit: self.limit() }
    }
}

/// The name of the count of a limit per key, with the key that counts.
#[must_use]
pub fn count_name(limit: &str, counts_as: &KeyId) -> String {
    format!("{limit}/{counts_as}")
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::limits::own::OwnLimit;
    use alloc::vec;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    /// A rate limit per key and a quota that the tenant shares, on two plans.
    pub(crate) fn limits() -> ConfiguredLimits {
        let per_second = LimitDefinition {
            name: "per-second".into(),
            kind: LimitKind::Rate(1),
            limit: 20,
            per: Per::Key,
            when_unreachable: WhenLimiterUnreachable::Deny,
        };
        let monthly = LimitDefinition {
            name: "monthly".into(),
            kind: LimitKind::Quota(Period::Month),
            limit: 1_000,
            per: Per::Tenant,
            ..per_second.clone()
        };
        let list = |limits: &[(&str, u64)]| limits.iter().map(|(name, limit)| ((*name).to_string(), *limit)).collect();
        ConfiguredLimits {
            definitions: vec![per_second, monthly],
            without_plan: list(&[("per-second", 20)]),
            plans: BTreeMap::from([
                ("free".into(), list(&[("per-second", 5), ("monthly", 1_000)])),
                ("pro".into(), list(&[("per-second", 100)])),
            ]),
        }
    }

    pub(crate) fn own(limits: &[(&str, Option<u64>)]) -> OwnLimits {
        let own = |&(name, limit): &(&str, Option<u64>)| (name.to_string(), OwnLimit { limit, at_most: false });
        limits.iter().map(own).collect()
    }

    fn values(plan: Option<&str>, tenant: &OwnLimits, key: &OwnLimits) -> Vec<(String, u64)> {
        let applied = limits().applied(Terms { plan, tenant, key });
        applied.into_iter().map(|limit| (limit.name, limit.limit)).collect()
    }

    #[test]
    fn a_key_s_own_value_goes_before_its_tenant_s_and_that_before_the_plan_s() {
        let none = OwnLimits::default();
        assert_eq!(values(None, &none, &none), [("per-second".into(), 20)]);
        assert_eq!(values(Some("gone"), &none, &none), [("per-second".into(), 20)]);
        let free = [("per-second".to_string(), 5), ("monthly".to_string(), 1_000)];
        assert_eq!(values(Some("free"), &none, &none), free);
        let (tenant, key) = (own(&[("per-second", Some(50)), ("monthly", None)]), own(&[("per-second", Some(7))]));
        assert_eq!(values(Some("free"), &tenant, &none), [("per-second".into(), 50)], "null lifts the limit");
        assert_eq!(values(Some("free"), &tenant, &key), [("per-second".into(), 7)]);
        let added = own(&[("monthly", Some(9))]);
        assert_eq!(values(None, &added, &none), [("per-second".into(), 20), ("monthly".into(), 9)]);
    }

    #[test]
    fn the_strictest_is_the_lowest_of_all_lists() {
        let strictest: Vec<_> = limits().strictest().into_iter().map(|limit| (limit.name, limit.limit)).collect();
        assert_eq!(strictest, [("per-second".into(), 5), ("monthly".into(), 1_000)]);
    }

    #[test]
    fn a_limit_per_key_counts_by_the_key() {
        let id = KeyId::parse("key_4bTzV9cXk07Hq2mN1pRs").unwrap();
        let none = OwnLimits::default();
        let applied = limits().applied(Terms { plan: Some("free"), tenant: &none, key: &none });
        let names: Vec<_> = applied.iter().map(|limit| limit.count_name(&id)).collect();
        assert_eq!(names, ["per-second/key_4bTzV9cXk07Hq2mN1pRs", "monthly"]);
    }
}
