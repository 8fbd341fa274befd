//! `POST /keystile/v1/verify`: answers with the verdict on a key, for services that guard themselves.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::net::IpAddr;

use serde_json::{Map, Value, json};

use super::shown::ShownLimit;
use crate::{
    access::{
        record::{KeyRecord, Subject},
        scope::{Catalog, Scope},
        verdict::{self, Refusal},
    },
    base::{
        fields::{self, FieldError, Fields, whole},
        json,
        problem::Problem,
        timestamp::{Timestamp, whole_seconds},
    },
    key::Environment,
    limits::{definition::MAX_COST, state::LimitState},
};

/// The maximum length of a request's body, bytes.
pub const MAX_BODY_BYTES: u32 = 16 * 1024;

/// The question of a service.
#[derive(Debug, PartialEq)]
pub struct VerifyRequest {
    /// The key as the service received it; `None` if it received none.
    pub key: Option<String>,
    /// The scopes that are needed.
    pub scopes: Vec<Scope>,
    /// Whether one of them is enough.
    pub any_of: bool,
    /// The one environment that is accepted; `None` for both.
    pub environment: Option<Environment>,
    /// The address that the key was used from.
    pub ip: Option<IpAddr>,
    /// Whether to read the feed even if the isolate knows the key.
    pub strict: bool,
    /// The units to charge; 0 to look at the limits without charging.
    pub cost: u16,
}

impl VerifyRequest {
    /// Reads the text of a question.
    ///
    /// # Errors
    /// The problem of a text that is no JSON, or has mistakes.
    pub fn read(text: &str, catalog: &Catalog) -> Result<Self, Problem> {
        Self::parse(json::read_members(text)?, catalog).map_err(|errors| fields::invalid(&errors))
    }

    /// Parses the body. A scope that the catalog lacks is a mistake of the service, not of the key.
    ///
    /// # Errors
    /// All mistakes in the body. None repeats the key.
    pub fn parse(body: Value, catalog: &Catalog) -> Result<Self, Vec<FieldError>> {
        let mut fields = Fields::new(body)?;
        let key = fields.optional("key", |value| match value {
            Value::String(key) => Ok(key),
            _ => Err("a string expected".to_string()),
        });
        let scopes = fields.optional("scopes", |value| {
            let expected = || "a list of scope names expected".to_string();
            let scope = |name: &Value| {
                let scope = name.as_str().and_then(Scope::parse).ok_or_else(expected)?;
                match catalog.definition(&scope) {
                    Some(_) => Ok(scope),
                    None => Err(format!("no scope \"{scope}\" is defined; GET /v1/scopes lists those that are")),
                }
            };
            value.as_array().ok_or_else(expected)?.iter().map(scope).collect::<Result<Vec<_>, _>>()
        });
        let environment = fields.optional("environment", |value| {
            let environment = value.as_str().and_then(Environment::parse);
            environment.ok_or_else(|| "\"live\" or \"test\" expected".to_string())
        });
        let ip = fields.optional("ip", |value| {
            let ip = value.as_str().and_then(|text| text.parse().ok());
            ip.ok_or_else(|| "an IPv4 or IPv6 address expected".to_string())
        });
        let flag = |value: Value| value.as_bool().ok_or_else(|| "true or false expected".to_string());
        let any_of = fields.optional("any_of", flag);
        let strict = fields.optional("strict", flag);
        let cost = fields.optional("cost", |value| {
            let cost = whole(&value).and_then(|cost| u16::try_from(cost).ok());
            cost.filter(|cost| *cost <= MAX_COST).ok_or_else(|| format!("a whole number from 0 to {MAX_COST} expected"))
        });
        fields.finish()?;
        Ok(Self {
            key,
            scopes: scopes.unwrap_or_default(),
            any_of: any_of.unwrap_or_default(),
            environment,
            ip,
            strict: strict.unwrap_or_default(),
            cost: cost.unwrap_or(1),
        })
    }
}

/// The key's limits, with what is left of them, and the time of the answer.
#[derive(Clone, Copy, Debug)]
pub struct Limits<'a> {
    /// The limits.
    pub states: &'a [LimitState],
    /// The time.
    pub now: Timestamp,
}

impl Limits<'_> {
    /// No limits.
    pub const NONE: Self = Self { states: &[], now: Timestamp::from_millis(0) };

    fn shown(&self) -> Value {
        self.states.iter().map(|state| json!(ShownLimit::brief(state, self.now))).collect()
    }
}

