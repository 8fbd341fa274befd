//! The known providers, as data in `registry.toml`. The head of that file describes an entry and its evidence.
//!
//! A provider is chosen by its id. It is never recognised by its headers, since several providers use the same headers
//! with different meanings.
//!
//! This is for programs that prepare a configuration, and for the npm package. The workers get only the schemes that
//! were chosen.

use std::sync::LazyLock;

use alloc::{
    collections::BTreeMap,
    format,
    string::{String, ToString},
    vec::Vec,
};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::scheme::Scheme;

/// The data.
const REGISTRY: &str = include_str!("registry.toml");

static PROVIDERS: LazyLock<Vec<Provider>> = LazyLock::new(|| read(REGISTRY).unwrap_or_default());

/// A known provider, and the way it signs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Provider {
    /// The id, which never changes: lower-case words joined by hyphens.
    pub id: String,
    /// The name for people.
    pub name: String,
    /// The evidence for the scheme, beginning with its class: `X stripe 23.1.0`.
    pub evidence: String,
    /// Whether there is only one source of evidence: then try the scheme with a real delivery.
    pub unconfirmed: bool,
    /// The sender's retries, in a few words: how often, or for how long; `None` if that isn't known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retries: Option<String>,
    /// Remarks: parts that the signature doesn't cover, or facts about the secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The address at which it publishes the keys (JWKS) of all its senders, if there is one. The engine fetches
    /// nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwks_url: Option<String>,
    /// The way it signs.
    pub scheme: Scheme,
}

impl Provider {
    /// The class of its evidence: `X`, `S`, `D`, `P` or `C`.
    #[must_use]
    pub fn class(&self) -> char {
        self.evidence.chars().next().unwrap_or('U')
    }
}

/// The provider of this id.
#[must_use]
pub fn provider(id: &str) -> Option<&'static Provider> {
    all().binary_search_by(|provider| provider.id.as_str().cmp(id)).ok().and_then(|index| all().get(index))
}

/// All providers, sorted by id.
#[must_use]
pub fn all() -> &'static [Provider] {
    &PROVIDERS
}

/// An entry as it is written in the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    evidence: String,
    #[serde(default)]
    unconfirmed: bool,
    retries: Option<String>,
    note: Option<String>,
    jwks_url: Option<String>,
    like: Option<String>,
    /// The place of the event's type, for an entry that is `like` another: that isn't taken over.
    event_type: Option<Value>,
    scheme: Option<Value>,
}

fn read(text: &str) -> Result<Vec<Provider>, String> {
    let entries: BTreeMap<String, Entry> = toml::from_str(text).map_err(|error| error.to_string())?;
    let mut providers = Vec::new();
    for (id, entry) in &entries {
        let described = match (&entry.like, &entry.scheme) {
            (Some(like), None) => entries.get(like).and_then(|other| with_type(other.scheme.as_ref()?, entry)),
            (None, scheme) if entry.event_type.is_none() => scheme.clone(),
            (None | Some(_), _) => None,
        };
        let Some(described) = described else {
            return Err(format!(
                "{id}: `scheme`, or `like` with the id of an entry that has one; `event_type` goes into the scheme, or \
                 beside `like`"
            ));
        };
        let scheme = Scheme::from_value(described).map_err(|errors| format!("{id}: {errors}"))?;
        providers.push(Provider {
            id: id.clone(),
            name: entry.name.clone(),
            evidence: entry.evidence.clone(),
            unconfirmed: entry.unconfirmed,
            retries: entry.retries.clone(),
            note: entry.note.clone(),
            jwks_url: entry.jwks_url.clone(),
            scheme,
        });
    }
    Ok(providers)
}

/// Another entry's scheme, with the place of this entry's type. Senders that sign in the same way have other bodies.
fn with_type(scheme: &Value, entry: &Entry) -> Option<Value> {
    let mut scheme = scheme.as_object()?.clone();
    scheme.remove("event_type");
    scheme.extend(entry.event_type.clone().map(|place| ("event_type".to_string(), place)));
    Some(Value::Object(scheme))
}

#[cfg(test)]
mod tests;
