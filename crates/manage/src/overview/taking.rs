//! Takes a report: all of it in one transaction, or nothing of it.

use std::collections::BTreeMap;

use keystile_core::{
    KeyId, TenantId, Timestamp,
    ledger::{
        reporting::{Report, is_news},
        summary::{ListedKey, Summary},
    },
    objects::overview::Taken,
    usage::{first_kept_hour, report::Bucket},
};
use keystile_runtime::database::Database;
use serde::{Deserialize, Serialize};
use worker::Result;

/// Takes a report, unless it was taken before.
pub(super) fn take(database: &Database, report: &Report, now: Timestamp) -> Result<Taken> {
    database.transaction(|| {
        let last = last_number(database, &report.tenant)?;
        if !is_news(report, last) {
            return Ok(Taken { number: last });
        }
        let nothing = Summary::default();
        let summary = if report.erased { &nothing } else { &report.summary };
        write_tenant(database, report, summary, now)?;
        replace_listed(database, &report.tenant, summary)?;
        replace_secrets(database, &report.tenant, summary)?;
        replace_outbox(database, report)?;
        count(database, &report.uses)?;
        fold(database, now)?;
        Ok(Taken { number: report.number })
    })
}

/// The number of the last report of this tenant; 0 if there was none.
fn last_number(database: &Database, tenant: &TenantId) -> Result<u64> {
    #[derive(Deserialize)]
    struct Last {
        number: u64,
    }
    let last: Option<Last> =
        database.row("SELECT number FROM tenants WHERE tenant = ?", vec![tenant.as_str().into()])?;
    Ok(last.map_or(0, |last| last.number))
}

fn write_tenant(database: &Database, report: &Report, summary: &Summary, now: Timestamp) -> Result<()> {
    let Summary { plan, suspended, keys, active_keys, max_active_keys, expiring: _, unused: _, secrets, outbox: _ } =
        summary;
    database.execute(
        "INSERT OR REPLACE INTO tenants (tenant, number, reported_at, plan, suspended, active, disabled, expired,
                                         revoked, active_keys, max_active_keys, expiring_to, unused_to,
                                         secrets_known, erased, outbox_known)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        vec![
            report.tenant.as_str().into(),
            (report.number as i64).into(),
            now.as_millis().into(),
            plan.clone().into(),
            i64::from(*suspended).into(),
            (keys.active as i64).into(),
            (keys.disabled as i64).into(),
            (keys.expired as i64).into(),
            (keys.revoked as i64).into(),
            (*active_keys as i64).into(),
            max_active_keys.map(i64::from).into(),
            summary.expiring_to().map(Timestamp::as_millis).into(),
            summary.unused_to().map(Timestamp::as_millis).into(),
            i64::from(secrets.is_some()).into(),
            i64::from(report.erased).into(),
            i64::from(report.summary.outbox.is_some()).into(),
        ],
    )
}

/// A key, and the lists that it is in.
#[derive(Serialize)]
struct Listed<'a> {
    #[serde(flatten)]
    key: &'a ListedKey,
    expiring: bool,
    unused: bool,
}

