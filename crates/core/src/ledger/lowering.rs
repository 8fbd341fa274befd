//! The rule for a key's own limits that others than operators of all tenants set: they lower a limit and never raise
//! it, neither now nor when the plan changes.

use alloc::{format, string::String};

use serde_json::json;

use crate::{
    base::{code::Code, problem::Problem},
    limits::{
        definition::{AppliedLimit, ConfiguredLimits, Terms},
        own::{OwnLimit, OwnLimits},
    },
};

/// The first limit that the key would be under less strictly if its own limits became `after`. `terms` are those that
/// hold before that.
///
/// The requested value counts: a value above the present one is refused, even if the plan's would hold in its
/// place.
#[must_use]
pub fn raised<'a>(configured: &'a ConfiguredLimits, terms: Terms<'_>, after: &OwnLimits) -> Option<&'a str> {
    let without_own = OwnLimits::default();
    let before = configured.applied(terms);
    let without = configured.applied(Terms { key: &without_own, ..terms });
    let mut names = configured.definitions.iter().map(|definition| definition.name.as_str());
    names.find(|name| {
        let change = Change { before: terms.key.of(name), after: after.of(name) };
        change.raises(value_of(&before, name), value_of(&without, name))
    })
}

/// The own limits of a new key, as others than operators of all tenants set them: maxima, so that a lower value of the
/// plan holds if it comes to that.
///
/// # Errors
/// The first limit that the key would be under less strictly than without own limits.
pub fn of_new_key<'a>(
    configured: &'a ConfiguredLimits,
    terms: Terms<'_>,
    requested: &OwnLimits,
) -> Result<OwnLimits, &'a str> {
    if let Some(limit) = raised(configured, terms, requested) {
        return Err(limit);
    }
    let maximum = |name: &String| Some((name.clone(), OwnLimit { at_most: true, ..requested.of(name)? }));
    Ok(configured.definitions.iter().filter_map(|definition| maximum(&definition.name)).collect())
}

/// The 403 that names the limit.
#[must_use]
pub fn refusal(limit: &str) -> Problem {
    let detail = format!(
        "Only operators of all tenants raise limits, and this would raise \"{limit}\" of this key; others may lower it."
    );
    Problem::new(Code::ExceedsOwnRights, detail).with("lacking_scopes", json!([]))
}

/// The change of one own value.
struct Change {
    before: Option<OwnLimit>,
    after: Option<OwnLimit>,
}

impl Change {
    /// Whether the change raises a limit. `applied` is what applies to the key before the change, `without` what would
    /// without an own value; `None` is no limit.
    fn raises(&self, applied: Option<u64>, without: Option<u64>) -> bool {
        if self.after == self.before {
            return false;
        }
        match (self.before, self.after) {
            // Without a limit the key would be under none, whatever the plan says later.
            (_, Some(OwnLimit { limit: None, .. })) => true,
            (_, Some(OwnLimit { limit: Some(limit), .. })) => applied.is_some_and(|applied| limit > applied),
            // The limit was lifted for this key, and no longer is.
            (None | Some(OwnLimit { limit: None, .. }), None) => false,
            (Some(OwnLimit { at_most: true, .. }), None) => height(without) > height(applied),
            // An operator of all tenants set it. It may go only for a lower value: the plan may become higher later.
            (Some(OwnLimit { at_most: false, .. }), None) => height(without) >= height(applied),
        }
    }
}

fn value_of(applied: &[AppliedLimit], name: &str) -> Option<u64> {
    applied.iter().find(|limit| limit.name == name).map(|limit| limit.limit)
}

/// The height of a value for comparisons: no limit is above all.
fn height(value: Option<u64>) -> u64 {
    value.unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::definition::tests::{limits, own};
    use proptest::prelude::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn per_second(own: Option<OwnLimit>) -> OwnLimits {
        own.map(|own| ("per-second".into(), own)).into_iter().collect()
    }

    /// Of the limit `per-second`, which is 5 on the plan.
    fn raises(before: Option<OwnLimit>, after: Option<OwnLimit>) -> bool {
        let (tenant, before, after) = (OwnLimits::default(), per_second(before), per_second(after));
        raised(&limits(), Terms { plan: Some("free"), tenant: &tenant, key: &before }, &after).is_some()
    }

    fn at_most(limit: u64) -> Option<OwnLimit> {
        Some(OwnLimit { limit: Some(limit), at_most: true })
    }

    fn fixed(limit: impl Into<Option<u64>>) -> Option<OwnLimit> {
        Some(OwnLimit { limit: limit.into(), at_most: false })
    }

    #[test]
    fn a_value_may_be_lowered_and_never_raised() {
        for (before, after, expected) in [
            (None, at_most(5), false),
            (None, at_most(6), true),
            (None, Some(OwnLimit { limit: None, at_most: true }), true),
            (at_most(3), at_most(2), false),
            (at_most(3), at_most(4), true),
            (at_most(3), None, true),
            (at_most(5), None, false),
            (at_most(9), None, false),
            (fixed(9), fixed(8), false),
            (fixed(9), fixed(10), true),
            (fixed(9), None, false),
            (fixed(5), None, true),
            (fixed(3), None, true),
            (fixed(None), fixed(1_000), false),
            (fixed(None), None, false),
            (fixed(None), fixed(None), false),
        ] {
            assert_eq!(raises(before, after), expected, "{before:?} to {after:?}");
        }
    }

    #[test]
    fn a_limit_that_does_not_apply_may_be_added_but_not_lifted_in_advance() {
        let none = OwnLimits::default();
        let terms = Terms { plan: None, tenant: &none, key: &none };
        assert_eq!(raised(&limits(), terms, &own(&[("monthly", Some(9))])), None);
        assert_eq!(raised(&limits(), terms, &own(&[("monthly", None)])), Some("monthly"));
    }

    #[test]
    fn what_a_new_key_gets_gives_way_to_a_lower_plan() {
        let none = OwnLimits::default();
        let of_new_key = |plan, limit| {
            let terms = Terms { plan, tenant: &none, key: &none };
            of_new_key(&limits(), terms, &own(&[("per-second", limit)])).map_err(String::from)
        };
        let twenty = of_new_key(None, Some(20)).unwrap();
        assert_eq!(twenty.of("per-second"), at_most(20));
        for refused in [Some(21), None] {
            assert_eq!(of_new_key(None, refused), Err("per-second".into()));
        }
        assert_eq!(of_new_key(Some("free"), Some(20)), Err("per-second".into()), "5 would hold, 20 was asked for");
    }

    fn any_own() -> impl Strategy<Value = Option<OwnLimit>> {
        let limit = prop_oneof![Just(None), (1..12_u64).prop_map(Some)];
        prop::option::of((limit, any::<bool>()).prop_map(|(limit, at_most)| OwnLimit { limit, at_most }))
    }

    proptest! {
        #[test]
        fn what_is_allowed_makes_nothing_higher(before in any_own(), after in any_own()) {
            let (configured, tenant) = (limits(), OwnLimits::default());
            let (before, after) = (per_second(before), per_second(after));
            let terms = Terms { plan: Some("free"), tenant: &tenant, key: &before };
            if raised(&configured, terms, &after).is_none() {
                let applied = |key| configured.applied(Terms { key, ..terms });
                let (before, after) = (applied(&before), applied(&after));
                let value = |of: &[AppliedLimit], name: &str| height(value_of(of, name));
                for limit in &before {
                    prop_assert!(value(&after, &limit.name) <= value(&before, &limit.name), "{}", limit.name);
                }
            }
        }
    }
}
