//! Changes of the URL and the method.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::ops::ControlFlow;

use percent_encoding::percent_decode_str;

use super::{
    body,
    case::Case,
    code::CauseCode,
    trial::{Edit, Trial, Try, What},
};
use crate::{place::Place, scheme::Scheme, template::Part, url::Url};

const METHODS: [&str; 6] = ["POST", "GET", "PUT", "PATCH", "DELETE", "HEAD"];

pub(super) fn edits(trial: &Trial<'_>, _: &Case<'_>, attempt: Try<'_>) -> ControlFlow<()> {
    if reads_method(&trial.scheme) {
        let given = trial.method.to_string();
        for method in METHODS.into_iter().filter(|method| *method != given) {
            let sentence = format!("The sender signed the method {method}; this delivery says `{given}`.");
            attempt(Edit::new(CauseCode::Method, sentence, What::Method(method.into())))?;
        }
        let lower = "The sender signed the method in lower case.";
        attempt(Edit::new(CauseCode::Method, lower, What::Method(given.to_ascii_lowercase())))?;
    }
    if !reads_url(&trial.scheme) {
        return ControlFlow::Continue(());
    }
    let given: &str = &trial.url;
    for url in candidates(trial) {
        if url != given {
            let sentence = format!("The sender signed the URL `{url}`.");
            attempt(Edit::new(CauseCode::Url, sentence, What::Url(url)))?;
        }
    }
    ControlFlow::Continue(())
}

/// Whether the URL of a delivery is signed, or has a text that the scheme reads.
#[must_use]
pub fn reads_url(scheme: &Scheme) -> bool {
    has_part(scheme, is_of_url) || scheme.signature.iter().any(|place| matches!(place, Place::Query(_)))
}

/// Whether the method of a delivery is signed.
#[must_use]
pub fn reads_method(scheme: &Scheme) -> bool {
    has_part(scheme, |part| *part == Part::Method)
}

/// Whether a message, a hash or a claim has a part for which this holds.
fn has_part(scheme: &Scheme, is_it: impl Fn(&Part) -> bool) -> bool {
    let hashed = scheme.hashes.iter().map(|hash| &hash.of);
    let claimed = scheme.claims.iter().map(|(_, template)| template);
    scheme.messages.iter().chain(hashed).chain(claimed).any(|template| template.0.iter().any(&is_it))
}

fn is_of_url(part: &Part) -> bool {
    matches!(
        part,
        Part::Url
            | Part::UrlWithPort
            | Part::UrlWithoutPort
            | Part::UrlWithoutQuery
            | Part::Path
            | Part::Query
            | Part::PathAndQuery
            | Part::EscapedPathAndQuery
            | Part::CanonicalQuery
            | Part::SortedQueryAndForm
    ) || matches!(part.place(), Some(Place::Query(_)))
}

/// The URLs that the sender may know, those with one change first.
fn candidates(trial: &Trial<'_>) -> Vec<String> {
    let url = Url::of(&trial.url);
    let (schemes, hosts) = (schemes(trial, url), hosts(trial, url));
    let (paths, queries) = (paths(trial, url), queries(url));
    let first = |all: &[String]| all.first().cloned().unwrap_or_default();
    let own = [first(&schemes), first(&hosts), first(&paths), first(&queries)];
    let write = |[scheme, host, path, query]: [&str; 4]| match (scheme, host) {
        ("", _) | (_, "") => format!("{path}{query}"),
        _ => format!("{scheme}://{host}{path}{query}"),
    };
    let mut all: Vec<(usize, String)> = Vec::new();
    for scheme in &schemes {
        for host in &hosts {
            for path in &paths {
                for query in &queries {
                    let changes = [scheme != &own[0], host != &own[1], path != &own[2], query != &own[3]];
                    let changes = changes.into_iter().filter(|changed| *changed).count();
                    all.push((changes, write([scheme, host, path, query])));
                }
            }
        }
    }
    let percent = |upper: bool| -> String { percent_case(&trial.url, upper) };
    all.push((1, percent(true)));
    all.push((1, percent(false)));
    all.push((1, percent_decode_str(&trial.url).decode_utf8_lossy().into_owned()));
    all.push((1, trial.url.trim().trim_end_matches(['#', '?']).to_string()));
    all.sort_by_key(|(changes, _)| *changes);
    all.dedup();
    all.into_iter().map(|(_, url)| url).collect()
}

