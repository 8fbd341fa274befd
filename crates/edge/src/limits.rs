//! Charges requests to the limits of their keys.
//!
//! [`Accounts`](keystile_core::limits::accounts) decides. A request that finds units in its isolate waits for nothing.
//! The isolate asks the tenant's limiter for more beside a request, and gives back what is left of a grant that ended.

use std::{cell::RefCell, rc::Rc};

use js_sys::Promise;

use keystile_core::{
    KeyId, KeyRecord, TenantId, Timestamp,
    access::verdict::Refusal,
    base::problem::Problem,
    limits::{
        account::Asking,
        accounts::{Decision, NoAnswer, Outcome},
        headers::{self, Told},
        limiter::{Granting, Limit},
        state::{Charged, LimitState},
    },
    objects::{
        ledger::TellLimits,
        limiter::{Ask, Asked},
    },
};
use keystile_runtime::{
    clock, log,
    object::{self, CallFailed},
};
use serde_json::Value;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;
use worker::Env;

use crate::{incoming::Incoming, isolate::Isolate, response::in_background};

/// The time that a call to a limiter may take, milliseconds.
const TIMEOUT_MS: u64 = 1_500;
/// The number of askings for one request. A grant can come too late to be used.
const MAX_ASKINGS: u32 = 3;
/// The time after which a limiter is told once more what is given back, milliseconds.
const GIVE_BACK_RETRY_MS: u64 = 3_000;

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
        if let Some(decision) = ask_in_background(isolate, incoming, charged, asking).await {
            return decided(incoming, decision, waited);
        }
        let outcome = isolate.accounts.borrow_mut().charge(charged, clock::now());
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
    Counted::of(Decision::Unreachable, MAX_ASKINGS)
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

/// Asks in the background, and waits for the decision. If the caller goes meanwhile, the answer is taken over all the
/// same, so that nothing is lost. `None` if a grant came too late to be used.
async fn ask_in_background(
    isolate: &Rc<Isolate>,
    incoming: &Incoming,
    charged: Charged<'_>,
    asking: Asking,
) -> Option<Decision> {
    let outcome = Rc::new(RefCell::new(None));
    let mut resolve = None;
    let decided = Promise::new(&mut |resolved, _| resolve = Some(resolved));
    let work = {
        let (isolate, env, outcome) = (Rc::clone(isolate), incoming.env.clone(), Rc::clone(&outcome));
        let (tenant, key, cost) = (charged.tenant.clone(), charged.key.clone(), charged.cost);
        async move {
            let charged = Charged { tenant: &tenant, key: &key, cost };
            let (decision, lifetime_ms) = take_over(&isolate, &env, charged, asking).await;
            outcome.replace(decision);
            if let Some(resolve) = resolve {
                let _ = resolve.call0(&JsValue::UNDEFINED);
            }
            if let Some(lifetime_ms) = lifetime_ms {
                give_back(&isolate, &env, charged, lifetime_ms).await;
            }
        }
    };
    let _ = in_background(incoming, work);
    // This can't fail: the promise is never rejected.
    let _ = JsFuture::from(decided).await;
    outcome.take()
}

/// Asks beside a request, which doesn't wait for the answer.
fn send_beside(isolate: &Rc<Isolate>, incoming: &Incoming, tenant: &TenantId, key: &KeyId, asking: Asking) {
    let (isolate, env, tenant, key) = (Rc::clone(isolate), incoming.env.clone(), tenant.clone(), key.clone());
    let work = async move {
        let charged = Charged { tenant: &tenant, key: &key, cost: 0 };
        if let (_, Some(lifetime_ms)) = take_over(&isolate, &env, charged, asking).await {
            give_back(&isolate, &env, charged, lifetime_ms).await;
        }
    };
    let _ = in_background(incoming, work);
}

/// Gives back what is left of a grant when it has ended. A limiter that doesn't answer is told once more.
async fn give_back(isolate: &Isolate, env: &Env, charged: Charged<'_>, after_ms: i64) {
    for after_ms in [after_ms.unsigned_abs(), GIVE_BACK_RETRY_MS] {
        clock::sleep(after_ms).await;
        let asking = isolate.accounts.borrow_mut().give_back(charged.key, clock::now());
        let Some(asking) = asking else { return };
        take_over(isolate, env, Charged { cost: 0, ..charged }, asking).await;
        if !isolate.accounts.borrow().owes(charged.key) {
            return;
        }
    }
}

/// Asks, and takes over the answer. Returns the decision on the request that asks, and the lifetime of the grant, if
/// there is one.
async fn take_over(
    isolate: &Isolate,
    env: &Env,
    charged: Charged<'_>,
    asking: Asking,
) -> (Option<Decision>, Option<i64>) {
    let answer = ask(env, charged, &asking).await;
    let (mut accounts, now) = (isolate.accounts.borrow_mut(), clock::now());
    match answer {
        Ok((states, granting)) => {
            let lifetime_ms = match &granting {
                Granting::Granted(grant) => Some(grant.lifetime_ms).filter(|&lifetime_ms| lifetime_ms > 0),
                _ => None,
            };
            (accounts.answered(charged, asking, states, granting, now), lifetime_ms)
        }
        Err(why) => (Some(accounts.unanswered(charged, asking, why, now)), None),
    }
}

/// Asks the limiter. If it doesn't know the tenant's limits, the ledger tells them first.
async fn ask(env: &Env, charged: Charged<'_>, asking: &Asking) -> Result<(Vec<LimitState>, Granting), NoAnswer> {
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
        let tell = TellLimits { request_id: "req_none".into() };
        answered(object::ask(env, tenant, &tell, TIMEOUT_MS).await)?;
        asked = call(env, tenant, &request).await?;
    }
    match asked {
        Asked::Known { limits, granting } => Ok((limits, granting)),
        Asked::Unknown => {
            log::warn("limits_not_told", &[("tenant", tenant.into())]);
            Err(NoAnswer::Unreachable)
        }
    }
}

async fn call(env: &Env, tenant: &str, request: &Ask) -> Result<Asked, NoAnswer> {
    let answer = object::ask(env, tenant, request, TIMEOUT_MS).await;
    Asked::decode(&answered(answer)?).ok_or(NoAnswer::Failed)
}

fn answered(answer: Result<(u16, String), CallFailed>) -> Result<Value, NoAnswer> {
    match answer {
        Ok((200..300, text)) => serde_json::from_str(&text).map_err(|_| NoAnswer::Failed),
        Ok((status, _)) => {
            log::warn("limiter_failed", &[("status", status.into())]);
            Err(NoAnswer::Failed)
        }
        Err(error) => {
            log::warn("limiter_unreachable", &[("reason", error.0.into())]);
            Err(NoAnswer::Unreachable)
        }
    }
}
