//! The value that holds signatures: its groups, their entries, and the bytes that the entries encode.

use alloc::{borrow::Cow, vec::Vec};

use crate::{
    encoding,
    failure::Failure,
    place::Place,
    scheme::{Scheme, SigningMethod},
    template::Part,
};

/// The maximum number of entries in a list.
pub(crate) const MAX_ENTRIES: usize = 100;
/// The maximum number of groups, each of which may mean another pass over the body.
pub(crate) const MAX_GROUPS: usize = 8;
/// The maximum length of all values together, characters.
pub(crate) const MAX_LEN: usize = 128 * 1024;

/// One group of a signature's value: the entries that belong together.
#[derive(Clone, Debug, Default)]
pub(crate) struct EntryGroup<'a> {
    pub(crate) entries: Vec<&'a str>,
}

impl<'a> EntryGroup<'a> {
    /// The text after `KEY=`. A key that occurs twice is refused, since it isn't known which of the two was signed.
    pub(crate) fn field(&self, key: &str) -> Result<Option<&'a str>, Failure> {
        let value = |entry: &&'a str| entry.strip_prefix(key)?.strip_prefix('=').map(|value| value.trim_matches(' '));
        let mut values = self.entries.iter().filter_map(value);
        match (values.next(), values.next()) {
            (_, Some(_)) => Err(Failure::MalformedSignature),
            (value, None) => Ok(value),
        }
    }

    /// The signatures that a method may have made. Other entries are skipped, so that they can't spoil a good one.
    pub(crate) fn candidates(&self, scheme: &Scheme, method: &SigningMethod) -> Vec<Vec<u8>> {
        let candidate = |entry: &&str| {
            let mut text = entry.strip_prefix(method.prefix.as_str())?;
            if let Some(after) = scheme.after {
                text = text.rsplit_once(after)?.1;
            }
            let bytes = encoding::decode(method.encoding, text)?;
            let fits = method.algorithm.signature_len().is_none_or(|len| bytes.len() == len) && !bytes.is_empty();
            fits.then_some(bytes)
        };
        self.entries.iter().filter_map(candidate).collect()
    }
}

/// The value without the beginning that the scheme demands.
pub(crate) fn cut<'v>(scheme: &Scheme, value: &'v str) -> Option<&'v str> {
    value.trim_matches([' ', '\t']).strip_prefix(scheme.begins.as_str())
}

/// The groups of entries in the values.
pub(crate) fn groups<'v>(scheme: &Scheme, values: &'v [Cow<'v, str>]) -> Result<Vec<EntryGroup<'v>>, Failure> {
    let mut groups = Vec::new();
    for value in values.iter().filter_map(|value| cut(scheme, value)) {
        match scheme.groups {
            Some(separator) => groups.extend(value.split(separator).map(|group| entries(scheme, group))),
            None => groups.push(entries(scheme, value)),
        }
    }
    groups.retain(|group| !group.entries.is_empty());
    if !own_fields_matter(scheme) {
        let entries = groups.into_iter().flat_map(|group| group.entries).collect();
        groups = alloc::vec![EntryGroup { entries }];
    }
    let entries: usize = groups.iter().map(|group| group.entries.len()).sum();
    match entries {
        0 => Err(Failure::MalformedSignature),
        _ if entries > MAX_ENTRIES || groups.len() > MAX_GROUPS => Err(Failure::TooManySignatures),
        _ => Ok(groups),
    }
}

fn entries<'v>(scheme: &Scheme, value: &'v str) -> EntryGroup<'v> {
    let entries = match scheme.split {
        // Servers that join two headers put a comma between their lists.
        Some(' ') => value.split(' ').map(|entry| entry.trim_matches(['\t', ',']).trim_start_matches(' ')).collect(),
        Some(split) => value.split(split).map(|entry| entry.trim_matches([' ', '\t'])).collect(),
        None => alloc::vec![value],
    };
    let mut group = EntryGroup { entries };
    group.entries.retain(|entry| !entry.is_empty());
    group
}

/// Whether the signed message depends on other fields of the signature's own value.
fn own_fields_matter(scheme: &Scheme) -> bool {
    let is_own = |part: &Part| part.place().is_some_and(Place::is_of_signature);
    scheme.timestamp.as_ref().is_some_and(|rule| rule.at.is_of_signature())
        || scheme.messages.iter().any(|message| message.0.iter().any(is_own))
        || scheme.hashes.iter().any(|hash| hash.at.is_of_signature() || hash.of.0.iter().any(is_own))
        || scheme.event_id.as_ref().is_some_and(Place::is_of_signature)
}
