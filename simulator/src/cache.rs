//! What is kept on this machine between rehearsals: image layers, and how containers behaved.

use std::io;
use std::path::PathBuf;

/// Where it is kept: `greenroom` under `XDG_CACHE_HOME`, or under `.cache` in the home directory.
#[must_use]
pub fn directory() -> PathBuf {
    let of_user = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let of_home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
    of_user.or_else(of_home).unwrap_or_else(std::env::temp_dir).join("greenroom")
}

/// Where it is kept how the containers of `project` behaved in its last rehearsal.
#[must_use]
pub fn behaviours_of(project: &str) -> PathBuf {
    directory().join("behaviours").join(format!("{project}.toml"))
}

/// Keeps `behaviours`, a script, for the next rehearsal of `project` in virtual time.
///
/// # Errors
/// The file cannot be written.
pub fn keep_behaviours(project: &str, behaviours: &str) -> io::Result<()> {
    let path = behaviours_of(project);
    if let Some(directory) = path.parent() {
        std::fs::create_dir_all(directory)?;
    }
    std::fs::write(path, behaviours)
}
