//! Detection of repeated deliveries, by the object that remembers them. It also gets the facts of each, for the list of
//! recent deliveries.
//!
//! A repeat has the sender's id and the bytes of a delivery that was handed on. Genuine events may have the same bytes,
//! so those without an id are numbered and not refused, unless the source is configured otherwise.

use keystile_core::{
    base::timestamp::HOUR_MS,
    config::{Replays, WebhookSource},
    objects::deliveries::{self, Claim, Claimed, ClaimedDelivery, Release, Remember, Settle},
    receiver::{
        delivery::{Outcome, RecentDelivery},
        queue::Envelope,
    },
};
use keystile_runtime::{
    log,
    object::{self, CallFailed},
};
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
        let refused_by = refused_by(source.replays, keys);
        let delivery = ClaimedDelivery { by: request_id.to_owned(), remember_ms: remember_ms(source), ..refused_by };
        Self { env, object, delivery }
    }

    pub(crate) async fn claim(&self) -> Result<Claimed, CallFailed> {
        object::call(self.env, &self.object, &Claim(self.delivery.clone()), TIMEOUT_MS).await
    }

    /// The name of the object.
    pub(crate) fn object(&self) -> &str {
        &self.object
    }

    /// Reports whether the delivery was forwarded, with its facts for each upstream.
    pub(crate) async fn note(&self, outcome: Outcome, facts: &[RecentDelivery]) -> Result<(), CallFailed> {
        let delivery = ClaimedDelivery { deliveries: facts.to_vec(), ..self.delivery.clone() };
        match outcome {
            Outcome::Delivered | Outcome::Queued => {
                object::call(self.env, &self.object, &Remember(delivery), TIMEOUT_MS).await.map(drop)
            }
            Outcome::Failed | Outcome::Dead => {
                object::call(self.env, &self.object, &Release(delivery), TIMEOUT_MS).await.map(drop)
            }
        }
    }
}

/// Reports what became of a delivery after its sender was answered. A failure is logged: the list of recent deliveries
/// is then wrong about this one, and nothing else.
pub(crate) async fn settle(env: &Env, object: &str, delivery: RecentDelivery) {
    let (id, settle) = (delivery.id.to_string(), Settle { delivery });
    if let Err(error) = object::call(env, object, &settle, TIMEOUT_MS).await {
        let fields = [("delivery", id.into()), ("reason", error.0.into())];
        log::warn("delivery_not_settled", &fields);
    }
}

/// The facts of an event, with its outcome.
pub(crate) fn facts(
    source: &WebhookSource,
    envelope: &Envelope,
    bytes: u64,
    same_bytes: bool,
    outcome: Outcome,
    status: Option<u16>,
) -> RecentDelivery {
    let listed = envelope.upstream.as_ref().filter(|upstream| !upstream.only);
    RecentDelivery {
        id: envelope.id.clone(),
        webhook_id: envelope.webhook_id.clone(),
        event_id: envelope.event_id.clone(),
        event_type: envelope.event_type.clone(),
        // An event of a source with one upstream is one row, whatever the upstream is called later.
        upstream: listed.map(|upstream| format!("{}{}", upstream.name, upstream.path)),
        received_at: envelope.received_at,
        request_id: envelope.request_id.clone(),
        bytes,
        same_bytes,
        outcome,
        status,
        until: envelope.received_at.plus_millis(remember_ms(source)),
        body_until: None,
        duplicates: 0,
        replayed_at: None,
    }
}

fn remember_ms(source: &WebhookSource) -> i64 {
    i64::from(source.remember_hours) * HOUR_MS
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
        deliveries: Vec::new(),
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
