//! Checks of a source's upstreams: their types, and the secrets that deliveries to them are signed with.

use keystile_core::{
    base::path::Path,
    config::{TypePattern, Upstream, WebhookMode, WebhookUpstream},
};
use keystile_webhook::Scheme;

use super::{Check, is_binding, no_upstream};
use crate::raw::{RawWebhook, RawWebhookUpstream};

/// The maximum number of upstreams of a source. A queue's batch of messages holds as many, each of a usual length.
const MAX_UPSTREAMS: usize = 16;
/// The maximum number of secrets to sign with: the new one, and the old one until no consumer checks it.
const MAX_SIGNING_SECRETS: usize = 2;

impl Check {
    /// The source's upstreams, as `upstream` or as a list.
    pub(super) fn webhook_upstreams(
        &mut self,
        raw: &RawWebhook,
        index: &str,
        upstreams: &[Upstream],
    ) -> Vec<WebhookUpstream> {
        let at = ["webhooks", index];
        let needed = raw.upstreams.is_empty() || raw.upstreams.iter().any(|upstream| !upstream.signs());
        let signing_secrets =
            self.signing_secrets(raw.signing_secret.as_ref(), raw.signing_secrets.as_deref(), &at, needed);
        if raw.upstreams.is_empty() {
            let only = RawWebhookUpstream {
                upstream: raw.upstream.clone().unwrap_or_default(),
                path: raw.path.clone().unwrap_or_else(|| "/".into()),
                ..RawWebhookUpstream::default()
            };
            self.that(raw.upstream.is_some(), &at, || {
                "write upstream = \"…\", the name of one of the [[upstreams]], or a list of [[webhooks.upstreams]]"
                    .into()
            });
            return vec![self.webhook_upstream(&only, &at, upstreams, &signing_secrets)];
        }
        let twofold = raw.upstream.is_some() || raw.path.is_some();
        self.that(!twofold, &["webhooks", index, if raw.upstream.is_some() { "upstream" } else { "path" }], || {
            "this source has a list of [[webhooks.upstreams]], in which each has its own; leave this out".into()
        });
        self.that(raw.upstreams.len() <= MAX_UPSTREAMS, &["webhooks", index, "upstreams"], || {
            format!("there are {}; {MAX_UPSTREAMS} at most", raw.upstreams.len())
        });
        let mut listed: Vec<WebhookUpstream> = Vec::new();
        for (place, upstream) in raw.upstreams.iter().enumerate() {
            let at = ["webhooks", index, "upstreams", &place.to_string()];
            let upstream = self.webhook_upstream(upstream, &at, upstreams, &signing_secrets);
            self.against_others(raw.mode, &upstream, &listed, &at);
            listed.push(upstream);
        }
        listed
    }

    fn webhook_upstream(
        &mut self,
        raw: &RawWebhookUpstream,
        at: &[&str],
        upstreams: &[Upstream],
        inherited: &[String],
    ) -> WebhookUpstream {
        let below = |name: &'static str| -> Vec<&str> { at.iter().copied().chain([name]).collect() };
        let path = Path::parse(&raw.path).ok().filter(|path| path.as_str() == raw.path);
        self.that(path.is_some(), &below("path"), || {
            "write the path at the upstream, such as \"/events\", without query".into()
        });
        let upstream = upstreams.iter().position(|upstream| upstream.name == raw.upstream);
        if !raw.upstream.is_empty() || at.len() > 2 {
            self.that(upstream.is_some(), &below("upstream"), || no_upstream(&raw.upstream, upstreams));
        }
        self.that(raw.types.as_ref().is_none_or(|types| !types.is_empty()), &below("types"), || {
            "write the types of the events that it gets, such as [\"invoice.*\", \"push\"], or leave this out for all"
                .into()
        });
        let written = raw.types.as_deref().unwrap_or_default();
        let mut types = Vec::new();
        for (place, text) in written.iter().enumerate() {
            let place_text = place.to_string();
            let at: Vec<&str> = at.iter().copied().chain(["types", &place_text]).collect();
            self.that(written.iter().position(|other| other == text) == Some(place), &at, || {
                "this is listed twice".into()
            });
            match TypePattern::parse(text) {
                Some(pattern) => types.push(pattern),
                None => self.mistake(
                    &at,
                    "write a type as the sender writes it, such as \"push\", or the beginning of types up to a `.`, `/` \
                     or `:`, with a `*` after it, such as \"invoice.*\"",
                ),
            }
        }
        let own = self.signing_secrets(raw.signing_secret.as_ref(), raw.signing_secrets.as_deref(), at, false);
        WebhookUpstream {
            upstream: upstream.unwrap_or_default(),
            name: raw.upstream.clone(),
            path: raw.path.clone(),
            types,
            signing_secrets: if own.is_empty() { inherited.to_vec() } else { own },
        }
    }

