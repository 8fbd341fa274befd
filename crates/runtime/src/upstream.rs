//! Upstreams, by a service binding or a URL.

use js_sys::Reflect;
use keystile_core::config::Target;
use wasm_bindgen::JsValue;
use worker::Env;

/// An upstream, resolved for calls.
pub struct Upstream {
    /// The service binding, or undefined for a URL.
    pub fetcher: JsValue,
    /// The beginning of URLs at the upstream, `https://host`. A service binding ignores it.
    pub origin: String,
    /// The beginning of paths at the upstream, without a slash at its end.
    pub base: String,
}

impl Upstream {
    /// Whether it is a service binding.
    #[must_use]
    pub fn is_service(&self) -> bool {
        !self.fetcher.is_undefined()
    }

    /// Finds the binding, once per isolate.
    ///
    /// # Errors
    /// The binding that is missing in wrangler.toml.
    pub fn of(target: &Target, env: &Env) -> Result<Self, String> {
        match target {
            Target::Url(url) => {
                let (origin, base) = origin_and_path(url);
                Ok(Self { fetcher: JsValue::UNDEFINED, origin: origin.into(), base: base.into() })
            }
            Target::Service(binding) => {
                let fetcher = Reflect::get(env, &binding.into()).ok().filter(JsValue::is_object);
                let fetcher = fetcher.ok_or_else(|| format!("wrangler.toml has no service binding {binding}"))?;
                Ok(Self { fetcher, origin: "https://upstream".into(), base: String::new() })
            }
        }
    }
}

/// The `https://host` and the `/path` of an upstream's URL.
fn origin_and_path(url: &str) -> (&str, &str) {
    let host = url.find(':').map_or(0, |at| at + "://".len());
    let path = url.get(host..).and_then(|rest| rest.find('/')).map_or(url.len(), |at| host + at);
    url.split_at_checked(path).unwrap_or((url, ""))
}

#[cfg(test)]
mod tests {
    use super::origin_and_path;

    #[test]
    fn an_upstreams_url_may_have_a_path() {
        assert_eq!(origin_and_path("https://api.example.com"), ("https://api.example.com", ""));
        assert_eq!(origin_and_path("http://127.0.0.1:8080/v1/x"), ("http://127.0.0.1:8080", "/v1/x"));
    }
}
