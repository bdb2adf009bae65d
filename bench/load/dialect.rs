//! How each server is spoken to: the same five questions in five dialects.

use bulla_seal::Purpose;
use serde_json::json;

use crate::sealer::Sealer;
use crate::stage::Failure;
use crate::wire::{Answer, Wire, get, post, post_as};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    Bulla,
    Tutorial,
    BetterAuth,
    FastApi,
    Loco,
}

#[derive(Clone, Debug)]
pub struct Person {
    pub email: String,
    pub password: &'static str,
}

/// What a login brought.
#[derive(Clone, Debug)]
pub struct Session {
    /// A whole line of a request's head.
    header: String,
    refresh_token: Option<String>,
}

impl Session {
    pub fn can_be_refreshed(&self) -> bool {
        self.refresh_token.is_some()
    }
}

impl Dialect {
    pub fn sealer(self, wire: &mut Wire) -> Result<Sealer, Failure> {
        match self {
            Self::Bulla => Sealer::jwe(wire),
            Self::Tutorial => Sealer::oaep(wire),
            Self::BetterAuth | Self::FastApi | Self::Loco => Ok(Sealer::Clear),
        }
    }

    pub fn register(self, person: &Person, sealer: &Sealer) -> Result<Vec<u8>, Failure> {
        let Person { email, password } = person;
        let clear = json!({ "name": "Ada", "email": email, "password": password });
        Ok(match self {
            Self::Bulla => {
                let password = sealer.seal(Purpose::Register, email, password)?;
                post("/api/auth/register", "", &json!({ "name": "Ada", "email": email, "password": password }))
            }
            Self::Tutorial | Self::Loco => post("/api/auth/register", "", &clear),
            Self::BetterAuth => post("/api/auth/sign-up/email", "", &clear),
            Self::FastApi => post("/register", "", &json!({ "username": email, "password": password })),
        })
    }

    pub fn login(self, person: &Person, sealer: &Sealer) -> Result<Vec<u8>, Failure> {
        let Person { email, password } = person;
        let body = json!({ "email": email, "password": sealer.seal(Purpose::Login, email, password)? });
        Ok(match self {
            Self::Bulla | Self::Tutorial | Self::Loco => post("/api/auth/login", "", &body),
            Self::BetterAuth => post("/api/auth/sign-in/email", "", &body),
            Self::FastApi => {
                let form = format!("username={}&password={}", encoded(email), encoded(password));
                post_as("application/x-www-form-urlencoded", "/token", "", &form)
            }
        })
    }

    pub fn session(self, answer: &Answer) -> Result<Session, Failure> {
        let body = answer.json()?;
        let text = |name: &str| body[name].as_str().ok_or_else(|| format!("no {name} in {body}"));
        let bearer = |name: &str| Ok::<_, String>(format!("Authorization: Bearer {}\r\n", text(name)?));
        let (header, refresh_token) = match self {
            Self::Bulla => (bearer("access_token")?, Some(text("refresh_token")?.to_owned())),
            Self::Tutorial | Self::Loco => (bearer("token")?, None),
            Self::FastApi => (bearer("access_token")?, None),
            Self::BetterAuth => {
                let headers = answer.head.lines().filter_map(|line| line.split_once(':'));
                let set = headers.filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie"));
                let cookies: Vec<&str> = set.filter_map(|(_, cookie)| cookie.trim().split(';').next()).collect();
                (format!("Cookie: {}\r\n", cookies.join("; ")), None)
            }
        };
        Ok(Session { header, refresh_token })
    }

    /// Is this token good? Where the server has a route that answers so without its database.
    pub fn verify(self, session: &Session) -> Option<Vec<u8>> {
        match self {
            Self::Bulla => Some(get("/api/auth/verify", &session.header)),
            // It forgets nothing: it says yes to every token that is good.
            Self::Tutorial => Some(post_as("text/plain", "/api/auth/logout", &session.header, "")),
            Self::BetterAuth => Some(get("/api/verify", &session.header)),
            Self::FastApi => Some(get("/verify", &session.header)),
            Self::Loco => None,
        }
    }

    pub fn checks_tokens(self) -> bool {
        self != Self::Loco
    }

    /// Who is this, as the database knows them.
    pub fn profile(self, session: &Session) -> Vec<u8> {
        let path = match self {
            Self::Bulla | Self::Tutorial => "/api/auth/profile",
            Self::BetterAuth => "/api/profile",
            Self::FastApi => "/users/me/",
            Self::Loco => "/api/auth/current",
        };
        get(path, &session.header)
    }

    /// Whether its answer says that an account was made: loco's is the same when it was not.
    pub fn tells_of_registration(self) -> bool {
        self != Self::Loco
    }

    /// `None` where there is nothing to refresh.
    pub fn refresh(self, session: &Session) -> Option<Vec<u8>> {
        let token = session.refresh_token.as_ref()?;
        Some(post("/api/auth/refresh", "", &json!({ "refresh_token": token })))
    }
}

/// For a form (`application/x-www-form-urlencoded`).
fn encoded(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(byte).collect()
}
