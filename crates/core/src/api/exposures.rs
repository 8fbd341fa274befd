//! `POST /v1/exposures`: reports of leaked keys, in the form in which GitHub's secret scanning sends them to its
//! partners.
//!
//! The body is a list of records, each with the text that was found, where, and as which type. A record is judged by the
//! form and the tag of its text alone before anything is asked. So junk costs no storage.

use alloc::{
    collections::BTreeSet,
    format,
    string::{String, ToString},
    vec::Vec,
};

use serde::Serialize;
use serde_json::{Map, Value};

use super::exposed::Secrets;
use crate::{
    base::{fields::FieldError, json::MAX_MISTAKES},
    key::{KeyDigest, KeyKind, PlainKey, keyring::Keyring},
    ledger::exposure::Place,
};

/// The maximum length of the body, bytes.
pub const MAX_BODY_BYTES: u32 = 4 * 1024 * 1024;
/// The maximum length of a type, characters. It comes back in the answer.
const MAX_TYPE_CHARS: usize = 200;

/// A record of a report. It holds what may be a key, so it has no `Debug`.
pub struct Record {
    token: String,
    kind: String,
    /// The place where it was found.
    pub place: Place,
}

/// What a text is, as far as that can be told without asking anybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Suspect {
    /// No key of this deployment.
    Junk,
    /// A root key.
    Root(KeyDigest),
    /// A text with a valid tag: a key that was issued here, to a tenant or an operator.
    Issued(KeyDigest),
    /// A text of the form of imported keys, which have no tag.
    Imported(KeyDigest),
}

impl Suspect {
    /// The digest, unless it is junk.
    #[must_use]
    pub const fn digest(&self) -> Option<KeyDigest> {
        match self {
            Self::Junk => None,
            Self::Root(digest) | Self::Issued(digest) | Self::Imported(digest) => Some(*digest),
        }
    }
}

/// Reads the body: its records, and the mistakes of those that are none. Members that are not known are ignored.
///
/// # Errors
/// The body is no list.
pub fn parse(body: Value, secrets: Secrets<'_>) -> Result<(Vec<Record>, Vec<FieldError>), Vec<FieldError>> {
    let Value::Array(items) = body else {
        let detail = "a list of records expected, each with a `token`";
        return Err(alloc::vec![FieldError { field: String::new(), detail: detail.into() }]);
    };
    let (mut records, mut mistakes) = (Vec::with_capacity(items.len()), Vec::new());
    for (index, item) in items.into_iter().enumerate() {
        match record(item, secrets) {
            Ok(record) => records.push(record),
            Err((member, detail)) if mistakes.len() < MAX_MISTAKES => {
                let field = if member.is_empty() { index.to_string() } else { format!("{index}.{member}") };
                mistakes.push(FieldError { field, detail: detail.into() });
            }
            Err(_) => {}
        }
    }
    Ok((records, mistakes))
}

fn record(item: Value, secrets: Secrets<'_>) -> Result<Record, (&'static str, &'static str)> {
    let Value::Object(mut members) = item else { return Err(("", "an object with a `token` expected")) };
    let token = text(&mut members, "token")?.ok_or(("token", "this is required"))?;
    let [kind, source, url] = ["type", "source", "url"].map(|member| text(&mut members, member));
    let [kind, source, url] = [kind?, source?, url?].map(Option::unwrap_or_default);
    if kind.chars().nth(MAX_TYPE_CHARS).is_some() {
        return Err(("type", "it is too long; 200 characters at most"));
    }
    let is_secret = |text: &str| secrets.are_in(text) || text.contains(&token);
    Ok(Record { place: Place::new(&source, &url, is_secret), token, kind })
}

fn text(
    members: &mut Map<String, Value>,
    member: &'static str,
) -> Result<Option<String>, (&'static str, &'static str)> {
    match members.remove(member) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err((member, "a string expected")),
    }
}

impl Record {
    /// Judges the text by its form and its tag.
    #[must_use]
    pub fn suspect(&self, keyring: &Keyring, secrets: Secrets<'_>) -> Suspect {
        let token = self.token.as_str();
        if secrets.root_keys.include(token) {
            return Suspect::Root(KeyDigest::of(token));
        }
        let of = |key: PlainKey| match key.kind() {
            KeyKind::Imported => Suspect::Imported(key.digest()),
            KeyKind::Api(_) | KeyKind::Operator => Suspect::Issued(key.digest()),
        };
        let parsed = keyring.parse_api_key(token, secrets.forms);
        parsed.or_else(|_| keyring.parse_operator_key(token, secrets.forms)).map_or(Suspect::Junk, of)
    }

    /// What GitHub is told of the record.
    #[must_use]
    pub fn feedback(&self, is_found: bool) -> Feedback<'_> {
        let label = if is_found { Label::TruePositive } else { Label::FalsePositive };
        Feedback { label, token_hash: KeyDigest::of(&self.token).to_hex(), token_type: &self.kind }
    }
}

/// What GitHub is told of a record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Feedback<'a> {
    /// Whether it is a key of this deployment.
    pub label: Label,
    /// The SHA-256 of the text, in hexadecimal.
    pub token_hash: String,
    /// The type, as it was sent.
    pub token_type: &'a str,
}

