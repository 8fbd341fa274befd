//! Bytes as text: hex, base64 and base64url (RFC 4648). Each text has one reading at most.

use alloc::{string::String, vec::Vec};

use base64::{
    Engine as _, alphabet,
    engine::DecodePaddingMode,
    engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD, URL_SAFE_NO_PAD},
};

use crate::algorithm::Encoding;

/// Decodes a text. It has one reading at most, and no character is skipped.
pub(crate) fn decode(encoding: Encoding, text: &str) -> Option<Vec<u8>> {
    match encoding {
        Encoding::Hex => from_hex(text),
        Encoding::Base64 => STANDARD.decode(text).ok(),
        Encoding::Base64Url => {
            let bare = text.trim_end_matches('=');
            let padded = text.len() != bare.len();
            let fits = !padded || (text.len().is_multiple_of(4) && text.len() - bare.len() <= 2);
            if fits { URL_SAFE_NO_PAD.decode(bare).ok() } else { None }
        }
        Encoding::Utf8 => Some(text.as_bytes().to_vec()),
    }
}

/// Encodes bytes as a text.
pub(crate) fn encode(encoding: Encoding, bytes: &[u8]) -> String {
    match encoding {
        Encoding::Hex => to_hex(bytes),
        Encoding::Base64 => STANDARD.encode(bytes),
        Encoding::Base64Url => URL_SAFE_NO_PAD.encode(bytes),
        Encoding::Utf8 => String::from_utf8_lossy(bytes).into_owned(),
    }
}

/// Reads what every vendor's own library reads: padded or not, and bits after the last byte don't count.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Decodes the base64 of a key, as people paste it: in either alphabet, with or without padding.
pub(crate) fn from_base64_lenient(text: &str) -> Option<Vec<u8>> {
    LENIENT.decode(text.replace('-', "+").replace('_', "/")).ok()
}

/// Decodes hex in either case.
pub(crate) fn from_hex(text: &str) -> Option<Vec<u8>> {
    base16ct::mixed::decode_vec(text).ok()
}

/// Encodes bytes as hex in lower case.
pub(crate) fn to_hex(bytes: &[u8]) -> String {
    base16ct::lower::encode_string(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn a_key_is_read_in_every_form_that_is_pasted() {
        for text in ["+/8=", "+/8", "-_8=", "-_8", "+/9"] {
            assert_eq!(from_base64_lenient(text), Some(vec![251, 255]), "{text}");
        }
        for text in ["+/8==", "+ /8=", "+", "\"+/8=\""] {
            assert_eq!(from_base64_lenient(text), None, "{text}");
        }
    }

    #[test]
    fn each_encoding_has_one_reading() {
        assert_eq!(decode(Encoding::Hex, "00fFa0"), Some(vec![0, 255, 160]));
        for text in ["0", "0g", "+1", "0x00", "00 ", "--00"] {
            assert_eq!(decode(Encoding::Hex, text), None, "{text}");
        }
        assert_eq!(decode(Encoding::Base64, "+/8="), Some(vec![251, 255]));
        for text in ["+/8", "-_8=", "+/9=", "+/8=\n", " +/8=", "+/8=="] {
            assert_eq!(decode(Encoding::Base64, text), None, "{text}");
        }
        assert_eq!(decode(Encoding::Base64Url, "-_8"), Some(vec![251, 255]));
        assert_eq!(decode(Encoding::Base64Url, "-_8="), Some(vec![251, 255]));
        for text in ["+/8", "-_8==", "-_9", "====", "-_8\n"] {
            assert_eq!(decode(Encoding::Base64Url, text), None, "{text}");
        }
    }
}
