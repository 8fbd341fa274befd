//! Properties of every scheme: a signed delivery verifies, one that differs a little doesn't, and junk neither panics
//! nor takes long.

use std::{
    format,
    string::{String, ToString},
    vec::Vec,
};

use p256::ecdsa::signature::Signer as _;
use proptest::prelude::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::rig::{self, GITHUB, NOW, SLACK, STANDARD, STRIPE, WHPK, WHSEC, borrowed, code, options, scheme};
use crate::{
    Delivery, Options, Scheme, Secrets,
    algorithm::{Encoding, TimeUnit},
    encoding, sign,
};

/// A scheme with these axes, and a secret for it.
fn made(algorithm: &str, encoding: &str, key: &str, format: &str, unit: &str, message: &str) -> (Scheme, String) {
    let format = match format {
        "prefix" => "signature = \"header:sig\"\nprefix = \"sha=\"".to_string(),
        "fields" => "signature = \"header:sig\"\nsplit = \";\"\nprefix = \"v1=\"".into(),
        "groups" => "signature = \"header:sig\"\ngroups = \" \"\nsplit = \",\"\nprefix = \"v1=\"".into(),
        "list" => "signature = \"header:sig\"\nsplit = \" \"\nprefix = \"v1,\"".into(),
        "positions" => "signature = \"header:sig\"\nsplit = \",\"".into(),
        "begins" => "signature = \"header:sig\"\nbegins = \"v0=\"\nsplit = \",\"".into(),
        "after" => "signature = \"header:sig\"\nsplit = \"&\"\nafter = \"|\"".into(),
        "numbered" => "signature = \"header:sig-#\"".into(),
        _ => "signature = [\"header:sig\", \"header:sig2\"]".to_string(),
    };
    let at = match format.contains("prefix = \"v1=\"") {
        true => "field:t",
        false if format.ends_with("split = \",\"") && !format.contains("begins") => "position:0",
        false => "header:time",
    };
    // A template's own values end where the literal after them begins.
    let message = if unit == "http-date" && !at.starts_with("header") { "{body}{timestamp}" } else { message };
    let (message, algorithm_line) = match algorithm {
        "sha256" => (format!("message = \"{{secret}}{message}\""), "algorithm = \"sha256\""),
        _ => (format!("message = \"{message}\""), ""),
    };
    let algorithm_line =
        if algorithm_line.is_empty() { format!("algorithm = \"{algorithm}\"") } else { algorithm_line.to_string() };
    let text = format!(
        "{format}\n{algorithm_line}\nencoding = \"{encoding}\"\nkey = \"{key}\"\n{message}\n\
         timestamp = {{ at = \"{at}\", unit = \"{unit}\" }}\nevent_id = \"header:id\""
    );
    let secret = match key {
        "hex" => "00112233445566778899aabbccddeeff",
        "base64" => "c2VjcmV0c2VjcmV0",
        _ => "whsec_c2VjcmV0c2VjcmV0",
    };
    (scheme(&text), secret.to_string())
}

const UNITS: [&str; 3] = ["s", "ms", "rfc3339"];
const FORMATS: [&str; 9] = ["plain", "prefix", "fields", "groups", "list", "positions", "begins", "after", "numbered"];

