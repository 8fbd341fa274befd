//! The keyring: it mints keys, checks tags, and addresses and seals values in KV, all with `KEYSTILE_SECRET`.
//!
//! The variable holds one or several secrets, newest first, each 32 bytes or more in base64. New keys are tagged with
//! the first secret. A tag is accepted if any of the secrets made it, so rotating a secret invalidates no key.
//!
//! The tag is the last 6 characters of a key. It comes from the HMAC-SHA256 of all characters before it: the first 8
//! bytes of the MAC, as a big-endian number modulo 62^6, are written in base62.
//!
//! From each secret five subkeys are derived by HKDF-SHA256 (RFC 5869) with versioned labels:
//!
//! | label | purpose |
//! |---|---|
//! | `keystile/v1/tag/api` | the tag of API keys |
//! | `keystile/v1/tag/operator` | the tag of operator keys, so that neither sort passes for the other |
//! | `keystile/v1/lookup` | a key's address in KV |
//! | `keystile/v1/seal` | the seal on the value at that address |
//! | `keystile/v1/endpoint-secrets` | encrypts the secrets that sign events (`core::events::sealing`) |
//! | `keystile/v1/export` | the seal on the pages of an export |
//!
//! A fifth, `keystile/v1/usage-export`, [signs exports of uses](crate::usage::export).
//!
//! The seal binds a value to its address. An attacker who can write to KV but does not know the secret can neither
//! invent a record nor copy another key's record to the address of their own key.

use alloc::{string::String, vec::Vec};
use core::{error::Error, fmt};

use base64ct::{Base64, Base64Unpadded, Base64UrlUnpadded, Encoding as _};
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

use super::{
    digest::KeyDigest,
    environment::Environment,
    forms::KeyForms,
    plain_key::PlainKey,
    prefix::KeyPrefix,
    shape::{IssuedKind, KeyShape, OPERATOR_PREFIX, ParseKeyError, RANDOM_LEN, TAG_LEN, head},
};
use crate::base::{base62, id::TenantId};

/// The number of random bytes that [`Keyring::mint_api_key`] needs.
pub const MINT_RANDOM_BYTES: usize = 2 * RANDOM_LEN;

type HmacSha256 = Hmac<Sha256>;

/// The subkeys of every configured secret, newest first. Never empty.
pub struct Keyring {
    newest: Subkeys,
    older: Vec<Subkeys>,
}

impl Keyring {
    /// Parses the value of `KEYSTILE_SECRET`.
    ///
    /// # Errors
    /// The mistake, and the place of the wrong secret, without repeating the secret.
    pub fn parse(value: &str) -> Result<Self, KeyringError> {
        let mut subkeys = Vec::new();
        for (index, secret) in decoded(value)?.iter().enumerate() {
            subkeys.push(Subkeys::derive(secret).ok_or(KeyringError::TooShort { position: index + 1 })?);
        }
        let mut subkeys = subkeys.into_iter();
        let newest = subkeys.next().ok_or(KeyringError::Empty { position: 1 })?;
        Ok(Self { newest, older: subkeys.collect() })
    }

    /// Mints a tenant's key from at least [`MINT_RANDOM_BYTES`] random bytes.
    ///
    /// # Errors
    /// [`MintError`] if the bytes run out.
    pub fn mint_api_key(
        &self,
        prefix: &KeyPrefix,
        environment: Environment,
        random: &[u8],
    ) -> Result<PlainKey, MintError> {
        let kind = IssuedKind::Api(environment);
        self.mint(head(kind, prefix), kind, random)
    }

    /// Mints an operator's key from at least [`MINT_RANDOM_BYTES`] random bytes.
    ///
    /// # Errors
    /// [`MintError`] if the bytes run out.
    pub fn mint_operator_key(&self, random: &[u8]) -> Result<PlainKey, MintError> {
        let mut head = String::from(OPERATOR_PREFIX);
        head.push('_');
        self.mint(head, IssuedKind::Operator, random)
    }

    fn mint(&self, head: String, kind: IssuedKind, random: &[u8]) -> Result<PlainKey, MintError> {
        let drawn = base62::draw::<RANDOM_LEN>(random).ok_or(MintError)?;
        let mut text = head;
        text.extend(drawn.map(char::from));
        let tag = self.newest.tag(kind, &text);
        text.extend(tag.map(char::from));
        Ok(PlainKey::issued(text, kind))
    }

