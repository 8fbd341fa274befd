//! The limiters: one object for each tenant, which counts the requests of all its keys.

use alloc::{string::String, vec::Vec};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Done, calls};
use crate::{
    base::{id::KeyId, timestamp::Timestamp},
    limits::{
        definition::{AppliedLimit, LimitKind, Per},
        grant::{Grant, Report},
        limiter::Granting,
        own::OwnLimits,
        quota::Period,
    },
};

pub use crate::limits::{accounts::HELD_FOR_MS, state::LimitState};

/// The binding.
pub const BINDING: &str = "LIMITER";

calls! { BINDING;
    // Edges ask for units, report on those that they were given, or look at what is left.
    Ask, "/ask" => Asked;
    // Ledgers tell the plan and the own values of a tenant and its keys, and what operators added to quotas.
    Tell, "/tell" => Told;
    // Ledgers ask what is left, for the management API.
    Look, "/look" => Asked;
    // Ledgers pass on an operator's order to go back to an earlier point.
    Restore, "/restore" => Done;
    // The ledger of a tenant that is erased has all forgotten that was counted and told.
    Forget, "/forget" => Done;
}

/// An asking for units.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ask {
    /// The key.
    pub key: KeyId,
    /// The units without which the request can't be admitted.
    pub need: u64,
    /// The units that the isolate would hold.
    pub want: u64,
    /// The lifetime of the grant, milliseconds; 0 if the units are used as they are granted.
    pub lifetime_ms: i64,
    /// The use of earlier grants of this key's.
    pub reports: Vec<Report>,
}

/// The answer to an asking.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Asked {
    /// The limiter doesn't know the tenant's limits: its ledger has to tell them first.
    Unknown,
    /// The limits of the key, with what is left of them, and what was granted.
    Known {
        /// The limits. If there are none, nothing has to be counted.
        limits: Vec<LimitState>,
        /// The grant or the refusal.
        granting: Granting,
    },
}

impl Asked {
    /// Reads the JSON as an edge does: a derived reader would take too much of its size. `None` if it can't be read.
    #[must_use]
    pub fn decode(answer: &Value) -> Option<Self> {
        let Some(known) = answer.get("known") else {
            return (answer == "unknown").then_some(Self::Unknown);
        };
        let limits = known.get("limits")?.as_array()?.iter().map(decode_state).collect::<Option<_>>()?;
        Some(Self::Known { limits, granting: decode_granting(known.get("granting")?)? })
    }
}

fn decode_state(state: &Value) -> Option<LimitState> {
    let applied = state.get("applied")?;
    let kind = applied.get("kind")?;
    let kind = match kind.get("rate") {
        Some(seconds) => LimitKind::Rate(u32::try_from(seconds.as_u64()?).ok()?),
        None => LimitKind::Quota(match kind.get("quota")?.as_str()? {
            "day" => Period::Day,
            "month" => Period::Month,
            _ => return None,
        }),
    };
    let per = match applied.get("per")?.as_str()? {
        "key" => Per::Key,
        "tenant" => Per::Tenant,
        _ => return None,
    };
    Some(LimitState {
        applied: AppliedLimit {
            name: applied.get("name")?.as_str()?.into(),
            kind,
            per,
            limit: applied.get("limit")?.as_u64()?,
        },
        remaining: state.get("remaining")?.as_u64()?,
        more_in_ms: state.get("more_in_ms")?.as_i64()?,
    })
}

fn decode_granting(granting: &Value) -> Option<Granting> {
    let places = |of: &Value| {
        let place = |place: &Value| usize::try_from(place.as_u64()?).ok();
        of.get("by")?.as_array()?.iter().map(place).collect::<Option<Vec<_>>>()
    };
    let (outcome, of) = granting.as_object()?.iter().next()?;
    Some(match outcome.as_str() {
        "granted" => Granting::Granted(Grant {
            number: of.get("number")?.as_u64()?,
            units: of.get("units")?.as_u64()?,
            lifetime_ms: of.get("lifetime_ms")?.as_i64()?,
            scarce: of.get("scarce")?.as_bool()?,
        }),
        "nothing" => Granting::Nothing { millis: of.get("millis")?.as_i64()?, by: places(of)? },
        "wait" => Granting::Wait { millis: of.get("millis")?.as_i64()?, by: places(of)? },
        "never" => Granting::Never { by: places(of)? },
        _ => return None,
    })
}

/// The limits of a tenant and its keys, as their ledger knows them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tell {
    /// The tenant's plan and own values.
    pub tenant: TenantTerms,
    /// The keys that have own values, or count as another key.
    pub keys: Vec<KeyTerms>,
    /// The additions to quotas that were made and not told yet.
    pub additions: Vec<Addition>,
    /// Whether these are all keys for which there is something to tell. A limiter that was never told of all
    /// says so in its answer.
    pub complete: bool,
    /// The number of restores that the limiter stated when this telling began. If it was restored since, it has forgotten
    /// what was told before, and `complete` doesn't hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restores: Option<u64>,
}

