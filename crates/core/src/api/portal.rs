//! The bodies of portal sessions, and what a customer sees through one.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::fmt;

use serde::{
    Deserializer,
    de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Value, json};

use super::{management::scopes_or_none, texts::text};
use crate::{
    access::{
        operator::OperatorScope,
        scope::{Catalog, ScopeSet},
        session::{Actor, Portal, exceeds},
    },
    base::{
        fields::{FieldError, Fields, whole},
        json::NUMBER,
        problem::Problem,
        timestamp::SECOND_MS,
    },
    ledger::lifecycle::{KeyPatch, NewKey},
};

/// The rights that a portal session can have.
pub const MAY: [OperatorScope; 3] = [OperatorScope::KeysRead, OperatorScope::KeysWrite, OperatorScope::AuditRead];
/// The maximum length of the id and of the name of a session's person, characters.
pub const MAX_ACTOR_CHARS: usize = 100;
/// The shortest and the longest life of a portal session, seconds.
pub const LIFE_SECONDS: core::ops::RangeInclusive<i64> = 60..=3_600;
/// The life of a portal session whose request names none, seconds.
pub const DEFAULT_LIFE_SECONDS: i64 = 900;

/// The request for a portal session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortalRequest {
    /// The person.
    pub actor: Actor,
    /// The rights, some of [`MAY`].
    pub may: ScopeSet,
    /// The scopes that its keys may get; none at all is possible.
    pub scopes: ScopeSet,
    /// The life, milliseconds.
    pub life_ms: i64,
}

/// Parses the body of `POST portal-sessions`.
///
/// # Errors
/// All mistakes in the body.
pub fn parse_request(body: Value, catalog: &Catalog) -> Result<PortalRequest, Vec<FieldError>> {
    let mut fields = Fields::new(body)?;
    let actor = fields.required("actor", actor);
    let may = fields.required("may", rights);
    let scopes = fields.required("scopes", |value| scopes_or_none(value, catalog));
    let life = fields.optional("expires_in_seconds", |value| {
        let (least, most) = (LIFE_SECONDS.start(), LIFE_SECONDS.end());
        let seconds = whole(&value).filter(|seconds| LIFE_SECONDS.contains(seconds));
        seconds.ok_or_else(|| format!("a whole number from {least} to {most} expected"))
    });
    fields.finish()?;
    let nobody = || Actor { id: String::new(), name: String::new() };
    Ok(PortalRequest {
        actor: actor.unwrap_or_else(nobody),
        may: may.unwrap_or_default(),
        scopes: scopes.unwrap_or_default(),
        life_ms: life.unwrap_or(DEFAULT_LIFE_SECONDS) * SECOND_MS,
    })
}

/// Parses the body of `POST portal-session`: the code.
///
/// # Errors
/// All mistakes in the body.
pub fn parse_exchange(body: Value) -> Result<String, Vec<FieldError>> {
    let mut fields = Fields::new(body)?;
    let code = fields.required("code", |value| {
        let code = value.as_str().filter(|code| code.len() <= 100).map(ToString::to_string);
        code.ok_or_else(|| "the code of a link, `kscode_…`, expected".into())
    });
    fields.finish()?;
    Ok(code.unwrap_or_default())
}

fn actor(value: Value) -> Result<Actor, String> {
    let form = "an object with `id` and `name` expected, both strings: the person in your own words";
    let Value::Object(mut members) = value else { return Err(form.into()) };
    let mut member = |name: &str| {
        let value = members.remove(name).ok_or_else(|| form.to_string())?;
        text(value, MAX_ACTOR_CHARS).map_err(|problem| format!("`{name}`: {problem}"))
    };
    let actor = Actor { id: member("id")?, name: member("name")? };
    if members.is_empty() { Ok(actor) } else { Err(form.into()) }
}

fn rights(value: Value) -> Result<ScopeSet, String> {
    let known = MAY.map(OperatorScope::as_str).join(", ");
    let names: Vec<String> = serde_json::from_value(value).unwrap_or_default();
    let right = |name: &String| MAY.iter().find(|right| right.as_str() == name).map(|right| right.scope());
    let rights: Option<ScopeSet> = names.iter().map(right).collect();
    rights.filter(|rights| !rights.is_empty()).ok_or_else(|| format!("a list of some of these expected: {known}"))
}

impl Portal {
    /// Checks whether the session may create this key. It sets neither metadata nor limits.
    ///
    /// # Errors
    /// The 403 that says what it may not.
    pub fn may_create(&self, new: &NewKey, catalog: &Catalog) -> Result<(), Problem> {
        if !new.metadata.is_empty() || !new.own_limits.is_empty() {
            return Err(operators_alone());
        }
        self.covers(&new.scopes, catalog)
    }

