//! What Prometheus finds after known traffic, and whether docs/metrics.md and the dashboard speak of the same.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use bulla_seal::Purpose;
use serde_json::{Value, json};

use crate::support::{Answer, EMAIL, Home, OTHER_PASSWORD, PASSWORD, Server, Tokens, body, curl, free_port};

/// A server, and where its metrics are.
struct Measured {
    server: Server,
    metrics: String,
}

/// `name{labels}` and its value, and of each name what was said about it.
struct Scrape {
    samples: BTreeMap<String, f64>,
    types: BTreeMap<String, String>,
    helps: BTreeSet<String>,
}

impl Measured {
    fn start(home: &Home) -> Self {
        let metrics = format!("127.0.0.1:{}", free_port());
        let server = Server::with(home, &[("BULLA_METRICS_ADDRESS", &metrics), ("BULLA_HASH_THREADS", "1")]);
        Self { server, metrics }
    }

    fn scrape(&self) -> Scrape {
        let answer = Answer::of(&curl(&[&format!("http://{}/metrics", self.metrics)], "")).unwrap();
        Scrape::of(&answer.body)
    }

    fn log_in(&self, password: &str) -> Answer {
        self.server.post("login", &body(EMAIL, &self.server.seal(Purpose::Login, EMAIL, password)))
    }
}

impl Scrape {
    fn of(text: &str) -> Self {
        let mut scrape = Self { samples: BTreeMap::new(), types: BTreeMap::new(), helps: BTreeSet::new() };
        for line in text.lines().filter(|line| !line.is_empty()) {
            if let Some(help) = line.strip_prefix("# HELP ") {
                let (name, sentence) = help.split_once(' ').unwrap();
                assert!(sentence.ends_with('.') && scrape.helps.insert(name.to_owned()), "{line}");
            } else if let Some(kind) = line.strip_prefix("# TYPE ") {
                let (name, kind) = kind.split_once(' ').unwrap();
                assert!(scrape.types.insert(name.to_owned(), kind.to_owned()).is_none(), "{line}");
            } else {
                let (series, value) = line.rsplit_once(' ').unwrap();
                assert!(scrape.samples.insert(series.to_owned(), value.parse().unwrap()).is_none(), "{line}");
            }
        }
        scrape
    }

    #[track_caller]
    fn value(&self, series: &str) -> f64 {
        *self.samples.get(series).unwrap_or_else(|| panic!("there is no {series}: {:#?}", self.samples))
    }

    /// Of each metric, the labels that tell its time series apart.
    fn labels(&self) -> BTreeMap<String, BTreeSet<String>> {
        let mut labels: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for series in self.samples.keys() {
            let (sample, given) = series.split_once('{').unwrap_or((series, ""));
            let metric = self.types.keys().find(|name| {
                sample == name.as_str()
                    || (self.types[*name] == "histogram"
                        && ["_bucket", "_sum", "_count"].iter().any(|end| sample == format!("{name}{end}")))
            });
            let metric = metric.unwrap_or_else(|| panic!("{series} has no TYPE"));
            let names = given.trim_end_matches('}').split("\",").filter_map(|label| Some(label.split_once('=')?.0));
            labels.entry(metric.clone()).or_default().extend(names.filter(|name| *name != "le").map(str::to_owned));
        }
        labels
    }
}

/// Everything at least once.
fn traffic(measured: &Measured) {
    let server = &measured.server;
    let first = server.ada();
    let second = Tokens::of(&measured.log_in(PASSWORD));
    let refreshed = Tokens::of(&server.refresh(&second.refresh));
    server.refresh("nothing").problem(401, "invalid_token");
    server.with_token("POST", "logout", &first.access).ok(200);
    server.login(EMAIL);
    let change = json!({
        "current_password": server.seal(Purpose::CurrentPassword, EMAIL, PASSWORD),
        "new_password": server.seal(Purpose::NewPassword, EMAIL, OTHER_PASSWORD),
    });
    let changed = Tokens::of(&server.try_post_with_token("password", &refreshed.access, &change).unwrap());
    server.with_token("DELETE", "sessions", &changed.access).ok(204);
    server.post("register", &server.sealed_body(Purpose::Register, EMAIL)).problem(409, "email_taken");
}

