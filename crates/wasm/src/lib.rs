//! The webhook engine for JavaScript, as `packages/keystile/src/webhooks/verifier.js` calls it. Texts, bytes and numbers
//! cross, so that a delivery crosses the border once.
//!
//! | crosses as | is |
//! |---|---|
//! | `head` | method, URL, then names and values of headers, with a NUL between them |
//! | scheme, options, answers | JSON |
//! | a verdict | bits ([`Engine::verify`]); its texts are fetched separately if there are any |

use std::{cell::RefCell, collections::BTreeMap, time::Duration};

use js_sys::{Array, JsString, Promise, Uint8Array};
use keystile_webhook::{
    Delivery, Failure, Options, Scheme, Secrets, Verified,
    algorithm::WebCrypto,
    registry,
    verify::{self, DetachedChecks, SignatureCheck},
};
use serde_json::{Value, json};
use wasm_bindgen::prelude::*;

/// A scheme and its secrets, parsed once for many deliveries, and the last verdict.
///
/// No method takes `&mut self`. If a call ever traps for want of memory, the next one would otherwise be refused as a
/// nested call.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Engine {
    parts: Parts,
    /// WebCrypto's HMAC keys, once they were set.
    keys: RefCell<Vec<JsValue>>,
    judged: RefCell<Result<Verified, Failure>>,
}

#[derive(Debug)]
struct Parts {
    scheme: Scheme,
    secrets: Secrets,
    options: CallerOptions,
    ask_above: usize,
    check: Option<Check>,
}

/// The questions to WebCrypto about a delivery, and the meaning of the answers to come.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Asked {
    promises: Array,
    then: Then,
}

#[derive(Debug)]
enum Then {
    Settled(Result<Verified, Failure>),
    Answers(DetachedChecks),
}

#[wasm_bindgen]
impl Asked {
    /// The promises of the answers.
    #[must_use]
    pub fn promises(&self) -> Array {
        self.promises.clone()
    }
}

#[wasm_bindgen]
extern "C" {
    /// The platform's `{ hmac(hash, key, signature, message) }`: whether a signature is good. The bytes are views of
    /// this module's memory, valid during the call.
    #[derive(Clone, Debug)]
    pub type Check;

    #[wasm_bindgen(method, catch)]
    fn hmac(this: &Check, hash: &str, key: &[u8], signature: &[u8], message: &[u8]) -> Result<bool, JsValue>;

    /// Asks WebCrypto to verify a signature. The bytes are views of this module's memory: WebCrypto copies them before
    /// it returns.
    #[wasm_bindgen(catch, js_namespace = ["crypto", "subtle"], js_name = verify)]
    fn web_crypto_verify(name: &str, key: &JsValue, signature: &[u8], message: &[u8]) -> Result<Promise, JsValue>;
}

/// The options, as JavaScript passes them.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
struct CallerOptions {
    params: BTreeMap<String, String>,
    accept_unconfirmed: bool,
    body_limit: Option<usize>,
    replay_keys: bool,
}

const VALID: u32 = 1;
const BODY_AUTHENTICATED: u32 = 2;
const TIMESTAMP: u32 = 4;
const EVENT_ID: u32 = 8;
const REPLAY_KEYS: u32 = 16;
const EVENT_TYPE: u32 = 32;

#[wasm_bindgen]
impl Engine {
    /// Parses a scheme and its secrets. HMACs over at least `ask_above` bytes are left to `check`, if the platform has
    /// a synchronous one, otherwise to WebCrypto, by [`ask`](Self::ask).
    ///
    /// # Errors
    /// A sentence, if the scheme is malformed, the provider is unknown, or no secret can be used.
    #[wasm_bindgen(constructor)]
    pub fn new(
        scheme: &str,
        secrets: Vec<String>,
        options: &str,
        ask_above: usize,
        check: Option<Check>,
    ) -> Result<Self, JsError> {
        let options = CallerOptions::read(options)?;
        let scheme = scheme_of(scheme, &options)?;
        let texts: Vec<&str> = secrets.iter().map(String::as_str).collect();
        let secrets = Secrets::parse_with(&scheme, &texts, nfkd);
        let faults: Vec<String> = secrets.faults().iter().map(ToString::to_string).collect();
        // Such a handshake may come before there is a secret, and may tell it.
        let comes_later = scheme.handshakes.iter().any(|handshake| !handshake.needs_secret());
        if secrets.is_empty() && faults.is_empty() && !comes_later {
            return Err(JsError::new("There is no secret."));
        }
        if !faults.is_empty() {
            return Err(JsError::new(&faults.join(" ")));
        }
        if let Some(name) = scheme.params.iter().find(|name| options.params.get(*name).is_none_or(String::is_empty)) {
            return Err(JsError::new(&format!("options: this scheme needs `params` with {name:?} in it")));
        }
        let parts = Parts { scheme, secrets, options, ask_above, check };
        Ok(Self { parts, keys: RefCell::default(), judged: RefCell::new(Err(Failure::NoMatch)) })
    }

