//! The closed sets that schemes choose from: algorithms, encodings, forms of keys, units.

use core::fmt;

/// Declares an enum whose variants have names in schemes.
macro_rules! named {
    ($(#[$meta:meta])* $type:ident: $($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $type { $($(#[$doc])* $variant,)* }

        impl $type {
            /// All values.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name in schemes.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// Parses a name.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|value| value.name() == text)
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name())
            }
        }
    };
}

named! {
    /// The algorithm of a signature.
    Algorithm:
    /// HMAC with SHA-1 (RFC 2104).
    HmacSha1 = "hmac-sha1",
    /// HMAC with SHA-256.
    HmacSha256 = "hmac-sha256",
    /// HMAC with SHA-384.
    HmacSha384 = "hmac-sha384",
    /// HMAC with SHA-512.
    HmacSha512 = "hmac-sha512",
    /// SHA-1 of a message that contains the `{secret}`.
    Sha1 = "sha1",
    /// SHA-256 of a message that contains the `{secret}`.
    Sha256 = "sha256",
    /// Ed25519 (RFC 8032).
    Ed25519 = "ed25519",
    /// ECDSA on P-256 with SHA-256, with the signature in DER.
    EcdsaP256 = "ecdsa-p256",
    /// ECDSA on P-256 with SHA-256, with the signature as r and s of 32 bytes each.
    EcdsaP256P1363 = "ecdsa-p256-p1363",
    /// ECDSA on P-256 with SHA-1, with the signature in DER.
    EcdsaP256Sha1 = "ecdsa-p256-sha1",
    /// ECDSA on P-521 with SHA-512, with the signature as r and s of 66 bytes each.
    EcdsaP521P1363 = "ecdsa-p521-p1363",
    /// RSA PKCS#1 v1.5 with SHA-1.
    RsaSha1 = "rsa-sha1",
    /// RSA PKCS#1 v1.5 with SHA-256.
    RsaSha256 = "rsa-sha256",
    /// No signature: the secret itself is sent.
    Equality = "equality",
    /// A JWT, signed with HMAC-SHA256.
    JwsHs256 = "jws-hs256",
    /// A JWT, signed with HMAC-SHA384.
    JwsHs384 = "jws-hs384",
    /// A JWT, signed with HMAC-SHA512.
    JwsHs512 = "jws-hs512",
    /// A JWT, signed with ECDSA on P-256.
    JwsEs256 = "jws-es256",
    /// A JWT, signed with ECDSA on P-521.
    JwsEs512 = "jws-es512",
    /// A JWT, signed with RSA and SHA-256.
    JwsRs256 = "jws-rs256",
    /// A JWT, signed with Ed25519.
    JwsEdDsa = "jws-eddsa",
}

impl Algorithm {
    /// Whether the signature is a JWT.
    #[must_use]
    pub const fn is_jws(self) -> bool {
        self.jws_alg().is_some()
    }

    /// Whether the receiver holds only a public key.
    #[must_use]
    pub const fn is_public_key(self) -> bool {
        matches!(
            self,
            Self::Ed25519
                | Self::EcdsaP256
                | Self::EcdsaP256P1363
                | Self::EcdsaP256Sha1
                | Self::EcdsaP521P1363
                | Self::RsaSha1
                | Self::RsaSha256
                | Self::JwsEs256
                | Self::JwsEs512
                | Self::JwsRs256
                | Self::JwsEdDsa
        )
    }

    /// Whether it is an HMAC over a message.
    #[must_use]
    pub const fn is_hmac(self) -> bool {
        matches!(self, Self::HmacSha1 | Self::HmacSha256 | Self::HmacSha384 | Self::HmacSha512)
    }

    /// Whether it is a hash without a key, over a message that contains the secret.
    #[must_use]
    pub const fn is_plain_hash(self) -> bool {
        matches!(self, Self::Sha1 | Self::Sha256)
    }

