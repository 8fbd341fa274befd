//! The tenant's plan and limits, and the checks that they require.

use keystile_core::{
    Timestamp,
    access::record::Subject,
    base::{code::Code, problem::Problem},
    ledger::plan::{KeyLimits, MAX_KEYS, TenantSettings},
};
use serde::Deserialize;
use serde_json::json;
use worker::Result;

use super::{keys, open::OpenLedger};
use crate::failure::Failure;
use keystile_runtime::database::Database;

/// Reads the settings, which are empty if nothing was ever set.
pub(crate) fn find(database: &Database) -> Result<TenantSettings> {
    #[derive(Deserialize)]
    struct Row {
        settings: String,
    }
    let row: Option<Row> = database.row("SELECT settings FROM settings", vec![])?;
    Ok(row.map(|row| serde_json::from_str(&row.settings)).transpose()?.unwrap_or_default())
}

/// Writes the settings.
pub(crate) fn write(database: &Database, settings: &TenantSettings) -> Result<()> {
    let settings = serde_json::to_string(settings)?;
    database.execute("INSERT OR REPLACE INTO settings (one, settings) VALUES (1, ?)", vec![settings.into()])
}

fn reached(limit: u32, active: u64, detail: String) -> Problem {
    let problem = Problem::new(Code::KeyLimitReached, detail);
    problem.with("limit", json!(limit)).with("active", json!(active))
}

impl OpenLedger {
    /// The limits for keys of this kind. Operators have none.
    pub(crate) fn limits(&self, subject: &Subject) -> Result<KeyLimits> {
        match subject {
            Subject::ApiKey { .. } => Ok(self.deployment.config.limits_of(&find(&self.database)?)),
            Subject::Operator { .. } => Ok(KeyLimits::default()),
        }
    }

    /// Checks that there may be one more key.
    pub(crate) fn check_one_more(&self, limits: &KeyLimits, now: Timestamp) -> std::result::Result<(), Failure> {
        let Some(limit) = limits.max_active_keys else { return Ok(()) };
        // Counts no further than the decision needs, since a tenant may have thousands of keys.
        if limits.allow_one_more(keys::count_lasting(&self.database, now, limit)?) {
            return Ok(());
        }
        let active = keys::count_lasting(&self.database, now, MAX_KEYS)?;
        let detail = format!(
            "This tenant may have {limit} active keys and has {active}. Revoke one, or raise the limit with PATCH on \
             the tenant."
        );
        Err(reached(limit, active, detail).into())
    }

    /// Checks that a rotation may set one more key to end. Such keys don't count against the limit, so that a tenant at
    /// its limit can still rotate. There may be only as many of them as the limit allows (one in any case), since
    /// otherwise rotations would get round the limit.
    pub(crate) fn check_one_more_ends(&self, limits: &KeyLimits, now: Timestamp) -> std::result::Result<(), Failure> {
        let Some(limit) = limits.max_active_keys else { return Ok(()) };
        let ending = keys::count_ending(&self.database, now, limit)?;
        if ending == 0 || limits.allow_one_more(ending) {
            return Ok(());
        }
        let detail = format!(
            "This tenant may have {limit} active keys, and {ending} more are still to end by rotation. Revoke one of \
             those, or rotate without an overlap."
        );
        Err(reached(limit, ending, detail).into())
    }
}
