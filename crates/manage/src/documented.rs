//! Checks of answers against the schemas of `docs/reference/openapi.json`, for tests.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::{Map, Value, json};

/// The document.
pub(crate) fn document() -> Value {
    serde_json::from_str(include_str!("../../../docs/reference/openapi.json")).unwrap()
}

/// Serialises an answer as it is sent, and asserts that its members are in alphabetical order.
pub(crate) fn sent(answer: &impl Serialize) -> Value {
    let text = serde_json::to_string(answer).unwrap();
    let value: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(text, value.to_string(), "members are not in alphabetical order");
    value
}

/// Asserts that examples have exactly the members that a schema documents, and likewise for the objects inside them:
///
/// - together the examples have every member;
/// - the members that are in every example are the required ones;
/// - the members that are null in some example are the nullable ones.
///
/// So the examples must show each member present, each optional one absent, and each nullable one null.
pub(crate) fn assert_documented(schema: &str, examples: &[Value]) {
    let document = document();
    let mut objects = BTreeMap::new();
    for example in examples {
        collect(&document, &json!({ "$ref": format!("#/components/schemas/{schema}") }), schema, example, &mut objects);
    }
    for (at, (members, objects)) in &objects {
        let all: BTreeSet<&String> = objects.iter().flat_map(Map::keys).collect();
        assert_eq!(all, members.keys().collect(), "{at}: all members");
        for (name, member) in members {
            let always = objects.iter().all(|object| object.contains_key(name));
            assert_eq!(always, member.required, "{at}: {name} is always there");
            let null = objects.iter().any(|object| object.get(name) == Some(&Value::Null));
            assert_eq!(null, member.nullable, "{at}: {name} is null in one of the examples");
        }
    }
}

/// A member of a schema.
#[derive(Default)]
struct Member {
    required: bool,
    nullable: bool,
    schema: Value,
}

type Members = BTreeMap<String, Member>;

/// The objects at each place, with the members that the schema of that place has.
type Objects = BTreeMap<String, (Members, Vec<Map<String, Value>>)>;

fn collect(document: &Value, schema: &Value, at: &str, value: &Value, objects: &mut Objects) {
    let schema = resolved(document, schema);
    match value {
        Value::Array(items) => {
            items.iter().for_each(|item| collect(document, &schema["items"], &format!("{at}[]"), item, objects));
        }
        Value::Object(object) => {
            let members = members(document, &schema);
            // A free-form object, such as metadata.
            if members.is_empty() {
                return;
            }
            for (name, value) in object {
                let member = members.get(name).unwrap_or_else(|| panic!("{at} has no {name}"));
                collect(document, &member.schema, &format!("{at}.{name}"), value, objects);
            }
            objects.entry(at.into()).or_insert_with(|| (members, Vec::new())).1.push(object.clone());
        }
        _ => {}
    }
}

/// The schema that a reference leads to; of the alternatives in `anyOf`, the one that isn't null.
fn resolved(document: &Value, schema: &Value) -> Value {
    if let Some(reference) = schema["$ref"].as_str() {
        return resolved(document, document.pointer(reference.trim_start_matches('#')).unwrap());
    }
    let alternatives = schema["anyOf"].as_array();
    match alternatives.and_then(|all| all.iter().find(|one| one["type"] != "null")) {
        Some(one) => resolved(document, one),
        None => schema.clone(),
    }
}

fn members(document: &Value, schema: &Value) -> Members {
    let mut members = Members::new();
    for part in schema["allOf"].as_array().into_iter().flatten() {
        members.extend(self::members(document, &resolved(document, part)));
    }
    for (name, schema) in schema["properties"].as_object().into_iter().flatten() {
        let required = members.get(name).is_some_and(|member| member.required);
        let member = Member { required, nullable: nullable(document, schema), schema: schema.clone() };
        members.insert(name.clone(), member);
    }
    for name in schema["required"].as_array().into_iter().flatten() {
        members.get_mut(name.as_str().unwrap()).unwrap().required = true;
    }
    members
}

fn nullable(document: &Value, schema: &Value) -> bool {
    if let Some(reference) = schema["$ref"].as_str() {
        return nullable(document, document.pointer(reference.trim_start_matches('#')).unwrap());
    }
    let types = &schema["type"];
    types == "null"
        || types.as_array().is_some_and(|types| types.contains(&json!("null")))
        || schema["anyOf"].as_array().is_some_and(|all| all.iter().any(|one| nullable(document, one)))
}
