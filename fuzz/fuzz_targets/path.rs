//! Any path: nothing panics, and one that is accepted is in normal form. It reads back
//! as itself, whichever of its unreserved characters were encoded, keeps its slashes, and
//! holds nothing that servers are known to read in two ways.
#![no_main]

use keystile_core::base::path::Path;
use libfuzzer_sys::fuzz_target;

/// The same path by RFC 3986, section 2.3: each unreserved character encoded where `which` says.
fn encoded(raw: &str, which: &[bool]) -> String {
    let mut which = which.iter().copied().chain(std::iter::repeat(false));
    let mut text = String::new();
    let mut characters = raw.chars();
    while let Some(character) = characters.next() {
        let is_unreserved = character.is_ascii_alphanumeric() || "-._~".contains(character);
        if is_unreserved && which.next() == Some(true) {
            text.push_str(&format!("%{:02x}", u32::from(character)));
        } else {
            text.push(character);
        }
        if character == '%' {
            text.extend(characters.by_ref().take(2));
        }
    }
    text
}

fuzz_target!(|data: (String, Vec<bool>)| {
    let (text, which) = data;
    for raw in [format!("/{text}"), text] {
        let parsed = Path::of_request(&raw);
        assert_eq!(Path::of_request(&encoded(&raw, &which)), parsed);
        let Ok(path) = parsed else { continue };
        let normal = path.as_str();
        assert_eq!(Path::of_request(normal), Ok(path.clone()));
        assert!(normal.starts_with('/') && !normal.contains('\\'));
        let slashes = |text: &str| text.to_ascii_lowercase().replace("%2f", "/").matches('/').count();
        assert_eq!(slashes(normal), slashes(&raw));
        let merged = path.merged();
        assert!(!merged.as_str().contains("//"));
        let is_setting = merged.as_str() == normal && !path.has_encoded_slash();
        assert_eq!(Path::parse(&raw).is_ok(), is_setting);
        assert!(normal.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'?' && byte != b'#'));
        let encoded = |what: &str| normal.to_ascii_uppercase().contains(what);
        assert!(!["%5C", "%2E", "%00", "%0D", "%0A"].into_iter().any(encoded));
        for segment in path.segments().into_iter().flat_map(|segment| segment.split("%2F")) {
            let before_parameters = segment.replace("%3B", ";");
            assert!(!matches!(before_parameters.split(';').next(), Some("." | "..")));
        }
        assert_eq!(path.below(&Path::root()), Some(normal));
        assert_eq!(path.below(&path), Some(&normal[normal.trim_end_matches('/').len()..]));
    }
});
