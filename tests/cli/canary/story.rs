//! What people do with a password, and everything that can go wrong with it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bulla_seal::{Payload, PublicKey, Purpose};
use serde_json::{Value, json};

use super::search::Secret;
use crate::support::{Answer, Home, Remote, Tokens, openssl, rsa_key};

/// Someone whose passwords are sung nowhere else.
pub struct Bird {
    pub email: &'static str,
    pub password: String,
    pub next_password: String,
    /// Too short to be accepted.
    weak_password: String,
}

pub struct Story<'s> {
    home: &'s Home,
    remote: &'s Remote,
    /// Called after every answer.
    look: &'s dyn Fn(&Answer),
    pub answers: Vec<Answer>,
    /// Of every session that was opened.
    pub tokens: Vec<Tokens>,
}

/// Letters and digits, as many as asked for, of the system's randomness.
pub fn random_text(home: &Home, characters: usize) -> String {
    let base64 = openssl(home, &["rand", "-base64", &(characters * 2).to_string()], "");
    base64.chars().filter(char::is_ascii_alphanumeric).take(characters).collect()
}

impl Bird {
    /// A password of plain letters.
    pub fn plain(home: &Home, email: &'static str) -> Self {
        Self::with(home, email, |text| text)
    }

    /// A password that is normalized before it is hashed, and escaped in JSON. Its middle takes the place of nothing
    /// that is looked for.
    pub fn decomposed(home: &Home, email: &'static str) -> Self {
        Self::with(home, email, |text| format!("{}e\u{301}\"\n{}", &text[..24], &text[24..]))
    }

    fn with(home: &Home, email: &'static str, form: fn(String) -> String) -> Self {
        let [password, next_password] = [(); 2].map(|()| form(random_text(home, 48)));
        Self { email, password, next_password, weak_password: random_text(home, 14) }
    }

    pub fn secrets(&self) -> Vec<Secret> {
        let plain = |text: &str| text.replace("e\u{301}\"\n", "");
        vec![
            Secret::new("a password", &plain(&self.password)),
            Secret::new("the next password", &plain(&self.next_password)),
            Secret::new("a weak password", &self.weak_password),
        ]
    }
}

impl<'s> Story<'s> {
    pub fn at(home: &'s Home, remote: &'s Remote, look: &'s dyn Fn(&Answer)) -> Self {
        Self { home, remote, look, answers: vec![], tokens: vec![] }
    }

    fn noted(&mut self, answer: Answer) -> Answer {
        (self.look)(&answer);
        self.answers.push(answer.clone());
        answer
    }

    pub fn send(&mut self, path: &str, body: &Value) -> Answer {
        let answer = self.remote.post(path, body);
        self.noted(answer)
    }

    pub fn login(&mut self, email: &str, sealed: &str) -> Answer {
        self.send("login", &json!({ "email": email, "password": sealed }))
    }

    fn register(&mut self, email: &str, sealed: &str) -> Answer {
        self.send("register", &json!({ "name": "A Bird", "email": email, "password": sealed }))
    }

    fn change(&mut self, access: &str, current: &str, new: &str) -> Answer {
        let body = json!({ "current_password": current, "new_password": new });
        let answer = self.remote.try_post_with_token("password", access, &body).unwrap();
        self.noted(answer)
    }

    pub fn sealed(&self, bird: &Bird, purpose: Purpose) -> String {
        self.remote.seal(purpose, bird.email, &bird.password)
    }

    /// What a password is for.
    pub fn succeeds(&mut self, bird: &Bird) {
        let seal = |purpose, password: &str| self.remote.seal(purpose, bird.email, password);
        let (register, login) = (seal(Purpose::Register, &bird.password), seal(Purpose::Login, &bird.password));
        let current = seal(Purpose::CurrentPassword, &bird.password);
        let new = seal(Purpose::NewPassword, &bird.next_password);
        let (back_current, back) =
            (seal(Purpose::CurrentPassword, &bird.next_password), seal(Purpose::NewPassword, &bird.password));
        let raw =
            bulla_seal::seal_raw(&PublicKey::from_pem(&self.remote.get("public.pem").body).unwrap(), &bird.password);
        self.register(bird.email, &register).ok(201);
        let first = Tokens::of(&self.login(bird.email, &login));
        let second = Tokens::of(&self.login(bird.email, &raw.unwrap()));
        let changed = Tokens::of(&self.change(&first.access, &current, &new));
        let changed_back = Tokens::of(&self.change(&changed.access, &back_current, &back));
        let refreshed = Tokens::of(&self.send("refresh", &json!({ "refresh_token": changed_back.refresh })));
        for path in ["profile", "verify", "sessions"] {
            let answer = self.remote.with_token("GET", path, &refreshed.access);
            self.noted(answer).status.eq(&200).then_some(()).unwrap();
        }
        self.tokens.extend([first, second, changed, changed_back, refreshed]);
    }

    /// What is refused before anyone looks inside.
    pub fn is_refused_outside(&mut self, bird: &Bird) {
        let sealed = self.sealed(bird, Purpose::Login);
        rsa_key(self.home, "strange.pem", 3072);
        let strange = openssl(self.home, &["pkey", "-in", "strange.pem", "-pubout"], "");
        let strange = PublicKey::from_pem(&strange).unwrap();
        let nonce = self.remote.get("sealing-key").json()["nonce"].as_str().unwrap().to_owned();
        let payload = payload(bird, Purpose::Login, &nonce);
        self.login(bird.email, &bulla_seal::seal(&strange, &payload).unwrap()).problem(400, "unknown_sealing_key");
        self.login(bird.email, &sealed[..sealed.len() - 30]).problem(400, "invalid_envelope");
        self.login(bird.email, &format!("{sealed}!")).problem(400, "invalid_envelope");
        self.send("login", &json!({ "email": 7, "password": sealed })).problem(400, "malformed_request");
        self.login("no address", &sealed).problem(422, "validation_failed");
        let text = self.remote.request("login", &["--data-binary", "@-"], &sealed).unwrap();
        self.noted(text).problem(415, "unsupported_media_type");
    }

