//! Writes a [`Scheme`] as the table that it is read from.

use alloc::{
    string::{String, ToString},
    vec::Vec,
};

use serde_json::{Map, Value, json};

use super::model::{AnswerBody, Handshake, HashRule, Requirement, Scheme, SigningMethod};
use crate::{
    algorithm::{Algorithm, Encoding, KeyForm, ResponseAlgorithm, TimeUnit},
    template::Template,
};

pub(super) fn scheme(scheme: &Scheme) -> Value {
    let mut table = Map::new();
    put(&mut table, "signature", one_or_many(&scheme.signature));
    if !scheme.begins.is_empty() {
        put(&mut table, "begins", json!(scheme.begins));
    }
    for (axis, char) in [("groups", scheme.groups), ("split", scheme.split), ("after", scheme.after)] {
        if let Some(char) = char {
            put(&mut table, axis, json!(char.to_string()));
        }
    }
    if let Some((first, more)) = scheme.methods.split_first() {
        table.extend(method(first, false));
        if !more.is_empty() {
            put(&mut table, "or", more.iter().map(|more| Value::Object(method(more, true))).collect());
        }
    }
    if !scheme.messages.is_empty() {
        put(&mut table, "message", one_or_many(&scheme.messages));
    }
    if let Some(rule) = &scheme.timestamp {
        let mut timestamp = Map::new();
        put(&mut timestamp, "at", json!(rule.at.to_string()));
        if rule.unit != TimeUnit::Seconds {
            put(&mut timestamp, "unit", json!(rule.unit.name()));
        }
        put(&mut timestamp, "past", json!(rule.past));
        put(&mut timestamp, "future", json!(rule.future));
        if !rule.enforce {
            put(&mut timestamp, "enforce", json!(false));
        }
        put(&mut table, "timestamp", Value::Object(timestamp));
    }
    let places = [
        ("kid", &scheme.kid),
        ("head", &scheme.head),
        ("event_id", &scheme.event_id),
        ("event_type", &scheme.event_type),
        ("document", &scheme.document),
    ];
    for (axis, place) in places {
        if let Some(place) = place {
            put(&mut table, axis, json!(place.to_string()));
        }
    }
    if let Some(path) = &scheme.each {
        put(&mut table, "each", json!(alloc::format!("json:{path}")));
    }
    if !scheme.hashes.is_empty() {
        let hash = |rule: &HashRule| {
            let (at, of) = (rule.at.to_string(), rule.of.to_string());
            let mut hash = json!({ "at": at, "encoding": rule.encoding.name(), "of": of });
            if let Some(hash) = hash.as_object_mut().filter(|_| rule.unless_empty) {
                put(hash, "unless_empty", json!(true));
            }
            hash
        };
        put(&mut table, "hashes", scheme.hashes.iter().map(hash).collect());
    }
    if !scheme.claims.is_empty() {
        let claims = scheme.claims.iter().map(|(path, template)| (path.to_string(), json!(template.to_string())));
        put(&mut table, "claims", Value::Object(claims.collect()));
    }
    if !scheme.params.is_empty() {
        put(&mut table, "params", json!(scheme.params));
    }
    if !scheme.requires.is_empty() {
        let requirement = |rule: &Requirement| match &rule.is {
            Some(is) => json!({ "at": rule.at.to_string(), "is": is.to_string() }),
            None => json!({ "at": rule.at.to_string() }),
        };
        put(&mut table, "requires", scheme.requires.iter().map(requirement).collect());
    }
    if let Some(status) = scheme.refused {
        put(&mut table, "refused", json!(status));
    }
    if !scheme.handshakes.is_empty() {
        put(&mut table, "handshake", scheme.handshakes.iter().map(handshake).collect());
    }
    Value::Object(table)
}

fn put(table: &mut Map<String, Value>, axis: &str, value: Value) {
    table.insert(axis.into(), value);
}

fn one_or_many<T: ToString>(values: &[T]) -> Value {
    match values {
        [one] => json!(one.to_string()),
        many => many.iter().map(|value| json!(value.to_string())).collect(),
    }
}

/// Writes a method. The first one leaves out defaults. The others leave out nothing, since whatever they leave out is
/// taken from the first.
fn method(method: &SigningMethod, all: bool) -> Map<String, Value> {
    let mut table = Map::new();
    let default_encoding = match method.algorithm {
        Algorithm::Equality => Some(Encoding::Utf8),
        algorithm if algorithm.is_jws() => Some(Encoding::Base64Url),
        _ => None,
    };
    if all || !method.prefix.is_empty() {
        put(&mut table, "prefix", json!(method.prefix));
    }
    put(&mut table, "algorithm", json!(method.algorithm.name()));
    if all || default_encoding != Some(method.encoding) {
        put(&mut table, "encoding", json!(method.encoding.name()));
    }
    if all || method.key != KeyForm::Utf8 {
        put(&mut table, "key", json!(method.key.name()));
    }
    table
}

fn handshake(handshake: &Handshake) -> Value {
    let mut table = Map::new();
    let mut when = Map::new();
    let texts = [
        ("method", handshake.when.method.clone()),
        ("at", handshake.when.at.as_ref().map(ToString::to_string)),
        ("is", handshake.when.is.clone()),
        ("without", handshake.when.without.as_ref().map(ToString::to_string)),
    ];
    for (axis, text) in texts {
        if let Some(text) = text {
            put(&mut when, axis, json!(text));
        }
    }
    put(&mut table, "when", Value::Object(when));
    if !handshake.signed {
        put(&mut table, "signed", json!(false));
    }
    if let Some(token) = &handshake.token {
        put(&mut table, "token", json!({ "at": token.at.to_string(), "is": token.is.to_string() }));
    }
    if let Some(place) = &handshake.tells {
        put(&mut table, "tells", json!(place.to_string()));
    }
    if let Some(rule) = &handshake.response {
        let mut response = Map::new();
        put(&mut response, "of", json!(rule.of.to_string()));
        if rule.algorithm != ResponseAlgorithm::Hmac {
            put(&mut response, "algorithm", json!(rule.algorithm.name()));
        }
        put(&mut response, "encoding", json!(rule.encoding.name()));
        put(&mut table, "response", Value::Object(response));
    }
    let mut answer = Map::new();
    put(&mut answer, "status", json!(handshake.answer.status));
    put(&mut answer, "type", json!(handshake.answer.content_type));
    match &handshake.answer.body {
        AnswerBody::Text(template) if template.0.is_empty() => {}
        AnswerBody::Text(template) => put(&mut answer, "body", json!(template.to_string())),
        AnswerBody::Json(members) => put(&mut answer, "json", texts_of(members)),
    }
    if !handshake.answer.headers.is_empty() {
        put(&mut answer, "header", texts_of(&handshake.answer.headers));
    }
    put(&mut table, "answer", Value::Object(answer));
    Value::Object(table)
}

fn texts_of(members: &[(String, Template)]) -> Value {
    let texts: Vec<_> = members.iter().map(|(name, template)| (name.clone(), json!(template.to_string()))).collect();
    Value::Object(texts.into_iter().collect())
}
