//! Files that hold secrets: whoever else can read them stops the start.

use std::fs::{File, Metadata};
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use zeroize::Zeroizing;

#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    #[error("cannot read {path}: {error}")]
    Unreadable { path: String, error: std::io::Error },
    #[error("others can read {path} (mode {mode:o}); run: chmod 600 {path}")]
    Exposed { path: String, mode: u32 },
}

/// The text of a file that is only ours.
pub fn read(path: &Path) -> Result<Zeroizing<String>, Unusable> {
    let name = || path.display().to_string();
    let unreadable = |error| Unusable::Unreadable { path: name(), error };
    let mut file = File::open(path).map_err(unreadable)?;
    // Of what was opened, whatever the name stands for by now.
    let metadata = file.metadata().map_err(unreadable)?;
    if is_exposed(&metadata) {
        return Err(Unusable::Exposed { path: name(), mode: metadata.mode() & 0o777 });
    }
    let mut text = Zeroizing::new(String::with_capacity(usize::try_from(metadata.len()).unwrap_or(0)));
    file.read_to_string(&mut text).map_err(unreadable)?;
    Ok(text)
}

/// Whether others on this machine can read it. A file that is not there is not.
pub fn is_exposed_at(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|metadata| is_exposed(&metadata))
}

/// The rule of PostgreSQL for its keys: a file of our own is closed to all others (0600); one of root, who alone chooses
/// its group, may be open to that (0640), which is how certificate tools and Kubernetes hand keys to services.
fn is_exposed(file: &Metadata) -> bool {
    let ours = rustix::process::geteuid().as_raw();
    exposes(file.mode(), file.uid(), ours)
}

fn exposes(mode: u32, owner: u32, ours: u32) -> bool {
    let is_handed_down = owner == 0 && ours != 0;
    mode & if is_handed_down { 0o037 } else { 0o077 } != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_our_own_is_closed_to_all_others_and_one_of_root_open_to_its_group() {
        for (mode, owner, ours, expected) in [
            (0o600, 1000, 1000, false),
            (0o400, 1000, 1000, false),
            (0o640, 1000, 1000, true),
            (0o604, 1000, 1000, true),
            (0o620, 1000, 1000, true),
            (0o640, 0, 1000, false),
            (0o440, 0, 1000, false),
            (0o660, 0, 1000, true),
            (0o644, 0, 1000, true),
            (0o600, 0, 0, false),
            (0o640, 0, 0, true),
            // Readable by our group, but a stranger's.
            (0o640, 1001, 1000, true),
        ] {
            assert_eq!(exposes(mode, owner, ours), expected, "{mode:o} of {owner} for {ours}");
        }
    }
}
