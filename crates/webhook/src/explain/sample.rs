//! Signs a sample delivery by a scheme, with everything that the scheme reads in it.

use alloc::{
    borrow::ToOwned as _,
    format,
    string::{String, ToString},
    vec::Vec,
};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::{
    algorithm::{Algorithm, KeyForm},
    delivery::Delivery,
    encoding,
    failure::Failure,
    mac,
    options::Options,
    place::{JsonPath, Place, Step},
    scheme::Scheme,
    secret::Secrets,
    sign::sign,
    template::Part,
    timestamp,
    verify::verify,
};

/// A signed delivery.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Sample {
    /// The method.
    pub method: String,
    /// The URL.
    pub url: String,
    /// The headers.
    pub headers: Vec<(String, String)>,
    /// The body, which is text.
    pub body: String,
}

/// Signs a sample for a URL, with the time of the options. Without a body it makes one.
///
/// # Errors
/// The failure of [`sign()`], for example if the scheme needs a private key, or that of the verifier, if a body of the
/// caller's own lacks a text that the scheme reads.
pub fn sample(
    scheme: &Scheme,
    secret: &str,
    url: &str,
    body: Option<&str>,
    options: &Options<'_>,
) -> Result<Sample, Failure> {
    let draft = Draft { scheme, options, url, body };
    let unsigned = draft.delivery("none");
    let id = matches!(scheme.event_id, Some(Place::Header(_) | Place::Claim(_))).then_some("msg_sample_1");
    let signed = unsigned.with_delivery(|delivery| sign(scheme, secret, delivery, id, options))?;
    let mut sample = draft.delivery(&signed.value);
    sample.headers.extend(signed.headers);
    // A body of the caller's own may lack what the scheme reads in it.
    let secrets = Secrets::parse(scheme, &[secret]);
    sample.with_delivery(|delivery| verify(scheme, &secrets, delivery, options).into_result().map(drop))?;
    Ok(sample)
}

impl Sample {
    fn with_delivery<T>(&self, see: impl FnOnce(&Delivery<'_>) -> T) -> T {
        let headers: Vec<(&str, &str)> =
            self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        see(&Delivery { method: &self.method, url: &self.url, headers: &headers, body: self.body.as_bytes() })
    }
}

/// A secret for samples, in the form that the scheme has; `None` if that is a public key.
#[must_use]
pub fn sample_secret(scheme: &Scheme, random: &[u8]) -> Option<String> {
    use crate::algorithm::Encoding;
    let method = scheme.methods.first()?;
    Some(match method.key {
        KeyForm::Hex => encoding::to_hex(random),
        KeyForm::Base64 => encoding::encode(Encoding::Base64, random),
        KeyForm::Whsec | KeyForm::WhsecOrUtf8 | KeyForm::WhsecAndUtf8 => {
            format!("whsec_{}", encoding::encode(Encoding::Base64, random))
        }
        form if form.is_public_key() => return None,
        _ => encoding::to_hex(random),
    })
}

struct Draft<'d> {
    scheme: &'d Scheme,
    options: &'d Options<'d>,
    url: &'d str,
    body: Option<&'d str>,
}

/// The texts that a delivery needs.
#[derive(Default)]
struct Texts {
    document: Map<String, Value>,
    form: Vec<(String, String)>,
    headers: Vec<(String, String)>,
    query: Vec<(String, String)>,
}

impl Texts {
    fn put(&mut self, place: &Place, text: &str) {
        let (list, name) = match place {
            Place::Json(path) => {
                let mut document = Value::Object(core::mem::take(&mut self.document));
                insert(&mut document, &path.0, text);
                if let Value::Object(members) = document {
                    self.document = members;
                }
                return;
            }
            Place::Form(name) => (&mut self.form, Some(name)),
            Place::Query(name) => (&mut self.query, Some(name)),
            Place::Header(names) => (&mut self.headers, names.first()),
            _ => return,
        };
        if let Some(name) = name.filter(|name| !list.iter().any(|(other, _)| other == *name)) {
            list.push((name.clone(), text.to_owned()));
        }
    }
}

