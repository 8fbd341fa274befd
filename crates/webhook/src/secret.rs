//! Secrets: the configured texts are made into keys.

use alloc::{boxed::Box, string::String, vec::Vec};
use core::fmt;

use crate::{
    algorithm::{Algorithm, KeyForm, WebCrypto},
    encoding,
    jwk::{self, KeySetFault, NamedKey},
    mac::{self, Keyed},
    public_key::{PublicKey, without_version},
    scheme::{Scheme, SigningMethod},
};

/// The secrets of a receiver, made into keys once. Several are valid at the same time, so that one can be replaced
/// without a gap. `Debug` shows no key.
#[derive(Clone)]
pub struct Secrets {
    pub(crate) keys: Vec<Key>,
    pub(crate) count: usize,
    faults: Vec<SecretFault>,
}

/// A key for one of the scheme's methods.
#[derive(Clone)]
pub(crate) struct Key {
    /// The index of the secret that it was made from.
    pub(crate) secret: usize,
    /// The index of the method that it is for.
    pub(crate) method: usize,
    /// The `kid` of a JWK. Deliveries that name another key are not checked by this one.
    pub(crate) kid: Option<String>,
    /// Whether it is from a set (JWKS), which the sender may have changed since.
    from_set: bool,
    pub(crate) material: Material,
}

#[derive(Clone)]
pub(crate) enum Material {
    /// Only the bytes, for `sha1`, `sha256` and `equality`.
    Bytes(Vec<u8>),
    /// The bytes, and an HMAC with them as its key.
    Hmac(Vec<u8>, Box<Keyed>),
    Public(PublicKey),
}

/// A secret that can't be used, and the reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SecretFault {
    /// The secret's index in the list.
    pub index: usize,
    /// The problem with the secret.
    pub problem: SecretProblem,
}

/// The problem with a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretProblem {
    /// It is empty, or has nothing after its prefix.
    Empty,
    /// It begins or ends with white space.
    Surrounded,
    /// It stands in quotation marks, which can't belong to it.
    Quoted,
    /// It has characters beyond ASCII, which must be normalised, and nothing here can do that.
    NotNormalised,
    /// It doesn't have this form.
    Malformed(KeyForm),
    /// It is a set of keys (JWKS) that can't be used.
    KeySet(KeySetFault),
    /// It is a public or private key, where a shared secret is expected.
    NotShared,
}

impl fmt::Display for SecretFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret {} ", self.index + 1)?;
        match self.problem {
            SecretProblem::Empty => f.write_str("is empty."),
            SecretProblem::Surrounded => {
                f.write_str("begins or ends with a space or a line end; copy it without, or set it with `printf %s`.")
            }
            SecretProblem::Quoted => f.write_str("stands in quotation marks; set it without them."),
            SecretProblem::NotNormalised => f.write_str("has characters beyond ASCII, which can't be normalised here."),
            SecretProblem::Malformed(form) => write!(f, "is not written as `key = \"{form}\"` says."),
            SecretProblem::KeySet(fault) => write!(f, "is a set of keys that {fault}."),
            SecretProblem::NotShared => f.write_str("is one of a key pair, where the shared secret is needed."),
        }
    }
}

impl core::error::Error for SecretFault {}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secrets").field("count", &self.count).field("faults", &self.faults).finish_non_exhaustive()
    }
}

impl Secrets {
    /// The algorithms and keys of all HMACs. They include the key of every pending check of an HMAC, so a caller can
    /// import them in advance.
    pub fn hmac_keys(&self, scheme: &Scheme) -> impl Iterator<Item = (WebCrypto, &[u8])> {
        self.keys.iter().filter_map(|key| match &key.material {
            Material::Hmac(raw, _) => Some((scheme.methods.get(key.method)?.algorithm.web_crypto()?, raw.as_slice())),
            _ => None,
        })
    }

    /// Makes secrets into keys. A secret that can't be used is listed in the [`faults`](Self::faults), and doesn't
    /// affect the others.
    #[must_use]
    pub fn parse(scheme: &Scheme, secrets: &[&str]) -> Self {
        Self::parse_with(scheme, secrets, nfkd)
    }

