//! A password from the keyboard or from a pipe. Never from an argument: other users see those.

use std::io::{BufRead, IsTerminal, stdin};

use zeroize::Zeroizing;

use super::Failure;

/// Asks on a terminal; otherwise reads one line of standard input.
pub(super) fn read_password() -> Result<Zeroizing<String>, Failure> {
    let password = if stdin().is_terminal() {
        Zeroizing::new(rpassword::prompt_password("Password: ").map_err(Failure::new)?)
    } else {
        let mut line = Zeroizing::new(String::with_capacity(4096));
        stdin().lock().read_line(&mut line).map_err(|error| Failure::new(format!("standard input: {error}")))?;
        let end = line.trim_end_matches(['\r', '\n']).len();
        line.truncate(end);
        line
    };
    if password.is_empty() {
        return Err(Failure::new("no password given; type one, or pipe one in: printf '%s' \"$PASSWORD\" | bulla …"));
    }
    Ok(password)
}
