//! Lists of keys, by page. Every page costs the same, wherever in the list it is.
//!
//! Without a filter a page is one stretch of `keys`, read by the index `keys_by_age`. With filters it is read from
//! `key_places`, where a key has a row for each scope that it was granted, under its status and environment; the
//! schema's triggers keep these rows up to date. A status or environment that isn't filtered by adds a few stretches,
//! each read no further than one page.
//!
//! A search text, and the filters by expiry, by use and by secret, are looked for among the keys that pass the other
//! filters. That is done in parts of some thousand keys, so that other callers get their turn in between.

use std::cmp::Ordering;

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

use super::{
    expiry,
    keys::{self, NEVER, Several},
};
use keystile_runtime::database::Database;

const STATUSES: [KeyStatus; 4] = [KeyStatus::Active, KeyStatus::Disabled, KeyStatus::Revoked, KeyStatus::Expired];
const LIVING: &[KeyStatus] = &[KeyStatus::Active, KeyStatus::Disabled];
/// Operators' keys have no environment.
const ENVIRONMENTS: [&str; 3] = ["live", "test", ""];

/// The number of keys of a stretch that one part of a page looks at, if it looks for something.
const LOOKED_AT: i64 = 4_000;

/// A part of a page, newest first; the whole page if it looks for nothing.
pub(crate) struct Part {
    pub(crate) found: Several,
    /// The place after which the list goes on, if it does.
    pub(crate) next: Option<KeyPlace>,
    /// Whether it ends because it has looked at as many keys as it may.
    pub(crate) cut: bool,
}

/// Reads the next part of a page.
pub(crate) fn part(database: &Database, query: &KeyQuery, within: Option<&TenantId>, now: Timestamp) -> Result<Part> {
    let by_status = query.status.is_some() || query.wants_living();
    let is_noticed = !by_status || expiry::notice(database, now)?;
    let search = Search { query, within, is_noticed, now };
    let stretches = search.stretches();
    let mut end = None;
    for stretch in stretches.iter().filter(|_| search.looks()) {
        end = end.max(search.end(database, stretch)?);
    }
    let mut places = Vec::new();
    for stretch in &stretches {
        places.extend(search.places(database, stretch, end.as_ref())?);
    }
    places.sort_unstable_by(|one, other| other.cmp(one));
    let limit = query.limit as usize;
    let is_full = places.len() > limit;
    places.truncate(limit);
    let found = keys::newest_first(database, places.iter().map(|place| &place.0.id))?;
    let cut = !is_full && end.is_some();
    let next = if is_full { places.pop() } else { end };
    Ok(Part { found, next: next.map(|Newest(place)| place), cut })
}

/// A place in the order of the list: newer ones are greater.
#[derive(PartialEq, Eq)]
struct Newest(KeyPlace);

impl Ord for Newest {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.0.created_at, &self.0.id).cmp(&(other.0.created_at, &other.0.id))
    }
}

impl PartialOrd for Newest {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// A stretch of an index: `key_places` with these columns, or all of `keys`.
struct Stretch<'a>(Option<[(&'static str, &'a str); 3]>);

impl Stretch<'_> {
    /// The table, and the name by which its rows' columns in `keys` are found. `CROSS JOIN` keeps the tables in this
    /// order, so that the index determines the order of the rows.
    const fn source(&self, looks: bool) -> (&'static str, &'static str) {
        match self.0 {
            None => ("keys AS place", "place"),
            Some(_) if looks => ("key_places AS place CROSS JOIN keys ON keys.id = place.id", "keys"),
            Some(_) => ("key_places AS place", "place"),
        }
    }
}

/// A query of the list as it is now.
struct Search<'a> {
    query: &'a KeyQuery,
    within: Option<&'a TenantId>,
    /// Whether `key_places` has the keys under their present status. While very many keys that have expired at once are
    /// being noticed, it doesn't, and the keys themselves are looked at.
    is_noticed: bool,
    now: Timestamp,
}

/// Conditions, and the values of their placeholders.
#[derive(Default)]
struct Conditions(Vec<String>, Vec<SqlStorageValue>);

impl Conditions {
    fn add<const N: usize>(&mut self, condition: impl Into<String>, values: [SqlStorageValue; N]) {
        self.0.push(condition.into());
        self.1.extend(values);
    }

    fn text(&self) -> String {
        if self.0.is_empty() { "1".into() } else { self.0.join(" AND ") }
    }
}

impl<'a> Search<'a> {
    /// Whether keys are looked at one by one.
    const fn looks(&self) -> bool {
        self.query.text.is_some() || self.query.wants_living() || self.within.is_some() || !self.is_noticed
    }

