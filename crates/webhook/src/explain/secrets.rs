//! Changes of a secret: its text, and the way in which a key is made of it.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::ops::ControlFlow;

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use icu_normalizer::DecomposingNormalizerBorrowed;

use super::{
    body::decoded,
    case::Case,
    code::CauseCode,
    trial::{Edit, Put, Trial, Try, What},
};
use crate::{encoding, mac};

const PREFIXES: [&str; 10] =
    ["whsec_", "whpk_", "whsk_", "sha256=", "sha1=", "v1,", "base64:", "hex:", "secret=", "secret_"];

pub(super) fn edits(trial: &Trial<'_>, _: &Case<'_>, attempt: Try<'_>) -> ControlFlow<()> {
    for (index, secret) in trial.secrets.iter().enumerate() {
        texts(index, secret, attempt)?;
        if trial.is_shared() {
            keys(index, secret, attempt)?;
        }
    }
    ControlFlow::Continue(())
}

/// Other texts, of which keys are made as the scheme says.
fn texts(index: usize, secret: &str, attempt: Try<'_>) -> ControlFlow<()> {
    let mut put = |code, sentence: &str, text: &str| {
        if text.is_empty() || text == secret {
            return ControlFlow::Continue(());
        }
        attempt(Edit::new(code, sentence, What::Secret(index, text.into())))
    };
    let code = CauseCode::SecretSpace;
    let invisible =
        |char: char| char.is_whitespace() || matches!(char, '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}');
    let trimmed = secret.trim_matches(invisible);
    put(code, "The secret has white space around it that doesn't belong to it.", trimmed)?;
    let ended = trimmed.trim_end_matches("\\n").trim_end_matches("\\r");
    put(code, "The secret ends with a written-out `\\n` that doesn't belong to it.", ended)?;
    let bare = ended.trim_matches(['"', '\'', '`', '\u{201c}', '\u{201d}', '\u{2018}', '\u{2019}']);
    put(code, "The secret has quotes around it that don't belong to it.", bare)?;
    let lines = trimmed.replace("\\n", "\n");
    put(code, "The secret has `\\n` where it has line breaks.", &lines)?;
    let joined: String = secret.chars().filter(|char| !invisible(*char)).collect();
    put(code, "The secret has white space in it that doesn't belong to it.", &joined)?;
    for end in ["\n", "\r\n"] {
        put(code, "The sender's secret ends with a line break, which was cut off here.", &format!("{secret}{end}"))?;
    }
    if let Some((_, value)) = bare.split_once('=').filter(|(name, _)| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') && *name != "sha256"
    }) {
        let value = value.trim_matches(['"', '\'']);
        put(code, "The secret has the name of its variable before it.", value)?;
    }
    let parts: Vec<&str> =
        trimmed.split([',', ';', ' ', '\n']).map(str::trim).filter(|part| !part.is_empty()).collect();
    if parts.len() > 1 {
        for part in parts.iter().take(8) {
            put(CauseCode::OtherSecret, "Several secrets stand in one; the sender used one of them.", part)?;
        }
    }
    for prefix in PREFIXES {
        let (code, bare) = (CauseCode::SecretPrefix, bare);
        match bare.strip_prefix(prefix) {
            Some(rest) => {
                put(code, &format!("The prefix `{prefix}` doesn't belong to the secret here."), rest)?;
            }
            None if prefix.starts_with("wh") => {
                put(code, &format!("The secret lacks its prefix `{prefix}`."), &format!("{prefix}{bare}"))?;
            }
            None => {}
        }
    }
    ControlFlow::Continue(())
}

/// Keys that are made of the secret in other ways than the scheme's.
fn keys(index: usize, secret: &str, attempt: Try<'_>) -> ControlFlow<()> {
    let mut put = |code, sentence: &str, key: Vec<u8>| {
        if key.is_empty() {
            ControlFlow::Continue(())
        } else {
            attempt(Edit::new(code, sentence, What::Key(index, key)))
        }
    };
    let trimmed = secret.trim();
    let bare = PREFIXES.iter().find_map(|prefix| trimmed.strip_prefix(prefix));
    for (text, which) in
        core::iter::once((trimmed, "the secret")).chain(bare.map(|bare| (bare, "the secret without its prefix")))
    {
        let code = CauseCode::SecretForm;
        put(code, &format!("The sender uses the bytes of the text of {which} as its key."), text.as_bytes().to_vec())?;
        let hex = encoding::from_hex(text);
        if let Some(key) = &hex {
            put(code, &format!("The sender reads {which} as hex."), key.clone())?;
        }
        if let Some(key) = decoded(text.as_bytes()) {
            put(code, &format!("The sender reads {which} as base64."), key.clone())?;
            if let Some(twice) = decoded(&key) {
                put(code, &format!("The sender reads {which} as base64 of base64."), twice)?;
            }
            if let Some(twice) = core::str::from_utf8(&key).ok().and_then(encoding::from_hex) {
                put(code, &format!("The sender reads {which} as base64 of hex."), twice)?;
            }
        }
        let bytes = text.as_bytes();
        let written = [
            ("the base64", STANDARD.encode(bytes)),
            ("the base64url", URL_SAFE_NO_PAD.encode(bytes)),
            ("the hex", encoding::to_hex(bytes)),
            ("the lower case", text.to_ascii_lowercase()),
            ("the upper case", text.to_ascii_uppercase()),
        ];
        for (name, key) in written {
            put(code, &format!("The sender uses {name} of {which} as its key."), key.into_bytes())?;
        }
        if let Some(key) = &hex {
            put(
                code,
                &format!("The sender uses {which}, which is hex, written in base64."),
                STANDARD.encode(key).into_bytes(),
            )?;
        }
        derived(text, which, &mut put)?;
    }
    ControlFlow::Continue(())
}

fn derived(text: &str, which: &str, put: Put<'_>) -> ControlFlow<()> {
    let code = CauseCode::SecretDerived;
    let bytes = [text.as_bytes().into()];
    for (name, hash) in [("SHA-256", mac::sha256(&bytes).to_vec()), ("SHA-1", mac::sha1(&bytes).to_vec())] {
        put(code, &format!("The sender uses the {name} of {which} as its key."), hash.clone())?;
        put(
            code,
            &format!("The sender uses the {name} of {which}, written in hex, as its key."),
            encoding::to_hex(&hash).into_bytes(),
        )?;
        put(
            code,
            &format!("The sender uses the {name} of {which}, written in base64, as its key."),
            STANDARD.encode(&hash).into_bytes(),
        )?;
    }
    let normal = DecomposingNormalizerBorrowed::new_nfkd().normalize(text).to_string();
    put(code, &format!("The sender uses the Unicode normal form NFKD of {which}."), normal.into_bytes())?;
    if let Some((user, password)) = text.split_once(':') {
        let swapped = format!("{password}:{user}");
        put(code, "The sender joins the two halves of the secret in the other order.", swapped.into_bytes())?;
        put(code, "The sender uses only what stands after the `:` of the secret.", password.as_bytes().to_vec())?;
        put(code, "The sender uses only what stands before the `:` of the secret.", user.as_bytes().to_vec())?;
        put(
            code,
            "The sender joins the two halves of the secret without the `:`.",
            format!("{user}{password}").into_bytes(),
        )?;
    }
    ControlFlow::Continue(())
}
