//! Writes data points to Workers Analytics Engine, where a dataset is bound.

use js_sys::Reflect;
use keystile_core::metrics::points::{BINDING, Points};
use wasm_bindgen::prelude::*;
use worker::Env;

/// Whether a dataset is bound.
#[must_use]
pub fn are_bound(env: &Env) -> bool {
    dataset(env).is_some()
}

/// Writes all points. The platform takes them at once, and sends them later.
pub fn write(env: &Env, points: &mut Points) {
    if let Some(dataset) = dataset(env) {
        write_points(&dataset, &points.take());
    }
}

fn dataset(env: &Env) -> Option<JsValue> {
    Reflect::get(env, &BINDING.into()).ok().filter(JsValue::is_object)
}

#[wasm_bindgen(module = "/src/crossing.js")]
extern "C" {
    #[wasm_bindgen(js_name = writePoints)]
    fn write_points(dataset: &JsValue, points: &str);
}
