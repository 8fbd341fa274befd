//! An isolate's state between requests: the configuration, and the scheme and secrets of each source, parsed into keys
//! once.
//!
//! Only plain state is shared. No future, waker or promise crosses from one request to another.

use std::{cell::OnceCell, rc::Rc};

use keystile_core::config::{HooksConfig, VerificationMode, WebhookSource, WebhookUpstream};
use keystile_runtime::{config, log, secret, upstream};
use keystile_webhook::{Delivery, Options, Scheme, Secrets};
use serde_json::json;
use wasm_bindgen::JsValue;
use worker::Env;

use crate::{
    glue::{self, nfkd},
    incoming::Incoming,
    keys::PublishedKeys,
    signature::SigningSecret,
};

/// The message length from which WebCrypto's HMAC is faster than the module's, its crossing included
/// (`docs/design/benchmarks.md`), bytes.
pub(crate) const DELEGATE_HMAC_FROM: usize = 4 * 1024;

/// The bytes that may be read and hashed for a delivery: so many, and so many times the longest body. A sender decides
/// how many items and signatures there are.
const WORK_BYTES: usize = 8 * 1024 * 1024;
const WORK_FACTOR: usize = 256;

thread_local! {
    static HOOKS: OnceCell<Rc<Hooks>> = const { OnceCell::new() };
}

/// The isolate's memory.
pub(crate) struct Hooks {
    pub(crate) config: HooksConfig,
    /// The scheme `v1` of Standard Webhooks, by which every event is signed again.
    pub(crate) standard: Scheme,
    sources: Vec<Source>,
}

/// A source, ready for deliveries.
pub(crate) struct Source {
    /// The configuration.
    pub(crate) config: WebhookSource,
    /// The secrets that the sender signs with, or the mistake in them.
    pub(crate) secrets: Result<SenderSecrets, String>,
    /// The upstreams, in the order of the configuration.
    pub(crate) upstreams: Vec<SourceUpstream>,
}

/// The secrets that a sender signs with.
pub(crate) enum SenderSecrets {
    /// They are Worker secrets.
    Configured(Rc<Secrets>),
    /// They are keys that the sender publishes, and perhaps Worker secrets.
    Published(PublishedKeys),
}

/// An upstream of a source.
pub(crate) struct SourceUpstream {
    /// The configuration.
    pub(crate) config: WebhookUpstream,
    /// The way to it, or the setting that it lacks.
    pub(crate) way: Result<Way, String>,
}

/// The way to an upstream.
pub(crate) struct Way {
    /// The service binding, or undefined for a URL.
    pub(crate) fetcher: JsValue,
    pub(crate) url: String,
    /// The secrets that forwarded deliveries are signed with, at least one.
    pub(crate) signing_secrets: Vec<SigningSecret>,
}

impl Hooks {
    /// The isolate of this environment, made at its first request.
    ///
    /// # Errors
    /// The mistake in the configuration. The next request tries again.
    pub(crate) fn of(env: &Env) -> worker::Result<Rc<Self>> {
        HOOKS.with(|cell| match cell.get() {
            Some(hooks) => Ok(Rc::clone(hooks)),
            None => {
                glue::vacate();
                let hooks = Rc::new(Self::new(env)?);
                Ok(Rc::clone(cell.get_or_init(|| hooks)))
            }
        })
    }

    fn new(env: &Env) -> worker::Result<Self> {
        let mut config: HooksConfig = config::load()?;
        let standard = Scheme::from_value(json!({
            "signature": "header:webhook-signature",
            "split": " ",
            "prefix": "v1,",
            "encoding": "base64",
            "algorithm": "hmac-sha256",
            "key": "whsec",
            "message": "{header:webhook-id}.{timestamp}.{body}",
            "timestamp": { "at": "header:webhook-timestamp" },
            "event_id": "header:webhook-id",
        }))
        .map_err(|_| worker::Error::RustError("Standard Webhooks' scheme can't be read".into()))?;
        let sources = std::mem::take(&mut config.sources);
        let sources = sources.into_iter().map(|source| Source::new(source, &config, &standard, env)).collect();
        Ok(Self { config, standard, sources })
    }

    /// The source of this name.
    pub(crate) fn source(&self, name: &str) -> Option<&Source> {
        self.sources.iter().find(|source| source.config.source == name)
    }

    /// The scheme of a provider that some source names.
    pub(crate) fn provider(&self, id: &str) -> Option<&Scheme> {
        let of = |source: &&Source| source.config.provider.as_deref() == Some(id);
        self.sources.iter().find(of).map(|source| &source.config.scheme)
    }
}

impl Source {
    fn new(config: WebhookSource, whole: &HooksConfig, standard: &Scheme, env: &Env) -> Self {
        let secrets = secrets_of(&config, env);
        let upstreams = config.upstreams.iter().map(|upstream| SourceUpstream {
            config: upstream.clone(),
            way: Way::of(&config, upstream, whole, standard, env),
        });
        Self { upstreams: upstreams.collect(), config, secrets }
    }

