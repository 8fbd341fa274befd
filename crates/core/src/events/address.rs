//! The addresses that events may be sent to: public hosts by HTTPS.
//!
//! An address is taken only in the form that every parser of URLs reads in the same way. Whatever a parser could rewrite
//! into another host is refused: letters beyond ASCII, percent-encoded hosts, backslashes, numbers of IPv4 in any
//! spelling but four decimal ones. So the host that is judged is the host that is called.
//!
//! A name can still stand for an address that isn't public. Nothing here can know that (`docs/design/threat-model.md`).

use alloc::{
    format,
    string::{String, ToString},
};
use core::{
    error::Error,
    fmt,
    net::{Ipv4Addr, Ipv6Addr},
};

use crate::config::AddressRules;

/// The maximum length of an address, bytes.
pub const MAX_URL_BYTES: usize = 2_048;

/// The address of an endpoint, normalised: `https://host/path`, with a port if it isn't 443.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointUrl(String);

impl EndpointUrl {
    /// Parses an address.
    ///
    /// # Errors
    /// [`AddressError`] says what to change.
    pub fn parse(text: &str, rules: &AddressRules) -> Result<Self, AddressError> {
        if text.len() > MAX_URL_BYTES {
            return Err(AddressError::TooLong);
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\') {
            return Err(AddressError::Character);
        }
        if text.contains('#') {
            return Err(AddressError::Fragment);
        }
        let (scheme, rest) = text.split_once("://").ok_or(AddressError::Scheme)?;
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, target) = rest.split_at_checked(end).unwrap_or((rest, ""));
        if authority.contains('@') {
            return Err(AddressError::UserInfo);
        }
        let authority = authority.to_ascii_lowercase();
        let (host, port) = split_port(&authority)?;
        let scheme = scheme.to_ascii_lowercase();
        match scheme.as_str() {
            "http" if matches!(host, "127.0.0.1" | "localhost") => {
                if !rules.allow_loopback {
                    return Err(AddressError::Loopback);
                }
            }
            "https" => judge(host, port, rules)?,
            _ => return Err(AddressError::Scheme),
        }
        let port = port.filter(|port| (scheme.as_str(), *port) != ("https", 443));
        let port = port.map(|port| format!(":{port}")).unwrap_or_default();
        let slash = if target.starts_with('/') { "" } else { "/" };
        Ok(Self(format!("{scheme}://{host}{port}{slash}{target}")))
    }

    /// The normalised text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The reason why an address is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum AddressError {
    Character,
    Fragment,
    Host,
    Loopback,
    NotPublic,
    OwnHost,
    Port,
    Scheme,
    TooLong,
    UserInfo,
}

impl fmt::Display for AddressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::Character => {
                "write it in ASCII without spaces and backslashes: a host beyond ASCII as `xn--…`, other characters \
                 percent-encoded"
            }
            Self::Fragment => "leave out the `#` and everything after it: no server receives it",
            Self::Host => {
                "the host must be a name of letters, digits and hyphens with a dot in it, or an address such as \
                 192.0.2.1 or [2001:db8::1]"
            }
            Self::Loopback => {
                "on this machine only with `allow_loopback = true` in the table `[events]` of keystile.toml, which a deploy \
                 refuses; elsewhere it begins with `https://`"
            }
            Self::NotPublic => "the host must be public; names and addresses of private networks are refused",
            Self::OwnHost => "events can't be sent to the deployment's own host",
            Self::Port => "the port must be 443, or 1024 to 65535",
            Self::Scheme => "it must begin with `https://`",
            Self::TooLong => return write!(f, "it must have {MAX_URL_BYTES} bytes at most"),
            Self::UserInfo => "leave out the user name and password before the `@`: check the signature instead",
        };
        f.write_str(text)
    }
}

impl Error for AddressError {}

