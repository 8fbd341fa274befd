//! Charges requests to the limits of their keys.
//!
//! [`Accounts`](keystile_core::limits::accounts) decides. A request that finds units in its isolate waits for nothing.
//! The isolate asks the tenant's limiter for more beside a request, and gives back what is left of a grant that ended.

use std::rc::Rc;

use keystile_core::{
    KeyId, KeyRecord, TenantId, Timestamp,
    access::verdict::Refusal,
    base::problem::Problem,
    limits::{
        account::Asking,
        accounts::{Charged, Decision, Outcome},
        headers::{self, Told},
        limiter::{Granting, Limit},
        state::LimitState,
    },
    objects::{
        Call,
        ledger::TellLimits,
        limiter::{Ask, Asked},
    },
};
use keystile_runtime::{clock, log, object};
use serde_json::Value;
use worker::Env;

use crate::{incoming::Incoming, isolate::Isolate, response::in_background};

/// The time that a call to a limiter may take, milliseconds.
const TIMEOUT_MS: u64 = 1_500;
/// The number of askings for one request. A grant can come too late to be used.
const MAX_ASKINGS: u32 = 3;

/// The outcome of a charge.
pub(crate) struct Counted {
    /// Whether the limits admit the request; the 503 if nobody can tell.
    pub(crate) verdict: Result<Result<(), Refusal>, Problem>,
    /// The limits, with what is left of them.
    pub(crate) states: Vec<LimitState>,
    /// Whether the isolate counted alone, since the limiter was out of reach.
    pub(crate) alone: bool,
    /// The calls that the request waited for.
    pub(crate) waited: u32,
}

impl Counted {
    /// The outcome where nothing is counted.
    pub(crate) const fn free() -> Self {
        Self { verdict: Ok(Ok(())), states: Vec::new(), alone: false, waited: 0 }
    }

    fn of(decision: Decision, waited: u32) -> Self {
        let counted = |verdict, states, alone| Self { verdict: Ok(verdict), states, alone, waited };
        match decision {
            Decision::Admitted(states) => counted(Ok(()), states, false),
            Decision::Refused(refusal, states) => counted(Err(refusal), states, false),
            Decision::Alone(verdict, states) => counted(verdict, states, true),
            Decision::Unreachable => {
                let detail = "Whether this is within the limits can't be told right now; try again shortly.";
                Self { verdict: Err(Problem::unavailable(detail)), states: Vec::new(), alone: false, waited }
            }
        }
    }
}

/// Charges a request to its key, if that needs no answer from the limiter. Otherwise [`wait`] does, with the asking.
pub(crate) fn try_now(
    isolate: &Rc<Isolate>,
    incoming: &Incoming,
    record: &KeyRecord,
    cost: u64,
    now: Timestamp,
) -> Result<Counted, Asking> {
    let Some(tenant) = record.tenant().filter(|_| !isolate.config.limits.is_empty()) else {
        return Ok(Counted::free());
    };
    let charged = Charged { tenant, key: &record.id, cost };
    let outcome = isolate.accounts.borrow_mut().charge(charged, now);
    match outcome {
        Outcome::Ask(asking) => Err(asking),
        Outcome::Decided(decision, asking) => {
            if let Some(asking) = asking {
                send_beside(isolate, incoming, tenant, &record.id, asking);
            }
            Ok(decided(incoming, decision, 0))
        }
    }
}

/// Asks the limiter, and charges the request by its answer.
pub(crate) async fn wait(
    isolate: &Rc<Isolate>,
    incoming: &Incoming,
    record: &KeyRecord,
    cost: u64,
    mut asking: Asking,
) -> Counted {
    let Some(tenant) = record.tenant() else { return Counted::free() };
    let charged = Charged { tenant, key: &record.id, cost };
    for waited in 1..=MAX_ASKINGS {
        let answer = ask(&incoming.env, charged, &asking).await;
        let now = clock::now();
        let Some((states, granting)) = answer else {
            let decision = isolate.accounts.borrow_mut().unanswered(charged, asking, now);
            return decided(incoming, decision, waited);
        };
        give_back_later(isolate, incoming, tenant, &record.id, &granting);
        let decision = isolate.accounts.borrow_mut().answered(charged, asking, states, granting, now);
        if let Some(decision) = decision {
            return decided(incoming, decision, waited);
        }
        let outcome = isolate.accounts.borrow_mut().charge(charged, now);
        match outcome {
            Outcome::Ask(next) => asking = next,
            Outcome::Decided(decision, beside) => {
                if let Some(beside) = beside {
                    send_beside(isolate, incoming, tenant, &record.id, beside);
                }
                return decided(incoming, decision, waited);
            }
        }
    }
    let decision = isolate.accounts.borrow_mut().unanswered(charged, asking, clock::now());
    decided(incoming, decision, MAX_ASKINGS)
}

