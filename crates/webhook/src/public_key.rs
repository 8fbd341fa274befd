//! Public keys: their forms, and the arithmetic if it is compiled in.
//!
//! All forms are converted to SubjectPublicKeyInfo, which WebCrypto imports. A key comes only from the configuration,
//! never from a delivery.

use alloc::{borrow::Cow, string::String, vec::Vec};

use crate::{
    algorithm::{Algorithm, KeyForm},
    der, encoding,
};

/// The arithmetic that a key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Ed25519,
    P256,
    P521,
    Rsa,
}

impl Kind {
    pub(crate) const fn of(algorithm: Algorithm) -> Option<Self> {
        match algorithm.of_signature() {
            Algorithm::Ed25519 => Some(Self::Ed25519),
            Algorithm::EcdsaP256 | Algorithm::EcdsaP256P1363 | Algorithm::EcdsaP256Sha1 => Some(Self::P256),
            Algorithm::EcdsaP521P1363 => Some(Self::P521),
            Algorithm::RsaSha1 | Algorithm::RsaSha256 => Some(Self::Rsa),
            _ => None,
        }
    }
}

/// A public key, as SubjectPublicKeyInfo.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PublicKey {
    pub(crate) kind: Kind,
    pub(crate) spki: Vec<u8>,
}

const ED25519_HEAD: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
const P256_HEAD: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce,
    0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];
const P521_HEAD: [u8; 25] = [
    0x30, 0x81, 0x9b, 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x05, 0x2b, 0x81, 0x04,
    0x00, 0x23, 0x03, 0x81, 0x86, 0x00,
];
const RSA_OID: [u8; 9] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];

impl PublicKey {
    /// Parses a key for this algorithm. A JWK is read by [`jwk`](crate::jwk).
    pub(crate) fn parse(form: KeyForm, algorithm: Algorithm, secret: &str) -> Option<Self> {
        let key = match form {
            KeyForm::Ed25519Hex => Self::ed25519(&encoding::from_hex(secret)?),
            KeyForm::Ed25519Base64 => Self::ed25519(&encoding::from_base64_lenient(secret)?),
            KeyForm::Whpk => match without_version(secret).strip_prefix("whpk_") {
                Some(public) => Self::ed25519(&encoding::from_base64_lenient(public)?),
                None => Self::ed25519(SigningPair::parse(secret)?.public()),
            },
            // A vendor shows the same key on one page with the lines of PEM, on another without.
            KeyForm::SpkiBase64 | KeyForm::Pem if secret.contains("-----BEGIN ") => Self::pem(secret),
            KeyForm::SpkiBase64 | KeyForm::Pem => Self::spki(&encoding::from_base64_lenient(secret.trim())?),
            _ => None,
        }?;
        (Some(key.kind) == Kind::of(algorithm)).then_some(key)
    }

    pub(crate) fn ed25519(public: &[u8]) -> Option<Self> {
        let spki = [&ED25519_HEAD, public].concat();
        (public.len() == 32).then_some(Self { kind: Kind::Ed25519, spki })
    }

    pub(crate) fn p256(point: &[u8]) -> Option<Self> {
        let uncompressed = point.len() == 65 && point.first() == Some(&4);
        let spki = [P256_HEAD.as_slice(), point].concat();
        uncompressed.then_some(Self { kind: Kind::P256, spki })
    }

    pub(crate) fn p521(point: &[u8]) -> Option<Self> {
        let uncompressed = point.len() == 133 && point.first() == Some(&4);
        let spki = [P521_HEAD.as_slice(), point].concat();
        uncompressed.then_some(Self { kind: Kind::P521, spki })
    }

    /// An RSA key. Its modulus must have 1024 to 8192 bits.
    pub(crate) fn rsa(modulus: &[u8], exponent: &[u8]) -> Option<Self> {
        let modulus = modulus.get(modulus.iter().take_while(|byte| **byte == 0).count()..)?;
        if !(128..=1024).contains(&modulus.len()) || !(1..=8).contains(&exponent.len()) {
            return None;
        }
        let key = der::element(der::SEQUENCE, &[der::integer(modulus), der::integer(exponent)].concat());
        let algorithm = der::element(der::SEQUENCE, &[der::element(der::OID, &RSA_OID), alloc::vec![5, 0]].concat());
        let bits = der::element(der::BIT_STRING, &[&[0], key.as_slice()].concat());
        Some(Self { kind: Kind::Rsa, spki: der::element(der::SEQUENCE, &[algorithm, bits].concat()) })
    }

