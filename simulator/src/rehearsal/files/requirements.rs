//! What a Python project asks for: the names in `requirements.txt`.

use std::path::Path;

use super::FileError;
use super::source::{Located, Source, Spot};

/// A package that the project asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement {
    /// Its name, in lower case with hyphens.
    pub name: Located<String>,
}

/// Reads `requirements.txt` of the build's context. Files that it includes are not followed.
pub(super) fn read(directory: &Path, context: &str) -> Result<Vec<Requirement>, FileError> {
    let name: std::path::PathBuf = Path::new(context).join("requirements.txt").components().collect();
    Ok(Source::read_if_there(directory, &name.to_string_lossy())?.map(|source| parse(&source.text)).unwrap_or_default())
}

pub(in crate::rehearsal) fn parse(text: &str) -> Vec<Requirement> {
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let end = line.find(|end: char| !end.is_ascii_alphanumeric() && !"-_.".contains(end)).unwrap_or(line.len());
        // Comments, options and addresses begin with something else.
        if end > 0 && !line.starts_with('-') {
            let value = line[..end].to_ascii_lowercase().replace(['_', '.'], "-");
            found.push(Requirement { name: Located { value, spot: Spot { line: number + 1, column: 1 } } });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn names_are_read_without_versions_extras_and_comments() {
        let text = "# all\nFastAPI==1\nSQLAlchemy[asyncio]>=2\n-r more.txt\npsycopg2_binary ; python_version > '3'\n\n";
        let names: Vec<String> = parse(text).into_iter().map(|requirement| requirement.name.value).collect();
        assert_eq!(names, ["fastapi", "sqlalchemy", "psycopg2-binary"]);
    }
}