#[test]
fn after_known_traffic_every_number_is_right() {
    let measured = Measured::start(&Home::new());
    let before = measured.scrape();
    for series in [r#"bulla_logins_total{outcome="success"}"#, r#"bulla_throttled_total{kind="account"}"#] {
        assert_eq!(before.value(series), 0.0, "{series} is there before the first one");
    }
    traffic(&measured);
    // From where someone logged in, guesses count apart; five are free.
    let guesses: Vec<u16> = (0..12).map(|_| measured.log_in("a wrong guess at it").status).collect();
    let [wrong, throttled] = [401, 429].map(|status| guesses.iter().filter(|found| **found == status).count() as f64);
    assert!(wrong >= 5.0 && throttled >= 1.0 && wrong + throttled == 12.0, "{guesses:?}");
    let after = measured.scrape();
    let hashes = 2.0 + 3.0 + 2.0 + wrong; // Registrations, logins, a password change, guesses.
    for (series, expected) in [
        (r#"bulla_logins_total{outcome="success"}"#, 3.0),
        (r#"bulla_logins_total{outcome="invalid_credentials"}"#, wrong),
        (r#"bulla_logins_total{outcome="too_many_attempts"}"#, throttled),
        (r#"bulla_registrations_total{outcome="success"}"#, 1.0),
        (r#"bulla_registrations_total{outcome="email_taken"}"#, 1.0),
        (r#"bulla_refreshes_total{outcome="success"}"#, 1.0),
        (r#"bulla_refreshes_total{outcome="invalid_token"}"#, 1.0),
        (r#"bulla_password_changes_total{outcome="success"}"#, 1.0),
        ("bulla_sessions_opened_total", 3.0),
        (r#"bulla_sessions_ended_total{reason="logout"}"#, 1.0),
        (r#"bulla_sessions_ended_total{reason="password_changed"}"#, 1.0),
        (r#"bulla_sessions_ended_total{reason="ended_by_owner"}"#, 1.0),
        (r#"bulla_sessions_ended_total{reason="refresh_token_reused"}"#, 0.0),
        (r#"bulla_throttled_total{kind="account"}"#, throttled),
        (r#"bulla_throttled_total{kind="address"}"#, 0.0),
        (r#"bulla_http_requests_total{method="POST",route="/api/auth/refresh",status="401"}"#, 1.0),
        ("bulla_password_hashes_total", hashes),
        ("bulla_password_hash_duration_seconds_count", hashes),
        ("bulla_hash_queue_wait_seconds_count", hashes - 1.0), // A change of password is two hashes in one go.
        ("bulla_envelope_open_duration_seconds_count", hashes),
        ("bulla_hash_queue_depth", 0.0),
        ("bulla_hash_threads", 1.0),
        ("bulla_hash_threads_busy", 0.0),
        (r#"bulla_keys{purpose="sealing",stage="active"}"#, 1.0),
        (r#"bulla_keys{purpose="signing",stage="active"}"#, 1.0),
        (r#"bulla_keys{purpose="signing",stage="next"}"#, 0.0),
        (r#"bulla_database_connections_max{pool="write"}"#, 1.0),
        (r#"bulla_database_connections_max{pool="read"}"#, 7.0),
        (r#"bulla_database_connections{pool="write",state="idle"}"#, 1.0),
        (concat!(r#"bulla_build_info{version=""#, env!("CARGO_PKG_VERSION"), r#""}"#), 1.0),
    ] {
        assert_eq!(after.value(series), expected, "{series}");
    }
    let seconds = after.value("bulla_password_hash_duration_seconds_sum");
    assert!(seconds / hashes > 0.001 && seconds / hashes < 2.0, "{seconds} s for {hashes} hashes");
}

#[test]
fn the_metrics_of_the_process_are_true() {
    let measured = Measured::start(&Home::new());
    let scrape = measured.scrape();
    let proc = |file: &str| format!("/proc/{}/{file}", measured.server.process.id());
    let open = std::fs::read_dir(proc("fd")).unwrap().count() as f64;
    assert!((scrape.value("process_open_fds") - open).abs() < 4.0, "{open}");
    let kib = |name: &str| {
        let status = std::fs::read_to_string(proc("status")).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).unwrap();
        line.trim().trim_end_matches(" kB").parse::<f64>().unwrap()
    };
    let resident = scrape.value("process_resident_memory_bytes") / 1024.0;
    assert!((resident / kib("VmRSS") - 1.0).abs() < 0.3, "{resident}");
    assert!((scrape.value("process_threads") - kib("Threads")).abs() < 4.0);
    let age = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs_f64();
    assert!((age - scrape.value("process_start_time_seconds")).abs() < 60.0);
    let (before, began) = (scrape.value("process_cpu_seconds_total"), std::time::Instant::now());
    traffic(&measured);
    let spent = measured.scrape().value("process_cpu_seconds_total") - before;
    assert!(spent > 0.0 && spent < 16.0 * began.elapsed().as_secs_f64(), "{spent}");
    assert!(scrape.value("process_max_fds") >= 1024.0);
}

#[test]
fn a_rotation_is_seen_in_the_age_and_the_stages_of_keys() {
    let home = Home::new();
    let measured = Measured::start(&home);
    home.run(&["keys", "rotate", "sealing"]).ok();
    let retiring = r#"bulla_keys{purpose="sealing",stage="retiring"}"#;
    crate::support::within(crate::support::PATIENCE, "the rotation", || {
        Some(()).filter(|()| measured.scrape().value(retiring) == 1.0)
    });
    let scrape = measured.scrape();
    assert_eq!(scrape.value(r#"bulla_keys{purpose="sealing",stage="active"}"#), 1.0);
    let [sealing, signing] = ["sealing", "signing"].map(|purpose| {
        let series = format!("bulla_key_age_seconds{{purpose=\"{purpose}\"}}");
        scrape.value(&series)
    });
    assert!(sealing < signing && signing < 120.0, "{sealing} {signing}");
}

/// `name` and its type and labels of each row.
fn described() -> BTreeMap<String, (String, BTreeSet<String>)> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/metrics.md");
    let page = std::fs::read_to_string(page).unwrap();
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `")).map(|row| {
        let columns: Vec<&str> = row.split('|').map(str::trim).collect();
        let labels = columns[2].split('`').skip(1).step_by(2).map(str::to_owned).collect();
        (columns[0].trim_end_matches('`').to_owned(), (columns[1].to_owned(), labels))
    });
    rows.collect()
}

#[test]
fn the_page_describes_what_is_exposed_and_nothing_else() {
    let measured = Measured::start(&Home::new());
    traffic(&measured);
    let scrape = measured.scrape();
    let labels = scrape.labels();
    let exposed: BTreeMap<String, (String, BTreeSet<String>)> =
        labels.into_iter().map(|(name, labels)| (name.clone(), (scrape.types[&name].clone(), labels))).collect();
    assert_eq!(described(), exposed);
    assert_eq!(scrape.helps, exposed.into_keys().collect::<BTreeSet<_>>());
}

/// Every word in a text that looks like a metric of ours.
fn metrics_named_in(text: &str) -> BTreeSet<String> {
    let is_part = |character: char| character.is_ascii_alphanumeric() || character == '_';
    let words = text.split(|character: char| !is_part(character));
    let ours = words.filter(|word| ["bulla_", "process_"].iter().any(|beginning| word.starts_with(beginning)));
    ours.map(|word| {
        ["_bucket", "_sum", "_count"].iter().find_map(|end| word.strip_suffix(end)).unwrap_or(word).to_owned()
    })
    .collect()
}

#[test]
fn alerts_ask_for_metrics_that_exist() {
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/metrics.md")).unwrap();
    let alerts = page.split_once("groups:").unwrap().1;
    let named = metrics_named_in(alerts);
    assert!(named.len() >= 7, "{named:?}");
    let described = described();
    assert!(named.iter().all(|name| described.contains_key(name)), "{named:?}");
}

#[test]
fn the_dashboard_shows_metrics_that_exist_and_all_of_them() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/grafana-dashboard.json");
    let dashboard: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    assert_eq!(dashboard["templating"]["list"][0]["type"], "datasource");
    let (mut shown, mut ids) = (BTreeSet::new(), BTreeSet::new());
    for panel in dashboard["panels"].as_array().unwrap() {
        assert!(ids.insert(panel["id"].as_u64().unwrap()), "two panels have the id {}", panel["id"]);
        for target in panel["targets"].as_array().into_iter().flatten() {
            assert_eq!(panel["datasource"]["uid"], "${datasource}", "{}", panel["title"]);
            shown.extend(metrics_named_in(target["expr"].as_str().unwrap()));
        }
    }
    assert_eq!(shown, described().into_keys().collect::<BTreeSet<_>>());
}
