//! Checks of the needs of routes: `read`, `write` and `methods`.

use keystile_core::access::{
    route::{Enough, METHODS, Needs},
    scope::Catalog,
};
use serde_json::Value;

use super::Check;
use crate::raw::RawRoute;

/// The number of methods that read; they come first.
const READING: usize = 3;

impl Check {
    /// Checks the needs of a route's methods. Those of a method of its own go before those of reading and writing.
    pub(crate) fn needs(&mut self, raw: &RawRoute, catalog: &Catalog, index: &str) -> Vec<Needs> {
        let mut needs = Vec::new();
        let mut left: Vec<&str> = METHODS.to_vec();
        for (name, value) in &raw.methods {
            let at = ["routes", index, "methods", name];
            // HEAD tells of what GET answers.
            let follows = |method: &str| name == "GET" && method == "HEAD" && !raw.methods.contains_key("HEAD");
            let (own, others): (Vec<&str>, Vec<&str>) =
                left.into_iter().partition(|method| method == name || follows(method));
            left = others;
            self.that(METHODS.contains(&name.as_str()), &at, || {
                format!("no route takes this method; write one of {}", METHODS.join(", "))
            });
            needs.push(self.needs_of(&own, value, catalog, &at));
        }
        let (reading, writing): (Vec<&str>, Vec<&str>) =
            left.into_iter().partition(|method| METHODS.iter().take(READING).any(|one| one == method));
        for (setting, value, methods) in [("read", &raw.read, reading), ("write", &raw.write, writing)] {
            if let Some(value) = value {
                needs.push(self.needs_of(&methods, value, catalog, &["routes", index, setting]));
            }
        }
        self.that(!needs.is_empty(), &["routes", index], || {
            "say what it needs: read = [\"…\"], write = [\"…\"] or both; [] lets every valid key in, and \"public\" \
             everybody"
                .into()
        });
        needs
    }

    fn needs_of(&mut self, methods: &[&str], value: &Value, catalog: &Catalog, at: &[&str]) -> Needs {
        let inner: Vec<&str> = at.iter().copied().chain(["any_of"]).collect();
        let (names, enough, place) = match value {
            Value::Array(names) => (Some(names), Enough::All, at),
            Value::Object(table) if table.len() == 1 => {
                let names = table.get("any_of").and_then(Value::as_array).filter(|names| !names.is_empty());
                (names, Enough::AnyOf, inner.as_slice())
            }
            Value::String(text) if text == "public" => (Some(&Vec::new()), Enough::Public, at),
            _ => (None, Enough::All, at),
        };
        let names: Option<Vec<String>> =
            names.and_then(|names| names.iter().map(|name| name.as_str().map(str::to_owned)).collect());
        self.that(names.is_some(), at, || {
            "write a list of scopes, such as [\"read:leads\"], or { any_of = [\"read:leads\", \"admin\"] } if one is \
             enough, or \"public\" if no key is needed"
                .into()
        });
        let scopes = self.known_scopes(&names.unwrap_or_default(), catalog, place);
        let bits = METHODS.iter().enumerate().filter(|(_, method)| methods.contains(*method)).map(|(bit, _)| 1 << bit);
        Needs { methods: bits.sum(), scopes, enough }
    }
}
