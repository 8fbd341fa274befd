//! The ledgers: one object for each tenant, and one for operators' keys.

use alloc::{string::String, vec::Vec};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Done, calls};
use crate::{
    base::{
        id::{KeyId, TenantId},
        timestamp::Timestamp,
    },
    usage::batch::UsageBatch,
};

/// The binding.
pub const BINDING: &str = "LEDGER";
/// The name of the ledger that holds operators' keys. No tenant can have this name. A tenant's ledger has the tenant's
/// name.
pub const OPERATORS: &str = "_operators";

calls! { BINDING;
    // Edges forward the request of a holder to revoke its own key.
    SelfRevoke, "/self-revoke" => Value;
    // Edges send the uses that an isolate has counted. The isolate writes the JSON by hand.
    UsageBatch, "/usage" => Counted;
    // An edge asks the ledger to tell the limits to a limiter that doesn't know them.
    TellLimits, "/tell-limits" => Done;
    // The feed asks the ledger to publish again, because it was put back to an earlier point.
    PublishAgain, "/publish-again" => PublishedAgain;
    // The ledger of a tenant that is erased has the operators' ledger erase the tenant's operators.
    EraseOperators, "/erase-operators" => OperatorsErased;
}

/// The request of a key's holder, through the edge, to revoke the key. The answer is the key as the management API
/// shows it, with `effective_by` and `holds`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SelfRevoke {
    /// The key's id.
    pub key_id: KeyId,
    /// The request's id, which the answer repeats.
    pub request_id: String,
    /// The source address that Cloudflare states.
    pub ip: Option<String>,
}

/// The request to tell the limits of the tenant and its keys to their limiter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TellLimits {
    /// The request's id.
    pub request_id: String,
}

/// The request to publish all states again that the feed has taken since a time. The feed repeats it until the ledger
/// has finished.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublishAgain {
    /// The request's id.
    pub request_id: String,
    /// The time.
    pub since: Timestamp,
    /// Names what was noticed: a ledger that has begun with it goes on. `None` from a feed of an earlier version, for
    /// which it begins anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub round: Option<String>,
}

/// How far a ledger is that was asked to publish again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublishedAgain {
    /// Whether the feed has been told all of it. A ledger of an earlier version doesn't say.
    #[serde(default = "yes")]
    pub is_finished: bool,
}

/// The request to erase the operators of a tenant, with their sessions and those of its customers. The tenant's ledger
/// repeats it until the operators' ledger has finished.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EraseOperators {
    /// The request's id.
    pub request_id: String,
    /// The tenant.
    pub tenant: TenantId,
}

/// How far the operators' ledger is. The operators are refused from now on in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperatorsErased {
    /// Whether all of it is gone.
    pub is_finished: bool,
}

const fn yes() -> bool {
    true
}

/// The uses were counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    /// The keys that were let through for the first time in their lives.
    pub first_used: Vec<KeyId>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::objects::Call as _;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn what_the_edge_sends_is_golden() {
        let text = r#"{"key_id":"key_4bTzV9cXk07Hq2mN1pRs","request_id":"req_1","ip":null}"#;
        let command: SelfRevoke = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&command).unwrap(), text);
        assert_eq!((SelfRevoke::PATH, UsageBatch::PATH), ("/self-revoke", "/usage"));
    }

    #[test]
    fn what_the_feed_sends_is_golden() {
        for text in [
            r#"{"request_id":"req_none","since":1750000000000,"round":"1750000001000"}"#,
            r#"{"request_id":"req_none","since":1750000000000}"#,
        ] {
            let command: PublishAgain = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::to_string(&command).unwrap(), text);
        }
        let answer: PublishedAgain = serde_json::from_str("{}").unwrap();
        assert!(answer.is_finished, "of an earlier version");
        assert_eq!(serde_json::to_string(&answer).unwrap(), r#"{"is_finished":true}"#);
    }
}
