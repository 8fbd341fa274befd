//! Checks of `[[webhooks]]`.

use keystile_core::{
    config::{Upstream, VerificationMode, WebhookMode, WebhookSource},
    receiver::delivery::MAX_KEEP_BODIES_HOURS,
    receiver::queue::{FIRST_RETRY_SECONDS, MAX_RETRY_SECONDS},
};
use keystile_webhook::{Scheme, place::Place, registry};

use super::{Check, is_binding};
use crate::raw::RawWebhook;

/// The longest body that a worker can hold beside its copies, bytes.
const MAX_BODY_BYTES: u32 = 20 * 1024 * 1024;
/// The longest time for which a delivery can be remembered, hours: 30 days.
const MAX_REMEMBER_HOURS: u16 = 720;
/// The widest tolerance of time, seconds.
const MAX_TOLERANCE_SECONDS: u32 = 7 * 24 * 60 * 60;

impl Check {
    pub(crate) fn webhooks(&mut self, webhooks: &[RawWebhook], upstreams: &[Upstream]) -> Vec<WebhookSource> {
        let mut sources: Vec<WebhookSource> = Vec::new();
        for (index, raw) in webhooks.iter().enumerate() {
            let twice = sources.iter().any(|other| other.source == raw.source);
            self.that(!twice, &["webhooks", &index.to_string(), "source"], || {
                format!("there are two sources \"{}\"", raw.source)
            });
            sources.extend(self.webhook(raw, &index.to_string(), upstreams));
        }
        sources
    }

    fn webhook(&mut self, raw: &RawWebhook, index: &str, upstreams: &[Upstream]) -> Option<WebhookSource> {
        self.that(is_source(&raw.source), &["webhooks", index, "source"], || {
            "a source is 1 to 64 of a-z, 0-9 and `-`; it is the last part of the URL that the sender is given".into()
        });
        let named = |name: &str| is_binding(name);
        for (place, name) in raw.secrets.iter().enumerate() {
            let at = ["webhooks", index, "secrets", &place.to_string()];
            self.that(named(name), &at, || {
                "write the name of a Worker secret, such as \"STRIPE_WEBHOOK_SECRET\", not the secret itself".into()
            });
            self.that(raw.secrets.iter().position(|other| other == name) == Some(place), &at, || {
                "this is listed twice".into()
            });
        }
        if let Some(url) = &raw.url {
            self.that(is_registered_url(url), &["webhooks", index, "url"], || {
                "write the URL as it is registered with the sender, such as \"https://api.example.com/hooks/shop\""
                    .into()
            });
        }
        self.that((1..=MAX_BODY_BYTES).contains(&raw.max_body_bytes), &["webhooks", index, "max_body_bytes"], || {
            "write 1 to 20971520 (20 MiB) bytes; 1048576 is the default".into()
        });
        let queue = raw.mode == WebhookMode::Queue;
        self.that(raw.retry_seconds.is_none() || queue, &["webhooks", index, "retry_seconds"], || {
            "this goes with mode = \"queue\" alone: in mode \"direct\" the sender tries again".into()
        });
        let retry_seconds = raw.retry_seconds.unwrap_or(FIRST_RETRY_SECONDS as u16);
        let allowed = 1..=MAX_RETRY_SECONDS as u16;
        self.that(allowed.contains(&retry_seconds), &["webhooks", index, "retry_seconds"], || {
            format!("write 1 to {MAX_RETRY_SECONDS} seconds; {FIRST_RETRY_SECONDS} is the default")
        });
        let kept = raw.keep_bodies_hours <= MAX_KEEP_BODIES_HOURS.min(raw.remember_hours);
        self.that(kept, &["webhooks", index, "keep_bodies_hours"], || {
            format!("write 0 to {MAX_KEEP_BODIES_HOURS} hours, and no more than remember_hours; 0 keeps no body")
        });
        let upstreams = self.webhook_upstreams(raw, index, upstreams);
        let (mut scheme, notes, published) = self.webhook_scheme(raw, index)?;
        let jwks_url = self.jwks_url(raw, index, &scheme, published);
        self.that(!raw.secrets.is_empty() || jwks_url.is_some(), &["webhooks", index, "secrets"], || {
            "write the names of the Worker secrets that it signs with, such as [\"STRIPE_WEBHOOK_SECRET\"]; or, if it \
             publishes its keys, their address as `jwks_url`"
                .into()
        });
        self.tolerance(raw, index, &mut scheme);
        self.params(raw, index, &scheme);
        self.event_type(raw, index, &mut scheme);
        self.types_are_known(raw, index, &scheme);
        if raw.verification == VerificationMode::LogOnly {
            self.warning(
                &["webhooks", index, "verification"],
                "\"log-only\" hands on what anybody sends, with Keystile-Webhook-Unverified: write \"enforce\" as soon \
                 as the logs show that genuine deliveries pass",
            );
        }
        if raw.replays.is_none() && !scheme.event_id_signed() && !scheme.replay_protected() {
            self.warning(
                &["webhooks", index],
                "this sender signs neither an id nor a time, so whoever saw a delivery can send it again. Write \
                 replays = \"refuse-same-id\", which hands the same bytes on under another id, or \
                 \"refuse-same-bytes\", which loses a genuine event of the same bytes as another",
            );
        }
        Some(WebhookSource {
            source: raw.source.clone(),
            provider: raw.provider.clone(),
            scheme,
            notes,
            secrets: raw.secrets.clone(),
            jwks_url,
            params: raw.params.iter().map(|(name, value)| (name.clone(), value.clone())).collect(),
            url: raw.url.clone(),
            max_body_bytes: raw.max_body_bytes,
            upstreams,
            lists_upstreams: !raw.upstreams.is_empty(),
            verification: raw.verification,
            mode: raw.mode,
            replays: raw.replays.unwrap_or_default(),
            remember_hours: raw.remember_hours,
            keep_bodies_hours: raw.keep_bodies_hours,
            retry_seconds,
        })
    }

