//! The overlay: the changes that lie over KV's records.
//!
//! Entries are never evicted one by one: an overlay that forgot a revocation would let KV's old value through. An
//! overlay that outgrows its cap is dropped as a whole, with view and records.

use alloc::{rc::Rc, vec::Vec};

use super::entry::{Coverage, KeyEntry, KeyHash, Part, TenantEntry, TenantHash};
use crate::{
    access::record::{KeyRecord, KeyState, Metadata, Stored},
    base::timestamp::Timestamp,
};

#[derive(Debug)]
pub(super) struct Overlay {
    /// By the first byte of their hashes, in order: a map would cost more code, and one long list more moving.
    keys: [Vec<KeyEntry>; 256],
    key_count: usize,
    /// The keys whose entries are known, whether or not there is one.
    pub(super) known_keys: Coverage,
    /// The tenants whose status was ever written, as far as this isolate has heard, in order.
    tenants: Vec<TenantEntry>,
    /// The tenants whose suspension is known.
    pub(super) known_tenants: Coverage,
}

/// A key's record beside its entry in the overlay.
#[derive(Debug, PartialEq)]
pub(super) enum Settled {
    /// No record is known.
    Unknown,
    /// The record holds, with what the entry restricts.
    Holds(Stored),
    /// The record was changed since: a later one has to be read.
    Behind,
}

impl Default for Overlay {
    fn default() -> Self {
        Self {
            keys: [const { Vec::new() }; 256],
            key_count: 0,
            known_keys: Coverage::default(),
            tenants: Vec::new(),
            known_tenants: Coverage::default(),
        }
    }
}

impl Overlay {
    /// The memory of a key's entry, bytes.
    const KEY_WEIGHT: usize = 80;
    /// The memory of a tenant's entry, bytes.
    const TENANT_WEIGHT: usize = 32;

    pub(super) fn apply_key(&mut self, entry: KeyEntry) {
        let Some(keys) = self.keys.get_mut(usize::from(entry.key.first_byte())) else { return };
        match keys.binary_search_by_key(&entry.key, |known| known.key) {
            Err(place) => {
                keys.insert(place, entry);
                self.key_count += 1;
            }
            Ok(place) => {
                if let Some(known) = keys.get_mut(place) {
                    *known = known.merge(entry);
                }
            }
        }
    }

    /// The latest change of the key, as far as this isolate has heard.
    pub(super) fn key(&self, key: KeyHash) -> Option<KeyEntry> {
        let keys = self.keys.get(usize::from(key.first_byte()))?;
        let place = keys.binary_search_by_key(&key, |known| known.key).ok()?;
        keys.get(place).copied()
    }

    pub(super) fn apply_tenant(&mut self, entry: TenantEntry) {
        match self.tenants.binary_search_by_key(&entry.tenant, |known| known.tenant) {
            Err(place) => self.tenants.insert(place, entry),
            Ok(place) => {
                if let Some(known) = self.tenants.get_mut(place)
                    && entry.supersedes(known)
                {
                    *known = entry;
                }
            }
        }
    }

    pub(super) fn add_keys(&mut self, part: Part<KeyEntry>) {
        self.known_keys.add(&part);
        for entry in part.entries {
            self.apply_key(entry);
        }
    }

    pub(super) fn add_tenants(&mut self, part: Part<TenantEntry>) {
        self.known_tenants.add(&part);
        for entry in part.entries {
            self.apply_tenant(entry);
        }
    }

    /// Whether anything is known of any tenant. Otherwise nobody has to work out a tenant's hash.
    pub(super) fn has_tenants(&self) -> bool {
        !self.tenants.is_empty()
    }

    pub(super) fn tenant(&self, tenant: TenantHash) -> Option<TenantEntry> {
        let place = self.tenants.binary_search_by_key(&tenant, |known| known.tenant).ok()?;
        self.tenants.get(place).copied()
    }

    /// The record as it holds at `now`. A record that is older than the entry holds only if the entry alone refuses the
    /// key.
    pub(super) fn settle(&self, key: KeyHash, read: Option<Stored>, now: Timestamp) -> Settled {
        let Some(read) = read else { return Settled::Unknown };
        let Some(entry) = self.key(key) else { return Settled::Holds(read) };
        let revoked = entry.state == KeyState::Revoked;
        if read.version() >= entry.version && (read.is_revoked() || !revoked) {
            return Settled::Holds(read);
        }
        match read {
            Stored::Known(record) if entry.refuses(now) => {
                let KeyEntry { version, state, expires_at, .. } = entry;
                let version = version.max(record.version);
                // It may have been erased since.
                let metadata = Metadata::new();
                let record = KeyRecord { version, state, expires_at, metadata, ..(*record).clone() };
                Settled::Holds(Stored::Known(Rc::new(record)))
            }
            revoked if revoked.is_revoked() => Settled::Holds(revoked),
            _ => Settled::Behind,
        }
    }

    /// The approximate memory, bytes.
    pub(super) fn weight(&self) -> usize {
        self.key_count * Self::KEY_WEIGHT + self.tenants.len() * Self::TENANT_WEIGHT
    }
}
