//! Nodes in pieces: an app before it serves, and a node without the chores of a running one.

use std::sync::Arc;

use bulla::app::{App, Parts};
use bulla::clock::Clock;
use bulla::config::{Config, Settings};
use bulla::model::{MasterKey, Timestamp};
use bulla::{flows, store};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::database::TestDatabase;
use super::server::serve;
use super::{Answer, TestServer};

/// A node that serves, but does nothing by itself: what others did it learns from requests, or not at all.
pub struct PassiveNode {
    url: String,
    http: reqwest::Client,
}

impl PassiveNode {
    pub async fn beside(server: &TestServer) -> Self {
        let app = Arc::new(app_beside(server, MasterKey::new([7; 32])).await);
        flows::keep_keys(&app).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        serve(listener, &app);
        Self { url, http: server.http.clone() }
    }

    pub async fn login_with(&self, email: &str, envelope: &str) -> Answer {
        let request = self.http.post(format!("{}/api/auth/login", self.url));
        Answer::read(request.json(&json!({ "email": email, "password": envelope })).send().await.unwrap()).await
    }

    pub async fn with_token(&self, path: &str, access: &str) -> Answer {
        let request = self.http.request(Method::GET, format!("{}/api/auth/{path}", self.url));
        Answer::read(request.bearer_auth(access).send().await.unwrap()).await
    }

    pub async fn sealing_key_document(&self) -> Value {
        Answer::read(self.http.get(format!("{}/api/auth/sealing-key", self.url)).send().await.unwrap()).await.ok(200)
    }
}

/// Another app on a server's database and clock, before its keys are loaded.
pub async fn app_beside(server: &TestServer, master_key: MasterKey) -> App {
    let config = server.app.config.clone();
    app(config, server.app.clock.clone(), master_key).await
}

/// An app on a database that may be empty, before its keys are loaded.
pub async fn app_on(database: &TestDatabase) -> App {
    let settings = Settings {
        database_url: Some(database.url.clone()),
        public_url: Some("https://auth.test".to_owned()),
        database_timeout: Some(super::DATABASE_TIMEOUT.to_owned()),
        ..Settings::default()
    };
    let clock = Clock::manual(Timestamp::from_milliseconds(1_800_000_000_000));
    app(Config::resolve(&settings).unwrap(), clock, MasterKey::new([7; 32])).await
}

pub async fn empty_database() -> TestDatabase {
    TestDatabase::create().await
}

async fn app(config: Config, clock: Clock, master_key: MasterKey) -> App {
    let db = store::connect(&config.database, config.database_limits).await.unwrap();
    store::migrate(&db).await.unwrap();
    let public_url = config.public_url.clone().unwrap();
    App::new(Parts { config, public_url, clock, db, master_key })
}
