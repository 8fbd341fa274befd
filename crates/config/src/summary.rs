//! The facts of a configuration that scripts need: `npm start` prints commands that work, and asks for the secrets that
//! are named; `npm run deploy` refuses what can't work in an account.

use keystile_core::{
    access::{
        route::{Enough, Pattern, Route},
        scope::{Catalog, Scope},
    },
    config::{DefaultScopes, EdgeConfig, ManageConfig, Target, Upstream, WebhookMode, WebhookSource, WebhookUpstream},
    key::{
        Environment,
        credential_header::{self, CredentialHeader},
    },
};
use serde::Serialize;

use crate::{deployment::Deployment, raw::RawRoute};

/// The facts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// The paths that are guarded, in the order of the file.
    pub guards: Vec<String>,
    /// A first key, and a request that it is good for.
    pub example: Example,
    /// The prefixes of keys that are taken: that of new keys first, then former ones.
    pub prefixes: Vec<String>,
    /// The forms of imported keys that are taken, as `allow_imported` states them.
    pub allow_imported: Vec<String>,
    /// Whether there are scopes, without which no key can be created.
    pub scopes: bool,
    /// The path of each source of webhooks.
    pub webhooks: Vec<String>,
    /// The sources of webhooks whose events wait in a queue.
    pub queued: Vec<String>,
    /// The upstreams.
    pub upstreams: Vec<Place>,
    /// Whether isolates of the edge ask relays, which it then must be bound to.
    pub relays: bool,
    /// The Worker secrets that the edge needs: those that requests to upstreams are signed with.
    pub edge_secrets: Vec<String>,
    /// The Worker secrets that the receiver of webhooks signs with.
    pub signing_secrets: Vec<String>,
    /// The Worker secrets that the senders of webhooks sign with.
    pub sender_secrets: Vec<String>,
    /// The addresses at which the senders of webhooks publish their keys.
    pub jwks_urls: Vec<String>,
    /// The address at which GitHub publishes the keys of its leak reports.
    pub github_keys_url: String,
    /// Whether events may go to this machine.
    pub allow_loopback: bool,
    /// The account, and the names and places there.
    pub deploy: Deployment,
}

/// A first key, and a request that it is good for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Example {
    /// The path of a guarded request; without routes none, and then `verify` is the request.
    pub path: Option<String>,
    /// Its method.
    pub method: &'static str,
    /// The path of `verify`.
    pub verify: String,
    /// The header that carries the key, up to the key.
    pub header: String,
    /// The key's environment.
    pub environment: Option<Environment>,
    /// The key's scopes.
    pub scopes: Vec<String>,
}

/// An upstream's place: either a service binding or a URL.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[allow(missing_docs)]
pub struct Place {
    pub name: String,
    pub service: Option<String>,
    pub url: Option<String>,
    /// Whether the edge calls it, for a route.
    pub of_routes: bool,
    /// Whether the receiver of webhooks calls it, for a source.
    pub of_webhooks: bool,
}

impl Summary {
    pub(crate) fn new(
        raw: &[RawRoute],
        edge: &EdgeConfig,
        manage: &ManageConfig,
        sources: &[WebhookSource],
        deploy: Deployment,
    ) -> Self {
        let hooks = edge.hooks_base.as_ref().map_or("", |base| base.as_str());
        let signing = upstreams_of(sources).flat_map(|upstream| &upstream.signing_secrets);
        let senders = sources.iter().flat_map(|source| &source.secrets);
        Self {
            guards: raw.iter().map(|route| route.path.clone()).collect(),
            example: example(raw, edge, manage),
            prefixes: edge.prefixes.iter().map(|prefix| prefix.as_str().to_owned()).collect(),
            allow_imported: edge.allow_imported.iter().map(|form| form.stated().to_owned()).collect(),
            scopes: !edge.catalog.definitions().is_empty(),
            webhooks: sources.iter().map(|source| format!("{hooks}/{}", source.source)).collect(),
            queued: names_in_queues(sources),
            upstreams: places(edge, sources),
            relays: edge.relays_per_location > 0,
            edge_secrets: once_each(edge.upstreams.iter().filter_map(|upstream| upstream.signing_secret.as_ref())),
            signing_secrets: once_each(signing),
            sender_secrets: once_each(senders),
            jwks_urls: once_each(sources.iter().filter_map(|source| source.jwks_url.as_ref())),
            github_keys_url: manage.github_keys_url.clone(),
            allow_loopback: manage.event_addresses.allow_loopback,
            deploy,
        }
    }
}

