//! The revocation of a key by its holder, who asks the edge.

use keystile_core::{KeyId, api::shown::ShownKey, ledger::idempotency::Claim};
use serde::{Deserialize, Serialize};

use super::revoke_key::Revoke;
use crate::{
    command::{Command, Origin, Target},
    failure::Failure,
    ledger::{handler::Change, open::OpenLedger},
};

/// End a key's life as its holder asks, who acts as the key itself.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SelfRevoke {
    pub(crate) key_id: KeyId,
    pub(crate) request_id: String,
    pub(crate) ip: Option<String>,
}

impl Command for SelfRevoke {
    const PATH: &'static str = "/self-revoke";
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
        let origin = Origin { actor_id, actor_name, ip, request_id, claim: None, judged_until: None };
        let reason = Some("revoked by its holder".into());
        Revoke { origin, target, reason }.carry_out(ledger).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The edge may run in another version than this worker.
    #[test]
    fn what_the_edge_sends_is_golden() {
        let text = r#"{"key_id":"key_4bTzV9cXk07Hq2mN1pRs","request_id":"req_1","ip":null}"#;
        let command: SelfRevoke = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&command).unwrap(), text);
        assert_eq!(SelfRevoke::PATH, "/self-revoke");
    }
}
