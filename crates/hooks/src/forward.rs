//! Forwarding an event: the sender's body, signed in the form of Standard Webhooks. So an upstream checks one kind of
//! signature for all senders.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use futures_util::future::join_all;
use js_sys::Uint8Array;
use keystile_core::{
    KeyDigest, Timestamp,
    config::{OWN_SCHEME, Replays},
};
use keystile_runtime::{clock, log};
use keystile_webhook::{ReplayKey, Scheme, Verified, place::Place};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;

use crate::{
    body::Buffer,
    glue,
    incoming::Incoming,
    signature,
    source::{Hooks, Parts, Source, SourceUpstream, Way},
};

/// The time after which a call to an upstream has failed, milliseconds.
const TIMEOUT_MS: u32 = 25_000;

/// The header with an event's type.
const EVENT_TYPE: &str = "Keystile-Webhook-Event-Type";

/// The headers that are never forwarded.
const DROPPED: &[&str] = &[
    // Headers of the connection, or of the body, which is sent anew.
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    // These make some frameworks see another method, path, host or caller. `goes_on` knows more of them.
    "fastly-client-ip",
    "forwarded",
    "true-client-ip",
    "x-client-ip",
    "x-cluster-client-ip",
    "x-host",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
    "x-override-url",
    "x-rewrite-url",
];
/// The headers with credentials.
const CREDENTIALS: &[&str] = &["authorization", "cookie", "proxy-authorization", "x-api-key"];
/// The headers that Keystile sets for a verified delivery, in the place of the sender's.
const STANDARD: &[&str] = &["webhook-id", "webhook-timestamp", "webhook-signature"];

/// A genuine delivery, to be forwarded.
#[derive(Debug)]
pub(crate) struct Event {
    /// The id under which it is forwarded: the same at each attempt of Keystile and of the sender.
    pub(crate) webhook_id: String,
    /// The sender's id of the event.
    pub(crate) event_id: Option<String>,
    /// The type of the event, if the source says where it is.
    pub(crate) event_type: Option<String>,
    /// The time at which the sender signed it.
    pub(crate) timestamp: Option<Timestamp>,
    /// Whether the sender's signature covers the whole body.
    pub(crate) body_authenticated: bool,
    /// The id of the request that brought it.
    pub(crate) request_id: String,
    /// Whether an operator sends it once more, though it had been handed on.
    pub(crate) replayed: bool,
    /// The sender's headers that are forwarded.
    pub(crate) headers: Vec<(String, String)>,
    /// The body as it was received.
    pub(crate) buffer: Buffer,
}

/// The outcome of forwarding an event.
pub(crate) enum DeliveryOutcome {
    /// The upstream answered.
    Answered { status: u16, response: JsValue },
    /// The upstream did not answer, or not in time.
    None,
}

impl DeliveryOutcome {
    /// Whether the upstream has the event now.
    pub(crate) const fn taken(&self) -> bool {
        matches!(self, Self::Answered { status: 200..=299, .. })
    }

    /// The upstream's status, if it answered.
    pub(crate) const fn status(&self) -> Option<u16> {
        match self {
            Self::Answered { status, .. } => Some(*status),
            Self::None => None,
        }
    }
}

impl Event {
    pub(crate) fn new(source: &Source, incoming: &Incoming, parts: Parts, verified: Verified, buffer: Buffer) -> Self {
        let scheme = &source.config.scheme;
        let goes_on = |(name, _): &(String, String)| goes_on(name, scheme);
        Self {
            webhook_id: String::new(),
            event_id: verified.event_id,
            event_type: verified.event_type,
            timestamp: verified.timestamp.map(Timestamp::from_unix),
            body_authenticated: verified.body_authenticated,
            request_id: incoming.request_id.clone(),
            replayed: false,
            headers: parts.headers.into_iter().filter(goes_on).collect(),
            buffer,
        }
    }
}

impl Event {
    /// Tells the upstream how many items of a batch it received before, and whether it received the same bytes before.
    /// A sender's headers of these names are never forwarded.
    pub(crate) fn say_repeats(&mut self, repeats: usize, same_bytes: bool) {
        if repeats > 0 {
            self.headers.push(("keystile-webhook-repeats".into(), repeats.to_string()));
        }
        if same_bytes {
            self.headers.push(("keystile-webhook-repeat".into(), "bytes".into()));
        }
    }

