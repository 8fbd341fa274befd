//! The steps of the verifier: the values that it reads and computes. This module uses the verifier's own parts and
//! makes no verdict of its own.

use alloc::{
    borrow::Cow,
    string::{String, ToString},
    vec::Vec,
};

use super::{
    case::Case,
    report::{Comparison, Entry, Problem, Reading, SecretStep, Source, Steps, TimestampStep},
};
use crate::{
    algorithm::Algorithm,
    budget::Budget,
    encoding,
    failure::Failure,
    handshake::token,
    json, jws,
    lookup::Lookup,
    mac, message,
    place::Place,
    scheme::{Scheme, SigningMethod},
    secret::{Key, Material, Secrets},
    signature::{self, EntryGroup},
    template::Part,
    timestamp,
};
use messages::messages;

mod checks;
mod messages;

/// The maximum number of items and groups that are shown.
const MAX_READINGS: usize = 20;

/// The steps for a delivery.
pub(super) fn steps(case: &Case<'_>) -> Steps {
    let secrets = Secrets::parse(case.scheme, case.secrets);
    let shown = (0..case.secrets.len()).map(|index| secret(case.scheme, &secrets, index)).collect();
    let mut steps = Steps { secrets: shown, ..Steps::default() };
    match readings(case, &secrets) {
        Ok(readings) => steps.readings = readings,
        Err(failure) => steps.problem = Some(Problem::of(&failure)),
    }
    steps
}

fn secret(scheme: &Scheme, secrets: &Secrets, index: usize) -> SecretStep {
    let keys: Vec<&Key> = secrets.keys.iter().filter(|key| key.secret == index).collect();
    let length = |key: &&Key| key.identity().len();
    let mut forms: Vec<&'static str> = scheme.methods.iter().map(|method| method.key.name()).collect();
    forms.dedup();
    SecretStep {
        index,
        key_lengths: keys.iter().map(length).collect(),
        forms,
        problem: secrets.faults().iter().find(|fault| fault.index == index).map(ToString::to_string),
    }
}

fn readings(case: &Case<'_>, secrets: &Secrets) -> Result<Vec<Reading>, Failure> {
    for name in &case.scheme.params {
        case.options.param(name)?;
    }
    if case.delivery.body.len() > case.options.body_limit {
        return Err(Failure::BodyTooLarge);
    }
    let budget = Budget::unlimited();
    let whole = Lookup::whole(case.scheme, case.delivery, case.options, &budget);
    let (document, head) = (whole.document()?, whole.signature_head()?);
    let lookup = Lookup { document: &document, head: head.as_deref(), ..whole };
    let Some(path) = &case.scheme.each else { return Ok(item(&lookup, secrets, None)) };
    let items = json::each(lookup.document, path, lookup.names).map_err(|_| Failure::MalformedBody)?;
    if items.is_empty() {
        return Err(Failure::MissingField(alloc::format!("json:{path}")));
    }
    let read = items.iter().enumerate().take(MAX_READINGS);
    Ok(read.flat_map(|(index, document)| item(&Lookup { document, ..lookup }, secrets, Some(index))).collect())
}

/// The readings of one signed item.
fn item(lookup: &Lookup<'_>, secrets: &Secrets, item: Option<usize>) -> Vec<Reading> {
    let empty = Reading { item, sources: sources(lookup), ..Reading::default() };
    let failed = |failure: &Failure| alloc::vec![Reading { problem: Some(Problem::of(failure)), ..empty.clone() }];
    let values = match lookup.signature_values() {
        Ok(values) => values,
        Err(failure) => return failed(&failure),
    };
    if lookup.scheme.is_jws() {
        return match jws::Token::parse(lookup.scheme, &values) {
            Ok(token) => alloc::vec![token_reading(lookup, secrets, &token, empty.clone())],
            Err(failure) => failed(&failure),
        };
    }
    match signature::groups(lookup.scheme, &values) {
        Ok(groups) => {
            let read = groups
                .iter()
                .map(|group| group_reading(&Lookup { group: Some(group), ..*lookup }, secrets, group, empty.clone()));
            read.collect()
        }
        Err(failure) => failed(&failure),
    }
}

fn sources(lookup: &Lookup<'_>) -> Vec<Source> {
    let texts = |place: &Place| -> Vec<String> {
        match place {
            Place::Header(names) => lookup.header_values(names).into_iter().map(String::from).collect(),
            Place::NumberedHeader(name) => lookup.numbered_headers(name).into_iter().map(String::from).collect(),
            place => lookup.characters(place).ok().flatten().map(Cow::into_owned).into_iter().collect(),
        }
    };
    let source = |place: &Place| Source { place: place.to_string(), values: texts(place) };
    lookup.scheme.signature.iter().map(source).collect()
}

