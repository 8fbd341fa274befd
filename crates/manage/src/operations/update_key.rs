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
    let if_match = call.request.headers().get("If-Match")?.as_deref().and_then(versions);
    call.tenants_ledger(&UpdateKey { origin, target, patch, if_match }).await
}

/// Reads the versions that an `If-Match` names; `None` for `*`, which any key matches. A tag that isn't one of our
/// ETags matches no key.
fn versions(if_match: &str) -> Option<Vec<u64>> {
    let tags: Vec<&str> = if_match.split(',').map(str::trim).collect();
    if tags.contains(&"*") {
        return None;
    }
    let version = |tag: &&str| tag.strip_prefix('"')?.strip_suffix('"')?.parse().ok();
    Some(tags.iter().filter_map(version).collect())
}

/// The command to change a key as a patch says.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct UpdateKey {
    pub(crate) origin: Origin,
    pub(crate) target: Target,
    pub(crate) patch: KeyPatch,
    /// The versions that `If-Match` names, of which the key must have one; `None` if any version will do.
    pub(crate) if_match: Option<Vec<u64>>,
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
        let Self { origin, target, patch, if_match } = self;
        let change = |key: &Key| {
            origin.may_manage(key, &ledger.deployment.config.catalog)?;
            if if_match.as_ref().is_some_and(|versions| !versions.contains(&key.record.version)) {
                return Err(refusals::version_mismatch(key).into());
            }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn if_match_names_versions_and_what_is_none_matches_nothing() {
        assert_eq!(versions("\"3\""), Some(vec![3]));
        assert_eq!(versions("\"3\", \"4\""), Some(vec![3, 4]));
        assert_eq!(versions("*"), None);
        // A weak tag never matches (RFC 9110, strong comparison).
        for none in ["", "3", "W/\"3\"", "\"x\"", "\"-1\""] {
            assert_eq!(versions(none), Some(vec![]), "{none}");
        }
    }
}
