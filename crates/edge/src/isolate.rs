//! An isolate's state between requests: the configuration, derived keys, the feed client with its caches, bounded in
//! bytes, and counts of uses.
//!
//! Only plain state is shared. No future, waker or promise crosses from one request to another: the runtime would
//! cancel or hang it.

use std::{
    cell::{Cell, OnceCell, RefCell},
    rc::Rc,
};

use keystile_core::{
    Keyring, RootKeys,
    access::verdict::Refusal,
    base::base62,
    config::{EdgeConfig, Upstream},
    feed::client::FeedClient,
    key::{
        pattern::{key_pattern, url_key_pattern},
        root_key::MIN_ROOT_KEY_LEN,
    },
    limits::{accounts::Accounts, failures::Failures},
    metrics::points::Points,
    objects::relay::Route,
    usage::counter::UsageCounter,
};
use keystile_runtime::{config, points, random, secret, upstream};
use wasm_bindgen::{JsCast, JsValue};
use worker::Env;

use crate::glue::{self, SEPARATOR};

thread_local! {
    static ISOLATE: OnceCell<Rc<Isolate>> = const { OnceCell::new() };
}

/// The isolate's memory.
pub(crate) struct Isolate {
    pub(crate) config: EdgeConfig,
    pub(crate) keyring: Keyring,
    /// The root keys, if they are bound.
    pub(crate) root_keys: RootKeys,
    pub(crate) feed: RefCell<FeedClient>,
    /// The relays to ask in place of the feed, if there are any.
    pub(crate) relays: RefCell<Option<Route>>,
    /// The uses that were counted and not sent yet.
    pub(crate) usage: RefCell<UsageCounter>,
    /// The data points that were counted and not written yet, if a dataset is bound.
    pub(crate) points: Option<RefCell<Points>>,
    /// The accounts with the limiters.
    pub(crate) accounts: RefCell<Accounts>,
    /// The failures of source addresses.
    pub(crate) failures: RefCell<Failures>,
    /// The refusals that are prepared in JavaScript, by their numbers there. They are few: each has a text of its own.
    pub(crate) prepared: RefCell<Vec<Refusal>>,
    /// The handle of each upstream, or the setting that it lacks.
    pub(crate) upstreams: Vec<Result<UpstreamHandle, String>>,
    name: String,
    requests: Cell<u64>,
}

/// An upstream's settings, with its binding and signing secret, read from the environment once.
pub(crate) struct UpstreamHandle {
    pub(crate) upstream: upstream::Upstream,
    /// Whether it is a service binding.
    pub(crate) is_service: bool,
    pub(crate) name: String,
    pub(crate) signing_secret: Option<String>,
    pub(crate) timeout_ms: u32,
}

impl UpstreamHandle {
    /// The minimum length of a secret that requests are signed with, characters.
    const MIN_SECRET_LEN: usize = 32;

    fn of(configured: &Upstream, env: &Env) -> Result<Self, String> {
        let signing_secret = match &configured.signing_secret {
            None => None,
            Some(name) => match secret::text(env, name) {
                Some(secret) if secret.len() >= Self::MIN_SECRET_LEN => Some(secret),
                Some(_) => return Err(format!("the secret {name} has fewer than 32 characters")),
                None => return Err(format!("the secret {name} is not set")),
            },
        };
        let upstream = upstream::Upstream::of(&configured.target, env)?;
        Ok(Self {
            is_service: upstream.is_service(),
            upstream,
            name: configured.name.clone(),
            signing_secret,
            timeout_ms: configured.timeout_seconds * 1_000,
        })
    }
}

impl Isolate {
    /// The isolate of this environment, made at its first request, which says where it is.
    ///
    /// # Errors
    /// The mistake in the configuration or the secrets. The next request tries again.
    pub(crate) fn of(env: &JsValue, request: &JsValue) -> worker::Result<Rc<Self>> {
        ISOLATE.with(|cell| match cell.get() {
            Some(isolate) => Ok(Rc::clone(isolate)),
            None => {
                let isolate = Rc::new(Self::new(env.unchecked_ref(), request)?);
                Ok(Rc::clone(cell.get_or_init(|| isolate)))
            }
        })
    }

    /// The isolate, if it was made.
    pub(crate) fn current() -> Option<Rc<Self>> {
        ISOLATE.with(|cell| cell.get().map(Rc::clone))
    }

    fn new(env: &Env, request: &JsValue) -> worker::Result<Self> {
        let config: EdgeConfig = config::load()?;
        let bytes = random::bytes::<32>()?;
        let random = base62::draw::<8>(&bytes).unwrap_or(*b"00000000");
        let name: String = random.map(char::from).iter().collect();
        let root_keys = secret::text(env, "KEYSTILE_ROOT_KEY").unwrap_or_default();
        let root_keys = root_keys.split(',').map(str::trim).filter(|key| key.len() >= MIN_ROOT_KEY_LEN);
        let (forms, root_keys) = (config.key_forms(), root_keys.collect::<Vec<_>>());
        glue::configure(
            &config.places.named.join(","),
            &config.own_authorization,
            &key_pattern(forms, &root_keys),
            &url_key_pattern(forms, &root_keys),
            config.cors.is_some(),
        );
        Ok(Self {
            keyring: secret::keyring(env)?,
            root_keys: secret::root_keys(env),
            feed: RefCell::new(FeedClient::new(config.feed)),
            relays: RefCell::new(relays(config.relays_per_location, request, &bytes)),
            usage: RefCell::new(UsageCounter::new(name.clone(), config.usage_flush_seconds * 1_000)),
            points: points::are_bound(env).then(|| RefCell::new(Points::new(config.usage_flush_seconds * 1_000))),
            accounts: RefCell::new(Accounts::new(config.limits.clone())),
            failures: RefCell::default(),
            prepared: RefCell::default(),
            upstreams: config.upstreams.iter().map(|upstream| UpstreamHandle::of(upstream, env)).collect(),
            name,
            requests: Cell::new(0),
            config,
        })
    }

    /// The time that a call to storage may take, milliseconds.
    pub(crate) fn feed_timeout_ms(&self) -> u64 {
        self.config.feed.timeout_ms().unsigned_abs()
    }

    /// An id for a request: the isolate's random name and a count.
    pub(crate) fn next_request_id(&self) -> String {
        let count = self.requests.get();
        self.requests.set(count.wrapping_add(1));
        let count: String = base62::encode::<6>(count).map(char::from).iter().collect();
        format!("req_{}{count}", self.name)
    }
}

fn relays(per_location: u8, request: &JsValue, random: &[u8]) -> Option<Route> {
    let random = random.first_chunk().copied().map(u64::from_le_bytes).filter(|_| per_location > 0)?;
    let location = glue::location(request);
    let (colo, continent) = location.split_once(SEPARATOR)?;
    Some(Route::new(colo, continent, per_location, random))
}