/// Whether a text that was found is a key of this deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum Label {
    TruePositive,
    FalsePositive,
}

/// The digests to ask about, each once: first those with a tag, then those of imported forms, `most_imported` at most.
#[must_use]
pub fn to_ask(suspects: &[Suspect], most_imported: usize) -> Vec<KeyDigest> {
    let once =
        |of: fn(&Suspect) -> Option<KeyDigest>| -> BTreeSet<KeyDigest> { suspects.iter().filter_map(of).collect() };
    let issued = once(|suspect| if let Suspect::Issued(digest) = suspect { Some(*digest) } else { None });
    let imported = once(|suspect| if let Suspect::Imported(digest) = suspect { Some(*digest) } else { None });
    issued.into_iter().chain(imported.into_iter().take(most_imported)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        config::manage::tests::config,
        key::{keyring::MINT_RANDOM_BYTES, root_key::RootKeys},
    };
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    use serde_json::json;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const ROOT: &str = "ksroot_rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr";

    /// Calls `judge` with a configuration whose keys begin with `vcrm`, and imported ones with `sk_live_`.
    fn with<T>(judge: impl FnOnce(&Keyring, Secrets<'_>) -> T) -> T {
        let (config, root_keys) = (config(), RootKeys::parse(ROOT));
        let keyring = Keyring::parse(&STANDARD.encode([1; 32])).unwrap();
        judge(&keyring, Secrets { forms: config.key_forms(), root_keys: &root_keys })
    }

    fn minted(keyring: &Keyring, seed: u8) -> String {
        let prefix = crate::key::KeyPrefix::parse("vcrm").unwrap();
        let random = [seed; MINT_RANDOM_BYTES];
        keyring.mint_api_key(&prefix, crate::key::Environment::Live, &random).unwrap().reveal().into()
    }

    #[test]
    fn a_text_is_judged_by_form_and_tag() {
        with(|keyring, secrets| {
            let operator = keyring.mint_operator_key(&[7; MINT_RANDOM_BYTES]).unwrap();
            let key = minted(keyring, 7);
            let forged = format!("{}000000", &key[..key.len() - 6]);
            let imported = "sk_live_0123456789abcdef";
            let tokens = [key.as_str(), operator.reveal(), imported, ROOT, &forged, "", "some_token", "vcrm_live_"];
            let body = Value::from_iter(tokens.map(|token| json!({ "token": token, "type": "t", "new": [1] })));
            let (records, mistakes) = parse(body, secrets).unwrap();
            assert!(mistakes.is_empty());
            let digest = KeyDigest::of;
            let judged: Vec<Suspect> = records.iter().map(|record| record.suspect(keyring, secrets)).collect();
            let expected = [
                Suspect::Issued(digest(&key)),
                Suspect::Issued(digest(operator.reveal())),
                Suspect::Imported(digest(imported)),
                Suspect::Root(digest(ROOT)),
                Suspect::Junk,
                Suspect::Junk,
                Suspect::Junk,
                Suspect::Junk,
            ];
            assert_eq!(judged, expected);
            let asked = to_ask(&judged, 1);
            assert_eq!((asked.len(), asked[2]), (3, digest(imported)));
            assert_eq!(to_ask(&judged, 0).len(), 2);
        });
    }

    #[test]
    fn a_record_needs_a_token_and_nothing_else() {
        with(|_, secrets| {
            let body = json!([
                {"token": "a"}, {"token": "a", "type": null, "url": "", "source": null}, {"type": "t"}, 7,
                {"token": 1}, {"token": "a", "url": 1}, {"token": "a", "type": "x".repeat(201)},
            ]);
            let (records, mistakes) = parse(body, secrets).unwrap();
            assert_eq!(records.len(), 2);
            let fields: Vec<&str> = mistakes.iter().map(|mistake| mistake.field.as_str()).collect();
            assert_eq!(fields, ["2.token", "3", "4.token", "5.url", "6.type"]);
            assert!(parse(json!({"token": "a"}), secrets).is_err());
        });
    }

    #[test]
    fn a_url_with_the_token_in_it_is_not_shown() {
        with(|keyring, secrets| {
            let key = minted(keyring, 9);
            for (token, url) in
                [(key.as_str(), format!("https://a.example/?k={key}")), ("hunter2", "https://a.example/hunter2".into())]
            {
                let (records, _) = parse(json!([{"token": token, "url": url, "source": "COMMIT"}]), secrets).unwrap();
                assert_eq!((records[0].place.url.as_str(), records[0].place.source.as_str()), ("", "commit"));
            }
        });
    }

    #[test]
    fn the_feedback_is_in_the_form_that_github_documents() {
        with(|_, secrets| {
            let (records, _) = parse(json!([{"token": "abc", "type": "my_type"}]), secrets).unwrap();
            let hash = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
            let expected = json!({"label": "true_positive", "token_hash": hash, "token_type": "my_type"});
            assert_eq!(json!(records[0].feedback(true)), expected);
            assert_eq!(json!(records[0].feedback(false))["label"], "false_positive");
        });
    }
}
