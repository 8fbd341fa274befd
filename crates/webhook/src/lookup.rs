//! Looks up texts in a delivery.

use alloc::{borrow::Cow, string::String, vec::Vec};

use crate::{
    algorithm::{Encoding, TimeUnit},
    budget::Budget,
    delivery::Delivery,
    encoding,
    failure::Failure,
    form::{self, Pairs},
    json,
    name::{Name, Names},
    options::Options,
    place::{NUMBERED_HEADERS, Place, Step},
    scheme::Scheme,
    signature::{self, EntryGroup},
    url::Url,
};

/// The cost of looking at a header, in bytes.
const HEADER_COST: usize = 16;

/// The maximum length of an event's id or type, bytes.
const MAX_SHORT_TEXT: usize = 512;

/// The delivery in which texts are looked up, and the parts of it that are known so far.
#[derive(Clone, Copy)]
pub(crate) struct Lookup<'a> {
    pub(crate) scheme: &'a Scheme,
    pub(crate) delivery: &'a Delivery<'a>,
    pub(crate) options: &'a Options<'a>,
    /// Whether a name may occur again in another case.
    pub(crate) names: Names,
    /// The JSON document, or the present item of it.
    pub(crate) document: &'a [u8],
    /// The claims of the JWT.
    pub(crate) claims: Option<&'a [u8]>,
    /// The signature's head, as JSON.
    pub(crate) head: Option<&'a [u8]>,
    /// The entries of the signature's own group.
    pub(crate) group: Option<&'a EntryGroup<'a>>,
    /// The budget for the bytes that are read.
    pub(crate) budget: &'a Budget,
}

impl<'a> Lookup<'a> {
    /// A lookup in the whole delivery, of which no part is known yet.
    pub(crate) fn whole(
        scheme: &'a Scheme,
        delivery: &'a Delivery<'a>,
        options: &'a Options<'a>,
        budget: &'a Budget,
    ) -> Self {
        let names = if scheme.body_authenticated() { Names::Exact } else { Names::InOneCase };
        let (document, claims, head, group) = (delivery.body, None, None, None);
        Self { scheme, delivery, options, names, document, claims, head, group, budget }
    }