fn group_reading(lookup: &Lookup<'_>, secrets: &Secrets, group: &EntryGroup<'_>, mut reading: Reading) -> Reading {
    reading.entries = group.entries.iter().map(|text| entry(lookup.scheme, text)).collect();
    reading.timestamp = time(lookup);
    reading.messages = messages(lookup);
    reading.checks = checks::checks(lookup);
    if !reading.entries.iter().any(|entry| entry.used) {
        reading.problem = Some(Problem::of(&Failure::MalformedSignature));
    }
    reading.comparisons = comparisons(lookup, secrets, group);
    reading
}

/// An entry, and whether one of the methods reads it as a signature.
fn entry(scheme: &Scheme, text: &str) -> Entry {
    let mut note = String::new();
    for method in &scheme.methods {
        match signature_of(scheme, method, text) {
            Ok(bytes) if method.algorithm == Algorithm::Equality => {
                return Entry {
                    text: text.into(),
                    used: true,
                    note: "the secret itself".into(),
                    length: Some(bytes.len()),
                };
            }
            Ok(bytes) => {
                let note = alloc::format!("{} in {}", method.algorithm, method.encoding);
                return Entry { text: text.into(), used: true, note, length: Some(bytes.len()) };
            }
            Err(reason) if note.is_empty() => note = reason,
            Err(_) => {}
        }
    }
    let begins = |key: &str| text.strip_prefix(key).is_some_and(|rest| rest.starts_with('='));
    let is_field = |place: &Place| matches!(place, Place::Field(key) if begins(key));
    let read = scheme.timestamp.as_ref().is_some_and(|rule| is_field(&rule.at))
        || scheme.messages.iter().flat_map(|message| message.places()).any(is_field);
    Entry {
        text: text.into(),
        used: false,
        note: if read { "a field beside the signature".into() } else { note },
        length: None,
    }
}

/// The bytes of a signature, or why the entry is none.
fn signature_of(scheme: &Scheme, method: &SigningMethod, text: &str) -> Result<Vec<u8>, String> {
    let group = EntryGroup { entries: alloc::vec![text] };
    if let Some(bytes) = group.candidates(scheme, method).into_iter().next() {
        return Ok(bytes);
    }
    let Some(mut rest) = text.strip_prefix(method.prefix.as_str()) else {
        return Err(alloc::format!("doesn't begin with `{}`", method.prefix));
    };
    if let Some(after) = scheme.after {
        rest = rest
            .rsplit_once(after)
            .map(|(_, rest)| rest)
            .ok_or_else(|| alloc::format!("has no `{after}` before a signature"))?;
    }
    match (encoding::decode(method.encoding, rest), method.algorithm.signature_len()) {
        (None, _) => Err(alloc::format!("is not written in {}", method.encoding)),
        (Some(bytes), Some(length)) => {
            Err(alloc::format!("has {} bytes; a signature by {} has {length}", bytes.len(), method.algorithm))
        }
        (Some(_), None) => Err("is empty".into()),
    }
}

fn time(lookup: &Lookup<'_>) -> Option<TimestampStep> {
    let rule = lookup.scheme.timestamp.as_ref()?;
    let found = lookup.characters(&rule.at);
    let text =
        found.as_ref().ok().and_then(|text| text.as_ref().map(ToString::to_string)).filter(|text| !text.is_empty());
    let time = text.as_deref().and_then(|text| timestamp::parse(rule.unit, text));
    let now = lookup.options.now.as_secs();
    let age = time.and_then(|time| i64::try_from(now).ok()?.checked_sub(i64::try_from(time.as_secs()).ok()?));
    let failure = match (&found, &text, time) {
        (Err(failure), ..) => Some(failure.clone()),
        (_, None, _) if rule.enforce => Some(Failure::MissingTimestamp),
        (_, Some(_), None) => Some(Failure::MalformedTimestamp),
        (_, _, Some(time)) => timestamp::judge(rule, time, lookup.options.now).err(),
        _ => None,
    };
    let is_it = |part: &Part| match part {
        Part::Timestamp => true,
        Part::SignedHeaders(_) | Part::HeaderLines(_) => matches!(rule.at, Place::Header(_)),
        part => part.place() == Some(&rule.at),
    };
    let signed = matches!(rule.at, Place::Claim(_) | Place::Json(_) | Place::Form(_))
        || lookup.scheme.messages.iter().any(|message| message.0.iter().any(is_it));
    Some(TimestampStep {
        place: rule.at.to_string(),
        text,
        unit: rule.unit.name(),
        time: time.map(|time| time.as_secs()),
        now,
        age,
        past: rule.past,
        future: rule.future,
        enforced: rule.enforce,
        signed,
        problem: failure.as_ref().map(Problem::of),
    })
}

