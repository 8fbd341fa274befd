//! The section of `docs/reference/providers.md` that is made of the registry.

#![cfg(feature = "registry")]

use keystile_webhook::{
    Scheme,
    algorithm::Algorithm,
    registry::{Provider, all},
};
use serde_json::Value;

const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference/providers.md");
const BEGIN: &str = "<!-- providers: made from crates/webhook/src/registry.toml by its tests -->\n";
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
        "docs/reference/providers.md differs from the registry. Write it anew by\n  \
         UPDATE_DOCS=1 cargo test -p keystile-webhook --features registry the_table_of_providers"
    );
    std::fs::write(DOCUMENT, format!("{before}{BEGIN}{}{END}{after}", self::table())).unwrap();
}

fn table() -> String {
    let mut text = String::from(
        "\n| id | provider | what is signed | timestamp, tolerance | events told apart by | event type | what isn't covered | confirmed by | run against |\n\
         |---|---|---|---|---|---|---|---|---|\n",
    );
    for provider in all() {
        let cells = [
            format!("`{}`", provider.id),
            provider.name.clone(),
            signed(&provider.scheme),
            time(&provider.scheme),
            told_apart_by(&provider.scheme),
            event_type(&provider.scheme),
            provider.note.clone().unwrap_or_default(),
            if provider.unconfirmed {
                format!("unconfirmed: {}", provider.evidence)
            } else {
                provider.evidence.clone()
            },
            run_against(provider),
        ];
        let cells: Vec<String> = cells.iter().map(|cell| cell.replace('|', "\\|").replace('\n', "\\n")).collect();
        text.push_str(&format!("| {} |\n", cells.join(" | ")));
    }
    text.push('\n');
    text
}

/// The sender's own package or a delivery that it published, by which the tests run the entry.
fn run_against(provider: &Provider) -> String {
    let published: Value = serde_json::from_str(include_str!("../src/tests/vectors.json")).unwrap_or_default();
    let of_provider = |vector: &Value| {
        let is = |name: &str, value: Value| vector.get(name) == Some(&value);
        // A vector that is refused doesn't show that a genuine delivery is taken.
        let genuine = is("expect", "OK".into()) || is("expect", "TIMESTAMP_TOO_OLD".into());
        is("provider", provider.id.as_str().into()) && is("published", true.into()) && genuine
    };
    let vectors = published.get("vectors").and_then(Value::as_array);
    let has_vector = vectors.is_some_and(|vectors| vectors.iter().any(of_provider));
    match (provider.class() == 'X', has_vector) {
        (true, true) => "its package, a vector",
        (true, false) => "its package",
        (false, true) => "a vector",
        (false, false) => "nothing published",
    }
    .into()
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

fn event_type(scheme: &Scheme) -> String {
    match &scheme.event_type {
        Some(place) if scheme.event_type_authenticated() => format!("`{place}`"),
        Some(place) => format!("`{place}`, not authenticated"),
        None => String::new(),
    }
}

fn told_apart_by(scheme: &Scheme) -> String {
    match &scheme.event_id {
        Some(place) if scheme.event_id_signed() => format!("`{place}`"),
        Some(place) => format!("`{place}`, not signed"),
        None => "nothing".into(),
    }
}