    /// Checks whether the session may make this change. It changes neither metadata nor limits. Whether it may manage the
    /// key at all depends on the scopes that the key has.
    ///
    /// # Errors
    /// The 403 that says what it may not.
    pub fn may_patch(&self, patch: &KeyPatch, catalog: &Catalog) -> Result<(), Problem> {
        if patch.metadata.is_some() || !patch.own_limits.is_empty() {
            return Err(operators_alone());
        }
        patch.scopes.as_ref().map_or(Ok(()), |scopes| self.covers(scopes, catalog))
    }
}

fn operators_alone() -> Problem {
    exceeds("A portal session sets neither metadata nor limits; operators do.")
}

/// Turns an answer into the one that a customer sees. It hides the metadata of keys, and the names and addresses of
/// operators.
///
/// # Errors
/// The text is not JSON.
pub fn seen_by_customers(answer: &str) -> serde_json::Result<Value> {
    let mut deserializer = serde_json::Deserializer::from_str(answer);
    let mut seen = WithoutMetadata.deserialize(&mut deserializer)?;
    deserializer.end()?;
    hide_operators(&mut seen);
    Ok(seen)
}

/// The members of an answer that hold keys and entries, and the one of an entry that says what changed. The others are
/// the operators' and customers' own texts and lists.
const INNER: [&str; 4] = ["keys", "entries", "replaces", "detail"];

/// Reads an answer without the metadata of keys. It is skipped unread, since entries of any depth may hold it.
#[derive(Clone, Copy)]
struct WithoutMetadata;

impl<'de> DeserializeSeed<'de> for WithoutMetadata {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for WithoutMetadata {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut read = Vec::new();
        while let Some(item) = items.next_element_seed(self)? {
            read.push(item);
        }
        Ok(Value::Array(read))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut read = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let member = match name.as_str() {
                NUMBER => return Ok(members.next_value::<String>()?.parse().map_or(Value::Null, Value::Number)),
                "metadata" => members.next_value::<IgnoredAny>().map(|_| json!({}))?,
                inner if INNER.contains(&inner) => members.next_value_seed(self)?,
                _ => members.next_value()?,
            };
            read.insert(name, member);
        }
        Ok(Value::Object(read))
    }
}

fn hide_operators(answer: &mut Value) {
    match answer {
        Value::Array(items) => items.iter_mut().for_each(hide_operators),
        Value::Object(members) => {
            if let Some(creator) = members.get_mut("created_by") {
                *creator = customer(creator);
            }
            if members.contains_key("actor") {
                hide_operator(members);
            }
            for (name, member) in members.iter_mut() {
                if matches!(name.as_str(), "keys" | "entries" | "replaces") {
                    hide_operators(member);
                }
            }
        }
        _ => {}
    }
}

/// The customer on whose behalf a key was created, in the form of a creator; null if there is none.
fn customer(creator: &Value) -> Value {
    match &creator["on_behalf_of"] {
        Value::Object(actor) => json!({ "id": actor.get("id"), "name": actor.get("name"), "on_behalf_of": null }),
        _ => Value::Null,
    }
}

