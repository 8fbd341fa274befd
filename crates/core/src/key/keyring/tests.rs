use super::*;
use crate::key::{Environment, KeyKind, imported::ImportedForm};
use alloc::{format, string::ToString};
use proptest::prelude::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const SECRET_A: &str = "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=";
const SECRET_B: &str = "QkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkI=";

fn keyring() -> Keyring {
    Keyring::parse(SECRET_A).unwrap()
}

fn prefix() -> KeyPrefix {
    KeyPrefix::parse("knq").unwrap()
}

fn parse(keyring: &Keyring, text: &str) -> Result<PlainKey, ParseKeyError> {
    keyring.parse_api_key(text, KeyForms { prefixes: &[prefix()], imported: &[] })
}

fn parse_operator(keyring: &Keyring, text: &str) -> Result<PlainKey, ParseKeyError> {
    keyring
        .parse_operator_key(text, KeyForms { prefixes: &[prefix()], imported: &[ImportedForm::named("uuid").unwrap()] })
}

/// Parses with imported keys allowed. Some of their beginnings resemble those of issued keys.
fn parse_either(keyring: &Keyring, text: &str) -> Result<PlainKey, ParseKeyError> {
    let imported = ["sk_live_", "kn", "ks"].map(|text| ImportedForm::prefix(text).unwrap());
    let forms = ["uuid", "hex32", "hex40", "hex64"].map(|name| ImportedForm::named(name).unwrap());
    let imported = [&imported[..], &forms].concat();
    keyring.parse_api_key(text, KeyForms { prefixes: &[prefix()], imported: &imported })
}

/// An independent implementation computed these vectors once (Python's hmac and hashlib; see
/// docs/design/golden-vectors.md). A change here makes every issued key worthless.
#[test]
fn golden_vectors_pin_alphabet_labels_tag_address_and_seal() {
    let keyring = keyring();
    let random: Vec<u8> = (0..64).collect();
    let key = keyring.mint_api_key(&prefix(), Environment::Live, &random).unwrap();
    assert_eq!(key.reveal(), GOLDEN_KEY);
    let operator = keyring.mint_operator_key(&random).unwrap();
    assert_eq!(operator.reveal(), GOLDEN_OPERATOR_KEY);
    assert_eq!(keyring.newest_fingerprint(), GOLDEN_FINGERPRINT);
    let slot = keyring.slots(&key.digest()).next().unwrap();
    assert_eq!(slot.address, GOLDEN_ADDRESS);
    assert_eq!(slot.seal("{}"), GOLDEN_VALUE);
    let tenant = TenantId::parse("acme").unwrap();
    let slot = keyring.tenant_status_slots(&tenant).next().unwrap();
    assert_eq!(
        (slot.address.as_str(), slot.seal("{}").as_str()),
        (GOLDEN_TENANT_STATUS_ADDRESS, GOLDEN_TENANT_STATUS_VALUE)
    );
}
const GOLDEN_KEY: &str = "knq_live_0123456789ABCDEFGHIJKLMNOPQRSTUVoyVZGU";
const GOLDEN_OPERATOR_KEY: &str = "ksop_0123456789ABCDEFGHIJKLMNOPQRSTUVmIIDtE";
const GOLDEN_FINGERPRINT: &str = "FgaiTqr6";
const GOLDEN_ADDRESS: &str = "k1/KUUS9Uxfs7o0r10BQEByu8gmeCSXnvPjX80UbUK11Ro";
const GOLDEN_VALUE: &str = "1.dgETVbdp2WnFP_AQR5iEJf2wEoXPb49CihtNTuh7DMY.{}";
const GOLDEN_TENANT_STATUS_ADDRESS: &str = "t1/epSEUHnnbF5sDWslfRb2G3RHMjnYPSseLOs7aXj1QtU";
const GOLDEN_TENANT_STATUS_VALUE: &str = "1.hb0HOpegr06-4LxBkH5mJlFrXC4md3hfxG3grdi1M4E.{}";

#[test]
fn an_operator_key_is_no_api_key_and_the_reverse() {
    let keyring = keyring();
    let operator = keyring.mint_operator_key(&[1; 64]).unwrap();
    let api = keyring.mint_api_key(&prefix(), Environment::Live, &[1; 64]).unwrap();
    assert_eq!(parse(&keyring, operator.reveal()), Err(ParseKeyError::NotForOperators));
    for api in [api.reveal(), "550e8400-e29b-41d4-a716-446655440000"] {
        assert_eq!(parse_operator(&keyring, api), Err(ParseKeyError::NeedsOperator));
    }
    assert_eq!(parse_operator(&keyring, "abc_live_x"), Err(ParseKeyError::NoOperator));
    // A tag that was made for one sort of key does not fit the other.
    let body = &api.reveal()["knq_live_".len()..];
    assert_eq!(parse_operator(&keyring, &format!("ksop_{body}")), Err(ParseKeyError::BadTag));
}