    /// The address of the sender's keys: the source's own, or that of all the provider's senders. Secrets alone pin the
    /// keys.
    fn jwks_url(
        &mut self,
        raw: &RawWebhook,
        index: &str,
        scheme: &Scheme,
        published: Option<String>,
    ) -> Option<String> {
        let Some(url) = &raw.jwks_url else { return published.filter(|_| raw.secrets.is_empty()) };
        let at = ["webhooks", index, "jwks_url"];
        self.that(is_public_url(url), &at, || {
            "write the https:// URL at which the sender publishes its keys, with a public name for its host, such as \
             \"https://example.kinde.com/.well-known/jwks\"; http is only for http://127.0.0.1"
                .into()
        });
        self.that(scheme.methods.iter().any(|method| method.algorithm.is_public_key()), &at, || {
            "this scheme has shared secrets, which nobody publishes; leave it out, and write `secrets`".into()
        });
        Some(url.clone())
    }

    /// The provider's scheme, or the source's own.
    fn webhook_scheme(&mut self, raw: &RawWebhook, index: &str) -> Option<Chosen> {
        match (&raw.provider, &raw.scheme) {
            (Some(id), None) => match provider(id, raw.accept_unconfirmed) {
                Ok(found) => return Some(found),
                Err(message) => self.mistake(&["webhooks", index, "provider"], message),
            },
            (None, Some(scheme)) => match Scheme::from_value(scheme.clone()) {
                Ok(scheme) => return Some((scheme, Vec::new(), None)),
                Err(mistakes) => {
                    for mistake in mistakes {
                        let at = ["webhooks", index, "scheme"].into_iter();
                        let at: Vec<&str> = at.chain(mistake.at.split('.').filter(|step| !step.is_empty())).collect();
                        self.mistake(&at, mistake.message);
                    }
                }
            },
            _ => self.mistake(
                &["webhooks", index],
                "write either provider = \"…\", an id of docs/reference/providers.md, or a [webhooks.scheme] of your own",
            ),
        }
        None
    }

    /// The source's own place of an event's type goes before the scheme's.
    fn event_type(&mut self, raw: &RawWebhook, index: &str, scheme: &mut Scheme) {
        let Some(text) = &raw.event_type else { return };
        let at = ["webhooks", index, "event_type"];
        match Place::parse(text) {
            Ok(place) => {
                scheme.event_type = Some(place);
                for mistake in scheme.check() {
                    self.mistake(&at, mistake.message);
                }
            }
            Err(error) => self.mistake(&at, error.to_string()),
        }
    }

    /// Checks the tolerance of time that the source accepts, and that deliveries are remembered for longer.
    fn tolerance(&mut self, raw: &RawWebhook, index: &str, scheme: &mut Scheme) {
        let rule = scheme.timestamp.as_mut().filter(|rule| rule.enforce);
        for (name, seconds) in [("past_seconds", raw.past_seconds), ("future_seconds", raw.future_seconds)] {
            let at = ["webhooks", index, name];
            self.that(seconds.is_none_or(|seconds| seconds <= MAX_TOLERANCE_SECONDS), &at, || {
                "write 0 to 604800 seconds, a week".into()
            });
            self.that(seconds.is_none() || rule.is_some(), &at, || {
                "this scheme has no time that is enforced; leave it out".into()
            });
        }
        let mut window = 0;
        if let Some(rule) = rule {
            rule.past = raw.past_seconds.unwrap_or(rule.past);
            rule.future = raw.future_seconds.unwrap_or(rule.future);
            window = u64::from(rule.past) + u64::from(rule.future);
        }
        let longer = u64::from(raw.remember_hours) * 3_600 > window;
        let at = ["webhooks", index, "remember_hours"];
        self.that(raw.remember_hours >= 1 && raw.remember_hours <= MAX_REMEMBER_HOURS && longer, &at, || {
            "write 1 to 720 hours, and more than the window of time that the source takes; 72 is the default".into()
        });
    }

