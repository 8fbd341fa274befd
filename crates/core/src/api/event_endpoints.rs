//! The bodies and queries of the operations on endpoints for events.

use alloc::{
    format,
    string::{String, ToString as _},
    vec::Vec,
};

use serde_json::Value;

use super::{
    management::{MAX_OVERLAP_SECONDS, overlap_seconds},
    texts::text,
};
use crate::{
    base::{
        fields::{FieldError, Fields, quoted},
        timestamp::SECOND_MS,
    },
    events::{
        event_type::EventType,
        settings::{EndpointPatch, NewEndpoint},
        terms::SignatureKind,
    },
};

/// The maximum length of a description, characters.
pub const MAX_DESCRIPTION_CHARS: usize = 200;
/// The overlap of a rotation whose request names none, seconds.
pub const DEFAULT_OVERLAP_SECONDS: i64 = 24 * 3_600;
const _: () = assert!(DEFAULT_OVERLAP_SECONDS <= MAX_OVERLAP_SECONDS);

/// The check of a URL: its normalised form, or a sentence that says what is allowed.
pub type CheckUrl<'a> = &'a dyn Fn(&str) -> Result<String, String>;

/// Parses the body of `POST event-endpoints`.
///
/// # Errors
/// All mistakes in the body.
pub fn parse_new(body: Value, check: CheckUrl<'_>) -> Result<NewEndpoint, Vec<FieldError>> {
    let mut fields = Fields::new(body)?;
    let url = fields.required("url", |value| url(&value, check));
    let types = fields.optional("types", types);
    let signature = fields.optional("signature", |value| signature(&value));
    let description = fields.optional("description", |value| text(value, MAX_DESCRIPTION_CHARS));
    fields.finish()?;
    Ok(NewEndpoint {
        url: url.unwrap_or_default(),
        types: types.unwrap_or_default(),
        signature: signature.unwrap_or_default(),
        description: description.unwrap_or_default(),
    })
}

/// Parses the body of `PATCH event-endpoints/{endpoint}`, a merge patch (RFC 7396).
///
/// # Errors
/// All mistakes in the body.
pub fn parse_patch(body: Value, check: CheckUrl<'_>) -> Result<EndpointPatch, Vec<FieldError>> {
    let mut fields = Fields::new(body)?;
    let patch = EndpointPatch {
        url: fields.optional_or_null("url", |value| url(&value, check)),
        types: fields.optional_or_null("types", |value| if value.is_null() { Ok(Vec::new()) } else { types(value) }),
        description: fields.optional_or_null("description", |value| {
            if value.is_null() { Ok(String::new()) } else { text(value, MAX_DESCRIPTION_CHARS) }
        }),
        paused: fields.optional_or_null("status", |value| match value.as_str() {
            Some("active") => Ok(false),
            Some("paused") => Ok(true),
            _ => Err("allowed are: active, paused".to_string()),
        }),
    };
    let _: Option<()> = fields.optional_or_null("signature", |_| {
        Err("this is set when an endpoint is made, since receivers verify by it; make another endpoint".into())
    });
    fields.finish()?;
    Ok(patch)
}

/// Parses the body of `POST event-endpoints/{endpoint}/secret/rotate`: the overlap, milliseconds.
///
/// # Errors
/// All mistakes in the body.
pub fn parse_rotation(body: Value) -> Result<i64, Vec<FieldError>> {
    let mut fields = Fields::new(body)?;
    let overlap = fields.optional("overlap_seconds", overlap_seconds);
    fields.finish()?;
    Ok(overlap.unwrap_or(DEFAULT_OVERLAP_SECONDS) * SECOND_MS)
}

fn url(value: &Value, check: CheckUrl<'_>) -> Result<String, String> {
    let Some(text) = value.as_str() else {
        return Err("the URL that events are sent to expected, such as \"https://example.com/events\"".into());
    };
    check(text)
}

/// The types, sorted and each once.
fn types(value: Value) -> Result<Vec<EventType>, String> {
    let known = || {
        let known: Vec<_> =
            EventType::ALL.iter().filter(|each| each.can_be_asked_for()).map(|it| it.as_str()).collect();
        known.join(", ")
    };
    let Value::Array(values) = value else {
        return Err(format!("a list of types expected, or none for all of them; known are: {}", known()));
    };
    let parse = |value: &Value| {
        let named = value.as_str().and_then(EventType::parse).filter(|named| named.can_be_asked_for());
        named.ok_or_else(|| {
            let text = value.as_str().map_or_else(|| value.to_string(), String::from);
            format!("{} is no type of event; known are: {}", quoted(&text), known())
        })
    };
    let mut types = values.iter().map(parse).collect::<Result<Vec<_>, _>>()?;
    types.sort_unstable();
    types.dedup();
    Ok(types)
}