fn names_in_queues(sources: &[WebhookSource]) -> Vec<String> {
    let queued = sources.iter().filter(|source| source.mode == WebhookMode::Queue);
    queued.map(|source| source.source.clone()).collect()
}

/// Chooses the first route that a key can read, or else write.
fn example(raw: &[RawRoute], edge: &EdgeConfig, manage: &ManageConfig) -> Example {
    let routes = || raw.iter().filter_map(|raw| Some((raw.path.as_str(), route_of(raw, edge)?)));
    let by = |method| routes().find_map(|(path, route)| Some((path, method, route, needs(route, method, edge)?)));
    let found = by("GET").or_else(|| by("POST"));
    let mut scopes = found.as_ref().map(|(.., scopes)| scopes.clone()).unwrap_or_default();
    if scopes.is_empty() && manage.default_scopes == DefaultScopes::None {
        scopes.extend(any_available(&edge.catalog));
    }
    Example {
        path: found.as_ref().map(|(path, ..)| concrete(path)),
        method: found.as_ref().map_or("POST", |(_, method, ..)| method),
        verify: format!("{}/v1/verify", edge.base.as_str()),
        header: manage
            .headers
            .iter()
            .find_map(|header| sent_in(&CredentialHeader::parse(header).ok()?))
            .unwrap_or_default(),
        environment: found
            .and_then(|(_, _, route, _)| route.environment)
            .or_else(|| manage.environments.first().copied()),
        scopes,
    }
}

fn route_of<'a>(raw: &RawRoute, edge: &'a EdgeConfig) -> Option<&'a Route> {
    let pattern = Pattern::parse(&raw.path).ok()?;
    edge.routes.iter().find(|route| route.pattern == pattern)
}

/// The scopes that a method needs, if it needs a key and a key can have them.
fn needs(route: &Route, method: &str, edge: &EdgeConfig) -> Option<Vec<String>> {
    let needs = route.needs(method)?;
    let available = |scope: &&Scope| edge.catalog.definition(scope).is_some_and(|found| found.unavailable.is_none());
    match needs.enough {
        Enough::Public => None,
        Enough::All if needs.scopes.iter().all(|scope| available(&scope)) => {
            Some(needs.scopes.iter().map(ToString::to_string).collect())
        }
        Enough::All => None,
        Enough::AnyOf => needs.scopes.iter().find(available).map(|scope| vec![scope.to_string()]),
    }
}

fn any_available(catalog: &Catalog) -> Option<String> {
    catalog.definitions().iter().find(|scope| scope.unavailable.is_none()).map(|scope| scope.name.to_string())
}

/// A path that the pattern covers.
fn concrete(pattern: &str) -> String {
    let segments = pattern.split('/').filter(|segment| !matches!(*segment, "" | "*"));
    let path: String =
        segments.map(|segment| if segment.starts_with('{') { "/1".into() } else { format!("/{segment}") }).collect();
    if path.is_empty() { "/".into() } else { path }
}

/// A header up to the key. None for Basic, whose key is encoded.
fn sent_in(header: &CredentialHeader) -> Option<String> {
    match header {
        CredentialHeader::Scheme(scheme) => Some(format!("Authorization: {} ", credential_header::shown(scheme))),
        CredentialHeader::Named(name) => Some(format!("{}: ", credential_header::shown(name))),
        CredentialHeader::BasicUsername | CredentialHeader::BasicPassword => None,
    }
}

fn places(edge: &EdgeConfig, sources: &[WebhookSource]) -> Vec<Place> {
    let place = |(index, upstream): (usize, &Upstream)| {
        let (service, url) = match &upstream.target {
            Target::Service(service) => (Some(service.clone()), None),
            Target::Url(url) => (None, Some(url.clone())),
        };
        let of_routes = edge.routes.iter().any(|route| route.upstream == index);
        let of_webhooks = upstreams_of(sources).any(|upstream| upstream.upstream == index);
        Place { name: upstream.name.clone(), service, url, of_routes, of_webhooks }
    };
    edge.upstreams.iter().enumerate().map(place).collect()
}

fn upstreams_of(sources: &[WebhookSource]) -> impl Iterator<Item = &WebhookUpstream> {
    sources.iter().flat_map(|source| &source.upstreams)
}

fn once_each<'a>(names: impl Iterator<Item = &'a String>) -> Vec<String> {
    let mut once: Vec<String> = Vec::new();
    for name in names {
        if !once.contains(name) {
            once.push(name.clone());
        }
    }
    once
}