    fn stretches(&self) -> Vec<Stretch<'a>> {
        let query = self.query;
        let by_place = query.status.is_some() || query.environment.is_some() || query.scope.is_some();
        if !by_place && !query.wants_living() {
            return vec![Stretch(None)];
        }
        let scope = query.scope.as_ref().map_or("", Scope::as_str);
        let environment = query.environment.map(Environment::as_str);
        let environments =
            || ENVIRONMENTS.into_iter().filter(move |one| environment.is_none_or(|wanted| wanted == *one));
        let of_status = |status: KeyStatus| {
            let place =
                move |environment| [("scope", scope), ("status", status.as_str()), ("environment", environment)];
            environments().map(move |environment| Stretch(Some(place(environment))))
        };
        STATUSES.into_iter().filter(|status| self.may_be_under(*status)).flat_map(of_status).collect()
    }

    /// Whether keys that are wanted may have their place under this status.
    fn may_be_under(&self, status: KeyStatus) -> bool {
        let wanted = self.query.status;
        if self.query.wants_living() && wanted.is_some_and(|wanted| !LIVING.contains(&wanted)) {
            return false;
        }
        if !self.is_noticed && wanted != Some(KeyStatus::Revoked) {
            return status != KeyStatus::Revoked;
        }
        wanted.is_none_or(|wanted| wanted == status) && (!self.query.wants_living() || LIVING.contains(&status))
    }

    /// The place as far as which a stretch may be looked at, if it goes on so far.
    fn end(&self, database: &Database, stretch: &Stretch<'_>) -> Result<Option<Newest>> {
        let mut conditions = self.stretch_conditions(stretch);
        conditions.1.push((LOOKED_AT - 1).into());
        let rest = "ORDER BY place.created_at DESC, place.id DESC LIMIT 1 OFFSET ?";
        Ok(read(database, stretch.source(false).0, conditions, rest)?.pop())
    }

    /// The places of a stretch as far as the end, as many as a page has and one more.
    fn places(&self, database: &Database, stretch: &Stretch<'_>, end: Option<&Newest>) -> Result<Vec<Newest>> {
        let mut conditions = self.stretch_conditions(stretch);
        if let Some(Newest(end)) = end {
            let values = [end.created_at.as_millis().into(), end.id.as_str().into()];
            conditions.add("(place.created_at, place.id) >= (?, ?)", values);
        }
        let (source, keys) = stretch.source(self.looks());
        self.look_for(keys, &mut conditions);
        conditions.1.push((i64::from(self.query.limit) + 1).into());
        read(database, source, conditions, "ORDER BY place.created_at DESC, place.id DESC LIMIT ?")
    }

    /// The conditions on the index: those of the stretch, and where the query goes on.
    fn stretch_conditions(&self, stretch: &Stretch<'_>) -> Conditions {
        let mut conditions = Conditions::default();
        for (column, value) in stretch.0.iter().flatten() {
            conditions.add(format!("place.{column} = ?"), [(*value).into()]);
        }
        if let Some(after) = &self.query.after {
            let values = [after.created_at.as_millis().into(), after.id.as_str().into()];
            conditions.add("(place.created_at, place.id) < (?, ?)", values);
        }
        let due_for_rotation = self.query.rotation_due_days.map(|days| self.days_ago(days));
        for created_by in [self.unused_since(), due_for_rotation].into_iter().flatten() {
            conditions.add("place.created_at <= ?", [created_by.into()]);
        }
        conditions
    }

    /// The conditions on the keys themselves.
    fn look_for(&self, keys: &str, conditions: &mut Conditions) {
        let Self { query, within, now, .. } = self;
        if let Some(text) = &query.text {
            conditions.add(format!("instr({keys}.search, ?) > 0"), [text.as_str().into()]);
        }
        if let Some(days) = query.expires_within_days {
            let until = now.plus_millis(i64::from(days) * DAY_MS).as_millis();
            conditions.add(format!("{keys}.expires_at <= ?"), [until.into()]);
        }
        if let Some(since) = self.unused_since() {
            conditions.add(format!("ifnull({keys}.last_used_at, 0) <= ?"), [since.into()]);
        }
        if query.rotation_due_days.is_some() {
            conditions.add(format!("{keys}.rotated_to IS NULL"), []);
        }
        if let Some(secret) = &query.secret {
            conditions.add(format!("{keys}.secret = ?"), [secret.as_str().into()]);
        }
        if let Some(tenant) = within {
            conditions.add(format!("{keys}.tenant = ?"), [tenant.as_str().into()]);
        }
        if self.is_noticed || query.status == Some(KeyStatus::Revoked) {
            return;
        }
        let compared = if query.status == Some(KeyStatus::Expired) { "<=" } else { ">" };
        let expiry = format!("ifnull({keys}.expires_at, {NEVER}) {compared} ?");
        conditions.add(expiry, [now.as_millis().into()]);
        if let Some(state @ (KeyStatus::Active | KeyStatus::Disabled)) = query.status {
            conditions.add(format!("{keys}.state = ?"), [state.as_str().into()]);
        }
    }

    /// The time since which an unused key was not let through, and before which it was created.
    fn unused_since(&self) -> Option<i64> {
        self.query.unused_for_days.map(|days| self.days_ago(days))
    }

    const fn days_ago(&self, days: u32) -> i64 {
        self.now.plus_millis(-(days as i64) * DAY_MS).as_millis()
    }
}

fn read(database: &Database, source: &str, conditions: Conditions, rest: &str) -> Result<Vec<Newest>> {
    #[derive(Deserialize)]
    struct Place {
        created_at: Timestamp,
        id: KeyId,
    }
    let select = format!("SELECT place.created_at, place.id FROM {source} WHERE {} {rest}", conditions.text());
    let places: Vec<Place> = database.rows(&select, conditions.1)?;
    Ok(places.into_iter().map(|Place { created_at, id }| Newest(KeyPlace { created_at, id })).collect())
}
