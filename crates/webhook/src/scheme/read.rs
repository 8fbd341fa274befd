//! Reads a [`Scheme`] from a table.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::ops::Range;

use serde_json::{Map, Value};

use super::{
    error::SchemeError,
    model::{
        AnswerBody, AnswerRule, Handshake, HandshakeCondition, HashRule, Requirement, ResponseRule, Scheme,
        SigningMethod, TimestampRule, TokenRule,
    },
};
use crate::{
    algorithm::{Algorithm, Encoding, KeyForm, ResponseAlgorithm, TimeUnit},
    parse_error::quoted,
    place::{JsonPath, Place},
    template::Template,
};

pub(super) fn scheme(value: Value) -> Result<Scheme, Vec<SchemeError>> {
    let mut errors = Vec::new();
    let scheme = Table::new(value, "", &mut errors).map(|mut table| {
        let signature = table.required("signature", |value, _, _| list(value, |text| Ok(Place::parse(&text)?)));
        let methods = methods(&mut table);
        let default_message = match methods.as_deref() {
            Some([first, ..]) if !first.algorithm.is_jws() && first.algorithm != Algorithm::Equality => {
                Template::parse("{body}").ok()
            }
            _ => None,
        };
        let scheme = Scheme {
            begins: table.optional("begins", text_of).unwrap_or_default(),
            groups: table.optional("groups", char_of),
            split: table.optional("split", char_of),
            after: table.optional("after", char_of),
            messages: table
                .optional("message", |value, _, _| list(value, |text| Ok(Template::parse(&text)?)))
                .unwrap_or_else(|| default_message.into_iter().collect()),
            timestamp: table.optional("timestamp", |value, at, errors| Ok(timestamp(value, at, errors))).flatten(),
            kid: table.optional("kid", place_of),
            head: table.optional("head", place_of),
            event_id: table.optional("event_id", place_of),
            event_type: table.optional("event_type", place_of),
            document: table.optional("document", place_of),
            each: table.optional("each", |value, _, _| match Place::parse(&text(value)?)? {
                Place::Json(path) => Ok(path),
                _ => Err("items are found with `json:`, such as `json:items[]`".to_string()),
            }),
            hashes: table.tables("hashes", hash),
            claims: table.optional("claims", |value, at, errors| Ok(claims(value, at, errors))).unwrap_or_default(),
            params: table.optional("params", |value, _, _| list(value, Ok)).unwrap_or_default(),
            requires: table.tables("requires", requirement),
            refused: table.optional("refused", |value, _, _| status(&value, 400..500)),
            handshakes: table.tables("handshake", handshake),
            signature: signature.unwrap_or_default(),
            methods: methods.unwrap_or_default(),
        };
        table.finish();
        scheme
    });
    match scheme {
        Some(scheme) if errors.is_empty() => Ok(scheme),
        _ => Err(errors),
    }
}

fn methods(table: &mut Table<'_>) -> Option<Vec<SigningMethod>> {
    let first = method(table, None);
    let more = table.tables("or", |table| method(table, first.as_ref()));
    first.map(|first| core::iter::once(first).chain(more).collect())
}

fn method(table: &mut Table<'_>, above: Option<&SigningMethod>) -> Option<SigningMethod> {
    let prefix = table.optional("prefix", text_of).or_else(|| above.map(|above| above.prefix.clone()));
    let algorithm = match above {
        None => table.required("algorithm", |value, _, _| named(value, Algorithm::parse, Algorithm::ALL)),
        Some(above) => table
            .optional("algorithm", |value, _, _| named(value, Algorithm::parse, Algorithm::ALL))
            .or(Some(above.algorithm)),
    };
    let encoding = table.optional("encoding", encoding_of).or_else(|| above.map(|above| above.encoding));
    let key = table
        .optional("key", |value, _, _| named(value, KeyForm::parse, KeyForm::ALL))
        .or_else(|| above.map(|above| above.key));
    let algorithm = algorithm?;
    let encoding = match algorithm {
        Algorithm::Equality => encoding.or(Some(Encoding::Utf8)),
        _ if algorithm.is_jws() => encoding.or(Some(Encoding::Base64Url)),
        _ => encoding,
    };
    let key = if algorithm.is_public_key() { key } else { key.or(Some(KeyForm::Utf8)) };
    if encoding.is_none() {
        table.mistake("encoding", "say how the signature is written: hex, base64, base64url or utf8");
    }
    if key.is_none() {
        table.mistake(
            "key",
            "say how the public key is written: ed25519-hex, ed25519-base64, whpk, spki-base64, pem or jwk",
        );
    }
    Some(SigningMethod { prefix: prefix.unwrap_or_default(), encoding: encoding?, algorithm, key: key? })
}

fn timestamp(value: Value, at: &str, errors: &mut Vec<SchemeError>) -> Option<TimestampRule> {
    let mut table = Table::new(value, at, errors)?;
    let place = table.required("at", place_of);
    let rule = TimestampRule {
        unit: table
            .optional("unit", |value, _, _| named(value, TimeUnit::parse, TimeUnit::ALL))
            .unwrap_or(TimeUnit::Seconds),
        past: table.optional("past", seconds_of).unwrap_or(300),
        future: table.optional("future", seconds_of).unwrap_or(300),
        enforce: table.optional("enforce", bool_of).unwrap_or(true),
        at: place.unwrap_or(Place::Body),
    };
    table.finish();
    Some(rule)
}

