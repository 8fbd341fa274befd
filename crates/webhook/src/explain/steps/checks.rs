//! The claims and hashes that are checked once the signature is good.

use alloc::{
    string::{String, ToString},
    vec::Vec,
};

use crate::{
    encoding,
    explain::report::Check,
    json,
    lookup::Lookup,
    mac, message,
    name::Names,
    place::{JsonPath, Place},
};

pub(super) fn checks(lookup: &Lookup<'_>) -> Vec<Check> {
    let mut checks = Vec::new();
    for rule in lookup.scheme.requires.iter().filter(|rule| rule.is_about_content()) {
        let stated = match &rule.at {
            Place::Claim(path) => claim_texts(lookup.claims.unwrap_or_default(), path),
            place => lookup.characters(place).ok().flatten().map(|text| text.to_string()).into_iter().collect(),
        };
        let is = rule.is.as_ref().map(|is| message::fill(is, lookup, &[]).map(|is| is.concat()).unwrap_or_default());
        let is = is.map(|is| String::from_utf8_lossy(&is).into_owned());
        let fits = |text: &String| is.as_ref().map_or(!text.is_empty(), |is| text == is);
        let expected = is.clone().unwrap_or_else(|| "any text".into());
        checks.push(Check { place: rule.at.to_string(), holds: stated.iter().any(fits), stated, expected });
    }
    for (path, template) in &lookup.scheme.claims {
        let expected = message::fill(template, lookup, &[]).map(|pieces| pieces.concat()).unwrap_or_default();
        let expected = String::from_utf8_lossy(&expected).into_owned();
        let stated = claim_texts(lookup.claims.unwrap_or_default(), path);
        checks.push(Check {
            place: alloc::format!("claim:{path}"),
            holds: stated.contains(&expected),
            stated,
            expected,
        });
    }
    for rule in &lookup.scheme.hashes {
        let stated = lookup.characters(&rule.at).ok().flatten().map(|text| text.to_string());
        let computed = message::fill(&rule.of, lookup, &[]).map(|pieces| mac::sha256(&pieces)).ok();
        let same = |text: &String| {
            encoding::decode(rule.encoding, text).is_some_and(|hash| computed.is_some_and(|computed| hash == computed))
        };
        checks.push(Check {
            place: rule.at.to_string(),
            holds: stated.as_ref().is_some_and(same),
            stated: stated.into_iter().collect(),
            expected: computed.map(|computed| encoding::encode(rule.encoding, &computed)).unwrap_or_default(),
        });
    }
    checks
}

/// The texts of a claim.
fn claim_texts(claims: &[u8], path: &JsonPath) -> Vec<String> {
    let value = json::find(claims, &path.0, Names::Exact).ok().flatten();
    let texts = value.and_then(|value| json::texts(value).ok()).unwrap_or_default();
    texts.iter().map(|text| String::from_utf8_lossy(text).into_owned()).collect()
}
