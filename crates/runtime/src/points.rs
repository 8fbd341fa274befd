//! Writes data points to Workers Analytics Engine, where a dataset is bound.

use js_sys::Reflect;
use keystile_core::metrics::points::{BINDING, Points};
use wasm_bindgen::prelude::*;
use worker::Env;

use crate::log;

/// Whether a dataset is bound.
#[must_use]
pub fn are_bound(env: &Env) -> bool {
    dataset(env).is_some()
}

/// Writes all points. The platform takes them at once, and sends them later.
pub fn write(env: &Env, points: &mut Points) {
    let (Some(dataset), Some(json)) = (dataset(env), points.take()) else { return };
    if let Err(thrown) = write_points(&dataset, &json) {
        log::warn("points_not_written", &[("reason", format!("{thrown:?}").into())]);
    }
}

fn dataset(env: &Env) -> Option<JsValue> {
    Reflect::get(env, &BINDING.into()).ok().filter(JsValue::is_object)
}

#[wasm_bindgen(module = "/src/crossing.js")]
extern "C" {
    #[wasm_bindgen(catch, js_name = writePoints)]
    fn write_points(dataset: &JsValue, points: &str) -> Result<(), JsValue>;
}
