//! The arguments of a curl command.

use alloc::{
    string::{String, ToString},
    vec::Vec,
};
use core::{iter::Peekable, str::Chars};

use super::request::PastedRequest;

pub(super) fn read(arguments: &str) -> PastedRequest {
    let mut request = PastedRequest { form: "curl", ..PastedRequest::default() };
    let words = words(arguments);
    let mut words = words.iter().map(String::as_str);
    let mut bodies: Vec<String> = Vec::new();
    while let Some(word) = words.next() {
        let (option, attached) = match word.split_once('=').filter(|_| word.starts_with("--")) {
            Some((option, value)) => (option, Some(value)),
            None if word.starts_with('-') && !word.starts_with("--") && word.len() > 2 => {
                let (option, value) = word.split_at_checked(2).unwrap_or((word, ""));
                (option, Some(value))
            }
            None => (word, None),
        };
        let mut value = || attached.or_else(|| words.next()).unwrap_or_default().to_string();
        match option {
            "-H" | "--header" => {
                let header = value();
                let (name, value) = header.split_once(':').unwrap_or((&header, ""));
                request.headers.push((name.into(), value.into()));
            }
            "-X" | "--request" => request.method = Some(value()),
            "--url" => request.url = Some(value()),
            "-d" | "--data" | "--data-ascii" => {
                let data = value();
                if data.starts_with('@') {
                    request.notes.push("The body is in a file, which was not read.".into());
                } else {
                    // curl takes line breaks out of files alone.
                    bodies.push(data);
                }
            }
            "--data-raw" | "--data-binary" => {
                let data = value();
                if data.starts_with('@') && option == "--data-binary" {
                    request.notes.push("The body is in a file, which was not read.".into());
                } else {
                    bodies.push(data);
                }
            }
            "-A" | "--user-agent" => request.headers.push(("user-agent".into(), value())),
            "-b" | "--cookie" | "-u" | "--user" | "-o" | "--output" | "-e" | "--referer" | "--max-time" | "-F"
            | "--form" | "-m" | "--retry" | "-x" | "--proxy" | "-w" | "--write-out" => {
                value();
                request.notes.push(alloc::format!("`{option}` was passed over."));
            }
            word if word.starts_with('-') => {}
            url => request.url = Some(url.into()),
        }
    }
    if !bodies.is_empty() {
        request.body = Some(bodies.join("&"));
        request.method = request.method.or_else(|| Some("POST".into()));
    }
    request.method = request.method.or_else(|| Some("GET".into()));
    request
}

/// The words of a command, as a POSIX shell takes them apart, and `$'…'` as bash does.
fn words(command: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = command.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '\'' => {
                let word = word.get_or_insert_default();
                word.extend(chars.by_ref().take_while(|char| *char != '\''));
            }
            '$' if chars.peek() == Some(&'\'') => {
                chars.next();
                let word = word.get_or_insert_default();
                while let Some(char) = chars.next().filter(|char| *char != '\'') {
                    word.push(if char == '\\' { escaped(&mut chars) } else { char });
                }
            }
            '"' => {
                let word = word.get_or_insert_default();
                while let Some(char) = chars.next().filter(|char| *char != '"') {
                    match (char, chars.peek().copied()) {
                        ('\\', Some(next @ ('"' | '\\' | '$' | '`'))) => {
                            chars.next();
                            word.push(next);
                        }
                        ('\\', Some('\n')) => drop(chars.next()),
                        _ => word.push(char),
                    }
                }
            }
            // A line that goes on in the next one.
            '\\' if matches!(chars.peek(), Some('\n' | '\r')) => {
                while chars.next_if(|char| char.is_whitespace()).is_some() {}
            }
            '\\' => word.get_or_insert_default().extend(chars.next()),
            char if char.is_whitespace() => words.extend(word.take()),
            char => word.get_or_insert_default().push(char),
        }
    }
    words.extend(word);
    words
}

/// The character after a backslash in `$'…'`.
fn escaped(chars: &mut Peekable<Chars<'_>>) -> char {
    match chars.next().unwrap_or('\\') {
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'u' => by_digits(chars, 4),
        'x' => by_digits(chars, 2),
        other => other,
    }
}

/// The character whose number these hex digits are.
fn by_digits(chars: &mut Peekable<Chars<'_>>, most: usize) -> char {
    let mut code = 0;
    for _ in 0..most {
        let Some(digit) = chars.peek().and_then(|char| char.to_digit(16)) else { break };
        chars.next();
        code = code * 16 + digit;
    }
    char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)
}
