//! Checks of the needs of routes: `read`, `write` and `methods`.

use std::collections::BTreeMap;

use keystile_core::access::{
    route::{Method, Needs},
    scope::Catalog,
};
use serde_json::Value;

use super::Check;

impl Check {
    /// Checks the needs at a place.
    pub(crate) fn needs(&mut self, value: &Value, catalog: &Catalog, at: &[&str]) -> Needs {
        match value {
            Value::String(text) if text == "public" => return Needs::Public,
            Value::Array(names) => {
                if let Some(names) = self.names(names, at) {
                    return Needs::All(self.known_scopes(&names, catalog, at));
                }
            }
            Value::Object(table) if table.len() == 1 => {
                if let Some(Value::Array(names)) = table.get("any_of").filter(|names| **names != Value::Array(vec![])) {
                    let at: Vec<&str> = at.iter().copied().chain(["any_of"]).collect();
                    if let Some(names) = self.names(names, &at) {
                        return Needs::AnyOf(self.known_scopes(&names, catalog, &at));
                    }
                } else {
                    self.mistake(at, NEEDS);
                }
            }
            _ => self.mistake(at, NEEDS),
        }
        // Never used, since an error was recorded.
        Needs::All(Vec::new())
    }

    /// Checks the needs of single methods.
    pub(crate) fn methods(
        &mut self,
        methods: &BTreeMap<String, Value>,
        catalog: &Catalog,
        at: &[&str],
    ) -> Vec<(Method, Needs)> {
        let mut checked = Vec::new();
        for (name, value) in methods {
            let at: Vec<&str> = at.iter().copied().chain([name.as_str()]).collect();
            let needs = self.needs(value, catalog, &at);
            match Method::parse(name) {
                Some(method) => checked.push((method, needs)),
                None => {
                    let all = Method::ALL.map(Method::as_str).join(", ");
                    self.mistake(&at, format!("no route takes this method; write one of {all}"));
                }
            }
        }
        // HEAD tells of what GET answers.
        let of = |wanted: Method| checked.iter().find(|(method, _)| *method == wanted).map(|(_, needs)| needs.clone());
        if let (Some(get), None) = (of(Method::Get), of(Method::Head)) {
            checked.push((Method::Head, get));
        }
        checked
    }

    fn names(&mut self, values: &[Value], at: &[&str]) -> Option<Vec<String>> {
        let names: Option<Vec<String>> = values.iter().map(|value| value.as_str().map(str::to_owned)).collect();
        if names.is_none() {
            self.mistake(at, NEEDS);
        }
        names
    }
}

const NEEDS: &str = "write a list of scopes, such as [\"read:leads\"], or { any_of = [\"read:leads\", \"admin\"] } if one \
                     is enough, or \"public\" if no key is needed";
