//! The table of keys, whose rows are converted to and from [`Key`]s.

use keystile_core::{
    KeyDigest, KeyId, TenantId, Timestamp,
    access::record::{Reach, Stored, Subject},
    base::timestamp::DAY_MS,
    feed::outbox::Told,
    ledger::{
        exposure::Exposure,
        lifecycle::{Key, KeyStatus, Revocation},
        query::searchable,
    },
    limits::own::OwnLimits,
    objects::limiter::KeyTerms,
};
use serde::Deserialize;
use serde_json::Value;
use worker::{Error, Result, SqlStorageValue};

use super::expiry;
use crate::command::Target;
use keystile_runtime::{database::Database, log};

/// A key, and the time from which its present version is in effect at every edge.
#[derive(Clone, Debug)]
pub(crate) struct KeyRow {
    pub(crate) key: Key,
    pub(crate) effective_by: Option<Timestamp>,
    /// The time from which its own limits are in effect; `None` if the limiter hasn't taken them, or there are none.
    pub(crate) limits_effective_by: Option<Timestamp>,
}

const COLUMNS: &str = "id, digest, record, secret, revoked_at, revoke_reason, effective_by, rotated_from, rotated_to,
                       pending_end, last_used_at, own_limits, counts_as, limits_effective_by, created_by, disabled_by_customer,
                       exposure";

/// The columns of a row.
#[derive(Deserialize)]
pub(super) struct Row {
    pub(super) id: String,
    pub(super) digest: KeyDigest,
    pub(super) record: String,
    pub(super) secret: String,
    pub(super) revoked_at: Option<Timestamp>,
    pub(super) revoke_reason: Option<String>,
    pub(super) effective_by: Option<Timestamp>,
    pub(super) rotated_from: Option<KeyId>,
    pub(super) rotated_to: Option<KeyId>,
    pub(super) pending_end: Option<String>,
    pub(super) last_used_at: Option<Timestamp>,
    pub(super) own_limits: Option<String>,
    pub(super) counts_as: Option<KeyId>,
    pub(super) limits_effective_by: Option<Timestamp>,
    pub(super) created_by: Option<String>,
    pub(super) disabled_by_customer: u8,
    pub(super) exposure: Option<String>,
}

impl TryFrom<Row> for KeyRow {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        let record = match Stored::decode(&row.record) {
            Ok(Stored::Known(record)) => (*record).clone(),
            Ok(Stored::TooNew { .. }) => {
                return Err(Error::RustError("this build is too old for a record in the ledger".into()));
            }
            Err(_) => return Err(Error::RustError("a record in the ledger can't be read".into())),
        };
        let effective_by = row.effective_by;
        let revocation = row.revoked_at.map(|at| Revocation { at, reason: row.revoke_reason, effective_by });
        let pending_end = row.pending_end.as_deref().map(serde_json::from_str).transpose()?;
        let own_limits = own_limits(row.own_limits.as_deref())?;
        let created_by = row.created_by.as_deref().map(serde_json::from_str).transpose()?;
        let disabled_by_customer = row.disabled_by_customer != 0;
        let exposure = row.exposure.as_deref().map(serde_json::from_str).transpose()?;
        let Row { digest, secret, rotated_from, rotated_to, last_used_at, counts_as, limits_effective_by, .. } = row;
        let key = Key {
            record,
            digest,
            secret_fingerprint: secret,
            revocation,
            rotated_from,
            rotated_to,
            pending_end,
            last_used_at,
            own_limits,
            counts_as,
            created_by,
            disabled_by_customer,
            exposure,
        };
        Ok(Self { key, effective_by, limits_effective_by })
    }
}

fn own_limits(json: Option<&str>) -> Result<OwnLimits> {
    Ok(json.map(serde_json::from_str).transpose()?.unwrap_or_default())
}

/// Finds a key, if the caller may see it.
pub(crate) fn find(database: &Database, target: &Target) -> Result<Option<KeyRow>> {
    let query = format!("SELECT {COLUMNS} FROM keys WHERE id = ?1 AND (?2 IS NULL OR tenant = ?2)");
    let within = target.within.as_ref().map(TenantId::to_string);
    let row: Option<Row> = database.row(&query, vec![target.id.as_str().into(), within.into()])?;
    row.map(KeyRow::try_from).transpose()
}

/// Finds the key with this digest.
pub(crate) fn by_digest(database: &Database, digest: &KeyDigest) -> Result<Option<KeyRow>> {
    let query = format!("SELECT {COLUMNS} FROM keys WHERE digest = ?");
    let row: Option<Row> = database.row(&query, vec![digest.to_hex().into()])?;
    row.map(KeyRow::try_from).transpose()
}

