//! The deliveries of webhooks that were handed on lately: eight objects for each source.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};

use serde::{Deserialize, Serialize};

use super::{Done, calls};

/// The binding.
pub const BINDING: &str = "DELIVERIES";
/// Objects of a source. Never change it while deliveries are remembered.
const SHARDS: u32 = 8;

calls! { BINDING;
    Claim, "/claim" => Claimed;
    Remember, "/done" => Done;
    Release, "/release" => Done;
}

/// The name of the object that remembers the delivery with this key, by its source.
#[must_use]
pub fn name(source: &str, key: &str) -> String {
    format!("{source}/{}", shard(key))
}

/// The name of the object that remembers all batches of a source. One object alone
/// can claim several keys or none.
#[must_use]
pub fn name_for_batches(source: &str) -> String {
    format!("{source}/batches")
}

/// A delivery, as the object knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimedDelivery {
    /// Its replay key, or those of a batch's items.
    pub keys: Vec<String>,
    /// The request that asks.
    pub by: String,
    /// How long it is remembered once it was handed on, milliseconds.
    pub remember_ms: i64,
}

/// May this delivery be handed on? If it may, it is the caller's for a minute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Claim(pub ClaimedDelivery);

/// It was handed on. Whoever holds the claim by now: it counts as seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Remember(pub ClaimedDelivery);

/// It was not handed on, so the sender's next attempt is new.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Release(pub ClaimedDelivery);

/// Whether a delivery may be handed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "claimed", rename_all = "snake_case")]
pub enum Claimed {
    /// It may, by the request that asked.
    New {
        /// Items of the batch that were handed on before.
        repeats: usize,
    },
    /// Another request is handing it on.
    InProgress {
        /// For so many seconds at most.
        retry_after: i64,
    },
    /// It was handed on.
    Seen,
}

/// The shard that a key falls to. Keys are hashes.
fn shard(key: &str) -> String {
    let sum = key.bytes().fold(0_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(u32::from(byte)));
    (sum % SHARDS).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn a_key_falls_to_one_object_for_good() {
        assert_eq!(name("stripe", "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"), "stripe/1");
    }

    #[test]
    fn the_messages_are_golden() {
        let delivery = ClaimedDelivery { keys: vec!["k".into()], by: "req_1".into(), remember_ms: 5 };
        let text = r#"{"keys":["k"],"by":"req_1","remember_ms":5}"#;
        assert_eq!(serde_json::to_string(&Claim(delivery.clone())).unwrap(), text);
        assert_eq!(serde_json::from_str::<Release>(text).unwrap(), Release(delivery));
        assert_eq!(serde_json::to_string(&Claimed::New { repeats: 2 }).unwrap(), r#"{"claimed":"new","repeats":2}"#);
    }
}
