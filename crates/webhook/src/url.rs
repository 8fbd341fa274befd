//! URLs taken apart unchanged, and the forms in which some senders write them.

use alloc::{
    borrow::Cow,
    format,
    string::{String, ToString as _},
    vec::Vec,
};

use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, percent_encode, utf8_percent_encode};

use crate::form::urlencoded;

/// All characters except the unreserved ones of RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// The characters that JavaScript's `encodeURIComponent` escapes.
const COMPONENT: &AsciiSet = &RESERVED.remove(b'!').remove(b'*').remove(b'\'').remove(b'(').remove(b')');
/// The characters that JavaScript's `encodeURI` escapes.
const URI: &AsciiSet = &COMPONENT
    .remove(b';')
    .remove(b',')
    .remove(b'/')
    .remove(b'?')
    .remove(b':')
    .remove(b'@')
    .remove(b'&')
    .remove(b'=')
    .remove(b'+')
    .remove(b'$')
    .remove(b'#');

/// The escapes that HubSpot takes back, and the characters that they stand for.
const UNESCAPED: [(&[u8; 2], u8); 12] = [
    (b"3A", b':'),
    (b"2F", b'/'),
    (b"3F", b'?'),
    (b"40", b'@'),
    (b"21", b'!'),
    (b"24", b'$'),
    (b"27", b'\''),
    (b"28", b'('),
    (b"29", b')'),
    (b"2A", b'*'),
    (b"2C", b','),
    (b"3B", b';'),
];

/// The characters that the URL Standard escapes in a path, and in the query of a web page's URL.
const PATH: &AsciiSet =
    &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'<').add(b'>').add(b'?').add(b'^').add(b'`').add(b'{').add(b'}');
const QUERY: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'<').add(b'>').add(b'\'');

/// A URL in its parts, unchanged.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Url<'a> {
    whole: &'a str,
    scheme: &'a str,
    authority: &'a str,
    /// Everything from the path on.
    rest: &'a str,
}

impl<'a> Url<'a> {
    pub(crate) fn of(text: &'a str) -> Self {
        let whole = text.split('#').next().unwrap_or_default();
        let (scheme, after) = whole.split_once("://").unwrap_or(("", whole));
        let after = if scheme.is_empty() { "" } else { after };
        let end = after.find(['/', '?']).unwrap_or(after.len());
        let (authority, rest) = after.split_at_checked(end).unwrap_or_default();
        let rest = if scheme.is_empty() { whole } else { rest };
        Self { whole, scheme, authority, rest }
    }