/// Checks the verdict on a signed delivery, unchanged and with one thing changed each time.
fn stands_and_falls(scheme: &Scheme, secret: &str, body: &[u8], id: &str, flip: usize) -> Result<(), TestCaseError> {
    let at = |offset: i64| {
        let signed = sign(scheme, secret, &rig::post(&[], body), Some(id), &options(NOW + offset));
        signed.unwrap().headers
    };
    let headers = at(0);
    prop_assert_eq!(code(scheme, &[secret], &borrowed(&headers), body), "VALID");
    // The platform comes to the same verdict.
    let secrets = Secrets::parse(scheme, &[secret]);
    let asking = Options { delegate_hmac_from: 0, ..options(NOW) };
    let with_headers = borrowed(&headers);
    let asked = Delivery { headers: &with_headers, ..rig::post(&[], body) };
    let asked = rig::settle(crate::verify(scheme, &secrets, &asked, &asking));
    prop_assert_eq!(&asked, &rig::check(scheme, &[secret], &rig::post(&with_headers, body), &options(NOW)));
    prop_assert!(asked.is_ok());
    let other = secret.replace("Vj", "Vk").replace("00", "11");
    prop_assert_eq!(code(scheme, &[&other], &borrowed(&headers), body), "NO_MATCH");
    let mut changed = body.to_vec();
    match body.len() {
        0 => changed.push(0),
        len => changed[flip % len] ^= 1,
    }
    prop_assert_eq!(code(scheme, &[secret], &borrowed(&headers), &changed), "NO_MATCH");
    prop_assert_eq!(code(scheme, &[secret], &borrowed(&at(-300)), body), "VALID");
    prop_assert_eq!(code(scheme, &[secret], &borrowed(&at(-301)), body), "TIMESTAMP_TOO_OLD");
    prop_assert_eq!(code(scheme, &[secret], &borrowed(&at(301)), body), "TIMESTAMP_TOO_NEW");
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(target_arch = "wasm32") { 32 } else { 256 }))]

    #[test]
    fn what_is_signed_verifies_and_nothing_near_it(
        algorithm in prop::sample::select(&["hmac-sha1", "hmac-sha256", "hmac-sha512", "sha256"][..]),
        encoding in prop::sample::select(&["hex", "base64", "base64url"][..]),
        key in prop::sample::select(&["utf8", "hex", "base64", "whsec", "whsec-or-utf8", "whsec-and-utf8", "sha1", "nfkd"][..]),
        format in prop::sample::select(&FORMATS[..]),
        unit in prop::sample::select(&UNITS[..]),
        message in prop::sample::select(&["{header:id}.{timestamp}.{body}", "{timestamp}\\n{sha256hex:body}", "{method}{url}{timestamp}{body}"][..]),
        body in prop::collection::vec(any::<u8>(), 0..200),
        id in "[a-z0-9_]{1,20}",
        flip: usize,
    ) {
        let (scheme, secret) = made(algorithm, encoding, key, format, unit, message);
        stands_and_falls(&scheme, &secret, &body, &id, flip)?;
    }

    #[test]
    fn tokens_that_are_signed_verify_and_nothing_near_them(
        body in prop::collection::vec(any::<u8>(), 0..200), id in "[ -~]{1,20}", flip: usize,
    ) {
        let scheme = scheme(
            "signature = \"header:authorization\"\nprefix = \"Bearer \"\nalgorithm = \"jws-hs256\"\n\
             claims = { iss = \"a\", sub = \"{url}\" }\nevent_id = \"claim:jti\"\n\
             hashes = [{ at = \"claim:hash\", encoding = \"base64\" }]\ntimestamp = { at = \"claim:iat\" }",
        );
        let headers = sign(&scheme, "secret", &rig::post(&[], &body), Some(&id), &options(NOW)).unwrap().headers;
        let with_headers = borrowed(&headers);
        let good = rig::check(&scheme, &["secret"], &rig::post(&with_headers, &body), &options(NOW)).unwrap();
        prop_assert_eq!(good.event_id, Some(id));
        prop_assert_eq!(code(&scheme, &["other"], &with_headers, &body), "NO_MATCH");
        prop_assert_eq!(code(&scheme, &["secret"], &with_headers, &[body.as_slice(), b"x"].concat()), "HASH_MISMATCH");
        let mut token = rig::value(&headers, "authorization").to_string().into_bytes();
        let at = 7 + flip % (token.len() - 7);
        token[at] = if token[at] == b'A' { b'B' } else { b'A' };
        let token = String::from_utf8(token).unwrap();
        prop_assert_ne!(code(&scheme, &["secret"], &[("authorization", &token)], &body), "VALID");
    }

}

