//! Finding the signatures of a delivery: the value, its groups, its entries,
//! and the bytes that they stand for.

use alloc::{borrow::Cow, vec::Vec};

use super::{
    delivery::{Source, utf8},
    failure::Failure,
    place::Place,
    scheme::{Method, Scheme},
    template::Part,
    text,
};

/// Entries of a list.
pub(crate) const MAX_ENTRIES: usize = 100;
/// Groups, each of which may mean another pass over the body.
pub(crate) const MAX_UNITS: usize = 8;
/// Characters of all values together.
const MAX_LEN: usize = 128 * 1024;

/// One group of a signature's value: the entries that belong together.
#[derive(Clone, Debug, Default)]
pub(crate) struct Unit<'a> {
    pub(crate) entries: Vec<&'a str>,
}

impl<'a> Unit<'a> {
    /// What follows `KEY=`. A key that stands twice is refused: which of them
    /// was signed can't be known.
    pub(crate) fn field(&self, key: &str) -> Result<Option<&'a str>, Failure> {
        let value = |entry: &&'a str| entry.strip_prefix(key)?.strip_prefix('=').map(|value| value.trim_matches(' '));
        let mut values = self.entries.iter().filter_map(value);
        match (values.next(), values.next()) {
            (_, Some(_)) => Err(Failure::MalformedSignature),
            (value, None) => Ok(value),
        }
    }

    /// The signatures of a method. An entry that is none is passed over: it
    /// must not spoil a good one beside it.
    pub(crate) fn candidates(&self, scheme: &Scheme, method: &Method) -> Vec<Vec<u8>> {
        let candidate = |entry: &&str| {
            let mut text = entry.strip_prefix(method.prefix.as_str())?;
            if let Some(after) = scheme.after {
                text = text.rsplit_once(after)?.1;
            }
            let bytes = text::decode(method.encoding, text)?;
            let fits = method.algorithm.signature_len().is_none_or(|len| bytes.len() == len) && !bytes.is_empty();
            fits.then_some(bytes)
        };
        self.entries.iter().filter_map(candidate).collect()
    }
}

/// The values that may hold signatures, as they stand.
pub(crate) fn values<'a>(source: &Source<'a>) -> Result<Vec<Cow<'a, str>>, Failure> {
    let scheme = source.scheme;
    let mut values: Vec<Cow<'a, str>> = Vec::new();
    for place in &scheme.signature {
        match place {
            Place::Header(names) if scheme.split.is_some() => {
                values.extend(source.header_values(names).into_iter().map(Cow::Borrowed));
            }
            Place::NumberedHeader(name) => {
                values.extend(source.numbered_headers(name).into_iter().map(Cow::Borrowed));
            }
            place => {
                let text = source.text(place)?;
                values.extend(text.map(|text| utf8(text).ok_or(Failure::MalformedSignature)).transpose()?);
            }
        }
    }
    match scheme.signature.first() {
        Some(place) if values.is_empty() => Err(Failure::missing(place)),
        _ if values.len() > MAX_ENTRIES || values.iter().map(|value| value.len()).sum::<usize>() > MAX_LEN => {
            Err(Failure::TooManySignatures)
        }
        _ => Ok(values),
    }
}

/// What the whole value begins with, cut off.
pub(crate) fn cut<'v>(scheme: &Scheme, value: &'v str) -> Option<&'v str> {
    value.trim_matches([' ', '\t']).strip_prefix(scheme.begins.as_str())
}

/// The groups of entries.
pub(crate) fn units<'v>(scheme: &Scheme, values: &'v [Cow<'v, str>]) -> Result<Vec<Unit<'v>>, Failure> {
    let mut units = Vec::new();
    for value in values.iter().filter_map(|value| cut(scheme, value)) {
        match scheme.groups {
            Some(groups) => units.extend(value.split(groups).map(|group| entries(scheme, group))),
            None => units.push(entries(scheme, value)),
        }
    }
    units.retain(|unit| !unit.entries.is_empty());
    if !own_fields_matter(scheme) {
        let entries = units.into_iter().flat_map(|unit| unit.entries).collect();
        units = alloc::vec![Unit { entries }];
    }
    let entries: usize = units.iter().map(|unit| unit.entries.len()).sum();
    match entries {
        0 => Err(Failure::MalformedSignature),
        _ if entries > MAX_ENTRIES || units.len() > MAX_UNITS => Err(Failure::TooManySignatures),
        _ => Ok(units),
    }
}

fn entries<'v>(scheme: &Scheme, value: &'v str) -> Unit<'v> {
    let entries = match scheme.split {
        // Who joins the lists of two headers puts a comma between them.
        Some(' ') => value.split(' ').map(|entry| entry.trim_matches(['\t', ',']).trim_start_matches(' ')).collect(),
        Some(split) => value.split(split).map(|entry| entry.trim_matches([' ', '\t'])).collect(),
        None => alloc::vec![value],
    };
    let mut unit = Unit { entries };
    unit.entries.retain(|entry| !entry.is_empty());
    unit
}

/// Whether what is signed depends on the signature's own value.
fn own_fields_matter(scheme: &Scheme) -> bool {
    let is_own = |part: &Part| match part {
        Part::Value(place) | Part::ValueOrEmpty(place) => place.is_of_signature(),
        _ => false,
    };
    scheme.timestamp.as_ref().is_some_and(|rule| rule.at.is_of_signature())
        || scheme.messages.iter().any(|message| message.0.iter().any(is_own))
        || scheme.hashes.iter().any(|hash| hash.at.is_of_signature() || hash.of.0.iter().any(is_own))
        || scheme.event_id.as_ref().is_some_and(Place::is_of_signature)
}
