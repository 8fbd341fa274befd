//! The changes that lie over what KV says.
//!
//! Entries are never evicted one by one: an overlay that forgot a revocation
//! would let KV's old value through. When it outgrows its cap all is voided.

use alloc::{
    collections::{BTreeMap, btree_map::Entry},
    vec::Vec,
};

use super::message::TenantStanding;
use crate::{access::record::Stored, base::id::TenantId, key::KeyDigest};

#[derive(Debug, Default)]
pub(super) struct Overlay {
    keys: BTreeMap<KeyDigest, Stored>,
    /// In the tenants' order: few are ever suspended.
    tenants: Vec<TenantStanding>,
    weight: usize,
}

impl Overlay {
    /// What a map's entry costs beside its value.
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

    pub(super) fn apply_standing(&mut self, standing: TenantStanding) {
        match self.tenants.binary_search_by(|known| known.tenant.cmp(&standing.tenant)) {
            Err(place) => {
                self.weight += 128;
                self.tenants.insert(place, standing);
            }
            Ok(place) => {
                if let Some(known) = self.tenants.get_mut(place)
                    && standing.supersedes(known)
                {
                    *known = standing;
                }
            }
        }
    }

    pub(super) fn key(&self, digest: &KeyDigest) -> Option<&Stored> {
        self.keys.get(digest)
    }

    pub(super) fn standing(&self, tenant: &TenantId) -> Option<&TenantStanding> {
        let place = self.tenants.binary_search_by(|known| known.tenant.cmp(tenant)).ok()?;
        self.tenants.get(place)
    }

    /// Bytes of memory, about.
    pub(super) fn weight(&self) -> usize {
        self.weight
    }
}
