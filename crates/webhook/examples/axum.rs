//! A handler of axum that takes GitHub's webhooks, and a delivery that is sent to it.
//!
//! ```sh
//! cargo run -p keystile-webhook --features registry --example axum
//! ```
//!
//! To serve it, add axum's default features and tokio, and write
//! `axum::serve(listener, router(receiver)).await`.

use std::{
    error::Error,
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::SystemTime,
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, Method, Request, StatusCode, Uri},
    routing::post,
};
use keystile_webhook::{Delivery, Failure, Options, Scheme, Secrets, Verified, registry, sign, verify};
use tower::ServiceExt as _;

/// The origin under which the webhook is registered with the sender.
const ORIGIN: &str = "https://example.com";

/// A scheme and its secrets, read once at the start.
struct Receiver {
    scheme: &'static Scheme,
    secrets: Secrets,
}

impl Receiver {
    fn new(provider: &str, secrets: &[&str]) -> Result<Self, Box<dyn Error>> {
        let scheme = &registry::provider(provider).ok_or("this provider is unknown")?.scheme;
        let secrets = Secrets::parse(scheme, secrets);
        match secrets.faults().first() {
            Some(fault) => Err((*fault).into()),
            None => Ok(Self { scheme, secrets }),
        }
    }

    fn verify(&self, method: &Method, uri: &Uri, headers: &HeaderMap, body: &[u8]) -> Result<Verified, Failure> {
        // A value that is no text can't be a signature.
        let headers: Vec<(&str, &str)> =
            headers.iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?))).collect();
        let url = format!("{ORIGIN}{uri}");
        let delivery = Delivery { method: method.as_str(), url: &url, headers: &headers, body };
        let now = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
        verify(self.scheme, &self.secrets, &delivery, &Options::at(now)).into_result()
    }
}

/// `Bytes` is the body as it came: `Json` would have parsed it already.
async fn receive(
    State(receiver): State<Arc<Receiver>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, (StatusCode, &'static str)> {
    match receiver.verify(&method, &uri, &headers, &body) {
        Ok(_genuine) => Ok(StatusCode::NO_CONTENT),
        Err(Failure::BodyTooLarge) => Err((StatusCode::PAYLOAD_TOO_LARGE, "BODY_TOO_LARGE")),
        Err(failure) => Err((StatusCode::UNAUTHORIZED, failure.code())),
    }
}

fn router(receiver: Receiver) -> Router {
    Router::new().route("/hooks/github", post(receive)).with_state(Arc::new(receiver))
}

fn main() -> Result<(), Box<dyn Error>> {
    for body in ["Hello, World!", "Hello, Mallory!"] {
        println!("{body} {}", status_of(body)?);
    }
    Ok(())
}

/// The handler's answer to a delivery with this body. Its sender has signed "Hello, World!".
fn status_of(body: &'static str) -> Result<StatusCode, Box<dyn Error>> {
    let receiver = Receiver::new("github", &["It's a Secret to Everybody"])?;
    let delivery = Delivery { method: "POST", url: "", headers: &[], body: b"Hello, World!" };
    let now = SystemTime::UNIX_EPOCH.elapsed()?;
    let signed = sign(receiver.scheme, "It's a Secret to Everybody", &delivery, None, &Options::at(now))?;
    let mut request = Request::post("/hooks/github");
    for (name, value) in &signed.headers {
        request = request.header(name, value);
    }
    let mut answer = pin!(router(receiver).oneshot(request.body(Body::from(body))?));
    // Nothing here waits for anything, so the answer is ready at once.
    match answer.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(response) => Ok(response?.status()),
        Poll::Pending => Err("the handler waits for something".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_genuine_delivery_is_taken_and_an_altered_one_refused() {
        assert_eq!(status_of("Hello, World!").unwrap(), StatusCode::NO_CONTENT);
        assert_eq!(status_of("Hello, Mallory!").unwrap(), StatusCode::UNAUTHORIZED);
    }
}
