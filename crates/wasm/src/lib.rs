//! Keystile's webhook signatures for JavaScript: Workers, Node and browsers.
//!
//! The same engine as at the edge, with all of its arithmetic: nothing here is
//! asynchronous, and nothing is asked of WebCrypto. What JavaScript hands over
//! is read here, once; the engine decides.

use js_sys::{Array, Function, JSON, Object, Reflect, Uint8Array};
use keystile_core::{
    Timestamp,
    webhook::{self, Delivery, Failure, Scheme, Secrets, Setting, Verified, registry},
};
use serde_json::{Value, json};
use wasm_bindgen::{JsCast as _, prelude::*};

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
/** The id of a provider (`providers()`), or a scheme of your own. */
export type SchemeOrProvider = string | object;

export interface Delivery {
  /** `POST` unless given. */
  method?: string;
  /** As it is registered with the sender. Only schemes that sign it need it. */
  url?: string;
  headers: Headers | Iterable<[string, string]> | Record<string, string | string[] | undefined>;
  /** The bytes as they came. Never a parsed and written object. */
  body: Uint8Array | string;
}

export interface Options {
  /** Seconds since 1970; the clock's unless given. */
  now?: number;
  /** The texts of the scheme's `params`. */
  params?: Record<string, string>;
  /** Providers that a single source describes need this to be chosen. */
  accept_unconfirmed?: boolean;
  /** Bytes of a body; longer ones are refused. 8 MiB unless given. */
  body_limit?: number;
}

export interface Verdict {
  valid: boolean;
  /** `OK`, or why not: `NO_MATCH`, `TIMESTAMP_TOO_OLD`, … */
  code: string;
  /** The same for a person. */
  detail?: string;
  event_id?: string;
  /** Seconds since 1970. */
  timestamp?: number;
  secret_index?: number;
  /** Whether the signature covers the whole body. */
  body_authenticated?: boolean;
  /** What to remember, to know the delivery again: one text for each item that was signed; none seen: it is new. */
  replay_keys?: string[];
}

export interface Signed {
  headers: Record<string, string>;
  /** The signature, for schemes that don't have it in a header. */
  value: string;
}

export interface Answer {
  status: number;
  headers: Record<string, string>;
  body: string;
}

export interface Provider {
  id: string;
  name: string;
  evidence: string;
  unconfirmed: boolean;
  note?: string;
  scheme: object;
}
"#;

#[wasm_bindgen]
extern "C" {
    /// A provider's id, or a scheme.
    #[wasm_bindgen(typescript_type = "SchemeOrProvider")]
    pub type JsScheme;
    /// What came.
    #[wasm_bindgen(typescript_type = "Delivery")]
    pub type JsDelivery;
    /// What else decides.
    #[wasm_bindgen(typescript_type = "Options")]
    pub type JsOptions;
    /// What is known of a delivery.
    #[wasm_bindgen(typescript_type = "Verdict")]
    pub type JsVerdict;
    /// What signing adds.
    #[wasm_bindgen(typescript_type = "Signed")]
    pub type JsSigned;
    /// What to answer to a handshake.
    #[wasm_bindgen(typescript_type = "Answer | undefined")]
    pub type JsAnswer;
    /// The providers that are known.
    #[wasm_bindgen(typescript_type = "Provider[]")]
    pub type JsProviders;
}

/// A scheme and its secrets, read once for many deliveries.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Verifier {
    scheme: Scheme,
    secrets: Secrets,
    options: Options,
}

#[wasm_bindgen]
impl Verifier {
    /// Throws if the scheme is none, the provider is unknown, or no secret can be used.
    ///
    /// # Errors
    /// A sentence that says which.
    #[wasm_bindgen(constructor)]
    pub fn new(
        scheme: &JsScheme,
        secrets: Vec<String>,
        #[wasm_bindgen(unchecked_optional_param_type = "Options")] options: &JsOptions,
    ) -> Result<Self, JsError> {
        let options = Options::of(options)?;
        let scheme = scheme_of(scheme, &options)?;
        let texts: Vec<&str> = secrets.iter().map(String::as_str).collect();
        let secrets = Secrets::parse(&scheme, &texts);
        if secrets.is_empty() {
            let faults: Vec<String> = secrets.faults().iter().map(ToString::to_string).collect();
            let faults = if faults.is_empty() { "There is no secret.".into() } else { faults.join(" ") };
            return Err(JsError::new(&faults));
        }
        Ok(Self { scheme, secrets, options })
    }