    fn params(&mut self, raw: &RawWebhook, index: &str, scheme: &Scheme) {
        for name in &scheme.params {
            let set = raw.params.get(name).is_some_and(|value| !value.is_empty());
            self.that(set, &["webhooks", index, "params"], || {
                format!("this scheme needs a parameter: params = {{ {name} = \"…\" }}")
            });
        }
        for name in raw.params.keys() {
            self.that(scheme.params.contains(name), &["webhooks", index, "params", name], || {
                "this scheme has no such parameter".into()
            });
        }
    }
}

/// A scheme, its notes for operators, and the address of the keys of all its senders.
type Chosen = (Scheme, Vec<String>, Option<String>);

fn provider(id: &str, accept_unconfirmed: bool) -> Result<Chosen, String> {
    let provider = registry::provider(id).ok_or_else(|| {
        format!("there is no provider \"{id}\"; docs/reference/providers.md has them all by their ids")
    })?;
    if provider.unconfirmed && !accept_unconfirmed {
        return Err(format!(
            "how {} signs is known from one source alone ({}): try it with a real delivery, and write \
             accept_unconfirmed = true",
            provider.name, provider.evidence
        ));
    }
    Ok((provider.scheme.clone(), provider.note.iter().cloned().collect(), provider.jwks_url.clone()))
}

fn is_source(name: &str) -> bool {
    (1..=64).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

fn is_registered_url(url: &str) -> bool {
    let rest = url.strip_prefix("https://").or(url.strip_prefix("http://"));
    rest.is_some_and(|rest| {
        rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '[')
            && rest.bytes().all(|b| b.is_ascii_graphic())
            && !rest.contains(['#', '@', '\\'])
    })
}

/// Whether a URL has a host with a public name. A worker can't reach a private network, but another host that runs this
/// code could. Plain HTTP is only for this machine; `npm run deploy` refuses it.
pub(super) fn is_public_url(url: &str) -> bool {
    let plain = |rest: &str| rest.bytes().all(|b| b.is_ascii_graphic()) && !rest.contains(['#', '@', '\\']);
    if let Some(rest) = url.strip_prefix("http://127.0.0.1:") {
        return plain(rest);
    }
    let Some(rest) = url.strip_prefix("https://").filter(|rest| plain(rest)) else { return false };
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    let (host, port) = authority.split_once(':').unwrap_or((authority, "443"));
    let labels: Vec<&str> = host.split('.').collect();
    let label = |label: &&str| {
        !label.is_empty() && !label.starts_with('-') && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    let last = labels.last().copied().unwrap_or_default().to_ascii_lowercase();
    // An address of IPv4 ends with a number.
    let named = last.starts_with(|c: char| c.is_ascii_alphabetic());
    let private = ["localhost", "local", "internal", "test", "example", "invalid", "onion"];
    labels.len() > 1
        && labels.iter().all(label)
        && named
        && !private.contains(&last.as_str())
        && port.parse::<u16>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_fetched_from_public_hosts_by_name() {
        for url in [
            "https://www.googleapis.com/oauth2/v3/certs",
            "https://example.kinde.com/.well-known/jwks",
            "https://auth.example.com:9443/keys?client=a",
            "http://127.0.0.1:9999/keys",
        ] {
            assert!(is_public_url(url), "{url}");
        }
        for url in [
            "http://www.googleapis.com/oauth2/v3/certs",
            "https://localhost/keys",
            "https://keys.localhost/",
            "https://127.0.0.1/keys",
            "https://10.0.0.1/",
            "https://0x7f.1/",
            "https://2130706433/",
            "https://[::1]/keys",
            "https://169.254.169.254/latest",
            "https://metadata.google.internal/",
            "https://printer.local/",
            "https://intranet/keys",
            "https://user@example.com/",
            "https://example.com@10.0.0.1/",
            "https://example.com\\.evil.com/",
            "https://example.com/#keys",
            "https://example.com:port/",
            "https://example.com./",
            "https://",
            "http://127.0.0.1.example.com/",
            "ftp://example.com/",
        ] {
            assert!(!is_public_url(url), "{url}");
        }
    }
}
