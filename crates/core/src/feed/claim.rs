//! To whom the digest of an imported key belongs: what a ledger asks the feed
//! before it records such keys.
//!
//! A digest that was minted here is nobody else's. One that was brought may be
//! brought again, by another tenant. The feed alone knows all keys, so it keeps
//! for each such digest the one tenant that it belongs to, for good.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::{base::id::TenantId, key::KeyDigest};

/// A ledger claims digests for its tenant. What it holds already it may claim
/// again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimRequest {
    /// For whom.
    pub tenant: TenantId,
    /// The digests, in any order.
    pub digests: Vec<KeyDigest>,
}

/// The feed has noted the claims, durably, but for these.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimAnswer {
    /// They belong to another tenant, or to keys that were issued here.
    pub refused: Vec<KeyDigest>,
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
        let answer = ClaimAnswer { refused: vec![digest] };
        let text = alloc::format!(r#"{{"refused":["{hex}"]}}"#);
        assert_eq!(serde_json::to_string(&answer).unwrap(), text);
        assert_eq!(serde_json::from_str::<ClaimAnswer>(&text).unwrap(), answer);
    }
}
