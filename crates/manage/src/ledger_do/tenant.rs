//! What concerns a whole tenant: suspending and resuming it, its settings, and
//! what there is to say of it.

use keystile_core::{
    TenantId, Timestamp,
    api::management,
    feed::{message::TenantStanding, outbox::Told},
    ledger::{audit::Action, lifecycle::KeyStatus, plan},
};
use keystile_runtime::clock;
use serde_json::{Map, Value, json};

use super::{
    answer::{self, Answer, Outcome},
    audit,
    books::Books,
    keys,
    outbox::{self, Subject},
    settings, standing,
};
use crate::{
    command::{Origin, PatchTenant, Resume, Summary, Suspend},
    failure::Failure,
};

impl Books {
    /// Puts all of the tenant's keys out of use.
    pub(super) async fn suspend(&self, command: Suspend) -> Outcome {
        self.set_suspended(&command.origin, &command.tenant, true).await
    }

    /// Puts them back into use.
    pub(super) async fn resume(&self, command: Resume) -> Outcome {
        self.set_suspended(&command.origin, &command.tenant, false).await
    }

    async fn set_suspended(&self, origin: &Origin, tenant: &TenantId, suspended: bool) -> Outcome {
        let now = clock::now();
        let told = self.change_for(origin, now, || {
            let known = standing::find(&self.database)?;
            if known.as_ref().is_some_and(|known| known.stated.suspended) == suspended {
                return Ok(known.map(|known| known.told()));
            }
            let version = known.map_or(0, |known| known.stated.version) + 1;
            standing::write(&self.database, &TenantStanding { tenant: tenant.clone(), version, suspended })?;
            let action = if suspended { Action::Suspended } else { Action::Resumed };
            audit::tenant_changed(&self.database, origin, action, Map::new(), now)?;
            outbox::enqueue(&self.database, &Subject::Tenant, version, now)?;
            self.arm(now)?;
            Ok(Some(Told { version, effective_by: None }))
        })?;
        let effective_by = match told {
            Some(told) => self.publish_version(Subject::Tenant, told).await?,
            // A tenant that was never suspended need not be resumed: that holds already.
            None => Some(now),
        };
        if effective_by.is_none() {
            return Err(answer::pending(false).into());
        }
        let mut body = Map::new();
        body.insert("tenant".into(), json!(tenant));
        body.insert("suspended".into(), json!(suspended));
        body.extend(answer::effect(effective_by, self.deployment.holds()));
        body.insert("keys".into(), json!(self.active_keys(now)?));
        Ok(Answer::ok(Value::Object(body)))
    }

    fn active_keys(&self, now: Timestamp) -> worker::Result<u64> {
        let counts = keys::count_by_status(&self.database, now)?;
        Ok(counts.iter().filter(|(status, _)| *status == KeyStatus::Active).map(|(_, keys)| keys).sum())
    }

    /// Changes its plan and its own limits. Keys that exist stay as they are.
    pub(super) async fn patch_tenant(&self, command: PatchTenant) -> Outcome {
        let now = clock::now();
        let PatchTenant { origin, tenant, patch } = command;
        self.change_for(&origin, now, || {
            let before = settings::find(&self.database)?;
            let after = patch.clone().apply(before.clone());
            if after == before {
                return Ok(());
            }
            settings::write(&self.database, &after)?;
            let detail = plan::difference(&before, &after);
            audit::tenant_changed(&self.database, &origin, Action::LimitsChanged, detail, now)?;
            // So that the list of tenants has it even if it has no keys yet.
            if standing::find(&self.database)?.is_none() {
                standing::write(
                    &self.database,
                    &TenantStanding { tenant: tenant.clone(), version: 1, suspended: false },
                )?;
                outbox::enqueue(&self.database, &Subject::Tenant, 1, now)?;
            }
            Ok(self.arm(now)?)
        })?;
        // The limits hold from now on, whoever hears of the tenant when.
        let _ = self.publish_now(&[Subject::Tenant]).await;
        self.summary(&Summary { request_id: origin.request_id, tenant }).map(Answer::ok)
    }

    /// Its standing and settings, its keys by status, and which secrets they depend on.
    pub(super) fn summary(&self, command: &Summary) -> Result<Value, Failure> {
        let now = clock::now();
        let counted = keys::count_by_status(&self.database, now)?;
        let of = |status| counted.iter().filter(|(of, _)| *of == status).map(|(_, keys)| *keys).sum::<u64>();
        let statuses = [KeyStatus::Active, KeyStatus::Disabled, KeyStatus::Revoked, KeyStatus::Expired];
        let keys: Map<_, _> = statuses.map(|status| (status.as_str().into(), of(status).into())).into_iter().collect();
        let suspended = standing::find(&self.database)?.is_some_and(|standing| standing.stated.suspended);
        let settings = settings::find(&self.database)?;
        let mut body = Map::new();
        body.insert("tenant".into(), json!(command.tenant));
        body.insert("suspended".into(), json!(suspended));
        body.extend(management::present_settings(&settings, self.deployment.config.limits_of(&settings)));
        body.insert("keys".into(), json!(keys));
        body.insert("secrets".into(), json!(self.secrets(now)?));
        Ok(Value::Object(body))
    }

    /// The configured secrets, newest first, then those that live keys were
    /// tagged with and that are missing.
    fn secrets(&self, now: Timestamp) -> Result<Vec<Value>, Failure> {
        let used = keys::count_by_secret(&self.database, now)?;
        let keyring = &self.deployment.keyring;
        let keys_of = |fingerprint: &str| used.iter().find(|(of, _)| of == fingerprint).map_or(0, |(_, keys)| *keys);
        let configured = keyring.fingerprints().map(|fingerprint| (fingerprint, keys_of(fingerprint), true));
        let missing = used
            .iter()
            .filter(|(of, _)| !keyring.fingerprints().any(|configured| configured == of))
            .map(|(of, keys)| (of.as_str(), *keys, false));
        Ok(configured
            .chain(missing)
            .map(|(fingerprint, keys, configured)| {
                json!({ "fingerprint": fingerprint, "keys": keys, "configured": configured })
            })
            .collect())
    }
}
