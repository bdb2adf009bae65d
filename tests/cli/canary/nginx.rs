//! A real nginx in front of the server, as talkative as it can be made.

use std::process::Command;

use crate::support::{Home, PATIENCE, Process, Remote, Server, free_port, within};

/// Gone when it is dropped. Talk to it as to the server behind it.
pub struct Nginx {
    _process: Process,
    pub remote: Remote,
}

/// Where its configuration and its logs are.
pub const FOLDER: &str = "nginx";

/// The whole request and what nginx makes of it. Headers that have no variable are in the log at debug level.
const FORMAT: &str = "$remote_addr [$time_local] $request $status $request_body $http_authorization $http_user_agent \
                      $http_cookie $args $request_length $sent_http_www_authenticate $upstream_http_x_request_id";

impl Nginx {
    #[track_caller]
    pub fn before(home: &Home, server: &Server) -> Self {
        let port = free_port();
        let folders = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
        let temporary: String = folders.iter().map(|name| format!("{name}_temp_path {name};\n")).collect();
        let text = format!(
            "pid nginx.pid;\nerror_log error.log debug;\nevents {{}}\nhttp {{\n{temporary}\
             log_format everything escape=none '{FORMAT}';\naccess_log access.log everything;\n\
             client_body_buffer_size 64k;\n\
             server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://{}; proxy_http_version 1.1; }} }}\n}}\n",
            server.address
        );
        home.write(&format!("{FOLDER}/nginx.conf"), &text);
        let prefix = home.path(FOLDER).display().to_string();
        let arguments = ["-p", &prefix, "-c", "nginx.conf", "-g", "daemon off; master_process off;"];
        let process = Process::spawn(Command::new("nginx").args(arguments));
        let remote = Remote::at(&format!("127.0.0.1:{port}"));
        within(PATIENCE, "nginx", || remote.request("/readyz", &[], ""));
        Self { _process: process, remote }
    }
}
