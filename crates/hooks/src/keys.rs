//! The keys that a sender publishes at an address, as this isolate knows them. Their object fetches them.
//!
//! They are asked for once a minute. A name that they lack is asked for at once, unless the address was asked within
//! the last minute: then nobody can have newer keys, and the sender is told to come again.

use std::{cell::RefCell, rc::Rc};

use keystile_core::{
    Timestamp,
    base::timestamp::{HOUR_MS, whole_seconds},
    objects::keys::{GetKeys, KeySetForm, KnownKeys},
    receiver::key_set::{CACHED_MS, FETCH_TIMEOUT_MS},
};
use keystile_runtime::{log, object};
use keystile_webhook::{Scheme, Secrets};
use worker::Env;

use crate::glue::nfkd;

/// The time for which a call waits for the object, milliseconds: longer than the object waits for the address.
const TIMEOUT_MS: u64 = FETCH_TIMEOUT_MS as u64 + 2_000;
/// The same, if there are keys that may serve in its place.
const SHORT_TIMEOUT_MS: u64 = 2_000;

/// The keys at an address.
pub(crate) struct PublishedKeys {
    url: String,
    /// The secrets that are configured beside them.
    pinned: Vec<String>,
    known: RefCell<Option<Known>>,
}

/// The keys that were received last.
struct Known {
    text: Option<String>,
    secrets: Option<Rc<Secrets>>,
    /// When the object is to be asked again.
    until: Timestamp,
    /// How long they serve while the object can't be reached.
    kept_until: Timestamp,
    /// When the address may be asked again.
    next_fetch: Timestamp,
}

/// Keys that are newer than those that a delivery was judged by.
pub(crate) enum Newer {
    /// The newest that there are: what they lack is unknown.
    Newest(Rc<Secrets>),
    /// They may be outdated; whether there are newer ones is known after so many seconds.
    Maybe(Option<Rc<Secrets>>, i64),
}

impl PublishedKeys {
    pub(crate) fn new(url: String, pinned: Vec<String>) -> Self {
        Self { url, pinned, known: RefCell::new(None) }
    }

    /// The keys that may serve.
    ///
    /// # Errors
    /// The seconds after which a sender may come again, if there are none.
    pub(crate) async fn get(&self, env: &Env, scheme: &Scheme, now: Timestamp) -> Result<Rc<Secrets>, i64> {
        if let Some(secrets) = self.cached(now) {
            return Ok(secrets);
        }
        let pointless = |known: &Known| known.secrets.is_none() && now < known.next_fetch;
        if !self.known.borrow().as_ref().is_some_and(pointless) {
            self.ask(env, scheme, false, now).await;
        }
        let known = self.known.borrow();
        let known = known.as_ref();
        known.and_then(|known| known.secrets.clone()).ok_or_else(|| retry_after(known, now))
    }

    /// Keys for a delivery that names one that is unknown.
    pub(crate) async fn newer(&self, env: &Env, scheme: &Scheme, now: Timestamp) -> Newer {
        let held_back = self.known.borrow().as_ref().is_some_and(|known| now < known.next_fetch);
        let anew = !held_back && self.ask(env, scheme, true, now).await;
        let known = self.known.borrow();
        let known = known.as_ref();
        let secrets = known.and_then(|known| known.secrets.clone());
        match secrets {
            Some(secrets) if anew => Newer::Newest(secrets),
            // Another delivery may have brought newer ones while this one was judged.
            secrets => Newer::Maybe(secrets, retry_after(known, now)),
        }
    }

    /// Whether only the configured secrets are known, and none of the published keys.
    pub(crate) fn are_missing(&self) -> bool {
        self.known.borrow().as_ref().is_none_or(|known| known.text.is_none())
    }

    fn cached(&self, now: Timestamp) -> Option<Rc<Secrets>> {
        let known = self.known.borrow();
        known.as_ref().filter(|known| now < known.until).and_then(|known| known.secrets.clone())
    }

    /// Asks the object. Returns whether the address answered to this question.
    async fn ask(&self, env: &Env, scheme: &Scheme, anew: bool, now: Timestamp) -> bool {
        let has_keys = self.known.borrow().as_ref().is_some_and(|known| known.secrets.is_some());
        let timeout = if has_keys && !anew { SHORT_TIMEOUT_MS } else { TIMEOUT_MS };
        let call = GetKeys { url: self.url.clone(), anew, form: KeySetForm::Jwks };
        match object::call(env, &self.url, &call, timeout).await {
            Ok(answer) => {
                let anew = answer.anew;
                self.learn(answer, scheme, now);
                anew
            }
            Err(error) => {
                let fields = [("jwks_url", self.url.as_str().into()), ("reason", error.0.into())];
                log::warn("webhook_keys_unreachable", &fields);
                let serve = self.known.borrow_mut().as_mut().is_some_and(|known| {
                    known.until = now.plus_millis(CACHED_MS).min(known.kept_until);
                    now < known.kept_until
                });
                if !serve {
                    self.learn(KnownKeys { keys: None, anew: false, wait_ms: 0 }, scheme, now);
                }
                false
            }
        }
    }

    fn learn(&self, answer: KnownKeys, scheme: &Scheme, now: Timestamp) {
        let mut known = self.known.borrow_mut();
        let parsed = known.take().filter(|known| known.text == answer.keys && known.secrets.is_some());
        let secrets = match parsed {
            Some(known) => known.secrets,
            None => self.parse(scheme, answer.keys.as_deref()),
        };
        *known = Some(Known {
            text: answer.keys,
            secrets,
            until: now.plus_millis(CACHED_MS),
            kept_until: now.plus_millis(HOUR_MS),
            next_fetch: now.plus_millis(answer.wait_ms),
        });
    }

    fn parse(&self, scheme: &Scheme, keys: Option<&str>) -> Option<Rc<Secrets>> {
        let texts: Vec<&str> = self.pinned.iter().map(String::as_str).chain(keys).collect();
        let secrets = Secrets::parse_with(scheme, &texts, nfkd);
        for fault in secrets.faults() {
            let fields = [("jwks_url", self.url.as_str().into()), ("reason", fault.to_string().into())];
            log::error("webhook_keys_unusable", &fields);
        }
        Some(Rc::new(secrets)).filter(|secrets| !secrets.is_empty())
    }
}

fn retry_after(known: Option<&Known>, now: Timestamp) -> i64 {
    known.map_or(1, |known| whole_seconds(known.next_fetch.millis_since(now)).max(1))
}
