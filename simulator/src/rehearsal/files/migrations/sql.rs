//! Migrations in SQL of which the tool keeps checksums.

use std::path::Path;

use super::names;
use crate::rehearsal::files::Source;

/// Where sqlx and Flyway have them, unless they are told otherwise.
const FOLDERS: [&str; 4] = ["migrations", "db/migration", "src/main/resources/db/migration", "sql"];

/// Reads the SQL files of the folders that migrations are usually in. One that is not text is left out: nothing else depends on it.
pub(in crate::rehearsal::files) fn read(directory: &Path, context: &str) -> Vec<Source> {
    let mut found = Vec::new();
    for folder in FOLDERS {
        let folder = Path::new(context).join(folder).components().collect::<std::path::PathBuf>();
        let names = names(&directory.join(&folder), ".sql").into_iter();
        found.extend(names.filter_map(|name| Source::read(directory, &folder.join(name).to_string_lossy()).ok()));
    }
    found
}