    /// The names of the headers that must be passed; `undefined` for all headers.
    #[must_use]
    pub fn headers(&self) -> Option<Vec<String>> {
        self.parts.scheme.headers_read()
    }

    /// Verifies a delivery at `now`, in seconds. The bits: 1 valid, 2 the body is authenticated, 4 there is a
    /// timestamp, 8 an event id, 16 replay keys, 32 an event type; from the ninth on, the index of the secret.
    pub fn verify(&self, head: &str, body: &[u8], now: f64) -> u32 {
        let parts = &self.parts;
        self.conclude(parts.judge(head, body, now, |delivery, options| {
            let verify = |ask_above: usize| {
                let options = Options { delegate_hmac_from: ask_above, ..*options };
                match verify::verify(&parts.scheme, &parts.secrets, delivery, &options) {
                    verify::Verification::Pending(pending) => {
                        let answers: Option<Vec<bool>> =
                            pending.checks.iter().map(|check| parts.checked(check)).collect();
                        answers.map(|answers| pending.finish(&answers))
                    }
                    settled => Some(settled.into_result()),
                }
            };
            let by_platform = parts.check.as_ref().and_then(|_| verify(parts.ask_above));
            // If the platform has no answer, the module computes it.
            by_platform.or_else(|| verify(usize::MAX)).unwrap_or(Err(Failure::NoMatch))
        }))
    }

    /// Records the verdict on a body that is longer than `body_limit`, without the body.
    pub fn too_large(&self) -> u32 {
        self.conclude(Err(Failure::BodyTooLarge))
    }

    /// The reason why the last delivery was refused.
    #[must_use]
    pub fn code(&self) -> Option<String> {
        self.judged.borrow().as_ref().err().map(|failure| failure.code().into())
    }

    /// The reason as a sentence.
    #[must_use]
    pub fn detail(&self) -> Option<String> {
        self.judged.borrow().as_ref().err().map(|failure| failure.detail().into_owned())
    }

