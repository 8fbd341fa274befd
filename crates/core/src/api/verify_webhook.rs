//! `POST /keystile/v1/webhooks/verify`: answers with the verdict on a delivery, for services that receive webhooks
//! themselves.

use alloc::{
    boxed::Box,
    collections::BTreeMap,
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use crate::base::{
    fields::{self, FieldError, Fields},
    json::ReadJsonError,
    json_object::{self, Form},
    timestamp::Timestamp,
};
use keystile_webhook::{Failure, Scheme, Verified, check_key_set};

/// The maximum length of a request's body, bytes: a delivery of 8 MiB in base64.
pub const MAX_REQUEST_BYTES: u32 = 12 * 1024 * 1024;
/// The maximum length of any member but the delivery's body, bytes.
pub const MAX_MEMBER_BYTES: usize = 256 * 1024;
/// The maximum number of secrets.
pub const MAX_SECRETS: usize = 16;
/// The maximum number of bytes that are read and hashed for one verdict. The isolate serves no other caller during that
/// time, which is less than 50 ms.
pub const MAX_WORK_BYTES: usize = 24 * 1024 * 1024;

/// The maximum number of a scheme's mistakes that are named; there may be thousands.
const MAX_MISTAKES: usize = 8;

/// The question of a service.
#[derive(Debug, PartialEq)]
pub struct VerifyDelivery {
    /// The source, or the scheme and secrets, to judge by.
    pub by: Judge,
    /// The method, in upper case.
    pub method: String,
    /// The URL as the sender knows it.
    pub url: String,
    /// The headers' names and values.
    pub headers: Vec<(String, String)>,
    /// The body's bytes as they were received.
    pub body: Vec<u8>,
    /// The time to judge by; `None` for the clock's.
    pub now: Option<Timestamp>,
}

/// The scheme, secrets and parameters that a delivery is judged by.
#[derive(PartialEq)]
pub enum Judge {
    /// Those of this source.
    Source(String),
    /// Those in the request.
    Own {
        /// The scheme by which it is signed.
        scheme: Chosen,
        /// The secrets that it may be signed with. A set of keys (`jwks`) is the last one, as JSON.
        secrets: Vec<String>,
        /// The texts of the scheme's `params`.
        params: Vec<(String, String)>,
    },
}

/// A scheme, or the provider that has it.
#[derive(Debug, PartialEq)]
pub enum Chosen {
    /// A scheme in the request.
    Scheme(Box<Scheme>),
    /// A provider's scheme, by the provider's id.
    Provider(String),
}

/// Redacted, since it may hold secrets.
impl core::fmt::Debug for Judge {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Source(source) => f.debug_tuple("Source").field(source).finish(),
            Self::Own { scheme, .. } => f.debug_struct("Own").field("scheme", scheme).finish_non_exhaustive(),
        }
    }
}

impl VerifyDelivery {
    /// Parses the body. An owned one is free again before the delivery in it is decoded.
    ///
    /// # Errors
    /// All mistakes in the body. None repeats a secret or the delivery.
    pub fn parse(body: impl AsRef<[u8]>) -> Result<Self, ReadJsonError> {
        const FORMS: &[(&str, Form)] = &[
            ("source", Form::Any(MAX_MEMBER_BYTES)),
            ("provider", Form::Any(MAX_MEMBER_BYTES)),
            ("scheme", Form::Any(MAX_MEMBER_BYTES)),
            ("secrets", Form::Any(MAX_MEMBER_BYTES)),
            ("jwks", Form::Any(MAX_MEMBER_BYTES)),
            ("params", Form::Any(MAX_MEMBER_BYTES)),
            ("method", Form::Any(MAX_MEMBER_BYTES)),
            ("url", Form::Any(MAX_MEMBER_BYTES)),
            ("headers", Form::Any(MAX_MEMBER_BYTES)),
            ("body", Form::Text),
            ("now", Form::Any(MAX_MEMBER_BYTES)),
        ];
        let members = json_object::read(body.as_ref(), FORMS)?;
        drop(body);
        Ok(Self::of(Value::Object(members))?)
    }