    /// Checks that an event has one way: to one upstream in mode `direct`, and once to each in mode `queue`.
    fn against_others(&mut self, mode: WebhookMode, one: &WebhookUpstream, listed: &[WebhookUpstream], at: &[&str]) {
        let twice = listed.iter().any(|other| other.name == one.name && other.path == one.path);
        self.that(!twice, at, || "this upstream and path are listed twice; write all types in one entry".into());
        let other = listed.iter().find(|other| mode == WebhookMode::Direct && !twice && one.overlaps(other));
        if let Some(other) = other {
            self.mistake(
                at,
                format!(
                    "an event can go both here and to \"{}\", but in mode \"direct\" the sender waits for one answer: \
                     write mode = \"queue\", or `types` that no two upstreams share",
                    other.name
                ),
            );
        }
    }

    /// Checks that a source with types says where they stand.
    pub(super) fn types_are_known(&mut self, raw: &RawWebhook, index: &str, scheme: &Scheme) {
        let typed = raw.upstreams.iter().position(|upstream| upstream.types.is_some());
        let Some(place) = typed.map(|place| place.to_string()) else { return };
        let at = ["webhooks", index, "upstreams", &place, "types"];
        self.that(scheme.event_type.is_some(), &at, || {
            "where this sender writes an event's type is not known: write event_type = \"json:type\", or \"header:x-event\", \
             in the source"
                .into()
        });
        self.that(scheme.each.is_none(), &at, || {
            "this sender's deliveries are batches, whose events may have several types: leave `types` out".into()
        });
    }

    /// The names of the secrets to sign with.
    fn signing_secrets(
        &mut self,
        one: Option<&String>,
        several: Option<&[String]>,
        at: &[&str],
        needed: bool,
    ) -> Vec<String> {
        let below = |name: &'static str| -> Vec<&str> { at.iter().copied().chain([name]).collect() };
        self.that(one.is_none() || several.is_none(), &below("signing_secret"), || {
            "write signing_secret, or signing_secrets with two names, not both".into()
        });
        self.that(!needed || one.is_some() || several.is_some(), at, || {
            "write signing_secret = \"…\", the name of a Worker secret that holds a `whsec_…`".into()
        });
        let name = "write the name of a Worker secret that holds a `whsec_…`, such as \"EVENTS_SECRET\", not the secret itself";
        if let Some(one) = one {
            self.that(is_binding(one), &below("signing_secret"), || name.into());
        }
        if let Some(several) = several {
            let count = (1..=MAX_SIGNING_SECRETS).contains(&several.len());
            self.that(count, &below("signing_secrets"), || {
                "write the new secret's name, and that of the old one until no consumer checks it: [\"NEW\", \"OLD\"]"
                    .into()
            });
            for (place, one) in several.iter().enumerate() {
                let place_text = place.to_string();
                let at: Vec<&str> = at.iter().copied().chain(["signing_secrets", &place_text]).collect();
                self.that(is_binding(one), &at, || name.into());
                self.that(several.iter().position(|other| other == one) == Some(place), &at, || {
                    "this is listed twice".into()
                });
            }
        }
        one.into_iter().chain(several.unwrap_or_default()).cloned().collect()
    }
}
