//! Looking for a secret in whatever form it may lie around, and for each part of it by itself.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};

/// Of a buffer that was freed, the allocator overwrites the beginning; of one that was used again, more. So each part of
/// a secret is looked for by itself.
const PART_CHARACTERS: usize = 12;

pub struct Secret {
    name: &'static str,
    forms: Vec<(&'static str, Vec<u8>)>,
}

/// Where a secret was found, without the secret.
#[derive(Debug, PartialEq, Eq)]
pub struct Finding {
    pub name: &'static str,
    pub form: &'static str,
    pub at: usize,
}

impl Secret {
    /// Of ASCII, and random enough that no part of it turns up by chance.
    #[track_caller]
    pub fn new(name: &'static str, text: &str) -> Self {
        let parts: Vec<&[u8]> = text.as_bytes().chunks_exact(PART_CHARACTERS).collect();
        assert!(!parts.is_empty() && text.is_ascii(), "{name} is too short, or no ASCII");
        Self { name, forms: parts.into_iter().flat_map(forms).collect() }
    }

    pub fn findings(secrets: &[Self], bytes: &[u8]) -> Vec<Finding> {
        let forms: Vec<_> = secrets
            .iter()
            .flat_map(|secret| secret.forms.iter().map(|(form, text)| (secret.name, *form, text)))
            .collect();
        let mut by_beginning = vec![Vec::new(); 1 << 16];
        for form in &forms {
            by_beginning[beginning(form.2)].push(*form);
        }
        let found = |at: usize| {
            let here = by_beginning[beginning(&bytes[at..])].iter().filter(move |form| bytes[at..].starts_with(form.2));
            here.map(move |(name, form, _)| Finding { name, form, at })
        };
        (0..bytes.len().saturating_sub(1)).flat_map(found).collect()
    }
}

fn beginning(bytes: &[u8]) -> usize {
    usize::from(u16::from_be_bytes([bytes[0], bytes[1]]))
}

fn forms(part: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let text = str::from_utf8(part).unwrap();
    let hex: String = part.iter().map(|byte| format!("{byte:02x}")).collect();
    let percent: String = part.iter().map(|byte| format!("%{byte:02x}")).collect();
    let wide = |to_bytes: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(to_bytes).collect();
    let mut forms = vec![
        ("clear", part.to_vec()),
        ("backwards", part.iter().rev().copied().collect()),
        ("hex", hex.clone().into_bytes()),
        ("HEX", hex.to_uppercase().into_bytes()),
        ("percent", percent.to_uppercase().into_bytes()),
        ("percent, lower case", percent.into_bytes()),
        ("UTF-16LE", wide(u16::to_le_bytes)),
        ("UTF-16BE", wide(u16::to_be_bytes)),
        ("UTF-32LE", text.chars().flat_map(|character| (character as u32).to_le_bytes()).collect()),
        ("decimal list", part.iter().map(u8::to_string).collect::<Vec<_>>().join(",").into_bytes()),
        ("decimal list, spaced", part.iter().map(u8::to_string).collect::<Vec<_>>().join(", ").into_bytes()),
    ];
    for (form, engine) in [("base64", STANDARD), ("base64url", URL_SAFE)] {
        for before in 0..3 {
            // The characters that hold bits of this part alone, whatever stands before and after it.
            let encoded = engine.encode([&vec![0; before], part].concat());
            let (first, last) = ([0, 2, 3][before], (before + part.len()) * 8 / 6);
            forms.push((form, encoded.as_bytes()[first..last].to_vec()));
        }
    }
    forms
}

mod tests {
    use super::*;

    const SECRET: &str = "Zx9k?>Qw7p~~oJ3m";

    fn found(text: &[u8]) -> Vec<&'static str> {
        let mut bytes = vec![0xa5; 1000];
        bytes.extend_from_slice(text);
        bytes.extend_from_slice(&[0xa5; 1000]);
        let findings = Secret::findings(&[Secret::new("planted", SECRET)], &bytes);
        assert!(findings.iter().all(|finding| (1000..1000 + text.len()).contains(&finding.at)), "{findings:?}");
        findings.into_iter().map(|finding| finding.form).collect()
    }

    /// Each as other programs write it.
    #[test]
    fn the_search_notices_every_form_wherever_it_is_planted() {
        let utf_16 = |order: fn(u16) -> [u8; 2]| SECRET.encode_utf16().flat_map(order).collect::<Vec<u8>>();
        let utf_32: Vec<u8> = SECRET.chars().flat_map(|character| u32::from(character).to_le_bytes()).collect();
        let backwards: String = SECRET.chars().rev().collect();
        for (form, text) in [
            ("clear", SECRET.as_bytes()),
            ("clear", b"{\"password\":\"Zx9k?>Qw7p~~oJ3m\"}"),
            // Its end was overwritten.
            ("clear", b"Zx9k?>Qw7p~~\0\0\0\0"),
            ("backwards", backwards.as_bytes()),
            ("hex", b"5a78396b3f3e517737707e7e6f4a336d"),
            ("HEX", b"5A78396B3F3E517737707E7E6F4A336D"),
            ("percent", b"%5A%78%39%6B%3F%3E%51%77%37%70%7E%7E%6F%4A%33%6D"),
            ("percent, lower case", b"%5a%78%39%6b%3f%3e%51%77%37%70%7e%7e%6f%4a%33%6d"),
            ("UTF-16LE", &utf_16(u16::to_le_bytes)),
            ("UTF-16BE", &utf_16(u16::to_be_bytes)),
            ("UTF-32LE", &utf_32),
            ("decimal list", b"[90,120,57,107,63,62,81,119,55,112,126,126,111,74,51,109]"),
            ("decimal list, spaced", b"[90, 120, 57, 107, 63, 62, 81, 119, 55, 112, 126, 126, 111, 74, 51, 109]"),
        ] {
            assert!(found(text).contains(&form), "{form}: {}", String::from_utf8_lossy(text));
        }
        for before in ["", "x", "xy", "xyz"] {
            for after in ["", "a", "ab", "abc"] {
                let text = format!("{before}{SECRET}{after}");
                assert!(found(STANDARD.encode(&text).as_bytes()).contains(&"base64"), "{text}");
                assert!(found(URL_SAFE.encode(&text).as_bytes()).contains(&"base64url"), "{text}");
            }
        }
    }

    #[test]
    fn the_search_finds_nothing_where_nothing_is() {
        for text in ["", "Zx9k?>Qw7p~", "zx9k?>qw7p~~oj3m", "5a78396b3f3e517737707e", SECRET.trim_start_matches("Zx9k")]
        {
            assert_eq!(found(text.as_bytes()), [""; 0], "{text}");
        }
    }
}
