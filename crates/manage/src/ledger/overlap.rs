//! The overlap of a rotation, which may begin with the successor's first use.

use keystile_core::{KeyId, Timestamp, ledger::audit::Action};

use super::{keys, open::OpenLedger};
use crate::command::{Origin, Target};

impl OpenLedger {
    /// Begins the overlap that waited for a successor's first use, at `used_at`. If the predecessor was never used
    /// itself, this also begins the overlap of the rotation that made it, and so on.
    ///
    /// Runs in the transaction of the caller, who sets the alarm and may publish the keys that are returned, since
    /// their ends have moved.
    pub(crate) fn begin_overlap(
        &self,
        successor: &KeyId,
        used_at: Timestamp,
        now: Timestamp,
    ) -> worker::Result<Vec<KeyId>> {
        let find = |id: &KeyId| keys::find(&self.database, &Target { id: id.clone(), within: None });
        let mut begun = Vec::new();
        let Some(mut successor) = find(successor)? else { return Ok(begun) };
        while let Some(old) = successor.key.rotated_from.as_ref().map(find).transpose()?.flatten() {
            // The end may have been cancelled, and another rotation begun since.
            if old.key.rotated_to.as_ref() != Some(&successor.key.record.id) {
                break;
            }
            let after = old.key.successor_used(used_at, now);
            if after != old.key {
                self.record_changed(&Origin::keystile(), Action::OverlapBegun, &old.key, &after, now)?;
                begun.push(after.record.id);
            }
            if old.key.last_used_at.is_some() {
                break;
            }
            successor = old;
        }
        Ok(begun)
    }
}
