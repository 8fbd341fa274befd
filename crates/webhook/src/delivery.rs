//! A delivery: the request that a sender makes.

/// A delivery as it came. It borrows everything, and is made anew for each request.
#[derive(Clone, Copy, Debug)]
pub struct Delivery<'a> {
    /// The HTTP method, in upper case.
    pub method: &'a str,
    /// The URL that is registered with the sender, with the query that came. Don't
    /// make it of the `Host` header: some senders sign it.
    pub url: &'a str,
    /// Names, in any case, and values, in the order in which they came.
    pub headers: &'a [(&'a str, &'a str)],
    /// The bytes of the body as they came, before anything parses them.
    pub body: &'a [u8],
}
