//! Alembic's revisions.

use std::path::Path;

use super::{Migration, names, texts};
use crate::rehearsal::files::FileError;
use crate::rehearsal::files::source::{Located, Source, Spot};

/// Reads the revisions of the project in `context`. A project without an `alembic.ini` has none.
pub(super) fn read(directory: &Path, context: &str) -> Result<Vec<Migration>, FileError> {
    let inside = |name: &str| Path::new(context).join(name).components().collect::<std::path::PathBuf>();
    let Some(settings) = Source::read_if_there(directory, &inside("alembic.ini").to_string_lossy())? else {
        return Ok(Vec::new());
    };
    let setting = |key: &str| {
        let mut lines = settings.text.lines().filter(|line| !line.trim_start().starts_with(['#', ';']));
        let value =
            lines.find_map(|line| line.split_once('=').filter(|(name, _)| name.trim() == key).map(|(_, value)| value));
        value.map(|value| value.trim().replace("%(here)s/", ""))
    };
    let scripts = setting("script_location").unwrap_or_else(|| "alembic".to_owned());
    // More than one directory, or one that is computed, is beyond reading.
    let versions = setting("version_locations").unwrap_or_else(|| format!("{scripts}/versions"));
    let folder = inside(&versions);
    let mut migrations = Vec::new();
    for name in names(&directory.join(&folder), ".py") {
        let source = Source::read(directory, &folder.join(name).to_string_lossy())?;
        migrations.extend(Migration::parse_alembic(source));
    }
    Ok(migrations)
}

impl Migration {
    /// Reads the file of one of Alembic's revisions; `None` if it is none, or computes what it is called.
    #[must_use]
    pub fn parse_alembic(source: Source) -> Option<Self> {
        let (line, value) = assigned(&source.text, "revision")?;
        let name = texts(value).into_iter().next()?;
        let column = source.text.lines().nth(line - 1)?.find(&name)? + 1;
        let revision = Located { value: name, spot: Spot { line, column } };
        let after = assigned(&source.text, "down_revision").map(|(_, value)| texts(value)).unwrap_or_default();
        Some(Self { source, tool: "alembic", revision, after })
    }
}

/// The line on which a name is assigned at the start of a line, with or without a type, and the text of the value, brackets included.
fn assigned<'text>(text: &'text str, name: &str) -> Option<(usize, &'text str)> {
    let mut offset = 0;
    for (number, line) in text.split_inclusive('\n').enumerate() {
        let rest = line.strip_prefix(name).map(str::trim_start).filter(|rest| rest.starts_with([':', '=']));
        if let Some(equals) = rest.and_then(|_| line.find('=')) {
            let value = &text[offset + equals + 1..];
            let open = value.trim_start().starts_with(['(', '[']);
            let end = if open { value.find([')', ']']) } else { value.find('\n') };
            return Some((number + 1, &value[..end.unwrap_or(value.len())]));
        }
        offset += line.len();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Line, revision and what it comes after.
    fn parse(text: &str) -> Option<(usize, String, Vec<String>)> {
        let migration = Migration::parse_alembic(Source { name: "m.py".to_owned(), text: text.to_owned() })?;
        Some((migration.revision.spot.line, migration.revision.value, migration.after))
    }

    #[test]
    fn revisions_are_read_however_they_are_written() {
        let cases = [
            ("revision = \"b\"\ndown_revision = \"a\"\n", Some((1, "b", vec!["a"]))),
            (
                "\"\"\"x\n\nRevision ID: b\n\"\"\"\nrevision: str = 'b'\ndown_revision: Union[str, None] = None\n",
                Some((5, "b", vec![])),
            ),
            ("revision = 'm'\ndown_revision = (\n    'a',\n    'b',  # 'c'\n)\n", Some((1, "m", vec!["a", "b"]))),
            ("def upgrade():\n    revision = 'x'\n", None),
            ("revisions = 'x'\n", None),
        ];
        for (text, expected) in cases {
            let expected = expected
                .map(|(line, name, after)| (line, name.to_owned(), after.into_iter().map(str::to_owned).collect()));
            assert_eq!(parse(text), expected, "{text}");
        }
    }
}
