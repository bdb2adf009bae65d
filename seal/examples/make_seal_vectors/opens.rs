//! Envelopes that open.

use crate::parts::{Recipe, fresh_nonce, header, nonce_at, payload};
use crate::{Cases, EMAIL, Keys, NOW, PASSWORD, Verdict};

pub(crate) fn add(cases: &mut Cases, keys: &Keys) {
    let key = &keys.first;
    cases.add("opens", Recipe::new("opens", key).text(), Verdict::Opens(PASSWORD));
    add_purposes(cases, keys);
    add_passwords(cases, keys);
    add_payloads(cases, keys);

    let name = "opens with a 4096-bit key";
    let text = Recipe::new(name, &keys.large).text();
    cases.add(name, text, Verdict::Opens(PASSWORD)).keys = vec![keys.large.name];

    let name = "opens with the key that kid names among several";
    let text = Recipe::new(name, &keys.second).text();
    cases.add(name, text, Verdict::Opens(PASSWORD)).keys = vec![key.name, keys.second.name, keys.large.name];

    let name = "opens with the typ that RFC 7516 gives to this serialization";
    let typed = header(key).replacen('{', r#"{"typ":"JOSE","#, 1);
    cases.add(name, Recipe::new(name, key).header(typed).text(), Verdict::Opens(PASSWORD));

    let name = "opens with other whitespace and order in the header";
    let spaced = format!("{{\"kid\" : \"{}\",\r\n \"enc\":\"A256GCM\", \"alg\":\"RSA-OAEP-256\"}}\n", key.kid);
    cases.add(name, Recipe::new(name, key).header(spaced).text(), Verdict::Opens(PASSWORD));

    let name = "opens though the RSA ciphertext begins with a zero byte";
    let parts = (0..)
        .map(|attempt| Recipe::new(&format!("{name} {attempt}"), key).parts())
        .find(|parts| parts.rsa[0] == 0)
        .expect("one in 256 does");
    cases.add(name, parts.text(), Verdict::Opens(PASSWORD));

    for (name, age) in [
        ("opens at the last millisecond of the nonce", 299_999),
        ("opens with a nonce of this very moment", 0),
        ("opens with a nonce from a clock that is ten seconds ahead", -10_000),
    ] {
        let payload = payload(PASSWORD, "login", EMAIL, &nonce_at(NOW - age));
        cases.add(name, Recipe::new(name, key).payload(payload).text(), Verdict::Opens(PASSWORD));
    }
}

fn add_purposes(cases: &mut Cases, keys: &Keys) {
    for purpose in ["register", "current_password", "new_password"] {
        let name = format!("opens for {purpose}");
        let payload = payload(PASSWORD, purpose, EMAIL, &fresh_nonce());
        let text = Recipe::new(&name, &keys.first).payload(payload).text();
        cases.add(&name, text, Verdict::Opens(PASSWORD)).purpose = purpose;
    }
}

fn add_passwords(cases: &mut Cases, keys: &Keys) {
    let long = "🔑".repeat(256);
    for (name, password) in [
        ("opens to a password beyond ASCII", "pässwörd 密码 🔐👩‍👩‍👧"),
        ("opens to a password of 1024 bytes", long.as_str()),
        ("opens to a password that JSON must escape", "\"\\/\u{8}\u{c}\n\r\t\u{0}\u{1f}\u{7f}"),
        ("opens to an empty password", ""),
    ] {
        let payload = payload(password, "login", EMAIL, &fresh_nonce());
        cases.add(name, Recipe::new(name, &keys.first).payload(payload).text(), Verdict::Opens(password));
    }
    let name = "opens to a password with unnecessary escapes";
    let escaped = payload("@", "login", EMAIL, &fresh_nonce()).replace(r#""@""#, r#""\u0070\u00E9\/\ud83d\ude00""#);
    cases.add(name, Recipe::new(name, &keys.first).payload(escaped).text(), Verdict::Opens("pé/😀"));
}

fn add_payloads(cases: &mut Cases, keys: &Keys) {
    let plain = payload(PASSWORD, "login", EMAIL, &fresh_nonce());
    let name = "opens though the payload has unknown members";
    let more = plain.replacen('{', r#"{"client":{"name":"x","versions":[1,2]},"#, 1);
    cases.add(name, Recipe::new(name, &keys.first).payload(more).text(), Verdict::Opens(PASSWORD));

    let name = "opens with other whitespace in the payload";
    let spaced = format!(" \t\r\n{} \t\r\n", plain.replace(',', " ,\n "));
    cases.add(name, Recipe::new(name, &keys.first).payload(spaced).text(), Verdict::Opens(PASSWORD));

    let name = "opens with exactly 4096 bytes of text";
    let text = (0..4)
        .flat_map(|spaces| (2350..2700).map(move |filler| (spaces, filler)))
        .map(|(spaces, filler)| {
            let filler = plain.replacen('{', &format!(r#"{{"filler":"{}","#, "x".repeat(filler)), 1);
            let header = format!("{}{}", header(&keys.first), " ".repeat(spaces));
            Recipe::new(name, &keys.first).header(header).payload(filler).text()
        })
        .find(|text| text.len() == 4096)
        .expect("some filler makes it exact");
    cases.add(name, text, Verdict::Opens(PASSWORD));
}
