//! `POST keys/import`: batch by batch to the tenant's ledger, and one report.

use keystile_core::{
    TenantId,
    import::{self, BATCH_LINES, ImportedKey, LineResult},
    problem::Problem,
};
use keystile_runtime::{clock, response};
use worker::Request;

use super::{Call, Outcome, ask, body, passed_on, prefer, query};
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
        let body = body::read_within(request, body::JSON, import::MAX_BODY_BYTES).await?;
        let origin = self.origin(request, &body)?;
        let lines = import::parse(body, &tenant, config, clock::now())?;
        let mut good = Vec::new();
        let mut results = Vec::with_capacity(lines.len());
        for line in lines {
            match line {
                Ok(key) => {
                    good.push((results.len(), key));
                    results.push(None);
                }
                Err(errors) => results.push(Some(LineResult::Failed { errors })),
            }
        }
        let (mut effective_by, mut replayed) = (None, !good.is_empty());
        for (number, batch) in good.chunks(BATCH_LINES).enumerate() {
            let claim = origin.claim.as_ref().map(|claim| claim.part(number));
            let origin = Origin { claim, ..origin.clone() };
            let keys: Vec<ImportedKey> = batch.iter().map(|(_, key)| key.clone()).collect();
            let command = Import { origin, tenant: tenant.clone(), keys };
            let (status, text) = ask(self.env, tenant.as_str(), &command).await?;
            if status != 200 {
                let shown = serde_json::from_str(&text).unwrap_or_default();
                return Ok(passed_on(status, text, &shown)?);
            }
            let imported: Imported = serde_json::from_str(&text)
                .map_err(|error| Failure::Fault(format!("an import's answer that can't be read: {error}")))?;
            if imported.results.len() != batch.len() {
                return Err(Failure::Fault("an import's answer has other lines than were sent".into()));
            }
            for ((line, _), result) in batch.iter().zip(imported.results) {
                if let Some(slot) = results.get_mut(*line) {
                    *slot = Some(result);
                }
            }
            effective_by = effective_by.max(imported.effective_by);
            replayed &= imported.replayed;
        }
        let results: Vec<LineResult> = results.into_iter().flatten().collect();
        let mut body = import::present(&results);
        if replayed && let Some(body) = body.as_object_mut() {
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
