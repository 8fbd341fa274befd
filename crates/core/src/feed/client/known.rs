//! The records of keys and tenants that an isolate has read, merged with its overlay, and KV's answers.

use super::{CLOCK_JITTER_MS, FeedClient};
use crate::{
    access::record::Stored,
    base::{id::TenantId, timestamp::Timestamp},
    feed::{
        entry::{KeyHash, TenantHash},
        message::TenantStatus,
        overlay::Settled,
        record_cache::Cached,
    },
    key::KeyDigest,
};

/// The maximum number of tenants whose status in KV an isolate remembers. Each takes 200 bytes, and only while the
/// feed is out of reach.
const MAX_KV_TENANT_STATUSES: usize = 1_000;

impl FeedClient {
    /// The record of a key that was read before; with `read_since`, at that time or later.
    pub(in crate::feed) fn remembered(&mut self, digest: &KeyDigest, read_since: Option<Timestamp>) -> Option<Stored> {
        match self.records.get(digest) {
            Some(Cached::Record(stored, read_at)) if read_since.is_none_or(|since| *read_at >= since) => {
                Some(stored.clone())
            }
            _ => None,
        }
    }

    /// The record as it holds at `now`, with what the overlay knows of its key.
    pub(in crate::feed) fn settle(&self, key: KeyHash, read: Option<Stored>, now: Timestamp) -> Settled {
        // The verdict may be given by a reading of the clock that is earlier by the jitter.
        self.overlay.settle(key, read, now.plus_millis(-CLOCK_JITTER_MS))
    }

    /// The version of the key's change, if the overlay has one.
    pub(in crate::feed) fn changed_to(&self, key: KeyHash) -> Option<u64> {
        self.overlay.key(key).map(|entry| entry.version)
    }

    /// Whether the overlay has each change of the key that KV may lack.
    pub(in crate::feed) fn covers_key(&self, key: KeyHash) -> bool {
        self.overlay.known_keys.has(key.place())
    }

    /// Whether what KV answers now may be remembered. A record that is older than a change in a part that isn't known may
    /// not: the part may come when the log no longer has the change. (A cold isolate drops it when it begins.)
    pub(in crate::feed) fn may_remember(&self, key: KeyHash) -> bool {
        self.epoch.is_none() || self.covers_key(key)
    }

    /// The hash of a tenant in the log that this isolate follows.
    pub(in crate::feed) fn tenant_hash(&self, tenant: &TenantId) -> TenantHash {
        TenantHash::of(self.epoch(), tenant)
    }

    /// Whether the overlay has the tenant's suspension, if it is suspended.
    pub(in crate::feed) fn covers_tenant(&self, tenant: &TenantId) -> bool {
        let known = &self.overlay.known_tenants;
        known.is_whole() || known.has(self.tenant_hash(tenant).place())
    }

    pub(in crate::feed) fn known_missing(&mut self, digest: &KeyDigest, now: Timestamp) -> bool {
        let oldest = self.at(now).plus_millis(-i64::from(self.settings.max_staleness_ms));
        matches!(self.records.get(digest), Some(Cached::Missing(at)) if *at >= oldest)
    }

    /// Whether the key's record is in memory, however old it is. So the key exists, or did.
    pub fn remembers(&mut self, digest: &KeyDigest) -> bool {
        matches!(self.records.get(digest), Some(Cached::Record(..)))
    }

    /// Remembers a record that was read, unless a newer one is remembered. Reads overtake each other, and KV may return
    /// an older value than before.
    pub(in crate::feed) fn remember(&mut self, digest: KeyDigest, read: Stored, read_at: Timestamp) {
        // If the clock has stepped back since the read, the time of reading is now.
        let mut read_at = self.clock.map_or(read_at, |now| now.min(read_at));
        let stored = match self.records.get(&digest) {
            Some(Cached::Record(known, at)) => {
                read_at = read_at.max(*at);
                known.clone().merge(read)
            }
            _ => read,
        };
        self.records.put(digest, Cached::Record(stored, read_at));
    }

    /// Remembers that the feed had no such key, unless a record was found since.
    pub(in crate::feed) fn remember_missing(&mut self, digest: KeyDigest, asked_at: Timestamp) {
        if !matches!(self.records.get(&digest), Some(Cached::Record(..))) {
            self.records.put(digest, Cached::Missing(asked_at));
        }
    }

    /// Remembers the status of a tenant that `current` stated. So no request passes after an earlier one was told of
    /// the suspension.
    pub(in crate::feed) fn remember_tenant_status(&mut self, stated: &TenantStatus) {
        let entry = stated.entry(self.epoch());
        if entry.suspended || self.overlay.tenant(entry.tenant).is_some() {
            self.overlay.apply_tenant(entry);
        }
    }

    /// Remembers KV's answer about a tenant.
    pub(in crate::feed) fn remember_kv_tenant_status(
        &mut self,
        tenant: TenantId,
        read: Option<TenantStatus>,
        read_at: Timestamp,
    ) {
        if self.tenant_statuses.len() >= MAX_KV_TENANT_STATUSES {
            self.tenant_statuses.clear();
        }
        // If the clock has stepped back since the read, the time of reading is now.
        let read_at = self.clock.map_or(read_at, |now| now.min(read_at));
        self.tenant_statuses.retain(|(known, ..)| *known != tenant);
        self.tenant_statuses.push((tenant, read, read_at));
    }

    /// KV's answer about a tenant, read at `since` or later. The inner `None` says that KV has no status.
    pub(in crate::feed) fn kv_tenant_status(
        &self,
        tenant: &TenantId,
        since: Timestamp,
    ) -> Option<Option<&TenantStatus>> {
        let (_, read, read_at) = self.tenant_statuses.iter().find(|(known, ..)| known == tenant)?;
        (*read_at >= since).then_some(read.as_ref())
    }

    /// Whether the tenant is suspended, according to the overlay and the status that `current` stated.
    pub(in crate::feed) fn suspended(&self, tenant: &TenantId, stated: Option<&TenantStatus>) -> bool {
        let known = if self.overlay.has_tenants() { self.overlay.tenant(self.tenant_hash(tenant)) } else { None };
        match (known, stated) {
            (Some(known), Some(stated)) if stated.entry(self.epoch()).supersedes(&known) => stated.suspended,
            (Some(known), _) => known.suspended,
            (None, stated) => stated.is_some_and(|tenant_status| tenant_status.suspended),
        }
    }

    fn epoch(&self) -> &str {
        self.epoch.as_deref().unwrap_or_default()
    }
}
