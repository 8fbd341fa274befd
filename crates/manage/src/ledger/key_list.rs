//! Lists of keys, by page. Every page costs the same, wherever in the list it is.
//!
//! Without a filter a page is one stretch of `keys`, read by the index `keys_by_age`. With filters it is read from
//! `key_places`, where a key has a row for each scope that it was granted, under its status and environment; the
//! schema's triggers keep these rows up to date. A status or environment that isn't filtered by adds a few stretches,
//! each read no further than one page. Only a search text, and the filters by expiry, by use and by secret, make a page read
//! further: through all keys that pass the other filters, at most all keys of the ledger.

use keystile_core::{
    KeyId, TenantId, Timestamp,
    access::scope::Scope,
    base::timestamp::DAY_MS,
    key::Environment,
    ledger::{
        lifecycle::KeyStatus,
        query::{KeyPlace, KeyQuery},
    },
};
use serde::Deserialize;
use worker::{Result, SqlStorageValue};

use super::keys::{self, Several};
use keystile_runtime::database::Database;

const STATUSES: [KeyStatus; 4] = [KeyStatus::Active, KeyStatus::Disabled, KeyStatus::Revoked, KeyStatus::Expired];
const LIVING: &[KeyStatus] = &[KeyStatus::Active, KeyStatus::Disabled];
/// Operators' keys have no environment.
const ENVIRONMENTS: [&str; 3] = ["live", "test", ""];

/// A page of keys, newest first, and the place of the last one if more follow.
pub(crate) fn page(
    database: &Database,
    query: &KeyQuery,
    within: Option<&TenantId>,
    now: Timestamp,
) -> Result<(Several, Option<KeyPlace>)> {
    let by_place = query.status.is_some() || query.environment.is_some() || query.scope.is_some();
    let mut places = if by_place || query.wants_living() {
        filtered(database, query, within, now)?
    } else {
        stretch(database, "keys", &[], query, within, now)?
    };
    let limit = query.limit as usize;
    let more = places.len() > limit;
    places.truncate(limit);
    let found = keys::newest_first(database, places.iter().map(|place| &place.id))?;
    Ok((found, places.pop().filter(|_| more)))
}

fn filtered(database: &Database, query: &KeyQuery, within: Option<&TenantId>, now: Timestamp) -> Result<Vec<KeyPlace>> {
    if query.status.is_some() || query.wants_living() {
        keys::notice_expiry(database, now)?;
    }
    let scope = query.scope.as_ref().map_or("", Scope::as_str);
    let environment = query.environment.map(Environment::as_str);
    let mut places = Vec::new();
    let statuses = if query.wants_living() { LIVING } else { &STATUSES };
    for &status in statuses.iter().filter(|status| query.status.is_none_or(|wanted| wanted == **status)) {
        for environment in ENVIRONMENTS.into_iter().filter(|one| environment.is_none_or(|wanted| wanted == *one)) {
            let place = [("scope", scope), ("status", status.as_str()), ("environment", environment)];
            places.extend(stretch(database, "key_places", &place, query, within, now)?);
        }
    }
    places.sort_unstable_by(|one, other| (other.created_at, &other.id).cmp(&(one.created_at, &one.id)));
    Ok(places)
}

/// Reads a stretch of an index from where the query goes on: one page and one place more.
fn stretch(
    database: &Database,
    index: &str,
    columns: &[(&str, &str)],
    query: &KeyQuery,
    within: Option<&TenantId>,
    now: Timestamp,
) -> Result<Vec<KeyPlace>> {
    #[derive(Deserialize)]
    struct Place {
        created_at: Timestamp,
        id: KeyId,
    }
    let mut conditions = vec!["1".to_string()];
    let mut bindings: Vec<SqlStorageValue> = Vec::new();
    for (column, value) in columns {
        conditions.push(format!("place.{column} = ?"));
        bindings.push((*value).into());
    }
    if let Some(after) = &query.after {
        conditions.push("(place.created_at, place.id) < (?, ?)".into());
        bindings.extend([after.created_at.as_millis().into(), after.id.as_str().into()]);
    }
    let mut source = format!("{index} AS place");
    if query.text.is_some() || query.wants_living() || within.is_some() {
        // `CROSS JOIN` keeps the tables in this order, so that the index determines the order of the rows.
        source.push_str(" CROSS JOIN keys ON keys.id = place.id");
    }
    if let Some(text) = &query.text {
        conditions.push("instr(keys.search, ?) > 0".into());
        bindings.push(text.as_str().into());
    }
    if let Some(days) = query.expires_within_days {
        conditions.push("keys.expires_at <= ?".into());
        bindings.push(now.plus_millis(i64::from(days) * DAY_MS).as_millis().into());
    }
    if let Some(days) = query.unused_for_days {
        let since = now.plus_millis(-i64::from(days) * DAY_MS).as_millis();
        conditions.push("place.created_at <= ? AND ifnull(keys.last_used_at, 0) <= ?".into());
        bindings.extend([since.into(), since.into()]);
    }
    if let Some(secret) = &query.secret {
        conditions.push("keys.secret = ?".into());
        bindings.push(secret.as_str().into());
    }
    if let Some(tenant) = within {
        conditions.push("keys.tenant = ?".into());
        bindings.push(tenant.as_str().into());
    }
    bindings.push((i64::from(query.limit) + 1).into());
    let conditions = conditions.join(" AND ");
    let select = format!(
        "SELECT place.created_at, place.id FROM {source} WHERE {conditions}
         ORDER BY place.created_at DESC, place.id DESC LIMIT ?"
    );
    let places: Vec<Place> = database.rows(&select, bindings)?;
    Ok(places.into_iter().map(|Place { created_at, id }| KeyPlace { created_at, id }).collect())
}
