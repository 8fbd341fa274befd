//! The configuration, which ships as data beside the WebAssembly module. The JavaScript entry puts the worker's part at
//! `globalThis.KEYSTILE_CONFIG`.

use js_sys::Reflect;
use keystile_core::config::from_blob;
use serde::de::DeserializeOwned;

/// Reads the worker's part of the configuration. Call it once per isolate, since the configuration never changes in
/// one.
///
/// # Errors
/// An error if the configuration is missing or wrong. The build prevents that.
pub fn load<T: DeserializeOwned>() -> worker::Result<T> {
    let blob = Reflect::get(&js_sys::global(), &"KEYSTILE_CONFIG".into())
        .ok()
        .and_then(|value| value.as_string())
        .ok_or_else(|| worker::Error::RustError("globalThis.KEYSTILE_CONFIG is missing; see entry.js".into()))?;
    from_blob(&blob).map_err(|error| worker::Error::RustError(format!("globalThis.KEYSTILE_CONFIG: {error}")))
}
