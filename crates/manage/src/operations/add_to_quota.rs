//! Adds units to the present period of a quota. The tenant's own operators may not, since they could lift what was
//! imposed on them.
//!
//! The ledger records the addition, and the limiter makes it. Both know it by its id, so it is made once, however often
//! it is told and however often its request comes under one idempotency key.

use keystile_core::{
    TenantId, Timestamp,
    api::{
        management::{self, MAX_BODY_BYTES},
        shown::ShownLimit,
    },
    base::{code::Code, fields::FieldError, problem::Problem},
    ledger::{
        audit::Action,
        idempotency::{self, Claim},
        lifecycle::Key,
    },
    limits::{
        definition::{AppliedLimit, LimitKind, MAX_LIMIT, Per},
        quota::Period,
    },
    objects::limiter::Addition,
};
use keystile_runtime::clock;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::{
    api::{body::JSON, call::ApiCall, reply::ApiResult},
    command::{Command, Origin, Target},
    failure::Failure,
    ledger::{
        additions, audit,
        handler::Change,
        open::OpenLedger,
        outbox::{self, Changed},
    },
};

/// Adds to a quota that the tenant's keys share.
pub(super) async fn of_tenant(call: &ApiCall<'_>) -> ApiResult {
    call.no_query()?;
    add(call, None).await
}

/// Adds to a quota of a key.
pub(super) async fn of_key(call: &ApiCall<'_>) -> ApiResult {
    call.no_query()?;
    add(call, Some(call.key()?)).await
}

async fn add(call: &ApiCall<'_>, key: Option<Target>) -> ApiResult {
    let (tenant, quota) = (call.tenant()?.clone(), call.parameter("name")?.to_string());
    let (body, origin) = call.asked(JSON, MAX_BODY_BYTES).await?;
    let units = management::parse_addition(body)?;
    call.tenants_ledger(&AddToQuota { origin, tenant, key, quota, units }).await
}

/// The command to add to a quota.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct AddToQuota {
    pub(crate) origin: Origin,
    pub(crate) tenant: TenantId,
    /// The key; `None` for a quota that the tenant's keys share.
    pub(crate) key: Option<Target>,
    /// The quota's name.
    pub(crate) quota: String,
    pub(crate) units: u64,
}

impl Command for AddToQuota {
    const PATH: &'static str = "/add-to-quota";
    type Answer = ShownLimit;

    fn request_id(&self) -> &str {
        &self.origin.request_id
    }
}

impl Change for AddToQuota {
    fn claim(&self) -> Option<&Claim> {
        self.origin.claim.as_ref()
    }

    async fn carry_out(self, ledger: &OpenLedger) -> Result<ShownLimit, Failure> {
        let now = clock::now();
        let addition = ledger.change_for(&self.origin, now, || {
            let key = self.key.as_ref().map(|target| ledger.find(target)).transpose()?.map(|row| row.key);
            self.record(ledger, key.as_ref(), now)
        })?;
        let key = self.key.map(|target| target.id);
        let subject = Changed::Addition(addition.id);
        // The limiter has to know the key's own value of the quota first.
        let key_limits = key.clone().map(Changed::KeyLimits);
        let told: Vec<Changed> = key_limits.into_iter().chain([subject.clone()]).collect();
        let _ = ledger.tell_now(&told).await;
        if ledger.is_untold(&subject)? {
            return Err(pending().into());
        }
        let (states, now) = ledger.look(&self.tenant, key.as_ref()).await.map_err(|_| not_shown())?;
        let state = states.iter().find(|state| state.applied.name == self.quota).ok_or_else(not_shown)?;
        Ok(ShownLimit::new(state, now))
    }
}

