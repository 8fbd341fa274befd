//! The units that one isolate was granted lately, and those that it counted alone while the limiter was out of reach.
//! Together they are no more than the limit in any window.
//!
//! Only rate limits that may be counted so are here. Keys that replaced each other by rotation count apart.

use alloc::{
    string::{String, ToString},
    vec::Vec,
};

use super::{
    definition::AppliedLimit,
    grant::Grant,
    grant_log::{Admission, GrantLog, RateLimit},
    limiter::{Left, Limit},
    state::{Charged, LimitState, refusal},
};
use crate::{access::verdict::Refusal, base::timestamp::Timestamp};

/// The maximum number of logs after a sweep. Beyond it, those that end first are forgotten.
const MAX_LOGS: usize = 2_048;
/// The notes after which the logs are swept.
const SWEPT_AFTER: u32 = 256;

/// The logs of one isolate.
#[derive(Debug, Default)]
pub struct CountedAlone {
    /// Ordered by their names.
    logs: Vec<Log>,
    noted: u32,
}

#[derive(Debug)]
struct Log {
    name: String,
    log: GrantLog,
    /// The time until which something counts that the limiter doesn't know of.
    alone_until: Timestamp,
}

impl CountedAlone {
    /// Counts a request without the limiter, under these rate limits: under all of them or under none.
    pub fn count(
        &mut self,
        limits: Vec<AppliedLimit>,
        charged: Charged<'_>,
        now: Timestamp,
    ) -> (Result<(), Refusal>, Vec<LimitState>) {
        self.sweep_sometimes(now);
        let (mut lacking, mut wait_ms) = (Vec::new(), Some(0));
        let mut states: Vec<LimitState> = Vec::new();
        for limit in limits {
            let Some((Log { log, .. }, rate)) = self.log(&limit, charged) else { continue };
            match log.admits(rate, charged.cost, now) {
                Admission::Free(_) => {}
                Admission::Wait(millis) => {
                    lacking.push(states.len());
                    wait_ms = wait_ms.map(|wait| millis.max(wait));
                }
                Admission::Never => {
                    lacking.push(states.len());
                    wait_ms = None;
                }
            }
            let left = Left { remaining: free(log, rate, now), more_in_ms: log.more_in_ms(rate, now) };
            states.push(LimitState::new(limit, left));
        }
        if !lacking.is_empty() {
            return (Err(refusal(&states, &lacking, wait_ms)), states);
        }
        for state in &mut states {
            state.remaining = state.remaining.saturating_sub(charged.cost);
            if let Some((alone, rate)) = self.log(&state.applied, charged) {
                alone.log.count(rate, charged.cost, now);
                alone.alone_until = now.plus_millis(rate.window_ms);
            }
        }
        (Ok(()), states)
    }

    /// Notes what the limiter granted to this isolate.
    pub fn note_granted(&mut self, limit: &AppliedLimit, charged: Charged<'_>, grant: &Grant, now: Timestamp) {
        self.sweep_sometimes(now);
        let Grant { number, units, lifetime_ms, .. } = *grant;
        if let Some((Log { log, .. }, rate)) = self.log(limit, charged) {
            match lifetime_ms {
                0 => log.count(rate, units, now),
                lifetime_ms => log.grant(rate, number, units, lifetime_ms, now),
            }
        }
    }

    /// The units that this isolate may still take under a limit, while something counts that the limiter doesn't know
    /// of. Otherwise the limiter alone decides.
    pub fn left(&mut self, limit: &AppliedLimit, charged: Charged<'_>, now: Timestamp) -> Option<u64> {
        let Limit::Rate(rate) = limit.limit() else { return None };
        let place = self.place(&local_name(limit, charged)).ok()?;
        let Log { log, alone_until, .. } = self.logs.get_mut(place)?;
        (now < *alone_until).then(|| free(log, rate, now))
    }

    fn place(&self, name: &str) -> Result<usize, usize> {
        self.logs.binary_search_by(|log| log.name.as_str().cmp(name))
    }

    fn log(&mut self, limit: &AppliedLimit, charged: Charged<'_>) -> Option<(&mut Log, RateLimit)> {
        let Limit::Rate(rate) = limit.limit() else { return None };
        let name = local_name(limit, charged);
        let place = self.place(&name).unwrap_or_else(|place| {
            let alone_until = Timestamp::from_millis(0);
            self.logs.insert(place, Log { name, log: GrantLog::default(), alone_until });
            place
        });
        self.logs.get_mut(place).map(|log| (log, rate))
    }

    fn sweep_sometimes(&mut self, now: Timestamp) {
        self.noted += 1;
        if self.noted < SWEPT_AFTER {
            return;
        }
        self.noted = 0;
        self.logs.retain(|log| !log.log.is_over(now));
        while self.logs.len() > MAX_LOGS {
            let ends = self.logs.iter().map(|log| log.log.over_at()).enumerate();
            if let Some((place, _)) = ends.min_by_key(|&(_, over_at)| over_at) {
                self.logs.remove(place);
            }
        }
    }

    /// The number of logs.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.logs.len()
    }
}

fn free(log: &mut GrantLog, rate: RateLimit, now: Timestamp) -> u64 {
    match log.admits(rate, 0, now) {
        Admission::Free(free) => free,
        Admission::Wait(_) | Admission::Never => 0,
    }
}

/// The name of a limit's count in the isolate, which counts for all tenants in one place.
fn local_name(limit: &AppliedLimit, charged: Charged<'_>) -> String {
    let mut name = charged.tenant.to_string();
    name.push('/');
    name.push_str(&limit.count_name(charged.key));
    name
}
