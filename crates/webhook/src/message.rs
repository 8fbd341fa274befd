//! Fills in a template: the result is the pieces of a message. The body is one of them, unchanged; it is never copied
//! and never read as characters.

use alloc::{borrow::Cow, format, string::ToString, vec::Vec};

use crate::{
    encoding,
    failure::Failure,
    form::{self, Pairs},
    json,
    lookup::Lookup,
    mac,
    place::{JsonPath, Place, Step},
    signature,
    template::{Part, Segment, Template},
    url::Url,
};

/// A message in pieces.
pub(crate) type Pieces<'a> = Vec<Cow<'a, [u8]>>;

/// Makes the pieces of a message. `secret` is the bytes of the key, for schemes that hash them.
pub(crate) fn fill<'a>(template: &'a Template, lookup: &Lookup<'a>, secret: &'a [u8]) -> Result<Pieces<'a>, Failure> {
    let mut pieces = Vec::with_capacity(template.0.len());
    let mut first_text = true;
    for (index, part) in template.0.iter().enumerate() {
        let piece = piece(part, lookup, secret)?;
        if let Part::Value(place) | Part::ValueOrEmpty(place) = part {
            let before = index.checked_sub(1).and_then(|index| template.0.get(index));
            let after = template.0.get(index + 1);
            check_ends(lookup, place, &piece, [before, after])?;
            check_line(place, &piece, after, first_text)?;
        }
        first_text &= matches!(part, Part::Literal(_));
        pieces.push(piece);
    }
    Ok(pieces)
}

/// The messages that can be made. One that can't be made doesn't matter if another one can.
pub(crate) fn all<'a>(lookup: &Lookup<'a>) -> Result<Vec<Pieces<'a>>, Failure> {
    let mut first = None;
    let mut made = Vec::new();
    for template in &lookup.scheme.messages {
        match fill(template, lookup, &[]) {
            Ok(pieces) => made.push(pieces),
            Err(failure) => first = first.or(Some(failure)),
        }
    }
    match first {
        Some(failure) if made.is_empty() => Err(failure),
        _ => Ok(made),
    }
}

/// The pieces, joined.
pub(crate) fn joined<'a>(pieces: &[Cow<'a, [u8]>]) -> Cow<'a, [u8]> {
    match pieces {
        [one] => one.clone(),
        pieces => Cow::Owned(pieces.concat()),
    }
}

/// Checks that a header or field doesn't contain the character that ends it in the message: `{id}.{timestamp}.{body}`
/// with a dot in the id has a second reading. A header or field directly beside another part, as in
/// `{header:time}{body}`, must at least not be part of a JSON document.
fn check_ends(lookup: &Lookup<'_>, place: &Place, text: &[u8], beside: [Option<&Part>; 2]) -> Result<(), Failure> {
    let applies = matches!(place, Place::Header(_) | Place::Field(_) | Place::Position(_));
    if !applies || lookup.is_parsed_time(place) {
        return Ok(());
    }
    let ends = match beside[1] {
        Some(Part::Literal(literal)) => literal.as_bytes().first().is_none_or(|end| !text.contains(end)),
        _ => true,
    };
    let joined = beside.iter().flatten().any(|part| !matches!(part, Part::Literal(_)));
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~+/=:".contains(byte);
    if ends && (!joined || text.iter().all(plain)) { Ok(()) } else { Err(Failure::MalformedField(place.to_string())) }
}

/// Checks that a JSON text that ends with its line has no line break in it. Only the first text of a message may have
/// several lines (SNS): the texts after it have one line each, so they can be told apart from the end.
fn check_line(place: &Place, text: &[u8], after: Option<&Part>, first: bool) -> Result<(), Failure> {
    let ends_line = matches!(after, Some(Part::Literal(literal)) if literal.starts_with('\n'));
    let applies = matches!(place, Place::Json(_)) && ends_line && !first;
    if applies && text.contains(&b'\n') { Err(Failure::MalformedField(place.to_string())) } else { Ok(()) }
}

