//! JWTs, and other JWS: takes a token apart, checks that its algorithm is the scheme's, and compares its claims.

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
    place::{JsonPath, Place, Step},
    scheme::{Scheme, SigningMethod},
    signature, timestamp,
};

/// The maximum length of a token, characters.
const MAX_LEN: usize = 16 * 1024;
/// The difference between clocks that is tolerated for `exp` and `nbf`, seconds.
const LEEWAY: u32 = 60;

/// The maximum length of a detached payload, bytes. It is written anew in base64url, so it is in memory several times.
const MAX_DETACHED: usize = 1024 * 1024;

/// A token that was taken apart. Nothing in it is known to be true yet.
pub(crate) struct Token<'a> {
    /// The signed part as it was received: the head and the claims, of a detached JWS the head alone.
    pub(crate) signed: &'a str,
    pub(crate) signature: Vec<u8>,
    pub(crate) head: Vec<u8>,
    /// The claims; empty if the payload is detached.
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
        let (first, claims) = signed.split_once('.').ok_or(malformed.clone())?;
        let detached = scheme.is_detached();
        if detached && !claims.is_empty() {
            return Err(Failure::MalformedToken("it has a payload in it, where a detached one is expected"));
        }
        // RFC 7515 demands base64url without padding.
        let decode = |part: &str| encoding::decode(Encoding::Base64Url, part).filter(|_| !part.contains('='));
        let (head, claims) = (decode(first).ok_or(malformed.clone())?, decode(claims).ok_or(malformed.clone())?);
        let signature = decode(last).ok_or(malformed)?;
        let no_object = Failure::MalformedToken("its head is no JSON object");
        let member = |name: &str| json::find(&head, &[Step::Member(name.to_string())], Names::Exact);
        if !head.starts_with(b"{") || !(detached || claims.starts_with(b"{")) {
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
        let signed = if detached { first } else { signed };
        Ok(Self { signed, signature, head, claims, method, kid })
    }

    /// The texts that the signature may be over: the head and the claims, or the head and a detached payload.
    pub(crate) fn messages<'s>(&'s self, lookup: &Lookup<'s>) -> Result<Vec<Cow<'s, [u8]>>, Failure> {
        if !lookup.scheme.is_detached() {
            return Ok(alloc::vec![Cow::Borrowed(self.signed.as_bytes())]);
        }
        let payloads = message::all(lookup)?;
        payloads.iter().map(|payload| detached(self.signed, payload).map(Cow::Owned)).collect()
    }
}

/// The signing input of a JWS (RFC 7515, section 5.1), of a head that is in base64url and a payload that isn't.
pub(crate) fn detached(head: &str, payload: &[Cow<'_, [u8]>]) -> Result<Vec<u8>, Failure> {
    if payload.iter().map(|piece| piece.len()).sum::<usize>() > MAX_DETACHED {
        return Err(Failure::BodyTooLarge);
    }
    let payload = encoding::encode(Encoding::Base64Url, &payload.concat());
    Ok([head.as_bytes(), b".", payload.as_bytes()].concat())
}

/// Compares the claims of a token that is known to be genuine.
pub(crate) fn check_claims(lookup: &Lookup<'_>) -> Result<(), Failure> {
    for (path, template) in &lookup.scheme.claims {
        let expected = message::fill(template, lookup, &[])?.concat();
        let mismatch = || Failure::ClaimMismatch(Place::Claim(path.clone()).to_string());
        let values = values(lookup, path)?;
        // `aud` may be a list of the audiences that the token is meant for.
        if !values.iter().any(|value| **value == *expected) {
            return Err(mismatch());
        }
    }
    Ok(())
}

/// The texts of a claim: one, or those of a list.
pub(crate) fn values<'a>(lookup: &Lookup<'a>, path: &JsonPath) -> Result<Vec<Cow<'a, [u8]>>, Failure> {
    let malformed = |_| Failure::MalformedToken("its claims are no JSON object");
    let value = json::find(lookup.claims.unwrap_or_default(), &path.0, Names::Exact).map_err(malformed)?;
    value.map_or(Ok(Vec::new()), |value| json::texts(value).map_err(malformed))
}

/// Checks `exp` and `nbf`, no matter what else the scheme demands. A detached payload has no claims.
pub(crate) fn check_life(lookup: &Lookup<'_>) -> Result<(), Failure> {
    if lookup.scheme.is_detached() {
        return Ok(());
    }
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
