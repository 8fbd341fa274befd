//! The part of DER (X.690) that public keys, certificates and ECDSA signatures need.
//!
//! The crates `der` and `spki` would make the hooks worker 8.4 KiB bigger, compressed, and the npm package 5.6 KiB;
//! with `x509-cert` it would be 20 and 26 KiB. A certificate's key is pinned here, so the rest of the certificate need
//! not be read.

use alloc::vec::Vec;

/// One element: its tag, its content, and all of its bytes.
pub(crate) struct Element<'a> {
    pub(crate) tag: u8,
    pub(crate) content: &'a [u8],
    pub(crate) whole: &'a [u8],
}

pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const BIT_STRING: u8 = 0x03;
pub(crate) const OID: u8 = 0x06;
pub(crate) const SEQUENCE: u8 = 0x30;

/// Takes the next element off.
pub(crate) fn take<'a>(bytes: &mut &'a [u8]) -> Option<Element<'a>> {
    let all = *bytes;
    let (tag, rest) = all.split_first()?;
    let (first, mut rest) = rest.split_first()?;
    let mut len = usize::from(*first);
    if *first >= 0x80 {
        let count = usize::from(first & 0x7f);
        let (digits, after) = rest.split_at_checked(count).filter(|_| (1..=3).contains(&count))?;
        len = digits.iter().fold(0, |len, digit| len << 8 | usize::from(*digit));
        // DER requires the shortest form of a length.
        if len < 0x80 || digits.first() == Some(&0) {
            return None;
        }
        rest = after;
    }
    let (content, after) = rest.split_at_checked(len)?;
    *bytes = after;
    Some(Element { tag: *tag, content, whole: all.get(..all.len() - after.len())? })
}

/// Takes the next element off, if it has this tag.
pub(crate) fn expect<'a>(bytes: &mut &'a [u8], tag: u8) -> Option<Element<'a>> {
    take(bytes).filter(|element| element.tag == tag)
}

/// The only element of these bytes, with nothing after it.
pub(crate) fn only(mut bytes: &[u8], tag: u8) -> Option<Element<'_>> {
    expect(&mut bytes, tag).filter(|_| bytes.is_empty())
}

/// Writes an element.
pub(crate) fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut written = alloc::vec![tag];
    let len = content.len();
    let digits = len.to_be_bytes();
    let digits = digits.get(digits.iter().take_while(|digit| **digit == 0).count()..).unwrap_or_default();
    match u8::try_from(len) {
        Ok(len) if len < 0x80 => written.push(len),
        _ => {
            written.push(0x80 | u8::try_from(digits.len()).unwrap_or_default());
            written.extend_from_slice(digits);
        }
    }
    written.extend_from_slice(content);
    written
}

/// A positive integer, from big-endian bytes.
pub(crate) fn integer(bytes: &[u8]) -> Vec<u8> {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let mut content = Vec::new();
    let digits = bytes.get(zeros..).unwrap_or_default();
    if digits.first().is_none_or(|byte| *byte >= 0x80) {
        content.push(0);
    }
    content.extend_from_slice(digits);
    element(INTEGER, &content)
}

/// The magnitude of a positive integer in canonical form.
pub(crate) fn magnitude<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    match expect(bytes, INTEGER)?.content {
        [] => None,
        [0, rest @ ..] => rest.first().filter(|byte| **byte >= 0x80).map(|_| rest),
        [first, ..] if *first >= 0x80 => None,
        digits => Some(digits),
    }
}

/// An ECDSA signature on P-256 in DER, converted to r and s of 32 bytes each.
pub(crate) fn p1363(signature: &[u8]) -> Option<[u8; 64]> {
    let mut parts = only(signature, SEQUENCE)?.content;
    let (r, s) = (magnitude(&mut parts)?, magnitude(&mut parts)?);
    let mut joined = [0; 64];
    let (left, right) = joined.split_at_mut(32);
    for (digits, half) in [(r, left), (s, right)] {
        let start = half.len().checked_sub(digits.len())?;
        half.get_mut(start..)?.copy_from_slice(digits);
    }
    parts.is_empty().then_some(joined)
}

/// The public key of an X.509 certificate, as SubjectPublicKeyInfo.
pub(crate) fn certificate_key(certificate: &[u8]) -> Option<&[u8]> {
    let mut outer = only(certificate, SEQUENCE)?.content;
    let mut signed = expect(&mut outer, SEQUENCE)?.content;
    let first = take(&mut signed)?;
    if first.tag == 0xa0 {
        expect(&mut signed, INTEGER)?;
    }
    // These are the signature's algorithm, the issuer, the validity and the subject.
    for _ in 0..4 {
        expect(&mut signed, SEQUENCE)?;
    }
    expect(&mut signed, SEQUENCE).map(|key| key.whole)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn a_signature_has_one_form_in_der() {
        let signature = |r: &[u8], s: &[u8]| element(SEQUENCE, &[integer(r), integer(s)].concat());
        let joined = p1363(&signature(&[1], &[0x80])).unwrap();
        assert_eq!((joined[31], joined[63]), (1, 0x80));
        assert!(p1363(&signature(&[0xff; 32], &[1; 32])).is_some());
        assert!(p1363(&signature(&[0xff; 33], &[1; 32])).is_none());
        let good = signature(&[1], &[2]);
        for bad in [
            [good.clone(), vec![0]].concat(),
            element(SEQUENCE, &[integer(&[1]), integer(&[2]), integer(&[3])].concat()),
            element(SEQUENCE, &[vec![2, 2, 0, 1], integer(&[2])].concat()),
            element(SEQUENCE, &[vec![2, 1, 0x81], integer(&[2])].concat()),
            element(SEQUENCE, &integer(&[1])),
            vec![0x30, 0x81, 6, 2, 1, 1, 2, 1, 2],
            vec![],
        ] {
            assert_eq!(p1363(&bad), None, "{bad:x?}");
        }
    }

    #[test]
    fn lengths_are_written_as_they_are_read() {
        for len in [0, 1, 127, 128, 255, 256, 65_535, 65_536] {
            let written = element(SEQUENCE, &vec![7; len]);
            assert_eq!(only(&written, SEQUENCE).unwrap().content.len(), len);
        }
    }
}
