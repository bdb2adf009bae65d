//! Services that verify with the shared secret go on as they are.

use serde_json::Value;

use crate::moving::{bulla, import, left_by};
use crate::people::ada;
use crate::support::{SECRET, Server, Tokens};
use crate::tutorial::{Tutorial, log_in, middleware};

#[track_caller]
fn access_token(server: &Server) -> String {
    Tokens::of(&log_in(server, &ada().email, &ada().password)).access
}

#[test]
fn the_services_own_middleware_and_routes_accept_our_token_and_find_the_same_person() {
    let (home, _database) = left_by(&[ada()]);
    import(&home, &[]).ok();
    let token = access_token(&bulla(&home));
    let claims = middleware(&home, &token);
    assert_eq!((&claims["id"], &claims["email"]), (&Value::from("1"), &Value::from(ada().email)));
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 3600, "JWT_EXPIRES=1h: {claims}");
    let profile = Tutorial::start(&home).profile(&token).ok(200);
    assert_eq!((&profile["id"], &profile["name"]), (&Value::from(1), &Value::from(ada().name)));
}

#[test]
fn its_middleware_refuses_a_changed_token_and_one_under_another_secret() {
    let (home, _database) = left_by(&[ada()]);
    import(&home, &[]).ok();
    let token = access_token(&bulla(&home));
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let (first, rest) = signature.split_at(1);
    let changed = format!("{signed}.{}{rest}", if first == "A" { "B" } else { "A" });
    let other = access_token(&Server::with(&home, &[("JWT_SECRET", SECRET)]));
    for token in [changed, other] {
        assert_eq!(middleware(&home, &token)["refused"]["message"], "Invalid or expired token");
    }
}

/// Its logout did nothing, so the token that it gave out before the move must not open a session of ours.
#[test]
fn a_token_that_the_service_gave_out_has_no_session_here() {
    let (home, _database) = left_by(&[ada()]);
    let tutorial = Tutorial::start(&home);
    let old = log_in(&tutorial, &ada().email, &ada().password).ok(200)["token"].as_str().unwrap().to_owned();
    tutorial.stop();
    import(&home, &[]).ok();
    let server = bulla(&home);
    server.profile(&old).problem(401, "invalid_token");
    server.profile(&access_token(&server)).ok(200);
}
