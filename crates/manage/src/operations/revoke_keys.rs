//! Revokes many keys of a tenant at once: those of a list, those with a scope, or all.
//!
//! Each batch is one transaction of the ledger and one publication, so other callers get their turn after each. A request
//! revokes [`MAX_REVOKED`] keys at most. If others are left, the answer says so, and the same request goes on with them.

use keystile_core::{
    KeyId, Timestamp,
    api::{
        management::{self, MAX_BODY_BYTES},
        shown::ShownRevocations,
    },
    base::{code::Code, problem::Problem, timestamp::Rfc3339},
    ledger::{
        audit::Action,
        idempotency::Claim,
        revocation::{MAX_REVOKED, Revoked, RevokedKey, RevokedStatus},
    },
};
use keystile_runtime::clock;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    api::{body::JSON, call::ApiCall, reply::ApiResult},
    command::{Command, Origin, Target},
    failure::Failure,
    ledger::{drain::NotTaken, handler::Change, keys, open::OpenLedger, outbox::Changed, refusals, revocations},
};

/// The number of keys in one transaction, and in one call to the feed.
const BATCH: usize = 50;
/// The time after which no further batch begins: less than the management worker waits for a ledger.
const LONGEST_MS: i64 = 7_000;

/// Revokes keys of the path's tenant.
pub(super) async fn of_tenant(call: &ApiCall<'_>) -> ApiResult {
    call.no_query()?;
    let (body, origin) = call.asked(JSON, MAX_BODY_BYTES).await?;
    let (which, reason) = management::parse_revoke_many(body)?;
    call.tenants_ledger(&RevokeKeys { origin, which, reason }).await
}

/// The command to revoke keys.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct RevokeKeys {
    pub(crate) origin: Origin,
    pub(crate) which: Revoked,
    pub(crate) reason: Option<String>,
}

impl Command for RevokeKeys {
    const PATH: &'static str = "/revoke-keys";
    type Answer = ShownRevocations;

    fn request_id(&self) -> &str {
        &self.origin.request_id
    }
}

impl Change for RevokeKeys {
    fn claim(&self) -> Option<&Claim> {
        self.origin.claim.as_ref()
    }

    async fn carry_out(self, ledger: &OpenLedger) -> Result<ShownRevocations, Failure> {
        let begun_at = clock::now();
        ledger.judge(&self.origin, begun_at)?;
        let (chosen, mut more) = self.chosen(ledger, begun_at)?;
        let (mut results, mut why, mut is_reached) = (Vec::with_capacity(chosen.len()), NotTaken::Yet, true);
        for batch in chosen.chunks(BATCH) {
            let now = clock::now();
            // The rest is for another request when the judgement on the caller ends, or when they have waited for long.
            let is_late = now.millis_since(begun_at) > LONGEST_MS || ledger.judge(&self.origin, now).is_err();
            if !results.is_empty() && is_late {
                more = true;
                break;
            }
            let revoked = ledger.change_for(&self.origin, now, || {
                let revoked =
                    batch.iter().map(|id| self.revoke(ledger, id, now)).collect::<Result<Vec<_>, Failure>>()?;
                ledger.arm(now)?;
                Ok(revoked)
            })?;
            let there = revoked.iter().filter(|result| result.status != RevokedStatus::NotFound);
            let subjects: Vec<Changed> = there.map(|result| Changed::Key(result.id.clone())).collect();
            results.extend(revoked);
            if is_reached {
                match ledger.publish_now(&subjects).await {
                    Ok(_) => {}
                    Err(NotTaken::Ever) => why = NotTaken::Ever,
                    // The outbox retries those that aren't taken now.
                    Err(NotTaken::Yet) => is_reached = false,
                }
            }
            // Others get their turn.
            clock::sleep(0).await;
        }
        let [revoked, already_revoked, not_found] =
            [RevokedStatus::Revoked, RevokedStatus::AlreadyRevoked, RevokedStatus::NotFound]
                .map(|status| status.count(&results));
        let there = results.iter().filter(|result| result.status != RevokedStatus::NotFound);
        let ids: Vec<KeyId> = there.map(|result| result.id.clone()).collect();
        let Some(effective_by) = revocations::in_effect(&ledger.database, &ids)? else {
            let pending = refusals::pending(true, why).with("revoked", json!(revoked)).with("more", json!(more));
            return Err(pending.with("already_revoked", json!(already_revoked)).into());
        };
        let (effective_by, holds) = (Rfc3339(effective_by.unwrap_or(begun_at)), ledger.deployment.holds());
        Ok(ShownRevocations { already_revoked, effective_by, holds, more, not_found, results, revoked })
    }
}

impl RevokeKeys {
    /// The keys to revoke, and whether others are left. Those that are revoked and of which the feed has yet to hear
    /// are among them, so that a request that is sent again tells when they are in effect.
    fn chosen(&self, ledger: &OpenLedger, now: Timestamp) -> Result<(Vec<KeyId>, bool), Failure> {
        let database = &ledger.database;
        let scope = match &self.which {
            Revoked::Ids(ids) => {
                for id in ids {
                    if keys::told(database, id.as_str())?.is_some() {
                        return Ok((ids.clone(), false));
                    }
                }
                // Of a mistyped tenant, for instance. Nothing is revoked, and no script should miss that.
                return Err(Problem::new(Code::KeyNotFound, "This tenant has none of these keys.").into());
            }
            Revoked::Scope(scope) => scope.as_str(),
            Revoked::All => "",
        };
        if !ledger.has_tenant()? {
            return Err(refusals::no_such_tenant().into());
        }
        let mut ids = revocations::to_revoke(database, scope, MAX_REVOKED + 1, now)?;
        let more = ids.len() > MAX_REVOKED;
        ids.truncate(MAX_REVOKED);
        Ok((ids, more))
    }

    fn revoke(&self, ledger: &OpenLedger, id: &KeyId, now: Timestamp) -> Result<RevokedKey, Failure> {
        let row = keys::find(&ledger.database, &Target { id: id.clone(), within: None })?;
        let status = match row.map(|row| row.key) {
            None => RevokedStatus::NotFound,
            Some(key) if key.revocation.is_some() => RevokedStatus::AlreadyRevoked,
            Some(before) => {
                let after = before.revoke(self.reason.clone(), now);
                ledger.record_changed(&self.origin, Action::Revoked, &before, &after, now)?;
                RevokedStatus::Revoked
            }
        };
        Ok(RevokedKey { id: id.clone(), status })
    }
}
