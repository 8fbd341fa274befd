//! The tables of endpoints for events: the endpoints, and the version of their list, of which the router is told
//! ([`event_routing`](super::event_routing)).

use keystile_core::{
    Keyring, TenantId, Timestamp,
    base::{
        code::Code,
        id::{EndpointId, ID_RANDOM_BYTES},
        problem::Problem,
    },
    events::{
        sealing::NONCE_BYTES,
        secret::{NewSecret, SECRET_RANDOM_BYTES},
        settings::{EndpointSecret, EndpointSettings, next_version},
        terms::{MAX_ENDPOINTS_OF_DEPLOYMENT, MAX_ENDPOINTS_OF_TENANT, SignatureKind},
    },
    feed::outbox::retry_delay_ms,
};
use keystile_runtime::{database::Database, log, random};
use serde::Deserialize;
use serde_json::json;
use worker::{Error, Result};

use crate::failure::Failure;

/// The time for which telling the router is left to the request that made a change, and the longest that a call may take
/// before the next one begins.
const LEFT_TO_THE_REQUEST_MS: i64 = 3_000;

#[derive(Deserialize)]
struct Row {
    settings: String,
}

impl Row {
    fn read(self) -> Result<EndpointSettings> {
        Ok(serde_json::from_str(&self.settings)?)
    }
}

/// All endpoints, the oldest first.
pub(crate) fn all(database: &Database) -> Result<Vec<EndpointSettings>> {
    let rows: Vec<Row> = database.rows("SELECT settings FROM event_endpoints ORDER BY created_at, id", vec![])?;
    rows.into_iter().map(Row::read).collect()
}

/// The endpoint of this id.
///
/// # Errors
/// The 404 if there is none.
pub(crate) fn find(database: &Database, id: &EndpointId) -> std::result::Result<EndpointSettings, Failure> {
    let query = "SELECT settings FROM event_endpoints WHERE id = ?";
    let row: Option<Row> = database.row(query, vec![id.as_str().into()])?;
    Ok(row.ok_or_else(not_found)?.read()?)
}

/// The 404: there is no such endpoint, or it is another tenant's.
pub(crate) fn not_found() -> Problem {
    Problem::new(Code::EndpointNotFound, "There is no endpoint with this id.")
}

/// Writes an endpoint, new or changed.
pub(crate) fn write(database: &Database, settings: &EndpointSettings) -> Result<()> {
    database.execute(
        "INSERT INTO event_endpoints (id, created_at, settings) VALUES (?1, ?2, ?3)
         ON CONFLICT (id) DO UPDATE SET settings = ?3",
        vec![
            settings.id.as_str().into(),
            settings.created_at.as_millis().into(),
            serde_json::to_string(settings)?.into(),
        ],
    )
}

/// Deletes an endpoint.
pub(crate) fn delete(database: &Database, id: &EndpointId) -> Result<()> {
    database.execute("DELETE FROM event_endpoints WHERE id = ?", vec![id.as_str().into()])
}

/// Checks that there may be one more.
///
/// # Errors
/// The 409.
pub(crate) fn check_one_more(database: &Database, tenant: Option<&TenantId>) -> std::result::Result<(), Failure> {
    #[derive(Deserialize)]
    struct Count {
        count: usize,
    }
    let count: Option<Count> = database.row("SELECT count(*) AS count FROM event_endpoints", vec![])?;
    let (limit, whose) = match tenant {
        Some(_) => (MAX_ENDPOINTS_OF_TENANT, "a tenant"),
        None => (MAX_ENDPOINTS_OF_DEPLOYMENT, "the deployment"),
    };
    if count.map_or(0, |row| row.count) < limit {
        return Ok(());
    }
    let detail =
        format!("There are {limit} endpoints already, which is the most that {whose} may have; delete one first.");
    Err(Problem::new(Code::EndpointLimitReached, detail).with("limit", json!(limit)).into())
}

/// A new id.
pub(crate) fn new_id() -> Result<EndpointId> {
    EndpointId::from_random(&random::bytes::<ID_RANDOM_BYTES>()?)
        .ok_or_else(|| Error::RustError("too few random bytes for an endpoint's id".into()))
}

