//! Scopes: a deployment's own vocabulary, the implications between scopes, and presets.
//!
//! A scope implies only what the catalog states: a write scope does not include the read scope of the same name.

use alloc::{boxed::Box, format, string::String, vec::Vec};
use core::fmt;

use serde::{Deserialize, Deserializer, Serialize};

use crate::base::fields::quoted;

/// The maximum number of a request's scopes that are named with their mistake.
const MAX_PROBLEMS: usize = 8;
/// The maximum number of the catalog's scopes that a mistake lists.
const MAX_NAMES: usize = 32;

/// A scope's name: 1 to 64 characters of `[a-z0-9:._-]`, such as `read:leads`. Such a name is a scope-token of RFC
/// 6750.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Scope(Box<str>);

impl Scope {
    /// Parses a scope's name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b':' | b'.' | b'_' | b'-');
        let starts = text.bytes().next().is_some_and(|b| b.is_ascii_lowercase());
        (starts && text.len() <= 64 && text.bytes().all(allowed)).then(|| Self(text.into()))
    }

    /// One of Keystile's own scopes. The name is a literal in the source, so it is not checked.
    pub(crate) fn literal(name: &'static str) -> Self {
        Self(name.into())
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Scope {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| {
            serde::de::Error::custom("a scope is 1 to 64 of a-z, 0-9, `:`, `.`, `_` and `-`, a letter first")
        })
    }
}

/// A set of scopes in alphabetical order. Sets are small, so it is a sorted list.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ScopeSet(#[serde(deserialize_with = "sorted")] Vec<Scope>);

impl ScopeSet {
    /// Whether it is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The number of scopes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether this very scope is in the set. The [`Catalog`] answers questions of implication.
    #[must_use]
    pub fn contains(&self, scope: &Scope) -> bool {
        self.0.binary_search(scope).is_ok()
    }

    /// Adds a scope; false if it was in the set already.
    pub fn insert(&mut self, scope: Scope) -> bool {
        match self.0.binary_search(&scope) {
            Ok(_) => false,
            Err(place) => {
                self.0.insert(place, scope);
                true
            }
        }
    }

    /// The scopes in order.
    pub fn iter(&self) -> impl Iterator<Item = &Scope> {
        self.0.iter()
    }

    /// The names, joined by spaces as in RFC 6750.
    #[must_use]
    pub fn joined(&self) -> String {
        let mut joined = String::new();
        for scope in &self.0 {
            if !joined.is_empty() {
                joined.push(' ');
            }
            joined.push_str(scope.as_str());
        }
        joined
    }
}

impl FromIterator<Scope> for ScopeSet {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        let mut set = Self::default();
        for scope in scopes {
            set.insert(scope);
        }
        set
    }
}

/// Reads a list in any order and sorts it.
fn sorted<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Scope>, D::Error> {
    let scopes = Vec::<Scope>::deserialize(deserializer)?;
    Ok(scopes.into_iter().collect::<ScopeSet>().0)
}

/// A scope as the catalog describes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScopeDefinition {
    /// The scope's name.
    pub name: Scope,
    /// A description for the person who chooses scopes.
    pub description: String,
    /// The reason why no key can have the scope, if none can (`analytics` has no write).
    pub unavailable: Option<String>,
    /// The scopes that it implies directly.
    pub implies: Implies,
}

/// The scopes that a scope implies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Implies {
    /// Every scope of the catalog: `implies = ["*"]`.
    Everything,
    /// These scopes, and those that they imply in turn.
    These(Vec<Scope>),
}

/// A named set of scopes, offered for the creation of a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preset {
    /// The stable name.
    pub name: String,
    /// A description for the person who chooses it.
    pub description: String,
    /// The scopes of a key that is created with it.
    pub scopes: ScopeSet,
}

/// A deployment's vocabulary of scopes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Catalog {
    definitions: Vec<ScopeDefinition>,
    /// All scopes that each definition implies, itself included.
    granted: Vec<ScopeSet>,
}

