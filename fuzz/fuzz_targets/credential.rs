//! Any `Authorization`, `X-Api-Key`, Basic credentials and query: nothing panics. The
//! credential is a part of a header that is accepted; two headers with different ones are
//! refused, and so is a key in the query.
#![no_main]

use keystile_core::{
    KeyPrefix,
    key::{
        KeyForms,
        credential::{Carriers, CredentialError, Places},
        credential_header::CredentialHeader,
        imported::ImportedForm,
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

fuzz_target!(|data: (Option<Pieces>, Option<Pieces>, Option<Pieces>, Pieces)| {
    let (authorization, basic, query) = (data.0.as_ref().map(text), data.2.as_ref().map(text), text(&data.3));
    let named = [data.1.as_ref().map(text)];
    let x_api_key = named[0].as_deref();
    let carriers =
        Carriers { authorization: authorization.as_deref(), basic: None, named: &named, path: "", query: &query };
    let prefixes = [KeyPrefix::parse("knq").unwrap()];
    let imported = [ImportedForm::prefix("sk_live_").unwrap()];
    let forms = KeyForms { prefixes: &prefixes, imported: &imported };
    let places = |texts: &[&str]| {
        let headers: Vec<_> = texts.iter().map(|text| CredentialHeader::parse(text).unwrap()).collect();
        Places::of(&headers)
    };

    for (accepted, carrier) in [
        ("bearer", carriers.authorization),
        ("x-api-key", x_api_key),
        ("basic:username", basic.as_deref()),
        ("basic:password", basic.as_deref()),
    ] {
        let all = Carriers { basic: basic.as_deref(), ..carriers };
        if let Ok(text) = all.credential(&places(&[accepted]), forms) {
            assert!(text.is_empty() || is_within(text, carrier));
        }
    }
    let found = carriers.credential(&places(&["bearer", "x-api-key"]), forms);
    if let Ok(text) = found {
        assert!(text.is_empty() || is_within(text, carriers.authorization) || is_within(text, x_api_key));
    }

    if query.contains(KEY) {
        assert_eq!(found, Err(CredentialError::InQuery));
    }
    let token = carriers.authorization.and_then(|text| text.strip_prefix("Bearer "));
    if let (Some(token), Some(other)) = (token, x_api_key)
        && [token, other].iter().all(|text| !text.is_empty() && !text.contains(", "))
        && found != Err(CredentialError::InQuery)
    {
        let expected = if token == other { Ok(token) } else { Err(CredentialError::Conflicting) };
        assert_eq!(found, expected);
    }
});
