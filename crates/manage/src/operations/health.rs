//! The health check: the worker runs and can read its configuration.

use keystile_runtime::response;
use serde::Serialize;
use worker::{Env, Request};

use crate::{api::reply::ApiResult, deployment::Deployment};

/// Answers 200 if the configuration can be read.
pub(super) fn get(_: &Request, env: &Env) -> ApiResult {
    Deployment::load(env)?;
    Ok(response::json(200, &Health { status: "ok", version: env!("CARGO_PKG_VERSION") })?)
}

/// The state of this worker.
#[derive(Serialize)]
pub(super) struct Health {
    pub(super) status: &'static str,
    pub(super) version: &'static str,
}
