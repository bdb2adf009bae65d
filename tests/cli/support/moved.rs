//! People with sessions, spent envelopes and a disabled account, to be found again after their database has moved.

use bulla_seal::Purpose;
use serde_json::Value;

use super::{EMAIL, Home, Remote, Server, Tokens};

pub struct Moved {
    signed_in: Tokens,
    logged_out: Tokens,
    /// The body of a login that was answered.
    spent: Value,
}

const DISABLED: &str = "bob@example.com";

/// A folder whose tokens stay valid from server to server.
pub fn home_with_url() -> Home {
    Home::new().with("BULLA_PUBLIC_URL", "https://auth.example.com").with("BULLA_ADDRESS_RATE", "off")
}

impl Moved {
    #[track_caller]
    pub fn out_of(home: &Home, server: &Server) -> Self {
        let (signed_in, logged_out) = (server.ada(), server.login(EMAIL));
        server.with_token("POST", "logout", &logged_out.access).ok(200);
        let spent = server.sealed_body(Purpose::Login, EMAIL);
        server.post("login", &spent).ok(200);
        server.register(DISABLED);
        home.run(&["users", "disable", DISABLED]).ok();
        Self { signed_in, logged_out, spent }
    }

    /// Everything is as it was before the move.
    #[track_caller]
    pub fn is_found_on(&mut self, server: &Remote) {
        server.profile(&self.signed_in.access).ok(200);
        self.signed_in = Tokens::of(&server.refresh(&self.signed_in.refresh));
        server.profile(&self.signed_in.access).ok(200);
        server.profile(&self.logged_out.access).problem(401, "invalid_token");
        server.refresh(&self.logged_out.refresh).problem(401, "invalid_token");
        server.post("login", &self.spent).problem(401, "reused_envelope");
        server.try_login(DISABLED).problem(403, "account_disabled");
        server.login(EMAIL);
    }
}
