//! People as they register with a service that checks nothing.

#[derive(Clone, Debug)]
pub struct Person {
    pub name: String,
    pub email: String,
    pub password: String,
}

pub fn person(name: &str, email: &str, password: &str) -> Person {
    Person { name: name.to_owned(), email: email.to_owned(), password: password.to_owned() }
}

pub fn ada() -> Person {
    person("Ada Lovelace", "ada@example.com", "quiet tides")
}

/// Names, addresses and passwords of every kind that such a service lets in and that can move.
pub fn everyone() -> Vec<Person> {
    let mut everyone = vec![
        ada(),
        person("Grace 🦉 Hopper", "Grace.Hopper@Example.COM", "Nanosecond!"),
        person("Иван Петров", "ivan@example.ru", "пароль с пробелами"),
        person("李小龍", "li@例え.jp", "水のように流れよ"),
        person("Zoë", "ZOË@example.com", "pässwörd-composed"),
        // As a Mac types it: letters and their marks apart.
        person("Jose\u{301}", "jose@example.com", "contrasen\u{303}a de Jose\u{301}"),
        // bcrypt sees 72 bytes of it.
        person("Long", "long@example.com", &"eighty bytes of it ".repeat(5)),
        // Of those, the last is in the middle of a letter.
        person("Längé", "laenge@example.com", &format!("x{}", "ä".repeat(60))),
        person("Short", "short@example.com", "x"),
        person("Emoji", "emoji+news@example.com", "🔑🗝️🔐"),
        person("  Spaces around  ", "spaces@example.com", " spaces around "),
        person("O'Brien \"Bob\"; DROP TABLE users", "o'brien@example.com", "'; DROP TABLE users; --"),
        person("Dollar", "dollar@example.com", "$2b$10$not.a.hash"),
        // The service's table has room for more of a name than 200 letters, but a person who moves has fewer.
        person(&"n".repeat(200), "n@example.com", "password1"),
    ];
    everyone.extend((everyone.len() + 1..=25).map(|number| {
        person(&format!("Person {number}"), &format!("Person{number}@example.com"), &format!("secret-{number}"))
    }));
    everyone
}