    fn spki(bytes: &[u8]) -> Option<Self> {
        if let Some(public) = bytes.strip_prefix(&ED25519_HEAD) {
            return Self::ed25519(public);
        }
        if let Some(point) = bytes.strip_prefix(&P256_HEAD) {
            return Self::p256(point);
        }
        if let Some(point) = bytes.strip_prefix(&P521_HEAD) {
            return Self::p521(point);
        }
        let mut outer = der::only(bytes, der::SEQUENCE)?.content;
        let mut algorithm = der::expect(&mut outer, der::SEQUENCE)?.content;
        if der::expect(&mut algorithm, der::OID)?.content != RSA_OID {
            return None;
        }
        let bits = der::expect(&mut outer, der::BIT_STRING)?.content.strip_prefix(&[0])?;
        let mut numbers = der::only(bits, der::SEQUENCE)?.content;
        Self::rsa(der::magnitude(&mut numbers)?, der::magnitude(&mut numbers)?)
    }

    fn pem(secret: &str) -> Option<Self> {
        let (_, rest) = secret.split_once("-----BEGIN ")?;
        let (label, rest) = rest.split_once("-----")?;
        let (lines, rest) = rest.split_once("-----END ")?;
        let one = rest.starts_with(label) && !rest.contains("-----BEGIN ");
        let bare: String = lines.replace("\\n", "").chars().filter(|char| !char.is_ascii_whitespace()).collect();
        let bytes = encoding::from_base64_lenient(&bare).filter(|_| one)?;
        match label {
            "PUBLIC KEY" => Self::spki(&bytes),
            "CERTIFICATE" => Self::spki(der::certificate_key(&bytes)?),
            "RSA PUBLIC KEY" => {
                let mut numbers = der::only(&bytes, der::SEQUENCE)?.content;
                Self::rsa(der::magnitude(&mut numbers)?, der::magnitude(&mut numbers)?)
            }
            _ => None,
        }
    }

