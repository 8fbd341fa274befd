//! What concerns a whole tenant: suspending and resuming it, and what there is
//! to say of it.

use keystile_core::{TenantId, Timestamp, audit::Action, feed::message::TenantStanding, lifecycle::KeyStatus};
use keystile_runtime::clock;
use serde_json::{Map, Value, json};

use super::{
    answer::{self, Answer, Outcome},
    audit,
    books::Books,
    keys,
    outbox::{self, Subject},
    standing,
};
use crate::{
    command::{Origin, Resume, Summary, Suspend},
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
        self.database.transaction(|| {
            let stated = standing::find(&self.database)?.map(|standing| standing.stated);
            if stated.as_ref().is_some_and(|stated| stated.suspended) == suspended {
                return Ok(());
            }
            let version = stated.map_or(0, |stated| stated.version) + 1;
            standing::write(&self.database, &TenantStanding { tenant: tenant.clone(), version, suspended })?;
            let action = if suspended { Action::Suspended } else { Action::Resumed };
            audit::tenant_changed(&self.database, origin, action, now)?;
            outbox::enqueue(&self.database, &Subject::Tenant, version, now)?;
            self.arm(now)
        })?;
        let Ok(published) = self.publish_now(&[Subject::Tenant]).await else {
            return Err(answer::pending(false).into());
        };
        let standing = standing::find(&self.database)?;
        // A tenant that was never suspended need not be resumed: that holds already.
        let effective_by = match standing {
            Some(standing) => standing.effective_by.or(published),
            None => Some(now),
        };
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

    /// Its standing, its keys by status, and which secrets they depend on.
    pub(super) fn summary(&self, command: &Summary) -> Outcome {
        let now = clock::now();
        let counted = keys::count_by_status(&self.database, now)?;
        let of = |status| counted.iter().filter(|(of, _)| *of == status).map(|(_, keys)| *keys).sum::<u64>();
        let statuses = [KeyStatus::Active, KeyStatus::Disabled, KeyStatus::Revoked, KeyStatus::Expired];
        let keys: Map<_, _> = statuses.map(|status| (status.as_str().into(), of(status).into())).into_iter().collect();
        let suspended = standing::find(&self.database)?.is_some_and(|standing| standing.stated.suspended);
        Ok(Answer::ok(json!({
            "tenant": command.tenant,
            "suspended": suspended,
            "keys": keys,
            "secrets": self.secrets(now)?,
        })))
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