fn hash(table: &mut Table<'_>) -> Option<HashRule> {
    let at = table.required("at", place_of);
    let encoding = table.optional("encoding", encoding_of).unwrap_or(Encoding::Hex);
    let of = table.optional("of", template_of).or_else(|| Template::parse("{body}").ok());
    let unless_empty = table.optional("unless_empty", bool_of).unwrap_or_default();
    Some(HashRule { at: at?, encoding, of: of?, unless_empty })
}

fn requirement(table: &mut Table<'_>) -> Option<Requirement> {
    let (at, is) = (table.required("at", place_of), table.optional("is", template_of));
    Some(Requirement { at: at?, is })
}

fn claims(value: Value, at: &str, errors: &mut Vec<SchemeError>) -> Vec<(JsonPath, Template)> {
    let mut read = Vec::new();
    for (name, template) in templates(value, at, errors) {
        match JsonPath::parse(&name) {
            Ok(path) => read.push((path, template)),
            Err(error) => errors.push(SchemeError { at: at.into(), message: error.into() }),
        }
    }
    read
}

fn handshake(table: &mut Table<'_>) -> Option<Handshake> {
    let when = table.required("when", |value, at, errors| {
        let mut when = HandshakeCondition::default();
        if let Some(mut table) = Table::new(value, at, errors) {
            when.method = table.optional("method", text_of);
            when.at = table.optional("at", place_of);
            when.is = table.optional("is", text_of);
            when.without = table.optional("without", place_of);
            table.finish();
        }
        Ok(when)
    });
    let signed = table.optional("signed", bool_of).unwrap_or(true);
    let token = table.optional("token", |value, at, errors| {
        let mut table = Table::new(value, at, errors).ok_or_else(String::new)?;
        let (at, is) = (table.required("at", place_of), table.required("is", template_of));
        table.finish();
        Ok(at.zip(is).map(|(at, is)| TokenRule { at, is }))
    });
    let tells = table.optional("tells", place_of);
    let response = table.optional("response", |value, at, errors| {
        let mut table = Table::new(value, at, errors).ok_or_else(String::new)?;
        let of = table.required("of", template_of);
        let algorithm = table
            .optional("algorithm", |value, _, _| named(value, ResponseAlgorithm::parse, ResponseAlgorithm::ALL))
            .unwrap_or(ResponseAlgorithm::Hmac);
        let encoding = table.optional("encoding", encoding_of).unwrap_or(Encoding::Hex);
        table.finish();
        Ok(of.map(|of| ResponseRule { of, algorithm, encoding }))
    });
    let answer = table.required("answer", |value, at, errors| {
        Table::new(value, at, errors).map(|table| answer(table)).ok_or_else(String::new)
    });
    let (token, response) = (token.flatten(), response.flatten());
    Some(Handshake { when: when?, signed, token, tells, response, answer: answer? })
}

fn answer(mut table: Table<'_>) -> AnswerRule {
    let body = table.optional("body", template_of);
    let json = table.optional("json", |value, at, errors| Ok(templates(value, at, errors)));
    if body.is_some() && json.is_some() {
        table.mistake("body", "an answer has `body` or `json`, not both");
    }
    let default_type = if json.is_some() { "application/json" } else { "text/plain" };
    let rule = AnswerRule {
        status: table.optional("status", |value, _, _| status(&value, 200..300)).unwrap_or(200),
        content_type: table.optional("type", text_of).unwrap_or_else(|| default_type.into()),
        headers: table.optional("header", |value, at, errors| Ok(templates(value, at, errors))).unwrap_or_default(),
        body: match json {
            Some(members) => AnswerBody::Json(members),
            None => AnswerBody::Text(body.unwrap_or_default()),
        },
    };
    table.finish();
    rule
}

/// Reads a table of templates.
fn templates(value: Value, at: &str, errors: &mut Vec<SchemeError>) -> Vec<(String, Template)> {
    let Value::Object(members) = value else {
        errors.push(SchemeError { at: at.into(), message: "a table expected".into() });
        return Vec::new();
    };
    let mut read = Vec::new();
    for (name, value) in members {
        match template(value) {
            Ok(template) => read.push((name, template)),
            Err(message) => errors.push(SchemeError { at: format!("{at}.{name}"), message }),
        }
    }
    read
}

/// The axes of a table, which are taken one by one. Axes that are left over are unknown.
struct Table<'e> {
    members: Map<String, Value>,
    at: String,
    known: Vec<&'static str>,
    errors: &'e mut Vec<SchemeError>,
}

impl<'e> Table<'e> {
    fn new(value: Value, at: &str, errors: &'e mut Vec<SchemeError>) -> Option<Self> {
        let Value::Object(members) = value else {
            errors.push(SchemeError { at: at.into(), message: "a table expected".into() });
            return None;
        };
        Some(Self { members, at: at.into(), known: Vec::new(), errors })
    }