/// The headers that tell a client of its limits.
pub(crate) fn headers(states: &[LimitState]) -> Vec<(&'static str, String)> {
    if states.is_empty() {
        return Vec::new();
    }
    let told: Vec<Told<'_>> = states.iter().map(told).collect();
    vec![("RateLimit-Policy", headers::policy(&told)), ("RateLimit", headers::remaining(&told))]
}

fn told(state: &LimitState) -> Told<'_> {
    let LimitState { applied, remaining, more_in_ms } = state;
    let (limit, window_ms) = match applied.limit() {
        Limit::Rate(rate) => (rate.limit, Some(rate.window_ms)),
        Limit::Quota(quota) => (quota.limit, None),
    };
    Told { name: &applied.name, limit, window_ms, remaining: *remaining, more_in_ms: *more_in_ms }
}

fn decided(incoming: &Incoming, decision: Decision, waited: u32) -> Counted {
    if matches!(decision, Decision::Alone(..)) {
        log::warn("counted_without_limiter", &[("request_id", incoming.request_id.as_str().into())]);
    }
    Counted::of(decision, waited)
}

/// Asks the limiter. If it doesn't know the tenant's limits, the ledger tells them first.
async fn ask(env: &Env, charged: Charged<'_>, asking: &Asking) -> Option<(Vec<LimitState>, Granting)> {
    let request = Ask {
        key: charged.key.clone(),
        need: asking.need,
        want: asking.want,
        lifetime_ms: asking.lifetime_ms,
        reports: asking.reports.clone(),
    };
    let tenant = charged.tenant.as_str();
    let mut asked = call(env, tenant, &request).await?;
    if asked == Asked::Unknown {
        call_as_value(env, tenant, &TellLimits { request_id: "req_none".into() }).await?;
        asked = call(env, tenant, &request).await?;
    }
    match asked {
        Asked::Known { limits, granting } => Some((limits, granting)),
        Asked::Unknown => {
            log::warn("limits_not_told", &[("tenant", tenant.into())]);
            None
        }
    }
}

async fn call(env: &Env, tenant: &str, request: &Ask) -> Option<Asked> {
    Asked::decode(&call_as_value(env, tenant, request).await?)
}

async fn call_as_value(env: &Env, tenant: &str, request: &impl Call) -> Option<Value> {
    match object::call_as(env, tenant, request, TIMEOUT_MS).await {
        Ok(answer) => Some(answer),
        Err(error) => {
            log::warn("limiter_unreachable", &[("reason", error.0.into())]);
            None
        }
    }
}

/// Asks beside a request, which doesn't wait for the answer.
fn send_beside(isolate: &Rc<Isolate>, incoming: &Incoming, tenant: &TenantId, key: &KeyId, asking: Asking) {
    let (isolate, env, tenant, key) = (Rc::clone(isolate), incoming.env.clone(), tenant.clone(), key.clone());
    let work = async move {
        if let Some(lifetime_ms) = ask_for_stock(&isolate, &env, &tenant, &key, asking).await {
            give_back(&isolate, &env, &tenant, &key, lifetime_ms).await;
        }
    };
    let _ = in_background(incoming, work);
}

/// Asks for what the isolate would hold in stock. Returns the lifetime of the grant, if there is one.
async fn ask_for_stock(isolate: &Isolate, env: &Env, tenant: &TenantId, key: &KeyId, asking: Asking) -> Option<i64> {
    let charged = Charged { tenant, key, cost: 0 };
    let answer = ask(env, charged, &asking).await;
    let mut accounts = isolate.accounts.borrow_mut();
    match answer {
        Some((states, granting)) => {
            let lifetime_ms = lifetime_ms(&granting);
            accounts.answered(charged, asking, states, granting, clock::now());
            lifetime_ms
        }
        None => {
            accounts.unanswered(charged, asking, clock::now());
            None
        }
    }
}

/// Gives back what is left of a grant when it has ended.
fn give_back_later(isolate: &Rc<Isolate>, incoming: &Incoming, tenant: &TenantId, key: &KeyId, granting: &Granting) {
    let Some(lifetime_ms) = lifetime_ms(granting) else { return };
    let (isolate, env, tenant, key) = (Rc::clone(isolate), incoming.env.clone(), tenant.clone(), key.clone());
    let _ = in_background(incoming, async move { give_back(&isolate, &env, &tenant, &key, lifetime_ms).await });
}

async fn give_back(isolate: &Isolate, env: &Env, tenant: &TenantId, key: &KeyId, after_ms: i64) {
    clock::sleep(after_ms.unsigned_abs()).await;
    let asking = isolate.accounts.borrow_mut().give_back(key, clock::now());
    if let Some(asking) = asking {
        ask_for_stock(isolate, env, tenant, key, asking).await;
    }
}

fn lifetime_ms(granting: &Granting) -> Option<i64> {
    match granting {
        Granting::Granted(grant) => Some(grant.lifetime_ms).filter(|&lifetime_ms| lifetime_ms > 0),
        _ => None,
    }
}