// The arithmetic of these is slow unless it is optimised.
proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn pairs_of_keys_verify_what_their_private_half_signed(
        body in prop::collection::vec(any::<u8>(), 0..200), seed in prop::array::uniform32(1u8..255), flip: usize,
    ) {
        let ed25519 = ed25519_dalek::SigningKey::from_bytes(&seed);
        let p256 = p256::ecdsa::SigningKey::from_slice(&seed).unwrap();
        let message = [NOW.to_string().as_bytes(), &body].concat();
        let p256_signature: p256::ecdsa::Signature = p256.sign(&message);
        let point = p256.verifying_key().to_sec1_point(false);
        let jwk = format!(
            "{{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"{}\",\"y\":\"{}\"}}",
            encoding::encode(Encoding::Base64Url, point.x().unwrap()), encoding::encode(Encoding::Base64Url, point.y().unwrap())
        );
        let public = ed25519.verifying_key().to_bytes();
        let cases = [
            ("ed25519", "ed25519-hex", encoding::to_hex(&public), ed25519.sign(&message).to_bytes().to_vec()),
            ("ed25519", "ed25519-base64", encoding::encode(Encoding::Base64, &public), ed25519.sign(&message).to_bytes().to_vec()),
            ("ecdsa-p256", "jwk", jwk.clone(), p256_signature.to_der().as_bytes().to_vec()),
            ("ecdsa-p256-p1363", "jwk", jwk, p256_signature.to_bytes().to_vec()),
        ];
        for (algorithm, key, secret, signature) in cases {
            let scheme = scheme(&format!(
                "signature = \"header:s\"\nencoding = \"hex\"\nalgorithm = \"{algorithm}\"\nkey = \"{key}\"\n\
                 message = \"{{timestamp}}{{body}}\"\ntimestamp = {{ at = \"header:t\" }}"
            ));
            let now = NOW.to_string();
            let with = |signature: &[u8], time: &str, body: &[u8]| {
                code(&scheme, &[&secret], &[("s", &encoding::to_hex(signature)), ("t", time)], body)
            };
            prop_assert_eq!(with(&signature, &now, &body), "VALID");
            prop_assert_eq!(with(&signature, &(NOW + 1).to_string(), &body), "NO_MATCH");
            prop_assert_eq!(with(&signature, &now, &[body.as_slice(), b"x"].concat()), "NO_MATCH");
            let mut other = signature.clone();
            other[flip % signature.len()] ^= 1;
            prop_assert_ne!(with(&other, &now, &body), "VALID");
        }
    }

    #[test]
    fn p46_no_junk_panics(
        header in ".{0,60}", time in ".{0,20}", secret in ".{0,40}", url in ".{0,40}", body in prop::collection::vec(any::<u8>(), 0..80),
        junk in "[\\[\\]{}\",:0-9a\\\\u. \\n-]{0,80}", template in "[{}a-z_:|.0\\[\\]]{0,40}",
    ) {
        let _ = (crate::template::Template::parse(&template), crate::place::Place::parse(&template));
        for text in [STANDARD, STRIPE, SLACK, GITHUB, TWILIO_LIKE, TOKEN_LIKE, ITEM_LIKE] {
            let scheme = scheme(text);
            let secrets = [secret.as_str(), WHSEC, WHPK];
            let names = ["webhook-signature", "stripe-signature", "x-slack-signature", "x-hub-signature-256", "s"];
            let mut headers: Vec<(&str, &str)> = names.map(|name| (name, header.as_str())).to_vec();
            headers.extend(["webhook-timestamp", "x-slack-request-timestamp", "webhook-id", "t"].map(|name| (name, time.as_str())));
            for body in [body.as_slice(), junk.as_bytes()] {
                let delivery = Delivery { method: "POST", url: &url, headers: &headers, body };
                prop_assert!(rig::check(&scheme, &secrets, &delivery, &options(NOW)).is_err());
            }
        }
        if let Ok(value) = serde_json::from_str::<serde_json::Value>(&junk) {
            let _ = Scheme::from_value(value);
        }
    }
}

const TWILIO_LIKE: &str = "signature = \"header:s\"\nencoding = \"base64\"\nalgorithm = \"hmac-sha1\"\n\
    message = \"{url_with_port}{canonical_query}{path_and_query}{sorted_form}\"";
const TOKEN_LIKE: &str = "signature = \"header:s\"\nalgorithm = \"jws-hs256\"\ntimestamp = { at = \"claim:iat\" }";
const ITEM_LIKE: &str = "signature = \"json:s\"\neach = \"json:items[]\"\nencoding = \"base64\"\n\
    algorithm = \"hmac-sha256\"\nmessage = \"{json:a}\"";

#[test]
fn every_unit_round_trips() {
    for unit in TimeUnit::ALL {
        let (scheme, secret) = made("hmac-sha256", "hex", "utf8", "prefix", unit.name(), "{timestamp}{body}");
        stands_and_falls(&scheme, &secret, b"{}", "a", 0).unwrap();
    }
}

