//! The ways in which the same JSON document is written by different libraries.

use alloc::{borrow::Cow, format, string::String, vec::Vec};
use core::ops::ControlFlow;

use super::{
    case::Case,
    code::CauseCode,
    trial::{Edit, Put, Trial, Try, What},
};
use crate::{json, name::Names};
use layout::Layout;
use numbers::NumberStyle;
use strings::Escapes;
pub(super) use tokens::{Token, tokens};

mod layout;
mod numbers;
mod order;
mod strings;
mod tokens;

/// The longest document that is written again, bytes.
const MAX_LEN: usize = 4 * 1024 * 1024;
/// The maximum number of numbers that are changed one by one.
const MAX_NUMBERS: usize = 40;

/// The document in the trial's body, as tokens.
pub(super) fn document<'b>(trial: &'b Trial<'_>) -> Option<Vec<Token<'b>>> {
    let body: &[u8] = &trial.body;
    let is_document = body.len() <= MAX_LEN && json::find(body, &[], Names::Exact).is_ok();
    if is_document { tokens(body) } else { None }
}

/// Changes of one kind.
pub(super) fn edits(trial: &Trial<'_>, _: &Case<'_>, attempt: Try<'_>) -> ControlFlow<()> {
    let Some(document) = document(trial) else { return ControlFlow::Continue(()) };
    let mut put = |code: CauseCode, sentence: &str, body: Vec<u8>| attempt(Edit::new(code, sentence, What::Body(body)));
    for (layout, code, sentence) in layout::LAYOUTS {
        put(*code, sentence, layout.write(&document))?;
    }
    for (escapes, code, sentence) in strings::ALL {
        put(*code, sentence, joined(&escapes.apply(&document)))?;
    }
    for (sort, sentence) in order::ALL {
        let sorted = order::sorted(&document, sort);
        for (layout, _, _) in layout::LAYOUTS {
            if is_written_so(*layout, &document) {
                put(CauseCode::KeyOrder, sentence, layout.write(&sorted))?;
            }
        }
        put(CauseCode::KeyOrder, sentence, Layout::COMPACT.write(&sorted))?;
    }
    numbers(&document, &mut put)
}

fn numbers(document: &[Token<'_>], put: Put<'_>) -> ControlFlow<()> {
    let positions: Vec<usize> =
        document.iter().enumerate().filter(|(_, token)| token.is_number()).map(|(at, _)| at).collect();
    for style in NumberStyle::ALL {
        let sentence = format!("The sender signed {}.", style.sentence());
        put(CauseCode::Numbers, &sentence, joined(&style.apply(document, |_| true)))?;
    }
    for at in positions.iter().take(MAX_NUMBERS) {
        for style in NumberStyle::ALL {
            let changed = style.apply(document, |position| position == *at);
            if let (Some(Token::Word(before)), Some(Token::Word(after))) = (document.get(*at), changed.get(*at)) {
                let text = |number: &[u8]| String::from_utf8_lossy(number).into_owned();
                let sentence =
                    format!("The sender signed the number {} where this body has {}.", text(after), text(before));
                put(CauseCode::Numbers, &sentence, joined(&changed))?;
            }
        }
    }
    ControlFlow::Continue(())
}

/// Changes of several kinds at once.
pub(super) fn combinations(trial: &Trial<'_>, _: &Case<'_>, attempt: Try<'_>) -> ControlFlow<()> {
    type Part = (CauseCode, &'static str);
    let Some(document) = document(trial) else { return ControlFlow::Continue(()) };
    // A change that has no effect alone has none with others either, so it is left out.
    let mut texts: Vec<(Vec<Token<'_>>, Vec<Part>)> = alloc::vec![(document.clone(), Vec::new())];
    for kind in [CauseCode::UnicodeEscapes, CauseCode::SlashEscapes, CauseCode::HtmlEscapes] {
        for (before, parts) in texts.clone() {
            for (escapes, code, sentence) in strings::ALL.iter().filter(|(_, code, _)| *code == kind) {
                let after = escapes.apply(&before);
                if after != before && !texts.iter().any(|(text, _)| *text == after) {
                    let parts = [parts.as_slice(), &[(*code, *sentence)]].concat();
                    texts.push((after, parts));
                }
            }
        }
    }
    for style in [NumberStyle::Shortest, NumberStyle::PointZero, NumberStyle::TwoDecimals] {
        let after = style.apply(&document, |_| true);
        if after != document {
            texts.push((after, alloc::vec![(CauseCode::Numbers, style.all())]));
        }
    }
    let orders: [(Option<order::Sort>, Option<Part>); 3] = [
        (None, None),
        (Some(order::Sort::Alphabetic), Some((CauseCode::KeyOrder, order::ALL[0].1))),
        (Some(order::Sort::IntegersFirst), Some((CauseCode::KeyOrder, order::ALL[1].1))),
    ];
    for (order, order_part) in orders {
        for (text, parts) in &texts {
            let text = match order {
                Some(sort) => Cow::Owned(order::sorted(text, sort)),
                None => Cow::Borrowed(text),
            };
            for (layout, code, sentence) in core::iter::once(&layout::AS_IS).chain(layout::LAYOUTS) {
                for (end, end_part) in layout::ENDS {
                    let mut body = layout.write(&text);
                    body.extend_from_slice(end);
                    let layout_part = (*layout != Layout::AsIs).then_some((*code, *sentence));
                    let all = layout_part.into_iter().chain(parts.iter().copied()).chain(order_part).chain(*end_part);
                    let parts: Vec<(CauseCode, String)> = all.map(|(code, sentence)| (code, sentence.into())).collect();
                    if !parts.is_empty() {
                        attempt(Edit { parts, what: What::Body(body) })?;
                    }
                }
            }
        }
    }
    ControlFlow::Continue(())
}

/// Whether a document is written in this layout.
fn is_written_so(layout: Layout, document: &[Token<'_>]) -> bool {
    layout.write(document) == joined(document)
}

fn joined(document: &[Token<'_>]) -> Vec<u8> {
    Layout::AsIs.write(document)
}

impl Escapes {
    fn apply<'t>(&self, document: &[Token<'t>]) -> Vec<Token<'t>> {
        let rewrite = |token: &Token<'t>| match token {
            Token::String(text) => match core::str::from_utf8(text) {
                Ok(text) => Token::String(Cow::Owned(self.rewrite(text).into_bytes())),
                Err(_) => token.clone(),
            },
            token => token.clone(),
        };
        document.iter().map(rewrite).collect()
    }
}