    /// Whether a signature is good; `None` if the arithmetic is not compiled in.
    #[allow(unused_variables, clippy::unnecessary_wraps)]
    pub(crate) fn verify(&self, algorithm: Algorithm, signature: &[u8], message: &[Cow<'_, [u8]>]) -> Option<bool> {
        match self.kind {
            #[cfg(feature = "ed25519")]
            Kind::Ed25519 => Some(self.verify_ed25519(signature, message).is_some()),
            #[cfg(feature = "p256")]
            Kind::P256 => Some(self.verify_p256(algorithm, signature, message).is_some()),
            #[cfg(feature = "p521")]
            Kind::P521 => Some(self.verify_p521(signature, message).is_some()),
            #[cfg(feature = "rsa")]
            Kind::Rsa => Some(self.verify_rsa(algorithm, signature, message).is_some()),
            #[allow(unreachable_patterns)]
            _ => None,
        }
    }

    /// Whether a signature, written as the algorithm has it, is good; `None` if the arithmetic is not compiled in.
    pub(crate) fn judge(&self, algorithm: Algorithm, signature: &[u8], message: &[Cow<'_, [u8]>]) -> Option<bool> {
        let joined;
        let (algorithm, signature) = match (algorithm.without_der(), der::p1363(signature)) {
            (Some(_), None) => return Some(false),
            (Some(plain), Some(pair)) => {
                joined = pair;
                (plain, joined.as_slice())
            }
            (None, _) => (algorithm, signature),
        };
        self.verify(algorithm, signature, message)
    }

    #[cfg(feature = "ed25519")]
    fn verify_ed25519(&self, signature: &[u8], message: &[Cow<'_, [u8]>]) -> Option<()> {
        let public = self.spki.strip_prefix(&ED25519_HEAD)?.try_into().ok()?;
        let key = ed25519_dalek::VerifyingKey::from_bytes(public).ok()?;
        let signature = ed25519_dalek::Signature::from_slice(signature).ok()?;
        key.verify_strict(&message.concat(), &signature).ok()
    }

    #[cfg(feature = "p256")]
    fn verify_p256(&self, algorithm: Algorithm, signature: &[u8], message: &[Cow<'_, [u8]>]) -> Option<()> {
        use p256::ecdsa::signature::hazmat::PrehashVerifier as _;
        let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(self.spki.strip_prefix(&P256_HEAD)?).ok()?;
        let signature = p256::ecdsa::Signature::from_slice(signature).ok()?;
        match algorithm {
            Algorithm::EcdsaP256Sha1 => key.verify_prehash(&crate::mac::sha1(message), &signature).ok(),
            _ => key.verify_prehash(&crate::mac::sha256(message), &signature).ok(),
        }
    }

    #[cfg(feature = "p521")]
    fn verify_p521(&self, signature: &[u8], message: &[Cow<'_, [u8]>]) -> Option<()> {
        use p521::ecdsa::signature::hazmat::PrehashVerifier as _;
        let key = p521::ecdsa::VerifyingKey::from_sec1_bytes(self.spki.strip_prefix(&P521_HEAD)?).ok()?;
        let signature = p521::ecdsa::Signature::from_slice(signature).ok()?;
        key.verify_prehash(&crate::mac::sha512(message), &signature).ok()
    }

    #[cfg(feature = "rsa")]
    fn verify_rsa(&self, algorithm: Algorithm, signature: &[u8], message: &[Cow<'_, [u8]>]) -> Option<()> {
        use rsa::{BigUint, Pkcs1v15Sign, RsaPublicKey};
        let mut outer = der::only(&self.spki, der::SEQUENCE)?.content;
        der::take(&mut outer)?;
        let bits = der::expect(&mut outer, der::BIT_STRING)?.content.strip_prefix(&[0])?;
        let mut numbers = der::only(bits, der::SEQUENCE)?.content;
        let modulus = BigUint::from_bytes_be(der::magnitude(&mut numbers)?);
        let exponent = BigUint::from_bytes_be(der::magnitude(&mut numbers)?);
        let key = RsaPublicKey::new_with_max_size(modulus, exponent, 8192).ok()?;
        // The head of DigestInfo for each hash (RFC 8017, 9.2).
        let (prefix, hash): (&[u8], Vec<u8>) = match algorithm {
            Algorithm::RsaSha1 => (
                &[0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a, 0x05, 0x00, 0x04, 0x14],
                crate::mac::sha1(message).to_vec(),
            ),
            _ => (
                &[
                    0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05,
                    0x00, 0x04, 0x20,
                ],
                crate::mac::sha256(message).to_vec(),
            ),
        };
        let padding = Pkcs1v15Sign { hash_len: Some(hash.len()), prefix: prefix.into() };
        key.verify(padding, &hash, signature).ok()
    }
}

/// A secret of Standard Webhooks without the version that some pages show before it: `v1,whsec_…` (Supabase).
pub(crate) fn without_version(secret: &str) -> &str {
    let bare = secret.strip_prefix("v1,").or_else(|| secret.strip_prefix("v1a,"));
    bare.filter(|bare| ["whsec_", "whpk_", "whsk_"].iter().any(|head| bare.starts_with(head))).unwrap_or(secret)
}

/// The `whsk_…` of Standard Webhooks: the seed and the public key, 32 bytes each.
pub(crate) struct SigningPair([u8; 64]);

impl SigningPair {
    pub(crate) fn parse(secret: &str) -> Option<Self> {
        let bytes = encoding::from_base64_lenient(without_version(secret).strip_prefix("whsk_")?)?;
        bytes.try_into().ok().map(Self)
    }

    fn public(&self) -> &[u8] {
        self.0.split_at(32).1
    }

    /// Signs a message; `None` if the two halves don't belong together, or if the arithmetic is not compiled in.
    #[allow(unused_variables, clippy::unnecessary_wraps)]
    pub(crate) fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        #[cfg(feature = "ed25519")]
        {
            use ed25519_dalek::Signer as _;
            let key = ed25519_dalek::SigningKey::from_keypair_bytes(&self.0).ok()?;
            Some(key.sign(message).to_bytes().to_vec())
        }
        #[cfg(not(feature = "ed25519"))]
        None
    }
}