    /// The text at a place; `None` if the text is missing, or if the header is empty.
    pub(crate) fn text(&self, place: &Place) -> Result<Option<Cow<'a, [u8]>>, Failure> {
        self.budget.spend(match place {
            Place::Json(_) => json::reading(self.document),
            Place::Claim(_) => json::reading(self.claims.unwrap_or_default()),
            Place::Head(_) => json::reading(self.head.unwrap_or_default()),
            Place::Form(_) => self.delivery.body.len(),
            Place::Query(_) => self.delivery.url.len(),
            // Headers are counted where they are looked up; reading the other places costs nothing.
            Place::Header(_) | Place::NumberedHeader(_) | Place::Field(_) | Place::Position(_) | Place::Body => 0,
        })?;
        match place {
            Place::Header(names) => Ok(self.header(names)?.map(|value| Cow::Borrowed(value.as_bytes()))),
            Place::NumberedHeader(_) => Ok(None),
            Place::Json(path) => found(self.document, &path.0, self.names).map_err(|_| Failure::MalformedBody),
            Place::Claim(path) => {
                let claims = self.claims.unwrap_or_default();
                found(claims, &path.0, Names::Exact)
                    .map_err(|_| Failure::MalformedToken("its claims are no JSON object"))
            }
            Place::Head(path) => found(self.head.unwrap_or_default(), &path.0, Names::Exact)
                .map_err(|_| Failure::MalformedToken("its head is no JSON object")),
            Place::Form(name) => single(self.form()?, name, self.names).map_err(|()| Failure::MalformedBody),
            Place::Query(name) => {
                let query = Url::of(self.delivery.url).query();
                let pairs = form::urlencoded(query.as_bytes()).ok_or(Failure::MalformedBody)?;
                single(pairs, name, self.names).map_err(|()| Failure::MalformedField(alloc::format!("query:{name}")))
            }
            Place::Field(name) => match self.group {
                Some(group) => Ok(group.field(name)?.map(|value| Cow::Borrowed(value.as_bytes()))),
                None => Ok(None),
            },
            Place::Position(position) => Ok(self
                .group
                .and_then(|group| group.entries.get(*position))
                .map(|entry| Cow::Borrowed(entry.as_bytes()))),
            Place::Body => Ok(Some(Cow::Borrowed(self.delivery.body))),
        }
    }

    /// The text at a place, as characters.
    pub(crate) fn characters(&self, place: &Place) -> Result<Option<Cow<'a, str>>, Failure> {
        self.text(place)?.map(|text| utf8(text).ok_or_else(|| Failure::missing(place))).transpose()
    }

    /// The text at a place, if there is one that is short enough for an event's id or type.
    pub(crate) fn short_text(&self, place: Option<&Place>) -> Option<String> {
        let text = self.characters(place?).ok().flatten()?;
        (!text.is_empty() && text.len() <= MAX_SHORT_TEXT).then(|| text.into_owned())
    }

    /// The name of the key that signed, if the scheme says where it stands.
    pub(crate) fn kid(&self) -> Result<Option<Cow<'a, str>>, Failure> {
        self.scheme.kid.as_ref().map_or(Ok(None), |place| self.characters(place))
    }

    /// The JSON object at the axis `head`; `None` without that axis.
    pub(crate) fn signature_head(&self) -> Result<Option<Vec<u8>>, Failure> {
        let Some(place) = &self.scheme.head else { return Ok(None) };
        let text = self.characters(place)?.ok_or_else(|| Failure::missing(place))?;
        let head = encoding::decode(Encoding::Base64, &text).filter(|head| head.starts_with(b"{"));
        head.map(Some).ok_or(Failure::MalformedSignature)
    }

    /// The JSON document from which `json:` reads.
    pub(crate) fn document(&self) -> Result<Cow<'a, [u8]>, Failure> {
        match &self.scheme.document {
            Some(place) => self.text(place)?.ok_or_else(|| Failure::missing(place)),
            None if self.scheme.unpacks() => self.unpacked_body(),
            None => Ok(Cow::Borrowed(self.delivery.body)),
        }
    }

    /// The body as it was before its sender compressed it. A platform that has unpacked it leaves the header, so the
    /// first bytes decide.
    pub(crate) fn unpacked_body(&self) -> Result<Cow<'a, [u8]>, Failure> {
        let body = self.delivery.body;
        let coding = self.header(&["content-encoding".into()])?.unwrap_or_default();
        if !["gzip", "x-gzip"].iter().any(|name| coding.eq_ignore_ascii_case(name)) || !body.starts_with(&[0x1f, 0x8b])
        {
            return Ok(Cow::Borrowed(body));
        }
        #[cfg(feature = "gzip")]
        {
            use crate::inflate::{Inflated, inflated};
            match inflated(body, self.options.body_limit) {
                Inflated::Bytes(bytes) => {
                    self.budget.spend(bytes.len())?;
                    Ok(Cow::Owned(bytes))
                }
                Inflated::TooLong => Err(Failure::BodyTooLarge),
                Inflated::Malformed => Err(Failure::MalformedBody),
            }
        }
        #[cfg(not(feature = "gzip"))]
        Err(Failure::Configuration("The body is compressed, and this receiver can't unpack it.".into()))
    }

    /// The only value of the first of these headers that exists.
    pub(crate) fn header(&self, names: &[String]) -> Result<Option<&'a str>, Failure> {
        self.budget.spend(names.len().saturating_mul(self.delivery.headers.len()).saturating_mul(HEADER_COST))?;
        let values = self.header_values(names);
        match values.as_slice() {
            [] => Ok(None),
            [one] => Ok(Some(*one)),
            _ => Err(Failure::AmbiguousHeader(names.first().cloned().unwrap_or_default())),
        }
    }

    /// The distinct values of the first of these headers that exists.
    pub(crate) fn header_values(&self, names: &[String]) -> Vec<&'a str> {
        let mut values: Vec<&'a str> = Vec::new();
        for name in names {
            for (_, value) in self.delivery.headers.iter().filter(|(other, _)| other.eq_ignore_ascii_case(name)) {
                let value = value.trim_matches([' ', '\t']);
                // No sender repeats a header more often than this.
                if !value.is_empty() && values.len() <= NUMBERED_HEADERS && !values.contains(&value) {
                    values.push(value);
                }
            }
            if !values.is_empty() {
                break;
            }
        }
        values
    }

    /// The values of the numbered headers, in which each number occurs once.
    pub(crate) fn numbered_headers(&self, name: &str) -> Vec<&'a str> {
        let number = |header: &str| {
            let (head, number) = header.split_at_checked(name.len())?;
            let canonical = !number.starts_with('0') && number.bytes().all(|b| b.is_ascii_digit());
            let number = head.eq_ignore_ascii_case(name).then(|| number.parse::<usize>().ok()).flatten()?;
            (canonical && (1..=NUMBERED_HEADERS).contains(&number)).then_some(number)
        };
        let mut found: Vec<(usize, &'a str)> = self
            .delivery
            .headers
            .iter()
            .filter_map(|(header, value)| Some((number(header)?, value.trim_matches([' ', '\t']))))
            .collect();
        found.sort_unstable();
        found.dedup();
        found.into_iter().map(|(_, value)| value).collect()
    }

    /// The values that may contain signatures, unchanged.
    pub(crate) fn signature_values(&self) -> Result<Vec<Cow<'a, str>>, Failure> {
        let scheme = self.scheme;
        let mut values: Vec<Cow<'a, str>> = Vec::new();
        for place in &scheme.signature {
            match place {
                Place::Header(names) if scheme.split.is_some() => {
                    values.extend(self.header_values(names).into_iter().map(Cow::Borrowed));
                }
                Place::NumberedHeader(name) => {
                    values.extend(self.numbered_headers(name).into_iter().map(Cow::Borrowed));
                }
                place => {
                    let text = self.text(place)?;
                    values.extend(text.map(|text| utf8(text).ok_or(Failure::MalformedSignature)).transpose()?);
                }
            }
        }
        match scheme.signature.first() {
            Some(place) if values.is_empty() => Err(Failure::missing(place)),
            _ if values.len() > signature::MAX_ENTRIES
                || values.iter().map(|value| value.len()).sum::<usize>() > signature::MAX_LEN =>
            {
                Err(Failure::TooManySignatures)
            }
            _ => Ok(values),
        }
    }

    fn content_type(&self) -> Result<&'a str, Failure> {
        Ok(self.header(&["content-type".into()])?.unwrap_or_default())
    }

    /// Whether the body is declared as multipart.
    pub(crate) fn is_multipart(&self) -> Result<bool, Failure> {
        let start = self.content_type()?.get(..10);
        Ok(start.is_some_and(|start| start.eq_ignore_ascii_case("multipart/")))
    }

    /// The form in the body.
    pub(crate) fn form(&self) -> Result<Pairs<'a>, Failure> {
        let pairs = if self.is_multipart()? {
            form::multipart(self.content_type()?, self.delivery.body)
        } else {
            form::urlencoded(self.delivery.body)
        };
        pairs.ok_or(Failure::MalformedBody)
    }

    /// Whether the time at this place is in a format that is parsed before the time becomes part of a message.
    pub(crate) fn is_parsed_time(&self, place: &Place) -> bool {
        self.scheme
            .timestamp
            .as_ref()
            .is_some_and(|rule| rule.at == *place && matches!(rule.unit, TimeUnit::Rfc3339 | TimeUnit::HttpDate))
    }
}

fn found<'a>(document: &'a [u8], path: &[Step], names: Names) -> Result<Option<Cow<'a, [u8]>>, json::Malformed> {
    match json::find(document, path, names)? {
        Some(value) => json::text(value),
        None => Ok(None),
    }
}

/// The only value of a name.
fn single<'a>(pairs: Pairs<'a>, name: &str, names: Names) -> Result<Option<Cow<'a, [u8]>>, ()> {
    let mut found = None;
    for (other, value) in pairs {
        match names.compare(&other, name) {
            Name::Same if found.is_none() => found = Some(value),
            Name::Other => {}
            Name::Same | Name::Ambiguous => return Err(()),
        }
    }
    Ok(found)
}

pub(crate) fn utf8(text: Cow<'_, [u8]>) -> Option<Cow<'_, str>> {
    match text {
        Cow::Borrowed(text) => core::str::from_utf8(text).ok().map(Cow::Borrowed),
        Cow::Owned(text) => String::from_utf8(text).ok().map(Cow::Owned),
    }
}
