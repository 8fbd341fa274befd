//! JWTs: takes a token apart, checks that its algorithm is the scheme's, and compares its claims.

use alloc::{
    borrow::Cow,
    string::{String, ToString},
    vec::Vec,
};
use core::time::Duration;

use crate::{
    algorithm::{Encoding, TimeUnit},
    encoding,
    failure::Failure,
    json,
    lookup::Lookup,
    message,
    name::Names,
    place::{JsonPath, Step},
    scheme::{Scheme, SigningMethod},
    signature, timestamp,
};

/// The maximum length of a token, characters.
const MAX_LEN: usize = 16 * 1024;
/// The difference between clocks that is tolerated for `exp` and `nbf`, seconds.
const LEEWAY: u32 = 60;

/// A token that was taken apart. Nothing in it is known to be true yet.
pub(crate) struct Token<'a> {
    /// The signed part: the head and the claims, as they were received.
    pub(crate) signed: &'a str,
    pub(crate) signature: Vec<u8>,
    pub(crate) claims: Vec<u8>,
    /// The index of the scheme's method that made the token.
    pub(crate) method: usize,
    /// The name of the key, by the token's head.
    pub(crate) kid: Option<String>,
}

impl<'a> Token<'a> {
    /// Takes the only token apart.
    pub(crate) fn parse(scheme: &Scheme, values: &'a [Cow<'a, str>]) -> Result<Self, Failure> {
        let [value] = values else { return Err(Failure::TooManySignatures) };
        let value = signature::cut(scheme, value).ok_or(Failure::MalformedSignature)?;
        let with_prefix = |prefix: &str| value.strip_prefix(prefix);
        let text = scheme.methods.iter().find_map(|method| with_prefix(&method.prefix));
        let text = text.ok_or(Failure::MalformedSignature)?;
        if text.len() > MAX_LEN {
            return Err(Failure::MalformedToken("it is too long"));
        }
        let malformed = Failure::MalformedToken("it is not three parts in base64url");
        let (signed, last) = text.rsplit_once('.').ok_or(malformed.clone())?;
        let (head, claims) = signed.split_once('.').ok_or(malformed.clone())?;
        // RFC 7515 demands base64url without padding.
        let decode = |part: &str| encoding::decode(Encoding::Base64Url, part).filter(|_| !part.contains('='));
        let (head, claims) = (decode(head).ok_or(malformed.clone())?, decode(claims).ok_or(malformed.clone())?);
        let signature = decode(last).ok_or(malformed)?;
        let no_object = Failure::MalformedToken("its head is no JSON object");
        let member = |name: &str| json::find(&head, &[Step::Member(name.to_string())], Names::Exact);
        if !head.starts_with(b"{") || !claims.starts_with(b"{") {
            return Err(no_object);
        }
        for unknown in ["crit", "b64"] {
            if member(unknown).map_err(|_| no_object.clone())?.is_some() {
                return Err(Failure::MalformedToken("it has critical extensions"));
            }
        }
        let said = |name: &str| -> Result<Option<Cow<'_, [u8]>>, Failure> {
            let text =
                member(name).and_then(|value| value.map(json::text).transpose()).map_err(|_| no_object.clone())?;
            Ok(text.flatten())
        };
        let algorithm = said("alg")?.unwrap_or_default();
        let kid = said("kid")?.map(|kid| String::from_utf8_lossy(&kid).into_owned());
        let is_it = |method: &SigningMethod| {
            let pinned = method.algorithm.jws_alg().is_some_and(|alg| alg.as_bytes() == &*algorithm);
            pinned && with_prefix(&method.prefix) == Some(text)
        };
        let method = scheme.methods.iter().position(is_it);
        let method = method.ok_or(Failure::MalformedToken("its algorithm is not the one that is expected"))?;
        Ok(Self { signed, signature, claims, method, kid })
    }
}

/// Compares the claims of a token that is known to be genuine.
pub(crate) fn check_claims(lookup: &Lookup<'_>) -> Result<(), Failure> {
    for (path, template) in &lookup.scheme.claims {
        let expected = message::fill(template, lookup, &[])?.concat();
        let mismatch = || Failure::ClaimMismatch(path.to_string());
        let values = values(lookup, path)?;
        // `aud` may be a list of the audiences that the token is meant for.
        if !values.iter().any(|value| **value == *expected) {
            return Err(mismatch());
        }
    }
    Ok(())
}

fn values<'a>(lookup: &Lookup<'a>, path: &JsonPath) -> Result<Vec<Cow<'a, [u8]>>, Failure> {
    let malformed = |_| Failure::MalformedToken("its claims are no JSON object");
    let value = json::find(lookup.claims.unwrap_or_default(), &path.0, Names::Exact).map_err(malformed)?;
    value.map_or(Ok(Vec::new()), |value| json::texts(value).map_err(malformed))
}

/// Checks `exp` and `nbf`, no matter what else the scheme demands.
pub(crate) fn check_life(lookup: &Lookup<'_>) -> Result<(), Failure> {
    let instant = |name: &str| -> Result<Option<Duration>, Failure> {
        let malformed = Failure::MalformedToken("its `exp` or `nbf` is no number of seconds");
        let values = values(lookup, &JsonPath(alloc::vec![Step::Member(name.to_string())]))?;
        let Some(value) = values.first() else { return Ok(None) };
        // A fraction of a second is allowed (RFC 7519) and is ignored.
        let text = core::str::from_utf8(value).ok().map(|text| text.split('.').next().unwrap_or_default());
        let instant = text.and_then(|text| timestamp::parse(TimeUnit::Seconds, text));
        instant.map(Some).ok_or(malformed)
    };
    let now = lookup.options.now;
    if let Some(end) = instant("exp")? {
        timestamp::within(end, now, LEEWAY, u32::MAX)?;
    }
    if let Some(start) = instant("nbf")? {
        timestamp::within(start, now, u32::MAX, LEEWAY)?;
    }
    Ok(())
}
