//! Query strings, as pairs for `keystile_core::api::listing` to read.

use keystile_core::api::listing;
use worker::Request;

use crate::failure::Failure;

/// The pairs of the query, decoded.
pub(super) fn pairs(request: &Request) -> Result<Vec<(String, String)>, Failure> {
    let url = request.url()?;
    Ok(url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect())
}

/// Checks that there are no query parameters.
pub(crate) fn none(request: &Request) -> Result<(), Failure> {
    Ok(listing::parse_no_query(pairs(request)?)?)
}