    /// Parses a tenant's key before any storage is read, and checks its tag if it was issued here. An imported key has
    /// no tag; only its form is checked.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn parse_api_key(&self, text: &str, forms: KeyForms<'_>) -> Result<PlainKey, ParseKeyError> {
        if forms.begins_as_imported(text) {
            return PlainKey::parse_imported(text);
        }
        self.checked(text, KeyShape::parse(text, forms.prefixes)?)
    }

    /// Parses an operator's key and checks its tag. `forms` are those of API keys, which are told apart.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn parse_operator_key(&self, text: &str, forms: KeyForms<'_>) -> Result<PlainKey, ParseKeyError> {
        match KeyShape::parse_operator(text) {
            Ok(shape) => self.checked(text, shape),
            Err(_) if self.parse_api_key(text, forms).is_ok() => Err(ParseKeyError::NeedsOperator),
            Err(error) => Err(error),
        }
    }

    fn checked(&self, text: &str, shape: KeyShape<'_>) -> Result<PlainKey, ParseKeyError> {
        let matches = |subkeys: &Subkeys| bool::from(subkeys.tag(shape.kind, shape.tagged).ct_eq(shape.tag.as_bytes()));
        if !self.all().any(matches) {
            return Err(ParseKeyError::BadTag);
        }
        Ok(PlainKey::issued(text.into(), shape.kind))
    }

    /// The possible places of a key's record in KV, newest secret first.
    pub fn slots(&self, digest: &KeyDigest) -> impl Iterator<Item = KvSlot<'_>> {
        let digest = *digest;
        self.all().map(move |subkeys| subkeys.slot("k1/", digest.as_bytes()))
    }

    /// The possible places of a tenant's status in KV, newest secret first.
    pub fn tenant_status_slots(&self, tenant: &TenantId) -> impl Iterator<Item = KvSlot<'_>> {
        // This can't collide with a key's digest: one of 32 bytes that begins so would have to be found.
        let mut id = Vec::from(*b"tenant\0");
        id.extend_from_slice(tenant.as_str().as_bytes());
        self.all().map(move |subkeys| subkeys.slot("t1/", &id))
    }

    /// Seals a text of an export with the newest secret: `{text}.{fingerprint}.{seal}`. The text has no dot.
    #[must_use]
    pub fn seal_export(&self, text: &str) -> String {
        let Subkeys { fingerprint, export, .. } = &self.newest;
        let seal = export.clone().chain_update(text.as_bytes()).finalize().into_bytes();
        [text, fingerprint, &Base64UrlUnpadded::encode_string(&seal)].join(".")
    }

    /// The text that was sealed by [`seal_export`](Self::seal_export), with any of the secrets.
    ///
    /// # Errors
    /// The fingerprint of the secret that is missing, or that nobody with such a secret sealed this.
    pub fn open_export<'t>(&self, sealed: &'t str) -> Result<&'t str, OpenExportError> {
        let mut parts = sealed.splitn(3, '.');
        let (Some(text), Some(fingerprint), Some(seal)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(OpenExportError::Broken);
        };
        let subkeys = self.all().find(|subkeys| subkeys.fingerprint == fingerprint);
        let subkeys = subkeys.ok_or_else(|| OpenExportError::MissingSecret(fingerprint.into()))?;
        let seal = Base64UrlUnpadded::decode_vec(seal).map_err(|_| OpenExportError::Broken)?;
        let mac = subkeys.export.clone().chain_update(text.as_bytes());
        mac.verify_slice(&seal).map(|()| text).map_err(|_| OpenExportError::Broken)
    }

    /// The fingerprint of the newest secret, which new records store.
    #[must_use]
    pub fn newest_fingerprint(&self) -> &str {
        &self.newest.fingerprint
    }

    /// The fingerprints of all secrets, newest first.
    pub fn fingerprints(&self) -> impl Iterator<Item = &str> {
        self.all().map(|subkeys| subkeys.fingerprint.as_str())
    }

    fn all(&self) -> impl Iterator<Item = &Subkeys> {
        core::iter::once(&self.newest).chain(&self.older)
    }
}

/// The secrets in the value of `KEYSTILE_SECRET`, newest first.
///
/// # Errors
/// As for [`Keyring::parse`].
pub(crate) fn decoded(value: &str) -> Result<Vec<Vec<u8>>, KeyringError> {
    let secret = |(index, text): (usize, &str)| {
        let position = index + 1;
        if text.is_empty() {
            return Err(KeyringError::Empty { position });
        }
        let secret = Base64::decode_vec(text)
            .or_else(|_| Base64Unpadded::decode_vec(text))
            .or_else(|_| Base64UrlUnpadded::decode_vec(text.trim_end_matches('=')))
            .map_err(|_| KeyringError::NotBase64 { position })?;
        if secret.len() < 32 { Err(KeyringError::TooShort { position }) } else { Ok(secret) }
    };
    value.split(',').map(str::trim).enumerate().map(secret).collect()
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.fingerprints()).finish()
    }
}

#[cfg(feature = "events")]
impl Keyring {
    /// The newest secret's subkey for the secrets of endpoints, with the secret's fingerprint.
    pub(crate) fn newest_endpoint_secrets_key(&self) -> (&str, &[u8; 32]) {
        (&self.newest.fingerprint, &self.newest.endpoint_secrets)
    }

    /// The subkey for the secrets of endpoints of the secret with this fingerprint.
    pub(crate) fn endpoint_secrets_key(&self, fingerprint: &str) -> Option<&[u8; 32]> {
        let subkeys = self.all().find(|subkeys| subkeys.fingerprint == fingerprint)?;
        Some(&subkeys.endpoint_secrets)
    }
}

