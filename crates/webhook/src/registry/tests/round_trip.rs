//! Tests of each scheme from both sides: signing and verifying.

use core::time::Duration;

use serde_json::{Map, json};

use super::*;
use crate::{
    Delivery, Options, Secrets, Verification,
    algorithm::{Algorithm, KeyForm},
    encoding, mac,
    place::{JsonPath, Place, Step},
    sign, timestamp, verify,
};

const NOW: Duration = Duration::from_secs(1_800_000_000);

/// The time this many milliseconds later, or earlier.
fn after(millis: i64) -> Duration {
    Duration::from_millis(1_800_000_000_000_u64.checked_add_signed(millis).unwrap())
}

const PARAMS: [(&str, &str); 9] = [
    ("public_key", "public"),
    ("webhook_id", "1"),
    ("api_key", "key"),
    ("verify_token", "token"),
    ("audience", "https://example.com"),
    ("email", "sender@example.com"),
    ("topic_arn", "arn"),
    ("user_id", "1"),
    ("verification_token", "token"),
];

fn secret(form: KeyForm) -> &'static str {
    match form {
        KeyForm::Hex => "44782def547aaa06c910c43932b1eb0c71fc68d9d0c057550c48ec2acf6ba056",
        KeyForm::Base64 => "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        KeyForm::Whsec => "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        _ => "a-secret-of-the-senders-own",
    }
}

/// A delivery that can be changed.
#[derive(Clone)]
struct Draft {
    url: String,
    headers: Vec<(String, String)>,
    body: String,
}

impl Draft {
    fn with<T>(&self, see: impl FnOnce(&Delivery<'_>) -> T) -> T {
        let headers: Vec<(&str, &str)> =
            self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        see(&Delivery { method: "POST", url: &self.url, headers: &headers, body: self.body.as_bytes() })
    }

    fn code(&self, scheme: &Scheme, secret: &str, now: Duration) -> &'static str {
        let options = Options { params: &PARAMS, ..Options::at(now) };
        let secrets = Secrets::parse(scheme, &[secret]);
        assert!(secrets.faults().is_empty(), "{:?}", secrets.faults());
        self.with(|delivery| match verify(scheme, &secrets, delivery, &options) {
            Verification::Verified(_) => "OK",
            Verification::Failed(failure) => failure.code(),
            Verification::Pending(_) => "PENDING",
        })
    }
}

fn put(document: &mut Value, path: &JsonPath, text: String) {
    let mut at = document;
    for step in &path.0 {
        let Step::Member(name) = step else { panic!("{path}") };
        if !at.is_object() {
            *at = Value::Object(Map::new());
        }
        at = at.as_object_mut().unwrap().entry(name.clone()).or_insert(Value::Null);
    }
    *at = Value::String(text);
}

/// A delivery with everything that the scheme reads, and with this signature if it isn't in a header.
fn delivery(scheme: &Scheme, signature: &str) -> Draft {
    let mut document = json!({ "event": "payment", "amount": 4200 });
    let mut form: Vec<(String, String)> = Vec::new();
    let mut headers = Vec::new();
    let mut query = String::new();
    let mut place = |place: &Place, text: String| match place {
        Place::Json(path) => put(&mut document, path, text),
        Place::Query(name) => query.push_str(&format!("&{name}={text}")),
        Place::Form(name) if !form.iter().any(|(other, _)| other == name) => form.push((name.clone(), text)),
        Place::Header(names) if !headers.iter().any(|(other, _)| *other == names[0]) => {
            headers.push((names[0].clone(), text));
        }
        _ => {}
    };
    let rule = scheme.timestamp.as_ref();
    if let Some(rule) = rule.filter(|rule| !matches!(rule.at, Place::Header(_))) {
        place(&rule.at, timestamp::write(rule.unit, NOW));
    }
    if let Some(at) = scheme.signature.first().filter(|at| !matches!(at, Place::Header(_))) {
        place(at, signature.into());
    }
    let by_signing = |at: &Place| {
        rule.is_some_and(|rule| rule.at == *at)
            || matches!(at, Place::Header(_)) && scheme.event_id.as_ref() == Some(at)
    };
    let mut sorted_form = false;
    for part in scheme.messages.iter().flat_map(|message| &message.0) {
        match part {
            Part::Value(at) if !by_signing(at) => {
                let text = if matches!(at, Place::Header(_)) { "1700000000" } else { "a text" };
                place(at, text.into());
            }
            Part::SignedHeaders(name) => {
                let all = format!("{name},x-contentful-timestamp");
                place(&Place::Header([name.clone()].into()), all);
            }
            Part::Present(names) => {
                for name in names.iter().filter(|name| *name != "Subject") {
                    place(&Place::Json(JsonPath::parse(name).unwrap()), "a text".into());
                }
            }
            Part::SortedForm | Part::SortedQueryAndForm => sorted_form = true,
            _ => {}
        }
    }
    if let Some(JsonPath(steps)) = &scheme.each {
        for step in steps.iter().rev() {
            document = match step {
                Step::Member(name) => json!({ name.as_str(): document }),
                _ => json!([document]),
            };
        }
    }
    let mut body = document.to_string();
    if let Some(Place::Form(name)) = &scheme.document {
        form.push((name.clone(), body.clone()));
    }
    if sorted_form {
        form.push(("To".into(), "+1800555 1212".into()));
        form.push(("amount".into(), "4200".into()));
    }
    if !form.is_empty() {
        let coded = |text: &str| text.bytes().map(|b| format!("%{b:02x}")).collect::<String>();
        let plain = |text: &str| if text == "4200" { text.into() } else { coded(text) };
        let fields: Vec<String> = form.iter().map(|(name, text)| format!("{}={}", coded(name), plain(text))).collect();
        body = fields.join("&");
        headers.push(("content-type".into(), "application/x-www-form-urlencoded".into()));
    }
    let hash = encoding::to_hex(&mac::sha256(&[body.as_bytes().into()]));
    Draft { url: format!("https://hooks.example.com/in?bodySHA256={hash}{query}"), headers, body }
}

