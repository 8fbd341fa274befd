//! The configuration, which ships as data beside the WebAssembly module: the
//! JavaScript entry puts it at `globalThis.KEYSTILE_CONFIG`.

use js_sys::Reflect;
use keystile_core::config::Config;

/// Reads the configuration by [`Config::for_edge`] or [`Config::for_management`].
/// Once per isolate: it is the same for its life.
///
/// # Errors
/// If it is missing or wrong, which the build does not let through.
pub fn load(read: fn(&str) -> Result<Config, String>) -> worker::Result<Config> {
    let blob = Reflect::get(&js_sys::global(), &"KEYSTILE_CONFIG".into())
        .ok()
        .and_then(|value| value.as_string())
        .ok_or_else(|| worker::Error::RustError("globalThis.KEYSTILE_CONFIG is missing; see entry.js".into()))?;
    read(&blob).map_err(|error| worker::Error::RustError(format!("globalThis.KEYSTILE_CONFIG: {error}")))
}
