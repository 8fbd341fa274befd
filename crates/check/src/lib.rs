//! The check of `keystile.toml` as WebAssembly. The command line runs it on machines that have no Rust.

use serde_json::{Value, json};
use wasm_bindgen::prelude::*;

/// Reads and checks a file's text. Returns JSON: what a build needs ([`keystile_config::Configuration::to_json`]), or
/// `mistakes`, each as `12: routes.0.read.1: …`.
#[wasm_bindgen]
#[must_use]
pub fn check(text: &str) -> String {
    let read = keystile_config::read(text).map(|configuration| configuration.to_json());
    read.unwrap_or_else(|mistakes| json!({ "mistakes": mistakes })).to_string()
}

/// The mistakes in `KEYSTILE_SECRET` and `KEYSTILE_ROOT_KEY`, as a JSON list of sentences.
#[wasm_bindgen]
#[must_use]
pub fn check_secrets(secret: &str, root_key: &str) -> String {
    Value::from(keystile_config::secrets::mistakes(secret, root_key)).to_string()
}
