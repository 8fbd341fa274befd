//! `POST {base}/v1/webhooks/verify`: the verdict on a delivery, for services
//! that receive webhooks themselves. The edge has authenticated the caller.

use keystile_core::problem::Problem;

use crate::{incoming::Incoming, reply::Reply, source::Hooks};

pub(crate) async fn answer(_hooks: &Hooks, incoming: &Incoming) -> Result<Reply, Problem> {
    if !incoming.is_operator() {
        return Err(Problem::internal());
    }
    Err(Problem::new(404, "NOT_ROUTED", "Keystile has no such endpoint."))
}
