//! Checks of `[[scopes]]` and `[[presets]]`.

use keystile_core::{
    Scope, ScopeSet,
    access::scope::{Catalog, Implies, Preset, ScopeDefinition},
};

use super::{Check, another};
use crate::raw::{RawPreset, RawScope};

impl Check {
    pub(crate) fn catalog(&mut self, scopes: &[RawScope]) -> Catalog {
        let mut definitions: Vec<ScopeDefinition> = Vec::new();
        for (index, raw) in scopes.iter().enumerate() {
            let index = index.to_string();
            let at = ["scopes", index.as_str(), "name"];
            let Some(name) = self.scope(&raw.name, &at) else {
                self.mistaken_scopes.push(raw.name.clone());
                continue;
            };
            let twice = definitions.iter().any(|other| other.name == name);
            self.that(!twice, &at, || format!("the scope \"{name}\" is defined twice; keep one definition"));
            let implies = self.implied(raw, &index, scopes);
            let (description, unavailable) = (raw.description.clone(), raw.unavailable.clone());
            if !twice {
                definitions.push(ScopeDefinition { name, description, unavailable, implies });
            }
        }
        Catalog::new(definitions).unwrap_or_else(|(_, message)| {
            self.mistake(&["scopes"], message);
            Catalog::default()
        })
    }

    /// The scopes that one implies, without those that are mistaken.
    fn implied(&mut self, raw: &RawScope, index: &str, scopes: &[RawScope]) -> Implies {
        if raw.implies.iter().any(|implied| implied == "*") {
            return Implies::Everything;
        }
        let mut these = Vec::new();
        for (place, implied) in raw.implies.iter().enumerate() {
            let defined = scopes.iter().any(|other| other.name == *implied);
            self.that(defined, &["scopes", index, "implies", &place.to_string()], || {
                let instead = another(scopes.iter().map(|scope| scope.name.as_str()).filter(|name| *name != raw.name));
                format!("\"{}\" implies \"{implied}\", which no [[scopes]] defines; define it, or {instead}", raw.name)
            });
            these.extend(Scope::parse(implied).filter(|_| defined));
        }
        Implies::These(these)
    }

    pub(crate) fn presets(&mut self, presets: &[RawPreset], catalog: &Catalog) -> Vec<Preset> {
        let mut checked: Vec<Preset> = Vec::new();
        for (index, raw) in presets.iter().enumerate() {
            let index = index.to_string();
            let scopes: ScopeSet =
                self.known_scopes(&raw.scopes, catalog, &["presets", &index, "scopes"]).into_iter().collect();
            self.that(!raw.scopes.is_empty(), &["presets", &index, "scopes"], || {
                "a preset names one scope at least".into()
            });
            for (place, scope) in raw.scopes.iter().enumerate() {
                let unavailable = Scope::parse(scope)
                    .and_then(|scope| catalog.definition(&scope))
                    .is_some_and(|definition| definition.unavailable.is_some());
                self.that(!unavailable, &["presets", &index, "scopes", &place.to_string()], || {
                    format!("\"{scope}\" is unavailable, so no key could be created with this preset")
                });
            }
            let twice = checked.iter().any(|preset| preset.name == raw.name);
            self.that(!twice, &["presets", &index, "name"], || format!("there are two presets \"{}\"", raw.name));
            checked.push(Preset { name: raw.name.clone(), description: raw.description.clone(), scopes });
        }
        checked
    }

    pub(crate) fn known_scopes(&mut self, names: &[String], catalog: &Catalog, at: &[&str]) -> Vec<Scope> {
        let mut scopes = Vec::new();
        for (index, name) in names.iter().enumerate() {
            let index = index.to_string();
            let at: Vec<&str> = at.iter().copied().chain([index.as_str()]).collect();
            match Scope::parse(name).filter(|scope| catalog.definition(scope).is_some()) {
                Some(scope) => scopes.push(scope),
                None if self.mistaken_scopes.contains(name) => {}
                None => {
                    let instead = another(catalog.definitions().iter().map(|defined| defined.name.as_str()));
                    self.mistake(&at, format!("no [[scopes]] defines \"{name}\"; define it, or {instead}"));
                }
            }
        }
        scopes
    }

    pub(crate) fn scope(&mut self, name: &str, at: &[&str]) -> Option<Scope> {
        let scope = Scope::parse(name);
        self.that(scope.is_some(), at, || {
            "a scope is 1 to 64 of a-z, 0-9, `:`, `.`, `_` and `-`, a letter first; such as \"read:leads\"".into()
        });
        scope
    }
}
