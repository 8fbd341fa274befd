//! The part of the configuration for the receiver of webhooks.

use alloc::{string::String, vec::Vec};

use keystile_webhook::Scheme;
use serde::{Deserialize, Serialize};

use super::{
    replays::Replays, type_pattern::TypePattern, upstream::Upstream, verification_mode::VerificationMode,
    webhook_mode::WebhookMode,
};
use crate::base::path::Path;

/// The part of the configuration for the receiver of webhooks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HooksConfig {
    /// The path below which the verify endpoint is.
    pub base: Path,
    /// The path below which the sources are; `None` if there are no sources.
    pub hooks_base: Option<Path>,
    /// The upstreams that events are forwarded to.
    pub upstreams: Vec<Upstream>,
    /// The sources in the order of the file. Their names are unique.
    pub sources: Vec<WebhookSource>,
}

/// One source of webhooks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WebhookSource {
    /// The source's name: the last segment of its URL.
    pub source: String,
    /// The provider's id in the registry; `None` for a source with its own scheme.
    pub provider: Option<String>,
    /// The scheme by which the sender signs, with this source's tolerance.
    pub scheme: Scheme,
    /// Notes for operators, each a sentence.
    pub notes: Vec<String>,
    /// The names of the Worker secrets that the sender signs with. Never empty without `jwks_url`.
    pub secrets: Vec<String>,
    /// The address at which the sender publishes its keys (JWKS, RFC 7517), if they are fetched.
    pub jwks_url: Option<String>,
    /// The texts of the scheme's `params`.
    pub params: Vec<(String, String)>,
    /// The URL as it is registered with the sender, with its query if it has one, which then replaces the request's
    /// query; `None` for the request's own URL.
    pub url: Option<String>,
    /// The maximum length of a body, bytes. Longer ones are refused.
    pub max_body_bytes: u32,
    /// The upstreams, of which each that takes an event's type gets the event. Never empty. In mode `direct` at most
    /// one takes any type.
    pub upstreams: Vec<WebhookUpstream>,
    /// Whether the file lists its upstreams. A message of a source with one upstream goes to the upstream that the
    /// source has when it is delivered, as long as it is one.
    pub lists_upstreams: bool,
    /// The way to deal with deliveries that fail.
    pub verification: VerificationMode,
    /// The delivery mode: the sender or a queue waits for the upstream.
    pub mode: WebhookMode,
    /// The deliveries that are refused as repeats.
    pub replays: Replays,
    /// The time for which deliveries are remembered, hours.
    pub remember_hours: u16,
    /// The time for which the bodies of delivered events are kept for a replay, hours; 0 for not at all.
    pub keep_bodies_hours: u16,
    /// In mode `queue`: seconds until the second attempt. Each further wait is twice as long.
    pub retry_seconds: u16,
}

/// An upstream of a source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookUpstream {
    /// The upstream's index in the configuration.
    pub upstream: usize,
    /// The upstream's name.
    pub name: String,
    /// The path at the upstream.
    pub path: String,
    /// The types of the events that it gets; all if there are none.
    pub types: Vec<TypePattern>,
    /// The names of the Worker secrets that forwarded deliveries are signed with, each a `whsec_…`: one, or two while
    /// one takes the other's place.
    pub signing_secrets: Vec<String>,
}

impl WebhookUpstream {
    /// Whether it gets events of this type.
    #[must_use]
    pub fn takes(&self, event_type: Option<&str>) -> bool {
        let of = |event_type: &str| self.types.iter().any(|pattern| pattern.matches(event_type));
        self.types.is_empty() || event_type.is_some_and(of)
    }

    /// Whether some event goes to both.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        let all = self.types.is_empty() || other.types.is_empty();
        all || self.types.iter().any(|pattern| other.types.iter().any(|other| pattern.overlaps(other)))
    }
}

impl WebhookSource {
    /// The index of the upstream that a message is for, if the source still has it. `named` is the name and path in the
    /// message, and `was_only` says that the source had no other upstream then. If the path was changed, the upstream of
    /// the name is the same one still.
    #[must_use]
    pub fn upstream_of_message(&self, named: Option<(&str, &str)>, was_only: bool) -> Option<usize> {
        let first = (!self.upstreams.is_empty()).then_some(0);
        // Messages of earlier versions may name none.
        let Some((name, path)) = named else { return first };
        if was_only && !self.lists_upstreams {
            return first;
        }
        let of_name = |upstream: &WebhookUpstream| upstream.name == name;
        let same = self.upstreams.iter().position(|upstream| of_name(upstream) && upstream.path == path);
        same.or_else(|| self.upstreams.iter().position(of_name))
    }
}
