//! Claims: each digest of an imported key belongs to one tenant. A ledger claims digests at the feed before it records
//! such keys.
//!
//! Keystile mints each of its own keys once, so their digests cannot collide. An imported key can be imported again by
//! another tenant. Only the feed knows all keys, so it records the one tenant of each imported digest, for good.

use alloc::{string::String, vec::Vec};

use serde::{Deserialize, Serialize};

use crate::{base::id::TenantId, key::KeyDigest};

/// A ledger's claim of digests for its tenant. It may claim digests again that it already has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimRequest {
    /// The tenant.
    pub tenant: TenantId,
    /// The digests, in any order.
    pub digests: Vec<KeyDigest>,
}

/// The feed's answer: it has recorded all claims durably, except the refused ones.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimAnswer {
    /// Digests that belong to another tenant, or to keys that were issued here.
    pub refused: Vec<KeyDigest>,
    /// The digests that the tenant had claimed before and of which there is a key, with the stored form of its record.
    /// A ledger that has no such key was put back to a point before it had.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub known: Vec<(KeyDigest, String)>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn the_messages_are_golden() {
        let digest = KeyDigest::of("abc");
        let hex = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let request = ClaimRequest { tenant: TenantId::parse("acme").unwrap(), digests: vec![digest] };
        let text = alloc::format!(r#"{{"tenant":"acme","digests":["{hex}"]}}"#);
        assert_eq!(serde_json::to_string(&request).unwrap(), text);
        assert_eq!(serde_json::from_str::<ClaimRequest>(&text).unwrap(), request);
        let known = vec![(digest, "{}".into())];
        for (answer, text) in [
            (ClaimAnswer { refused: vec![digest], known: vec![] }, alloc::format!(r#"{{"refused":["{hex}"]}}"#)),
            (ClaimAnswer { refused: vec![], known }, alloc::format!(r#"{{"refused":[],"known":[["{hex}","{{}}"]]}}"#)),
        ] {
            assert_eq!(serde_json::to_string(&answer).unwrap(), text);
            assert_eq!(serde_json::from_str::<ClaimAnswer>(&text).unwrap(), answer);
        }
    }
}
