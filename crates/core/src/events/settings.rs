//! The settings of an endpoint, as its ledger stores them: what operators set, and the secrets that sign.

use alloc::{
    string::{String, ToString as _},
    vec::Vec,
};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{
    event_type::EventType,
    sealing::{self, NONCE_BYTES},
    secret::NewSecret,
    terms::{EndpointTerms, SealedSecret, SignatureKind},
};
use crate::{
    base::{
        id::{EndpointId, TenantId},
        timestamp::Timestamp,
    },
    key::keyring::Keyring,
};

/// The maximum number of secrets that sign at the same time. One more rotation ends the oldest at once.
pub const MAX_SECRETS: usize = 5;

/// The settings. Their stored form only ever gains members, each with a default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndpointSettings {
    /// The id.
    pub id: EndpointId,
    /// The address, a normalised URL.
    pub url: String,
    /// The types of events that it gets, sorted; all if there are none.
    pub types: Vec<EventType>,
    /// The way in which its events are signed.
    pub signature: SignatureKind,
    /// Words of an operator; empty if there are none.
    pub description: String,
    /// Whether its events wait.
    pub paused: bool,
    /// The secrets that sign, the newest first.
    pub secrets: Vec<EndpointSecret>,
    /// The time of creation.
    pub created_at: Timestamp,
    /// The version, which rises with each change.
    pub version: u64,
    /// The version at which somebody last made it active.
    #[serde(default)]
    pub active_since: u64,
}

/// A secret of an endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndpointSecret {
    /// The secret, sealed (see [`sealing`]).
    pub sealed: String,
    /// The public key, `whpk_…`; `None` if the secret is shared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public_key: Option<String>,
    /// The time from which it signs no more; `None` for the newest secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

impl EndpointSecret {
    /// Seals a secret that was just drawn. `nonce` is random, and used once. `None` only if AES-GCM fails.
    #[must_use]
    pub fn new(keyring: &Keyring, endpoint: &EndpointId, secret: &NewSecret, nonce: [u8; NONCE_BYTES]) -> Option<Self> {
        let sealed = sealing::seal(keyring, endpoint, &secret.text, nonce)?;
        Some(Self { sealed, public_key: secret.public_key.clone(), until: None })
    }
}

/// The request for an endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the members are those of the settings")]
pub struct NewEndpoint {
    pub url: String,
    pub types: Vec<EventType>,
    pub signature: SignatureKind,
    pub description: String,
}

/// The changes of a merge patch (RFC 7396) to an endpoint. `None` leaves a setting as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the members are those of the settings")]
pub struct EndpointPatch {
    pub url: Option<String>,
    pub types: Option<Vec<EventType>>,
    pub description: Option<String>,
    pub paused: Option<bool>,
}

impl EndpointSettings {
    /// A new endpoint with its first secret.
    #[must_use]
    pub fn create(id: EndpointId, new: NewEndpoint, secret: EndpointSecret, now: Timestamp) -> Self {
        let NewEndpoint { url, types, signature, description } = new;
        let version = next_version(0, now);
        Self {
            id,
            url,
            types,
            signature,
            description,
            paused: false,
            secrets: alloc::vec![secret],
            created_at: now,
            version,
            active_since: version,
        }
    }

    /// The settings after a patch. If nothing changes, they have the same version. `anew`: the endpoint had disabled
    /// itself, and the patch makes it active again.
    #[must_use]
    pub fn patched(&self, patch: EndpointPatch, anew: bool, now: Timestamp) -> Self {
        let EndpointPatch { url, types, description, paused } = patch;
        let patched = Self {
            url: url.unwrap_or_else(|| self.url.clone()),
            types: types.unwrap_or_else(|| self.types.clone()),
            description: description.unwrap_or_else(|| self.description.clone()),
            paused: paused.unwrap_or(self.paused),
            ..self.clone()
        };
        if patched == *self && !anew {
            return patched;
        }
        let is_made_active = anew || self.paused && !patched.paused;
        let next = patched.next(now);
        if is_made_active { Self { active_since: next.version, ..next } } else { next }
    }

