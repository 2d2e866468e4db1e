//! Small repositories, each with the greenroom.toml that is proposed for it.
//!
//! `GREENROOM_RECORD=1` writes the files instead of comparing them; they are read over before they are committed.

use std::path::{Path, PathBuf};

use super::{Repository, propose, render};

fn repositories() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/repositories");
    let mut found: Vec<PathBuf> = root
        .read_dir()
        .expect("the fixtures are there")
        .map(|entry| entry.expect("the fixtures can be listed").path())
        .filter(|path| path.is_dir())
        .collect();
    found.sort();
    found
}

#[test]
fn every_repository_gets_the_file_that_is_written_beside_it() {
    let is_recorded = std::env::var_os("GREENROOM_RECORD").is_some();
    let repositories = repositories();
    assert!(repositories.len() >= 6, "the five systems of the design, and one with nothing in it");
    for path in repositories {
        let repository = Repository::read(&path).expect("the fixture can be read");
        let written = render(&propose(&repository));
        let expected = path.with_extension("toml");
        if is_recorded {
            std::fs::write(&expected, &written).expect("the fixtures can be written");
        }
        let golden = std::fs::read_to_string(&expected).expect("each repository has its file");
        assert_eq!(written, golden, "{}", path.display());
        toml::from_str::<toml::Table>(&written).expect("what is proposed is TOML");
    }
}
