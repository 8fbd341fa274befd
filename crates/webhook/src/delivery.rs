//! A delivery: the request that a sender makes.

/// A delivery as it was received. It borrows everything, and is made anew for each request.
#[derive(Clone, Copy, Debug)]
pub struct Delivery<'a> {
    /// The HTTP method, in upper case.
    pub method: &'a str,
    /// The URL that is registered with the sender, with the query of the request. Don't take it from the `Host` header:
    /// some senders sign the URL.
    pub url: &'a str,
    /// The names, in any case, and the values, in the order in which they were received.
    pub headers: &'a [(&'a str, &'a str)],
    /// The bytes of the body as they were received, before anything parses them.
    pub body: &'a [u8],
}