    /// Gives the event its id: the same at each attempt of Keystile and of the sender, another one for each other event
    /// of any source. The sender's id is only a part of it, since senders choose ids as they like.
    pub(crate) fn give_id(&mut self, source: &Source, keys: &[ReplayKey], number: i64) {
        let source = &source.config;
        let key = |key: &ReplayKey| match (&key.id, &key.signed, source.replays) {
            (Some(id), ..) => id.clone(),
            (None, Some(signed), Replays::RefuseSameBytes) => signed.clone(),
            _ => key.bytes.clone(),
        };
        let keys: Vec<String> = keys.iter().map(key).collect();
        self.webhook_id = made_id(&source.source, &keys.join("/"), number);
    }
}

/// Sends an event to an upstream of the source.
pub(crate) async fn deliver(hooks: &Hooks, source: &Source, to: &SourceUpstream, event: &Event) -> DeliveryOutcome {
    let sent = async {
        let way = to.way.as_ref().map_err(Clone::clone)?;
        let signature =
            signature::sign(&hooks.standard, &event.webhook_id, &event.buffer, &way.signing_secrets, clock::now())
                .await?;
        let headers = headers(source, event, signature);
        post(way, &headers, event.buffer.bytes()).await
    };
    let sent = sent.await;
    outcome(source, to, &event.request_id, sent)
}

/// Sends a delivery that failed its verification, as it came, to each of these upstreams at once.
pub(crate) async fn hand_on_unverified(
    source: &Source,
    to: &[&SourceUpstream],
    delivery: &Unverified<'_>,
) -> Vec<DeliveryOutcome> {
    let headers = delivery.headers(source);
    let body = delivery.buffer.bytes();
    let send = async |to: &SourceUpstream| {
        let sent = match &to.way {
            Ok(way) => post(way, &headers, body).await,
            Err(lack) => Err(lack.clone()),
        };
        outcome(source, to, delivery.request_id, sent)
    };
    join_all(to.iter().map(|to| send(to))).await
}

/// A delivery that failed its verification.
pub(crate) struct Unverified<'a> {
    pub(crate) headers: &'a [(String, String)],
    pub(crate) buffer: &'a Buffer,
    pub(crate) request_id: &'a str,
    /// The code of the failure.
    pub(crate) code: &'a str,
    /// The type that it states.
    pub(crate) event_type: Option<&'a str>,
}

impl Unverified<'_> {
    /// The headers as they came, the signature and the sender's id among them. Keystile signs nothing here, so whoever
    /// checks its signature refuses this.
    fn headers(&self, source: &Source) -> Vec<(String, String)> {
        let scheme = &source.config.scheme;
        let read = scheme.headers_read().unwrap_or_default();
        let stays = |(name, _): &&(String, String)| {
            let kept = read.iter().any(|other| other == name) || is_of_signature(name, scheme);
            !is_of_network(name) && (kept || !CREDENTIALS.contains(&name.replace('_', "-").as_str()))
        };
        let mut headers: Vec<(String, String)> = self.headers.iter().filter(stays).cloned().collect();
        headers.extend(source_headers(source, self.event_type, self.request_id));
        headers.push(("Keystile-Webhook-Unverified".to_owned(), self.code.to_owned()));
        headers
    }
}

fn outcome(source: &Source, to: &SourceUpstream, request_id: &str, sent: Result<JsValue, String>) -> DeliveryOutcome {
    match sent {
        Ok(response) => match glue::status(&response) {
            status @ 200.. => DeliveryOutcome::Answered { status, response },
            _ => DeliveryOutcome::None,
        },
        Err(reason) => {
            let fields = [
                ("source", source.config.source.as_str()),
                ("upstream", to.config.name.as_str()),
                ("request_id", request_id),
                ("reason", reason.as_str()),
            ];
            log::error("webhook_upstream_unreachable", &fields.map(|(name, value)| (name, value.into())));
            DeliveryOutcome::None
        }
    }
}