    fn of(body: Value) -> Result<Self, Vec<FieldError>> {
        let mut fields = Fields::new(body)?;
        let source = fields.optional("source", text);
        let provider = fields.optional("provider", text);
        let scheme = fields.optional("scheme", |value| {
            Scheme::from_value(value).map_err(|mistakes| {
                let sentences: Vec<String> = mistakes.iter().take(MAX_MISTAKES).map(ToString::to_string).collect();
                sentences.join("; ")
            })
        });
        let secrets = fields.optional("secrets", |value| {
            let texts = value.as_array().and_then(|texts| texts.iter().map(owned).collect::<Option<Vec<_>>>());
            let texts = texts.filter(|texts| !texts.is_empty());
            match texts.ok_or_else(|| "a list of one or more strings expected".to_string())? {
                texts if texts.len() > MAX_SECRETS => Err(format!("there are {}; {MAX_SECRETS} at most", texts.len())),
                texts => Ok(texts),
            }
        });
        let jwks = fields.optional("jwks", |value| {
            let text = value.to_string();
            let usable = check_key_set(&text).map(|()| text);
            usable.map_err(|fault| format!("a set of public keys expected, {{\"keys\": […]}} (RFC 7517); this {fault}"))
        });
        let params = fields.optional("params", |value| {
            let params: Option<BTreeMap<String, String>> = serde_json::from_value(value).ok();
            params.ok_or_else(|| "an object of strings expected".to_string())
        });
        let method = fields.optional("method", |value| {
            let method = owned(&value).filter(|method| method.bytes().all(|b| b.is_ascii_uppercase()));
            method.ok_or_else(|| "a method in upper case expected, such as \"POST\"".to_string())
        });
        let url = fields.optional("url", text);
        let headers = fields.required("headers", |value| {
            headers(value).ok_or_else(|| "an object of strings, or a list of pairs of strings expected".to_string())
        });
        let body = fields.required("body", |value| {
            let bytes = value.as_str().and_then(|text| STANDARD.decode(text).ok());
            bytes.ok_or_else(|| "the bytes as they came expected, in base64".to_string())
        });
        let now = fields.optional("now", |value| {
            let seconds = fields::whole(&value).and_then(|seconds| seconds.checked_mul(1_000));
            seconds.ok_or_else(|| "seconds since 1970 expected".to_string())
        });
        let given = |taken: bool, field: &str| taken || fields.failed(field);
        let brought = [
            ("scheme", given(scheme.is_some(), "scheme")),
            ("provider", given(provider.is_some(), "provider")),
            ("secrets", given(secrets.is_some(), "secrets")),
            ("jwks", given(jwks.is_some(), "jwks")),
            ("params", given(params.is_some(), "params")),
        ];
        let brings = |name: &str| brought.contains(&(name, true));
        if given(source.is_some(), "source") {
            for (field, _) in brought.iter().filter(|(_, given)| *given) {
                fields.missing(field, "a source has its own; leave it out, or leave `source` out");
            }
        } else if !brings("scheme") && !brings("provider") {
            fields.missing("source", "write `source`, or `scheme` or `provider` with `secrets`");
        } else {
            if brings("scheme") && brings("provider") {
                fields.missing("provider", "write `scheme` or `provider`, not both");
            }
            if !brings("secrets") && !brings("jwks") {
                fields.missing("secrets", "this, or `jwks`, is required with a scheme or a provider");
            }
        }
        fields.finish()?;
        let by =
            match (source, scheme.map(|scheme| Chosen::Scheme(Box::new(scheme))).or(provider.map(Chosen::Provider))) {
                (None, Some(scheme)) => Judge::Own {
                    scheme,
                    secrets: secrets.unwrap_or_default().into_iter().chain(jwks).collect(),
                    params: params.unwrap_or_default().into_iter().collect(),
                },
                (source, _) => Judge::Source(source.unwrap_or_default()),
            };
        Ok(Self {
            by,
            method: method.unwrap_or_else(|| "POST".to_string()),
            url: url.unwrap_or_default(),
            headers: headers.unwrap_or_default(),
            body: body.unwrap_or_default(),
            now: now.map(Timestamp::from_millis),
        })
    }
}

/// The answer. It says which of the secrets fits, since an operator asks, but shows none.
#[must_use]
pub fn answer(verdict: Result<&Verified, &Failure>) -> Value {
    let verified = verdict.ok();
    let failure = verdict.err();
    let seconds = |at: Duration| at.as_secs();
    json!({
        "valid": verified.is_some(),
        "code": failure.map_or("OK", Failure::code),
        "detail": failure.map(Failure::detail),
        "event_id": verified.and_then(|verified| verified.event_id.as_ref()),
        "event_type": verified.and_then(|verified| verified.event_type.as_ref()),
        "timestamp": verified.and_then(|verified| verified.timestamp).map(seconds),
        "secret_index": verified.map(|verified| verified.secret_index),
        "body_authenticated": verified.map(|verified| verified.body_authenticated),
    })
}

fn owned(value: &Value) -> Option<String> {
    value.as_str().map(ToString::to_string)
}

fn text(value: Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text),
        _ => Err("a string expected".to_string()),
    }
}

/// Parses headers: an object whose values may be lists, or a list of pairs.
fn headers(value: Value) -> Option<Vec<(String, String)>> {
    let mut headers = Vec::new();
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                match value {
                    Value::String(value) => headers.push((name, value)),
                    Value::Array(values) => {
                        for value in &values {
                            headers.push((name.clone(), owned(value)?));
                        }
                    }
                    _ => return None,
                }
            }
        }
        Value::Array(pairs) => {
            for pair in &pairs {
                match pair.as_array()?.as_slice() {
                    [name, value] => headers.push((owned(name)?, owned(value)?)),
                    _ => return None,
                }
            }
        }
        _ => return None,
    }
    Some(headers)
}

/// The mistake of a request whose secrets, scheme and delivery are each within their limits but together too much work.
#[must_use]
pub fn too_much_work() -> Vec<FieldError> {
    let detail = format!(
        "to try each secret on each form of the message would take more than {MAX_WORK_BYTES} bytes of reading and \
         hashing; send a shorter delivery, fewer secrets, or a scheme that reads less of it"
    );
    alloc::vec![FieldError { field: "body".to_string(), detail }]
}

