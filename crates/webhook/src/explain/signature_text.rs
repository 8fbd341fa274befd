//! Changes of the text of a signature.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::ops::ControlFlow;

use percent_encoding::percent_decode_str;

use super::{
    body::decoded,
    case::Case,
    code::CauseCode,
    trial::{Edit, Trial, Try, What},
};
use crate::{encoding, message, scheme::SigningMethod, secret::Material};

/// The shortest beginning of a signature that is known again, bytes.
const MIN_BEGINNING: usize = 6;

pub(super) fn edits(trial: &Trial<'_>, case: &Case<'_>, attempt: Try<'_>) -> ControlFlow<()> {
    let headers: Vec<(String, String)> = trial
        .signature_headers()
        .into_iter()
        .map(|(name, value)| (name.to_string(), value.trim().to_string()))
        .collect();
    for (name, value) in headers {
        let mut put = |sentence: &str, text: String| {
            if text == value {
                return ControlFlow::Continue(());
            }
            attempt(Edit::new(CauseCode::SignatureText, sentence, What::Header(name.clone(), text)))
        };
        wrapping(&value, &mut put)?;
        for method in &trial.scheme.methods {
            entry(trial, method, &value, &mut put)?;
        }
        cut(trial, case, &value, &mut put)?;
    }
    ControlFlow::Continue(())
}

type Put<'p> = &'p mut dyn FnMut(&str, String) -> ControlFlow<()>;

/// Texts around the value, and what a proxy or a client makes of its characters.
fn wrapping(value: &str, put: Put<'_>) -> ControlFlow<()> {
    let bare = value.trim_matches(['"', '\'', '[', ']', '<', '>']);
    put("The header's value has quotes or brackets around it that the sender didn't send.", bare.into())?;
    let spaces: String = bare.chars().filter(|char| !char.is_whitespace()).collect();
    put("The header's value has white space in it that the sender didn't send.", spaces)?;
    if value.contains('%') {
        let decoded = percent_decode_str(value).decode_utf8_lossy().into_owned();
        put("The header's value is percent-encoded; the sender sent it decoded.", decoded)?;
    }
    put("A `+` in the header's value became a space on the way.", value.replace(' ', "+"))?;
    let stripped = value.trim_end_matches([',', ';', '.']);
    put("The header's value has a character at its end that the sender didn't send.", stripped.into())?;
    put("The header's value was changed to lower case.", value.to_ascii_lowercase())?;
    put("The header's value is in the wrong case.", value.to_ascii_uppercase())
}