/// The endings of names that aren't public: reserved ones (RFC 2606, 6761, 6762, 7686, 8375), and those of private
/// networks.
const PRIVATE_ENDINGS: [&str; 14] = [
    "alt",
    "arpa",
    "corp",
    "example",
    "home",
    "internal",
    "intranet",
    "invalid",
    "lan",
    "local",
    "localhost",
    "onion",
    "private",
    "test",
];

/// The ranges of IPv4 that aren't public: address and length of the prefix (IANA's special-purpose registry).
const PRIVATE_V4: [([u8; 4], u32); 16] = [
    ([0, 0, 0, 0], 8),
    ([10, 0, 0, 0], 8),
    ([100, 64, 0, 0], 10),
    ([127, 0, 0, 0], 8),
    ([169, 254, 0, 0], 16),
    ([172, 16, 0, 0], 12),
    ([192, 0, 0, 0], 24),
    ([192, 0, 2, 0], 24),
    ([192, 88, 99, 0], 24),
    ([192, 168, 0, 0], 16),
    ([198, 18, 0, 0], 15),
    ([198, 51, 100, 0], 24),
    ([203, 0, 113, 0], 24),
    ([224, 0, 0, 0], 4),
    ([240, 0, 0, 0], 4),
    ([255, 255, 255, 255], 32),
];

/// The ranges of IPv6 within the public 2000::/3 that aren't: those of protocols with Teredo's, documentation, and 6to4.
/// IPv4-mapped addresses and those of NAT64 are outside of 2000::/3.
const PRIVATE_V6: [([u16; 2], u32); 4] =
    [([0x2001, 0], 23), ([0x2001, 0x0db8], 32), ([0x2002, 0], 16), ([0x3fff, 0], 20)];

fn judge(host: &str, port: Option<u16>, rules: &AddressRules) -> Result<(), AddressError> {
    if !port.is_none_or(|port| port == 443 || port >= 1_024) {
        return Err(AddressError::Port);
    }
    if let Some(literal) = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        let address: Ipv6Addr = literal.parse().map_err(|_| AddressError::Host)?;
        return if is_public_v6(address) { Ok(()) } else { Err(AddressError::NotPublic) };
    }
    let last = host.rsplit('.').next().unwrap_or_default();
    // Other parsers take a name that ends so for an address.
    let numeric = last.starts_with("0x") || last.bytes().all(|byte| byte.is_ascii_digit());
    if numeric && !last.is_empty() {
        let address: Ipv4Addr = host.parse().map_err(|_| AddressError::Host)?;
        return if is_public_v4(address) { Ok(()) } else { Err(AddressError::NotPublic) };
    }
    if !is_name(host) {
        return Err(AddressError::Host);
    }
    if PRIVATE_ENDINGS.contains(&last) || !host.contains('.') {
        return Err(AddressError::NotPublic);
    }
    if rules.own_hosts.iter().any(|own| own.eq_ignore_ascii_case(host)) {
        return Err(AddressError::OwnHost);
    }
    Ok(())
}

/// Splits a port off.
fn split_port(authority: &str) -> Result<(&str, Option<u16>), AddressError> {
    let (host, port) = match authority.rfind(']') {
        Some(end) => authority.split_at_checked(end + 1).unwrap_or((authority, "")),
        None => authority.find(':').and_then(|at| authority.split_at_checked(at)).unwrap_or((authority, "")),
    };
    if port.is_empty() {
        return Ok((host, None));
    }
    let digits = port.strip_prefix(':').ok_or(AddressError::Host)?;
    if digits.is_empty() || digits.len() > 5 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(AddressError::Port);
    }
    digits.parse().map(|port| (host, Some(port))).map_err(|_| AddressError::Port)
}