    #[cfg(feature = "explain")]
    pub(crate) const fn scheme(&self) -> &'a str {
        self.scheme
    }

    #[cfg(feature = "explain")]
    pub(crate) const fn authority(&self) -> &'a str {
        self.authority
    }

    /// The path as it is written, which may be empty.
    #[cfg(feature = "explain")]
    pub(crate) fn written_path(&self) -> &'a str {
        self.rest.split('?').next().unwrap_or_default()
    }

    pub(crate) fn path(&self) -> &'a str {
        let path = self.rest.split('?').next().unwrap_or_default();
        if path.is_empty() { "/" } else { path }
    }

    pub(crate) fn query(&self) -> &'a str {
        self.rest.split_once('?').map_or("", |(_, query)| query)
    }

    pub(crate) fn path_and_query(&self) -> Cow<'a, str> {
        match self.rest {
            rest if rest.starts_with('/') => Cow::Borrowed(rest),
            rest => Cow::Owned(format!("/{rest}")),
        }
    }

    /// The form of Contentful: the query is percent-encoded as one text, including its delimiters, and then everything
    /// is encoded by JavaScript's `encodeURI`.
    pub(crate) fn escaped_path_and_query(&self) -> String {
        let whole = self.path_and_query();
        let (path, query) = whole.split_once('?').unwrap_or((&whole, ""));
        let query = query.split('?').next().unwrap_or_default();
        let text: Cow<'_, str> = if query.is_empty() {
            path.into()
        } else {
            format!("{path}?{}", utf8_percent_encode(query, COMPONENT)).into()
        };
        utf8_percent_encode(&text, URI).to_string()
    }

    pub(crate) fn without_query(&self) -> &'a str {
        self.whole.split('?').next().unwrap_or_default()
    }

    /// The URL without the percent escapes that HubSpot takes back before it signs; no other is taken back.
    pub(crate) fn unescaped(&self) -> Vec<u8> {
        let mut text = Vec::with_capacity(self.whole.len());
        let mut rest = self.whole.as_bytes();
        while let Some((byte, after)) = rest.split_first() {
            let digits = after.first_chunk::<2>().filter(|_| *byte == b'%');
            let known =
                digits.and_then(|digits| UNESCAPED.iter().find(|(escape, _)| escape.eq_ignore_ascii_case(digits)));
            text.push(known.map_or(*byte, |(_, char)| *char));
            rest = if known.is_some() { after.get(2..).unwrap_or_default() } else { after };
        }
        text
    }

    /// The port with its colon, if the URL states one.
    fn port(&self) -> &'a str {
        let at = self.authority.rfind(':').filter(|at| {
            self.authority
                .get(at + 1..)
                .is_some_and(|port| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()))
        });
        at.and_then(|at| self.authority.get(at..)).unwrap_or_default()
    }

    pub(crate) fn without_port(&self) -> String {
        let host = self.authority.strip_suffix(self.port()).unwrap_or(self.authority);
        format!("{}://{host}{}", self.scheme, self.escaped_rest())
    }

    /// Everything from the path on, escaped as the URL Standard does it: what is escaped already stays as it is.
    fn escaped_rest(&self) -> String {
        let (path, query) = self.rest.split_once('?').map_or((self.rest, None), |(path, query)| (path, Some(query)));
        let mut text: String = utf8_percent_encode(path, PATH).collect();
        if let Some(query) = query {
            text.push('?');
            text.extend(utf8_percent_encode(query, QUERY));
        }
        text
    }

    pub(crate) fn with_port(&self) -> String {
        let port = match (self.port(), self.scheme) {
            ("", "https") => ":443",
            ("", "http") => ":80",
            (port, _) => port,
        };
        let host = self.authority.strip_suffix(self.port()).unwrap_or(self.authority);
        format!("{}://{host}{port}{}", self.scheme, self.escaped_rest())
    }

    /// The form of Atlassian's `qsh`: names and values are percent-encoded and sorted, the values of a name are joined
    /// by commas, and `jwt` is left out.
    pub(crate) fn canonical_query(&self) -> Option<String> {
        let mut pairs: Vec<(String, String)> = urlencoded(self.query().as_bytes())?
            .iter()
            .map(|(name, value)| (encoded(name), encoded(value)))
            .filter(|(name, _)| name != "jwt")
            .collect();
        pairs.sort();
        let mut text = String::new();
        let mut last: Option<&str> = None;
        for (name, value) in &pairs {
            if last == Some(name) {
                text.push(',');
            } else {
                if last.is_some() {
                    text.push('&');
                }
                text.push_str(name);
                text.push('=');
            }
            text.push_str(value);
            last = Some(name);
        }
        Some(text)
    }
}

fn encoded(text: &[u8]) -> String {
    percent_encode(text, RESERVED).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn urls_come_apart_as_they_stand() {
        let url = Url::of("https://u:p@example.com:8443/a%20b'/?x=1&y='#z");
        assert_eq!((url.path(), url.query()), ("/a%20b'/", "x=1&y='"));
        assert_eq!(url.with_port(), "https://u:p@example.com:8443/a%20b'/?x=1&y=%27");
        assert_eq!(url.without_port(), "https://u:p@example.com/a%20b'/?x=1&y=%27");
        assert_eq!(Url::of("http://h/ü {}?\"é <{}").without_port(), "http://h/%C3%BC%20%7B%7D?%22%C3%A9%20%3C{}");
        assert_eq!(url.without_query(), "https://u:p@example.com:8443/a%20b'/");
        assert_eq!(Url::of("https://[::1]?a").with_port(), "https://[::1]:443?a");
        assert_eq!(Url::of("https://[::1]:443/").without_port(), "https://[::1]/");
        assert_eq!(Url::of("http://h").path_and_query(), "/");
        assert_eq!(Url::of("http://h?a=1").path_and_query(), "/?a=1");
        assert_eq!(Url::of("/only/path?q").path_and_query(), "/only/path?q");
    }

    #[test]
    fn hubspots_escapes_are_taken_back_and_no_others() {
        let url = Url::of("https://h/a%2Fb?x=%3a%25%41%2%&y=%2C%253A");
        assert_eq!(url.unescaped(), b"https://h/a/b?x=:%25%41%2%&y=,%253A");
    }

    #[test]
    fn a_query_is_canonical_as_atlassian_has_it() {
        assert_eq!(Url::of("https://h/test?param=value").canonical_query().unwrap(), "param=value");
        let url = Url::of("https://h/?b=2&a=x+y&a=%41&jwt=secret&c");
        assert_eq!(url.canonical_query().unwrap(), "a=A,x%20y&b=2&c=");
    }

    #[test]
    fn a_query_is_escaped_twice_as_contentful_has_it() {
        let url = Url::of("https://h/a b/ü?x=1&y='(ä)'?z");
        assert_eq!(url.escaped_path_and_query(), "/a%20b/%C3%BC?x%253D1%2526y%253D'(%25C3%25A4)'");
    }
}
