//! Names, reasons and the like: short texts that people read in lists and logs.

use alloc::{
    format,
    string::{String, ToString},
};

use serde_json::Value;

/// Takes a text of this many characters at most, without the white space around it. It shows all that it has: a
/// character that can't be seen, or that changes the order of others, would make one name look like another.
pub(super) fn text(value: Value, max_chars: usize) -> Result<String, String> {
    let Value::String(text) = value else { return Err("a string expected".into()) };
    let text = text.trim();
    match text.chars().count() {
        0 => Err(format!("it is empty; 1 to {max_chars} characters expected")),
        count if count > max_chars => Err(format!("it has {count} characters; {max_chars} at most")),
        _ => match text.chars().find(|&char| is_unseen(char)) {
            Some(char) if char.is_control() => Err("control characters are not allowed".into()),
            Some(char) => Err(format!("the character U+{:04X}, which can't be seen, is not allowed", u32::from(char))),
            None if text.chars().all(needs_another) => Err("nothing of it can be seen".into()),
            None => Ok(text.to_string()),
        },
    }
}

/// Whether a character is never to be seen: a control character, one that changes the direction of text (Unicode's
/// `Bidi_Control`), or one that takes no place.
fn is_unseen(char: char) -> bool {
    char.is_control()
        || matches!(char,
            // Direction.
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}'
            // Line and paragraph separators.
            | '\u{2028}' | '\u{2029}'
            // Spaces of no width, invisible operators, fillers, and the mark of a text's byte order.
            | '\u{ad}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180e}' | '\u{200b}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}'
            // Tags, which hide a text in another one.
            | '\u{e0000}'..='\u{e00ff}')
}

/// Whether a character shows something only beside another one, as the joiners of emoji and Persian do.
fn needs_another(char: char) -> bool {
    char.is_whitespace()
        || matches!(char, '\u{34f}' | '\u{180b}'..='\u{180d}' | '\u{180f}' | '\u{200c}' | '\u{200d}' | '\u{2800}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn a_text_shows_all_that_it_has() {
        for hidden in
            ["\u{200b}", "a\u{202e}b", "\u{feff}x", "a\u{2066}", "a\u{2028}b", "x\u{e0041}", "\u{3164}", "\u{ad}"]
        {
            let refused = text(json!(hidden), 10).unwrap_err();
            assert!(refused.contains("can't be seen"), "{hidden:?}: {refused}");
        }
        for nothing in ["\u{200d}", "\u{2800}\u{fe0f}", "\u{34f}"] {
            assert_eq!(text(json!(nothing), 10), Err("nothing of it can be seen".into()), "{nothing:?}");
        }
        assert_eq!(text(json!("a\u{7}b"), 10), Err("control characters are not allowed".into()));
        for empty in ["", " ", "\u{a0}\u{3000}"] {
            assert!(text(json!(empty), 10).unwrap_err().starts_with("it is empty"), "{empty:?}");
        }
    }

    #[test]
    fn names_of_all_scripts_are_taken() {
        for name in ["Zapier", "Müller & Söhne", "می‌خواهم", "שלום", "👩‍👩‍👧", "❤️", "कार्यालय", "한국어", "ไทย", "e\u{301}"]
        {
            assert_eq!(text(json!(format!(" {name} ")), 20).as_deref(), Ok(name));
        }
    }
}
