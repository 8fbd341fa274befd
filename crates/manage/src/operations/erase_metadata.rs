//! Empties a key's metadata, and takes its earlier values out of the audit log. This is for keys that are over, too.

use keystile_core::{
    api::shown::ShownKey,
    ledger::{audit::Action, idempotency::Claim},
};
use keystile_runtime::clock;
use serde::{Deserialize, Serialize};

use crate::{
    api::{call::ApiCall, reply::ApiResult},
    command::{Command, Origin, Target},
    failure::Failure,
    ledger::{audit, events, handler::Change, idempotency, keys::KeyRow, open::OpenLedger},
};

/// Erases the metadata of a tenant's key.
pub(super) async fn of_tenant(call: &ApiCall<'_>) -> ApiResult {
    call.no_query()?;
    call.tenants_ledger(&EraseMetadata { origin: call.asked_without_body()?, target: call.key()? }).await
}

/// The command to erase a key's metadata.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct EraseMetadata {
    pub(crate) origin: Origin,
    pub(crate) target: Target,
}

impl Command for EraseMetadata {
    const PATH: &'static str = "/erase-metadata";
    type Answer = ShownKey;

    fn request_id(&self) -> &str {
        &self.origin.request_id
    }
}

impl Change for EraseMetadata {
    fn claim(&self) -> Option<&Claim> {
        self.origin.claim.as_ref()
    }

    async fn carry_out(self, ledger: &OpenLedger) -> Result<ShownKey, Failure> {
        let now = clock::now();
        let Self { origin, target } = self;
        let database = &ledger.database;
        let (key, effective_by) = ledger.change_for(&origin, now, || {
            let KeyRow { key: before, effective_by, .. } = ledger.find(&target)?;
            origin.check_key(&before)?;
            let after = before.without_metadata();
            let changes = after != before;
            if changes || audit::has_metadata(database, &target.id)? {
                ledger.note_changed(&origin, Action::MetadataErased, Some(&before), &after, now)?;
                audit::erase_metadata(database, &target.id)?;
            }
            idempotency::erase_metadata(database, &target.id)?;
            events::erase_metadata(database, &target.id)?;
            if changes {
                ledger.store_changed(&before, &after, now)?;
            }
            ledger.arm(now)?;
            Ok((after, effective_by.filter(|_| !changes)))
        })?;
        ledger.answer(&key, effective_by, false, now).await
    }
}
