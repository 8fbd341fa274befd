//! Shows all tenants at once: the numbers of keys, keys that expire soon, keys that are unused, and tenants that are
//! almost at their limit of active keys. Every ledger reports them.

use keystile_core::{
    api::listing,
    base::problem::Problem,
    ledger::summary::SecretCount,
    objects::{
        Call,
        overview::{self, OverviewQuery},
    },
};
use keystile_runtime::{clock, log, object, response};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    api::{call::ApiCall, reply::ApiResult},
    command::Command,
    failure::Failure,
    ledger::{handler::Read, open::OpenLedger, secrets},
};

/// The longest that the overview may take: it reads a row for each tenant.
const OVERVIEW_TIMEOUT_MS: u64 = 5_000;

/// Shows the overview.
pub(super) async fn of_deployment(call: &ApiCall<'_>) -> ApiResult {
    let query = listing::parse_overview_query(call.query()?)?;
    let operators_secrets = call.operators_answer(&CountSecrets { request_id: call.request_id.into() }).await?;
    let configured_secrets = call.deployment.keyring.fingerprints().map(String::from).collect();
    ask_overview(call, &OverviewQuery { configured_secrets, operators_secrets, ..query }).await
}

/// The command to count a ledger's living keys by the secret that tagged them. Operators' keys are in no report.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct CountSecrets {
    pub(crate) request_id: String,
}

impl Command for CountSecrets {
    const PATH: &'static str = "/count-secrets";
    type Answer = Vec<SecretCount>;

    fn request_id(&self) -> &str {
        &self.request_id
    }
}

impl Read for CountSecrets {
    fn read(&self, ledger: &OpenLedger) -> Result<Vec<SecretCount>, Failure> {
        Ok(secrets::counts(&ledger.database, clock::now())?)
    }
}

/// Asks the object of the overview, and passes its answer on.
pub(super) async fn ask_overview<C>(call: &ApiCall<'_>, question: &C) -> ApiResult
where
    C: Call<Answer: Serialize + DeserializeOwned>,
{
    let answer = object::call(call.env, overview::NAME, question, OVERVIEW_TIMEOUT_MS).await.map_err(|error| {
        log::error("overview_unreachable", &[("request_id", call.request_id.into()), ("reason", error.0.into())]);
        Problem::unavailable("The overview of all tenants can't be read right now; try again shortly.")
    })?;
    Ok(response::json(200, &answer)?)
}