fn piece<'a>(part: &'a Part, lookup: &Lookup<'a>, secret: &'a [u8]) -> Result<Cow<'a, [u8]>, Failure> {
    let delivery = lookup.delivery;
    let url = || Url::of(delivery.url);
    lookup.budget.spend(match part {
        Part::EscapedBody
        | Part::JsonEscapedBody
        | Part::UnpackedBody
        | Part::Crc32
        | Part::Sha256Hex
        | Part::SortedForm => delivery.body.len(),
        Part::SortedQueryAndForm => delivery.body.len().saturating_add(delivery.url.len()),
        Part::UrlWithPort
        | Part::UrlWithoutPort
        | Part::UrlUnescaped
        | Part::PathAndQuery
        | Part::EscapedPathAndQuery
        | Part::CanonicalQuery => delivery.url.len(),
        // Texts are counted where they are looked up; the other parts cost nothing.
        _ => 0,
    })?;
    let borrowed = |text: &'a str| Cow::Borrowed(text.as_bytes());
    Ok(match part {
        Part::Literal(text) => borrowed(text),
        Part::Body => Cow::Borrowed(delivery.body),
        Part::EscapedBody => Cow::Owned(escaped(delivery.body, slash_escaped)?),
        Part::JsonEscapedBody => Cow::Owned(escaped(delivery.body, json_escaped)?),
        Part::UnpackedBody => lookup.unpacked_body()?,
        Part::Crc32 => Cow::Owned(mac::crc32(delivery.body).to_string().into_bytes()),
        Part::Sha256Hex => Cow::Owned(encoding::to_hex(&mac::sha256(&[Cow::Borrowed(delivery.body)])).into_bytes()),
        Part::Timestamp => {
            let rule = lookup.scheme.timestamp.as_ref().ok_or(Failure::MissingTimestamp)?;
            lookup.text(&rule.at)?.ok_or(Failure::MissingTimestamp)?
        }
        Part::Secret => Cow::Borrowed(secret),
        Part::Method => borrowed(delivery.method),
        Part::Url => borrowed(delivery.url),
        Part::UrlWithPort => Cow::Owned(url().with_port().into_bytes()),
        Part::UrlWithoutPort => Cow::Owned(url().without_port().into_bytes()),
        Part::UrlUnescaped => Cow::Owned(url().unescaped()),
        Part::UrlWithoutQuery => borrowed(url().without_query()),
        Part::Path => borrowed(url().path()),
        Part::Query => borrowed(url().query()),
        Part::PathAndQuery => match url().path_and_query() {
            Cow::Borrowed(text) => borrowed(text),
            Cow::Owned(text) => Cow::Owned(text.into_bytes()),
        },
        Part::EscapedPathAndQuery => Cow::Owned(url().escaped_path_and_query().into_bytes()),
        Part::CanonicalQuery => {
            let malformed = || Failure::MalformedField("query".to_string());
            Cow::Owned(url().canonical_query().ok_or_else(malformed)?.into_bytes())
        }
        Part::SortedForm => Cow::Owned(sorted_form(lookup)?),
        Part::SortedQueryAndForm => Cow::Owned(sorted_query_and_form(lookup)?),
        Part::Param(name) => borrowed(lookup.options.param(name)?),
        Part::Value(place) => lookup.text(place)?.ok_or_else(|| Failure::missing(place))?,
        Part::ValueOrEmpty(place) => text_or_empty(lookup, place)?,
        Part::Optional(segment) => optional(lookup, segment)?,
        Part::SignedHeaders(name) => Cow::Owned(signed_headers(lookup, name)?),
        Part::HeaderLines(place) => Cow::Owned(header_lines(lookup, place)?),
        Part::Present(names) => Cow::Owned(present(lookup, names)?),
        // Only answers have a response, and they put it in themselves.
        Part::Response => Cow::Borrowed(&[]),
    })
}

fn text_or_empty<'a>(lookup: &Lookup<'a>, place: &Place) -> Result<Cow<'a, [u8]>, Failure> {
    match lookup.text(place)? {
        Some(text) => Ok(text),
        None if is_structure(lookup, place)? => Err(Failure::MalformedBody),
        None => Ok(Cow::Borrowed(&[])),
    }
}