    /// Verifies a delivery. What the sender sent never throws.
    ///
    /// # Errors
    /// A sentence, if what is handed over is no delivery.
    pub fn verify(
        &self,
        delivery: &JsDelivery,
        #[wasm_bindgen(unchecked_optional_param_type = "number")] now: &JsValue,
    ) -> Result<JsVerdict, JsError> {
        let parts = Parts::of(delivery)?;
        let judged = parts.with(&self.options, now.as_f64(), |delivery, setting| {
            webhook::verify(&self.scheme, &self.secrets, delivery, setting).into_result()
        });
        Ok(verdict(judged).unchecked_into())
    }

    /// What to answer if this is a handshake; `undefined` if it is none, or
    /// one that proves nothing.
    ///
    /// # Errors
    /// A sentence, if what is handed over is no delivery.
    pub fn handshake(
        &self,
        delivery: &JsDelivery,
        #[wasm_bindgen(unchecked_optional_param_type = "number")] now: &JsValue,
    ) -> Result<JsAnswer, JsError> {
        let parts = Parts::of(delivery)?;
        let answer = parts.with(&self.options, now.as_f64(), |delivery, setting| {
            let shake = self.scheme.handshake(delivery, setting)?;
            let verified = webhook::verify(&self.scheme, &self.secrets, delivery, setting).into_result().ok();
            shake.answer(&self.secrets, delivery, setting, verified.as_ref()).ok()
        });
        let answer = answer.map(|answer| {
            let headers: serde_json::Map<String, Value> =
                answer.headers.into_iter().map(|(name, value)| (name, Value::String(value))).collect();
            to_js(&json!({ "status": answer.status, "headers": headers, "body": answer.body }))
        });
        Ok(answer.unwrap_or(JsValue::UNDEFINED).unchecked_into())
    }
}

/// Verifies one delivery; see [`Verifier`] for many.
///
/// # Errors
/// As [`Verifier::new`] and [`Verifier::verify`].
#[wasm_bindgen]
pub fn verify(
    scheme: &JsScheme,
    secrets: Vec<String>,
    delivery: &JsDelivery,
    #[wasm_bindgen(unchecked_optional_param_type = "Options")] options: &JsOptions,
) -> Result<JsVerdict, JsError> {
    Verifier::new(scheme, secrets, options)?.verify(delivery, &JsValue::UNDEFINED)
}

/// Signs a delivery as the sender would: the headers to add.
///
/// # Errors
/// Why this scheme, secret or delivery can't be signed.
#[wasm_bindgen]
pub fn sign(
    scheme: &JsScheme,
    secret: &str,
    delivery: &JsDelivery,
    #[wasm_bindgen(js_name = eventId)] event_id: Option<String>,
    #[wasm_bindgen(unchecked_optional_param_type = "Options")] options: &JsOptions,
) -> Result<JsSigned, JsError> {
    let options = Options::of(options)?;
    let scheme = scheme_of(scheme, &options)?;
    let parts = Parts::of(delivery)?;
    let signed = parts
        .with(&options, None, |delivery, setting| {
            webhook::sign(&scheme, secret, delivery, event_id.as_deref(), setting)
        })
        .map_err(|failure| JsError::new(&format!("{}: {}", failure.code(), failure.detail())))?;
    let headers: serde_json::Map<String, Value> =
        signed.headers.into_iter().map(|(name, value)| (name, Value::String(value))).collect();
    Ok(to_js(&json!({ "headers": headers, "value": signed.value })).unchecked_into())
}

/// The providers that are known, with their schemes and what these rest on.
#[wasm_bindgen]
#[must_use]
pub fn providers() -> JsProviders {
    to_js(&serde_json::to_value(registry::all()).unwrap_or_default()).unchecked_into()
}

fn scheme_of(given: &JsValue, options: &Options) -> Result<Scheme, JsError> {
    let Some(id) = given.as_string() else {
        return Scheme::from_value(from_js(given)?).map_err(|mistakes| {
            let sentences: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
            JsError::new(&format!("This scheme can't work: {}", sentences.join("; ")))
        });
    };
    let provider = registry::provider(&id).ok_or_else(|| JsError::new(&format!("No provider {id:?}.")))?;
    if provider.unconfirmed && !options.accept_unconfirmed {
        let sentence = format!(
            "How {} signs is known from one source alone ({}): try it with a real delivery, \
             and say `accept_unconfirmed`.",
            provider.name, provider.evidence
        );
        return Err(JsError::new(&sentence));
    }
    Ok(provider.scheme.clone())
}

