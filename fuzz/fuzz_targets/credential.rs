//! Any `Authorization`, `X-Api-Key` and query: nothing panics. The credential is a part
//! of a header that is accepted, whatever the order in which they are; two headers with
//! different ones are refused, and so is a key in the query.
#![no_main]

use keystile_core::{
    KeyPrefix,
    key::{
        KeyForms,
        credential::{Carriers, CredentialError, CredentialHeader},
        imported::ImportedPrefix,
    },
};
use libfuzzer_sys::fuzz_target;

const KEY: &str = "knq_live_7Hq2cXk0Lp9VbN4tRw8sYz3eDf6gJm1Qa5uTc2";
const PIECES: [&str; 12] = [
    KEY,
    "knq_test_0123456789ABCDEFGHIJKLMNOPQRSTUVabcdef",
    "ksop_0123456789ABCDEFGHIJKLMNOPQRSTUVabcdef",
    "sk_live_0123456789abcdef",
    "Bearer ",
    "bearer",
    ", ",
    "%6Bnq%5Flive_",
    "&key=",
    "knq_live_",
    " ",
    "%",
];

type Pieces = Vec<(u8, String)>;

/// Known pieces, each with any text behind it.
fn text(pieces: &Pieces) -> String {
    pieces.iter().map(|(piece, text)| format!("{}{text}", PIECES.get(usize::from(*piece)).unwrap_or(&""))).collect()
}

/// Whether `part` lies within `whole`, and doesn't merely equal something there.
fn is_within(part: &str, whole: Option<&str>) -> bool {
    whole.is_some_and(|whole| whole.as_bytes().as_ptr_range().contains(&part.as_ptr()) && whole.contains(part))
}

fuzz_target!(|data: (Option<Pieces>, Option<Pieces>, Pieces)| {
    let (authorization, x_api_key, query) = (data.0.as_ref().map(text), data.1.as_ref().map(text), text(&data.2));
    let (authorization, x_api_key) = (authorization.as_deref(), x_api_key.as_deref());
    let carriers = Carriers { authorization, x_api_key, path: "", query: &query };
    let prefixes = [KeyPrefix::parse("knq").unwrap()];
    let imported = [ImportedPrefix::parse("sk_live_").unwrap()];
    let forms = KeyForms { prefixes: &prefixes, imported: &imported };
    let (bearer, header) = (CredentialHeader::Bearer, CredentialHeader::XApiKey);

    assert!(carriers.credential(&[], forms).is_err());
    for (accepted, carrier) in [(bearer, carriers.authorization), (header, carriers.x_api_key)] {
        if let Ok(text) = carriers.credential(&[accepted], forms) {
            assert!(text.is_empty() || is_within(text, carrier));
        }
    }
    let found = carriers.credential(&[bearer, header], forms);
    assert_eq!(carriers.credential(&[header, bearer], forms), found);
    if let Ok(text) = found {
        assert!(text.is_empty() || is_within(text, carriers.authorization) || is_within(text, carriers.x_api_key));
    }

    if query.contains(KEY) {
        assert_eq!(found, Err(CredentialError::InQuery));
    }
    let token = carriers.authorization.and_then(|text| text.strip_prefix("Bearer "));
    if let (Some(token), Some(other)) = (token, carriers.x_api_key)
        && [token, other].iter().all(|text| !text.is_empty() && !text.contains(", "))
        && found != Err(CredentialError::InQuery)
    {
        let expected = if token == other { Ok(token) } else { Err(CredentialError::Conflicting) };
        assert_eq!(found, expected);
    }
});