/// The mistake of a request with a provider that this worker does not know.
#[must_use]
pub fn unknown_provider() -> Vec<FieldError> {
    let detail = "no source of this deployment has this provider, and others are not known here: send its `scheme`, \
         which providers() of the npm package keystile has";
    alloc::vec![FieldError { field: "provider".to_string(), detail: detail.to_string() }]
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn parse(body: &Value) -> Result<VerifyDelivery, ReadJsonError> {
        VerifyDelivery::parse(body.to_string().as_bytes())
    }

    fn mistakes(body: Value) -> Vec<String> {
        let ReadJsonError::Mistakes(errors) = parse(&body).unwrap_err() else { panic!("{body}") };
        errors.into_iter().map(|error| error.field).collect()
    }

    #[test]
    fn a_source_has_a_scheme_of_its_own() {
        let asked = parse(&json!({
            "source": "github", "headers": [["A", "b"], ["A", "c"]], "body": "e30=", "now": 12.0,
        }))
        .unwrap();
        assert_eq!(asked.by, Judge::Source("github".into()));
        assert_eq!((asked.method.as_str(), asked.body.as_slice()), ("POST", b"{}".as_slice()));
        assert_eq!(asked.headers, [("A".to_string(), "b".to_string()), ("A".to_string(), "c".to_string())]);
        assert_eq!(asked.now, Some(Timestamp::from_millis(12_000)));
        let both = json!({ "source": "github", "secrets": ["x"], "headers": {}, "body": "" });
        assert_eq!(mistakes(both), ["secrets"]);
    }

    #[test]
    fn a_set_of_keys_is_the_last_secret() {
        let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" });
        let jwks = json!({ "keys": [jwk] });
        let with = |more: Value| {
            let mut body = json!({ "provider": "kinde", "headers": {}, "body": "", "jwks": jwks });
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            body
        };
        let secrets = |body: Value| match parse(&body).unwrap().by {
            Judge::Own { secrets, .. } => secrets,
            Judge::Source(_) => panic!("{body}"),
        };
        assert_eq!(secrets(with(json!({}))), [jwks.to_string()]);
        assert_eq!(secrets(with(json!({ "secrets": ["a"] }))), ["a".to_string(), jwks.to_string()]);
        for none in [json!({ "keys": [] }), json!("https://a.example/keys"), json!([jwk])] {
            assert_eq!(mistakes(with(json!({ "jwks": none }))), ["jwks"]);
        }
        assert_eq!(mistakes(json!({ "source": "kinde", "jwks": jwks, "headers": {}, "body": "" })), ["jwks"]);
    }

    #[test]
    fn every_mistake_is_named() {
        assert_eq!(mistakes(json!({})), ["headers", "body", "source"]);
        let scheme = json!({ "signature": "header:x" });
        assert_eq!(mistakes(json!({ "scheme": scheme, "headers": 1, "body": "%", "extra": 1 })).len(), 5);
        assert_eq!(mistakes(json!({ "provider": "stripe", "headers": {}, "body": "" })), ["secrets"]);
    }

    #[test]
    fn what_is_sent_is_bounded_before_it_is_taken_apart() {
        let with = |member: &str, value: Value| {
            let mut body = json!({ "scheme": { "signature": "header:x", "algorithm": "hmac-sha256", "encoding": "hex" },
                                   "secrets": ["a"], "headers": {}, "body": "" });
            body[member] = value;
            body
        };
        assert!(parse(&with("secrets", json!(vec!["s"; MAX_SECRETS]))).is_ok());
        assert_eq!(mistakes(with("secrets", json!(vec!["s"; MAX_SECRETS + 1]))), ["secrets"]);
        assert_eq!(mistakes(with("secrets", json!(vec!["s"; 70_000]))), ["secrets"]);
        assert_eq!(mistakes(with("headers", json!(vec![0; 200_000]))), ["headers"]);
        assert_eq!(mistakes(with("body", json!(vec![0; 200_000]))), ["body"]);
        assert_eq!(mistakes(with("extra", json!(vec![0; 200_000]))), ["extra"]);
        let messages: Vec<String> = (0..32).map(|index| format!("{index}{{body}}")).collect();
        let scheme =
            json!({ "signature": "header:x", "algorithm": "hmac-sha256", "encoding": "hex", "message": messages });
        assert_eq!(mistakes(with("scheme", scheme)), ["scheme"]);
        let twice = json!({ "signature": "header:x", "algorithm": "hmac-sha256", "encoding": "hex", "message": "{body}{body}" });
        assert_eq!(mistakes(with("scheme", twice)), ["scheme"]);
    }

    #[test]
    fn the_answer_says_what_is_known() {
        let failed = answer(Err(&Failure::NoMatch));
        assert_eq!((&failed["valid"], &failed["code"]), (&json!(false), &json!("NO_MATCH")));
        assert_eq!(failed["secret_index"], Value::Null);
    }
}
