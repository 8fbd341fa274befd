use std::{collections::BTreeSet, string::String, vec::Vec};

use super::*;
use crate::webhook::template::Part;

/// The ids as they stand in the file.
fn ids_as_written() -> Vec<&'static str> {
    REGISTRY
        .lines()
        .filter_map(|line| line.strip_prefix('[')?.strip_suffix(']'))
        .filter(|table| !table.contains(['.', '[']))
        .collect()
}

#[test]
fn every_entry_is_a_scheme_that_works() {
    let providers = read(REGISTRY).unwrap();
    assert_eq!(providers.len(), ids_as_written().len());
    assert!(providers.len() >= 100, "{}", providers.len());
}

#[test]
fn ids_are_unique_sorted_and_lower_case() {
    let ids = ids_as_written();
    assert!(ids.is_sorted_by(|a, b| a < b), "out of order: {:?}", ids.windows(2).find(|pair| pair[0] >= pair[1]));
    for id in ids {
        assert!(id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'), "{id}");
        assert_eq!(provider(id).map(|provider| provider.id.as_str()), Some(id));
    }
    assert_eq!(provider("nobody"), None);
}

#[test]
fn a_scheme_written_out_is_read_as_the_same() {
    for provider in all() {
        assert_eq!(Scheme::from_value(provider.scheme.to_value()).as_ref(), Ok(&provider.scheme), "{}", provider.id);
    }
}

#[test]
fn what_one_source_says_is_unconfirmed_and_nothing_else_is() {
    for provider in all() {
        assert!("XSDPC".contains(provider.class()), "{}: {}", provider.id, provider.evidence);
        assert_eq!(provider.evidence.get(1..2), Some(" "), "{}", provider.id);
        assert_eq!(provider.unconfirmed, provider.class() == 'C', "{}", provider.id);
    }
    let confirmed = all().iter().filter(|provider| !provider.unconfirmed).count();
    assert!(confirmed >= 100, "{confirmed}");
}

#[test]
fn a_body_that_is_not_covered_is_said_and_only_then() {
    for provider in all() {
        let said = provider.note.as_deref().is_some_and(|note| note.contains("body") && note.contains("not covered"));
        assert_eq!(provider.scheme.body_authenticated(), !said, "{}: {:?}", provider.id, provider.note);
    }
}

#[test]
fn a_scheme_that_is_bound_to_the_url_says_so() {
    for provider in all() {
        let scheme = &provider.scheme;
        let templates = scheme.messages.iter().chain(scheme.claims.iter().map(|(_, template)| template));
        let url = |part: &Part| matches!(part, Part::Url | Part::UrlWithPort | Part::UrlWithoutPort | Part::Path);
        let bound = templates.chain(scheme.hashes.iter().map(|hash| &hash.of)).any(|it| it.0.iter().any(url));
        let said = provider.note.as_deref().is_some_and(|note| note.contains("URL"));
        assert!(said || !bound, "{}", provider.id);
    }
}

#[test]
fn a_time_that_is_signed_and_enforced_is_within_the_hour() {
    for provider in all() {
        if let Some(rule) = provider.scheme.timestamp.as_ref().filter(|rule| rule.enforce) {
            assert!(provider.scheme.replay_protected(), "{}: the time isn't signed", provider.id);
            assert!((5..=3600).contains(&rule.past) && rule.future <= rule.past, "{}", provider.id);
        }
    }
}

#[test]
fn answers_under_the_signing_key_are_the_known_ones() {
    let oracles: Vec<&str> = all()
        .iter()
        .filter(|provider| provider.scheme.handshakes.iter().any(|handshake| handshake.response.is_some()))
        .map(|provider| provider.id.as_str())
        .collect();
    assert_eq!(oracles, ["braintree", "x", "zoom"]);
}

#[test]
fn what_was_run_here_is_run_in_the_interop_test() {
    let interop = include_str!("../../../../../tests/interop/cases.mjs");
    let missing: BTreeSet<String> = all()
        .iter()
        .filter(|provider| provider.class() == 'X' && !interop.contains(&format!("\"{}\"", provider.id)))
        .map(|provider| provider.id.clone())
        .collect();
    assert!(missing.is_empty(), "without a case in tests/interop/cases.mjs: {missing:?}");
}

/// The section of `docs/webhooks.md` that is made of the registry.
mod document {
    use super::*;
    use crate::webhook::algorithm::Algorithm;

    const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/webhooks.md");
    const BEGIN: &str = "<!-- providers: made from crates/core/src/webhook/registry.toml by its tests -->\n";
    const END: &str = "<!-- providers end -->";

    #[test]
    fn the_table_of_providers_is_that_of_the_registry() {
        let document = std::fs::read_to_string(DOCUMENT).unwrap();
        let (before, rest) = document.split_once(BEGIN).unwrap();
        let (table, after) = rest.split_once(END).unwrap();
        if table == self::table() {
            return;
        }
        assert!(
            std::env::var_os("UPDATE_DOCS").is_some(),
            "docs/webhooks.md differs from the registry. Write it anew by\n  \
             UPDATE_DOCS=1 cargo test -p keystile-core --features registry the_table_of_providers"
        );
        std::fs::write(DOCUMENT, format!("{before}{BEGIN}{}{END}{after}", self::table())).unwrap();
    }

    fn table() -> String {
        let mut text = String::from(
            "\n| id | provider | what is signed | timestamp, tolerance | what isn't covered | confirmed by |\n\
             |---|---|---|---|---|---|\n",
        );
        for provider in all() {
            let cells = [
                format!("`{}`", provider.id),
                provider.name.clone(),
                signed(&provider.scheme),
                time(&provider.scheme),
                uncovered(provider),
                if provider.unconfirmed {
                    format!("unconfirmed: {}", provider.evidence)
                } else {
                    provider.evidence.clone()
                },
            ];
            let cells: Vec<String> = cells.iter().map(|cell| cell.replace('|', "\\|").replace('\n', "\\n")).collect();
            text.push_str(&format!("| {} |\n", cells.join(" | ")));
        }
        text.push('\n');
        text
    }

    fn signed(scheme: &Scheme) -> String {
        let algorithms: Vec<String> = scheme.methods.iter().map(|method| method.algorithm.to_string()).collect();
        let algorithms = algorithms.join(" or ");
        if scheme.methods.iter().any(|method| method.algorithm == Algorithm::Equality) {
            return "nothing: the secret itself is sent".into();
        }
        let hashes = scheme.hashes.iter().map(|hash| format!("`{}` is the SHA-256 of `{}`", hash.at, hash.of));
        let claims = scheme.claims.iter().map(|(path, template)| format!("`claim:{path}` is `{template}`"));
        let further: Vec<String> = hashes.chain(claims).collect();
        let messages: Vec<String> = scheme.messages.iter().map(|message| format!("`{message}`")).collect();
        let of = if messages.is_empty() { "a JWT".into() } else { messages.join(" or ") };
        let further = if further.is_empty() { String::new() } else { format!("; {}", further.join(", ")) };
        format!("{algorithms}: {of}{further}")
    }

    fn time(scheme: &Scheme) -> String {
        match &scheme.timestamp {
            None => "none".into(),
            Some(rule) if !rule.enforce => format!("`{}`, not enforced", rule.at),
            Some(rule) if rule.past == rule.future => format!("`{}`, {} s", rule.at, rule.past),
            Some(rule) => format!("`{}`, {} s, {} s ahead", rule.at, rule.past, rule.future),
        }
    }

    fn uncovered(provider: &Provider) -> String {
        let scheme = &provider.scheme;
        let mut sentences = Vec::new();
        sentences.extend(provider.note.clone());
        match &scheme.event_id {
            Some(place) if !scheme.event_id_signed() => sentences.push(format!("The id, `{place}`, is not signed.")),
            _ => {}
        }
        sentences.join(" ")
    }
}