    /// The upstreams that get events of this type.
    pub(crate) fn upstreams_of(&self, event_type: Option<&str>) -> Vec<&SourceUpstream> {
        self.upstreams.iter().filter(|upstream| upstream.config.takes(event_type)).collect()
    }

    /// Whether deliveries that fail are handed on.
    pub(crate) fn only_logs(&self) -> bool {
        self.config.verification == VerificationMode::LogOnly
    }

    /// The setting that an upstream lacks.
    pub(crate) fn lack(&self) -> Option<&str> {
        self.upstreams.iter().find_map(|upstream| upstream.way.as_ref().err()).map(String::as_str)
    }

    /// The URL as the sender knows it. If the registered URL has a query, that query replaces the request's. The signed
    /// text is often the URL directly followed by other text, so an attacker who chose the query could move the border
    /// between them.
    pub(crate) fn url_of(&self, incoming: &Incoming) -> String {
        match &self.config.url {
            Some(registered) if registered.contains('?') => registered.clone(),
            Some(registered) => format!("{registered}{}", incoming.query()),
            None => incoming.url.clone(),
        }
    }

    /// The texts of the scheme's `params`.
    pub(crate) fn params(&self) -> Vec<(&str, &str)> {
        self.config.params.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
    }
}

/// The secrets that are set and can be used. An unusable one is logged and does not affect the others: a rotation must
/// not stop at a typing error.
fn secrets_of(config: &WebhookSource, env: &Env) -> Result<SenderSecrets, String> {
    let values: Vec<String> = config.secrets.iter().map(|name| secret::text(env, name).unwrap_or_default()).collect();
    if let Some(url) = &config.jwks_url {
        return Ok(SenderSecrets::Published(PublishedKeys::new(url.clone(), values)));
    }
    let texts: Vec<&str> = values.iter().map(String::as_str).collect();
    let secrets = Secrets::parse_with(&config.scheme, &texts, nfkd);
    let faults = secrets.faults().iter().map(|fault| {
        let name = config.secrets.get(fault.index).map(String::as_str).unwrap_or_default();
        format!("{name}: {fault}")
    });
    let faults = faults.collect::<Vec<_>>().join(" ");
    if secrets.is_empty() {
        return Err(faults);
    }
    if !faults.is_empty() {
        let source = config.source.as_str().into();
        log::warn("webhook_secret_unusable", &[("source", source), ("reason", faults.into())]);
    }
    Ok(SenderSecrets::Configured(Rc::new(secrets)))
}

impl Way {
    fn of(
        source: &WebhookSource,
        to: &WebhookUpstream,
        whole: &HooksConfig,
        standard: &Scheme,
        env: &Env,
    ) -> Result<Self, String> {
        let configured = whole.upstreams.get(to.upstream).ok_or("the source names no upstream")?;
        let upstream::Upstream { fetcher, origin, base } = upstream::Upstream::of(&configured.target, env)?;
        let mut signing_secrets = Vec::new();
        let mut faults = Vec::new();
        for name in &to.signing_secrets {
            match signing_secret(name, standard, env) {
                Ok(secret) => signing_secrets.push(secret),
                Err(fault) => faults.push(fault),
            }
        }
        let faults = faults.join("; ");
        if signing_secrets.is_empty() {
            return Err(faults);
        }
        if !faults.is_empty() {
            // A consumer that checks the other secret must not suffer from it.
            let fields = [("source", source.source.as_str().into()), ("reason", faults.into())];
            log::error("webhook_signing_secret_unusable", &fields);
        }
        Ok(Self { fetcher, url: format!("{origin}{base}{}", to.path), signing_secrets })
    }
}

fn signing_secret(name: &str, standard: &Scheme, env: &Env) -> Result<SigningSecret, String> {
    let secret = secret::text(env, name).ok_or_else(|| format!("the secret {name} is not set"))?;
    SigningSecret::parse(secret, standard).map_err(|fault| format!("{name}: {fault}"))
}

/// A delivery's parts, as they were received or described.
pub(crate) struct Parts {
    pub(crate) method: String,
    pub(crate) url: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Parts {
    /// The headers in the engine's form.
    pub(crate) fn headers(&self) -> Vec<(&str, &str)> {
        self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
    }

    /// The delivery, with the headers from [`headers`](Self::headers).
    pub(crate) fn delivery<'a>(&'a self, headers: &'a [(&'a str, &'a str)]) -> Delivery<'a> {
        Delivery { method: &self.method, url: &self.url, headers, body: &self.body }
    }
}

/// The engine's options for a delivery.
pub(crate) fn options<'a>(
    now: keystile_core::Timestamp,
    params: &'a [(&'a str, &'a str)],
    body_limit: usize,
) -> Options<'a> {
    let work_limit = WORK_BYTES.saturating_add(body_limit.saturating_mul(WORK_FACTOR));
    Options { params, body_limit, delegate_hmac_from: DELEGATE_HMAC_FROM, work_limit, ..Options::at(now.since_unix()) }
}