/// Hides the operator behind an entry of the audit log: the name, and the address unless it is the customer's.
fn hide_operator(entry: &mut Map<String, Value>) {
    let by_customer = entry.get("on_behalf_of").is_some_and(Value::is_object);
    let actor = entry.get("actor").and_then(|actor| actor["id"].as_str()).unwrap_or_default();
    let by_operator = !by_customer && !actor.starts_with("key_") && actor != "keystile";
    if by_customer || by_operator {
        entry.insert("actor".into(), json!({ "id": "operator", "name": "operator" }));
    }
    if by_operator {
        entry.insert("from".into(), Value::Null);
    }
    if let Some(Value::Object(detail)) = entry.get_mut("detail") {
        detail.remove("metadata");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::manage::tests::config;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn request(body: Value) -> Result<PortalRequest, Vec<FieldError>> {
        parse_request(body, &config().catalog)
    }

    #[test]
    fn a_request_names_the_person_the_rights_and_the_scopes() {
        let asked = request(json!({
            "actor": {"id": "u_7", "name": " Ann "}, "may": ["keys:read", "audit:read"], "scopes": ["read:leads"],
            "expires_in_seconds": 60.0,
        }))
        .unwrap();
        assert_eq!(asked.actor, Actor { id: "u_7".into(), name: "Ann".into() });
        assert_eq!(
            (asked.may.joined().as_str(), asked.scopes.joined().as_str()),
            ("audit:read keys:read", "read:leads")
        );
        assert_eq!(asked.life_ms, 60_000);
        let none = request(json!({"actor": {"id": "7", "name": "A"}, "may": ["keys:read"], "scopes": []})).unwrap();
        assert_eq!((none.scopes.len(), none.life_ms), (0, 900_000));
    }

    #[test]
    fn each_mistake_of_a_request_names_its_field() {
        let good = json!({"actor": {"id": "7", "name": "A"}, "may": ["keys:read"], "scopes": []});
        for (field, value) in [
            ("actor", json!("Ann")),
            ("actor", json!({"id": "7"})),
            ("actor", json!({"id": 7, "name": "A"})),
            ("actor", json!({"id": "7", "name": "A\u{1}b"})),
            ("actor", json!({"id": "7", "name": "A", "email": "a@example.com"})),
            ("actor", json!({"id": "7", "name": "x".repeat(101)})),
            ("may", json!([])),
            ("may", json!(["operators:write"])),
            ("may", json!("keys:read")),
            ("scopes", json!(["write:analytics"])),
            ("scopes", json!(["*"])),
            ("scopes", json!(null)),
            ("expires_in_seconds", json!(59)),
            ("expires_in_seconds", json!(3601)),
            ("tenant", json!("acme")),
        ] {
            let mut body = good.clone();
            body[field] = value.clone();
            let mistakes = request(body).unwrap_err();
            assert_eq!(mistakes[0].field, field, "{value}");
        }
    }

    #[test]
    fn a_customer_sees_neither_metadata_nor_operators() {
        let key = json!({
            "id": "key_1", "metadata": {"keys": [1]}, "created_by": {"id": "op_1", "name": "Olga", "on_behalf_of": null},
            "replaces": {"metadata": {"a": 1}, "created_by": {"id": "op_1", "name": "Olga",
                "on_behalf_of": {"id": "7", "name": "Ann"}}},
        });
        let page = seen_by_customers(&json!({ "keys": [key], "next_cursor": null }).to_string()).unwrap();
        let ann = json!({"id": "7", "name": "Ann", "on_behalf_of": null});
        let seen = json!({"id": "key_1", "metadata": {}, "created_by": null,
            "replaces": {"metadata": {}, "created_by": ann}});
        assert_eq!(page["keys"][0], seen);
        let entry = |actor: &str, behalf: Value| {
            json!({"actor": {"id": actor, "name": "Olga"}, "on_behalf_of": behalf, "from": "192.0.2.1",
                "detail": {"metadata": {"to": 1}, "name": {"to": "x"}}})
        };
        let ann = json!({"id": "7", "name": "Ann"});
        let entries = [("op_1", json!(null)), ("root", json!(null)), ("op_1", ann), ("key_1", json!(null))];
        let log = json!({ "entries": entries.map(|(actor, behalf)| entry(actor, behalf)) });
        let log = seen_by_customers(&log.to_string()).unwrap();
        let seen = |index: usize| (&log["entries"][index]["actor"]["name"], &log["entries"][index]["from"]);
        let (operator, address) = (json!("operator"), json!("192.0.2.1"));
        assert_eq!((seen(0), seen(1)), ((&operator, &Value::Null), (&operator, &Value::Null)));
        assert_eq!(seen(2), (&operator, &address));
        assert_eq!(seen(3), (&json!("Olga"), &address));
        assert_eq!(log["entries"][0]["detail"], json!({"name": {"to": "x"}}));
    }

    #[test]
    fn metadata_of_any_depth_is_left_out_and_nothing_else_is() {
        let deep = format!("{}1{}", "[".repeat(1_000), "]".repeat(1_000));
        let key = format!(r#"{{"id":"key_1","metadata":{{"a":{deep}}},"rate_limits":{{"metadata":{{"limit":5}}}}}}"#);
        let answer = format!(
            r#"{{"entries":[{{"detail":{{"metadata":{{"to":{deep}}},"name":"n"}}}}],"keys":[{key}],
            "more":[true,null,-1,1.5,"x"],"detail":[1.5,99.08701741838819],"replaces":{key}}}"#
        );
        let mut seen = seen_by_customers(&answer).unwrap();
        let shown = json!({"id": "key_1", "metadata": {}, "rate_limits": {"metadata": {"limit": 5}}});
        assert_eq!((&seen["keys"][0], &seen["replaces"]), (&shown, &shown));
        assert_eq!(seen["more"], json!([true, null, -1, 1.5, "x"]));
        assert_eq!(seen["detail"].to_string(), "[1.5,99.08701741838819]");
        assert_eq!(seen["entries"][0]["detail"].take()["name"], "n");
        for broken in ["", "{", "{}x", "[1"] {
            assert!(seen_by_customers(broken).is_err(), "{broken}");
        }
    }
}
