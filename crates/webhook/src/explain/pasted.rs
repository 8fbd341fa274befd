//! Reads a request as people paste it: lines, curl, HAR, an event of AWS Lambda, or what a program prints of headers.

use alloc::{
    borrow::ToOwned as _,
    format,
    string::{String, ToString},
    vec::Vec,
};

use serde_json::Value;

use super::headers::plain_name;

mod curl;
mod request;

pub use request::PastedRequest;

/// Reads a request. Every text can be read; lines that say nothing are noted.
#[must_use]
pub fn read_request(text: &str) -> PastedRequest {
    let trimmed = text.trim_start_matches('\u{feff}').trim_start();
    let mut request = if let Some(arguments) = trimmed.strip_prefix("curl ") {
        curl::read(arguments)
    } else if let Ok(value) = serde_json::from_str::<Value>(trimmed) {
        json(&value)
    } else if trimmed.starts_with(['{', '[', '(']) || trimmed.starts_with("array") || trimmed.starts_with("Array") {
        quoted_pairs(trimmed)
    } else {
        lines(trimmed)
    };
    let renamed = request.headers.iter().filter(|(name, _)| plain_name(name) != name.to_ascii_lowercase()).count();
    if renamed > 0 {
        let sentence = format!("{renamed} names such as `HTTP_X_NAME` or `x_name` were read as `x-name`.");
        request.notes.push(sentence);
    }
    for (name, value) in &mut request.headers {
        *name = plain_name(name);
        *value = value.trim().to_string();
    }
    request.headers.retain(|(name, _)| !name.is_empty());
    request
}

fn json(value: &Value) -> PastedRequest {
    let entry = value.pointer("/log/entries/0/request").or_else(|| value.pointer("/request"));
    if let Some(entry) = entry.filter(|entry| entry.get("headers").is_some()) {
        let mut request = PastedRequest { form: "HAR", ..PastedRequest::default() };
        members(entry, &mut request);
        request.body = entry.pointer("/postData/text").and_then(Value::as_str).map(String::from);
        request.body_is_base64 = entry.pointer("/postData/encoding").and_then(Value::as_str) == Some("base64");
        let others = value.pointer("/log/entries").and_then(Value::as_array).map_or(0, Vec::len);
        if others > 1 {
            request.notes.push(format!("The first of {others} requests was taken."));
        }
        return request;
    }
    let is_event = value.get("isBase64Encoded").is_some() || value.get("multiValueHeaders").is_some();
    let has_headers = value.get("headers").is_some_and(|headers| headers.is_object() || headers.is_array());
    if is_event || has_headers {
        let form = if is_event { "AWS Lambda event" } else { "JSON request" };
        let mut request = PastedRequest { form, ..PastedRequest::default() };
        members(value, &mut request);
        request.body = match value.get("body") {
            Some(Value::String(text)) => Some(text.clone()),
            Some(Value::Null) | None => None,
            Some(_) => {
                request.notes.push("The body is a parsed object here: its bytes are lost, so it was not taken.".into());
                None
            }
        };
        request.body_is_base64 = value.get("isBase64Encoded").and_then(Value::as_bool) == Some(true);
        return request;
    }
    let mut request = PastedRequest { form: "JSON headers", ..PastedRequest::default() };
    headers(value, &mut request);
    request
}

/// The members of a request that HAR, Lambda and others have.
fn members(value: &Value, request: &mut PastedRequest) {
    let text = |pointer: &str| value.pointer(pointer).and_then(Value::as_str).map(String::from);
    request.method = ["/method", "/httpMethod", "/requestContext/http/method"].iter().find_map(|at| text(at));
    let query = text("/rawQueryString").filter(|query| !query.is_empty()).map(|query| format!("?{query}"));
    let path = ["/rawPath", "/requestContext/path", "/path"].iter().find_map(|at| text(at));
    let host = text("/requestContext/domainName");
    let built = path.map(|path| {
        let origin = host.map(|host| format!("https://{host}")).unwrap_or_default();
        format!("{origin}{path}{}", query.unwrap_or_default())
    });
    request.url = text("/url").or(built);
    match value.get("multiValueHeaders").filter(|headers| !headers.is_null()) {
        Some(all) => headers(all, request),
        None => headers(value.get("headers").unwrap_or(&Value::Null), request),
    }
}

fn headers(value: &Value, request: &mut PastedRequest) {
    match value {
        Value::Object(members) => members.iter().for_each(|(name, value)| header(name, value, request)),
        Value::Array(list) if list.iter().all(Value::is_string) => {
            // Node's `rawHeaders`: names and values by turns.
            let texts: Vec<&str> = list.iter().filter_map(Value::as_str).collect();
            let (pairs, _) = texts.as_chunks::<2>();
            request.headers.extend(pairs.iter().map(|[name, value]| (name.to_string(), value.to_string())));
        }
        Value::Array(list) => {
            for each in list {
                let name = each.get("name").or_else(|| each.get("key")).or_else(|| each.get(0)).and_then(Value::as_str);
                match (name, each.get("value").or_else(|| each.get(1))) {
                    (Some(name), Some(value)) => header(name, value, request),
                    _ => request.notes.push("An element that is no header was passed over.".into()),
                }
            }
        }
        Value::Null => {}
        _ => request.notes.push("There are no headers in this JSON.".into()),
    }
}