/// Whether it is a host's name (RFC 1123).
fn is_name(host: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    host.len() <= 253 && host.split('.').all(label)
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let within = |(range, length): &([u8; 4], u32)| {
        let differ = address.to_bits() ^ Ipv4Addr::from(*range).to_bits();
        differ.leading_zeros() >= *length
    };
    !PRIVATE_V4.iter().any(within)
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [first, second, ..] = address.segments();
    let bits = u32::from(first) << 16 | u32::from(second);
    let within = |([first, second], length): &([u16; 2], u32)| {
        (bits ^ (u32::from(*first) << 16 | u32::from(*second))).leading_zeros() >= *length
    };
    first >> 13 == 1 && !PRIVATE_V6.iter().any(within)
}

impl fmt::Display for EndpointUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<EndpointUrl> for String {
    fn from(url: EndpointUrl) -> Self {
        url.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use proptest::prelude::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn parse(text: &str) -> Result<String, AddressError> {
        EndpointUrl::parse(text, &AddressRules::default()).map(String::from)
    }

    #[test]
    fn public_addresses_are_taken_and_normalised() {
        for (text, normal) in [
            ("https://hooks.acme.com", "https://hooks.acme.com/"),
            ("HTTPS://Hooks.ACME.com:443/In?A=1", "https://hooks.acme.com/In?A=1"),
            ("https://acme.com?x=%20", "https://acme.com/?x=%20"),
            ("https://acme.com:8443/", "https://acme.com:8443/"),
            ("https://xn--bcher-kva.ch/", "https://xn--bcher-kva.ch/"),
            ("https://1.1.1.1/", "https://1.1.1.1/"),
            ("https://[2606:4700::1111]:1024/", "https://[2606:4700::1111]:1024/"),
        ] {
            assert_eq!(parse(text).as_deref(), Ok(normal), "{text}");
        }
    }

    #[test]
    fn what_is_not_public_is_refused() {
        for host in [
            "127.0.0.1",
            "10.0.0.1",
            "100.64.0.1",
            "100.127.255.255",
            "169.254.169.254",
            "172.31.255.255",
            "192.168.1.1",
            "192.0.2.1",
            "198.19.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "0.0.0.0",
            "[::1]",
            "[::]",
            "[::ffff:1.1.1.1]",
            "[64:ff9b::101:101]",
            "[64:ff9b:1::1]",
            "[2002:101:101::]",
            "[2001::1]",
            "[2001:db8::1]",
            "[3fff::1]",
            "[fc00::1]",
            "[fe80::1]",
            "[ff02::1]",
            "[4000::1]",
            "localhost",
            "router",
            "printer.local",
            "a.internal",
            "a.localhost",
            "1.0.0.127.in-addr.arpa",
            "a.test",
            "a.example",
            "a.onion",
            "nas.lan",
        ] {
            assert_eq!(parse(&format!("https://{host}/")), Err(AddressError::NotPublic), "{host}");
        }
    }

    #[test]
    fn public_neighbours_of_private_ranges_are_taken() {
        for host in ["9.255.255.255", "100.63.255.255", "100.128.0.1", "172.32.0.1", "198.20.0.1", "223.255.255.255"] {
            assert!(parse(&format!("https://{host}/")).is_ok(), "{host}");
        }
        for host in ["2001:200::1", "2001:db9::1", "2003::1", "3ffe::1"] {
            assert!(parse(&format!("https://[{host}]/")).is_ok(), "{host}");
        }
    }

    #[test]
    fn other_spellings_of_hosts_are_refused() {
        for host in [
            "2130706433",
            "0x7f000001",
            "0x7f.1",
            "127.1",
            "0177.0.0.1",
            "127.0.0.1.",
            "acme.com.",
            "acme..com",
            "-acme.com",
            "127.0.0.0x1",
            "[::1",
            "::1",
            "a_b.com",
            "",
            "acme%2ecom",
            "[fe80::1%25eth0]",
            "[::ffff:0x7f.1]",
        ] {
            let refused = parse(&format!("https://{host}/")).unwrap_err();
            assert!(matches!(refused, AddressError::Host | AddressError::Port), "{host}: {refused:?}");
        }
    }

    #[test]
    fn each_refusal_has_its_reason() {
        for (text, reason) in [
            ("http://acme.com/", AddressError::Scheme),
            ("http://127.0.0.1:80/", AddressError::Loopback),
            ("http://LOCALHOST/", AddressError::Loopback),
            ("ftp://acme.com/", AddressError::Scheme),
            ("acme.com", AddressError::Scheme),
            ("https:acme.com", AddressError::Scheme),
            ("https://user@acme.com/", AddressError::UserInfo),
            ("https://acme.com:pw@127.0.0.1/", AddressError::UserInfo),
            ("https://acme.com/#x", AddressError::Fragment),
            ("https://acme.com\\@127.0.0.1/", AddressError::Character),
            ("https://ac\tme.com/", AddressError::Character),
            ("https://bücher.ch/", AddressError::Character),
            ("https://acme.com:80/", AddressError::Port),
            ("https://acme.com:/", AddressError::Port),
            ("https://acme.com:65536/", AddressError::Port),
            ("https://acme.com:22/", AddressError::Port),
        ] {
            assert_eq!(parse(text), Err(reason), "{text}");
            assert!(!reason.to_string().is_empty());
        }
        assert_eq!(parse(&format!("https://acme.com/{}", "x".repeat(2_048))), Err(AddressError::TooLong));
    }

    #[test]
    fn loopback_and_own_hosts_are_the_deployment_s_matter() {
        let rules = AddressRules { allow_loopback: true, own_hosts: vec!["api.acme.com".into()] };
        let parse = |text| EndpointUrl::parse(text, &rules).map(String::from);
        assert_eq!(parse("http://127.0.0.1:80/x").as_deref(), Ok("http://127.0.0.1:80/x"));
        assert_eq!(parse("http://localhost:8080").as_deref(), Ok("http://localhost:8080/"));
        assert_eq!(parse("http://127.0.0.2:8080/"), Err(AddressError::Scheme));
        assert_eq!(parse("https://127.0.0.1:8080/"), Err(AddressError::NotPublic));
        assert_eq!(parse("https://API.acme.com/"), Err(AddressError::OwnHost));
        assert!(parse("https://hooks.acme.com/").is_ok());
    }

    proptest! {
        /// A normalised address is its own normal form, so a later check judges what is called.
        #[test]
        fn what_is_taken_is_stable(text in "https://[a-z0-9.:\\[\\]-]{1,24}(/[!-~]{0,8})?") {
            if let Ok(url) = parse(&text) {
                prop_assert_eq!(parse(&url), Ok(url.clone()));
            }
        }

        /// The platform's parser reads the same host: the URL Standard, as this library has it.
        #[test]
        fn the_url_standard_reads_the_same_host(
            text in "[hH]ttps://([a-z0-9.:x%_-]{1,20}|\\[[0-9a-f:.]{2,20}\\]|[0-9]{1,3}\\.[0-9]{1,3}\\.[0-9]{1,3}\\.[0-9]{1,3})(:[0-9]{1,5})?([/?][!-~]{0,8})?",
        ) {
            if let Ok(taken) = parse(&text) {
                let read = url::Url::parse(&taken).map_err(|error| TestCaseError::fail(format!("{taken}: {error}")))?;
                let ours = taken.trim_start_matches("https://").split(['/', '?']).next().unwrap_or_default();
                let theirs = match read.port() {
                    Some(port) => format!("{}:{port}", read.host_str().unwrap_or_default()),
                    None => read.host_str().unwrap_or_default().to_string(),
                };
                let same = |text: &str| text.parse::<core::net::SocketAddrV6>().ok();
                // An address of IPv6 has several spellings.
                let bracketed = ours.starts_with('[');
                let port = |text: &str| if text.ends_with(']') { format!("{text}:443") } else { text.to_string() };
                prop_assert!(ours == theirs || bracketed && same(&port(ours)) == same(&port(&theirs)), "{ours} {theirs}");
            }
        }
    }
}