    /// The settings with another newest secret. The others sign beside it for `overlap_ms` at most, and no longer than
    /// they would have.
    #[must_use]
    pub fn rotated(&self, secret: EndpointSecret, overlap_ms: i64, now: Timestamp) -> Self {
        let end = now.plus_millis(overlap_ms);
        let until = |old: &EndpointSecret| Some(old.until.map_or(end, |until| until.min(end)));
        let olds = self.secrets.iter().map(|old| EndpointSecret { until: until(old), ..old.clone() });
        let living = olds.filter(|old| old.until.is_some_and(|until| now < until));
        let secrets = core::iter::once(secret).chain(living).take(MAX_SECRETS).collect();
        Self { secrets, ..self.clone() }.next(now)
    }

    /// The settings with all living secrets sealed by the newest secret of the deployment; `None` if they are already,
    /// or can't be opened. `nonce` draws a random one for each secret.
    ///
    /// # Errors
    /// Those of `nonce`.
    pub fn resealed<E>(
        &self,
        keyring: &Keyring,
        now: Timestamp,
        mut nonce: impl FnMut() -> Result<[u8; NONCE_BYTES], E>,
    ) -> Result<Option<Self>, E> {
        let mut resealed = self.clone();
        resealed.secrets.retain(|secret| secret.until.is_none_or(|until| now < until));
        let mut changed = false;
        for secret in resealed.secrets.iter_mut().filter(|secret| !sealing::is_by_newest(keyring, &secret.sealed)) {
            let Some(text) = sealing::open(keyring, &self.id, &secret.sealed) else { continue };
            if let Some(sealed) = sealing::seal(keyring, &self.id, &text, nonce()?) {
                secret.sealed = sealed;
                changed = true;
            }
        }
        Ok(changed.then(|| resealed.next(now)))
    }

    /// Whether a secret that signs can't be opened any more.
    #[must_use]
    pub fn has_lost_a_secret(&self, keyring: &Keyring, now: Timestamp) -> bool {
        let signs = |secret: &&EndpointSecret| secret.until.is_none_or(|until| now < until);
        let is_lost = |secret: &EndpointSecret| {
            !sealing::is_by_newest(keyring, &secret.sealed)
                && sealing::open(keyring, &self.id, &secret.sealed).is_none()
        };
        self.secrets.iter().filter(signs).any(is_lost)
    }

    /// The endpoint as the router is told of it.
    #[must_use]
    pub fn terms(&self, tenant: Option<&TenantId>) -> EndpointTerms {
        let secret = |secret: &EndpointSecret| SealedSecret { sealed: secret.sealed.clone(), until: secret.until };
        EndpointTerms {
            id: self.id.clone(),
            tenant: tenant.cloned(),
            url: self.url.clone(),
            types: self.types.clone(),
            paused: self.paused,
            signature: self.signature,
            secrets: self.secrets.iter().map(secret).collect(),
            version: self.version,
            active_since: self.active_since,
        }
    }

    /// The latest time at which one of the replaced secrets still signs.
    #[must_use]
    pub fn previous_secret_ends_at(&self, now: Timestamp) -> Option<Timestamp> {
        self.secrets.iter().filter_map(|secret| secret.until).filter(|until| now < *until).max()
    }

    fn next(self, now: Timestamp) -> Self {
        Self { version: next_version(self.version, now), ..self }
    }
}

/// The version after this one. It follows the clock, so that nobody has a higher one of a time that the ledger has lost.
#[must_use]
pub fn next_version(version: u64, now: Timestamp) -> u64 {
    u64::try_from(now.as_millis()).unwrap_or_default().max(version + 1)
}

/// The difference that a change made, for the audit log: `{"status": {"from": "active", "to": "paused"}}`. Of an endpoint
/// that was just made, or deleted, all that it has.
#[must_use]
pub fn difference(before: Option<&EndpointSettings>, after: Option<&EndpointSettings>) -> Map<String, Value> {
    let facts = |settings: Option<&EndpointSettings>| {
        settings.map_or_else(
            || [Value::Null, Value::Null, Value::Null, Value::Null, Value::Null],
            |settings| {
                let EndpointSettings { id: _, url, types, signature, description, paused, .. } = settings;
                [
                    // A list of all types says nothing that "all" doesn't.
                    if types.is_empty() { json!("all") } else { json!(types) },
                    json!(signature),
                    json!(Some(description).filter(|text| !text.is_empty())),
                    json!(if *paused { "paused" } else { "active" }),
                    json!(without_path(url)),
                ]
            },
        )
    };
    let names = ["types", "signature", "description", "status", "url"];
    let url_changed = before.map(|it| &it.url) != after.map(|it| &it.url);
    let both = names.into_iter().zip(facts(before)).zip(facts(after));
    both.filter(|((name, from), to)| from != to || (*name == "url" && url_changed))
        .map(|((name, from), to)| (name.into(), json!({ "from": from, "to": to })))
        .collect()
}

