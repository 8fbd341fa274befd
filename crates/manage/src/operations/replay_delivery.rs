//! Puts a delivered event whose body is kept into the queue once more.
//!
//! Another object has the event, so the order is that of a redrive ([`dead_letter`](super::dead_letter)).

use keystile_core::{
    api::management::{self, MAX_BODY_BYTES},
    base::id::DeliveryId,
    ledger::{audit::Action, idempotency::Claim},
    objects::deliveries,
};
use serde::{Deserialize, Serialize};

use super::dead_letter::{ActedOn, act_on, source};
use crate::{
    api::{body::JSON, call::ApiCall, reply::ApiResult},
    command::{Command, DeadLetterRef, Origin},
    deliveries::{not_found, replay},
    failure::Failure,
    ledger::{handler::Change, open::OpenLedger},
};

/// Replays the path's delivery.
pub(super) async fn of_path(call: &ApiCall<'_>) -> ApiResult {
    call.no_query()?;
    let source = source(call)?;
    let id = DeliveryId::parse(call.parameter("id")?).ok_or_else(not_found)?;
    let (body, origin) = call.asked(JSON, MAX_BODY_BYTES).await?;
    management::parse_empty(body)?;
    call.operators_ledger(&ReplayDelivery { origin, delivery: DeadLetterRef { source, id } }).await
}

/// The command to replay a delivery.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ReplayDelivery {
    origin: Origin,
    delivery: DeadLetterRef,
}

impl Command for ReplayDelivery {
    const PATH: &'static str = "/replay-delivery";
    type Answer = ActedOn;

    fn request_id(&self) -> &str {
        &self.origin.request_id
    }
}

impl Change for ReplayDelivery {
    fn claim(&self) -> Option<&Claim> {
        self.origin.claim.as_ref()
    }

    async fn carry_out(self, ledger: &OpenLedger) -> Result<ActedOn, Failure> {
        let Self { origin, delivery } = self;
        let call = deliveries::Replay { id: delivery.id.clone() };
        let asked = replay(&ledger.env, &delivery.source, &call, &origin.request_id);
        act_on::<Self>(ledger, &origin, &delivery, Action::DeliveryReplayed, asked, "queued").await
    }
}
