//! The path of every change of a key: one transaction writes the row, the audit entry, the event, the outbox entry and the
//! alarm;
//! then the change is published; only then does the answer say that it is in effect.

use keystile_core::{
    TenantId, Timestamp,
    access::record::KeyState,
    api::shown::ShownKey,
    events::settings::EndpointSettings,
    feed::outbox::Told,
    ledger::{audit::Action, lifecycle::Key},
};
use serde_json::json;

use super::{
    event_endpoints,
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

    /// Changes one key, if it has a version that `If-Match` names. If nothing would change, there is neither a new
    /// version nor an audit entry, but the answer is the same; if the present state has yet to be published, that is
    /// tried again. The answer is about the version that this change made or found, even if later ones exist by then.
    pub(crate) async fn change(
        &self,
        origin: &Origin,
        target: &Target,
        action: Action,
        change: &dyn Fn(&Key) -> Result<Key, Failure>,
        now: Timestamp,
    ) -> Result<ShownKey, Failure> {
        let (key, effective_by) = self.change_for(origin, now, || {
            let KeyRow { key: before, effective_by, .. } = self.find(target)?;
            let after = change(&before)?;
            origin.check_key(&before)?;
            if after == before {
                return Ok((before, effective_by));
            }
            self.record_changed(origin, action, &before, &after, now)?;
            self.arm(now)?;
            Ok((after, None))
        })?;
        self.answer(&key, effective_by, key.record.state == KeyState::Revoked, now).await
    }

    /// The answer to a change of a key, once the feed has taken this version of it, or the 503 if it doesn't.
    pub(crate) async fn answer(
        &self,
        key: &Key,
        effective_by: Option<Timestamp>,
        is_revocation: bool,
        now: Timestamp,
    ) -> Result<ShownKey, Failure> {
        let (id, told) = (&key.record.id, Told { version: key.record.version, effective_by });
        let published = self.publish_version(Changed::Key(id.clone()), told).await?;
        let pending = |why| refusals::pending(is_revocation, why).with("key_id", json!(id));
        let effective_by = published.map_err(pending)?;
        Ok(ShownKey::changed(key, Some(effective_by), self.deployment.showing(), now))
    }

    /// The time from which a key's own limits are in effect; `None` if it never had any. If the limiter has yet to be
    /// told, that is tried now; the 503 says that it failed.
    pub(crate) async fn own_limits_effect(&self, target: &Target) -> Result<Option<Timestamp>, Failure> {
        let subject = Changed::KeyLimits(target.id.clone());
        if let Ok(Some(effective_by)) = self.tell_now(core::slice::from_ref(&subject)).await {
            return Ok(Some(effective_by));
        }
        if self.is_untold(&subject)? {
            return Err(refusals::limits_pending().with("key_id", json!(target.id)).into());
        }
        Ok(self.find(target)?.limits_effective_by)
    }

    /// Writes a new key, its audit entry, its event and its outbox entries.
    pub(crate) fn record_new(&self, origin: &Origin, action: Action, key: &Key, now: Timestamp) -> worker::Result<()> {
        keys::insert(&self.database, key, now)?;
        self.note_changed(origin, action, None, key, now)?;
        self.enqueue_new(key, now)
    }

    /// Writes the outbox entries of a key that is new here.
    pub(crate) fn enqueue_new(&self, key: &Key, now: Timestamp) -> worker::Result<()> {
        if key.has_limit_terms() {
            outbox::enqueue(&self.database, &Changed::KeyLimits(key.record.id.clone()), key.record.version, now)?;
        }
        outbox::enqueue(&self.database, &Changed::Key(key.record.id.clone()), key.record.version, now)
    }

    /// Tells the limiter of new keys. This comes before they are published, so that none is used without its own
    /// limits. While the limiter can't be reached, the keys are published all the same, and the plan's limits hold.
    pub(crate) async fn tell_of_new(&self, keys: &[Changed]) {
        // Where there are no limits, nobody waits for the limiter.
        if !self.deployment.config.counted_limits.is_empty() {
            let _ = self.tell_now(keys).await;
        }
    }

    /// Writes a changed key, its audit entry, its event and its outbox entries.
    pub(crate) fn record_changed(
        &self,
        origin: &Origin,
        action: Action,
        before: &Key,
        after: &Key,
        now: Timestamp,
    ) -> worker::Result<()> {
        self.note_changed(origin, action, Some(before), after, now)?;
        self.store_changed(before, after, now)
    }

    /// Writes a changed key and its outbox entries. The caller [notes](Self::note_changed) the change.
    pub(crate) fn store_changed(&self, before: &Key, after: &Key, now: Timestamp) -> worker::Result<()> {
        keys::update(&self.database, after, now)?;
        if after.own_limits != before.own_limits {
            keys::limits_changed(&self.database, &after.record.id)?;
            outbox::enqueue(&self.database, &Changed::KeyLimits(after.record.id.clone()), after.record.version, now)?;
        }
        outbox::enqueue(&self.database, &Changed::Key(after.record.id.clone()), after.record.version, now)
    }

    /// Writes a new or changed endpoint for events. The router is told of it, and the tenant is known from then on. The
    /// audit entry is the caller's.
    pub(crate) fn store_endpoint(
        &self,
        endpoint: &EndpointSettings,
        tenant: Option<&TenantId>,
        now: Timestamp,
    ) -> worker::Result<()> {
        event_endpoints::write(&self.database, endpoint)?;
        event_endpoints::list_changed(&self.database, tenant, now)?;
        tenant.map_or(Ok(()), |tenant| self.make_known(tenant, now))
    }
}