async fn post(way: &Way, headers: &[(String, String)], body: &Uint8Array) -> Result<JsValue, String> {
    let headers = glue::join(headers.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    let said = |error: JsValue| js_sys::Error::from(error).message().as_string().unwrap_or_default();
    let posted = glue::post(&way.fetcher, &way.url, &headers, body, TIMEOUT_MS).map_err(said)?;
    JsFuture::from(posted).await.map_err(said)
}

/// All headers of the request to the upstream, with those of the signature.
fn headers(source: &Source, event: &Event, signature: Vec<(String, String)>) -> Vec<(String, String)> {
    let mut headers = event.headers.clone();
    headers.extend(source_headers(source, event.event_type.as_deref(), &event.request_id));
    let mut set = |name: &str, value: &str| headers.push((name.to_owned(), value.to_owned()));
    set("webhook-id", &event.webhook_id);
    if let Some(id) = event.event_id.as_deref().filter(|id| is_header_text(id)) {
        set("Keystile-Webhook-Event-Id", id);
    }
    if let Some(at) = event.timestamp {
        set("Keystile-Webhook-Timestamp", &at.as_millis().div_euclid(1_000).to_string());
    }
    set("Keystile-Webhook-Body-Authenticated", if event.body_authenticated { "true" } else { "false" });
    if event.replayed {
        set("Keystile-Webhook-Replay", "operator");
    }
    headers.extend(signature);
    headers
}

/// The headers that tell the upstream of the source.
fn source_headers(source: &Source, event_type: Option<&str>, request_id: &str) -> Vec<(String, String)> {
    let provider = source.config.provider.as_deref().unwrap_or(OWN_SCHEME);
    let mut headers = vec![
        ("Keystile-Webhook-Source", source.config.source.as_str()),
        ("Keystile-Webhook-Provider", provider),
        ("Keystile-Request-Id", request_id),
    ];
    headers.extend(event_type.filter(|text| is_type_text(text)).map(|text| (EVENT_TYPE, text)));
    headers.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// Whether a sender's header is forwarded with a verified delivery: it must not be a signature, a credential, or a
/// header of Keystile or of the network.
fn goes_on(name: &str, scheme: &Scheme) -> bool {
    let plain = name.replace('_', "-");
    let signature = plain.contains("signature") || is_of_signature(name, scheme);
    let replaced = CREDENTIALS.contains(&plain.as_str()) || STANDARD.contains(&plain.as_str());
    !signature && !replaced && !is_of_network(name)
}

/// Whether a header is Keystile's own, or belongs to the connection or the network.
fn is_of_network(name: &str) -> bool {
    // Some servers take an underscore for a hyphen.
    let plain = name.replace('_', "-");
    let family = ["cf-", "keystile", "x-forwarded-", "x-original-", "x-real-ip"];
    family.iter().any(|family| plain.starts_with(family)) || DROPPED.contains(&plain.as_str())
}

/// Whether a header holds the signature of the scheme.
fn is_of_signature(name: &str, scheme: &Scheme) -> bool {
    scheme.signature.iter().any(|place| match place {
        Place::Header(names) => names.iter().any(|other| other == name),
        Place::NumberedHeader(other) => name.starts_with(other.as_str()),
        _ => false,
    })
}

fn is_header_text(text: &str) -> bool {
    !text.is_empty() && text.len() <= 512 && text.bytes().all(|b| b.is_ascii_graphic())
}

/// Some senders' types have spaces.
fn is_type_text(text: &str) -> bool {
    text.bytes().all(|b| matches!(b, b' '..=b'~')) && text.trim() == text
}

/// The id of an event. It has no `.`, which ends the id in the signed text.
fn made_id(source: &str, of: &str, number: i64) -> String {
    let digest = KeyDigest::of(&format!("{source}/{of}/{number}"));
    let id = URL_SAFE_NO_PAD.encode(digest.as_bytes());
    format!("{source}_{}", id.get(..24).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_event_of_each_source_has_an_id_of_its_own() {
        assert_eq!(made_id("a", "b", 0), made_id("a", "b", 0));
        assert_ne!(made_id("a", "b", 0), made_id("b", "b", 0));
        assert_ne!(made_id("a", "b", 0), made_id("a", "b", 1));
        let id = made_id("a", "b", 0);
        assert!(id.starts_with("a_") && id.len() == 26 && !id.contains('.'), "{id}");
    }

    #[test]
    fn neither_signatures_nor_credentials_go_on() {
        let scheme = json!({
            "signature": "header:x-sent-proof", "encoding": "hex", "algorithm": "hmac-sha256", "message": "{body}",
        });
        let scheme = Scheme::from_value(scheme).unwrap();
        for name in ["x-sent-proof", "x-hub-signature", "authorization", "x_api_key", "keystile-tenant", "webhook-id"] {
            assert!(!goes_on(name, &scheme), "{name}");
        }
        for name in ["x-host", "x_original_host", "x-original-method", "x-override-url", "x-forwarded-path"] {
            assert!(!goes_on(name, &scheme), "{name}");
        }
        for name in ["content-type", "content-encoding", "x-github-event", "user-agent"] {
            assert!(goes_on(name, &scheme), "{name}");
        }
    }
}
