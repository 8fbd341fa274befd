//! The path of every change of a key: one transaction writes the row, the audit entry, the outbox entry and the alarm;
//! then the change is published; only then does the answer say that it is in effect.

use keystile_core::{
    Timestamp,
    access::record::KeyState,
    api::shown::ShownKey,
    feed::outbox::Told,
    ledger::{audit::Action, lifecycle::Key},
};
use serde_json::json;

use super::{
    audit,
    keys::{self, KeyRow},
    open::OpenLedger,
    outbox::{self, Changed},
    refusals,
};
use crate::{
    command::{Origin, Target},
    failure::Failure,
};

impl OpenLedger {
    /// Finds the key that a command is about, if the caller may see it.
    pub(crate) fn find(&self, target: &Target) -> Result<KeyRow, Failure> {
        keys::find(&self.database, target)?.ok_or_else(|| refusals::not_found(target).into())
    }

    /// Changes one key. If nothing would change, there is neither a new version nor an audit entry, but the answer is
    /// the same; if the present state has yet to be published, that is tried again. The answer is about the version
    /// that this change made or found, even if later ones exist by then.
    pub(crate) async fn change(
        &self,
        origin: &Origin,
        target: &Target,
        action: Action,
        change: &dyn Fn(&Key) -> Result<Key, Failure>,
        now: Timestamp,
    ) -> Result<ShownKey, Failure> {
        let (key, effective_by) = self.change_for(origin, now, || {
            let KeyRow { key: before, effective_by } = self.find(target)?;
            let after = change(&before)?;
            if after == before {
                return Ok((before, effective_by));
            }
            self.record_changed(origin, action, &before, &after, now)?;
            self.arm(now)?;
            Ok((after, None))
        })?;
        let told = Told { version: key.record.version, effective_by };
        let Some(effective_by) = self.publish_version(Changed::Key(target.id.clone()), told).await? else {
            let pending = refusals::pending(key.record.state == KeyState::Revoked);
            return Err(pending.with("key_id", json!(target.id)).into());
        };
        Ok(ShownKey::changed(&key, Some(effective_by), self.deployment.holds(), now))
    }

    /// Writes a new key, its audit entry and its outbox entry.
    pub(crate) fn record_new(&self, origin: &Origin, action: Action, key: &Key, now: Timestamp) -> worker::Result<()> {
        keys::insert(&self.database, key)?;
        audit::key_changed(&self.database, origin, action, None, key, now)?;
        outbox::enqueue(&self.database, &Changed::Key(key.record.id.clone()), key.record.version, now)
    }

    /// Writes a changed key, its audit entry and its outbox entry.
    pub(crate) fn record_changed(
        &self,
        origin: &Origin,
        action: Action,
        before: &Key,
        after: &Key,
        now: Timestamp,
    ) -> worker::Result<()> {
        keys::update(&self.database, after)?;
        audit::key_changed(&self.database, origin, action, Some(before), after, now)?;
        outbox::enqueue(&self.database, &Changed::Key(after.record.id.clone()), after.record.version, now)
    }
}