/// Writes the tenant's lists. Rows that stay as they are aren't written: most of them stay from report to report.
fn replace_listed(database: &Database, tenant: &TenantId, summary: &Summary) -> Result<()> {
    let mut listed: BTreeMap<&KeyId, Listed<'_>> = BTreeMap::new();
    let listing = |key| Listed { key, expiring: false, unused: false };
    for key in &summary.expiring {
        listed.entry(&key.id).or_insert_with(|| listing(key)).expiring = true;
    }
    for key in &summary.unused {
        listed.entry(&key.id).or_insert_with(|| listing(key)).unused = true;
    }
    let rows = serde_json::to_string(&listed.values().collect::<Vec<_>>())?;
    database.execute(
        "DELETE FROM listed_keys WHERE tenant = ? AND id NOT IN (SELECT value ->> 'id' FROM json_each(?))",
        vec![tenant.as_str().into(), rows.as_str().into()],
    )?;
    database.execute(
        "INSERT INTO listed_keys (tenant, id, name, display, environment, created_at, expires_at, last_used_at, status,
                                  ending, expiring, unused, secret)
         SELECT ?, value ->> 'id', value ->> 'name', value ->> 'display', value ->> 'environment',
                value ->> 'created_at', value ->> 'expires_at', value ->> 'last_used_at', value ->> 'status',
                value ->> 'ending', value ->> 'expiring', value ->> 'unused', ifnull(value ->> 'secret', '')
         FROM json_each(?) WHERE true
         ON CONFLICT (tenant, id) DO UPDATE SET
             (name, display, expires_at, last_used_at, status, ending, expiring, unused, secret) =
             (excluded.name, excluded.display, excluded.expires_at, excluded.last_used_at, excluded.status,
              excluded.ending, excluded.expiring, excluded.unused, excluded.secret)
         WHERE (name, display, expires_at, last_used_at, status, ending, expiring, unused, secret) IS NOT
             (excluded.name, excluded.display, excluded.expires_at, excluded.last_used_at, excluded.status,
              excluded.ending, excluded.expiring, excluded.unused, excluded.secret)",
        vec![tenant.as_str().into(), rows.into()],
    )
}

/// Writes the tenant's keys by secret. Numbers that stay aren't written.
fn replace_secrets(database: &Database, tenant: &TenantId, summary: &Summary) -> Result<()> {
    let rows = serde_json::to_string(summary.secrets.as_deref().unwrap_or_default())?;
    let tenant = tenant.as_str();
    database.execute(
        "DELETE FROM tenant_secrets
         WHERE tenant = ? AND secret NOT IN (SELECT value ->> 'fingerprint' FROM json_each(?))",
        vec![tenant.into(), rows.as_str().into()],
    )?;
    database.execute(
        "INSERT INTO tenant_secrets (tenant, secret, keys)
         SELECT ?, value ->> 'fingerprint', value ->> 'keys' FROM json_each(?) WHERE true
         ON CONFLICT (tenant, secret) DO UPDATE SET keys = excluded.keys WHERE keys <> excluded.keys",
        vec![tenant.into(), rows.into()],
    )
}

/// Writes the entries of the tenant's outbox. Numbers that stay aren't written.
fn replace_outbox(database: &Database, report: &Report) -> Result<()> {
    let rows = serde_json::to_string(report.summary.outbox.as_deref().unwrap_or_default())?;
    let tenant = report.tenant.as_str();
    database.execute(
        "DELETE FROM tenant_outbox WHERE tenant = ? AND stage NOT IN (SELECT value ->> 'stage' FROM json_each(?))",
        vec![tenant.into(), rows.as_str().into()],
    )?;
    database.execute(
        "INSERT INTO tenant_outbox (tenant, stage, entries)
         SELECT ?, value ->> 'stage', value ->> 'entries' FROM json_each(?) WHERE true
         ON CONFLICT (tenant, stage) DO UPDATE SET entries = excluded.entries WHERE entries <> excluded.entries",
        vec![tenant.into(), rows.into()],
    )
}

fn count(database: &Database, uses: &[Bucket]) -> Result<()> {
    for Bucket { hour, code, count } in uses {
        database.execute(
            "INSERT INTO usage (hour, code, count) VALUES (?, ?, ?)
             ON CONFLICT (hour, code) DO UPDATE SET count = count + excluded.count",
            vec![(*hour).into(), code.as_str().into(), (*count as i64).into()],
        )?;
    }
    Ok(())
}

/// Adds hours that are too old to be kept separately to the totals.
fn fold(database: &Database, now: Timestamp) -> Result<()> {
    let before = first_kept_hour(now);
    database.execute(
        "INSERT INTO usage_folded (code, count) SELECT code, sum(count) FROM usage WHERE hour < ? GROUP BY code
         ON CONFLICT (code) DO UPDATE SET count = count + excluded.count",
        vec![before.into()],
    )?;
    database.execute("DELETE FROM usage WHERE hour < ?", vec![before.into()])
}