/// Draws a secret for an endpoint, and seals it.
pub(crate) fn draw_secret(
    keyring: &Keyring,
    endpoint: &EndpointId,
    kind: SignatureKind,
) -> Result<(NewSecret, EndpointSecret)> {
    let secret = NewSecret::from_random(kind, &random::bytes::<SECRET_RANDOM_BYTES>()?);
    let sealed = EndpointSecret::new(keyring, endpoint, &secret, random::bytes::<NONCE_BYTES>()?);
    let sealed = sealed.ok_or_else(|| Error::RustError("a secret can't be sealed".into()))?;
    Ok((secret, sealed))
}

/// Seals all secrets with the newest secret of the deployment. The router is told of them again.
pub(crate) fn reseal(database: &Database, keyring: &Keyring, now: Timestamp) -> Result<()> {
    database.transaction(|| {
        let mut changed = false;
        for endpoint in all(database)? {
            if endpoint.has_lost_a_secret(keyring, now) {
                log::warn("event_endpoint_secret_missing", &[("endpoint", endpoint.id.as_str().into())]);
            }
            if let Some(resealed) = endpoint.resealed(keyring, now, random::bytes::<NONCE_BYTES>)? {
                write(database, &resealed)?;
                changed = true;
            }
        }
        match find_list(database)? {
            Some(list) if changed => list_changed(database, list.tenant.as_ref(), now),
            _ => Ok(()),
        }
    })
}

/// The list of endpoints, as far as the router is concerned.
#[derive(Debug, Deserialize)]
pub(crate) struct List {
    /// Whose endpoints they are; `None` if they are the deployment's.
    pub(crate) tenant: Option<TenantId>,
    pub(crate) version: u64,
    told_version: u64,
    due_at: Option<Timestamp>,
    attempts: u32,
}

impl List {
    /// Whether the router has yet to be told of it.
    pub(crate) const fn is_pending(&self) -> bool {
        self.told_version < self.version
    }
}

/// The list; `None` if there never was an endpoint.
pub(crate) fn find_list(database: &Database) -> Result<Option<List>> {
    database.row("SELECT tenant, version, told_version, due_at, attempts FROM event_endpoint_list", vec![])
}

/// Notes that an endpoint was changed, so that the router is told.
pub(crate) fn list_changed(database: &Database, tenant: Option<&TenantId>, now: Timestamp) -> Result<()> {
    let version = next_version(find_list(database)?.map_or(0, |list| list.version), now);
    database.execute(
        "INSERT INTO event_endpoint_list (one, tenant, version, told_version, due_at, attempts) VALUES (1, ?1, ?2, 0, ?3, 0)
         ON CONFLICT (one) DO UPDATE SET version = ?2, due_at = ?3, attempts = 0",
        vec![
            tenant.map(TenantId::to_string).into(),
            (version as i64).into(),
            now.plus_millis(LEFT_TO_THE_REQUEST_MS).as_millis().into(),
        ],
    )
}

/// When the router is to be told.
pub(crate) fn next_due(database: &Database) -> Result<Option<Timestamp>> {
    Ok(find_list(database)?.filter(List::is_pending).and_then(|list| list.due_at))
}

/// Notes that the router is being told, so that nobody else tells it meanwhile.
pub(crate) fn telling(database: &Database, now: Timestamp) -> Result<()> {
    let due_at = now.plus_millis(LEFT_TO_THE_REQUEST_MS).as_millis();
    database.execute("UPDATE event_endpoint_list SET due_at = ?", vec![due_at.into()])
}

/// Notes that the router was told of a version of the list.
pub(crate) fn told(database: &Database, version: u64) -> Result<()> {
    database.execute(
        "UPDATE event_endpoint_list SET told_version = max(told_version, ?1), attempts = 0,
                                        due_at = iif(version <= ?1, NULL, due_at)",
        vec![(version as i64).into()],
    )
}

/// Notes that the router was not told, so that it is told later.
pub(crate) fn not_told(database: &Database, list: &List, now: Timestamp) -> Result<()> {
    let due_at = now.plus_millis(retry_delay_ms(list.attempts)).as_millis();
    database.execute(
        "UPDATE event_endpoint_list SET due_at = ?, attempts = attempts + 1 WHERE version = ? AND told_version < version",
        vec![due_at.into(), (list.version as i64).into()],
    )
}
