//! Signs a delivery by the same scheme that verifies it.

use alloc::{
    borrow::Cow,
    format,
    string::{String, ToString},
    vec::Vec,
};

use crate::{
    algorithm::{Algorithm, Encoding, KeyForm},
    budget::Budget,
    delivery::Delivery,
    encoding,
    failure::Failure,
    json, jws,
    lookup::Lookup,
    mac::{self, Keyed},
    message,
    options::Options,
    place::{JsonPath, Place, Step},
    public_key::SigningPair,
    scheme::{HashRule, Requirement, Scheme, SigningMethod},
    secret::{Key, Material, Secrets},
    signature::EntryGroup,
    template::Template,
    timestamp,
};

/// The texts that signing adds to a delivery.
#[derive(Clone, PartialEq, Eq)]
pub struct Signed {
    /// Headers to add, with names in lower case: those of the signature, the timestamp and the id.
    pub headers: Vec<(String, String)>,
    /// The signature's value, for schemes that don't put it in a header.
    pub value: String,
}

impl core::fmt::Debug for Signed {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_list().entries(self.headers.iter().map(|(name, _)| name)).finish()
    }
}

/// Signs a delivery with the time of `options`. It uses the first method of the scheme, or with a `whsk_…` the one for
/// key pairs, and the first message.
///
/// # Errors
/// [`Failure::Configuration`] if this scheme or secret can't sign; otherwise the failure that names the text that the
/// delivery lacks.
pub fn sign(
    scheme: &Scheme,
    secret: &str,
    delivery: &Delivery<'_>,
    event_id: Option<&str>,
    options: &Options<'_>,
) -> Result<Signed, Failure> {
    let secrets = Secrets::parse_with(scheme, &[secret], options.nfkd);
    let fault = secrets.faults().first().map(ToString::to_string);
    let key = secrets.keys.first();
    let key = key.ok_or_else(|| Failure::Configuration(fault.unwrap_or_default().into()))?;
    let method = scheme.methods.get(key.method).ok_or(Failure::MalformedSignature)?;
    let mut draft = Draft { scheme, headers: Vec::new(), entries: Vec::new() };
    if let Some(rule) = &scheme.timestamp {
        draft.put(&rule.at, timestamp::write(rule.unit, options.now), delivery)?;
    }
    if let (Some(place), Some(id)) = (&scheme.event_id, event_id) {
        draft.put(place, id.to_string(), delivery)?;
    }
    draft.requirements(delivery, options)?;
    if method.algorithm.is_jws() {
        let token = match scheme.messages.first() {
            Some(payload) => draft.detached(method, key, payload, delivery, options)?,
            None => draft.token(method, key, delivery, event_id, options)?,
        };
        return draft.done(&format!("{}{token}", method.prefix));
    }
    let computed = draft.computed(method, key, secret, delivery, options)?;
    let after = scheme.after.map(String::from).unwrap_or_default();
    let signature = format!("{}{after}{}", method.prefix, encoding::encode(method.encoding, &computed));
    draft.done(&signature)
}

/// The headers and entries that are made so far.
struct Draft<'a> {
    scheme: &'a Scheme,
    headers: Vec<(String, String)>,
    entries: Vec<String>,
}

