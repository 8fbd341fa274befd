//! `POST keys/import`: batch by batch to the tenant's ledger, and one report.

use keystile_core::{
    TenantId,
    api::import::{self},
    base::problem::Problem,
    ledger::{
        import::{BATCH_LINES, LineResult},
        lifecycle::ImportedKey,
    },
};
use keystile_runtime::{clock, response};
use worker::Request;

use super::{Call, Outcome, ask, authentication, body, passed_on, prefer, query};
use crate::{
    command::{Import, Imported, Origin},
    failure::Failure,
};

impl Call<'_> {
    /// What is wrong with a line is that line's alone. A batch that fails ends
    /// the import: those before it are recorded, and to send it all again is safe.
    pub(super) async fn import_keys(&self, request: &mut Request, tenant: TenantId) -> Outcome {
        query::none(request)?;
        let config = &self.deployment.config;
        if config.allow_imported.is_empty() {
            return Err(not_allowed().into());
        }
        let (body, origin) = self.asked(request, body::JSON, import::MAX_BODY_BYTES).await?;
        let lines = import::parse(body, &tenant, config, clock::now())?;
        let failed =
            |line: &Result<_, Vec<_>>| line.as_ref().err().cloned().map(|errors| LineResult::Failed { errors });
        let mut results: Vec<Option<LineResult>> = lines.iter().map(failed).collect();
        let (mut effective_by, mut replayed) = (None, None);
        // By lines, the bad ones too: a line that has become bad, since its expiry
        // is over, must not move the others into parts where they were not.
        for (number, batch) in lines.chunks(BATCH_LINES).enumerate() {
            let claim = origin.claim.as_ref().map(|claim| claim.part(number));
            let numbered = batch.iter().zip(number * BATCH_LINES..);
            let keys: Vec<(usize, ImportedKey)> =
                numbered.filter_map(|(line, at)| Some((at, line.as_ref().ok()?.clone()))).collect();
            if keys.is_empty() && claim.is_none() {
                continue;
            }
            // Those before it may have taken a while.
            let judged_until = if number == 0 { origin.judged_until } else { self.judge().await?.until };
            let origin = Origin { claim, judged_until, ..origin.clone() };
            let command = Import { origin, tenant: tenant.clone(), keys };
            let (status, text) = ask(self.env, tenant.as_str(), &command).await?;
            if status == 401 {
                return Err(authentication::refusal(&text, &self.deployment).into());
            }
            if status != 200 {
                let shown = serde_json::from_str(&text).unwrap_or_default();
                return Ok(passed_on(status, text, &shown)?);
            }
            let imported: Imported = serde_json::from_str(&text)
                .map_err(|error| Failure::Fault(format!("an import's answer that can't be read: {error}")))?;
            for (line, result) in imported.results {
                if let Some(slot) = results.get_mut(line) {
                    *slot = Some(result);
                }
            }
            effective_by = effective_by.max(imported.effective_by);
            replayed = Some(replayed.unwrap_or(true) && imported.replayed);
        }
        let results: Option<Vec<LineResult>> = results.into_iter().collect();
        let results = results.ok_or_else(|| Failure::Fault("an import's answer has not all lines".into()))?;
        let mut body = import::present(&results);
        if replayed == Some(true)
            && let Some(body) = body.as_object_mut()
        {
            body.insert("replayed".into(), true.into());
        }
        let mut response = response::json(200, &body)?;
        if let (Some(wait_ms), Some(effective_by)) = (self.wait_ms, effective_by) {
            prefer::wait_until(effective_by, wait_ms, response.headers_mut()).await?;
        }
        Ok(response)
    }
}

fn not_allowed() -> Problem {
    let detail = "No imported keys are allowed here: list what they begin with as `allow_imported` in keystile.toml.";
    Problem::new(422, "IMPORT_NOT_ALLOWED", detail)
}
