//! Reports to the overview of all tenants: makes the next report and sends the one under way. The alarm does that, and
//! nobody's answer waits for it.

use keystile_core::{
    KeyId, Timestamp,
    key::Environment,
    ledger::{
        lifecycle::KeyStatus,
        reporting::{REPORTED_BUCKETS, Report, Reporting},
        summary::{KeyCounts, LISTED, ListedKey, Summary},
    },
    objects::overview,
};
use keystile_runtime::{clock, database::Database, log, object};
use serde::Deserialize;
use worker::{Result, SqlStorageValue};

use super::{
    keys::{self, NEVER},
    open::OpenLedger,
    outbox, reporting, secrets, settings, suspension, tenant_usage,
};

/// The longest that the overview may take to answer before the report counts as not taken.
const OVERVIEW_TIMEOUT_MS: u64 = 2_000;

impl OpenLedger {
    /// Reports, if that is due and no other drain does it already.
    pub(super) async fn report_due(&self) -> Result<()> {
        let Some(lease) = self.reporting.take(clock::now()) else { return Ok(()) };
        let outcome = self.report().await;
        self.reporting.release(lease);
        outcome
    }

    async fn report(&self) -> Result<()> {
        let Some(report) = self.database.transaction(|| self.report_to_send(clock::now()))? else { return Ok(()) };
        let answer = object::call(&self.env, overview::NAME, &report, OVERVIEW_TIMEOUT_MS).await;
        if let Err(error) = &answer {
            log::warn("report_failed", &[("reason", error.0.as_str().into())]);
        }
        let reporting = reporting::find(&self.database)?;
        if reporting.number != report.number {
            return Ok(());
        }
        let noted = match answer {
            Ok(taken) => {
                let made_at = reporting.made_at.unwrap_or_else(clock::now);
                reporting.taken(taken.number, report.summary.outdated_at(made_at, reporting.waits))
            }
            Err(_) => reporting.failed(clock::now()),
        };
        reporting::write(&self.database, noted)
    }

    /// The report that is to be sent now: the one under way, or a new one.
    fn report_to_send(&self, now: Timestamp) -> Result<Option<Report>> {
        let database = &self.database;
        let reporting = reporting::find(database)?;
        if !reporting.is_due(now) {
            return Ok(None);
        }
        if reporting.under_way {
            return reporting::under_way(database).map(Some);
        }
        let Some(tenant) = self.tenant()? else {
            reporting::write(database, Reporting { due_at: None, ..reporting })?;
            return Ok(None);
        };
        let made = reporting.made(now, reporting::is_news(database)?);
        let uses = tenant_usage::take_unreported(database, REPORTED_BUCKETS)?;
        let erased = self.is_erased()?;
        let report = Report { tenant, number: made.number, uses, summary: self.summary(now)?, erased };
        reporting::store(database, &report, tenant_usage::is_unreported(database)?)?;
        reporting::write(database, made)?;
        Ok(Some(report))
    }

    /// The tenant as a whole.
    fn summary(&self, now: Timestamp) -> Result<Summary> {
        let database = &self.database;
        let settings = settings::find(database)?;
        let counts = keys::counts(database, now)?;
        Ok(Summary {
            max_active_keys: self.deployment.config.limits_of(&settings).max_active_keys,
            plan: settings.plan,
            suspended: suspension::find(database)?.is_some_and(|suspension| suspension.stated.suspended),
            keys: counts.iter().map(|count| (count.status, count.keys)).collect::<KeyCounts>(),
            active_keys: counts.iter().map(keys::Counted::lasting).sum(),
            expiring: expiring(database, now)?,
            unused: unused(database)?,
            secrets: Some(secrets::counts(database, now)?),
            outbox: Some(outbox::counts(database)?),
        })
    }
}

/// The living keys that expire soonest. Those that a rotation ends have an index of their own.
fn expiring(database: &Database, now: Timestamp) -> Result<Vec<ListedKey>> {
    let mut found = Vec::new();
    for which in ["pending_end IS NULL", "pending_end IS NOT NULL"] {
        let expiry = format!("ifnull(expires_at, {NEVER})");
        let rest = format!("{which} AND {expiry} > ? AND {expiry} < {NEVER} ORDER BY {expiry} LIMIT ?");
        found.extend(listed(database, &rest, vec![now.as_millis().into(), (LISTED as i64).into()])?);
    }
    found.sort_by_key(|key| key.expires_at);
    found.truncate(LISTED);
    Ok(found)
}

/// The living keys that are unused longest. [`keys::counts`] has noted which have expired.
fn unused(database: &Database) -> Result<Vec<ListedKey>> {
    let rest = "expired = 0 ORDER BY ifnull(max(used_in_hour * 3600000, created_at), created_at) LIMIT ?";
    listed(database, rest, vec![(LISTED as i64).into()])
}

fn listed(database: &Database, rest: &str, bindings: Vec<SqlStorageValue>) -> Result<Vec<ListedKey>> {
    #[derive(Deserialize)]
    struct Row {
        id: KeyId,
        name: String,
        display: String,
        environment: Environment,
        created_at: Timestamp,
        expires_at: Option<Timestamp>,
        last_used_at: Option<Timestamp>,
        status: KeyStatus,
        ending: u8,
        secret: String,
    }
    let select = format!(
        "SELECT id, json_extract(record, '$.name') AS name, json_extract(record, '$.display') AS display,
                json_extract(record, '$.subject.api_key.environment') AS environment, created_at, expires_at,
                max(used_in_hour * 3600000, created_at) AS last_used_at, state AS status,
                pending_end IS NOT NULL AS ending, secret
         FROM keys WHERE state <> 'revoked' AND {rest}"
    );
    let rows: Vec<Row> = database.rows(&select, bindings)?;
    let listed = |row: Row| {
        let Row { id, name, display, environment, created_at, expires_at, last_used_at, status, ending, secret } = row;
        let ending = ending != 0;
        ListedKey { id, name, display, environment, created_at, expires_at, last_used_at, status, ending, secret }
    };
    Ok(rows.into_iter().map(listed).collect())
}