impl AddToQuota {
    /// Records the addition. If the request's claim has recorded it before, that one is meant.
    fn record(&self, ledger: &OpenLedger, key: Option<&Key>, now: Timestamp) -> Result<Addition, Failure> {
        let database = &ledger.database;
        let claim = self.origin.claim.as_ref();
        if let Some(claim) = claim
            && let Some((addition, fingerprint)) = additions::of_claim(database, claim, now)?
        {
            return if fingerprint == claim.fingerprint { Ok(addition) } else { Err(idempotency::reused().into()) };
        }
        let (limit, period) = self.quota(ledger, key)?;
        match key {
            Some(key) => self.origin.check_key(key)?,
            None => self.origin.check_tenant(ledger.tenants_version()?)?,
        }
        let counts_as = key.map(|key| key.counts_as.as_ref().unwrap_or(&key.record.id));
        let room =
            MAX_LIMIT.saturating_sub(limit).saturating_sub(additions::sum(database, &self.quota, counts_as, now)?);
        if self.units > room {
            let detail =
                format!("{room} is the most that can be added now: a quota with all additions has {MAX_LIMIT} at most");
            return Err(vec![FieldError { field: "amount".into(), detail }].into());
        }
        let addition = Addition {
            id: self.origin.request_id.replacen("req_", "add_", 1),
            quota: self.quota.clone(),
            key: counts_as.cloned(),
            units: self.units,
            ends_at: period.end(now),
        };
        additions::insert(database, &addition, claim, now)?;
        audit::quota_changed(database, &self.origin, Action::QuotaAdded, key, detail(&addition), now)?;
        ledger.make_known(&self.tenant, now)?;
        outbox::enqueue(database, &Changed::Addition(addition.id.clone()), 1, now)?;
        ledger.arm(now)?;
        Ok(addition)
    }

    /// The value and the period of the quota, if it can be added to here.
    fn quota(&self, ledger: &OpenLedger, key: Option<&Key>) -> Result<(u64, Period), Failure> {
        let name = &self.quota;
        let not_found = |detail: String| Failure::from(Problem::new(Code::QuotaNotFound, detail));
        let definition = ledger.deployment.config.counted_limits.find(name);
        let definition = definition.ok_or_else(|| not_found("keystile.toml has no quota with this name.".into()))?;
        let LimitKind::Quota(period) = definition.kind else {
            return Err(not_found(format!("\"{name}\" is a rate limit; only quotas can be added to.")));
        };
        match (definition.per, key) {
            (Per::Tenant, Some(_)) => {
                let detail = format!(
                    "The tenant's keys share \"{name}\"; add to it with POST /v1/tenants/{{tenant}}/quotas/{name}/add."
                );
                return Err(not_found(detail));
            }
            (Per::Key, None) => {
                let detail = format!(
                    "Each key has \"{name}\" for itself; add to it with POST \
                     /v1/tenants/{{tenant}}/keys/{{id}}/quotas/{name}/add."
                );
                return Err(not_found(detail));
            }
            (Per::Tenant, None) | (Per::Key, Some(_)) => {}
        }
        match ledger.counted_limits(key)?.into_iter().find(|applied| applied.name == *name) {
            Some(AppliedLimit { limit, .. }) => Ok((limit, period)),
            None => Err(not_found(format!("\"{name}\" does not apply here, so nothing can be added to it."))),
        }
    }
}

/// The detail of the audit entry.
fn detail(addition: &Addition) -> Map<String, Value> {
    let fact = |to: Value| json!({ "from": null, "to": to });
    Map::from_iter([
        ("amount".into(), fact(json!(addition.units))),
        ("period_ends_at".into(), fact(json!(addition.ends_at.to_rfc3339()))),
        ("quota".into(), fact(json!(addition.quota))),
    ])
}

/// The 503: the addition is recorded, but the limiter did not take it.
fn pending() -> Problem {
    let detail = "The addition is recorded, but not yet made: the limiter can't be reached. It is retried by itself, \
                  and made once; send it again only with the same Idempotency-Key.";
    Problem::new(Code::ChangePending, detail)
}

/// The 503: the addition is made, but what is left is not known.
fn not_shown() -> Problem {
    let detail = "The addition is made, but the limiter can't be reached, which knows what is left; send it again only \
                  with the same Idempotency-Key.";
    Problem::unavailable(detail)
}
