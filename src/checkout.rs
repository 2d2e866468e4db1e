//! Where the files of a revision are laid out, for as long as they are needed.

use std::fs;
use std::io;
use std::path::Path;

use tempfile::TempDir;

/// What the names of our directories begin with; the number of the process that they belong to follows, and a hyphen.
const PREFIX: &str = "greenroom-";

/// Keeps the files of a version that had to be checked out; they go with it.
pub(crate) struct Checkout {
    _directory: Option<TempDir>,
}

impl Checkout {
    /// Keeps nothing: the files are the user's own.
    pub(crate) const fn none() -> Self {
        Self { _directory: None }
    }

    /// Keeps `directory`.
    pub(crate) const fn of(directory: TempDir) -> Self {
        Self { _directory: Some(directory) }
    }
}

/// An empty directory. Those of processes that were killed are removed first: nobody else does it.
///
/// # Errors
/// It cannot be made.
pub(crate) fn directory() -> io::Result<TempDir> {
    let place = std::env::temp_dir();
    remove_abandoned(&place);
    tempfile::Builder::new().prefix(&format!("{PREFIX}{}-", std::process::id())).tempdir_in(place)
}

/// Removes our directories in `place` whose process is not there any more. What cannot be removed is somebody else's.
fn remove_abandoned(place: &Path) {
    let Ok(entries) = fs::read_dir(place) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let owner = name.to_str().and_then(owner);
        if owner.is_some_and(|pid| Path::new("/proc/self").exists() && !Path::new(&format!("/proc/{pid}")).exists()) {
            drop(fs::remove_dir_all(entry.path()));
        }
    }
}

/// The process that the directory called `name` belongs to, if it is one of ours.
fn owner(name: &str) -> Option<u32> {
    let (pid, _) = name.strip_prefix(PREFIX)?.split_once('-')?;
    pid.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_dead_processes_left_is_removed() {
        let place = tempfile::tempdir().expect("a temporary directory");
        let mut ended = std::process::Command::new("true").spawn().expect("it starts");
        ended.wait().expect("it ends");
        let dead = format!("{PREFIX}{}-abc", ended.id());
        let alive = format!("{PREFIX}{}-abc", std::process::id());
        for name in [dead.as_str(), &alive, "greenroom-AoGTHy", "other-1-abc"] {
            fs::create_dir_all(place.path().join(name).join("inside")).expect("it is writable");
        }
        remove_abandoned(place.path());
        let mut left: Vec<String> = fs::read_dir(place.path())
            .expect("it is there")
            .map(|entry| entry.expect("it is readable").file_name().to_string_lossy().into_owned())
            .collect();
        left.sort();
        let mut expected = vec![alive, "greenroom-AoGTHy".to_owned(), "other-1-abc".to_owned()];
        expected.sort();
        assert_eq!(left, expected);
    }
}