fn signature(value: &Value) -> Result<SignatureKind, String> {
    match value.as_str() {
        Some("v1") => Ok(SignatureKind::V1),
        Some("v1a") => Ok(SignatureKind::V1a),
        _ => Err("allowed are: v1 (HMAC-SHA256, with a shared secret), v1a (Ed25519, with a public key)".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const URL: &str = "https://hooks.example.com/in";

    fn check(text: &str) -> Result<String, String> {
        if text == URL { Ok(text.into()) } else { Err("https expected".into()) }
    }

    fn mistakes<T: core::fmt::Debug>(parsed: Result<T, Vec<FieldError>>) -> Vec<(String, String)> {
        parsed.unwrap_err().into_iter().map(|error| (error.field, error.detail)).collect()
    }

    #[test]
    fn an_endpoint_needs_its_address_alone() {
        let new = parse_new(json!({ "url": URL }), &check).unwrap();
        let expected = NewEndpoint {
            url: URL.into(),
            types: Vec::new(),
            signature: SignatureKind::V1,
            description: String::new(),
        };
        assert_eq!(new, expected);
        let body = json!({
            "url": URL, "types": ["key.revoked", "key.created", "key.revoked"], "signature": "v1a",
            "description": " Billing ",
        });
        let new = parse_new(body, &check).unwrap();
        assert_eq!(new.types, [EventType::KeyCreated, EventType::KeyRevoked]);
        assert_eq!((new.signature, new.description.as_str()), (SignatureKind::V1a, "Billing"));
    }

    #[test]
    fn all_mistakes_are_told_at_once_with_what_is_allowed() {
        let body = json!({ "url": "ftp://x", "types": ["key.stolen"], "signature": "v2", "secret": "mine" });
        let mistakes = mistakes(parse_new(body, &check));
        let fields: Vec<_> = mistakes.iter().map(|(field, _)| field.as_str()).collect();
        assert_eq!(fields, ["url", "types", "signature", "secret"]);
        assert!(mistakes[1].1.starts_with("\"key.stolen\" is no type of event; known are: key.created, key.updated"));
        assert!(!mistakes[1].1.contains("endpoint.test"), "a test is sent on request");
        assert_eq!(mistakes[3].1, "unknown field; known are: url, types, signature, description");
    }

    #[test]
    fn a_test_can_not_be_asked_for_and_types_are_a_list() {
        for types in [json!(["endpoint.test"]), json!([7]), json!("key.revoked"), json!({})] {
            assert_eq!(mistakes(parse_new(json!({ "url": URL, "types": types }), &check))[0].0, "types");
        }
    }

    #[test]
    fn a_patch_tells_absent_from_null() {
        assert_eq!(parse_patch(json!({}), &check).unwrap(), EndpointPatch::default());
        let patch = parse_patch(json!({ "types": null, "description": null, "status": "paused" }), &check).unwrap();
        let expected =
            EndpointPatch { types: Some(Vec::new()), description: Some(String::new()), paused: Some(true), url: None };
        assert_eq!(patch, expected);
        for (body, field) in [
            (json!({ "url": null }), "url"),
            (json!({ "status": "disabled" }), "status"),
            (json!({ "status": null }), "status"),
            (json!({ "signature": "v1" }), "signature"),
        ] {
            assert_eq!(mistakes(parse_patch(body, &check))[0].0, field);
        }
    }

    #[test]
    fn a_rotation_overlaps_by_a_day_unless_it_says_otherwise() {
        assert_eq!(parse_rotation(json!({})), Ok(DEFAULT_OVERLAP_SECONDS * SECOND_MS));
        assert_eq!(parse_rotation(json!({ "overlap_seconds": 0 })), Ok(0));
        for overlap in [json!(-1), json!(MAX_OVERLAP_SECONDS + 1), json!("1")] {
            assert_eq!(mistakes(parse_rotation(json!({ "overlap_seconds": overlap })))[0].0, "overlap_seconds");
        }
    }
}
