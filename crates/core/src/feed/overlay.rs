//! The overlay: the changes that lie over KV's records.
//!
//! Entries are never evicted one by one: an overlay that forgot a revocation would let KV's old value through. An
//! overlay that outgrows its cap is dropped as a whole, with view and records.

use alloc::{
    collections::{BTreeMap, btree_map::Entry},
    vec::Vec,
};

use super::message::TenantStatus;
use crate::{access::record::Stored, base::id::TenantId, key::KeyDigest};

#[derive(Debug, Default)]
pub(super) struct Overlay {
    keys: BTreeMap<KeyDigest, Stored>,
    /// The tenants whose status was ever written, as far as this isolate has heard, sorted by name.
    tenants: Vec<TenantStatus>,
    weight: usize,
}

impl Overlay {
    /// The memory of a map's entry beside its value, bytes.
    const ENTRY_WEIGHT: usize = 64;

    pub(super) fn apply_key(&mut self, digest: KeyDigest, stored: Stored) {
        match self.keys.entry(digest) {
            Entry::Vacant(entry) => {
                self.weight += stored.weight() + Self::ENTRY_WEIGHT;
                entry.insert(stored);
            }
            Entry::Occupied(mut entry) => {
                self.weight -= entry.get().weight();
                let merged = entry.get().clone().merge(stored);
                self.weight += merged.weight();
                entry.insert(merged);
            }
        }
    }

    pub(super) fn apply_tenant_status(&mut self, tenant_status: TenantStatus) {
        match self.tenants.binary_search_by(|known| known.tenant.cmp(&tenant_status.tenant)) {
            Err(place) => {
                self.weight += 128;
                self.tenants.insert(place, tenant_status);
            }
            Ok(place) => {
                if let Some(known) = self.tenants.get_mut(place)
                    && tenant_status.supersedes(known)
                {
                    *known = tenant_status;
                }
            }
        }
    }

    pub(super) fn key(&self, digest: &KeyDigest) -> Option<&Stored> {
        self.keys.get(digest)
    }

    pub(super) fn tenant_status(&self, tenant: &TenantId) -> Option<&TenantStatus> {
        let place = self.tenants.binary_search_by(|known| known.tenant.cmp(tenant)).ok()?;
        self.tenants.get(place)
    }

    /// The approximate memory, bytes.
    pub(super) fn weight(&self) -> usize {
        self.weight
    }
}