fn distinct(all: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut distinct: Vec<String> = Vec::new();
    for one in all {
        if !distinct.contains(&one) {
            distinct.push(one);
        }
    }
    distinct
}

fn schemes(trial: &Trial<'_>, url: Url<'_>) -> Vec<String> {
    let forwarded = body::header(trial, "x-forwarded-proto").map(|value| first_of(&value));
    distinct([url.scheme().to_string()].into_iter().chain(forwarded).chain(["https".into(), "http".into()]))
}

fn hosts(trial: &Trial<'_>, url: Url<'_>) -> Vec<String> {
    let own = url.authority().to_string();
    let forwarded = ["x-forwarded-host", "x-original-host", "host", "x-forwarded-server"]
        .iter()
        .filter_map(|name| body::header(trial, name).map(|value| first_of(&value)));
    let listed = body::header(trial, "forwarded").and_then(|value| {
        value
            .split([';', ','])
            .find_map(|part| part.trim().strip_prefix("host=").map(|host| host.trim_matches('"').into()))
    });
    let port = body::header(trial, "x-forwarded-port").map(|value| first_of(&value));
    let given = distinct([own].into_iter().chain(forwarded).chain(listed));
    let mut all = given.clone();
    for host in given.iter().filter(|host| !host.is_empty()) {
        let bare = host
            .rsplit_once(':')
            .filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()))
            .map_or(host.as_str(), |(bare, _)| bare);
        all.push(bare.into());
        all.extend(port.as_ref().map(|port| format!("{bare}:{port}")));
        all.extend([":443", ":80"].map(|port| format!("{bare}{port}")));
        all.push(bare.strip_prefix("www.").map_or_else(|| format!("www.{bare}"), String::from));
        all.push(bare.to_ascii_lowercase());
    }
    distinct(all)
}

fn paths(trial: &Trial<'_>, url: Url<'_>) -> Vec<String> {
    let written = url.written_path();
    let mut all = alloc::vec![written.to_string()];
    let path = url.path();
    all.push(path.strip_suffix('/').map_or_else(|| format!("{path}/"), String::from));
    all.push(path.into());
    // A proxy took a beginning away, or added one.
    let prefix = body::header(trial, "x-forwarded-prefix").map(|value| first_of(&value));
    all.extend(prefix.map(|prefix| format!("{}{path}", prefix.trim_end_matches('/'))));
    for name in ["x-original-uri", "x-original-url", "x-rewrite-url", "x-forwarded-uri", "x-forwarded-path"] {
        let original = trial.header(&[name.to_string()]).map(|(_, value)| value.trim().to_string());
        all.extend(original.map(|value| Url::of(&value).path().to_string()));
    }
    let mut rest = path;
    for _ in 0..3 {
        let Some(at) = rest.get(1..).and_then(|rest| rest.find('/')) else { break };
        rest = rest.get(at + 1..).unwrap_or_default();
        all.push(rest.into());
    }
    for prefix in ["/api", "/webhooks", "/webhook", "/hooks"] {
        all.push(format!("{prefix}{path}"));
    }
    distinct(all)
}

fn queries(url: Url<'_>) -> Vec<String> {
    let query = url.query();
    if query.is_empty() {
        return alloc::vec![String::new()];
    }
    let mut sorted: Vec<&str> = query.split('&').collect();
    sorted.sort_unstable();
    let with = |query: String| format!("?{query}");
    let decoded = percent_decode_str(&query.replace('+', " ")).decode_utf8_lossy().into_owned();
    let sorted = sorted.join("&");
    distinct([
        with(query.into()),
        String::new(),
        with(sorted),
        with(decoded),
        with(query.replace('+', "%20")),
        with(query.replace("%20", "+")),
        with(percent_case(query, true)),
        with(percent_case(query, false)),
    ])
}

fn first_of(value: &str) -> String {
    value.split(',').next().unwrap_or_default().trim().to_string()
}

/// A text with the digits of its percent escapes in one case.
fn percent_case(text: &str, upper: bool) -> String {
    let mut left = 0;
    let change = |char: char| {
        if char == '%' {
            left = 2;
            return char;
        }
        let within = left > 0;
        left = i32::max(left - 1, 0);
        match (within, upper) {
            (false, _) => char,
            (true, true) => char.to_ascii_uppercase(),
            (true, false) => char.to_ascii_lowercase(),
        }
    };
    text.chars().map(change).collect()
}