/// A key in the form in which the feed and KV receive it.
#[derive(Deserialize)]
pub(crate) struct PublishedKey {
    pub(crate) digest: KeyDigest,
    pub(crate) version: u64,
    pub(crate) record: String,
}

/// Reads the present row of a key for the feed and KV.
pub(crate) fn published_form(database: &Database, id: &str) -> Result<Option<PublishedKey>> {
    database.row("SELECT digest, version, record FROM keys WHERE id = ?", vec![id.into()])
}

/// Reads the present row of a key that KV has already; `None` if it has yet to be told of a change of it.
pub(crate) fn form_in_kv(database: &Database, id: &KeyId) -> Result<Option<PublishedKey>> {
    database.row(
        "SELECT digest, version, record FROM keys WHERE id = ?
         AND NOT EXISTS (SELECT 1 FROM outbox WHERE subject = keys.id AND stage IN ('publish', 'put'))",
        vec![id.as_str().into()],
    )
}

/// The version of a key, and the time from which it is in effect.
pub(crate) fn told(database: &Database, id: &str) -> Result<Option<Told>> {
    #[derive(Deserialize)]
    struct Row {
        version: u64,
        effective_by: Option<Timestamp>,
    }
    let row: Option<Row> = database.row("SELECT version, effective_by FROM keys WHERE id = ?", vec![id.into()])?;
    Ok(row.map(|Row { version, effective_by }| Told { version, effective_by }))
}

/// Inserts a key that was just created.
pub(crate) fn insert(database: &Database, key: &Key, now: Timestamp) -> Result<()> {
    let record = &key.record;
    database.execute(
        "INSERT INTO keys (state, expires_at, search, version, record, revoked_at, revoke_reason, rotated_to,
                           pending_end, own_limits, disabled_by_customer, id, digest, tenant, created_at, secret,
                           rotated_from, counts_as, created_by, expiry_set_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        changeable(key)?
            .into_iter()
            .chain([
                record.id.as_str().into(),
                key.digest.to_hex().into(),
                tenant(&record.subject).into(),
                record.created_at.as_millis().into(),
                key.secret_fingerprint.as_str().into(),
                key.rotated_from.as_ref().map(KeyId::to_string).into(),
                key.counts_as.as_ref().map(KeyId::to_string).into(),
                key.created_by.as_ref().map(serde_json::to_string).transpose()?.into(),
                now.as_millis().into(),
            ])
            .collect(),
    )
}

/// Writes a changed key. The new version is not in effect anywhere yet.
pub(crate) fn update(database: &Database, key: &Key, now: Timestamp) -> Result<()> {
    let expires_at = key.record.expires_at.map(Timestamp::as_millis);
    database.execute(
        "UPDATE keys SET state = ?, expires_at = ?, search = ?, version = ?, record = ?,
                         revoked_at = ?, revoke_reason = ?, rotated_to = ?, pending_end = ?, own_limits = ?,
                         disabled_by_customer = ?, effective_by = NULL,
                         expiry_set_at = iif(expires_at IS ?, expiry_set_at, ?)
         WHERE id = ?",
        changeable(key)?
            .into_iter()
            .chain([expires_at.into(), now.as_millis().into(), key.record.id.as_str().into()])
            .collect(),
    )
}

/// Writes what is left of a key whose tenant is erased: also nobody knows any more who made it, when it was used, and
/// where it was found.
pub(crate) fn erase(database: &Database, stub: &Key, now: Timestamp) -> Result<()> {
    update(database, stub, now)?;
    database.execute(
        "UPDATE keys SET rotated_from = NULL, counts_as = NULL, created_by = NULL, limits_effective_by = NULL,
                         first_used_at = NULL, last_used_at = NULL, used_in_hour = NULL, expiry_set_at = NULL,
                         exposure = NULL
         WHERE id = ?",
        vec![stub.record.id.as_str().into()],
    )
}

/// Notes that the feed took this version. Only the first time counts.
pub(crate) fn took_effect(database: &Database, id: &str, version: u64, effective_by: Timestamp) -> Result<()> {
    database.execute(
        "UPDATE keys SET effective_by = ? WHERE id = ? AND version = ? AND effective_by IS NULL",
        vec![effective_by.as_millis().into(), id.into(), (version as i64).into()],
    )
}

/// Notes the latest report that the key was found where it doesn't belong.
pub(crate) fn note_exposure(database: &Database, id: &KeyId, exposure: &Exposure) -> Result<()> {
    database.execute(
        "UPDATE keys SET exposure = ? WHERE id = ?",
        vec![serde_json::to_string(exposure)?.into(), id.as_str().into()],
    )
}

