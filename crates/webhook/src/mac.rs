//! Hashes and HMACs over messages in pieces.

use alloc::{borrow::Cow, vec::Vec};

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;
use sha2::{Digest as _, Sha256, Sha384, Sha512};
use subtle::{Choice, ConstantTimeEq as _};

use crate::algorithm::Algorithm;

/// An HMAC with its key. It is keyed once and cloned for each message, which saves two compressions every time.
#[derive(Clone)]
pub(crate) enum Keyed {
    Sha1(Hmac<Sha1>),
    Sha256(Hmac<Sha256>),
    Sha384(Hmac<Sha384>),
    Sha512(Hmac<Sha512>),
}

impl Keyed {
    pub(crate) fn new(algorithm: Algorithm, key: &[u8]) -> Option<Self> {
        match algorithm.of_signature() {
            Algorithm::HmacSha1 => Hmac::new_from_slice(key).ok().map(Self::Sha1),
            Algorithm::HmacSha256 => Hmac::new_from_slice(key).ok().map(Self::Sha256),
            Algorithm::HmacSha384 => Hmac::new_from_slice(key).ok().map(Self::Sha384),
            Algorithm::HmacSha512 => Hmac::new_from_slice(key).ok().map(Self::Sha512),
            _ => None,
        }
    }

    pub(crate) fn compute(&self, message: &[Cow<'_, [u8]>]) -> Vec<u8> {
        macro_rules! computed {
            ($mac:expr) => {{
                let mut mac = $mac.clone();
                message.iter().for_each(|piece| mac.update(piece));
                mac.finalize().into_bytes().to_vec()
            }};
        }
        match self {
            Self::Sha1(mac) => computed!(mac),
            Self::Sha256(mac) => computed!(mac),
            Self::Sha384(mac) => computed!(mac),
            Self::Sha512(mac) => computed!(mac),
        }
    }
}

/// The hash of a message by an algorithm without a key.
pub(crate) fn plain_hash(algorithm: Algorithm, message: &[Cow<'_, [u8]>]) -> Vec<u8> {
    match algorithm {
        Algorithm::Sha1 => sha1(message).to_vec(),
        _ => sha256(message).to_vec(),
    }
}

pub(crate) fn sha256(message: &[Cow<'_, [u8]>]) -> [u8; 32] {
    let mut hash = Sha256::new();
    message.iter().for_each(|piece| hash.update(piece));
    hash.finalize().into()
}

#[cfg(feature = "p521")]
pub(crate) fn sha512(message: &[Cow<'_, [u8]>]) -> [u8; 64] {
    let mut hash = Sha512::new();
    message.iter().for_each(|piece| hash.update(piece));
    hash.finalize().into()
}

pub(crate) fn sha1(message: &[Cow<'_, [u8]>]) -> [u8; 20] {
    let mut hash = Sha1::new();
    message.iter().for_each(|piece| hash.update(piece));
    hash.finalize().into()
}

/// Compares two texts by their hashes. So the time taken doesn't reveal where they differ, or how long the secret one
/// is.
pub(crate) fn same_text(a: &[u8], b: &[u8]) -> Choice {
    sha256(&[Cow::Borrowed(a)]).ct_eq(&sha256(&[Cow::Borrowed(b)]))
}

/// The CRC-32 that PayPal and zip use.
pub(crate) fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32| if crc & 1 == 1 { 0xedb8_8320 ^ (crc >> 1) } else { crc >> 1 };
    let mut table = [0u32; 16];
    for (index, entry) in (0u32..).zip(table.iter_mut()) {
        *entry = (0..4).fold(index, |crc, _| step(crc));
    }
    let nibble = |crc: u32| table.get((crc & 15) as usize).copied().unwrap_or_default() ^ (crc >> 4);
    !bytes.iter().fold(!0, |crc, byte| nibble(nibble(crc ^ u32::from(*byte))))
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn crc32_is_the_one_of_zip() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert_eq!(crc32(b""), 0);
    }

    /// RFC 2202, test case 2; RFC 4231, test case 2.
    #[test]
    fn hmacs_are_those_of_the_rfcs() {
        let message = [Cow::Borrowed(&b"what do ya want "[..]), Cow::Borrowed(b"for nothing?")];
        let hex = |algorithm| crate::encoding::to_hex(&Keyed::new(algorithm, b"Jefe").unwrap().compute(&message));
        assert_eq!(hex(Algorithm::HmacSha1), "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
        assert_eq!(hex(Algorithm::HmacSha256), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
        assert!(
            hex(Algorithm::HmacSha384).starts_with("af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e")
        );
        assert!(
            hex(Algorithm::HmacSha512).starts_with("164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554")
        );
    }
}
