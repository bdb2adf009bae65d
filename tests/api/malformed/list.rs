//! A list of requests in a text file, which a person can read and add to; `requests.txt` begins by explaining it.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

/// One request, before anything is filled in.
#[derive(Debug, Default)]
pub struct Entry {
    pub status: u16,
    pub code: String,
    pub what: String,
    head: Vec<String>,
    left_out: Vec<String>,
    body: Option<String>,
}

/// What a `«word»` stands for; `None` if nothing is called so.
pub type Meaning<'m> = dyn Fn(&str) -> Option<String> + 'm;

pub fn read(text: &str) -> Vec<Entry> {
    let paragraphs = text.split("\n\n").map(|paragraph| {
        let lines = paragraph.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
        lines.collect::<Vec<_>>()
    });
    paragraphs.filter(|lines| !lines.is_empty()).map(|lines| Entry::read(&lines)).collect()
}

impl Entry {
    fn read(lines: &[&str]) -> Self {
        let title = lines[0];
        let parts = title.split_once(' ').and_then(|(status, rest)| Some((status, rest.split_once(": ")?)));
        let (status, (code, what)) = parts.unwrap_or_else(|| panic!("not `STATUS CODE: what`: {title}"));
        let status = status.parse().unwrap_or_else(|_| panic!("no status: {title}"));
        let mut entry = Self { status, code: code.to_owned(), what: what.to_owned(), ..Self::default() };
        for line in &lines[1..] {
            if let Some(body) = line.strip_prefix("> ") {
                entry.body.get_or_insert_default().push_str(body);
            } else if let Some(name) = line.strip_prefix("- ") {
                entry.left_out.push(name.to_owned());
            } else {
                entry.head.push((*line).to_owned());
            }
        }
        entry
    }

    /// Everything that is to be sent, with the headers that come by themselves.
    pub fn request(&self, meaning: &Meaning) -> Vec<u8> {
        let body = self.body.as_deref().map(|body| filled_in(body, meaning));
        let mut head = self.head.clone();
        head[0].push_str(" HTTP/1.1");
        let chunked = self.has("Transfer-Encoding");
        let length = body.as_ref().filter(|_| !chunked).map(|body| ("Content-Length", body.len().to_string()));
        let json = body.as_ref().map(|_| ("Content-Type", "application/json".to_owned()));
        let always = [Some(("Host", "bulla".to_owned())), Some(("Connection", "close".to_owned())), length, json];
        for (name, value) in always.into_iter().flatten() {
            if !self.has(name) && !self.left_out.iter().any(|left_out| left_out == name) {
                head.push(format!("{name}: {value}"));
            }
        }
        joined(&head, body, meaning)
    }

    /// Everything that is to be sent, exactly as it stands in the list.
    pub fn as_it_stands(&self, meaning: &Meaning) -> Vec<u8> {
        joined(&self.head, self.body.as_deref().map(|body| filled_in(body, meaning)), meaning)
    }

    fn has(&self, name: &str) -> bool {
        self.head.iter().any(|line| line.split_once(':').is_some_and(|(found, _)| found == name))
    }
}

fn joined(head: &[String], body: Option<Vec<u8>>, meaning: &Meaning) -> Vec<u8> {
    let mut bytes = Vec::new();
    for line in head {
        bytes.extend(filled_in(line, meaning));
        bytes.extend(b"\r\n");
    }
    if !head.is_empty() {
        bytes.extend(b"\r\n");
    }
    bytes.extend(body.unwrap_or_default());
    bytes
}

/// The text with everything in «» replaced, from the inside out.
fn filled_in(text: &str, meaning: &Meaning) -> Vec<u8> {
    let (mut bytes, mut rest) = (Vec::new(), text);
    while let Some((before, inside_and_after)) = rest.split_once('«') {
        let (inside, after) = up_to_the_end(inside_and_after);
        bytes.extend(before.as_bytes());
        bytes.extend(meant(inside, meaning));
        rest = after;
    }
    bytes.extend(rest.as_bytes());
    bytes
}

/// Splits at the `»` that belongs to the `«` before the text.
fn up_to_the_end(text: &str) -> (&str, &str) {
    let mut depth = 1;
    for (place, character) in text.char_indices() {
        depth += i32::from(character == '«') - i32::from(character == '»');
        if depth == 0 {
            return (&text[..place], &text[place + '»'.len_utf8()..]);
        }
    }
    panic!("« without »: {text}");
}

fn meant(inside: &str, meaning: &Meaning) -> Vec<u8> {
    if let Some((count, text)) = inside.split_once(" × ").filter(|(count, _)| count.parse::<usize>().is_ok()) {
        return filled_in(text, meaning).repeat(count.parse().unwrap());
    }
    match inside.split_once(' ') {
        Some(("base64", text)) => STANDARD.encode(filled_in(text, meaning)).into_bytes(),
        Some(("base64url", text)) => URL_SAFE_NO_PAD.encode(filled_in(text, meaning)).into_bytes(),
        Some(("bytes", digits)) => digits.split(' ').map(|byte| u8::from_str_radix(byte, 16).unwrap()).collect(),
        _ => meaning(inside).unwrap_or_else(|| panic!("nothing is called «{inside}»")).into_bytes(),
    }
}
