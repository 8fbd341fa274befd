//! The owners of digests: the management API asks whose keys the texts of a report are, many in one call.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::{base::id::TenantId, key::KeyDigest};

/// The maximum number of digests in one request.
pub const MAX_DIGESTS: usize = 200;

/// The request for the owners of digests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnersRequest {
    /// The digests, [`MAX_DIGESTS`] at most, each once.
    pub digests: Vec<KeyDigest>,
}

/// The owners of those digests that are keys, in any order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnersAnswer {
    /// The owners.
    pub owners: Vec<Owner>,
}

/// The owner of a digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// The digest.
    pub digest: KeyDigest,
    /// The tenant; `None` for an operator's key.
    pub tenant: Option<TenantId>,
    /// Whether the key was revoked.
    pub revoked: bool,
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
        let request = OwnersRequest { digests: vec![digest] };
        assert_eq!(serde_json::to_string(&request).unwrap(), alloc::format!(r#"{{"digests":["{hex}"]}}"#));
        let owner = Owner { digest, tenant: TenantId::parse("acme"), revoked: true };
        let answer = OwnersAnswer { owners: vec![owner] };
        let text = alloc::format!(r#"{{"owners":[{{"digest":"{hex}","tenant":"acme","revoked":true}}]}}"#);
        assert_eq!(serde_json::to_string(&answer).unwrap(), text);
        assert_eq!(serde_json::from_str::<OwnersAnswer>(&text).unwrap(), answer);
    }
}
