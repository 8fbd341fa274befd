//! The tenant's plan and limits, and what they forbid.

use keystile_core::{
    Timestamp,
    plan::{Limits, TenantSettings},
    problem::Problem,
    record::Subject,
};
use serde::Deserialize;
use serde_json::json;
use worker::Result;

use super::{books::Books, keys};
use crate::failure::Failure;
use keystile_runtime::database::Database;

/// What is set; nothing if nothing was.
pub(super) fn find(database: &Database) -> Result<TenantSettings> {
    #[derive(Deserialize)]
    struct Row {
        settings: String,
    }
    let row: Option<Row> = database.row("SELECT settings FROM settings", vec![])?;
    Ok(row.map(|row| serde_json::from_str(&row.settings)).transpose()?.unwrap_or_default())
}

/// Writes what is set.
pub(super) fn write(database: &Database, settings: &TenantSettings) -> Result<()> {
    let settings = serde_json::to_string(settings)?;
    database.execute("INSERT OR REPLACE INTO settings (one, settings) VALUES (1, ?)", vec![settings.into()])
}

impl Books {
    /// The limits that hold for such keys. Operators have none.
    pub(super) fn limits(&self, subject: &Subject) -> Result<Limits> {
        match subject {
            Subject::ApiKey { .. } => Ok(find(&self.database)?.limits(&self.deployment.config)),
            Subject::Operator { .. } => Ok(Limits::default()),
        }
    }

    /// Whether there may be one more key.
    pub(super) fn check_one_more(&self, limits: &Limits, now: Timestamp) -> std::result::Result<(), Failure> {
        let Some(limit) = limits.max_active_keys else { return Ok(()) };
        let active = keys::count_lasting(&self.database, now)?;
        if limits.allow_one_more(active) {
            return Ok(());
        }
        let detail = format!(
            "This tenant may have {limit} active keys and has {active}. Revoke one, or raise the limit with PATCH on \
             the tenant."
        );
        let problem = Problem::new(409, "KEY_LIMIT_REACHED", detail);
        Err(problem.with("limit", json!(limit)).with("active", json!(active)).into())
    }
}
