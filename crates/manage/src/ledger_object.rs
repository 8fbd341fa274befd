//! The Durable Object of a ledger, one for each tenant.
//!
//! Commands arrive as POST with JSON, and are answered with JSON. Each has its own path.

use worker::{DurableObject, Env, Request, Response, Result, State, durable_object};

use crate::{
    ledger::{handler, instance::Instance},
    operations::COMMANDS,
};

/// The object.
#[durable_object]
pub struct Ledger {
    instance: Instance,
}

impl DurableObject for Ledger {
    fn new(state: State, env: Env) -> Self {
        Self { instance: Instance::new(state, env) }
    }

    async fn fetch(&self, mut request: Request) -> Result<Response> {
        let (path, body) = (request.path(), request.text().await?);
        handler::answer(COMMANDS, &self.instance, &path, &body).await
    }

    async fn alarm(&self) -> Result<Response> {
        self.instance.alarm().await
    }
}