    /// Makes secrets into keys as [`parse`](Self::parse) does, with the caller's `nfkd` for secrets beyond ASCII. A
    /// platform has it (`String.prototype.normalize`); the engine's own, by the feature `nfkd`, has tables of 40 KiB.
    #[must_use]
    pub fn parse_with(scheme: &Scheme, secrets: &[&str], nfkd: Nfkd) -> Self {
        let mut parsed = Self { keys: Vec::new(), count: secrets.len(), faults: Vec::new() };
        for (index, secret) in secrets.iter().enumerate() {
            let before = parsed.keys.len();
            let mut problem = None;
            for (method, form) in scheme.methods.iter().enumerate() {
                match materials(form, secret, nfkd) {
                    Ok(materials) => {
                        let from_set = form.algorithm.is_public_key() && jwk::is_set(secret);
                        let key = |(kid, material)| Key { secret: index, method, kid, from_set, material };
                        parsed.keys.extend(materials.into_iter().map(key));
                    }
                    Err(found) => problem = problem.or(Some(found)),
                }
            }
            if parsed.keys.len() == before {
                parsed.faults.push(SecretFault { index, problem: problem.unwrap_or(SecretProblem::Empty) });
            }
        }
        parsed
    }

    /// The secrets of one whose key is known, for each method that has a shared secret.
    #[cfg(feature = "explain")]
    pub(crate) fn of_key(scheme: &Scheme, key: &[u8]) -> Self {
        let methods = scheme.methods.iter().enumerate();
        let keys = methods.filter_map(|(method, rule)| {
            let material = keyed(rule.algorithm, key.to_vec())?;
            Some(Key { secret: 0, method, kid: None, from_set: false, material })
        });
        Self { keys: keys.collect(), count: 1, faults: Vec::new() }
    }

    /// The secrets that can't be used.
    #[must_use]
    pub fn faults(&self) -> &[SecretFault] {
        &self.faults
    }

    /// The bytes of the shared secrets, for a platform that computes HMACs itself.
    pub fn shared_keys(&self) -> impl Iterator<Item = &[u8]> {
        self.keys.iter().map(Key::bytes).filter(|bytes| !bytes.is_empty())
    }

    /// Whether a delivery that none of these keys signed may be signed with another key of the sender's: these have
    /// names or are a set, and the delivery names none of them.
    pub(crate) fn may_lack(&self, kid: Option<&str>) -> bool {
        let named = |key: &Key| kid.is_some() && key.kid.as_deref() == kid;
        let change = |key: &Key| key.from_set || kid.is_some() && key.kid.is_some();
        self.keys.iter().any(change) && !self.keys.iter().any(named)
    }

    /// Whether none of the secrets can be used.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }
}

/// Makes the normal form NFKD of a text; `None` if that can't be done.
pub type Nfkd = fn(&str) -> Option<String>;

/// The normal form NFKD, if the tables for it are compiled in. ASCII is the same in every normal form.
pub(crate) fn nfkd(text: &str) -> Option<String> {
    #[cfg(feature = "nfkd")]
    {
        Some(icu_normalizer::DecomposingNormalizerBorrowed::new_nfkd().normalize(text).into_owned())
    }
    #[cfg(not(feature = "nfkd"))]
    text.is_ascii().then(|| text.into())
}

/// The keys that a secret stands for, each with its `kid`.
fn materials(
    method: &SigningMethod,
    secret: &str,
    nfkd: Nfkd,
) -> Result<Vec<(Option<String>, Material)>, SecretProblem> {
    if secret.trim().is_empty() {
        return Err(SecretProblem::Empty);
    }
    let named = |NamedKey { kid, key }| (kid, Material::Public(key));
    // A sender that publishes a set of keys may show one of them in another form.
    if method.algorithm.is_public_key() && jwk::is_set(secret) {
        let keys = jwk::set(secret, method.algorithm).map_err(SecretProblem::KeySet)?;
        return Ok(keys.into_iter().map(named).collect());
    }
    // Files of keys end with a line break; other secrets don't.
    if secret.trim() != secret && !matches!(method.key, KeyForm::Pem | KeyForm::Jwk) {
        return Err(SecretProblem::Surrounded);
    }
    if !method.key.is_text() && is_quoted(secret) {
        return Err(SecretProblem::Quoted);
    }
    if method.algorithm.is_public_key() {
        let key = match method.key {
            KeyForm::Jwk => jwk::one(secret.as_bytes(), method.algorithm),
            form => PublicKey::parse(form, method.algorithm, secret).map(|key| NamedKey { kid: None, key }),
        };
        return Ok(alloc::vec![named(key.ok_or(SecretProblem::Malformed(method.key))?)]);
    }
    // A public key must never be taken for a shared secret.
    if ["whpk_", "whsk_"].iter().any(|head| without_version(secret).starts_with(head))
        || secret.contains("-----BEGIN ")
        || jwk::is_set(secret)
        || jwk::is_key(secret)
    {
        return Err(SecretProblem::NotShared);
    }
    let keys = shared(method.key, secret, nfkd)?;
    // This is checked after derivation, since the hex or base64 of an empty text is empty.
    let keyed = |key| Some((None, keyed(method.algorithm, key)?));
    let keys: Vec<_> = keys.into_iter().filter(|key| !key.is_empty()).filter_map(keyed).collect();
    if keys.is_empty() { Err(SecretProblem::Empty) } else { Ok(keys) }
}

