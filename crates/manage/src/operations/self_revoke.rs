//! Revokes a key at the request of its holder, who asks the edge.

use keystile_core::{
    api::shown::ShownKey,
    ledger::idempotency::Claim,
    objects::{Call, ledger::SelfRevoke},
};

use super::revoke_key::Revoke;
use crate::{
    command::{Command, Origin, Target},
    failure::Failure,
    ledger::{handler::Change, open::OpenLedger},
};

impl Command for SelfRevoke {
    const PATH: &'static str = <Self as Call>::PATH;
    type Answer = ShownKey;

    fn request_id(&self) -> &str {
        &self.request_id
    }
}

impl Change for SelfRevoke {
    fn claim(&self) -> Option<&Claim> {
        None
    }

    async fn carry_out(self, ledger: &OpenLedger) -> Result<ShownKey, Failure> {
        let Self { key_id, request_id, ip } = self;
        let target = Target { id: key_id, within: None };
        let key = ledger.find(&target)?.key;
        let (actor_id, actor_name) = (key.record.id.to_string(), key.record.name);
        let origin = Origin { actor_id, actor_name, ip, request_id, ..Origin::keystile() };
        let reason = Some("revoked by its holder".into());
        Revoke { origin, target, reason }.carry_out(ledger).await
    }
}
