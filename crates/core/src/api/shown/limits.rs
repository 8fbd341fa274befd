//! Rate limits and quotas, with what is left of them.

use alloc::{string::String, vec::Vec};

use serde::Serialize;

use crate::{
    base::timestamp::{Rfc3339, Timestamp},
    limits::{
        definition::{AppliedLimit, LimitKind, Per},
        quota::Period,
        state::LimitState,
    },
};

/// A limit that a key or a tenant is under.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[allow(missing_docs)]
pub struct ShownLimit {
    /// `rate` or `quota`.
    pub kind: &'static str,
    pub limit: u64,
    pub name: String,
    /// Whose requests are counted together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per: Option<Per>,
    /// Of quotas alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub period: Option<Period>,
    pub remaining: u64,
    /// When more is available.
    pub resets_at: Rfc3339,
    /// Of rate limits alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window_seconds: Option<u32>,
}

impl ShownLimit {
    /// The limit as operators see it. `now` is when the limiter said what is left.
    #[must_use]
    pub fn new(state: &LimitState, now: Timestamp) -> Self {
        let AppliedLimit { kind, per, .. } = state.applied;
        let (period, window_seconds) = match kind {
            LimitKind::Rate(seconds) => (None, Some(seconds)),
            LimitKind::Quota(period) => (Some(period), None),
        };
        Self { per: Some(per), period, window_seconds, ..Self::brief(state, now) }
    }

    /// The limit as holders of keys see it, without whose requests it counts and for how long.
    #[must_use]
    pub fn brief(state: &LimitState, now: Timestamp) -> Self {
        let LimitState { applied, remaining, more_in_ms } = state;
        Self {
            kind: applied.kind.as_str(),
            limit: applied.limit,
            name: applied.name.clone(),
            per: None,
            period: None,
            remaining: *remaining,
            resets_at: Rfc3339(now.plus_millis(*more_in_ms)),
            window_seconds: None,
        }
    }
}

/// The limits of a key or a tenant.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[allow(missing_docs)]
pub struct ShownLimitList {
    pub limits: Vec<ShownLimit>,
}

/// The point that a tenant's limits were restored to.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[allow(missing_docs)]
pub struct ShownRestore {
    pub restored_to: Rfc3339,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn a_limit_is_shown_with_what_is_left_and_when_there_is_more() {
        let applied =
            AppliedLimit { name: "monthly".into(), kind: LimitKind::Quota(Period::Month), per: Per::Tenant, limit: 9 };
        let state = LimitState { applied, remaining: 4, more_in_ms: 1_500 };
        let now = Timestamp::from_millis(0);
        let brief = json!({"kind": "quota", "limit": 9, "name": "monthly", "remaining": 4,
            "resets_at": "1970-01-01T00:00:01.500Z"});
        assert_eq!(json!(ShownLimit::brief(&state, now)), brief);
        let mut whole = brief;
        (whole["per"], whole["period"]) = (json!("tenant"), json!("month"));
        assert_eq!(json!(ShownLimit::new(&state, now)), whole);
        let rate = AppliedLimit { kind: LimitKind::Rate(60), per: Per::Key, ..state.applied };
        let shown = json!(ShownLimit::new(&LimitState { applied: rate, ..state }, now));
        assert_eq!((&shown["per"], &shown["window_seconds"]), (&json!("key"), &json!(60)));
        assert_eq!(shown.get("period"), None);
    }
}