/// One entry of the value, written as the scheme writes it.
fn entry(trial: &Trial<'_>, method: &SigningMethod, value: &str, put: Put<'_>) -> ControlFlow<()> {
    let scheme = &trial.scheme;
    let length = method.algorithm.signature_len();
    let split = |text: &str| -> Vec<String> {
        match scheme.split {
            Some(split) => text.split(split).map(|entry| entry.trim().to_string()).collect(),
            None => alloc::vec![text.to_string()],
        }
    };
    let separator = scheme.split.map(String::from).unwrap_or_default();
    let entries = split(value);
    for (index, text) in entries.iter().enumerate() {
        let with = |text: String| {
            let mut all = entries.clone();
            if let Some(entry) = all.get_mut(index) {
                *entry = text;
            }
            let joined = all.join(&separator);
            if joined.starts_with(&scheme.begins) { joined } else { format!("{}{joined}", scheme.begins) }
        };
        let mut bare: Vec<&str> = alloc::vec![text];
        bare.extend(text.strip_prefix(method.prefix.as_str()));
        for prefix in
            ["sha256=", "sha1=", "sha512=", "v1=", "v0=", "v1,", "hmac-sha256=", "t=", "s=", "Bearer ", "HMAC "]
        {
            bare.extend(text.strip_prefix(prefix));
        }
        bare.extend(text.rsplit_once([' ', ',', '=', ':']).map(|(_, last)| last));
        for inner in bare {
            let inner = inner.trim_matches(['"', '\'', ' ']);
            let decodings = [
                ("hex", encoding::from_hex(inner.trim_start_matches("0x"))),
                ("base64", decoded(inner.as_bytes())),
                (
                    "base64 of hex",
                    decoded(inner.as_bytes()).and_then(|it| encoding::from_hex(core::str::from_utf8(&it).ok()?)),
                ),
                ("base64 of base64", decoded(inner.as_bytes()).and_then(|it| decoded(&it))),
            ];
            for (form, bytes) in decodings {
                let Some(bytes) = bytes.filter(|bytes| length.is_none_or(|length| length == bytes.len())) else {
                    continue;
                };
                let written = encoding::encode(method.encoding, &bytes);
                let sentence = if inner.eq_ignore_ascii_case(&written) || form == method.encoding.name() {
                    let wanted = if method.prefix.is_empty() {
                        "without a prefix".into()
                    } else {
                        format!("as `{}…`", method.prefix)
                    };
                    format!("The signature is right, but this scheme has it {wanted}.")
                } else {
                    format!(
                        "The signature is right, but it is written in {form}; this scheme has it in {}.",
                        method.encoding
                    )
                };
                let after = scheme.after.map(String::from).unwrap_or_default();
                let before =
                    if after.is_empty() { "" } else { text.rsplit_once(&after).map_or("", |(before, _)| before) };
                put(&sentence, with(format!("{}{before}{after}{written}", method.prefix)))?;
            }
        }
    }
    // Several signatures in one value, joined by something else than the scheme's separator.
    if !method.prefix.is_empty() {
        for part in value.split(method.prefix.as_str()).skip(1) {
            let part = part.trim_matches([' ', ',', ';', '"']);
            let sentence = "Several signatures were joined in one value in another way than the sender's.";
            put(sentence, format!("{}{}{part}", scheme.begins, method.prefix))?;
        }
    }
    ControlFlow::Continue(())
}

/// A signature that is only the beginning of the right one.
fn cut(trial: &Trial<'_>, case: &Case<'_>, value: &str, put: Put<'_>) -> ControlFlow<()> {
    for (computed, method) in computed(trial, case) {
        let right = encoding::encode(method.encoding, &computed);
        let split = trial.scheme.split.map_or_else(|| alloc::vec![value], |split| value.split(split).collect());
        for entry in split {
            let Some(given) = entry.trim().strip_prefix(method.prefix.as_str()) else { continue };
            let same = |right: &str| given.len() < right.len() && right.starts_with(given);
            if given.len() >= 2 * MIN_BEGINNING && (same(&right) || same(&right.to_ascii_uppercase())) {
                let sentence = format!(
                    "The signature is cut: its first {} characters are right, and {} are missing.",
                    given.len(),
                    right.len() - given.len()
                );
                put(&sentence, value.replacen(given, &right, 1))?;
            }
        }
    }
    ControlFlow::Continue(())
}

/// The signatures that the secrets make, with their methods.
fn computed(trial: &Trial<'_>, case: &Case<'_>) -> Vec<(Vec<u8>, SigningMethod)> {
    let secrets = trial.secrets();
    trial.with_lookup(case, |lookup| {
        let Ok(values) = lookup.signature_values() else { return Vec::new() };
        let Ok(groups) = crate::signature::groups(lookup.scheme, &values) else { return Vec::new() };
        let mut computed = Vec::new();
        for group in &groups {
            let lookup = crate::lookup::Lookup { group: Some(group), ..*lookup };
            for template in &lookup.scheme.messages {
                for key in &secrets.keys {
                    let Some(method) = lookup.scheme.methods.get(key.method) else { continue };
                    let Ok(pieces) = message::fill(template, &lookup, key.bytes()) else { continue };
                    if let Material::Hmac(_, keyed) = &key.material {
                        computed.push((keyed.compute(&pieces), method.clone()));
                    }
                }
            }
        }
        computed
    })
}
