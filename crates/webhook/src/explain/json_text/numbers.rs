//! The ways in which the same number is written.

use alloc::{borrow::Cow, format, string::String, vec::Vec};

use super::Token;

/// A way to write numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NumberStyle {
    /// `1.50` is 1.5, and `1.0` is 1.
    Shortest,
    /// `1` is 1.0.
    PointZero,
    /// `1` is 1.00, and `1.5` is 1.50.
    TwoDecimals,
    /// `1e3` is 1000.
    Plain,
    /// `1000` is 1e3, with this between the digits and the exponent.
    Exponent(&'static str),
}

impl NumberStyle {
    pub(super) const ALL: &'static [Self] = &[
        Self::Shortest,
        Self::PointZero,
        Self::TwoDecimals,
        Self::Plain,
        Self::Exponent("e"),
        Self::Exponent("E"),
        Self::Exponent("e+"),
        Self::Exponent("E+"),
        Self::Exponent(".0E"),
    ];

    pub(super) const fn sentence(self) -> &'static str {
        match self {
            Self::Shortest => "numbers without zeros at the end of their decimals",
            Self::PointZero => "whole numbers with `.0`",
            Self::TwoDecimals => "numbers with two decimals",
            Self::Plain => "numbers without exponents",
            Self::Exponent(_) => "numbers with exponents",
        }
    }

    pub(super) const fn all(self) -> &'static str {
        match self {
            Self::Shortest => "Its numbers had no zeros at the end of their decimals.",
            Self::PointZero => "Its whole numbers had `.0` at their end.",
            Self::TwoDecimals => "Its numbers had two decimals.",
            Self::Plain => "Its numbers had no exponents.",
            Self::Exponent(_) => "Its numbers had exponents.",
        }
    }

    /// A document in which the numbers at some positions are written so.
    pub(super) fn apply<'t>(self, document: &[Token<'t>], at: impl Fn(usize) -> bool) -> Vec<Token<'t>> {
        let rewrite = |(position, token): (usize, &Token<'t>)| match token {
            Token::Word(word) if token.is_number() && at(position) => {
                let text = core::str::from_utf8(word).ok().and_then(|text| self.write(text));
                Token::Word(text.map_or_else(|| word.clone(), |text| Cow::Owned(text.into_bytes())))
            }
            token => token.clone(),
        };
        document.iter().enumerate().map(rewrite).collect()
    }

    /// The number, if it can be written so.
    fn write(self, number: &str) -> Option<String> {
        let exponent = number.find(['e', 'E']);
        let (whole, decimals) = number.split_once('.').unwrap_or((number, ""));
        match self {
            Self::Plain => plain(number),
            _ if exponent.is_some() => None,
            Self::Shortest if number.contains('.') => {
                let decimals = decimals.trim_end_matches('0');
                Some(if decimals.is_empty() { whole.into() } else { format!("{whole}.{decimals}") })
            }
            Self::PointZero if !number.contains('.') => Some(format!("{number}.0")),
            Self::TwoDecimals if decimals.len() < 2 => Some(format!("{whole}.{decimals:0<2}")),
            Self::Exponent(between) if !number.contains('.') => {
                let digits = number.trim_end_matches('0');
                let zeros = number.len() - digits.len();
                (zeros >= 2 && digits.ends_with(|char: char| char.is_ascii_digit()))
                    .then(|| format!("{digits}{between}{zeros}"))
            }
            _ => None,
        }
    }
}

/// A number without its exponent, which is at most 30 either way.
fn plain(number: &str) -> Option<String> {
    let (digits, exponent) = number.split_once(['e', 'E'])?;
    let exponent: i32 = exponent.strip_prefix('+').unwrap_or(exponent).parse().ok()?;
    let (sign, digits) = digits.strip_prefix('-').map_or(("", digits), |digits| ("-", digits));
    let (whole, decimals) = digits.split_once('.').unwrap_or((digits, ""));
    let point = i32::try_from(whole.len()).ok()? + exponent;
    if exponent.abs() > 30 {
        return None;
    }
    let digits = format!("{whole}{decimals}");
    let length = i32::try_from(digits.len()).ok()?;
    let text = if point <= 0 {
        format!("0.{}{digits}", "0".repeat(usize::try_from(-point).ok()?))
    } else if point >= length {
        format!("{digits}{}", "0".repeat(usize::try_from(point - length).ok()?))
    } else {
        let (whole, decimals) = digits.split_at_checked(usize::try_from(point).ok()?)?;
        format!("{whole}.{decimals}")
    };
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    let text = text.trim_start_matches('0');
    let zero = if text.is_empty() || text.starts_with('.') { "0" } else { "" };
    Some(format!("{sign}{zero}{text}"))
}
