//! A delivery: the request that a sender makes.

/// A delivery as it came.
#[derive(Clone, Copy, Debug)]
pub struct Delivery<'a> {
    /// The method, in upper case.
    pub method: &'a str,
    /// The URL as the sender knows it: the one that is registered with it, and
    /// the query that came. Never made of the `Host` header.
    pub url: &'a str,
    /// Names in any case, in the order in which they came.
    pub headers: &'a [(&'a str, &'a str)],
    /// The bytes as they came.
    pub body: &'a [u8],
}
