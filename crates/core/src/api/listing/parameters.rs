//! The parameters of a query, taken one by one, with all mistakes reported together.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};

use crate::base::fields::FieldError;

/// The parameters of a query, taken one by one.
pub(super) struct Parameters {
    pairs: Vec<(String, String)>,
    errors: Vec<FieldError>,
}

impl Parameters {
    pub(super) fn new(pairs: Vec<(String, String)>, known: &[&str]) -> Self {
        let mut errors = Vec::new();
        for (index, (name, _)) in pairs.iter().enumerate() {
            let field = || name.chars().take(64).collect();
            if !known.contains(&name.as_str()) {
                let known = if known.is_empty() { "none".to_string() } else { known.join(", ") };
                errors.push(FieldError { field: field(), detail: format!("unknown parameter; known are: {known}") });
            } else if pairs.iter().take(index).any(|(earlier, _)| earlier == name) {
                errors.push(FieldError { field: field(), detail: "given twice".into() });
            }
        }
        Self { pairs, errors }
    }

    pub(super) fn take<T>(&mut self, name: &str, parse: impl FnOnce(&str) -> Result<T, String>) -> Option<T> {
        let (_, text) = self.pairs.iter().find(|(parameter, _)| parameter == name)?;
        match parse(text) {
            Ok(value) => Some(value),
            Err(detail) => {
                self.errors.push(FieldError { field: name.into(), detail });
                None
            }
        }
    }

    pub(super) fn finish(self) -> Result<(), Vec<FieldError>> {
        if self.errors.is_empty() { Ok(()) } else { Err(self.errors) }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::api::listing) fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect()
    }
}
