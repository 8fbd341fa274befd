//! A limit that a key is under, with what is left of it: what an isolate is told, and what it tells clients.

use serde::{Deserialize, Serialize};

use super::{
    definition::{AppliedLimit, LimitKind},
    limiter::Left,
};
use crate::{
    access::verdict::{Excess, Refusal},
    base::id::{KeyId, TenantId},
};

/// A limit, and what is left of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LimitState {
    /// The limit.
    pub applied: AppliedLimit,
    /// The units that are neither used nor granted.
    pub remaining: u64,
    /// The time until there are more, milliseconds; 0 if all are there.
    pub more_in_ms: i64,
}

impl LimitState {
    /// The state of a limit of which this is left.
    #[must_use]
    pub fn new(applied: AppliedLimit, left: Left) -> Self {
        let Left { remaining, more_in_ms } = left;
        Self { applied, remaining, more_in_ms }
    }
}

/// The key that a request is charged to.
#[derive(Clone, Copy, Debug)]
pub struct Charged<'a> {
    /// Its tenant.
    pub tenant: &'a TenantId,
    /// The key.
    pub key: &'a KeyId,
    /// The units.
    pub cost: u64,
}

/// The refusal of a request that lacks units under the limits of these places.
#[must_use]
pub fn refusal(states: &[LimitState], by: &[usize], retry_after_ms: Option<i64>) -> Refusal {
    let lacking = || by.iter().filter_map(|&place| states.get(place));
    let limits = lacking().map(|state| state.applied.name.clone()).collect();
    let excess = Excess { limits, retry_after_ms };
    let quotas_alone = lacking().all(|state| matches!(state.applied.kind, LimitKind::Quota(_)));
    if quotas_alone { Refusal::QuotaExceeded(excess) } else { Refusal::RateLimited(excess) }
}
