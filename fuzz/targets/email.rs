//! Email addresses and their one canonical form.
#![no_main]

use bulla::model::Email;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let parsed = Email::parse(text);
    for spelling in [text.to_ascii_uppercase(), text.to_ascii_lowercase(), format!(" {text}\t\n")] {
        let is_too_long = spelling.len() > 4 * 254;
        assert!(is_too_long || Email::parse(&spelling) == parsed, "another address by its spelling: {spelling:?}");
    }
    let Ok(email) = parsed else { return };
    let canonical = email.as_str();
    assert_eq!(Email::parse(canonical).as_ref().map(Email::as_str), Ok(canonical), "the canonical form is not stable");
    assert!(canonical.len() <= 254 && canonical.matches('@').count() == 1);
    assert!(!canonical.chars().any(|character| character.is_control() || character.is_whitespace()));
    assert!(!email.local_part().is_empty() && !email.domain().is_empty() && email.domain().is_ascii());
    assert_eq!(format!("{}@{}", email.local_part(), email.domain()), canonical);
    // It goes into a header of /verify.
    assert!(!canonical.contains(['\r', '\n', '\0']));
});