/// The answer: the verdict and the facts about the key. A refusal that must not reveal whether the key exists has no
/// record.
#[must_use]
pub fn answer(verdict: Result<(), &Refusal>, record: Option<&KeyRecord>, limits: Limits<'_>) -> Value {
    let mut answer = Map::new();
    answer.insert("valid".into(), verdict.is_ok().into());
    answer.insert("code".into(), verdict::code(verdict).into());
    answer.insert("detail".into(), verdict.map_or_else(|refusal| json!(refusal.detail()), |()| Value::Null));
    let subject = record.and_then(|record| match &record.subject {
        Subject::ApiKey { tenant, environment } => Some((tenant, environment)),
        Subject::Operator { .. } => None,
    });
    answer.insert("key_id".into(), json!(record.map(|record| &record.id)));
    answer.insert("tenant".into(), json!(subject.map(|(tenant, _)| tenant)));
    answer.insert("name".into(), json!(record.map(|record| &record.name)));
    answer.insert("environment".into(), json!(subject.map(|(_, environment)| environment)));
    answer.insert("scopes".into(), json!(record.map(|record| &record.scopes)));
    answer.insert("expires_at".into(), json!(record.and_then(|record| record.expires_at).map(Timestamp::to_rfc3339)));
    answer.insert("metadata".into(), json!(record.map(|record| &record.metadata)));
    answer.insert("ratelimit".into(), limits.shown());
    let retry_after_ms = verdict.err().and_then(Refusal::retry_after_ms);
    answer.insert("retry_after_seconds".into(), json!(retry_after_ms.map(whole_seconds)));
    Value::Object(answer)
}

/// The answer to `GET /keystile/v1/me`: the facts that a holder may know of its own key. Metadata belongs to the issuer
/// and is not included.
#[must_use]
pub fn me(record: &KeyRecord, limits: Limits<'_>) -> Value {
    let mut shown = answer(Ok(()), Some(record), limits);
    if let Value::Object(shown) = &mut shown {
        for member in ["valid", "code", "detail", "metadata", "retry_after_seconds"] {
            shown.remove(member);
        }
        shown.insert("display".into(), json!(record.display));
        shown.insert("created_at".into(), json!(record.created_at.to_rfc3339()));
    }
    shown
}

/// The answer to a holder that revoked its own key, made from the ledger's answer.
#[must_use]
pub fn me_revoked(record: &KeyRecord, answered: &Value) -> Value {
    let mut shown = me(record, Limits::NONE);
    if let Value::Object(shown) = &mut shown {
        // A key that is gone has no limits.
        shown.remove("ratelimit");
    }
    if let (Value::Object(shown), Value::Object(answered)) = (&mut shown, answered) {
        for member in ["status", "revoked_at", "effective_by", "holds"] {
            shown.insert(member.into(), answered.get(member).cloned().unwrap_or_default());
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::record::tests::record;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn parse(body: Value) -> Result<VerifyRequest, Vec<FieldError>> {
        VerifyRequest::parse(body, &crate::config::manage::tests::config().catalog)
    }

    #[test]
    fn a_scope_that_is_not_defined_is_a_mistake_and_one_that_is_unavailable_is_not() {
        let asking = |scope: &str| parse(json!({"key": "k", "scopes": ["read:leads", scope]}));
        for (typo, said) in [
            ("read:laeds", "scopes: no scope \"read:laeds\" is defined; GET /v1/scopes lists those that are"),
            ("Read Leads", "scopes: a list of scope names expected"),
        ] {
            assert_eq!(asking(typo).unwrap_err()[0].to_string(), said);
        }
        assert_eq!(asking("write:analytics").unwrap().scopes.len(), 2);
    }

    #[test]
    fn a_request_is_read_whole() {
        let request = parse(json!({
            "key": "k", "scopes": ["read:leads"], "environment": "live", "ip": "2001:db8::1", "strict": true
        }))
        .unwrap();
        assert_eq!(request.environment, Some(Environment::Live));
        assert!(request.strict && request.ip.is_some());
        assert!(!parse(json!({"key": "k"})).unwrap().strict);
    }

    #[test]
    fn mistakes_never_repeat_the_key() {
        let errors = parse(json!({"key": ["secret"], "scopes": "x", "ip": "here", "colour": 1})).unwrap_err();
        assert_eq!(errors.len(), 4);
        assert!(!json!(errors).to_string().contains("secret"));
    }

    #[test]
    fn the_answer_has_every_member_whatever_the_verdict() {
        let valid = answer(Ok(()), Some(&record()), Limits::NONE);
        let refused = answer(Err(&Refusal::NotFound), None, Limits::NONE);
        let members = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        assert_eq!(members(&valid), members(&refused));
        assert_eq!(
            (&valid["valid"], &valid["code"], &valid["tenant"]),
            (&json!(true), &json!("VALID"), &json!("acme"))
        );
        assert_eq!(
            (&refused["valid"], &refused["code"], &refused["key_id"]),
            (&json!(false), &json!("NOT_FOUND"), &json!(null))
        );
    }

    #[test]
    fn the_holder_does_not_see_the_metadata() {
        let shown = me(&record(), Limits::NONE);
        assert_eq!(shown["display"], "knq_live_7Hq2");
        assert!(shown.get("metadata").is_none() && shown.get("valid").is_none());
        let answered =
            json!({"status": "revoked", "metadata": {"plan": "pro"}, "effective_by": "2027-01-01T00:00:00Z"});
        let revoked = me_revoked(&record(), &answered);
        assert_eq!(revoked["status"], "revoked");
        assert!(revoked.get("metadata").is_none());
    }
}