impl Catalog {
    /// Builds the catalog and works out the scopes that each scope grants.
    ///
    /// # Errors
    /// The index of the wrong definition, and a sentence that says what is wrong.
    pub fn new(definitions: Vec<ScopeDefinition>) -> Result<Self, (usize, String)> {
        let mut names = ScopeSet::default();
        for (index, definition) in definitions.iter().enumerate() {
            if !names.insert(definition.name.clone()) {
                return Err((index, format!("the scope \"{}\" is defined twice", definition.name)));
            }
        }
        for (index, definition) in definitions.iter().enumerate() {
            if let Implies::These(implied) = &definition.implies
                && let Some(unknown) = implied.iter().find(|scope| !names.contains(scope))
            {
                let name = &definition.name;
                return Err((index, format!("\"{name}\" implies \"{unknown}\", which no [[scopes]] defines")));
            }
        }
        let mut catalog = Self { definitions, granted: Vec::new() };
        catalog.granted = catalog.definitions.iter().map(|start| catalog.closure(&start.name, &names)).collect();
        Ok(catalog)
    }

    fn closure(&self, start: &Scope, all: &ScopeSet) -> ScopeSet {
        let mut granted = ScopeSet::default();
        let mut open = alloc::vec![start.clone()];
        while let Some(scope) = open.pop() {
            let Some(definition) = self.definition(&scope) else { continue };
            if !granted.insert(scope) {
                continue;
            }
            match &definition.implies {
                Implies::Everything => return all.clone(),
                Implies::These(implied) => open.extend(implied.iter().cloned()),
            }
        }
        granted
    }

    /// The definitions in the order of `keystile.toml`.
    #[must_use]
    pub fn definitions(&self) -> &[ScopeDefinition] {
        &self.definitions
    }

    /// The definition of one scope.
    #[must_use]
    pub fn definition(&self, scope: &Scope) -> Option<&ScopeDefinition> {
        self.definitions.iter().find(|definition| definition.name == *scope)
    }

    /// Whether a key with the scopes `held` has the right `needed`.
    ///
    /// A held scope that the catalog no longer defines grants itself alone.
    #[must_use]
    pub fn grants(&self, held: &ScopeSet, needed: &Scope) -> bool {
        held.contains(needed) || held.iter().any(|scope| self.granted_by(scope).is_some_and(|all| all.contains(needed)))
    }

    fn granted_by(&self, scope: &Scope) -> Option<&ScopeSet> {
        let index = self.definitions.iter().position(|definition| definition.name == *scope)?;
        self.granted.get(index)
    }

    /// All scopes that a key can have, for `default_scopes = "all"`.
    #[must_use]
    pub fn all_available(&self) -> ScopeSet {
        let available = |definition: &&ScopeDefinition| definition.unavailable.is_none();
        self.definitions.iter().filter(available).map(|definition| definition.name.clone()).collect()
    }

    /// Parses the scopes of a request.
    ///
    /// # Errors
    /// A sentence for each name that can't be granted, up to a few; the last one says which scopes there are.
    pub fn request(&self, names: &[String]) -> Result<ScopeSet, Vec<String>> {
        let (mut problems, mut more, mut unknown) = (Vec::new(), 0, false);
        let mut scopes = Vec::new();
        for name in names {
            let problem = match Scope::parse(name).and_then(|scope| self.definition(&scope)) {
                None => {
                    unknown = true;
                    format!("unknown scope {}", quoted(name))
                }
                Some(ScopeDefinition { unavailable: Some(reason), .. }) => {
                    format!("the scope \"{name}\" can't be granted: {reason}")
                }
                Some(definition) => {
                    scopes.push(definition.name.clone());
                    continue;
                }
            };
            if problems.len() < MAX_PROBLEMS { problems.push(problem) } else { more += 1 }
        }
        if problems.is_empty() {
            return Ok(scopes.into_iter().collect());
        }
        if more > 0 {
            problems.push(format!("and {more} more that can't be granted"));
        }
        if unknown {
            problems.push(format!("known are {}", self.names()));
        }
        Err(problems)
    }