    fn place_of(&self, axis: &str) -> String {
        if self.at.is_empty() { axis.into() } else { format!("{}.{axis}", self.at) }
    }

    fn mistake(&mut self, axis: &str, message: &str) {
        self.errors.push(SchemeError { at: self.place_of(axis), message: message.into() });
    }

    fn optional<T>(
        &mut self,
        axis: &'static str,
        read: impl FnOnce(Value, &str, &mut Vec<SchemeError>) -> Result<T, String>,
    ) -> Option<T> {
        self.known.push(axis);
        let value = self.members.remove(axis)?;
        let at = self.place_of(axis);
        match read(value, &at, self.errors) {
            Ok(read) => Some(read),
            Err(message) => {
                if !message.is_empty() {
                    self.mistake(axis, &message);
                }
                None
            }
        }
    }

    fn required<T>(
        &mut self,
        axis: &'static str,
        read: impl FnOnce(Value, &str, &mut Vec<SchemeError>) -> Result<T, String>,
    ) -> Option<T> {
        if !self.members.contains_key(axis) {
            self.mistake(axis, "this is required");
        }
        self.optional(axis, read)
    }

    /// Reads a list of tables.
    fn tables<T>(&mut self, axis: &'static str, read: impl Fn(&mut Table<'_>) -> Option<T>) -> Vec<T> {
        let tables = self.optional(axis, |value, at, errors| {
            let Value::Array(values) = value else { return Err("a list of tables expected".to_string()) };
            let mut tables = Vec::new();
            for (index, value) in values.into_iter().enumerate() {
                if let Some(mut table) = Table::new(value, &format!("{at}.{index}"), errors) {
                    tables.extend(read(&mut table));
                    table.finish();
                }
            }
            Ok(tables)
        });
        tables.unwrap_or_default()
    }

    fn finish(self) {
        for axis in self.members.keys() {
            let message = format!("{} is unknown here; known are: {}", quoted(axis), self.known.join(", "));
            self.errors.push(SchemeError { at: self.at.clone(), message });
        }
    }
}

fn text(value: Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text),
        _ => Err("a text expected".to_string()),
    }
}

fn template(value: Value) -> Result<Template, String> {
    Ok(Template::parse(&text(value)?)?)
}

fn text_of(value: Value, _: &str, _: &mut Vec<SchemeError>) -> Result<String, String> {
    text(value)
}

fn place_of(value: Value, _: &str, _: &mut Vec<SchemeError>) -> Result<Place, String> {
    Ok(Place::parse(&text(value)?)?)
}

fn template_of(value: Value, _: &str, _: &mut Vec<SchemeError>) -> Result<Template, String> {
    template(value)
}

fn encoding_of(value: Value, _: &str, _: &mut Vec<SchemeError>) -> Result<Encoding, String> {
    named(value, Encoding::parse, Encoding::ALL)
}

fn bool_of(value: Value, _: &str, _: &mut Vec<SchemeError>) -> Result<bool, String> {
    value.as_bool().ok_or_else(|| "true or false expected".to_string())
}

fn seconds_of(value: Value, _: &str, _: &mut Vec<SchemeError>) -> Result<u32, String> {
    let seconds = value.as_u64().and_then(|seconds| u32::try_from(seconds).ok());
    seconds
        .filter(|seconds| *seconds <= 7 * 86_400)
        .ok_or_else(|| "seconds expected, 0 to 604800; `enforce = false` reads a timestamp without limits".to_string())
}

fn status(value: &Value, range: Range<u16>) -> Result<u16, String> {
    let status = value.as_u64().and_then(|status| u16::try_from(status).ok());
    let sentence = || format!("a status from {} to {}", range.start, range.end - 1);
    status.filter(|status| range.contains(status)).ok_or_else(sentence)
}

fn char_of(value: Value, _: &str, _: &mut Vec<SchemeError>) -> Result<char, String> {
    let text = text(value)?;
    let mut chars = text.chars();
    match (chars.next(), chars.next()) {
        (Some(char), None) if char.is_ascii() => Ok(char),
        _ => Err(format!("one ASCII character expected, not {}", quoted(&text))),
    }
}

fn named<T: core::fmt::Display>(
    value: Value,
    parse: impl Fn(&str) -> Option<T>,
    all: &'static [T],
) -> Result<T, String> {
    let text = text(value)?;
    parse(&text).ok_or_else(|| {
        let names: Vec<String> = all.iter().map(ToString::to_string).collect();
        format!("{} is none of {}", quoted(&text), names.join(", "))
    })
}

/// Reads one text, or a list of texts.
fn list<T>(value: Value, read: impl Fn(String) -> Result<T, String>) -> Result<Vec<T>, String> {
    match value {
        Value::Array(values) if values.len() <= 32 => {
            values.into_iter().map(|value| text(value).and_then(&read)).collect()
        }
        Value::Array(_) => Err("at most 32 expected".to_string()),
        value => text(value).and_then(read).map(|one| alloc::vec![one]),
    }
}