    /// The HTTP status to refuse the last delivery with.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.judged.borrow().as_ref().err().map(|failure| self.parts.scheme.status_of(failure))
    }

    /// The time at which the last delivery was signed, seconds.
    #[must_use]
    pub fn timestamp(&self) -> Option<f64> {
        self.judged.borrow().as_ref().ok().and_then(|verified| verified.timestamp).map(seconds)
    }

    /// The last delivery's event id.
    #[must_use]
    pub fn event_id(&self) -> Option<String> {
        self.judged.borrow().as_ref().ok().and_then(|verified| verified.event_id.clone())
    }

    /// The last delivery's event type.
    #[must_use]
    pub fn event_type(&self) -> Option<String> {
        self.judged.borrow().as_ref().ok().and_then(|verified| verified.event_type.clone())
    }

    /// The replay keys of the last delivery.
    #[must_use]
    pub fn replay_keys(&self) -> Vec<String> {
        self.judged
            .borrow()
            .as_ref()
            .ok()
            .map(|verified| verified.replay_keys.iter().map(|key| key.of_sender().to_owned()).collect())
            .unwrap_or_default()
    }

    /// The keys that [`ask`](Self::ask) needs, each as the name of a hash and bytes.
    #[must_use]
    pub fn hmac_keys(&self) -> Array {
        let keys = self.parts.secrets.hmac_keys(&self.parts.scheme);
        keys.map(|(names, key)| Array::of2(&names.hash.into(), &Uint8Array::from(key))).collect()
    }

    /// Sets WebCrypto's versions of these keys, in the same order.
    pub fn set_keys(&self, keys: Vec<JsValue>) {
        self.keys.replace(keys);
    }

    /// Verifies a delivery with a long body as far as possible without WebCrypto, and asks WebCrypto for the rest.
    #[must_use]
    pub fn ask(&self, head: &str, body: &[u8], now: f64) -> Asked {
        let parts = &self.parts;
        parts.judge(head, body, now, |delivery, options| {
            let options = Options { delegate_hmac_from: parts.ask_above, ..*options };
            match verify::verify(&parts.scheme, &parts.secrets, delivery, &options) {
                verify::Verification::Pending(pending) => {
                    let promises = pending.checks.iter().map(|check| self.promise(check)).collect();
                    Asked { promises, then: Then::Answers(pending.detach()) }
                }
                settled => Asked { promises: Array::new(), then: Then::Settled(settled.into_result()) },
            }
        })
    }

    /// Concludes a verdict from the answers of WebCrypto; bits, as in [`verify`](Self::verify).
    pub fn settle(&self, asked: Asked, answers: Vec<JsValue>) -> u32 {
        let answers: Vec<bool> = answers.iter().map(JsValue::is_truthy).collect();
        self.conclude(match asked.then {
            Then::Settled(judged) => judged,
            Then::Answers(checks) => checks.finish(&answers),
        })
    }

    fn conclude(&self, judged: Result<Verified, Failure>) -> u32 {
        let bits = bits(&judged);
        *self.judged.borrow_mut() = judged;
        bits
    }

    /// Asks WebCrypto whether a signature is good. A signature without a key proves nothing.
    fn promise(&self, check: &SignatureCheck<'_>) -> JsValue {
        let names = check.algorithm.web_crypto();
        let known = self.parts.secrets.hmac_keys(&self.parts.scheme);
        let is_it = |(other, key): (WebCrypto, &[u8])| Some(other) == names && key == check.key;
        let keys = self.keys.borrow();
        let key = known.zip(keys.iter()).find(|(known, _)| is_it(*known)).map(|(_, key)| key);
        let asked = key.and_then(|key| web_crypto_verify("HMAC", key, &check.signature, &check.message).ok());
        asked.map_or(JsValue::FALSE, JsValue::from)
    }

    /// Whether the scheme has handshakes.
    #[must_use]
    pub fn has_handshakes(&self) -> bool {
        !self.parts.scheme.handshakes.is_empty()
    }

    /// The answer to a handshake as JSON, with the secret that the sender tells in it; `undefined` if this is not a
    /// handshake, or one that proves nothing.
    #[must_use]
    pub fn handshake(&self, head: &str, body: &[u8], now: f64) -> Option<String> {
        let parts = &self.parts;
        let (answer, told) = parts.judge(head, body, now, |delivery, options| {
            let request = parts.scheme.handshake(delivery, options)?;
            let verified = verify::verify(&parts.scheme, &parts.secrets, delivery, options).into_result().ok();
            let answer = request.answer(&parts.secrets, delivery, options, verified.as_ref()).ok()?;
            Some((answer, request.told(delivery, options).ok()?))
        })?;
        let headers: BTreeMap<String, String> = answer.headers.into_iter().collect();
        let mut answer = json!({ "status": answer.status, "headers": headers, "body": answer.body });
        if let (Some(told), Some(members)) = (told, answer.as_object_mut()) {
            members.insert("told_secret".into(), told.into());
        }
        Some(answer.to_string())
    }
}

/// Signs a delivery as the sender would, and returns the headers to add as JSON.
///
/// # Errors
/// The reason why this scheme, secret or delivery can't be signed.
#[wasm_bindgen]
pub fn sign(
    scheme: &str,
    secret: &str,
    head: &str,
    body: &[u8],
    event_id: Option<String>,
    options: &str,
    now: f64,
) -> Result<String, JsError> {
    let options = CallerOptions::read(options)?;
    let scheme = scheme_of(scheme, &options)?;
    let (headers, params) = (Headers::of(head), options.params());
    let options = options.for_engine(&params, now);
    let signed = keystile_webhook::sign(&scheme, secret, &headers.delivery(body), event_id.as_deref(), &options)
        .map_err(|failure| JsError::new(&format!("{}: {}", failure.code(), failure.detail())))?;
    let headers: BTreeMap<String, String> = signed.headers.into_iter().collect();
    Ok(json!({ "headers": headers, "value": signed.value }).to_string())
}

