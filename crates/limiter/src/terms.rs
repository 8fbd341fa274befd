//! The limits that a key is under, or that a tenant's keys share, by what the ledger told, each with the name of its
//! count.

use keystile_core::{
    base::id::KeyId,
    limits::{
        definition::{AppliedLimit, ConfiguredLimits, LimitKind, Per, Terms, count_name},
        limiter::Counted,
        own::OwnLimits,
        quota::Quota,
    },
    objects::limiter::{Addition, KeyTerms, TenantTerms},
};

/// Limits, in the order of their definitions.
pub(crate) struct Limits(Vec<(AppliedLimit, String)>);

impl Limits {
    /// The limits of a key. `told` is what the ledger told of the key, if there was anything to tell.
    pub(crate) fn of_key(
        configured: &ConfiguredLimits,
        tenant: &TenantTerms,
        key: &KeyId,
        told: Option<&KeyTerms>,
    ) -> Self {
        let none = OwnLimits::default();
        let own = told.map_or(&none, |told| &told.own);
        let counts_as = told.and_then(|told| told.counts_as.as_ref()).unwrap_or(key);
        let applied = configured.applied(Terms { plan: tenant.plan.as_deref(), tenant: &tenant.own, key: own });
        let named = |limit: AppliedLimit| {
            let name = limit.count_name(counts_as);
            (limit, name)
        };
        Self(applied.into_iter().map(named).collect())
    }

    /// The limits that all keys of the tenant share.
    pub(crate) fn shared(configured: &ConfiguredLimits, tenant: &TenantTerms) -> Self {
        let none = OwnLimits::default();
        let applied = configured.applied(Terms { plan: tenant.plan.as_deref(), tenant: &tenant.own, key: &none });
        let shared = applied.into_iter().filter(|limit| limit.per == Per::Tenant);
        // The count of a shared limit has the limit's name.
        Self(shared.map(|limit| (limit.clone(), limit.name)).collect())
    }

    /// The limits under the names of their counts.
    pub(crate) fn counted(&self) -> Vec<Counted<'_>> {
        self.0.iter().map(|(limit, name)| limit.counted(name)).collect()
    }

    /// The limits alone.
    pub(crate) fn applied(&self) -> impl Iterator<Item = &AppliedLimit> {
        self.0.iter().map(|(limit, _)| limit)
    }
}

/// The configured quota that an addition is for, with the name of its count: a key's own, or one that the tenant shares.
pub(crate) fn quota_of(configured: &ConfiguredLimits, addition: &Addition) -> Option<(String, Quota)> {
    let per = if addition.key.is_some() { Per::Key } else { Per::Tenant };
    let definition = configured.find(&addition.quota).filter(|definition| definition.per == per)?;
    let LimitKind::Quota(period) = definition.kind else { return None };
    let name = match &addition.key {
        Some(key) => count_name(&definition.name, key),
        None => definition.name.clone(),
    };
    Some((name, Quota { limit: definition.limit, period }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use keystile_core::{
        Timestamp,
        limits::{
            definition::{LimitDefinition, WhenLimiterUnreachable},
            own::OwnLimit,
            quota::Period,
        },
    };

    const FIRST: &str = "key_4bTzV9cXk07Hq2mN1pRs";
    const SECOND: &str = "key_5bTzV9cXk07Hq2mN1pRs";

    fn key(id: &str) -> KeyId {
        KeyId::parse(id).unwrap()
    }

    /// A rate limit and a quota per key, and a quota that the keys share.
    fn configured() -> ConfiguredLimits {
        let definition = |name: &str, kind, per| LimitDefinition {
            name: name.into(),
            kind,
            limit: 100,
            per,
            when_unreachable: WhenLimiterUnreachable::Deny,
        };
        let definitions = vec![
            definition("per-second", LimitKind::Rate(1), Per::Key),
            definition("daily", LimitKind::Quota(Period::Day), Per::Key),
            definition("monthly", LimitKind::Quota(Period::Month), Per::Tenant),
        ];
        let without_plan = definitions.iter().map(|definition| (definition.name.clone(), definition.limit)).collect();
        ConfiguredLimits { definitions, without_plan, ..ConfiguredLimits::default() }
    }

    fn told(counts_as: Option<&str>, limits: &[(&str, Option<u64>)]) -> KeyTerms {
        let own = |&(name, limit): &(&str, Option<u64>)| (name.to_owned(), OwnLimit { limit, at_most: false });
        KeyTerms { id: key(SECOND), version: 1, own: limits.iter().map(own).collect(), counts_as: counts_as.map(key) }
    }

    fn names(limits: &Limits) -> Vec<&str> {
        limits.counted().into_iter().map(|counted| counted.name).collect()
    }

    fn addition(quota: &str, of: Option<&str>) -> Addition {
        let key = of.map(key);
        Addition { id: "add_1".into(), quota: quota.into(), key, units: 1, ends_at: Timestamp::from_millis(0) }
    }

    #[test]
    fn keys_of_one_row_of_rotations_count_together() {
        let (configured, tenant) = (configured(), TenantTerms::default());
        let of_second = |told: Option<KeyTerms>| Limits::of_key(&configured, &tenant, &key(SECOND), told.as_ref());
        let by = |id: &str| [format!("per-second/{id}"), format!("daily/{id}"), "monthly".into()];
        assert_eq!(names(&of_second(None)), by(SECOND));
        assert_eq!(names(&of_second(Some(told(None, &[])))), by(SECOND));
        assert_eq!(names(&of_second(Some(told(Some(FIRST), &[])))), by(FIRST));
    }

    #[test]
    fn own_values_go_before_the_configured_ones() {
        let (configured, tenant) = (configured(), TenantTerms::default());
        let told = told(None, &[("per-second", Some(7)), ("daily", None)]);
        let limits = Limits::of_key(&configured, &tenant, &key(SECOND), Some(&told));
        let values: Vec<_> = limits.applied().map(|limit| (limit.name.as_str(), limit.limit)).collect();
        assert_eq!(values, [("per-second", 7), ("monthly", 100)]);
    }

    #[test]
    fn an_addition_is_for_a_quota_of_the_key_or_for_one_that_the_tenant_shares() {
        let configured = configured();
        let met = |addition: &Addition| quota_of(&configured, addition).map(|(name, _)| name);
        assert_eq!(met(&addition("daily", Some(FIRST))), Some(format!("daily/{FIRST}")));
        assert_eq!(met(&addition("monthly", None)), Some("monthly".to_owned()));
        for other in [
            addition("monthly", Some(FIRST)),
            addition("per-second", Some(FIRST)),
            addition("gone", Some(FIRST)),
            addition("daily", None),
        ] {
            assert_eq!(met(&other), None, "{other:?}");
        }
    }
}