/// The scheme and the host of a URL. What follows is often a secret of the receiver's, which has no place in a log or in
/// what others get.
#[must_use]
pub fn without_path(url: &str) -> String {
    let after_scheme = url.find("://").map_or(0, |at| at + 3);
    let path = url.get(after_scheme..).and_then(|rest| rest.find(['/', '?'])).map(|at| after_scheme + at);
    match path.map(|at| url.split_at(at)) {
        Some((host, path)) if path.len() > 1 => [host, "/…"].concat(),
        Some((host, _)) => host.to_string(),
        None => url.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::secret::SECRET_RANDOM_BYTES;
    use alloc::format;
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    use core::convert::Infallible;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const NOW: Timestamp = Timestamp::from_millis(1_750_000_000_123);
    const HOUR: i64 = 3_600_000;

    fn keyring(secrets: &[u8]) -> Keyring {
        let secrets: Vec<String> = secrets.iter().map(|byte| STANDARD.encode([*byte; 32])).collect();
        Keyring::parse(&secrets.join(",")).unwrap()
    }

    fn id() -> EndpointId {
        EndpointId::parse("ep_4bTzV9cXk07Hq2mN1pRs").unwrap()
    }

    fn secret(byte: u8) -> EndpointSecret {
        let drawn = NewSecret::from_random(SignatureKind::V1, &[byte; SECRET_RANDOM_BYTES]);
        EndpointSecret::new(&keyring(&[1]), &id(), &drawn, [byte; NONCE_BYTES]).unwrap()
    }

    fn settings() -> EndpointSettings {
        let new = NewEndpoint {
            url: "https://hooks.example.com/in?token=t".into(),
            types: alloc::vec![EventType::KeyRevoked],
            signature: SignatureKind::V1,
            description: "Billing".into(),
        };
        EndpointSettings::create(id(), new, secret(1), NOW)
    }

    #[test]
    fn the_stored_form_is_golden() {
        let stored = r#"{"id":"ep_4bTzV9cXk07Hq2mN1pRs","url":"https://hooks.example.com/in?token=t","types":["key.revoked"],"signature":"v1","description":"Billing","paused":false,"secrets":[{"sealed":"x"},{"sealed":"y","public_key":"whpk_y","until":5}],"created_at":1750000000123,"version":1750000000123,"active_since":1750000000123}"#;
        let read: EndpointSettings = serde_json::from_str(stored).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), stored);
        assert_eq!(EndpointSettings { secrets: settings().secrets, ..read }, settings());
    }

    #[test]
    fn a_patch_changes_what_it_names_and_the_version_with_it() {
        let before = settings();
        let same = EndpointPatch { paused: Some(false), url: Some(before.url.clone()), ..EndpointPatch::default() };
        assert_eq!(before.patched(same.clone(), false, NOW), before);
        let anew = before.patched(same, true, NOW);
        let next = before.version + 1;
        assert_eq!(anew, EndpointSettings { version: next, active_since: next, ..before.clone() });
        let patch =
            EndpointPatch { types: Some(Vec::new()), description: Some(String::new()), ..EndpointPatch::default() };
        let after = before.patched(patch, false, NOW.plus_millis(HOUR));
        assert_eq!((after.types.len(), after.description.as_str(), after.paused), (0, "", false));
        assert_eq!((after.version, after.active_since), (before.version + HOUR as u64, before.active_since));
    }

    #[test]
    fn only_making_it_active_ends_a_disabling() {
        let status = |paused| EndpointPatch { paused: Some(paused), ..EndpointPatch::default() };
        let paused = settings().patched(status(true), false, NOW);
        let resumed = paused.patched(status(false), false, NOW);
        assert_eq!((paused.active_since, resumed.active_since), (settings().active_since, resumed.version));
        assert_eq!(resumed.rotated(secret(2), HOUR, NOW).active_since, resumed.active_since);
    }

    #[test]
    fn replaced_secrets_sign_for_the_overlap_and_a_rotation_without_one_ends_them_all() {
        let first = settings();
        let second = first.rotated(secret(2), HOUR, NOW);
        assert_eq!(second.secrets.len(), 2);
        assert_eq!(second.previous_secret_ends_at(NOW), Some(NOW.plus_millis(HOUR)));
        assert_eq!(second.previous_secret_ends_at(NOW.plus_millis(HOUR)), None);
        // A longer overlap of the next rotation doesn't lengthen that of the first.
        let third = second.rotated(secret(3), 2 * HOUR, NOW);
        let ends: Vec<_> = third.secrets.iter().map(|secret| secret.until).collect();
        assert_eq!(ends, [None, Some(NOW.plus_millis(2 * HOUR)), Some(NOW.plus_millis(HOUR))]);
        assert_eq!(third.rotated(secret(4), 0, NOW).secrets, [secret(4)]);
        let later = third.rotated(secret(4), HOUR, NOW.plus_millis(90 * 60_000));
        assert_eq!(later.secrets.len(), 3, "the first secret is over");
    }

    #[test]
    fn so_many_secrets_sign_at_most() {
        let rotate = |settings: EndpointSettings, byte| settings.rotated(secret(byte), HOUR, NOW);
        let rotated = (2..10).fold(settings(), rotate);
        assert_eq!(rotated.secrets.len(), MAX_SECRETS);
        assert_eq!(rotated.secrets.first(), Some(&secret(9)));
    }

    #[test]
    fn secrets_move_to_the_newest_secret_of_the_deployment() {
        let mut last = 0;
        let mut nonce = || {
            last += 1;
            Ok::<_, Infallible>([last; NONCE_BYTES])
        };
        let before = settings().rotated(secret(2), HOUR, NOW);
        assert_eq!(before.resealed(&keyring(&[1]), NOW, &mut nonce).unwrap(), None);
        assert_eq!(before.resealed(&keyring(&[9]), NOW, &mut nonce).unwrap(), None, "nothing can be opened");
        assert!(before.has_lost_a_secret(&keyring(&[9]), NOW) && !before.has_lost_a_secret(&keyring(&[2, 1]), NOW));
        let both = keyring(&[2, 1]);
        let after = before.resealed(&both, NOW, &mut nonce).unwrap().unwrap();
        assert!(after.version > before.version);
        for (old, new) in before.secrets.iter().zip(&after.secrets) {
            assert!(sealing::is_by_newest(&both, &new.sealed));
            let opened = sealing::open(&keyring(&[2]), &id(), &new.sealed);
            assert_eq!(opened, sealing::open(&keyring(&[1]), &id(), &old.sealed));
            assert_eq!(new.until, old.until);
        }
        let over = before.resealed(&both, NOW.plus_millis(HOUR), &mut nonce).unwrap().unwrap();
        assert_eq!(over.secrets.len(), 1, "what signs no more isn't moved");
    }

    #[test]
    fn the_router_is_told_everything_that_it_needs() {
        let settings = settings().rotated(secret(2), HOUR, NOW);
        let tenant = TenantId::parse("acme");
        let terms = settings.terms(tenant.as_ref());
        assert_eq!((&terms.id, &terms.tenant, &terms.url), (&settings.id, &tenant, &settings.url));
        let ends: Vec<_> = terms.secrets.iter().map(|secret| secret.until).collect();
        assert_eq!(ends, [None, Some(NOW.plus_millis(HOUR))]);
        assert_eq!((terms.version, terms.paused), (settings.version, false));
    }

    #[test]
    fn the_audit_log_has_what_changed_and_of_an_address_only_the_host() {
        let before = settings();
        let made = difference(None, Some(&before));
        assert_eq!(made["url"]["to"], "https://hooks.example.com/…");
        assert_eq!(made.keys().collect::<Vec<_>>(), ["description", "signature", "status", "types", "url"]);
        let patch = EndpointPatch {
            url: Some("https://hooks.example.com/other".into()),
            paused: Some(true),
            ..EndpointPatch::default()
        };
        let changed = difference(Some(&before), Some(&before.patched(patch, false, NOW)));
        assert_eq!(changed["status"], json!({ "from": "active", "to": "paused" }));
        assert_eq!(changed.keys().collect::<Vec<_>>(), ["status", "url"], "another path is another address");
        assert!(!format!("{made:?}{changed:?}").contains("token"));
        assert_eq!(difference(Some(&before), None)["types"], json!({ "from": ["key.revoked"], "to": null }));
        for (url, logged) in [
            ("https://example.com/", "https://example.com"),
            ("https://example.com:8443/x", "https://example.com:8443/…"),
            ("https://example.com?x", "https://example.com/…"),
        ] {
            assert_eq!(without_path(url), logged);
        }
    }
}