#[test]
fn after_two_rotations_old_keys_still_parse_and_new_ones_use_the_newest() {
    let secret_c = Base64::encode_string(&[7; 32]);
    let first = keyring();
    let old = first.mint_api_key(&prefix(), Environment::Live, &[1; 64]).unwrap();
    let rotated = Keyring::parse(&format!("{secret_c}, {SECRET_B}, {SECRET_A}")).unwrap();
    assert_eq!(parse(&rotated, old.reveal()).as_ref(), Ok(&old));
    let new = rotated.mint_api_key(&prefix(), Environment::Live, &[2; 64]).unwrap();
    assert!(parse(&Keyring::parse(&secret_c).unwrap(), new.reveal()).is_ok());
    assert_eq!(parse(&first, new.reveal()), Err(ParseKeyError::BadTag));
    let addresses: Vec<_> = rotated.slots(&old.digest()).map(|slot| slot.address).collect();
    assert_eq!(addresses.len(), 3);
    assert_eq!(addresses[2], first.slots(&old.digest()).next().unwrap().address);
}

#[test]
fn a_value_opens_only_where_it_was_sealed() {
    let keyring = keyring();
    let mine = keyring.slots(&KeyDigest::of("mine")).next().unwrap();
    let theirs = keyring.slots(&KeyDigest::of("theirs")).next().unwrap();
    let value = theirs.seal(r#"{"scopes":["admin"]}"#);
    assert_eq!(theirs.open(&value), Some(r#"{"scopes":["admin"]}"#));
    assert_eq!(mine.open(&value), None, "copied to another address");
    assert_eq!(theirs.open(&value.replace("admin", "nimda")), None, "altered");
    for broken in ["", "1.", "1..", "2.x.y", r#"{"scopes":[]}"#, "1.AAAA.{}"] {
        assert_eq!(theirs.open(broken), None, "{broken}");
    }
}

#[test]
fn a_bad_secret_is_named_by_position_and_never_repeated() {
    for (value, position) in [("", 1), (",", 1), ("c2hvcnQ=", 1), ("!!!", 1)] {
        let message = Keyring::parse(value).unwrap_err().to_string();
        assert!(message.contains(&format!("secret {position}")), "{message}");
    }
    let message = Keyring::parse(&format!("{SECRET_A},c2hvcnQ=")).unwrap_err().to_string();
    assert!(message.contains("secret 2 has fewer than 32 bytes"), "{message}");
    assert!(!message.contains("c2hvcnQ"), "{message}");
}

#[test]
fn an_imported_key_is_told_by_its_beginning_where_that_is_allowed() {
    let text = "sk_live_4eC39HqLyjWDarjtT1zdp7dc";
    assert_eq!(parse_either(&keyring(), text).map(|key| key.kind()), Ok(KeyKind::Imported));
    assert_eq!(parse_either(&keyring(), text).unwrap().environment(), None);
    assert_eq!(parse(&keyring(), text), Err(ParseKeyError::UnknownPrefix));
    assert_eq!(parse_either(&keyring(), "sk_live_short"), Err(ParseKeyError::WrongLength));
    assert_eq!(parse_either(&keyring(), &format!("pk{text}")), Err(ParseKeyError::UnknownPrefix));
}

#[test]
fn minting_with_too_few_random_bytes_is_an_error() {
    let minted = keyring().mint_api_key(&prefix(), Environment::Live, &[255; 64]);
    assert_eq!(minted, Err(MintError));
}

proptest! {
    #[test]
    fn what_is_minted_parses_to_the_same_key(random in prop::collection::vec(any::<u8>(), 128), live: bool) {
        let environment = if live { Environment::Live } else { Environment::Test };
        let keyring = keyring();
        let key = keyring.mint_api_key(&prefix(), environment, &random).unwrap();
        prop_assert_eq!(parse(&keyring, key.reveal()), Ok(key.clone()));
        prop_assert_eq!(key.kind(), KeyKind::Api(environment));
    }

    #[test]
    fn any_one_character_change_is_refused(random in prop::collection::vec(any::<u8>(), 128), at: prop::sample::Index, to: char) {
        let keyring = keyring();
        let key = keyring.mint_api_key(&prefix(), Environment::Live, &random).unwrap();
        let mut changed: Vec<char> = key.reveal().chars().collect();
        let at = at.index(changed.len());
        prop_assume!(changed[at] != to);
        changed[at] = to;
        let changed: String = changed.into_iter().collect();
        prop_assert!(parse(&keyring, &changed).is_err());
    }

    #[test]
    fn any_one_base62_change_is_refused(seed: u8, at in 9usize..47, to in 0usize..62) {
        let keyring = keyring();
        let key = keyring.mint_api_key(&prefix(), Environment::Live, &[seed % 200; 64]).unwrap();
        let mut changed = key.reveal().as_bytes().to_vec();
        prop_assume!(changed[at] != base62::ALPHABET[to]);
        changed[at] = base62::ALPHABET[to];
        let changed = core::str::from_utf8(&changed).unwrap();
        prop_assert_eq!(parse(&keyring, changed), Err(ParseKeyError::BadTag));
        prop_assert_eq!(parse_either(&keyring, changed), Err(ParseKeyError::BadTag), "nor is it taken for an imported one");
    }

    #[test]
    fn what_begins_as_keys_issued_here_needs_a_tag_whatever_is_imported(rest in "[ -~]{0,60}", operators: bool) {
        let text = if operators { format!("ksop_{rest}") } else { format!("knq_{rest}") };
        prop_assert!(parse_either(&keyring(), &text).is_err());
    }

    #[test]
    fn no_text_makes_the_parser_panic(text: String) {
        let keyring = keyring();
        let _ = parse(&keyring, &text);
        let _ = parse_either(&keyring, &format!("sk_live_{text}"));
        let _ = parse_operator(&keyring, &text);
    }
}
