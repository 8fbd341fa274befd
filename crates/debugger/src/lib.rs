//! Explanations of webhook signatures for the page `/debugger`, which runs this in a worker of the browser.
//!
//! Everything crosses as JSON but the body, which is bytes. A function that fails throws an `Error` whose message is a
//! sentence.

use std::{collections::BTreeMap, time::Duration};

use js_sys::Date;
use keystile_webhook::{
    Delivery, Options, Scheme,
    algorithm::Algorithm,
    explain::{self, Case, Limits},
    registry::{self, Provider},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use wasm_bindgen::prelude::*;

/// The maximum number of changed deliveries that are tried.
const TRIES: usize = 3_000;
/// The maximum time of a search, milliseconds.
const TIME: f64 = 2_000.0;

/// A delivery to explain, but for its body.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    scheme: Value,
    secrets: Vec<String>,
    method: String,
    url: String,
    headers: Vec<(String, String)>,
    /// Seconds since 1970.
    now: f64,
    #[serde(default)]
    params: BTreeMap<String, String>,
}

/// A sample to sign.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SampleRequest {
    scheme: Value,
    secret: String,
    url: String,
    body: Option<String>,
    now: f64,
    #[serde(default)]
    params: BTreeMap<String, String>,
}

/// A scheme, as the page shows it.
#[derive(Debug, Serialize)]
struct Described<'a> {
    scheme: &'a Scheme,
    /// The places of the signature.
    signature: Vec<String>,
    /// The headers that it reads; `null` if they depend on the delivery.
    headers: Option<Vec<String>>,
    /// The forms of secrets.
    secret_forms: Vec<&'static str>,
    /// Whether the receiver holds a public key.
    public_key: bool,
    /// Whether a token is compared, and nothing signed.
    token: bool,
    params: &'a [String],
    reads_url: bool,
    reads_method: bool,
    /// Whether a sample can be signed with a shared secret.
    can_sign: bool,
    body_authenticated: bool,
}

#[derive(Debug, Serialize)]
struct ListedProvider<'a> {
    id: &'a str,
    name: &'a str,
    evidence: &'a str,
    unconfirmed: bool,
    note: Option<&'a str>,
    #[serde(flatten)]
    described: Described<'a>,
}

/// Explains the verdict on a delivery.
///
/// # Errors
/// A sentence, if the request or its scheme is malformed.
#[wasm_bindgen]
pub fn explain(request: &str, body: &[u8]) -> Result<String, JsError> {
    let request: Request = read("the request", request)?;
    let scheme = scheme_of(&request.scheme)?;
    let headers: Vec<(&str, &str)> =
        request.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let delivery = Delivery { method: &request.method, url: &request.url, headers: &headers, body };
    let params = texts(&request.params);
    let options = Options { params: &params, ..Options::at(instant(request.now)) };
    let secrets: Vec<&str> = request.secrets.iter().map(String::as_str).collect();
    let case = Case { scheme: &scheme, secrets: &secrets, delivery: &delivery, options: &options };
    let end = Date::now() + TIME;
    let expired = move || Date::now() > end;
    Ok(written(&explain::explain(&case, &Limits { tries: TRIES, expired: &expired })))
}

/// Reads a scheme that is written in TOML or JSON, and describes it.
///
/// # Errors
/// All its mistakes in a sentence each.
#[wasm_bindgen]
pub fn read_scheme(text: &str) -> Result<String, JsError> {
    let value: Value = if text.trim_start().starts_with('{') {
        read("the scheme", text)?
    } else {
        toml::from_str(text).map_err(|error| JsError::new(error.to_string().trim()))?
    };
    // The documents show a scheme as a table of its own, too.
    let value = match value {
        Value::Object(mut members) if members.len() == 1 && members.contains_key("scheme") => {
            members.remove("scheme").unwrap_or_default()
        }
        value => value,
    };
    let scheme = Scheme::from_value(value).map_err(|errors| JsError::new(&errors.to_string()))?;
    Ok(written(&described(&scheme)))
}

/// The known providers with their schemes.
#[wasm_bindgen]
#[must_use]
pub fn providers() -> String {
    let listed = |provider: &'static Provider| ListedProvider {
        id: &provider.id,
        name: &provider.name,
        evidence: &provider.evidence,
        unconfirmed: provider.unconfirmed,
        note: provider.note.as_deref(),
        described: described(&provider.scheme),
    };
    written(&registry::all().iter().map(listed).collect::<Vec<_>>())
}

/// Reads a request as it is pasted.
#[wasm_bindgen]
#[must_use]
pub fn read_request(text: &str) -> String {
    written(&explain::read_request(text))
}

/// Signs a sample.
///
/// # Errors
/// The reason why this scheme, secret or body can't be signed.
#[wasm_bindgen]
pub fn sample(request: &str) -> Result<String, JsError> {
    let request: SampleRequest = read("the request", request)?;
    let scheme = scheme_of(&request.scheme)?;
    let params = texts(&request.params);
    let options = Options { params: &params, ..Options::at(instant(request.now)) };
    explain::sample(&scheme, &request.secret, &request.url, request.body.as_deref(), &options)
        .map(|sample| written(&sample))
        .map_err(|failure| JsError::new(&failure.detail()))
}

/// A secret for samples of a scheme, made of random bytes; `undefined` for public keys.
///
/// # Errors
/// A sentence, if the scheme is malformed.
#[wasm_bindgen]
pub fn sample_secret(scheme: &str, random: &[u8]) -> Result<Option<String>, JsError> {
    Ok(explain::sample_secret(&scheme_of(&read("the scheme", scheme)?)?, random))
}

fn described(scheme: &Scheme) -> Described<'_> {
    let mut secret_forms: Vec<&'static str> = scheme.methods.iter().map(|method| method.key.name()).collect();
    secret_forms.dedup();
    Described {
        scheme,
        signature: scheme.signature.iter().map(ToString::to_string).collect(),
        headers: scheme.headers_read(),
        secret_forms,
        public_key: scheme.methods.first().is_some_and(|method| method.algorithm.is_public_key()),
        token: scheme.methods.iter().all(|method| method.algorithm == Algorithm::Equality),
        params: &scheme.params,
        reads_url: explain::reads_url(scheme),
        reads_method: explain::reads_method(scheme),
        can_sign: explain::can_sign(scheme),
        body_authenticated: scheme.body_authenticated(),
    }
}

/// The scheme of a provider's id, or the scheme itself.
fn scheme_of(given: &Value) -> Result<Scheme, JsError> {
    match given {
        Value::String(id) => {
            let provider = registry::provider(id).ok_or_else(|| JsError::new(&format!("No provider {id:?}.")))?;
            Ok(provider.scheme.clone())
        }
        given => Scheme::from_value(given.clone()).map_err(|errors| JsError::new(&errors.to_string())),
    }
}

fn texts(params: &BTreeMap<String, String>) -> Vec<(&str, &str)> {
    params.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

/// A time before 1970 counts as 1970.
fn instant(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or_default()
}

fn read<T: for<'de> Deserialize<'de>>(what: &str, text: &str) -> Result<T, JsError> {
    serde_json::from_str(text).map_err(|error| JsError::new(&format!("{what}: {error}")))
}

fn written<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
