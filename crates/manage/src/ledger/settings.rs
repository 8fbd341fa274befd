//! The tenant's plan and limits, and the checks that they require.

use keystile_core::{
    Timestamp,
    access::record::Subject,
    base::{code::Code, problem::Problem},
    ledger::{
        lifecycle::Key,
        lowering,
        plan::{KeyLimits, TenantSettings},
    },
    limits::{
        definition::{AppliedLimit, Terms},
        own::OwnLimits,
    },
};
use serde::Deserialize;
use serde_json::json;
use worker::Result;

use super::{keys, open::OpenLedger, suspension};
use crate::{command::Origin, failure::Failure};
use keystile_runtime::database::Database;

#[derive(Deserialize)]
struct Row {
    settings: String,
}

/// Reads the settings, which are empty if nothing was ever set.
pub(crate) fn find(database: &Database) -> Result<TenantSettings> {
    let row: Option<Row> = database.row("SELECT settings FROM settings", vec![])?;
    Ok(row.map(|row| serde_json::from_str(&row.settings)).transpose()?.unwrap_or_default())
}

/// Writes the settings.
pub(crate) fn write(database: &Database, settings: &TenantSettings) -> Result<()> {
    let settings = serde_json::to_string(settings)?;
    database.execute(
        "INSERT INTO settings (one, settings) VALUES (1, ?1) ON CONFLICT (one) DO UPDATE SET settings = ?1",
        vec![settings.into()],
    )
}

/// The time from which the tenant's plan, rate limits and quotas are in effect; `None` if the limiter hasn't taken
/// them, or they were never changed.
pub(crate) fn limits_effective_by(database: &Database) -> Result<Option<Timestamp>> {
    #[derive(Deserialize)]
    struct Row {
        limits_effective_by: Option<Timestamp>,
    }
    let row: Option<Row> = database.row("SELECT limits_effective_by FROM settings", vec![])?;
    Ok(row.and_then(|row| row.limits_effective_by))
}

/// Notes that the tenant's plan, rate limits or quotas have changed. The limiter hasn't taken them yet.
pub(crate) fn limits_changed(database: &Database) -> Result<()> {
    database.execute("UPDATE settings SET limits_effective_by = NULL", vec![])
}

/// Notes that the limiter took the tenant's plan, rate limits and quotas.
pub(crate) fn limits_took_effect(database: &Database, effective_by: Timestamp) -> Result<()> {
    database.execute("UPDATE settings SET limits_effective_by = ?", vec![effective_by.as_millis().into()])
}

/// The place in the configuration whose rate limits and quotas hold for a key with these own values.
pub(crate) fn terms<'a>(settings: &'a TenantSettings, key: &'a OwnLimits) -> Terms<'a> {
    Terms { plan: settings.plan.as_deref(), tenant: &settings.own_counted, key }
}

fn reached(limit: u32, active: u64, detail: String) -> Problem {
    let problem = Problem::new(Code::KeyLimitReached, detail);
    problem.with("limit", json!(limit)).with("active", json!(active))
}

impl OpenLedger {
    /// The version of the tenant, its ETag. Status and settings are numbered for themselves, each upwards, so the sum
    /// rises with every change of either. A tenant of which nothing was ever set has version 1.
    pub(crate) fn tenants_version(&self) -> Result<u64> {
        let standing = suspension::find(&self.database)?.map_or(0, |suspension| suspension.stated.version);
        Ok(1 + standing + find(&self.database)?.version)
    }

    /// Whether the tenant is there: it has, or had, keys, settings or a status.
    pub(crate) fn has_tenant(&self) -> Result<bool> {
        let settings: Option<Row> = self.database.row("SELECT settings FROM settings", vec![])?;
        Ok(settings.is_some() || keys::exist(&self.database)? || suspension::find(&self.database)?.is_some())
    }

    /// The limits for keys of this kind. Operators have none.
    pub(crate) fn limits(&self, subject: &Subject) -> Result<KeyLimits> {
        match subject {
            Subject::ApiKey { .. } => Ok(self.deployment.config.limits_of(&find(&self.database)?)),
            Subject::Operator { .. } => Ok(KeyLimits::default()),
        }
    }

    /// The rate limits and quotas that a key is under; without a key, those of a key without own values.
    pub(crate) fn counted_limits(&self, key: Option<&Key>) -> Result<Vec<AppliedLimit>> {
        let (settings, none) = (find(&self.database)?, OwnLimits::default());
        let own = key.map_or(&none, |key| &key.own_limits);
        Ok(self.deployment.config.counted_limits.applied(terms(&settings, own)))
    }

    /// The own rate limits and quotas of a new key, as they were requested or, if the caller may only lower limits, as
    /// maxima.
    pub(crate) fn own_limits_of_new_key(
        &self,
        origin: &Origin,
        requested: &OwnLimits,
    ) -> std::result::Result<OwnLimits, Failure> {
        if origin.may_raise || requested.is_empty() {
            return Ok(requested.clone());
        }
        let (settings, none) = (find(&self.database)?, OwnLimits::default());
        let configured = &self.deployment.config.counted_limits;
        let own = lowering::of_new_key(configured, terms(&settings, &none), requested);
        own.map_err(|limit| lowering::refusal(limit).into())
    }

    /// Checks that the caller may change a key's own rate limits and quotas to these.
    pub(crate) fn check_own_limits(
        &self,
        origin: &Origin,
        key: &Key,
        after: &OwnLimits,
    ) -> std::result::Result<(), Failure> {
        if origin.may_raise || *after == key.own_limits {
            return Ok(());
        }
        let settings = find(&self.database)?;
        let configured = &self.deployment.config.counted_limits;
        match lowering::raised(configured, terms(&settings, &key.own_limits), after) {
            Some(limit) => Err(lowering::refusal(limit).into()),
            None => Ok(()),
        }
    }

    /// Checks that there may be one more key.
    pub(crate) fn check_one_more(&self, limits: &KeyLimits, now: Timestamp) -> std::result::Result<(), Failure> {
        let Some(limit) = limits.max_active_keys else { return Ok(()) };
        let active = keys::count_lasting(&self.database, now)?;
        if limits.allow_one_more(active) {
            return Ok(());
        }
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
        let ending = keys::count_ending(&self.database, now)?;
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
