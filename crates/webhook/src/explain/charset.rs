//! Changes of a body as characters: charsets, normal forms, and characters that look alike.

use alloc::{string::String, vec::Vec};
use core::ops::ControlFlow;

use icu_normalizer::{ComposingNormalizerBorrowed, DecomposingNormalizerBorrowed};

use super::{
    body::replaced,
    case::Case,
    code::CauseCode,
    trial::{Edit, Put, Trial, Try, What},
};

/// The characters of Windows-1252 from 0x80 to 0x9F; 0 where it has none.
const WINDOWS_1252: [u16; 32] = [
    0x20ac, 0, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0, 0x017d, 0, 0,
    0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0, 0x017e, 0x0178,
];

pub(super) fn edits(trial: &Trial<'_>, _: &Case<'_>, attempt: Try<'_>) -> ControlFlow<()> {
    let body: &[u8] = &trial.body;
    let mut put = |code: CauseCode, sentence: &str, body: Vec<u8>| {
        if *body == *trial.body {
            ControlFlow::Continue(())
        } else {
            attempt(Edit::new(code, sentence, What::Body(body)))
        }
    };
    if body.is_ascii() && !body.contains(&0) {
        let text = core::str::from_utf8(body).unwrap_or_default();
        return utf16(text, &mut put);
    }
    let code = CauseCode::Charset;
    for little in [true, false] {
        if let Some(text) = from_utf16(body, little) {
            put(code, "The sender signed the body in UTF-8; here it is in UTF-16.", text.into_bytes())?;
        }
    }
    let Ok(text) = core::str::from_utf8(body) else {
        put(code, "The sender signed the body in UTF-8; here it is in Latin-1 or Windows-1252.", to_utf8(body))?;
        // Several bytes that are no UTF-8 can't be known again once they are replaced.
        return put(
            code,
            "The sender signed replacement characters.",
            String::from_utf8_lossy(body).into_owned().into_bytes(),
        );
    };
    let sentence = "The sender signed the body in UTF-8; its bytes were read as Latin-1 or Windows-1252, and \
                    written again as UTF-8.";
    for windows in [true, false] {
        if let Some(bytes) = from_utf8(text, windows) {
            put(code, sentence, bytes)?;
        }
    }
    let sentence = "The sender signed text whose bytes were once read as Latin-1 and written again as UTF-8; it was \
                    mended on the way.";
    put(code, sentence, to_utf8(body))?;
    put(code, sentence, body.iter().map(|byte| char::from(*byte)).collect::<String>().into_bytes())?;
    utf16(text, &mut put)?;
    lookalikes(text, &mut put)
}

fn utf16(text: &str, put: Put<'_>) -> ControlFlow<()> {
    for (mark, little) in [("", true), ("\u{feff}", true), ("", false), ("\u{feff}", false)] {
        let units = mark.encode_utf16().chain(text.encode_utf16());
        let bytes: Vec<u8> =
            units.flat_map(|unit| if little { unit.to_le_bytes() } else { unit.to_be_bytes() }).collect();
        put(CauseCode::Charset, "The sender signed the body in UTF-16; here it is in UTF-8.", bytes)?;
    }
    ControlFlow::Continue(())
}

fn from_utf16(body: &[u8], little: bool) -> Option<String> {
    let (pairs, rest) = body.as_chunks::<2>();
    let units = pairs.iter().map(|pair| if little { u16::from_le_bytes(*pair) } else { u16::from_be_bytes(*pair) });
    let text: String = char::decode_utf16(units).collect::<Result<_, _>>().ok()?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    // Other texts become rare characters.
    let plausible = rest.is_empty() && text.bytes().filter(u8::is_ascii).count() * 2 > text.chars().count();
    plausible.then(|| text.into())
}

/// Bytes in Windows-1252 as UTF-8; those that it doesn't have are taken as Latin-1.
fn to_utf8(body: &[u8]) -> Vec<u8> {
    let read = |byte: &u8| match byte {
        0x80..=0x9f => {
            let unit = WINDOWS_1252.get(usize::from(byte - 0x80)).copied().filter(|unit| *unit != 0);
            unit.and_then(|unit| char::from_u32(unit.into())).unwrap_or(char::from(*byte))
        }
        byte => char::from(*byte),
    };
    body.iter().map(read).collect::<String>().into_bytes()
}

/// A text in Latin-1 or Windows-1252, if it can be written so.
fn from_utf8(text: &str, windows: bool) -> Option<Vec<u8>> {
    let write = |char: char| {
        let code = u32::from(char);
        let special = WINDOWS_1252.iter().zip(0x80u8..).find(|(unit, _)| u32::from(**unit) == code);
        match special {
            Some((_, byte)) if windows => Some(byte),
            _ => u8::try_from(code).ok(),
        }
    };
    text.chars().map(write).collect()
}

fn lookalikes(text: &str, put: Put<'_>) -> ControlFlow<()> {
    let code = CauseCode::Lookalikes;
    let composed = ComposingNormalizerBorrowed::new_nfc().normalize(text);
    put(code, "The sender signed composed characters (NFC); here they are decomposed.", composed.as_bytes().to_vec())?;
    let decomposed = DecomposingNormalizerBorrowed::new_nfd().normalize(text);
    let sentence = "The sender signed decomposed characters (NFD); here they are composed.";
    put(code, sentence, decomposed.as_bytes().to_vec())?;
    let mut plain = text.as_bytes().to_vec();
    let replacements: [(&[&str], &str, &str); 4] = [
        (&["\u{201c}", "\u{201d}", "\u{201e}", "\u{ab}", "\u{bb}"], "\"", "straight quotes"),
        (&["\u{2018}", "\u{2019}"], "'", "straight apostrophes"),
        (&["\u{a0}", "\u{202f}", "\u{2009}"], " ", "ordinary spaces"),
        (&["\u{200b}", "\u{200c}", "\u{200d}", "\u{2060}", "\u{feff}", "\u{ad}"], "", "no zero-width characters"),
    ];
    for (characters, by, name) in replacements {
        let replace = |from: Vec<u8>| {
            characters.iter().fold(from, |from, character| replaced(&from, character.as_bytes(), by.as_bytes()))
        };
        let sentence = alloc::format!("The sender signed {name}; they were replaced where the text was copied.");
        put(code, &sentence, replace(text.as_bytes().to_vec()))?;
        plain = replace(plain);
    }
    put(code, "The sender signed plain quotes and spaces; they were replaced where the text was copied.", plain)
}