/// The text with the fixed text around it, or nothing. A text with the character that ends it would have two readings.
fn optional<'a>(lookup: &Lookup<'a>, segment: &Segment) -> Result<Cow<'a, [u8]>, Failure> {
    let text = text_or_empty(lookup, &segment.place)?;
    if text.is_empty() {
        return Ok(text);
    }
    if segment.after.as_bytes().first().is_none_or(|end| text.contains(end)) {
        return Err(Failure::MalformedField(segment.place.to_string()));
    }
    let text = if segment.lower { Cow::Owned(text.to_ascii_lowercase()) } else { text };
    Ok(Cow::Owned([segment.before.as_bytes(), &text, segment.after.as_bytes()].concat()))
}

/// Whether there is a JSON object or list at a place. The sender didn't sign that as an empty text.
fn is_structure(lookup: &Lookup<'_>, place: &Place) -> Result<bool, Failure> {
    let Place::Json(path) = place else { return Ok(false) };
    lookup.budget.spend(json::reading(lookup.document))?;
    let value = json::find(lookup.document, &path.0, lookup.names).map_err(|_| Failure::MalformedBody)?;
    Ok(value.is_some_and(|value| matches!(value.first(), Some(b'{' | b'['))))
}

/// The way in which a character is written.
enum Written {
    AsItIs,
    As(&'static str),
    /// `\uXXXX` in lower case, in UTF-16.
    Code,
}

/// The way in which a character is written, given the characters before and after it.
type Escape = fn(Option<char>, char, Option<char>) -> Written;

/// Box's SDK for Node: `/` is `\/`, unless it is that already.
fn slash_escaped(before: Option<char>, char: char, _: Option<char>) -> Written {
    match char {
        '/' if before != Some('\\') => Written::As("\\/"),
        '\u{7f}'.. => Written::Code,
        _ => Written::AsItIs,
    }
}

/// Box's SDK for Python: a backslash is doubled, unless it escapes a `/`.
fn json_escaped(_: Option<char>, char: char, after: Option<char>) -> Written {
    match char {
        '\n' => Written::As("\\n"),
        '\r' => Written::As("\\r"),
        '\t' => Written::As("\\t"),
        '\\' if after != Some('/') => Written::As("\\\\"),
        ' '..='~' => Written::AsItIs,
        _ => Written::Code,
    }
}

/// Writes the characters of a body by `escape`.
fn escaped(body: &[u8], escape: Escape) -> Result<Vec<u8>, Failure> {
    let text = core::str::from_utf8(body).map_err(|_| Failure::MalformedBody)?;
    let mut escaped = Vec::with_capacity(text.len());
    let mut before = None;
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        match escape(before, char, chars.peek().copied()) {
            Written::AsItIs => escaped.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes()),
            Written::As(text) => escaped.extend_from_slice(text.as_bytes()),
            Written::Code => {
                for unit in char.encode_utf16(&mut [0; 2]) {
                    escaped.extend_from_slice(format!("\\u{unit:04x}").as_bytes());
                }
            }
        }
        before = Some(char);
    }
    Ok(escaped)
}

/// The names and values, sorted by name, and the distinct values of a name sorted by value.
fn sorted_form(lookup: &Lookup<'_>) -> Result<Vec<u8>, Failure> {
    let mut pairs = sorted_pairs(lookup)?;
    pairs.dedup();
    Ok(run_together(pairs))
}

/// The query as `?a=1&b=2`, and after it the names and values of the form with nothing between. A `.` stands between the
/// two, if there are both; without a query the form begins with the `?`.
fn sorted_query_and_form(lookup: &Lookup<'_>) -> Result<Vec<u8>, Failure> {
    let malformed = || Failure::MalformedField("query".to_string());
    let mut query = form::urlencoded(Url::of(lookup.delivery.url).query().as_bytes()).ok_or_else(malformed)?;
    query.sort();
    let query: Vec<Vec<u8>> = query.iter().map(|(name, value)| [name, b"=".as_slice(), value].concat()).collect();
    let query = query.join(&b'&');
    let form = run_together(sorted_pairs(lookup)?);
    let begins: &[u8] = if query.is_empty() && form.is_empty() { b"" } else { b"?" };
    let between: &[u8] = if query.is_empty() || form.is_empty() { b"" } else { b"." };
    Ok([begins, &query, between, &form].concat())
}

