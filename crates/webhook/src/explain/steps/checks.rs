//! The claims and hashes that are checked once the signature is good.

use alloc::{
    string::{String, ToString},
    vec::Vec,
};

use super::claim_texts;
use crate::{encoding, explain::report::Check, lookup::Lookup, mac, message};

pub(super) fn checks(lookup: &Lookup<'_>) -> Vec<Check> {
    let mut checks = Vec::new();
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