/// One place in KV: the address of a record or of a tenant's status, and the MAC key that seals the value there.
pub struct KvSlot<'a> {
    /// The KV key: `k1/` (record) or `t1/` (status), and 43 characters of base64url.
    pub address: String,
    subkeys: &'a Subkeys,
}

impl KvSlot<'_> {
    /// The KV value for a record's stored form: `1.{seal}.{record}`.
    #[must_use]
    pub fn seal(&self, record: &str) -> String {
        let seal = self.mac(record).finalize().into_bytes();
        let mut value = String::from("1.");
        value.push_str(&Base64UrlUnpadded::encode_string(&seal));
        value.push('.');
        value.push_str(record);
        value
    }

    /// The record in a KV value, if it was sealed for this slot.
    #[must_use]
    pub fn open<'v>(&self, value: &'v str) -> Option<&'v str> {
        let (seal, record) = value.strip_prefix("1.")?.split_once('.')?;
        let seal = Base64UrlUnpadded::decode_vec(seal).ok()?;
        self.mac(record).verify_slice(&seal).ok()?;
        Some(record)
    }

    fn mac(&self, record: &str) -> HmacSha256 {
        let mut mac = self.subkeys.seal.clone();
        mac.update(self.address.as_bytes());
        mac.update(b"\0");
        mac.update(record.as_bytes());
        mac
    }
}

/// The reason why `KEYSTILE_SECRET` can't be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum KeyringError {
    Empty { position: usize },
    NotBase64 { position: usize },
    TooShort { position: usize },
}

impl fmt::Display for KeyringError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (position, problem) = match self {
            Self::Empty { position } => (position, "is empty"),
            Self::NotBase64 { position } => (position, "is not base64"),
            Self::TooShort { position } => (position, "has fewer than 32 bytes"),
        };
        write!(
            f,
            "KEYSTILE_SECRET: secret {position} {problem}; write 32 random bytes in base64 \
             (`openssl rand -base64 32`), several joined by commas, newest first"
        )
    }
}

impl Error for KeyringError {}

/// The reason why a sealed text of an export can't be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OpenExportError {
    /// The secret with this fingerprint isn't configured.
    MissingSecret(String),
    /// It isn't the text that was sealed.
    Broken,
}

/// An error: minting got too few random bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MintError;

impl fmt::Display for MintError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("too few random bytes to mint a key")
    }
}

impl Error for MintError {}

/// The subkeys of one secret. The MACs are keyed once and cloned for each use, which saves two compressions of SHA-256
/// every time.
struct Subkeys {
    fingerprint: String,
    api_tag: HmacSha256,
    operator_tag: HmacSha256,
    lookup: HmacSha256,
    seal: HmacSha256,
    #[cfg(feature = "events")]
    endpoint_secrets: [u8; 32],
    export: HmacSha256,
}

impl Subkeys {
    fn derive(secret: &[u8]) -> Option<Self> {
        let hkdf = Hkdf::<Sha256>::new(None, secret);
        let mac = |label: &str| {
            let mut subkey = [0; 32];
            hkdf.expand(label.as_bytes(), &mut subkey).ok()?;
            HmacSha256::new_from_slice(&subkey).ok()
        };
        #[cfg(feature = "events")]
        let mut endpoint_secrets = [0; 32];
        #[cfg(feature = "events")]
        hkdf.expand(b"keystile/v1/endpoint-secrets", &mut endpoint_secrets).ok()?;
        let mut fingerprint = [0; 6];
        hkdf.expand(b"keystile/v1/fingerprint", &mut fingerprint).ok()?;
        Some(Self {
            fingerprint: Base64UrlUnpadded::encode_string(&fingerprint),
            api_tag: mac("keystile/v1/tag/api")?,
            operator_tag: mac("keystile/v1/tag/operator")?,
            lookup: mac("keystile/v1/lookup")?,
            seal: mac("keystile/v1/seal")?,
            #[cfg(feature = "events")]
            endpoint_secrets,
            export: mac("keystile/v1/export")?,
        })
    }

    /// The tag: the first 8 bytes of the MAC as a big-endian number, modulo 62^6.
    fn tag(&self, kind: IssuedKind, tagged: &str) -> [u8; TAG_LEN] {
        let mut mac = match kind {
            IssuedKind::Api(_) => self.api_tag.clone(),
            IssuedKind::Operator => self.operator_tag.clone(),
        };
        mac.update(tagged.as_bytes());
        let bytes = mac.finalize().into_bytes();
        let first = bytes.first_chunk::<8>().copied().unwrap_or_default();
        base62::encode(u64::from_be_bytes(first))
    }

    fn slot(&self, kind: &str, id: &[u8]) -> KvSlot<'_> {
        let mut mac = self.lookup.clone();
        mac.update(id);
        let address = [kind, &Base64UrlUnpadded::encode_string(&mac.finalize().into_bytes())].concat();
        KvSlot { address, subkeys: self }
    }
}

#[cfg(test)]
mod tests;
