//! The codes of causes.

use serde::{Serialize, Serializer};

/// Declares the codes with their names and the numbers of the cause that each belongs to.
macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $number:literal;)*) => {
        /// The code of a cause.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum CauseCode { $($(#[$doc])* $variant,)* }

        impl CauseCode {
            /// All codes.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The stable name.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The number of the cause in the documentation. A cause may have several codes.
            #[must_use]
            pub const fn number(self) -> u8 {
                match self { $(Self::$variant => $number,)* }
            }
        }
    };
}

codes! {
    /// The sender signed the JSON without white space.
    CompactJson = "COMPACT_JSON", 1;
    /// The sender signed the JSON with a space after each comma and colon, as Python writes it.
    SpacedJson = "SPACED_JSON", 2;
    /// The sender signed the JSON with line breaks and indentation.
    IndentedJson = "INDENTED_JSON", 3;
    /// The sender signed the members in another order.
    KeyOrder = "KEY_ORDER", 4;
    /// The sender wrote other characters as `\u` escapes.
    UnicodeEscapes = "UNICODE_ESCAPES", 5;
    /// The sender wrote `/` otherwise: `\/` or plain.
    SlashEscapes = "SLASH_ESCAPES", 6;
    /// The sender wrote `<`, `>` and `&` otherwise: as escapes or plain.
    HtmlEscapes = "HTML_ESCAPES", 7;
    /// The sender wrote a number otherwise.
    Numbers = "NUMBERS", 8;
    /// White space at the beginning or the end was added or lost.
    OuterSpace = "OUTER_SPACE", 9;
    /// The line ends were changed.
    LineEnds = "LINE_ENDS", 10;
    /// A byte order mark was added or lost.
    ByteOrderMark = "BYTE_ORDER_MARK", 11;
    /// The bytes were read in one charset and written in another.
    Charset = "CHARSET", 12;
    /// Characters were replaced by others that look the same.
    Lookalikes = "LOOKALIKES", 13;
    /// The body was made into a JSON string, or taken out of one.
    DoubleJson = "DOUBLE_JSON", 14;
    /// The body is in base64.
    Base64Body = "BASE64_BODY", 15;
    /// The body is compressed.
    CompressedBody = "COMPRESSED_BODY", 16;
    /// A form was decoded, or written again.
    FormEncoding = "FORM_ENCODING", 17;
    /// An empty body became something else, or the reverse.
    EmptyBody = "EMPTY_BODY", 18;
    /// The body is cut, or a value in it was changed.
    AlteredBody = "ALTERED_BODY", 19;
    /// The secret has white space, quotes or line breaks that don't belong to it.
    SecretSpace = "SECRET_SPACE", 20;
    /// The secret has a prefix too many, or lacks one.
    SecretPrefix = "SECRET_PREFIX", 21;
    /// The key is made of the secret in another way.
    SecretForm = "SECRET_FORM", 22;
    /// The key is a hash, or a part, of the secret.
    SecretDerived = "SECRET_DERIVED", 23;
    /// Another secret.
    OtherSecret = "OTHER_SECRET", 24;
    /// Another scheme.
    OtherScheme = "OTHER_SCHEME", 25;
    /// The text of the signature was changed.
    SignatureText = "SIGNATURE_TEXT", 26;
    /// The text of the timestamp was changed, or stands elsewhere.
    TimestampText = "TIMESTAMP_TEXT", 27;
    /// The timestamp is in another unit than the scheme has.
    TimestampUnit = "TIMESTAMP_UNIT", 27;
    /// The delivery came late, or the clock is fast.
    Late = "LATE", 27;
    /// The delivery's time is ahead: the clock is slow.
    Early = "EARLY", 27;
    /// The sender signed another URL.
    Url = "URL", 28;
    /// The sender signed another method.
    Method = "METHOD", 29;
    /// A header was renamed, joined, folded or lost.
    Headers = "HEADERS", 30;
}

impl Serialize for CauseCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}