/// Notes the latest report that an export has, unless a later one is known here.
pub(crate) fn restore_exposure(database: &Database, id: &KeyId, exposure: &Exposure) -> Result<()> {
    database.execute(
        "UPDATE keys SET exposure = ?1
         WHERE id = ?2 AND (exposure IS NULL OR json_extract(exposure, '$.at') < json_extract(?1, '$.at'))",
        vec![serde_json::to_string(exposure)?.into(), id.as_str().into()],
    )
}

/// Notes when the key got its expiry; `None` in rows of old versions.
pub(crate) fn restore_expiry_set_at(database: &Database, id: &KeyId, at: Option<Timestamp>) -> Result<()> {
    database.execute(
        "UPDATE keys SET expiry_set_at = ? WHERE id = ?",
        vec![at.map(Timestamp::as_millis).into(), id.as_str().into()],
    )
}

/// Notes that the key's own limits have changed. The limiter hasn't taken them yet.
pub(crate) fn limits_changed(database: &Database, id: &KeyId) -> Result<()> {
    database.execute("UPDATE keys SET limits_effective_by = NULL WHERE id = ?", vec![id.as_str().into()])
}

/// Notes that the limiter took the key's own limits.
pub(crate) fn limits_took_effect(database: &Database, id: &KeyId, effective_by: Timestamp) -> Result<()> {
    database.execute(
        "UPDATE keys SET limits_effective_by = ? WHERE id = ?",
        vec![effective_by.as_millis().into(), id.as_str().into()],
    )
}

#[derive(Deserialize)]
struct LimitTermsRow {
    id: KeyId,
    version: u64,
    own_limits: Option<String>,
    counts_as: Option<KeyId>,
}

impl TryFrom<LimitTermsRow> for KeyTerms {
    type Error = Error;

    fn try_from(row: LimitTermsRow) -> Result<Self> {
        let LimitTermsRow { id, version, own_limits: own, counts_as } = row;
        Ok(Self { id, version, own: own_limits(own.as_deref())?, counts_as })
    }
}

/// The part of a key that the limiter is told.
pub(crate) fn limit_terms(database: &Database, id: &KeyId) -> Result<Option<KeyTerms>> {
    let query = "SELECT id, version, own_limits, counts_as FROM keys WHERE id = ?";
    let row: Option<LimitTermsRow> = database.row(query, vec![id.as_str().into()])?;
    row.map(KeyTerms::try_from).transpose()
}

/// The same of the keys after this one, in the order of their ids, for which there is something to tell. Keys that were
/// revoked, or expired a day ago, are left out: they are never used again.
pub(crate) fn all_limit_terms(
    database: &Database,
    after: Option<&KeyId>,
    now: Timestamp,
    limit: usize,
) -> Result<Vec<KeyTerms>> {
    let rows: Vec<LimitTermsRow> = database.rows(
        "SELECT id, version, own_limits, counts_as FROM keys
         WHERE state <> 'revoked' AND (own_limits IS NOT NULL OR counts_as IS NOT NULL)
             AND (expires_at IS NULL OR expires_at > ?) AND id > ?
         ORDER BY id LIMIT ?",
        vec![
            now.plus_millis(-DAY_MS).as_millis().into(),
            after.map_or("", KeyId::as_str).into(),
            (limit as i64).into(),
        ],
    )?;
    rows.into_iter().map(KeyTerms::try_from).collect()
}

/// The tenant of any of the ledger's keys, unless they are operators' keys.
pub(crate) fn tenant_of_any(database: &Database) -> Result<Option<TenantId>> {
    #[derive(Deserialize)]
    struct Owner {
        tenant: TenantId,
    }
    let query = "SELECT tenant FROM keys WHERE id GLOB 'key_*' LIMIT 1";
    let owner: Option<Owner> = database.row(query, vec![])?;
    Ok(owner.map(|owner| owner.tenant))
}

fn changeable(key: &Key) -> Result<[SqlStorageValue; 11]> {
    let (record, revocation) = (&key.record, key.revocation.as_ref());
    let own_limits = (!key.own_limits.is_empty()).then(|| serde_json::to_string(&key.own_limits)).transpose()?;
    Ok([
        record.state.as_str().into(),
        record.expires_at.map(Timestamp::as_millis).into(),
        search_text(&record.name, &record.display.to_string()).into(),
        (record.version as i64).into(),
        record.encode().into(),
        revocation.map(|revocation| revocation.at.as_millis()).into(),
        revocation.and_then(|revocation| revocation.reason.clone()).into(),
        key.rotated_to.as_ref().map(KeyId::to_string).into(),
        key.pending_end.as_ref().map(serde_json::to_string).transpose()?.into(),
        own_limits.into(),
        i64::from(key.disabled_by_customer).into(),
    ])
}

