//! Changes a key by a merge patch.

use keystile_core::{
    api::{
        management::{self, MAX_BODY_BYTES},
        shown::ShownKey,
    },
    base::fields::FieldError,
    ledger::{
        audit::Action,
        idempotency::Claim,
        lifecycle::{Key, KeyPatch},
    },
};
use keystile_runtime::clock;
use serde::{Deserialize, Serialize};

use crate::{
    api::{body::MERGE_PATCH, call::ApiCall, reply::ApiResult},
    command::{Command, Origin, Target},
    failure::Failure,
    ledger::{
        handler::Change,
        open::OpenLedger,
        refusals::{self, not_so_long},
    },
};

/// Changes a tenant's key.
pub(super) async fn of_tenant(call: &ApiCall<'_>) -> ApiResult {
    call.no_query()?;
    let target = call.key()?;
    let (body, origin) = call.asked(MERGE_PATCH, MAX_BODY_BYTES).await?;
    let config = &call.deployment.config;
    let patch = management::parse_patch(body, config, clock::now())?;
    if let Some(portal) = &origin.portal {
        portal.may_patch(&patch, &config.catalog)?;
    }
    call.tenants_ledger(&UpdateKey { origin, target, patch }).await
}

/// The command to change a key as a patch says.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct UpdateKey {
    pub(crate) origin: Origin,
    pub(crate) target: Target,
    pub(crate) patch: KeyPatch,
}

impl Command for UpdateKey {
    const PATH: &'static str = "/patch";
    type Answer = ShownKey;

    fn request_id(&self) -> &str {
        &self.origin.request_id
    }
}

impl Change for UpdateKey {
    fn claim(&self) -> Option<&Claim> {
        self.origin.claim.as_ref()
    }

    async fn carry_out(self, ledger: &OpenLedger) -> Result<ShownKey, Failure> {
        let now = clock::now();
        let Self { origin, target, patch } = self;
        let change = |key: &Key| {
            origin.may_manage(key, &ledger.deployment.config.catalog)?;
            let patched = key.patch(patch.clone(), origin.may_raise, now).map_err(refusals::impossible)?;
            ledger.check_own_limits(&origin, key, &patched.own_limits)?;
            if patch.metadata.is_some() {
                management::check_metadata(&patched.record.metadata)
                    .map_err(|detail| vec![FieldError { field: "metadata".into(), detail }])?;
            }
            if patch.expires_at.is_some() {
                let (limits, record) = (ledger.limits(&patched.record.subject)?, &patched.record);
                limits.check_expiry(record.expires_at, record.created_at).map_err(not_so_long)?;
            }
            Ok(patched)
        };
        let changed = ledger.change(&origin, &target, Action::Changed, &change, now).await;
        if patch.own_limits.is_empty() {
            return changed;
        }
        // The limiter is told even if the feed can't be reached: neither waits for the other.
        let limits_effect = ledger.own_limits_effect(&target).await;
        Ok(changed?.no_earlier_than(limits_effect?))
    }
}
