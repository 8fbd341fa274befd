//! Signatures of forwarded requests: HTTP Message Signatures (RFC 9421) with `hmac-sha256`. They let an upstream that
//! is reached by URL tell the edge from anybody else. Libraries for receivers exist.

use alloc::{format, string::String, vec::Vec};

use base64ct::{Base64, Encoding as _};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// The lifetime of a signature, seconds.
pub const LIFETIME_SECONDS: i64 = 60;

/// The two headers of a signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignatureHeaders {
    /// The value of `Signature-Input`.
    pub input: String,
    /// The value of `Signature`.
    pub signature: String,
}

/// Signs components: derived ones such as `@method`, or lower-case header names. `parameters` follow the list of
/// components, such as `;created=1618884473`.
#[must_use]
pub fn sign(label: &str, components: &[(&str, &str)], parameters: &str, secret: &[u8]) -> SignatureHeaders {
    let names: Vec<String> = components.iter().map(|(name, _)| format!("\"{name}\"")).collect();
    let params = format!("({}){parameters}", names.join(" "));
    let mut base = String::new();
    for (name, value) in components {
        base.push_str(&format!("\"{name}\": {value}\n"));
    }
    base.push_str(&format!("\"@signature-params\": {params}"));
    let mac = Hmac::<Sha256>::new_from_slice(secret)
        .map(|mac| mac.chain_update(base.as_bytes()).finalize().into_bytes().to_vec())
        .unwrap_or_default();
    SignatureHeaders {
        input: format!("{label}={params}"),
        signature: format!("{label}=:{}:", Base64::encode_string(&mac)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    /// The test vector of RFC 9421, appendix B.2.5.
    #[test]
    fn the_vector_of_the_rfc() {
        let secret = Base64::decode_vec(
            "uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ==",
        )
        .unwrap();
        let components = [
            ("date", "Tue, 20 Apr 2021 02:07:55 GMT"),
            ("@authority", "example.com"),
            ("content-type", "application/json"),
        ];
        let signed = sign("sig-b25", &components, ";created=1618884473;keyid=\"test-shared-secret\"", &secret);
        assert_eq!(
            signed.input,
            r#"sig-b25=("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret""#
        );
        assert_eq!(signed.signature, "sig-b25=:pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=:");
    }
}