    /// The `alg` of a JWT (RFC 7518); `None` for other signatures.
    #[must_use]
    pub const fn jws_alg(self) -> Option<&'static str> {
        match self {
            Self::JwsHs256 => Some("HS256"),
            Self::JwsHs384 => Some("HS384"),
            Self::JwsHs512 => Some("HS512"),
            Self::JwsEs256 => Some("ES256"),
            Self::JwsEs512 => Some("ES512"),
            Self::JwsRs256 => Some("RS256"),
            Self::JwsEdDsa => Some("EdDSA"),
            _ => None,
        }
    }

    /// The algorithm of the signature itself: for a JWT, the one that signs its text.
    #[must_use]
    pub const fn of_signature(self) -> Self {
        match self {
            Self::JwsHs256 => Self::HmacSha256,
            Self::JwsHs384 => Self::HmacSha384,
            Self::JwsHs512 => Self::HmacSha512,
            Self::JwsEs256 => Self::EcdsaP256P1363,
            Self::JwsEs512 => Self::EcdsaP521P1363,
            Self::JwsRs256 => Self::RsaSha256,
            Self::JwsEdDsa => Self::Ed25519,
            plain => plain,
        }
    }

    /// The algorithm of the same signature as r and s, if this one has it in DER.
    pub(crate) const fn without_der(self) -> Option<Self> {
        match self {
            Self::EcdsaP256 => Some(Self::EcdsaP256P1363),
            // No scheme has this signature as r and s, so there is no name for it.
            Self::EcdsaP256Sha1 => Some(self),
            _ => None,
        }
    }

    /// The names in WebCrypto; `None` if it has no such algorithm. In WebCrypto an ECDSA signature is r and s.
    #[must_use]
    pub const fn web_crypto(self) -> Option<WebCrypto> {
        let [name, hash, named_curve, key_format] = match self.of_signature() {
            Self::HmacSha1 => ["HMAC", "SHA-1", "", "raw"],
            Self::HmacSha256 => ["HMAC", "SHA-256", "", "raw"],
            Self::HmacSha384 => ["HMAC", "SHA-384", "", "raw"],
            Self::HmacSha512 => ["HMAC", "SHA-512", "", "raw"],
            Self::Ed25519 => ["Ed25519", "", "", "spki"],
            Self::EcdsaP256 | Self::EcdsaP256P1363 => ["ECDSA", "SHA-256", "P-256", "spki"],
            Self::EcdsaP256Sha1 => ["ECDSA", "SHA-1", "P-256", "spki"],
            Self::EcdsaP521P1363 => ["ECDSA", "SHA-512", "P-521", "spki"],
            Self::RsaSha1 => ["RSASSA-PKCS1-v1_5", "SHA-1", "", "spki"],
            Self::RsaSha256 => ["RSASSA-PKCS1-v1_5", "SHA-256", "", "spki"],
            _ => return None,
        };
        Some(WebCrypto { name, hash, named_curve, key_format })
    }

    /// The length of a signature in bytes, if it is fixed.
    #[must_use]
    pub const fn signature_len(self) -> Option<usize> {
        match self.of_signature() {
            Self::HmacSha1 | Self::Sha1 => Some(20),
            Self::HmacSha256 | Self::Sha256 => Some(32),
            Self::HmacSha384 => Some(48),
            Self::HmacSha512 | Self::Ed25519 | Self::EcdsaP256P1363 => Some(64),
            Self::EcdsaP521P1363 => Some(132),
            _ => None,
        }
    }
}

/// The names of an algorithm in WebCrypto (`importKey`, `verify`). A name that doesn't apply is empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WebCrypto {
    /// `HMAC`, `ECDSA`, …
    pub name: &'static str,
    /// `SHA-256`, …
    pub hash: &'static str,
    /// `P-256` or `P-521`.
    pub named_curve: &'static str,
    /// `raw` or `spki`.
    pub key_format: &'static str,
}

named! {
    /// The way in which bytes are written as text.
    Encoding:
    /// Two digits for each byte, in either case.
    Hex = "hex",
    /// The standard alphabet with padding, in canonical form.
    Base64 = "base64",
    /// The alphabet for URLs, with or without padding.
    Base64Url = "base64url",
    /// The text itself.
    Utf8 = "utf8",
}

named! {
    /// The way in which a key is made from the configured secret.
    KeyForm:
    /// The bytes of the text, including a prefix such as `whsec_`.
    Utf8 = "utf8",
    /// Base64, with or without padding.
    Base64 = "base64",
    /// Hex.
    Hex = "hex",
    /// Base64 after `whsec_`, which may be left out (Standard Webhooks).
    Whsec = "whsec",
    /// Base64 after `whsec_`, or the bytes of a text without that prefix (OpenAI).
    WhsecOrUtf8 = "whsec-or-utf8",
    /// The secret is read in both ways, and both keys are tried (Polar).
    WhsecAndUtf8 = "whsec-and-utf8",
    /// SHA-1 of the bytes of the text (Braintree).
    Sha1 = "sha1",
    /// The text, normalised by NFKD (EasyPost).
    Nfkd = "nfkd",
    /// An Ed25519 public key, 32 bytes in hex.
    Ed25519Hex = "ed25519-hex",
    /// An Ed25519 public key, 32 bytes in base64.
    Ed25519Base64 = "ed25519-base64",
    /// The `whpk_…` of Standard Webhooks. A `whsk_…` is accepted too.
    Whpk = "whpk",
    /// A public key as SubjectPublicKeyInfo in base64, without the lines of PEM.
    SpkiBase64 = "spki-base64",
    /// A public key or certificate in PEM. A certificate is pinned: its key is used, and nothing else in it is checked.
    Pem = "pem",
    /// A public key as JWK (RFC 7517).
    Jwk = "jwk",
}

impl KeyForm {
    /// Whether the secret is a text of any characters, and not one in an encoding.
    #[must_use]
    pub const fn is_text(self) -> bool {
        matches!(self, Self::Utf8 | Self::WhsecOrUtf8 | Self::WhsecAndUtf8 | Self::Sha1 | Self::Nfkd)
    }

    /// Whether it is a form of public keys.
    #[must_use]
    pub const fn is_public_key(self) -> bool {
        matches!(self, Self::Ed25519Hex | Self::Ed25519Base64 | Self::Whpk | Self::SpkiBase64 | Self::Pem | Self::Jwk)
    }
}

named! {
    /// The way in which an instant is written as text.
    TimeUnit:
    /// Seconds since 1970, digits only.
    Seconds = "s",
    /// Milliseconds since 1970, digits only.
    Milliseconds = "ms",
    /// RFC 3339, such as `2027-01-31T12:00:00Z`.
    Rfc3339 = "rfc3339",
    /// The date of HTTP, such as `Sun, 31 Jan 2027 12:00:00 GMT`.
    HttpDate = "http-date",
}

named! {
    /// The way in which a handshake's response is computed.
    ResponseAlgorithm:
    /// The scheme's own HMAC with the newest secret.
    Hmac = "hmac",
    /// SHA-256 without a key.
    Sha256 = "sha256",
}