fn header(name: &str, value: &Value, request: &mut PastedRequest) {
    match value {
        Value::String(text) => request.headers.push((name.into(), text.clone())),
        Value::Array(values) => values.iter().for_each(|value| header(name, value, request)),
        Value::Number(_) | Value::Bool(_) => request.headers.push((name.into(), value.to_string())),
        _ => request.notes.push(format!("`{name}` has no text as its value and was passed over.")),
    }
}

/// Pairs of quoted texts, as Python, Ruby and PHP print them, and of bare ones, as PHP's `print_r` does.
fn quoted_pairs(text: &str) -> PastedRequest {
    let mut request = PastedRequest { form: "printed headers", ..PastedRequest::default() };
    let mut name: Option<String> = None;
    let mut rest = text;
    while let Some(at) = rest.find(['"', '\'', '[']) {
        let (before, after) = rest.split_at(at);
        let joins = before.contains(':') || before.contains('=') || before.trim() == ",";
        let quote = if after.starts_with('"') { '"' } else { '\'' };
        if after.starts_with('[') {
            // print_r: [NAME] => value
            let line = after.lines().next().unwrap_or_default();
            if let Some((key, value)) = line.get(1..).and_then(|line| line.split_once("] => ")) {
                request.headers.push((key.into(), value.into()));
                rest = after.get(line.len()..).unwrap_or_default();
            } else {
                rest = after.get(1..).unwrap_or_default();
            }
            continue;
        }
        let inner = after.get(1..).unwrap_or_default();
        let Some(end) = inner.find(quote) else { break };
        let (word, after) = inner.split_at(end);
        match name.take() {
            Some(key) if joins => request.headers.push((key, word.into())),
            _ => name = Some(word.into()),
        }
        rest = after.get(1..).unwrap_or_default();
    }
    if request.headers.is_empty() { lines(text) } else { request }
}

/// Lines of a request: `Name: value`, with a request line before them or marks of curl.
fn lines(text: &str) -> PastedRequest {
    let mut request = PastedRequest { form: "lines", ..PastedRequest::default() };
    let mut rest = text.lines().peekable();
    let mut passed_over = 0;
    let mut marks = 0;
    while let Some(line) = rest.next() {
        let bare = match line.strip_prefix("> ").or_else(|| line.strip_prefix("< ")) {
            Some(bare) => {
                marks += 1;
                bare
            }
            None => line,
        };
        if bare.trim().is_empty() || matches!(bare.trim(), ">" | "<") {
            let body: Vec<&str> = rest.by_ref().collect();
            let body = body.join("\n");
            if request.method.is_some() && !body.trim().is_empty() && marks == 0 {
                request.notes.push("What follows the empty line was taken as the body.".into());
                request.body = Some(body);
            } else if !body.trim().is_empty() {
                request.notes.push("What follows the empty line was passed over.".into());
            }
            break;
        }
        let folded = line.starts_with([' ', '\t']) && !line.trim_start().starts_with(['>', '<']);
        if let (true, Some((_, value)), None) = (folded, request.headers.last_mut(), request_line(bare)) {
            value.push(' ');
            value.push_str(bare.trim());
            request.notes.push("A folded line was joined with the one before it.".into());
            continue;
        }
        if let Some((method, target)) = request_line(bare.trim()) {
            request.method = Some(method.to_owned());
            request.url = Some(target.to_owned());
            continue;
        }
        match pair(bare.trim()) {
            Some((name, "")) => {
                // Developer tools copy a name and its value on two lines.
                let value = rest.next_if(|next| {
                    let next = next.trim();
                    !next.is_empty() && !next.contains(": ") && !next.ends_with(':')
                });
                request.headers.push((name.into(), value.unwrap_or_default().trim().into()));
            }
            Some((name, value)) => request.headers.push((name.into(), value.into())),
            None => passed_over += 1,
        }
    }
    if marks > 0 {
        request.notes.push(format!("The marks `>` and `<` of curl were cut off {marks} lines."));
    }
    if passed_over > 0 {
        request.notes.push(format!("{passed_over} lines that are no header were passed over."));
    }
    request
}

/// The name and the value of a line.
fn pair(line: &str) -> Option<(&str, &str)> {
    let line = if line.starts_with(['"', '\'']) { line.trim_end_matches(',') } else { line };
    // HTTP/2's own begin with a colon: `:path: /in`.
    let from = usize::from(line.starts_with(':'));
    let at = line.get(from..)?.find([':', '=', '\t'])? + from;
    let (name, value) = line.split_at(at);
    let value = value.trim_start_matches([':', '=', '>', '\t', ' ']);
    let name = name.trim().trim_matches(['"', '\'', '[', ']']);
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.$!#%&'*+^`|~:".contains(&byte);
    (!name.is_empty() && name.bytes().all(is_name)).then(|| (name, unquoted(value)))
}

fn unquoted(value: &str) -> &str {
    let value = value.trim();
    let inner = |quote: char| value.strip_prefix(quote).and_then(|value| value.strip_suffix(quote));
    inner('"').or_else(|| inner('\'')).unwrap_or(value)
}

/// The method and the target of a request line.
fn request_line(line: &str) -> Option<(&str, &str)> {
    let mut words = line.split(' ');
    let (method, target) = (words.next()?, words.next()?);
    let is_method = (3..=7).contains(&method.len()) && method.bytes().all(|byte| byte.is_ascii_uppercase());
    let is_target = target.starts_with('/') || target.starts_with("http");
    (is_method && is_target).then_some((method, target))
}