fn verdict(judged: Result<Verified, Failure>) -> JsValue {
    let mut members = serde_json::Map::new();
    let mut put = |name: &str, value: Value| members.insert(name.into(), value);
    put("valid", judged.is_ok().into());
    match judged {
        Err(failure) => {
            put("code", failure.code().into());
            put("detail", failure.detail().into());
        }
        Ok(verified) => {
            put("code", "OK".into());
            put("secret_index", verified.secret_index.into());
            put("body_authenticated", verified.body_authenticated.into());
            verified.event_id.map(|id| put("event_id", id.into()));
            verified.timestamp.map(|at| put("timestamp", at.as_millis().div_euclid(1000).into()));
            put("replay_keys", verified.replay_keys.into());
        }
    }
    to_js(&Value::Object(members))
}

/// What else decides, as JavaScript gives it.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Options {
    now: Option<f64>,
    params: std::collections::BTreeMap<String, String>,
    accept_unconfirmed: bool,
    body_limit: Option<usize>,
}

impl Options {
    fn of(given: &JsValue) -> Result<Self, JsError> {
        if given.is_null() || given.is_undefined() {
            return Ok(Self::default());
        }
        serde_json::from_value(from_js(given)?).map_err(|error| JsError::new(&format!("options: {error}")))
    }
}

/// A delivery, out of JavaScript.
struct Parts {
    method: String,
    url: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Parts {
    fn of(delivery: &JsValue) -> Result<Self, JsError> {
        let member = |name: &str| Reflect::get(delivery, &name.into()).unwrap_or(JsValue::UNDEFINED);
        let body = member("body");
        let body = match (body.as_string(), body.dyn_ref::<Uint8Array>()) {
            (Some(text), _) => text.into_bytes(),
            (None, Some(bytes)) => bytes.to_vec(),
            (None, None) if body.is_undefined() || body.is_null() => Vec::new(),
            // An object would have to be written again, and its bytes would be others.
            (None, None) => return Err(JsError::new("`body` is the bytes as they came: a Uint8Array, or a string.")),
        };
        Ok(Self {
            method: member("method").as_string().unwrap_or_else(|| "POST".into()),
            url: member("url").as_string().unwrap_or_default(),
            headers: headers_of(&member("headers"))?,
            body,
        })
    }

    fn with<T>(&self, options: &Options, now: Option<f64>, judge: impl FnOnce(&Delivery<'_>, &Setting<'_>) -> T) -> T {
        let headers: Vec<(&str, &str)> =
            self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let params: Vec<(&str, &str)> =
            options.params.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let now = now.or(options.now).unwrap_or_else(|| js_sys::Date::now() / 1000.0);
        // A float becomes the nearest integer there is, whatever it was.
        #[allow(clippy::cast_possible_truncation)]
        let usual = Setting::at(Timestamp::from_millis((now * 1000.0) as i64));
        let setting = Setting { params: &params, body_limit: options.body_limit.unwrap_or(usual.body_limit), ..usual };
        judge(&Delivery { method: &self.method, url: &self.url, headers: &headers, body: &self.body }, &setting)
    }
}

/// Pairs out of `Headers`, a `Map`, a list of pairs, or an object whose values may be lists.
fn headers_of(given: &JsValue) -> Result<Vec<(String, String)>, JsError> {
    let wrong = || JsError::new("`headers` is a Headers, a list of pairs, or an object.");
    if !given.is_object() {
        return Err(wrong());
    }
    let iterates = Reflect::get(given, &js_sys::Symbol::iterator()).is_ok_and(|it| it.is_instance_of::<Function>());
    let pairs = if iterates { Array::from(given) } else { Object::entries(given.unchecked_ref()) };
    let mut headers = Vec::new();
    for pair in pairs.iter() {
        let pair = pair.dyn_into::<Array>().map_err(|_| wrong())?;
        let name = pair.get(0).as_string().ok_or_else(wrong)?;
        let value = pair.get(1);
        if let Some(values) = value.dyn_ref::<Array>() {
            headers.extend(values.iter().filter_map(|value| Some((name.clone(), value.as_string()?))));
        } else if let Some(value) = value.as_string() {
            headers.push((name, value));
        }
    }
    Ok(headers)
}

fn from_js(value: &JsValue) -> Result<Value, JsError> {
    let text = JSON::stringify(value).ok().and_then(|text| text.as_string());
    let text = text.ok_or_else(|| JsError::new("an object expected"))?;
    serde_json::from_str(&text).map_err(|error| JsError::new(&error.to_string()))
}

fn to_js(value: &Value) -> JsValue {
    JSON::parse(&value.to_string()).unwrap_or(JsValue::UNDEFINED)
}