/// The known providers, with their schemes and the sources that these rest on, as JSON.
#[wasm_bindgen]
#[must_use]
pub fn providers() -> String {
    serde_json::to_string(registry::all()).unwrap_or_default()
}

fn scheme_of(given: &str, options: &CallerOptions) -> Result<Scheme, JsError> {
    let given = serde_json::from_str(given).map_err(|error| JsError::new(&error.to_string()))?;
    let Value::String(id) = given else {
        return Scheme::from_value(given).map_err(|errors| JsError::new(&format!("This scheme can't work: {errors}")));
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

fn bits(judged: &Result<Verified, Failure>) -> u32 {
    let Ok(verified) = judged else { return 0 };
    let bit = |is: bool, bit: u32| if is { bit } else { 0 };
    let secret = u32::try_from(verified.secret_index).unwrap_or_default();
    VALID
        | bit(verified.body_authenticated, BODY_AUTHENTICATED)
        | bit(verified.timestamp.is_some(), TIMESTAMP)
        | bit(verified.event_id.is_some(), EVENT_ID)
        | bit(verified.event_type.is_some(), EVENT_TYPE)
        | bit(!verified.replay_keys.is_empty(), REPLAY_KEYS)
        | secret << 8
}

/// The normal form NFKD, which JavaScript has.
#[allow(clippy::unnecessary_wraps)]
fn nfkd(text: &str) -> Option<String> {
    Some(JsString::from(text).normalize("NFKD").into())
}

/// Whole seconds, the unit of signatures' timestamps.
#[allow(clippy::cast_precision_loss)]
fn seconds(at: Duration) -> f64 {
    at.as_secs() as f64
}

impl Parts {
    /// The platform's answer; `None` if it has none.
    fn checked(&self, check: &SignatureCheck<'_>) -> Option<bool> {
        let (platform, names) = self.check.as_ref().zip(check.algorithm.web_crypto())?;
        platform.hmac(names.hash, &check.key, &check.signature, &check.message).ok()
    }

    fn judge<T>(&self, head: &str, body: &[u8], now: f64, judge: impl FnOnce(&Delivery<'_>, &Options<'_>) -> T) -> T {
        let (headers, params) = (Headers::of(head), self.options.params());
        judge(&headers.delivery(body), &self.options.for_engine(&params, now))
    }
}

impl CallerOptions {
    fn read(text: &str) -> Result<Self, JsError> {
        serde_json::from_str(text).map_err(|error| JsError::new(&format!("options: {error}")))
    }

    fn params(&self) -> Vec<(&str, &str)> {
        self.params.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
    }

    fn for_engine<'a>(&self, params: &'a [(&'a str, &'a str)], now: f64) -> Options<'a> {
        // A float becomes the nearest integer there is, whatever it was.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let usual = Options::at(Duration::from_millis((now * 1000.0) as u64));
        let body_limit = self.body_limit.unwrap_or(usual.body_limit);
        Options { params, body_limit, replay_keys: self.replay_keys, nfkd, ..usual }
    }
}

/// The headers of a head.
struct Headers<'a> {
    method: &'a str,
    url: &'a str,
    headers: Vec<(&'a str, &'a str)>,
}

impl<'a> Headers<'a> {
    fn of(head: &'a str) -> Self {
        let mut texts = head.split('\0');
        let (method, url) = (texts.next().unwrap_or_default(), texts.next().unwrap_or_default());
        let mut headers = Vec::new();
        while let (Some(name), Some(value)) = (texts.next(), texts.next()) {
            headers.push((name, value));
        }
        Self { method, url, headers }
    }

    fn delivery<'b>(&'b self, body: &'b [u8]) -> Delivery<'b> {
        Delivery { method: self.method, url: self.url, headers: &self.headers, body }
    }
}
