//! The event `limit.reached`: a request needed units of a limit, and there were none to grant. It is recorded in the
//! transaction of the refusal, of a rate limit once an hour and of a quota once a period.

use std::collections::BTreeMap;

use keystile_core::{
    base::{
        id::KeyId,
        timestamp::{HOUR_MS, Rfc3339, Timestamp},
    },
    events::{event_type::EventType, recording},
    limits::{
        definition::{AppliedLimit, LimitKind, Per},
        limiter::{Counted, Left},
    },
};
use keystile_runtime::event_outbox;
use serde_json::{Map, Value, json};
use worker::Result;

use crate::store::Store;

/// The number of limits of which it is remembered that they were told.
const MAX_REMEMBERED: usize = 1_024;

/// The limits that were told lately, so that a refusal, which writes nothing else, mostly reads nothing either.
#[derive(Default)]
pub(crate) struct Told(BTreeMap<String, Timestamp>);

/// A limit that was reached.
pub(crate) struct Reached<'a> {
    /// The key whose request needed units.
    pub(crate) key: &'a KeyId,
    /// The limit.
    pub(crate) applied: &'a AppliedLimit,
    /// Its count.
    pub(crate) counted: &'a Counted<'a>,
    /// What is left of it.
    pub(crate) left: Left,
}

impl Told {
    /// Records that a limit was reached, unless that was told before. Returns the time until which it isn't told again,
    /// if it was recorded now.
    pub(crate) fn record(&mut self, store: &Store, reached: &Reached<'_>, now: Timestamp) -> Result<Option<Timestamp>> {
        let Reached { key, applied, counted, left } = reached;
        let name = format!("{}/{}", applied.kind.as_str(), counted.name);
        if self.0.get(&name).is_some_and(|until| now < *until) {
            return Ok(None);
        }
        if self.0.len() >= MAX_REMEMBERED {
            self.0.clear();
        }
        if let Some(until) = store.told_until(&name)?.filter(|until| now < *until) {
            self.0.insert(name, until);
            return Ok(None);
        }
        let resets_at = now.plus_millis(left.more_in_ms);
        let until = match applied.kind {
            LimitKind::Rate(_) => now.plus_millis(HOUR_MS),
            LimitKind::Quota(_) => resets_at,
        };
        let of_key = (applied.per == Per::Key).then_some(*key);
        let data = recording::fitting(data(applied, of_key, resets_at));
        event_outbox::insert(store.database(), EventType::LimitReached, of_key, now, &data)?;
        store.put_told(&name, until)?;
        self.0.insert(name, until);
        Ok(Some(until))
    }
}

/// The data of the event. A limit that the tenant's keys share is about none of them.
fn data(applied: &AppliedLimit, key: Option<&KeyId>, resets_at: Timestamp) -> Map<String, Value> {
    let AppliedLimit { name, kind, per, limit } = applied;
    let spans = match kind {
        LimitKind::Rate(seconds) => ("window_seconds", json!(seconds)),
        LimitKind::Quota(period) => ("period", json!(period)),
    };
    let shown = [
        ("name", json!(name)),
        ("kind", json!(kind.as_str())),
        ("per", json!(per)),
        ("limit", json!(limit)),
        spans,
        ("resets_at", json!(Rfc3339(resets_at))),
    ];
    let shown: Map<_, _> = shown.into_iter().map(|(member, value)| (member.to_owned(), value)).collect();
    let key = key.map(|key| ("key".to_owned(), json!({ "id": key })));
    key.into_iter().chain([("limit".to_owned(), shown.into())]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use keystile_core::limits::quota::Period;

    #[test]
    fn the_data_says_which_limit_and_of_a_limit_per_key_which_key() {
        let at = Timestamp::from_millis(1_750_000_000_000);
        let key = KeyId::parse("key_4bTzV9cXk07Hq2mN1pRs").unwrap();
        let rate = AppliedLimit { name: "fast".into(), kind: LimitKind::Rate(60), per: Per::Key, limit: 5 };
        let expected = json!({
            "key": {"id": "key_4bTzV9cXk07Hq2mN1pRs"},
            "limit": {
                "name": "fast", "kind": "rate", "per": "key", "limit": 5, "window_seconds": 60,
                "resets_at": "2025-06-15T15:06:40.000Z"
            }
        });
        assert_eq!(Value::Object(data(&rate, Some(&key), at)), expected);
        let kind = LimitKind::Quota(Period::Month);
        let quota = AppliedLimit { name: "monthly".into(), kind, per: Per::Tenant, limit: 9 };
        let expected = json!({
            "limit": {
                "name": "monthly", "kind": "quota", "per": "tenant", "limit": 9, "period": "month",
                "resets_at": "2025-06-15T15:06:40.000Z"
            }
        });
        assert_eq!(Value::Object(data(&quota, None, at)), expected);
    }
}