    /// The scopes that keys can have, in a sentence of limited length.
    fn names(&self) -> String {
        let available = self.definitions.iter().filter(|definition| definition.unavailable.is_none());
        let names: Vec<_> = available.map(|definition| definition.name.as_str()).collect();
        match names.get(..MAX_NAMES).filter(|few| few.len() < names.len()) {
            Some(few) => format!("{} and others; GET /v1/scopes lists them", few.join(", ")),
            None => names.join(", "),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::{string::ToString, vec};
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn scope(name: &str) -> Scope {
        Scope::parse(name).unwrap()
    }

    fn definition(name: &str, implies: Implies, unavailable: Option<&str>) -> ScopeDefinition {
        let unavailable = unavailable.map(ToString::to_string);
        ScopeDefinition { name: scope(name), description: String::new(), unavailable, implies }
    }

    fn catalog() -> Catalog {
        let these = |names: &[&str]| Implies::These(names.iter().map(|name| scope(name)).collect());
        Catalog::new(vec![
            definition("read:leads", these(&[]), None),
            definition("write:leads", these(&[]), None),
            definition("manage:leads", these(&["write:leads", "read:leads"]), None),
            definition("owner", these(&["manage:leads", "owner"]), None),
            definition("admin", Implies::Everything, None),
            definition("write:analytics", these(&[]), Some("analytics is read only")),
        ])
        .unwrap()
    }

    fn held(names: &[&str]) -> ScopeSet {
        names.iter().map(|name| scope(name)).collect()
    }

    #[test]
    fn write_does_not_include_read() {
        assert!(!catalog().grants(&held(&["write:leads"]), &scope("read:leads")));
        assert!(catalog().grants(&held(&["write:leads"]), &scope("write:leads")));
    }

    #[test]
    fn implication_is_transitive_and_survives_cycles() {
        assert!(catalog().grants(&held(&["owner"]), &scope("read:leads")));
        assert!(!catalog().grants(&held(&["owner"]), &scope("admin")));
        assert!(catalog().grants(&held(&["admin"]), &scope("owner")));
    }

    #[test]
    fn a_scope_that_left_the_catalog_grants_itself_alone() {
        assert!(catalog().grants(&held(&["old:thing"]), &scope("old:thing")));
        assert!(!catalog().grants(&held(&["old:thing"]), &scope("read:leads")));
    }

    #[test]
    fn what_can_not_be_had_is_refused_with_the_reason() {
        let names = ["read:leads", "write:analytics", "read:laeds"].map(ToString::to_string);
        let problems = catalog().request(&names).unwrap_err();
        assert_eq!(problems[0], "the scope \"write:analytics\" can't be granted: analytics is read only");
        assert_eq!(problems[1], "unknown scope \"read:laeds\"");
        assert_eq!(problems[2], "known are read:leads, write:leads, manage:leads, owner, admin");
    }

    #[test]
    fn many_mistakes_are_named_up_to_a_few_and_the_catalog_once() {
        let names: Vec<String> = (0..10_000).map(|index| format!("x{index}")).collect();
        let problems = catalog().request(&names).unwrap_err();
        assert_eq!(problems.len(), MAX_PROBLEMS + 2);
        assert_eq!(problems[MAX_PROBLEMS], "and 9992 more that can't be granted");
        let many = (0..100).map(|index| definition(&format!("s{index}"), Implies::Everything, None)).collect();
        let problems = Catalog::new(many).unwrap().request(&["x".into()]).unwrap_err();
        assert!(problems[1].ends_with("s30, s31 and others; GET /v1/scopes lists them"), "{problems:?}");
    }

    #[test]
    fn a_catalog_that_contradicts_itself_is_refused() {
        let twice = vec![definition("a", Implies::Everything, None), definition("a", Implies::Everything, None)];
        assert_eq!(Catalog::new(twice).unwrap_err().0, 1);
        let dangling = vec![definition("a", Implies::These(vec![scope("b")]), None)];
        assert!(Catalog::new(dangling).unwrap_err().1.contains("\"b\""));
    }
}
