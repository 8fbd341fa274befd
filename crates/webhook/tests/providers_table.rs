//! The sections of `docs/reference/providers.md` that are made of the registry.

#![cfg(feature = "registry")]

use keystile_webhook::{
    Scheme,
    algorithm::{Algorithm, ResponseAlgorithm},
    registry::{Provider, all},
    scheme::AnswerBody,
};
use serde_json::Value;

const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference/providers.md");

#[test]
fn the_table_of_providers_is_that_of_the_registry() {
    let document = std::fs::read_to_string(DOCUMENT).unwrap();
    let made = with(&document, "providers", &table()).unwrap();
    let made = with(&made, "handshakes", &handshakes()).unwrap();
    if made == document {
        return;
    }
    assert!(
        std::env::var_os("UPDATE_DOCS").is_some(),
        "docs/reference/providers.md differs from the registry. Write it anew by\n  \
         UPDATE_DOCS=1 cargo test -p keystile-webhook --features registry the_table_of_providers"
    );
    std::fs::write(DOCUMENT, made).unwrap();
}

/// The document with this text as the section of this name.
fn with(document: &str, name: &str, section: &str) -> Option<String> {
    let begin = format!("<!-- {name}: made from crates/webhook/src/registry.toml by its tests -->\n");
    let end = format!("<!-- {name} end -->");
    let (before, rest) = document.split_once(&begin)?;
    let (_, after) = rest.split_once(&end)?;
    Some(format!("{before}{begin}{section}{end}{after}"))
}

fn handshakes() -> String {
    let mut text = String::from("\n| id | the sender asks | the answer | needs the secret |\n|---|---|---|---|\n");
    for provider in all() {
        for handshake in &provider.scheme.handshakes {
            let (when, answer) = (&handshake.when, &handshake.answer);
            let needed = match (handshake.signed, &handshake.response, &handshake.tells) {
                (true, ..) => "yes: it is signed".into(),
                (_, Some(rule), _) if rule.algorithm == ResponseAlgorithm::Hmac => "yes: the answer is signed".into(),
                (_, _, Some(place)) => format!("no, `{place}` tells it"),
                _ => "no".into(),
            };
            let at = when.at.as_ref().map(|at| match &when.is {
                Some(is) => format!("`{at}` is `{is}`"),
                None => format!("`{at}`"),
            });
            let without = when.without.as_ref().map(|place| format!("no `{place}`"));
            let asks: Vec<String> = [when.method.clone(), at, without].into_iter().flatten().collect();
            let body = match &answer.body {
                AnswerBody::Text(template) if template.0.is_empty() => None,
                AnswerBody::Text(template) => Some(format!("{} `{template}`", answer.content_type)),
                AnswerBody::Json(members) => {
                    let members = members.iter().map(|(name, template)| format!("`{name}`: `{template}`"));
                    Some(format!("JSON with {}", members.collect::<Vec<_>>().join(", ")))
                }
            };
            let headers = answer.headers.iter().map(|(name, template)| format!("`{name}: {template}`"));
            let answers: Vec<String> = [answer.status.to_string()].into_iter().chain(body).chain(headers).collect();
            let cells = [format!("`{}`", provider.id), asks.join(", "), answers.join(", "), needed];
            let cells: Vec<String> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
            text.push_str(&format!("| {} |\n", cells.join(" | ")));
        }
    }
    text.push('\n');
    text
}

fn table() -> String {
    let mut text = String::from(
        "\n| id | provider | what is signed | timestamp, tolerance | events told apart by | event type | retries | what isn't covered | confirmed by | run against |\n\
         |---|---|---|---|---|---|---|---|---|---|\n",
    );
    for provider in all() {
        let cells = [
            format!("`{}`", provider.id),
            provider.name.clone(),
            signed(&provider.scheme),
            time(&provider.scheme),
            told_apart_by(&provider.scheme),
            event_type(&provider.scheme),
            provider.retries.clone().unwrap_or_else(|| "–".into()),
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