/// The key of these bytes for an algorithm with a shared secret.
fn keyed(algorithm: Algorithm, key: Vec<u8>) -> Option<Material> {
    match algorithm {
        Algorithm::Sha1 | Algorithm::Sha256 | Algorithm::Equality => Some(Material::Bytes(key)),
        algorithm => Keyed::new(algorithm, &key).map(|keyed| Material::Hmac(key, Box::new(keyed))),
    }
}

/// The keys that a shared secret can stand for: one, except in the form of Polar.
fn shared(form: KeyForm, secret: &str, nfkd: Nfkd) -> Result<Vec<Vec<u8>>, SecretProblem> {
    let malformed = SecretProblem::Malformed(form);
    let bytes = || secret.as_bytes().to_vec();
    let prefixed = without_version(secret).strip_prefix("whsec_");
    if prefixed.is_some_and(|rest| rest.trim().is_empty()) {
        return Err(SecretProblem::Empty);
    }
    let one = match form {
        KeyForm::Base64 => encoding::from_base64_lenient(secret).ok_or(malformed)?,
        KeyForm::Hex => encoding::from_hex(secret).ok_or(malformed)?,
        KeyForm::Whsec => encoding::from_base64_lenient(prefixed.unwrap_or(secret)).ok_or(malformed)?,
        KeyForm::WhsecOrUtf8 => match prefixed {
            Some(rest) => encoding::from_base64_lenient(rest).ok_or(malformed)?,
            None => bytes(),
        },
        KeyForm::WhsecAndUtf8 => {
            let decoded = encoding::from_base64_lenient(prefixed.unwrap_or(secret));
            return Ok(core::iter::once(bytes()).chain(decoded).collect());
        }
        KeyForm::Sha1 => mac::sha1(&[secret.as_bytes().into()]).to_vec(),
        KeyForm::Nfkd => nfkd(secret).ok_or(SecretProblem::NotNormalised)?.into_bytes(),
        _ => bytes(),
    };
    Ok(alloc::vec![one])
}

/// Whether a pair of quotation marks stands around the secret.
fn is_quoted(secret: &str) -> bool {
    let inner = |mark: char| secret.strip_prefix(mark).is_some_and(|rest| rest.ends_with(mark));
    ['"', '\'', '`'].into_iter().any(inner)
}

impl Key {
    /// Whether a delivery that names this key, or none, may be signed with it.
    pub(crate) fn is_for(&self, kid: Option<&str>) -> bool {
        self.kid.is_none() || kid.is_none() || self.kid.as_deref() == kid
    }

    /// The bytes of a shared secret, which may be part of the message; empty for a public key.
    pub(crate) fn bytes(&self) -> &[u8] {
        match &self.material {
            Material::Bytes(key) | Material::Hmac(key, _) => key,
            Material::Public(_) => &[],
        }
    }
}

#[cfg(feature = "explain")]
impl Key {
    /// The bytes of the key, or of the public key.
    pub(crate) fn identity(&self) -> &[u8] {
        match &self.material {
            Material::Public(public) => &public.spki,
            _ => self.bytes(),
        }
    }
}

/// Shows a redacted name for logs. Nothing here ever prints a key.
impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key of secret {}", self.secret)
    }
}