/// Verifying leaves no state behind, so earlier deliveries don't matter.
#[test]
fn p45_one_scheme_never_touches_another() {
    let (standard, github) = (scheme(STANDARD), scheme(GITHUB));
    let first = rig::signed(&standard, WHSEC, b"{}");
    let second = rig::signed(&github, "secret", b"{}");
    for _ in 0..3 {
        assert_eq!(code(&standard, &[WHSEC], &borrowed(&first), b"{}"), "VALID");
        assert_eq!(code(&github, &["secret"], &borrowed(&second), b"{}"), "VALID");
        assert_eq!(code(&github, &["secret"], &borrowed(&first), b"{}"), "MISSING_HEADER");
    }
}

/// Senders whose headers have the same name are told apart only by the scheme: the engine never guesses.
#[test]
fn p48_the_scheme_is_said_and_never_guessed() {
    let gocardless =
        scheme("signature = \"header:webhook-signature\"\nencoding = \"hex\"\nalgorithm = \"hmac-sha256\"");
    let standard = scheme(STANDARD);
    let theirs = rig::signed(&gocardless, WHSEC, b"{}");
    let ours = rig::signed(&standard, WHSEC, b"{}");
    assert_eq!(code(&gocardless, &[WHSEC], &borrowed(&theirs), b"{}"), "VALID");
    assert_eq!(code(&gocardless, &[WHSEC], &borrowed(&ours), b"{}"), "MALFORMED_SIGNATURE");
    assert_ne!(code(&standard, &[WHSEC], &borrowed(&theirs), b"{}"), "VALID");
}

/// Megabytes that are made to be slow take about as long as any others: ten times the length may take some ten times as
/// long, not a hundred times.
#[cfg(not(target_arch = "wasm32"))]
#[test]
fn p46_no_hostile_megabyte_takes_long() {
    let now = options(NOW);
    let repeated = |text: &str| text.repeat(1_000_000 / text.len());
    let mut cases: Vec<(&str, String, String)> = Vec::new();
    for junk in ["v1,AAAA ", "v1,", " ", ",", "v1=00,", "t=1,", "t=1,v1=00 ", "=", "é"] {
        cases.push((STANDARD, repeated(junk), String::new()));
        cases.push((STRIPE, repeated(junk), String::new()));
    }
    for junk in ["{\"a\":", "[", "\"\\\\", "{\"items\":[{\"s\":1,", "{\"a\":1,\"a\":", "1", "\\u0061", " ", "{},"] {
        cases.push((ITEM_LIKE, String::new(), repeated(junk)));
    }
    let items = format!("{{\"items\":[{}]}}", "{\"s\":\"AA==\",\"a\":1},".repeat(40_000));
    cases.push((ITEM_LIKE, String::new(), items));
    for junk in ["a=1&", "&", "%41", "%", "=", "b=2&a="] {
        cases.push((TWILIO_LIKE, "AAAA".into(), repeated(junk)));
    }
    for junk in ["a.", ".", "e30.", "AAAA"] {
        cases.push((TOKEN_LIKE, repeated(junk), String::new()));
    }
    let secrets = [WHSEC, "secret"];
    for (text, header, body) in &cases {
        let scheme = scheme(text);
        let headers = ["webhook-signature", "stripe-signature", "s"].map(|name| (name, header.as_str()));
        let headers = [headers.as_slice(), &[("webhook-timestamp", "1700000000"), ("webhook-id", "a")]].concat();
        let start = std::time::Instant::now();
        assert!(rig::check(&scheme, &secrets, &rig::post(&headers, body.as_bytes()), &now).is_err());
        let taken = start.elapsed();
        assert!(taken.as_millis() < 2_000, "{taken:?} for {:?} {:?}", header.get(..8), body.get(..8));
    }
    let form = "Content-Disposition: form-data; name=\"a\"\r\n\r\n\r\n--x\r\n".repeat(20_000);
    let headers = [("s", "AAAA"), ("content-type", "multipart/form-data; boundary=x")];
    let start = std::time::Instant::now();
    assert!(rig::check(&scheme(TWILIO_LIKE), &secrets, &rig::post(&headers, form.as_bytes()), &now).is_err());
    assert!(start.elapsed().as_millis() < 2_000);
}