    /// What is refused once someone looked inside.
    pub fn is_refused_inside(&mut self, bird: &Bird) {
        let key = PublicKey::from_pem(&self.remote.get("public.pem").body).unwrap();
        let register = self.sealed(bird, Purpose::Register);
        self.register(bird.email, &register).problem(409, "email_taken");
        self.register(bird.email, &register).problem(401, "reused_envelope");
        let weak = self.remote.seal(Purpose::Register, "weak@example.com", &bird.weak_password);
        self.register("weak@example.com", &weak).problem(422, "weak_password");

        let stale = bulla_seal::seal(&key, &payload(bird, Purpose::Login, &"A".repeat(32))).unwrap();
        self.login(bird.email, &stale).problem(401, "stale_envelope");
        let used = self.sealed(bird, Purpose::Login);
        let tokens = Tokens::of(&self.login(bird.email, &used));
        self.tokens.push(tokens);
        self.login(bird.email, &used).problem(401, "reused_envelope");

        let right = self.sealed(bird, Purpose::Login);
        let wrongs = [
            self.sealed(bird, Purpose::Register),
            self.remote.seal(Purpose::Login, "another@example.com", &bird.password),
            self.remote.seal(Purpose::Login, bird.email, &bird.next_password),
            with_another(&right, 4),
            with_another(&self.sealed(bird, Purpose::Login), 3),
            with_another(&self.sealed(bird, Purpose::Login), 1),
            STANDARD.encode([1; 384]),
        ];
        for wrong in &wrongs {
            self.home.run(&["users", "unlock", bird.email]).ok();
            self.login(bird.email, wrong).problem(401, "invalid_credentials");
        }
        self.home.run(&["users", "unlock", bird.email]).ok();
        let nobody = self.remote.seal(Purpose::Login, "nobody@example.com", &bird.password);
        self.login("nobody@example.com", &nobody).problem(401, "invalid_credentials");
    }

    /// A password change that is refused, for each reason.
    pub fn change_is_refused(&mut self, bird: &Bird) {
        let login = self.sealed(bird, Purpose::Login);
        let tokens = Tokens::of(&self.login(bird.email, &login));
        let remote = self.remote;
        let current = |password: &str| remote.seal(Purpose::CurrentPassword, bird.email, password);
        let new = |password: &str| remote.seal(Purpose::NewPassword, bird.email, password);
        let answer = self.change(&tokens.access, &current(&bird.next_password), &new(&bird.next_password));
        answer.problem(401, "invalid_credentials");
        let answer = self.change(&tokens.access, &current(&bird.password), &new(&bird.weak_password));
        answer.problem(422, "weak_password");
        let answer = self.change(&tokens.access, &current(&bird.password), &current(&bird.password));
        answer.problem(401, "invalid_credentials");
        let answer = self.change("x", &current(&bird.password), &new(&bird.next_password));
        answer.problem(401, "invalid_token");
        self.tokens.push(tokens);
    }

    /// Too often, too many, disabled, and with the database away.
    pub fn is_turned_away(&mut self, bird: &Bird) {
        let sealed = || self.sealed(bird, Purpose::Login);
        let (disabled, away) = (sealed(), sealed());
        self.home.run(&["users", "disable", bird.email]).ok();
        self.login(bird.email, &disabled).problem(403, "account_disabled");
        self.home.run(&["users", "enable", bird.email]).ok();
        let holder = rusqlite::Connection::open(self.home.path("bulla-data/bulla.db")).unwrap();
        holder.execute_batch("BEGIN IMMEDIATE").unwrap();
        self.login(bird.email, &away).problem(503, "unavailable");
        holder.close().unwrap();

        let crowd: Vec<String> = (0..8).map(|_| self.sealed(bird, Purpose::Login)).collect();
        let answers = std::thread::scope(|scope| {
            let remote = self.remote;
            let asking = |(number, sealed): (usize, &String)| {
                let body = json!({ "email": format!("bird{number}@example.com"), "password": sealed });
                scope.spawn(move || remote.post("login", &body))
            };
            let asked: Vec<_> = crowd.iter().enumerate().map(asking).collect();
            asked.into_iter().map(|answer| answer.join().unwrap()).collect::<Vec<_>>()
        });
        assert!(answers.iter().any(|answer| answer.is(503, "overloaded")), "{answers:?}");
        self.answers.extend(answers);

        let guesses: Vec<String> =
            (0..9).map(|_| self.remote.seal(Purpose::Login, bird.email, &bird.next_password)).collect();
        let answers: Vec<Answer> = guesses.iter().map(|guess| self.login(bird.email, guess)).collect();
        assert!(answers.iter().any(|answer| answer.is(429, "too_many_attempts")), "{answers:?}");
        self.home.run_with(&["users", "set-password", bird.email], &bird.password).ok();
    }
}

fn payload<'p>(bird: &'p Bird, purpose: Purpose, nonce: &'p str) -> Payload<'p> {
    Payload { password: &bird.password, purpose, email: bird.email, nonce }
}

/// A JWE whose part of this number begins with another character.
fn with_another(envelope: &str, number: usize) -> String {
    let mut parts: Vec<String> = envelope.split('.').map(str::to_owned).collect();
    let other = if parts[number].starts_with('B') { "C" } else { "B" };
    parts[number].replace_range(..1, other);
    parts.join(".")
}