/// The text that a search for a key looks at.
pub(super) fn search_text(name: &str, display: &str) -> String {
    searchable(&format!("{name}\n{display}"))
}

fn tenant(subject: &Subject) -> &str {
    match subject {
        Subject::ApiKey { tenant, .. } | Subject::Operator { reach: Reach::Tenant(tenant) } => tenant.as_str(),
        Subject::Operator { reach: Reach::All } => "*",
    }
}

/// Keys, and the ids of those whose rows can't be read.
#[derive(Default)]
pub(crate) struct Several {
    pub(crate) rows: Vec<KeyRow>,
    pub(crate) unreadable: Vec<String>,
}

/// Reads these keys, newest first.
pub(crate) fn newest_first<'a>(database: &Database, ids: impl Iterator<Item = &'a KeyId>) -> Result<Several> {
    let ids = Value::from_iter(ids.map(KeyId::as_str)).to_string();
    let select = format!(
        "SELECT {COLUMNS} FROM keys WHERE id IN (SELECT value FROM json_each(?)) ORDER BY created_at DESC, id DESC"
    );
    let mut several = Several::default();
    for row in database.rows::<Row>(&select, vec![ids.into()])? {
        let id = row.id.clone();
        match KeyRow::try_from(row) {
            Ok(row) => several.rows.push(row),
            Err(error) => {
                log::error("key_unreadable", &[("key_id", id.as_str().into()), ("reason", error.to_string().into())]);
                several.unreadable.push(id);
            }
        }
    }
    Ok(several)
}

/// Whether the ledger has any key.
pub(crate) fn exist(database: &Database) -> Result<bool> {
    #[derive(Deserialize)]
    struct One {}
    let one: Option<One> = database.row("SELECT 1 AS one FROM keys LIMIT 1", vec![])?;
    Ok(one.is_some())
}

/// The number of keys of one status that a rotation is to end, or of those that none is to end.
#[derive(Deserialize)]
pub(crate) struct Counted {
    pub(crate) status: KeyStatus,
    ending: u8,
    pub(crate) keys: u64,
}

impl Counted {
    /// The number of these that count against the limit of active keys.
    pub(crate) const fn lasting(&self) -> u64 {
        if self.ending == 0 { self.living() } else { 0 }
    }

    /// The number of these that a rotation is about to end.
    pub(crate) const fn about_to_end(&self) -> u64 {
        if self.ending == 0 { 0 } else { self.living() }
    }

    const fn living(&self) -> u64 {
        match self.status {
            KeyStatus::Active | KeyStatus::Disabled => self.keys,
            KeyStatus::Revoked | KeyStatus::Expired => 0,
        }
    }
}

/// The numbers of keys. Triggers keep them, so no key is read. After very many keys have expired at once, they count as
/// they were until the alarm has noticed all.
pub(crate) fn counts(database: &Database, now: Timestamp) -> Result<Vec<Counted>> {
    expiry::notice(database, now)?;
    database.rows("SELECT status, ending, keys FROM key_counts", vec![])
}

/// The number of keys of each status.
pub(crate) fn count_by_status(database: &Database, now: Timestamp) -> Result<Vec<(KeyStatus, u64)>> {
    Ok(counts(database, now)?.into_iter().map(|count| (count.status, count.keys)).collect())
}

/// Counts the keys that count against the limit of active keys. These are the keys that are neither revoked nor expired,
/// without those that a rotation is about to end.
pub(crate) fn count_lasting(database: &Database, now: Timestamp) -> Result<u64> {
    count_alive(database, Counted::lasting, "pending_end IS NULL", now)
}

/// Counts the keys that a rotation is about to end.
pub(crate) fn count_ending(database: &Database, now: Timestamp) -> Result<u64> {
    count_alive(database, Counted::about_to_end, "pending_end IS NOT NULL", now)
}

/// Counts the keys from the numbers that triggers keep. Only while very many keys that have expired at once are being
/// noticed, it counts in the index: a limit must be exact.
fn count_alive(database: &Database, of: fn(&Counted) -> u64, which: &str, now: Timestamp) -> Result<u64> {
    let counts = counts(database, now)?;
    if expiry::is_noticed(database, now)? {
        return Ok(counts.iter().map(of).sum());
    }
    #[derive(Deserialize)]
    struct Count {
        keys: u64,
    }
    let query = format!(
        "SELECT count(*) AS keys FROM keys WHERE state <> 'revoked' AND {which} AND ifnull(expires_at, {NEVER}) > ?"
    );
    let count: Option<Count> = database.row(&query, vec![now.as_millis().into()])?;
    Ok(count.map_or(0, |count| count.keys))
}

/// The expiry in the index of living keys for a key that never expires.
pub(crate) const NEVER: i64 = 9_007_199_254_740_991;
