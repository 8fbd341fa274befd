//! Any text as a key, and any as a secret: nothing panics. A text is taken for a key
//! that was issued here only if minting its random part gives that very text, and every
//! minted key is read back as what it is.
#![no_main]

use std::sync::LazyLock;

use keystile_core::{
    Environment, KeyPrefix, Keyring, PlainKey,
    base::base62::ALPHABET,
    key::{KeyForms, KeyKind, RANDOM_LEN, TAG_LEN, imported::ImportedForm},
};
use libfuzzer_sys::fuzz_target;

const NEWEST: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const OLDER: &str = "Hx4dHBsaGRgXFhUUExIREA8ODQwLCgkIBwYFBAMCAQA=";
const ENVIRONMENTS: [Environment; 2] = [Environment::Live, Environment::Test];

struct Deployment {
    /// Of both secrets, as a deployment has them that rotates its own.
    both: Keyring,
    /// Of each alone.
    each: [Keyring; 2],
    prefixes: [KeyPrefix; 2],
    imported: [ImportedForm; 2],
}

static DEPLOYMENT: LazyLock<Deployment> = LazyLock::new(|| Deployment {
    both: Keyring::parse(&format!("{NEWEST},{OLDER}")).unwrap(),
    each: [NEWEST, OLDER].map(|secret| Keyring::parse(secret).unwrap()),
    prefixes: ["knq", "knq_sk"].map(|prefix| KeyPrefix::parse(prefix).unwrap()),
    imported: [ImportedForm::prefix("sk_live_").unwrap(), ImportedForm::named("hex40").unwrap()],
});

impl Deployment {
    fn forms(&self) -> KeyForms<'_> {
        KeyForms { prefixes: &self.prefixes, imported: &self.imported }
    }

    /// Reads a text both ways, and holds what comes out against [`mintable`](Self::mintable).
    fn check(&self, text: &str) {
        for key in [self.both.parse_api_key(text, self.forms()), self.both.parse_operator_key(text, self.forms())] {
            let Ok(key) = key else { continue };
            assert_eq!(key.reveal(), text);
            match key.kind() {
                KeyKind::Imported => {
                    let whole = text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
                    assert!(text.starts_with("sk_live_") || whole);
                }
                kind => assert!(self.mintable(text).any(|minted| minted.kind() == kind && minted.reveal() == text)),
            }
        }
    }

    /// Every key that has the random part of a text.
    fn mintable(&self, text: &str) -> impl Iterator<Item = PlainKey> {
        let body = &text.as_bytes()[text.len() - RANDOM_LEN - TAG_LEN..text.len() - TAG_LEN];
        let digit = |character: &u8| ALPHABET.iter().position(|of_alphabet| of_alphabet == character).unwrap() as u8;
        let random: Vec<u8> = body.iter().map(digit).collect();
        self.each.iter().flat_map(move |keyring| {
            let api = self.prefixes.iter().flat_map(|prefix| ENVIRONMENTS.map(|environment| (prefix, environment)));
            let api = api.map(|(prefix, environment)| keyring.mint_api_key(prefix, environment, &random).unwrap());
            api.chain([keyring.mint_operator_key(&random).unwrap()]).collect::<Vec<_>>()
        })
    }
}

fuzz_target!(|data: (String, Vec<u8>, u8, u8, char)| {
    let (text, random, which, at, character) = data;
    let _ = Keyring::parse(&text);
    let deployment = &*DEPLOYMENT;
    deployment.check(&text);
    let keyring = &deployment.each[usize::from(which & 1)];
    let prefix = &deployment.prefixes[usize::from(which >> 1 & 1)];
    let environment = ENVIRONMENTS[usize::from(which >> 2 & 1)];
    let Ok(key) = keyring.mint_api_key(prefix, environment, &random) else { return };
    let read = deployment.both.parse_api_key(key.reveal(), deployment.forms()).unwrap();
    assert_eq!((&read, read.kind()), (&key, KeyKind::Api(environment)));
    let operator = keyring.mint_operator_key(&random).unwrap();
    assert_eq!(deployment.both.parse_operator_key(operator.reveal(), deployment.forms()), Ok(operator.clone()));
    // A minted key with another character in one place, and with the text around it.
    for minted in [&key, &operator] {
        let mut changed: Vec<char> = minted.reveal().chars().collect();
        let at = usize::from(at) % changed.len();
        changed[at] = character;
        deployment.check(&changed.into_iter().collect::<String>());
        deployment.check(&format!("{}{text}", minted.reveal()));
        deployment.check(&format!("{text}{}", minted.reveal()));
    }
});
