//! The answers of the overview. Time has passed since the ledgers reported, so what has expired since is left out of the
//! lists and counted as expired.
//!
//! A tenant with more keys than a report lists has keys that are not known here. The lists end where the first such keys
//! may stand, and say that there are more.

use keystile_core::{
    KeyId, TenantId, Timestamp,
    api::shown::{SharedSecret, ShownKeyList, ShownListedKey, ShownNearCap, ShownNearCaps, ShownOverview},
    base::timestamp::{DAY_MS, Rfc3339},
    key::Environment,
    ledger::{
        lifecycle::KeyStatus,
        summary::{KeyCounts, LISTED, SecretCount},
    },
    objects::overview::{OverviewQuery, OverviewState, ReadState, UsageQuery},
    usage::report::{Period, Usage, UsageOf, UsageReport},
};
use keystile_runtime::database::Database;
use serde::Deserialize;
use worker::{Result, SqlStorageValue};

/// One row more than is shown tells whether there are more.
const ROWS: i64 = LISTED as i64 + 1;

/// All tenants at once.
pub(super) fn overview(database: &Database, query: &OverviewQuery, now: Timestamp) -> Result<ShownOverview> {
    let totals = Totals::read(database, now)?;
    let soon = now.plus_millis(i64::from(query.expiring_within_days) * DAY_MS);
    let long_ago = now.plus_millis(-i64::from(query.unused_for_days) * DAY_MS);
    Ok(ShownOverview {
        as_of: Rfc3339(now),
        expiring: expiring(database, now, soon, totals.expiring_to)?,
        keys: keys(database, &totals, now)?,
        near_caps: near_caps(database, query.near_cap_percent, now)?,
        secrets: SharedSecret::list(&query.configured_secrets, &secrets(database, now)?, &query.operators_secrets),
        secrets_unknown: totals.secrets_unknown,
        suspended: totals.suspended,
        tenants: totals.tenants,
        unused: unused(database, now, long_ago, totals.unused_to)?,
    })
}

/// The uses of all tenants' keys together.
pub(super) fn usage(database: &Database, query: &UsageQuery, now: Timestamp) -> Result<UsageReport> {
    let first: SqlStorageValue = Period::Month.first_hour(now).into();
    let recent = database.rows("SELECT hour, code, count FROM usage WHERE hour >= ?", vec![first])?;
    let all = all_uses(database)?.collect();
    Ok(Usage { recent, all }.report(UsageOf::AllTenants, query.period, now))
}

/// The numbers for `GET /metrics`.
pub(super) fn state(database: &Database, _: &ReadState, now: Timestamp) -> Result<OverviewState> {
    let totals = Totals::read(database, now)?;
    Ok(OverviewState {
        tenants: totals.tenants,
        suspended: totals.suspended,
        keys: keys(database, &totals, now)?,
        uses: all_uses(database)?.collect(),
        outbox: database
            .rows("SELECT stage, sum(entries) AS entries FROM tenant_outbox GROUP BY stage ORDER BY stage", vec![])?,
        outbox_unknown: totals.outbox_unknown,
        last_report_at: totals.last_report_at,
    })
}

/// The uses of all time by code.
fn all_uses(database: &Database) -> Result<impl Iterator<Item = (String, u64)>> {
    #[derive(Deserialize)]
    struct Sum {
        code: String,
        count: u64,
    }
    let sums: Vec<Sum> = database.rows(
        "SELECT code, sum(count) AS count FROM (
             SELECT code, count FROM usage UNION ALL SELECT code, count FROM usage_folded
         ) GROUP BY code",
        vec![],
    )?;
    Ok(sums.into_iter().map(|Sum { code, count }| (code, count)))
}

/// The totals of the last reports of all ledgers.
#[derive(Deserialize)]
struct Totals {
    tenants: u64,
    suspended: u64,
    secrets_unknown: u64,
    outbox_unknown: u64,
    last_report_at: Option<Timestamp>,
    active: u64,
    disabled: u64,
    expired: u64,
    revoked: u64,
    /// All keys that expire up to then are listed.
    expiring_to: Option<Timestamp>,
    /// All keys that are unused since then, or longer, are listed.
    unused_to: Option<Timestamp>,
}

impl Totals {
    /// Reads a row for each tenant. A list whose last key has expired is left out of `expiring_to`: its ledger is late
    /// with its report, and must not hide the keys of all other tenants.
    fn read(database: &Database, now: Timestamp) -> Result<Self> {
        let totals = database.row(
            "SELECT count(*) AS tenants, total(suspended) AS suspended, total(secrets_known = 0) AS secrets_unknown,
                    total(outbox_known = 0) AS outbox_unknown, max(reported_at) AS last_report_at, total(active) AS active,
                    total(disabled) AS disabled, total(expired) AS expired, total(revoked) AS revoked,
                    min(iif(expiring_to > ?, expiring_to, NULL)) AS expiring_to, min(unused_to) AS unused_to
             FROM tenants WHERE erased = 0",
            vec![now.as_millis().into()],
        )?;
        totals.ok_or_else(|| worker::Error::RustError("a sum without a row".into()))
    }
}