impl Draft<'_> {
    fn delivery(&self, signature: &str) -> Sample {
        let scheme = self.scheme;
        let mut texts = Texts::default();
        texts.document.insert("amount".into(), 4200.into());
        texts.document.insert("event".into(), "sample".into());
        let rule = scheme.timestamp.as_ref();
        if let Some(rule) = rule.filter(|rule| !matches!(rule.at, Place::Header(_))) {
            texts.put(&rule.at, &timestamp::write(rule.unit, self.options.now));
        }
        if let Some(at) = scheme.signature.first().filter(|at| !matches!(at, Place::Header(_))) {
            texts.put(at, signature);
        }
        let by_signing = |at: &Place| {
            rule.is_some_and(|rule| rule.at == *at)
                || matches!(at, Place::Header(_)) && scheme.event_id.as_ref() == Some(at)
        };
        let mut sorted_form = false;
        for part in scheme.messages.iter().flat_map(|message| &message.0) {
            match part {
                // A header's text may only have some characters. One word elsewhere may be what a handshake would sign.
                Part::Value(at) if !by_signing(at) => {
                    texts.put(at, if matches!(at, Place::Header(_)) { "1" } else { "a sample" });
                }
                Part::SignedHeaders(name) => {
                    let time =
                        rule.and_then(|rule| if let Place::Header(names) = &rule.at { names.first() } else { None });
                    let listed: Vec<&str> = [name.as_str()].into_iter().chain(time.map(String::as_str)).collect();
                    texts.put(&Place::Header(alloc::vec![name.clone()]), &listed.join(","));
                }
                Part::Present(names) => {
                    for name in names.iter().filter(|name| *name != "Subject") {
                        texts.put(&Place::Json(JsonPath(alloc::vec![Step::Member(name.clone())])), "a sample");
                    }
                }
                Part::SortedForm | Part::SortedQueryAndForm => sorted_form = true,
                _ => {}
            }
        }
        if sorted_form {
            texts.form.push(("To".into(), "+18005551212".into()));
        }
        let body = self.body.map_or_else(|| written(scheme, &mut texts), String::from);
        if self.body.is_none() || !texts.headers.iter().any(|(name, _)| name == "content-type") {
            let kind = if texts.form.is_empty() { "application/json" } else { "application/x-www-form-urlencoded" };
            texts.headers.insert(0, ("content-type".into(), kind.into()));
        }
        let url = self.url(&texts, &body);
        Sample { method: "POST".into(), url, headers: texts.headers, body }
    }

    /// The URL with the parameters that the scheme reads.
    fn url(&self, texts: &Texts, body: &str) -> String {
        let hash = encoding::to_hex(&mac::sha256(&[body.as_bytes().into()]));
        let hashed = self.scheme.hashes.iter().filter_map(|rule| match &rule.at {
            Place::Query(name) => Some((name.clone(), hash.clone())),
            _ => None,
        });
        let mut url = self.url.to_string();
        for (name, value) in texts.query.iter().cloned().chain(hashed) {
            let separator = if url.contains('?') { '&' } else { '?' };
            url.push_str(&format!("{separator}{name}={}", coded(&value)));
        }
        url
    }
}

/// The body with these texts.
fn written(scheme: &Scheme, texts: &mut Texts) -> String {
    let mut document = Value::Object(core::mem::take(&mut texts.document));
    if let Some(JsonPath(steps)) = &scheme.each {
        for step in steps.iter().rev() {
            document = match step {
                Step::Member(name) => Value::Object([(name.clone(), document)].into_iter().collect()),
                _ => Value::Array(alloc::vec![document]),
            };
        }
    }
    if let Some(Place::Form(name)) = &scheme.document {
        texts.form.push((name.clone(), document.to_string()));
    }
    if texts.form.is_empty() {
        return document.to_string();
    }
    let fields: Vec<String> =
        texts.form.iter().map(|(name, text)| format!("{}={}", coded(name), coded(text))).collect();
    fields.join("&")
}

fn coded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

fn insert(at: &mut Value, path: &[Step], text: &str) {
    match path.split_first() {
        None => *at = Value::String(text.into()),
        Some((Step::Member(name), rest)) => {
            if !at.is_object() {
                *at = Value::Object(Map::new());
            }
            if let Value::Object(members) = at {
                insert(members.entry(name.clone()).or_insert(Value::Null), rest, text);
            }
        }
        Some((Step::Element(_) | Step::Each, rest)) => {
            let mut element = Value::Null;
            insert(&mut element, rest, text);
            *at = Value::Array(alloc::vec![element]);
        }
    }
}

/// Whether a scheme can sign a sample with a shared secret.
#[must_use]
pub fn can_sign(scheme: &Scheme) -> bool {
    scheme
        .methods
        .first()
        .is_some_and(|method| !method.algorithm.is_public_key() && method.algorithm != Algorithm::Equality)
}