/// A tenant's plan and own values.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenantTerms {
    /// The version: of two, the higher holds.
    pub version: u64,
    /// The plan, if the tenant is on one.
    pub plan: Option<String>,
    /// The own values.
    pub own: OwnLimits,
}

/// A key's own values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyTerms {
    /// The key.
    pub id: KeyId,
    /// The version: of two, the higher holds.
    pub version: u64,
    /// The own values.
    pub own: OwnLimits,
    /// The first key of a row of rotations. Limits per key count them together.
    pub counts_as: Option<KeyId>,
}

/// Units that an operator added to a quota.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Addition {
    /// The addition's id. Each is made once.
    pub id: String,
    /// The quota's name.
    pub quota: String,
    /// The key whose quota it is; `None` if the tenant shares it.
    pub key: Option<KeyId>,
    /// The units.
    pub units: u64,
    /// The end of the period that gets them.
    pub ends_at: Timestamp,
}

/// The answer to what a ledger told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// Whether the limiter was told of all keys, now or before. If not, additions wait until it is.
    pub complete: bool,
    /// The number of its restores.
    #[serde(default)]
    pub restores: u64,
}

/// The question what is left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Look {
    /// The key; `None` for the limits that the tenant's keys share.
    pub key: Option<KeyId>,
}

/// The order to go back to an earlier point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restore {
    /// The point.
    pub to: Timestamp,
}

/// The order to forget the tenant, which was erased: its terms, what was counted, what was added. Nothing is granted or
/// learned from then on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forget {}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn reads_back<T: Serialize + serde::de::DeserializeOwned + PartialEq + core::fmt::Debug>(text: &str) -> T {
        let read: T = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), text);
        read
    }

    #[test]
    fn an_edge_reads_what_a_limiter_writes() {
        let state = |kind, per| LimitState {
            applied: AppliedLimit { name: "a".into(), kind, per, limit: 7 },
            remaining: 3,
            more_in_ms: 40,
        };
        let limits = alloc::vec![
            state(LimitKind::Rate(60), Per::Key),
            state(LimitKind::Quota(Period::Day), Per::Tenant),
            state(LimitKind::Quota(Period::Month), Per::Key),
        ];
        let grantings = [
            Granting::Granted(Grant { number: u64::MAX, units: 1, lifetime_ms: 20, scarce: true }),
            Granting::Nothing { millis: 5, by: alloc::vec![1] },
            Granting::Wait { millis: 6, by: alloc::vec![0, 2] },
            Granting::Never { by: alloc::vec![1] },
        ];
        let known = grantings.map(|granting| Asked::Known { limits: limits.clone(), granting });
        for asked in known.into_iter().chain([Asked::Unknown]) {
            assert_eq!(Asked::decode(&serde_json::to_value(&asked).unwrap()), Some(asked));
        }
        for wrong in ["{}", "7", r#""new""#, r#"{"known": {"limits": [], "granting": {"new": {}}}}"#] {
            assert_eq!(Asked::decode(&serde_json::from_str(wrong).unwrap()), None, "{wrong}");
        }
    }

    #[test]
    fn the_messages_are_golden() {
        reads_back::<Ask>(
            r#"{"key":"key_4bTzV9cXk07Hq2mN1pRs","need":1,"want":5,"lifetime_ms":1000,"reports":[{"number":7,"used":2,"closed":true}]}"#,
        );
        assert_eq!(reads_back::<Asked>(r#""unknown""#), Asked::Unknown);
        reads_back::<Asked>(
            r#"{"known":{"limits":[{"applied":{"name":"per-second","kind":{"rate":1},"per":"key","limit":20},"remaining":15,"more_in_ms":1000},{"applied":{"name":"monthly","kind":{"quota":"month"},"per":"tenant","limit":1000},"remaining":1000,"more_in_ms":5}],"granting":{"granted":{"number":8,"units":5,"lifetime_ms":1000,"scarce":false}}}}"#,
        );
        reads_back::<Asked>(r#"{"known":{"limits":[],"granting":{"wait":{"millis":40,"by":[0]}}}}"#);
        reads_back::<Tell>(
            r#"{"tenant":{"version":3,"plan":"free","own":{"monthly":{"limit":null}}},"keys":[{"id":"key_4bTzV9cXk07Hq2mN1pRs","version":2,"own":{"per-second":{"limit":5,"at_most":true}},"counts_as":null}],"additions":[{"id":"add_1","quota":"monthly","key":null,"units":10,"ends_at":1750000000000}],"complete":false}"#,
        );
    }
}