fn comparisons(lookup: &Lookup<'_>, secrets: &Secrets, group: &EntryGroup<'_>) -> Vec<Comparison> {
    let scheme = lookup.scheme;
    let mut compared = Vec::new();
    let kid = lookup.kid().ok().flatten();
    for key in secrets.keys.iter().filter(|key| key.is_for(kid.as_deref())) {
        let Some(method) = scheme.methods.get(key.method) else { continue };
        let signatures: Vec<Option<Vec<u8>>> =
            group.entries.iter().map(|text| signature_of(scheme, method, text).ok()).collect();
        let comparison = |message: usize, computed: Option<&[u8]>, entry: Option<usize>| Comparison {
            secret: key.secret,
            message,
            algorithm: method.algorithm.name(),
            form: method.key.name(),
            computed: computed
                .map(|computed| alloc::format!("{}{}", method.prefix, encoding::encode(method.encoding, computed))),
            entry,
        };
        let position = |is_it: &dyn Fn(&[u8]) -> bool| {
            signatures.iter().position(|signature| signature.as_deref().is_some_and(is_it))
        };
        if method.algorithm == Algorithm::Equality {
            let same = |text: &[u8]| bool::from(mac::same_text(text, key.bytes()));
            compared.push(comparison(0, None, position(&same)));
            continue;
        }
        for (index, template) in scheme.messages.iter().enumerate() {
            let Ok(pieces) = message::fill(template, lookup, key.bytes()) else { continue };
            if token::would_sign(scheme, &pieces) {
                continue;
            }
            let computed = match &key.material {
                Material::Hmac(_, keyed) => Some(keyed.compute(&pieces)),
                Material::Bytes(_) => Some(mac::plain_hash(method.algorithm, &pieces)),
                Material::Public(_) => None,
            };
            let good = |signature: &[u8]| match (&key.material, &computed) {
                (Material::Public(public), _) => public.judge(method.algorithm, signature, &pieces).unwrap_or_default(),
                (_, Some(computed)) => signature == computed,
                _ => false,
            };
            compared.push(comparison(index, computed.as_deref(), position(&good)));
        }
    }
    compared
}

fn token_reading(lookup: &Lookup<'_>, secrets: &Secrets, token: &jws::Token<'_>, mut reading: Reading) -> Reading {
    let lookup = &Lookup { claims: Some(&token.claims), head: Some(&token.head), ..*lookup };
    let (method, algorithm) = match lookup.scheme.methods.get(token.method) {
        Some(method) => (method, method.algorithm),
        None => return reading,
    };
    reading.entries.push(Entry {
        text: encoding::encode(crate::algorithm::Encoding::Base64Url, &token.signature),
        used: true,
        note: alloc::format!("{algorithm}: the last part of the token"),
        length: Some(token.signature.len()),
    });
    reading.timestamp = time(lookup);
    reading.messages = if lookup.scheme.is_detached() { messages(lookup) } else { alloc::vec![messages::token(token)] };
    reading.checks = checks::checks(lookup);
    let signed = token.messages(lookup).unwrap_or_default();
    let keys = secrets.keys.iter().filter(|key| key.method == token.method && key.is_for(token.kid.as_deref()));
    for (key, (index, message)) in keys.flat_map(|key| signed.iter().enumerate().map(move |message| (key, message))) {
        let pieces = core::slice::from_ref(message);
        let computed = match &key.material {
            Material::Hmac(_, keyed) => Some(keyed.compute(pieces)),
            _ => None,
        };
        let good = match (&key.material, &computed) {
            (Material::Public(public), _) => public.judge(algorithm, &token.signature, pieces).unwrap_or_default(),
            (_, Some(computed)) => *computed == token.signature,
            _ => false,
        };
        reading.comparisons.push(Comparison {
            secret: key.secret,
            message: index,
            algorithm: algorithm.name(),
            form: method.key.name(),
            computed: computed.map(|computed| encoding::encode(crate::algorithm::Encoding::Base64Url, &computed)),
            entry: good.then_some(0),
        });
    }
    reading
}