impl Draft<'_> {
    /// Puts a text where the scheme reads it, unless the delivery has one there already.
    fn put(&mut self, place: &Place, text: String, delivery: &Delivery<'_>) -> Result<(), Failure> {
        match place {
            Place::Header(names) => {
                let there =
                    names.iter().any(|name| delivery.headers.iter().any(|(other, _)| other.eq_ignore_ascii_case(name)));
                if let (Some(name), false) = (names.first(), there) {
                    self.headers.push((name.clone(), text));
                }
            }
            Place::Field(key) => self.entries.push(format!("{key}={text}")),
            Place::Position(position) if *position == self.entries.len() => self.entries.push(text),
            Place::Position(_) => {
                return Err(Failure::Configuration(format!("Signing can't put a text at `{place}`.").into()));
            }
            // The delivery itself has the texts at the other places.
            _ => {}
        }
        Ok(())
    }

    /// Puts the texts that say how the delivery is signed.
    fn requirements(&mut self, delivery: &Delivery<'_>, options: &Options<'_>) -> Result<(), Failure> {
        let scheme = self.scheme;
        for rule in &scheme.requires {
            if let Some(is) = self.demanded(rule, delivery, options)? {
                self.put(&rule.at, is, delivery)?;
            }
        }
        Ok(())
    }

    /// The text that a requirement demands; `None` if any text will do.
    fn demanded(
        &self,
        rule: &Requirement,
        delivery: &Delivery<'_>,
        options: &Options<'_>,
    ) -> Result<Option<String>, Failure> {
        let Some(is) = &rule.is else { return Ok(None) };
        let text = self.with_source(delivery, options, |lookup| Ok(message::fill(is, lookup, &[])?.concat()))?;
        Ok(Some(String::from_utf8_lossy(&text).into_owned()))
    }

    fn computed(
        &mut self,
        method: &SigningMethod,
        key: &Key,
        secret: &str,
        delivery: &Delivery<'_>,
        options: &Options<'_>,
    ) -> Result<Vec<u8>, Failure> {
        let scheme = self.scheme;
        for rule in &scheme.hashes {
            let hash = self.hash(rule, delivery, options)?;
            self.put(&rule.at, hash, delivery)?;
        }
        if method.algorithm == Algorithm::Equality {
            return Ok(key.bytes().to_vec());
        }
        let template = scheme.messages.first().ok_or(Failure::MalformedSignature)?;
        self.with_source(delivery, options, |lookup| {
            let pieces = message::fill(template, lookup, key.bytes())?;
            match &key.material {
                Material::Hmac(_, keyed) => Ok(keyed.compute(&pieces)),
                Material::Bytes(_) => Ok(mac::plain_hash(method.algorithm, &pieces)),
                Material::Public(_) => {
                    let pair = if method.key == KeyForm::Whpk { SigningPair::parse(secret) } else { None };
                    let signature = pair.and_then(|pair| pair.sign(&pieces.concat()));
                    signature.ok_or(Failure::Configuration("Signing with this scheme needs a private key.".into()))
                }
            }
        })
    }

    fn hash(&self, rule: &HashRule, delivery: &Delivery<'_>, options: &Options<'_>) -> Result<String, Failure> {
        let hash = |lookup: &Lookup<'_>| Ok(mac::sha256(&message::fill(&rule.of, lookup, &[])?));
        Ok(encoding::encode(rule.encoding, &self.with_source(delivery, options, hash)?))
    }

    /// Looks up texts in the delivery and in the headers that were made so far.
    fn with_source<T>(
        &self,
        delivery: &Delivery<'_>,
        options: &Options<'_>,
        look: impl FnOnce(&Lookup<'_>) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let made = self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let headers: Vec<(&str, &str)> = delivery.headers.iter().copied().chain(made).collect();
        let delivery = Delivery { headers: &headers, ..*delivery };
        let group = EntryGroup { entries: self.entries.iter().map(String::as_str).collect() };
        let budget = Budget::unlimited();
        let whole = Lookup { group: Some(&group), ..Lookup::whole(self.scheme, &delivery, options, &budget) };
        let document = whole.document()?;
        look(&Lookup { document: &document, ..whole })
    }

    fn token(
        &self,
        method: &SigningMethod,
        key: &Key,
        delivery: &Delivery<'_>,
        event_id: Option<&str>,
        options: &Options<'_>,
    ) -> Result<String, Failure> {
        let scheme = self.scheme;
        let keyed = shared(key)?;
        let mut claims: Vec<(String, String)> = Vec::new();
        let mut claim = |path: &JsonPath, value: String| match path.0.as_slice() {
            [Step::Member(name)] => {
                claims.push((name.clone(), value));
                Ok(())
            }
            _ => Err(Failure::Configuration(format!("Signing can't make the claim `{path}`.").into())),
        };
        let quoted = |text: &str| {
            let mut quoted = String::new();
            json::quote(text, &mut quoted);
            quoted
        };
        for (path, template) in &scheme.claims {
            let text = self.with_source(delivery, options, |lookup| {
                let pieces = message::fill(template, lookup, &[])?;
                Ok(String::from_utf8_lossy(&pieces.concat()).into_owned())
            })?;
            claim(path, quoted(&text))?;
        }
        for rule in &scheme.requires {
            if let (Place::Claim(path), Some(is)) = (&rule.at, self.demanded(rule, delivery, options)?) {
                claim(path, quoted(&is))?;
            }
        }
        for rule in scheme.hashes.iter().filter(|rule| !rule.unless_empty || !delivery.body.is_empty()) {
            if let Place::Claim(path) = &rule.at {
                claim(path, quoted(&self.hash(rule, delivery, options)?))?;
            }
        }
        if let Some((path, rule)) = scheme.timestamp.as_ref().and_then(|rule| Some((claim_of(&rule.at)?, rule))) {
            claim(path, timestamp::write(rule.unit, options.now))?;
        }
        if let (Some(path), Some(id)) = (scheme.event_id.as_ref().and_then(claim_of), event_id) {
            claim(path, quoted(id))?;
        }
        let members: Vec<String> = claims.iter().map(|(name, value)| format!("{}:{value}", quoted(name))).collect();
        let head = format!("{{\"alg\":\"{}\",\"typ\":\"JWT\"}}", method.algorithm.jws_alg().unwrap_or_default());
        let claims = format!("{{{}}}", members.join(","));
        let part = |text: &[u8]| encoding::encode(Encoding::Base64Url, text);
        let signed = format!("{}.{}", part(head.as_bytes()), part(claims.as_bytes()));
        let signature = keyed.compute(&[Cow::Borrowed(signed.as_bytes())]);
        Ok(format!("{signed}.{}", part(&signature)))
    }

    /// A JWS whose payload isn't in it (RFC 7515, appendix F).
    fn detached(
        &self,
        method: &SigningMethod,
        key: &Key,
        payload: &Template,
        delivery: &Delivery<'_>,
        options: &Options<'_>,
    ) -> Result<String, Failure> {
        let keyed = shared(key)?;
        let mut head = serde_json::Map::new();
        head.insert("alg".into(), method.algorithm.jws_alg().unwrap_or_default().into());
        for rule in &self.scheme.requires {
            if let (Place::Head(JsonPath(steps)), Some(is)) = (&rule.at, self.demanded(rule, delivery, options)?)
                && let [Step::Member(name)] = steps.as_slice()
            {
                head.insert(name.clone(), is.into());
            }
        }
        let head = serde_json::Value::Object(head).to_string();
        let part = |text: &[u8]| encoding::encode(Encoding::Base64Url, text);
        let first = part(head.as_bytes());
        let signed = self.with_source(delivery, options, |lookup| {
            let lookup = Lookup { head: Some(head.as_bytes()), ..*lookup };
            jws::detached(&first, &message::fill(payload, &lookup, &[])?)
        })?;
        Ok(format!("{first}..{}", part(&keyed.compute(&[Cow::Borrowed(&signed)]))))
    }

    fn done(self, signature: &str) -> Result<Signed, Failure> {
        let Self { scheme, mut headers, mut entries } = self;
        entries.push(signature.to_string());
        let split = scheme.split.map(String::from).unwrap_or_default();
        let value = format!("{}{}", scheme.begins, entries.join(&split));
        match scheme.signature.first() {
            Some(Place::Header(names)) => headers.extend(names.first().map(|name| (name.clone(), value.clone()))),
            Some(Place::NumberedHeader(name)) => headers.push((format!("{name}1"), value.clone())),
            Some(_) => {}
            None => return Err(Failure::MalformedSignature),
        }
        Ok(Signed { headers, value })
    }
}

fn shared(key: &Key) -> Result<&Keyed, Failure> {
    match &key.material {
        Material::Hmac(_, keyed) => Ok(keyed),
        _ => Err(Failure::Configuration("Signing with this scheme needs a private key.".into())),
    }
}

const fn claim_of(place: &Place) -> Option<&JsonPath> {
    match place {
        Place::Claim(path) => Some(path),
        _ => None,
    }
}
