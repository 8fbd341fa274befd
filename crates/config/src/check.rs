//! The checks. Each records its mistakes, so that all are reported at once.

mod cors;
mod deployment;
mod edge;
mod exposure;
pub(crate) mod keys;
mod limits;
mod needs;
mod plans;
mod routes;
mod scopes;
mod webhook_upstreams;
mod webhooks;

use std::fmt;

use keystile_core::config::Upstream;

/// One mistake: its place and its remedy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The path of keys and indices from the root, such as `routes`, `2`, `path`.
    pub at: Vec<String>,
    /// A sentence that says what is wrong and what to write.
    pub message: String,
}

impl Mistake {
    fn new(at: &[&str], message: impl Into<String>) -> Self {
        Self { at: at.iter().map(ToString::to_string).collect(), message: message.into() }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.at.join("."), self.message)
    }
}

impl std::error::Error for Mistake {}

/// A collection of mistakes.
#[derive(Default)]
pub(crate) struct Check {
    mistakes: Vec<Mistake>,
    /// Choices that the file leaves open. The build goes on.
    pub(crate) warnings: Vec<Mistake>,
    /// The names of scopes whose definitions are mistaken. What names them is not another mistake.
    mistaken_scopes: Vec<String>,
}

impl Check {
    /// The checked value, if there are no mistakes.
    pub(crate) fn finish<T>(self, checked: T) -> Result<T, Vec<Mistake>> {
        if self.mistakes.is_empty() { Ok(checked) } else { Err(self.mistakes) }
    }

    pub(crate) fn that(&mut self, holds: bool, at: &[&str], message: impl FnOnce() -> String) {
        if !holds {
            self.mistake(at, message());
        }
    }

    fn mistake(&mut self, at: &[&str], message: impl Into<String>) {
        self.mistakes.push(Mistake::new(at, message));
    }

    fn warning(&mut self, at: &[&str], message: impl Into<String>) {
        self.warnings.push(Mistake::new(at, message));
    }
}

/// The remedy for a name that is none of these.
fn another<'names>(names: impl Iterator<Item = &'names str>) -> String {
    const SHOWN: usize = 12;
    let mut all: Vec<_> = names.map(|name| format!("\"{name}\"")).collect();
    if all.is_empty() {
        return "leave it out".into();
    }
    if all.len() > SHOWN {
        all.truncate(SHOWN);
        all.push("…".into());
    }
    format!("name another: {}", all.join(", "))
}

/// The mistake of a name that is no upstream's.
fn no_upstream(name: &str, upstreams: &[Upstream]) -> String {
    let instead = another(upstreams.iter().map(|upstream| upstream.name.as_str()));
    format!("no [[upstreams]] is called \"{name}\"; define it, or {instead}")
}

/// Whether this can be the name of a binding or of a Worker secret.
fn is_binding(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}
