//! The project's migrations, read from the files' own text: what each is called and what it comes after; and the files of which a tool
//! keeps checksums.

mod alembic;
mod django;
mod sql;

use std::path::Path;

use super::source::{Located, Source};
use super::{FileError, file_names};

pub(super) use sql::read as read_sql;

/// One migration of a tool that keeps them in an order of their own, not that of their names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migration {
    /// Its file.
    pub source: Source,
    /// The tool's key: `alembic` or `django`.
    pub tool: &'static str,
    /// Its name, as the tool's own record has it.
    pub revision: Located<String>,
    /// The migrations it comes after; none for the first.
    pub after: Vec<String>,
}

/// Reads the migrations of the project in `context`. A project with neither an `alembic.ini` nor a `manage.py` has none.
pub(super) fn read(directory: &Path, context: &str) -> Result<Vec<Migration>, FileError> {
    let alembic = alembic::read(directory, context)?;
    if alembic.is_empty() { django::read(directory, context) } else { Ok(alembic) }
}

/// The names of a directory's files with this ending, in order; none if there is no such directory.
fn names(directory: &Path, ending: &str) -> Vec<String> {
    let is_one = |name: &String| name.ends_with(ending) && !name.starts_with("__");
    file_names(directory).into_iter().filter(is_one).collect()
}

/// The string literals in a value.
fn texts(value: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = value;
    while let Some(open) = rest.find(['"', '\'', '#']) {
        let quote = rest.as_bytes()[open] as char;
        let after = &rest[open + 1..];
        let Some(close) = after.find(if quote == '#' { '\n' } else { quote }) else { break };
        if quote != '#' {
            found.push(after[..close].to_owned());
        }
        rest = &after[close + 1..];
    }
    found
}
