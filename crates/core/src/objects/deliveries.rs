//! The deliveries of webhooks that were received recently: eight objects for each source.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};

use serde::{Deserialize, Serialize};

use super::{Done, calls, dead_letters::Acted};
use crate::{
    base::id::DeliveryId,
    receiver::delivery::{DeliveryQuery, RecentDelivery},
};

/// The binding.
pub const BINDING: &str = "DELIVERIES";
/// The number of objects of a source. Never change it while deliveries are remembered.
const SHARDS: u32 = 8;

calls! { BINDING;
    Claim, "/claim" => Claimed;
    Remember, "/done" => Done;
    Release, "/release" => Done;
    Settle, "/settle" => Done;
    // The management worker calls these, at each object of a source.
    DeliveryQuery, "/list" => Vec<RecentDelivery>;
    Replay, "/replay" => Acted;
}

/// The name of the object that remembers deliveries of these bytes.
#[must_use]
pub fn name(source: &str, bytes: &str) -> String {
    format!("{source}/{}", shard(bytes))
}

/// The name of the object that remembers all batches of a source. Only a single object can claim either all of several
/// keys or none.
#[must_use]
pub fn name_for_batches(source: &str) -> String {
    format!("{source}/batches")
}

/// The names of all objects of a source.
pub fn names(source: &str) -> impl Iterator<Item = String> {
    let shards = (0..SHARDS).map(move |shard| format!("{source}/{shard}"));
    shards.chain([name_for_batches(source)])
}

/// A delivery, as the object knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimedDelivery {
    /// The keys of each item of a batch, or of the delivery as the only item. An item is a repeat if one of its keys is
    /// remembered. An item without keys is always new.
    pub items: Vec<Vec<String>>,
    /// The key of its bytes. Deliveries with an item that is always new are numbered by it, and the others marked.
    pub bytes: Option<String>,
    /// The id of the request that asks.
    pub by: String,
    /// The time for which the delivery is remembered once it was forwarded, milliseconds.
    pub remember_ms: i64,
    /// The facts of the delivery, once its outcome is known: for each upstream that it is for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deliveries: Vec<RecentDelivery>,
}

/// Asks whether this delivery may be forwarded. If it may, the caller holds the claim for a minute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Claim(pub ClaimedDelivery);

/// Reports that the delivery was forwarded. It counts as seen, even if another request holds the claim by now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Remember(pub ClaimedDelivery);

/// Reports that the delivery was not forwarded, so the sender's next attempt counts as new.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Release(pub ClaimedDelivery);

/// Reports what became of a delivery after its sender was answered: its outcome, or that its body is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settle {
    /// The facts. The object may not know the delivery yet.
    pub delivery: RecentDelivery,
}

/// Puts a delivery whose body is kept into the queue once more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replay {
    /// The delivery's id.
    pub id: DeliveryId,
}

/// The answer to a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "claimed", rename_all = "snake_case")]
pub enum Claimed {
    /// The delivery may be forwarded, by the request that asked.
    New {
        /// The number of the batch's items that were forwarded before.
        repeats: usize,
        /// Whether a delivery of the same bytes was forwarded before.
        #[serde(default)]
        same_bytes: bool,
        /// The number of a delivery that is always new, among those of its bytes. A delivery that was not forwarded
        /// leaves its number to the next one, which is the sender's own repeat.
        #[serde(default)]
        number: i64,
    },
    /// Another request is forwarding the delivery.
    InProgress {
        /// The maximum time until that ends, seconds.
        retry_after: i64,
    },
    /// The delivery was forwarded before.
    Seen,
}

/// The shard of a key, which is a hash.
fn shard(key: &str) -> String {
    let sum = key.bytes().fold(0_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(u32::from(byte)));
    (sum % SHARDS).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::receiver::delivery::tests::delivery as recent;
    use alloc::vec;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn a_key_falls_to_one_object_for_good() {
        assert_eq!(name("stripe", "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"), "stripe/1");
    }

    #[test]
    fn a_source_has_all_objects_that_its_deliveries_fall_to() {
        let names: Vec<String> = names("stripe").collect();
        assert_eq!(names.len(), 9);
        assert!(names.contains(&name("stripe", "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU")));
        assert!(names.contains(&name_for_batches("stripe")));
    }

    #[test]
    fn the_messages_are_golden() {
        let delivery = ClaimedDelivery {
            items: vec![vec!["k".into()]],
            bytes: Some("b".into()),
            by: "req_1".into(),
            remember_ms: 5,
            deliveries: Vec::new(),
        };
        let text = r#"{"items":[["k"]],"bytes":"b","by":"req_1","remember_ms":5}"#;
        assert_eq!(serde_json::to_string(&Claim(delivery.clone())).unwrap(), text);
        assert_eq!(serde_json::from_str::<Release>(text).unwrap(), Release(delivery));
        let facts = r#"{"id":"dlv_00000000000000000001","webhook_id":"demo_1","received_at":10,"request_id":"req_1","bytes":7,"outcome":"queued","until":15}"#;
        let settled = Settle { delivery: recent(1, 10) };
        assert_eq!(serde_json::to_string(&settled).unwrap(), format!("{{\"delivery\":{facts}}}"));
        assert_eq!(serde_json::from_str::<RecentDelivery>(facts).unwrap(), recent(1, 10));
        let earlier = r#"{"keys":["k"],"by":"req_1","remember_ms":5}"#;
        assert!(serde_json::from_str::<Claim>(earlier).is_err(), "the sender sends it again");
        let new = Claimed::New { repeats: 2, same_bytes: true, number: 1 };
        assert_eq!(
            serde_json::to_string(&new).unwrap(),
            r#"{"claimed":"new","repeats":2,"same_bytes":true,"number":1}"#
        );
    }
}
