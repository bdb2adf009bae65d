//! docs/migrate-from-express.md, word for word, by an administrator of the tutorial's service.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::moving::left_by;
use crate::people::{ada, person};
use crate::support::{Walkthrough, free_port};
use crate::tutorial::port_of;

/// The one program of the guide that a test must not run: it stops and starts services of the whole machine.
const SYSTEMCTL: &str = r#"#!/usr/bin/env bash
set -euo pipefail
case "$*" in
  'stop auth')
    kill "$(cat auth.pid)"
    tail --pid="$(cat auth.pid)" -f /dev/null ;;
  'start auth')
    node server.js >auth.log 2>&1 &
    echo $! >auth.pid
    timeout 30 bash -c 'until grep -q running auth.log; do sleep 0.1; done' ;;
  *) echo "the guide must not ask for: systemctl $*"; exit 1 ;;
esac
"#;

#[test]
fn the_guide_moves_a_service_there_and_back_word_for_word() {
    let guide = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/migrate-from-express.md"));
    let grace = person("Grace 🦉", "Grace@Example.com", "nanosecond");
    let (home, database) = left_by(&[ada(), grace, person("Bob", "bob@example.com", "x")]);
    let systemctl = home.write("programs/systemctl", SYSTEMCTL);
    std::fs::set_permissions(systemctl, PermissionsExt::from_mode(0o700)).unwrap();
    let port = port_of(&home).to_string();
    let beside = free_port().to_string();
    // The service is running when the administrator begins to read.
    let begin = "```sh\nsystemctl start auth\n```\n";
    Walkthrough::of(&format!("{begin}{}", guide.unwrap()))
        .with("/srv/auth", home.path("").to_str().unwrap().trim_end_matches('/'))
        .with("3000", &port)
        .with("3001", &beside)
        .follow(&home, "");
    let clients_and_dora = database.texts("SELECT email FROM accounts ORDER BY created_at, email");
    assert_eq!(clients_and_dora.len(), 4, "{clients_and_dora:?}");
    assert_eq!(database.users().len(), 3, "the service's own table is as it was");
}