/// The fields of the form, sorted by name and value. The form must be urlencoded: a multipart form may contain files,
/// which this doesn't cover.
fn sorted_pairs<'a>(lookup: &Lookup<'a>) -> Result<Pairs<'a>, Failure> {
    if lookup.is_multipart()? {
        return Err(Failure::MalformedBody);
    }
    let mut pairs = lookup.form()?;
    pairs.sort();
    Ok(pairs)
}

/// The names and values with nothing between.
fn run_together(pairs: Pairs<'_>) -> Vec<u8> {
    pairs.into_iter().flat_map(|(name, value)| [name, value]).collect::<Vec<_>>().concat()
}

/// The headers that a header lists: names in lower case, `:`, values, with `;` between them.
fn signed_headers(lookup: &Lookup<'_>, list: &str) -> Result<Vec<u8>, Failure> {
    let names = [list.to_string()];
    let list = lookup.header(&names)?.ok_or_else(|| Failure::MissingHeader(list.to_string()))?;
    let line = |(name, value): (&str, &str)| [name.to_ascii_lowercase().as_bytes(), b":", value.as_bytes()].concat();
    let lines: Vec<Vec<u8>> = listed(lookup, list)?.into_iter().map(line).collect();
    Ok(lines.join(&b';'))
}

/// The headers that the text at a place lists, with their names as they are written there, a line each.
fn header_lines(lookup: &Lookup<'_>, place: &Place) -> Result<Vec<u8>, Failure> {
    let list = lookup.characters(place)?.unwrap_or_default();
    let mut lines = Vec::new();
    for (name, value) in listed(lookup, &list)? {
        if value.contains('\n') {
            return Err(Failure::MalformedField(format!("header:{name}")));
        }
        lines.extend_from_slice(&[name.as_bytes(), b": ", value.as_bytes(), b"\n"].concat());
    }
    Ok(lines)
}

/// The names of a list with their values. All of these headers must exist. If the timestamp is in a header, that one must
/// be listed: otherwise a stranger could replace it.
fn listed<'l>(lookup: &Lookup<'l>, list: &'l str) -> Result<Vec<(&'l str, &'l str)>, Failure> {
    let mut headers = Vec::new();
    let mut timestamp_is_signed = false;
    for name in list.split(',').filter(|_| !list.is_empty()).map(|name| name.trim_matches([' ', '\t'])) {
        let names = [name.to_ascii_lowercase()];
        let value = lookup.header(&names)?.ok_or_else(|| Failure::missing(&Place::Header(names.to_vec())))?;
        let [lower] = names;
        timestamp_is_signed |= lookup.scheme.timestamp.as_ref().is_some_and(|rule| match &rule.at {
            Place::Header(headers) => headers.contains(&lower),
            _ => false,
        });
        headers.push((name, value));
        if headers.len() > signature::MAX_ENTRIES {
            return Err(Failure::TooManySignatures);
        }
    }
    let needed = lookup.scheme.timestamp.as_ref().filter(|rule| rule.enforce && matches!(rule.at, Place::Header(_)));
    match needed {
        Some(rule) if !timestamp_is_signed => Err(Failure::missing(&rule.at)),
        _ => Ok(headers),
    }
}

/// The names and values of the members that exist, one line each.
fn present(lookup: &Lookup<'_>, names: &[alloc::string::String]) -> Result<Vec<u8>, Failure> {
    let mut lines = Vec::new();
    for name in names {
        let place = Place::Json(JsonPath(alloc::vec![Step::Member(name.clone())]));
        if let Some(text) = lookup.text(&place)? {
            if text.contains(&b'\n') {
                return Err(Failure::MalformedField(place.to_string()));
            }
            lines.extend_from_slice(&[name.as_bytes(), b"\n", &text, b"\n"].concat());
        } else if is_structure(lookup, &place)? {
            return Err(Failure::MalformedBody);
        }
    }
    Ok(lines)
}
