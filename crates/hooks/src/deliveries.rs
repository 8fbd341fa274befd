//! Detection of repeated deliveries, by the object that remembers them.

use keystile_core::{
    base::timestamp::HOUR_MS,
    config::WebhookSource,
    objects::deliveries::{self, Claim, Claimed, ClaimedDelivery, Release, Remember},
};
use keystile_runtime::object::{self, CallFailed};
use worker::Env;

const TIMEOUT_MS: u64 = 5_000;

/// One delivery, with the object that remembers it.
pub(crate) struct Remembered<'a> {
    env: &'a Env,
    object: String,
    delivery: ClaimedDelivery,
}

impl<'a> Remembered<'a> {
    pub(crate) fn new(env: &'a Env, source: &WebhookSource, keys: Vec<String>, request_id: &str) -> Self {
        let object = match keys.first().filter(|_| source.scheme.each.is_none()) {
            Some(key) => deliveries::name(&source.source, key),
            None => deliveries::name_for_batches(&source.source),
        };
        let remember_ms = i64::from(source.remember_hours) * HOUR_MS;
        Self { env, object, delivery: ClaimedDelivery { keys, by: request_id.to_owned(), remember_ms } }
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