/// The number of keys by status, of which some have expired since they were reported.
fn keys(database: &Database, totals: &Totals, now: Timestamp) -> Result<KeyCounts> {
    #[derive(Deserialize)]
    struct Gone {
        status: KeyStatus,
        keys: u64,
    }
    let &Totals { active, disabled, expired, revoked, .. } = totals;
    let mut counts = KeyCounts { active, disabled, expired, revoked };
    let gone: Vec<Gone> = database.rows(
        "SELECT status, count(*) AS keys FROM listed_keys WHERE expiring = 1 AND expires_at <= ? GROUP BY status",
        vec![now.as_millis().into()],
    )?;
    for Gone { status, keys } in gone {
        counts.expire(status, keys);
    }
    Ok(counts)
}

/// The living keys of all tenants by secret, without those that have expired since they were reported.
fn secrets(database: &Database, now: Timestamp) -> Result<Vec<SecretCount>> {
    database.rows(
        "WITH gone AS (
             SELECT secret, count(*) AS keys FROM listed_keys WHERE expiring = 1 AND expires_at <= ? GROUP BY secret
         )
         SELECT secret AS fingerprint, max(sum(tenant_secrets.keys) - ifnull(gone.keys, 0), 0) AS keys
         FROM tenant_secrets LEFT JOIN gone USING (secret) GROUP BY secret ORDER BY secret",
        vec![now.as_millis().into()],
    )
}

fn expiring(database: &Database, now: Timestamp, soon: Timestamp, to: Option<Timestamp>) -> Result<ShownKeyList> {
    let until = to.map_or(soon, |to| to.min(soon));
    let keys = listed(
        database,
        "expiring = 1 AND expires_at > ? AND expires_at <= ? ORDER BY expires_at, tenant, id",
        [now, until],
    )?;
    Ok(ShownKeyList::new(keys, until < soon))
}

fn unused(database: &Database, now: Timestamp, long_ago: Timestamp, to: Option<Timestamp>) -> Result<ShownKeyList> {
    let since = to.map_or(long_ago, |to| to.min(long_ago));
    let keys = listed(
        database,
        "unused = 1 AND ifnull(expires_at > ?, true) AND ifnull(last_used_at, created_at) <= ?
         ORDER BY ifnull(last_used_at, created_at), tenant, id",
        [now, since],
    )?;
    Ok(ShownKeyList::new(keys, since < long_ago))
}

fn listed(database: &Database, which: &str, times: [Timestamp; 2]) -> Result<Vec<ShownListedKey>> {
    #[derive(Deserialize)]
    struct Row {
        tenant: TenantId,
        id: KeyId,
        name: String,
        display: String,
        environment: Environment,
        created_at: Timestamp,
        expires_at: Option<Timestamp>,
        last_used_at: Option<Timestamp>,
    }
    let select = format!(
        "SELECT tenant, id, name, display, environment, created_at, expires_at, last_used_at
         FROM listed_keys WHERE {which} LIMIT {ROWS}"
    );
    let rows: Vec<Row> = database.rows(&select, times.map(|time| time.as_millis().into()).to_vec())?;
    let shown = |row: Row| ShownListedKey {
        created_at: Rfc3339(row.created_at),
        display: row.display,
        environment: row.environment,
        expires_at: row.expires_at.map(Rfc3339),
        id: row.id,
        last_used_at: row.last_used_at.map(Rfc3339),
        name: row.name,
        tenant: row.tenant,
    };
    Ok(rows.into_iter().map(shown).collect())
}

/// Tenants that have at least this percentage of the active keys that they may have, the fullest first.
fn near_caps(database: &Database, percent: u32, now: Timestamp) -> Result<ShownNearCaps> {
    #[derive(Deserialize)]
    struct Row {
        tenant: TenantId,
        plan: Option<String>,
        active_keys: u64,
        max_active_keys: u32,
    }
    let rows: Vec<Row> = database.rows(
        "WITH gone AS (
             SELECT tenant, count(*) AS keys FROM listed_keys
             WHERE expiring = 1 AND ending = 0 AND expires_at <= ? GROUP BY tenant
         ), present AS (
             SELECT tenant, plan, max(active_keys - ifnull(gone.keys, 0), 0) AS active_keys, max_active_keys
             FROM tenants LEFT JOIN gone USING (tenant) WHERE max_active_keys IS NOT NULL
         )
         SELECT * FROM present WHERE active_keys > 0 AND active_keys * 100 >= max_active_keys * ?
         ORDER BY active_keys * 1.0 / max_active_keys IS NULL DESC, active_keys * 1.0 / max_active_keys DESC, tenant
         LIMIT ?",
        vec![now.as_millis().into(), i64::from(percent).into(), ROWS.into()],
    )?;
    let shown = |row: Row| {
        let Row { tenant, plan, active_keys, max_active_keys } = row;
        ShownNearCap { active_keys, max_active_keys, plan, tenant }
    };
    Ok(ShownNearCaps::new(rows.into_iter().map(shown).collect()))
}