fn signed(provider: &Provider) -> Result<Draft, &'static str> {
    let scheme = &provider.scheme;
    let options = Options { params: &PARAMS, ..Options::at(NOW) };
    let unsigned = delivery(scheme, "none");
    let id = matches!(scheme.event_id, Some(Place::Header(_))).then_some("msg_1");
    let signature = unsigned
        .with(|delivery| sign(scheme, secret(scheme.methods[0].key), delivery, id, &options))
        .map_err(|failure| failure.code())?;
    let mut draft = delivery(scheme, &signature.value);
    draft.headers.extend(signature.headers);
    Ok(draft)
}

#[test]
fn what_is_signed_by_a_scheme_is_verified_by_it_and_nothing_else_is() {
    let mut unsigned = Vec::new();
    for provider in all() {
        let (id, scheme) = (&provider.id, &provider.scheme);
        let Ok(draft) = signed(provider) else {
            unsigned.push(id.as_str());
            continue;
        };
        let secret = secret(scheme.methods[0].key);
        assert_eq!(draft.code(scheme, secret, NOW), "OK", "{id}: {} {:?}", draft.body, draft.headers);

        let other = secret.replacen(['a', 'A', 'M', '4'], "5", 1);
        assert_ne!(other, secret);
        assert_eq!(draft.code(scheme, &other, NOW), "NO_MATCH", "{id}: another secret");

        let changed = Draft { body: draft.body.replace("4200", "4201"), ..draft.clone() };
        if changed.body != draft.body {
            let refused = changed.code(scheme, secret, NOW) != "OK";
            assert!(refused || !scheme.body_authenticated(), "{id}: the body changed");
        }
        assert!(changed.body != draft.body || !scheme.body_authenticated(), "{id}");

        if let Some(rule) = scheme.timestamp.as_ref().filter(|rule| rule.enforce) {
            let (past, future) = (i64::from(rule.past) * 1000, i64::from(rule.future) * 1000);
            assert_eq!(draft.code(scheme, secret, after(past)), "OK", "{id}");
            assert_eq!(draft.code(scheme, secret, after(past + 1000)), "TIMESTAMP_TOO_OLD", "{id}");
            assert_eq!(draft.code(scheme, secret, after(-future)), "OK", "{id}");
            assert_eq!(draft.code(scheme, secret, after(-future - 1000)), "TIMESTAMP_TOO_NEW", "{id}");
        }
    }
    let public: Vec<&str> = all()
        .iter()
        .filter(|provider| provider.scheme.methods[0].algorithm.is_public_key())
        .map(|provider| provider.id.as_str())
        .collect();
    assert_eq!(unsigned, public, "only who has a private key can sign these");
}

/// A delivery gets the same verdict without its other headers, even if an id is among them.
#[test]
fn the_headers_that_a_scheme_reads_are_all_that_it_needs() {
    let verified = |scheme: &Scheme, draft: &Draft| {
        let options = Options { params: &PARAMS, ..Options::at(NOW) };
        let secrets = Secrets::parse(scheme, &[secret(scheme.methods[0].key)]);
        draft.with(|delivery| verify(scheme, &secrets, delivery, &options).into_result())
    };
    let mut any = Vec::new();
    for provider in all() {
        let scheme = &provider.scheme;
        let Some(names) = scheme.headers_read() else {
            any.push(provider.id.as_str());
            continue;
        };
        let Ok(mut draft) = signed(provider) else { continue };
        if let Some(Place::Header(names)) = &scheme.event_id {
            draft.headers.retain(|(name, _)| name != &names[0]);
            draft.headers.push((names[0].clone(), "msg_1".into()));
        }
        let mut sparse = draft.clone();
        sparse.headers.retain(|(name, _)| names.contains(&name.to_ascii_lowercase()));
        draft.headers.push(("x-other".into(), "1".into()));
        assert_eq!(verified(scheme, &sparse), verified(scheme, &draft), "{}", provider.id);
    }
    assert_eq!(any, ["contentful", "docusign", "truelayer"], "lists of headers, and numbered ones");
}

#[test]
fn no_provider_takes_a_delivery_without_a_signature() {
    for provider in all().iter().filter(|provider| !provider.scheme.methods[0].algorithm.is_public_key()) {
        let bare = Draft { headers: Vec::new(), ..delivery(&provider.scheme, "") };
        let code = bare.code(&provider.scheme, secret(provider.scheme.methods[0].key), NOW);
        assert!(code.starts_with("MISSING_") || code.starts_with("MALFORMED_"), "{}: {code}", provider.id);
    }
    assert!(all().iter().any(|provider| provider.scheme.methods[0].algorithm == Algorithm::Equality));
}
