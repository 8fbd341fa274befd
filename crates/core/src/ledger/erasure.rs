//! The erasure of a tenant: its steps, and the time within which it is done.
//!
//! The tenant's ledger erases what it holds itself and has others erase what they hold; the operators' ledger erases the
//! tenant's operators. Each step can be carried out twice, so whoever is interrupted goes on where it stopped.

use serde::{Deserialize, Serialize};

use crate::base::timestamp::{MINUTE_MS, Timestamp};

/// The time that an erasure takes in any case, milliseconds: each value is put into KV a second time after a minute, and
/// the overview of all tenants gets a report within the next. Meanwhile the ledgers look for keys that they have lost among
/// all keys of the feed, 4,000 a second. The rest is for a feed or a KV that fails for a while.
const ERASED_WITHIN_MS: i64 = 15 * MINUTE_MS;
/// The time that each key adds, milliseconds. Each is put into KV twice, five at a time, so a put may take 600 ms on
/// average. On the local runtime 10,000 keys took 96 seconds in all.
const EACH_KEY_MS: i64 = 250;

/// The time by which a tenant with so many keys is erased.
#[must_use]
pub fn erased_by(keys: u64, begun_at: Timestamp) -> Timestamp {
    let keys = i64::try_from(keys).unwrap_or(i64::MAX);
    begun_at.plus_millis(keys.saturating_mul(EACH_KEY_MS).saturating_add(ERASED_WITHIN_MS))
}

/// The ledger that erases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Eraser {
    /// The tenant's own.
    Tenant,
    /// The operators'.
    Operators,
}

impl Eraser {
    /// The eraser that a ledger is, by its name. A platform may not tell an object its name. Then only a tenant's own
    /// standing shows that the ledger is a tenant's, since the operators' ledger must never take itself for one that is
    /// erased.
    #[must_use]
    pub const fn of_ledger(named_operators: Option<bool>, has_standing: bool) -> Self {
        match (named_operators, has_standing) {
            (Some(false), _) | (None, true) => Self::Tenant,
            (Some(true), _) | (None, false) => Self::Operators,
        }
    }
}

/// A step of an erasure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// The feed keeps the name, so that a ledger that is put back learns of the erasure.
    Feed,
    /// The operators' ledger begins to erase the tenant's operators.
    Operators,
    /// Keys become stubs.
    Keys,
    /// Audit entries lose what names people.
    Audit,
    /// The other tables are emptied.
    Rest,
    /// The limiter forgets the tenant.
    Limiter,
    /// The routers of events and their endpoints forget the tenant.
    Events,
    /// Nothing is left but to wait until feed, KV and the overview have all of it.
    Settling,
    /// All of it is gone.
    Finished,
}

impl Step {
    /// The first step.
    #[must_use]
    pub const fn first(of: Eraser) -> Self {
        match of {
            Eraser::Tenant => Self::Feed,
            Eraser::Operators => Self::Keys,
        }
    }

    /// The step after this one.
    #[must_use]
    pub const fn next(self, of: Eraser) -> Self {
        match (self, of) {
            (Self::Feed, _) => Self::Operators,
            (Self::Operators, _) => Self::Keys,
            (Self::Keys, _) => Self::Audit,
            (Self::Audit, _) => Self::Rest,
            (Self::Rest, Eraser::Tenant) => Self::Limiter,
            (Self::Limiter, _) => Self::Events,
            (Self::Rest, Eraser::Operators) | (Self::Events, _) => Self::Settling,
            (Self::Settling | Self::Finished, _) => Self::Finished,
        }
    }

    /// The name in the table.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Feed => "feed",
            Self::Operators => "operators",
            Self::Keys => "keys",
            Self::Audit => "audit",
            Self::Rest => "rest",
            Self::Limiter => "limiter",
            Self::Events => "events",
            Self::Settling => "settling",
            Self::Finished => "finished",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn steps(of: Eraser) -> Vec<&'static str> {
        let following = |step: &Step| (*step != Step::Finished).then(|| step.next(of));
        core::iter::successors(Some(Step::first(of)), following).map(Step::as_str).collect()
    }

    #[test]
    fn the_name_is_kept_first_and_each_ledger_ends() {
        let tenants = ["feed", "operators", "keys", "audit", "rest", "limiter", "events", "settling", "finished"];
        assert_eq!(steps(Eraser::Tenant), tenants);
        assert_eq!(steps(Eraser::Operators), ["keys", "audit", "rest", "settling", "finished"]);
    }

    #[test]
    fn a_ledger_without_a_name_is_a_tenant_s_only_if_it_has_a_standing() {
        for has_standing in [false, true] {
            assert_eq!(Eraser::of_ledger(Some(true), has_standing), Eraser::Operators);
            assert_eq!(Eraser::of_ledger(Some(false), has_standing), Eraser::Tenant);
        }
        assert_eq!(Eraser::of_ledger(None, true), Eraser::Tenant);
        assert_eq!(Eraser::of_ledger(None, false), Eraser::Operators);
    }

    #[test]
    fn a_step_is_read_back_by_its_name() {
        for step in core::iter::successors(Some(Step::Feed), |step| {
            (*step != Step::Finished).then(|| step.next(Eraser::Tenant))
        }) {
            assert_eq!(serde_json::to_value(step).unwrap(), step.as_str());
        }
    }

    #[test]
    fn the_stated_time_grows_with_the_keys_and_has_an_end() {
        let begun = Timestamp::from_millis(0);
        assert_eq!(erased_by(0, begun), Timestamp::from_millis(15 * MINUTE_MS));
        assert_eq!(erased_by(10_000, begun).millis_since(erased_by(0, begun)), 2_500_000);
        assert!(erased_by(u64::MAX, begun) > erased_by(1_000_000, begun));
    }
}
