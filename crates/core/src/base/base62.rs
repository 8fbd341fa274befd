//! Base62: the alphabet of keys and ids, drawn and written without bias.

/// The digits, then upper case, then lower case. This is ASCII order, so encoded numbers of one width sort by value.
/// Golden vectors pin the alphabet; it can never change.
pub const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// The largest multiple of 62 that a byte can hold. Bytes from here up are discarded: they would make the first eight
/// characters likelier.
const UNBIASED_BYTES: u8 = 248;

/// Whether `byte` is a character of the alphabet.
#[must_use]
pub const fn is_base62(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
}

/// Draws `N` characters uniformly from `random`, by rejection.
///
/// Returns `None` if `random` runs out. One byte in 32 is discarded, so twice as many bytes as characters is plenty.
#[must_use]
pub fn draw<const N: usize>(random: &[u8]) -> Option<[u8; N]> {
    let mut accepted = random.iter().filter(|&&byte| byte < UNBIASED_BYTES);
    let mut drawn = [0; N];
    for slot in &mut drawn {
        *slot = digit(u64::from(*accepted.next()?));
    }
    Some(drawn)
}

/// Writes `value` modulo 62^`N` in `N` digits, most significant first, padded with zeros.
#[must_use]
pub fn encode<const N: usize>(mut value: u64) -> [u8; N] {
    let mut digits = [0; N];
    for slot in digits.iter_mut().rev() {
        *slot = digit(value);
        value /= 62;
    }
    digits
}

fn digit(value: u64) -> u8 {
    // The remainder is below 62; `get` keeps a panic out of the binary.
    ALPHABET.get((value % 62) as usize).copied().unwrap_or(b'0')
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn bytes_that_would_bias_the_draw_are_discarded() {
        assert_eq!(draw::<3>(&[255, 0, 248, 61, 247]), Some(*b"0zz"));
    }

    #[test]
    fn every_character_is_drawn_by_the_same_number_of_bytes() {
        let mut counts = [0; 256];
        for byte in 0..=255u8 {
            if let Some([character]) = draw::<1>(&[byte]) {
                counts[usize::from(character)] += 1;
            }
        }
        assert!(ALPHABET.iter().all(|&c| counts[usize::from(c)] == 4));
    }

    #[test]
    fn too_little_randomness_draws_nothing() {
        assert_eq!(draw::<2>(&[7, 250]), None);
    }

    #[test]
    fn numbers_are_padded_and_wrap_at_the_width() {
        assert_eq!(&encode::<6>(0), b"000000");
        assert_eq!(&encode::<6>(61), b"00000z");
        assert_eq!(&encode::<6>(62u64.pow(6) + 1), b"000001");
    }
}
