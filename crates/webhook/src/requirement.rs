//! Checks the texts that a scheme requires of a delivery.

use alloc::string::ToString as _;

use crate::{failure::Failure, jws, lookup::Lookup, message, place::Place};

/// Checks that the delivery says that it is signed in the scheme's way, at the places of this kind.
pub(crate) fn check_signing(lookup: &Lookup<'_>, of: impl Fn(&Place) -> bool) -> Result<(), Failure> {
    let rules = lookup.scheme.requires.iter().filter(|rule| !rule.is_about_content() && of(&rule.at));
    for rule in rules {
        let text = lookup.text(&rule.at)?.filter(|text| !text.is_empty());
        let text = text.ok_or_else(|| Failure::missing(&rule.at))?;
        if let Some(is) = &rule.is
            && *text != message::fill(is, lookup, &[])?.concat()
        {
            return Err(Failure::MalformedSignature);
        }
    }
    Ok(())
}

/// Checks that a delivery that is known to be genuine is about what this source expects.
pub(crate) fn check_content(lookup: &Lookup<'_>) -> Result<(), Failure> {
    for rule in lookup.scheme.requires.iter().filter(|rule| rule.is_about_content()) {
        let is = rule.is.as_ref().map(|is| message::fill(is, lookup, &[])).transpose()?.map(|is| is.concat());
        let fits = |text: &[u8]| is.as_ref().map_or(!text.is_empty(), |is| text == is);
        let holds = match &rule.at {
            // A claim may be a list.
            Place::Claim(path) => jws::values(lookup, path)?.iter().any(|text| fits(text)),
            place => lookup.text(place)?.is_some_and(|text| fits(&text)),
        };
        if !holds {
            return Err(Failure::ClaimMismatch(rule.at.to_string()));
        }
    }
    Ok(())
}
