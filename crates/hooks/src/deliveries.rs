//! Detection of repeated deliveries, by the object that remembers them.
//!
//! A repeat has the sender's id and the bytes of a delivery that was handed on. Genuine events may have the same bytes,
//! so those without an id are numbered and not refused, unless the source is configured otherwise.

use keystile_core::{
    base::timestamp::HOUR_MS,
    config::{Replays, WebhookSource},
    objects::deliveries::{self, Claim, Claimed, ClaimedDelivery, Release, Remember},
};
use keystile_runtime::object::{self, CallFailed};
use keystile_webhook::ReplayKey;
use worker::Env;

const TIMEOUT_MS: u64 = 5_000;

/// One delivery, with the object that remembers it.
pub(crate) struct Remembered<'a> {
    env: &'a Env,
    object: String,
    delivery: ClaimedDelivery,
}

impl<'a> Remembered<'a> {
    pub(crate) fn new(env: &'a Env, source: &WebhookSource, keys: &[ReplayKey], request_id: &str) -> Self {
        // A body that anybody can change must not choose the object.
        let by_bytes = source.scheme.each.is_none() && source.scheme.body_authenticated();
        let object = match keys.first().filter(|_| by_bytes) {
            Some(key) => deliveries::name(&source.source, &key.bytes),
            None => deliveries::name_for_batches(&source.source),
        };
        let remember_ms = i64::from(source.remember_hours) * HOUR_MS;
        let refused_by = refused_by(source.replays, keys);
        let delivery = ClaimedDelivery { by: request_id.to_owned(), remember_ms, ..refused_by };
        Self { env, object, delivery }
    }

    pub(crate) async fn claim(&self) -> Result<Claimed, CallFailed> {
        object::call(self.env, &self.object, &Claim(self.delivery.clone()), TIMEOUT_MS).await
    }

    /// Reports that the delivery was forwarded.
    pub(crate) async fn remember(&self) -> Result<(), CallFailed> {
        object::call(self.env, &self.object, &Remember(self.delivery.clone()), TIMEOUT_MS).await.map(drop)
    }

    /// Reports that the delivery was not forwarded.
    pub(crate) async fn release(&self) -> Result<(), CallFailed> {
        object::call(self.env, &self.object, &Release(self.delivery.clone()), TIMEOUT_MS).await.map(drop)
    }
}

/// A delivery of these items, with the keys by which each is refused. Who asks, and for how long, is left open.
fn refused_by(replays: Replays, items: &[ReplayKey]) -> ClaimedDelivery {
    let keys = |item: &ReplayKey| match replays {
        Replays::RefuseSameId => item.id.iter().cloned().collect(),
        Replays::RefuseSameBytes => item.id.iter().chain(&item.signed).cloned().collect(),
    };
    // With a signed id, deliveries of the same bytes are other events for sure.
    let told_by_bytes = replays == Replays::RefuseSameId && items.iter().any(|item| item.signed.is_some());
    let bytes: Vec<&str> = items.iter().map(|item| item.bytes.as_str()).collect();
    ClaimedDelivery {
        items: items.iter().map(keys).collect(),
        bytes: told_by_bytes.then(|| bytes.join("/")),
        by: String::new(),
        remember_ms: 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(replays: Replays, id: Option<&str>, signed: Option<&str>) -> (Vec<Vec<String>>, Option<String>) {
        let item = ReplayKey { id: id.map(Into::into), signed: signed.map(Into::into), bytes: "bytes".into() };
        let ClaimedDelivery { items, bytes, .. } = refused_by(replays, &[item]);
        (items, bytes)
    }

    fn of(keys: &[&str]) -> Vec<Vec<String>> {
        vec![keys.iter().map(ToString::to_string).collect()]
    }

    #[test]
    fn a_repeat_has_the_senders_id() {
        let keys = |id, signed| keys(Replays::RefuseSameId, id, signed);
        assert_eq!(keys(Some("id"), None), (of(&["id"]), None));
        assert_eq!(keys(Some("id"), Some("signed")), (of(&["id"]), Some("bytes".into())));
        assert_eq!(keys(None, Some("signed")), (of(&[]), Some("bytes".into())), "always new, and numbered");
    }

    #[test]
    fn or_the_signed_bytes_if_the_source_says_so() {
        let keys = |id, signed| keys(Replays::RefuseSameBytes, id, signed);
        assert_eq!(keys(Some("id"), None), (of(&["id"]), None));
        assert_eq!(keys(Some("id"), Some("signed")), (of(&["id", "signed"]), None));
        assert_eq!(keys(None, Some("signed")), (of(&["signed"]), None));
    }
}
