//! The configuration and the secrets, read once per isolate.
//!
//! A mistake in them is reported in the log and nowhere else.

use std::{cell::OnceCell, rc::Rc};

use keystile_core::{
    Keyring, RootKeys,
    api::{
        exposed::Secrets,
        shown::{Holds, Showing},
    },
    config::ManageConfig,
    events::address::EndpointUrl,
};
use keystile_runtime::{config, secret};
use worker::{Env, Result};

thread_local! {
    static CONFIG: OnceCell<Rc<ManageConfig>> = const { OnceCell::new() };
    static DEPLOYMENT: OnceCell<Rc<Deployment>> = const { OnceCell::new() };
}

/// The settings of this deployment, for the REST API and the ledgers.
pub(crate) struct Deployment {
    /// `keystile.toml`.
    pub(crate) config: Rc<ManageConfig>,
    /// `KEYSTILE_SECRET`.
    pub(crate) keyring: Keyring,
    /// `KEYSTILE_ROOT_KEY`.
    pub(crate) root_keys: RootKeys,
}

impl Deployment {
    /// Returns the deployment of this isolate, which is read at the first use.
    pub(crate) fn load(env: &Env) -> Result<Rc<Self>> {
        once(&DEPLOYMENT, || {
            let root_keys = secret::root_keys(env);
            if root_keys.is_empty() {
                keystile_runtime::log::warn("root_key_missing", &[("reason", ROOT_KEY_MISSING.into())]);
            }
            Ok(Self { config: config()?, keyring: secret::keyring(env)?, root_keys })
        })
    }

    /// The keys that no text of a request may hold.
    pub(crate) fn secrets(&self) -> Secrets<'_> {
        Secrets { forms: self.config.key_forms(), root_keys: &self.root_keys }
    }

    /// The condition on which `effective_by` can be relied on in this deployment.
    pub(crate) fn holds(&self) -> Holds {
        self.config.when_feed_unreachable.into()
    }

    /// The normalised URL of an endpoint for events, if events may be sent there.
    ///
    /// # Errors
    /// A sentence that says what is allowed.
    pub(crate) fn endpoint_url(&self, url: &str) -> std::result::Result<String, String> {
        EndpointUrl::parse(url, &self.config.event_addresses).map(String::from).map_err(|error| error.to_string())
    }

    /// How this deployment shows keys.
    pub(crate) fn showing(&self) -> Showing<'_> {
        Showing { holds: self.holds(), limits: &self.config.counted_limits }
    }
}

const ROOT_KEY_MISSING: &str =
    "the secret KEYSTILE_ROOT_KEY is not set or shorter than 32 characters; only operator keys are accepted";

/// Returns the configuration alone, for the feed, which needs no secrets.
pub(crate) fn config() -> Result<Rc<ManageConfig>> {
    once(&CONFIG, config::load)
}

/// Loads a value at its first use. A load that failed is tried again by the next request.
fn once<T>(cell: &'static std::thread::LocalKey<OnceCell<Rc<T>>>, load: impl FnOnce() -> Result<T>) -> Result<Rc<T>> {
    if let Some(loaded) = cell.with(|cell| cell.get().cloned()) {
        return Ok(loaded);
    }
    let loaded = Rc::new(load()?);
    Ok(cell.with(|cell| cell.get_or_init(|| loaded).clone()))
}
