//! Files of variables (`.env`), and the words of a command.

use std::path::Path;

use super::FileError;
use super::compose::Compose;
use super::source::{Located, Source, Spot};

/// A file of variables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvironmentFile {
    /// The file.
    pub source: Source,
    /// Whether it is an example for people, such as `.env.example`, and read by no program.
    pub is_example: bool,
    /// Its variables: names where they stand, with their values.
    pub variables: Vec<(Located<String>, String)>,
}

/// What examples are called.
const EXAMPLES: [&str; 5] = [".env.example", ".env.sample", ".env.template", ".env.dist", "example.env"];

/// Reads the files of variables that a project has.
pub(super) fn read(directory: &Path, compose: Option<&Compose>) -> Result<Vec<EnvironmentFile>, FileError> {
    let mut files = Vec::new();
    for name in EXAMPLES {
        if let Some(source) = Source::read_if_there(directory, name)? {
            files.push(EnvironmentFile::parse(source, true)?);
        }
    }
    let named = compose.into_iter().flat_map(|compose| &compose.services).flat_map(|service| &service.env_files);
    for name in named {
        // Paths of a compose file count from its own directory. A file that is kept out of the repository is not missing.
        let base = compose.and_then(|compose| Path::new(&compose.source.name).parent()).unwrap_or(Path::new(""));
        let name = base.join(&name.value).to_string_lossy().into_owned();
        if files.iter().all(|file: &EnvironmentFile| file.source.name != name)
            && let Some(source) = Source::read_if_there(directory, &name)?
        {
            files.push(EnvironmentFile::parse(source, false)?);
        }
    }
    Ok(files)
}

impl EnvironmentFile {
    /// Reads a file of variables.
    ///
    /// # Errors
    /// If a line is no assignment.
    pub fn parse(source: Source, is_example: bool) -> Result<Self, FileError> {
        let mut variables = Vec::new();
        for (number, line) in source.text.lines().enumerate() {
            let text = line.trim_start();
            let text = text.strip_prefix("export ").unwrap_or(text).trim_start();
            if text.is_empty() || text.starts_with('#') {
                continue;
            }
            let column = line.chars().count() - text.chars().count() + 1;
            let spot = Spot { line: number + 1, column };
            // A name alone stands for what the shell says of it.
            let (name, value) = text.split_once('=').unwrap_or((text, ""));
            let name = name.trim_end();
            if name.is_empty() || !name.chars().all(|letter| letter.is_ascii_alphanumeric() || "_.-".contains(letter)) {
                let place = source.place(spot);
                return Err(FileError::Parse { place: place.into(), reason: "a line must read NAME=value".to_owned() });
            }
            let value = value.trim().trim_matches(['"', '\'']).to_owned();
            variables.push((Located { value: name.to_owned(), spot }, value));
        }
        Ok(Self { source, is_example, variables })
    }
}

/// The words of a command line, cut at spaces and freed of quotes, each where it stands. The line is on one line of its file, or the
/// words of further lines are placed on the first.
#[must_use]
pub fn words(line: &Located<String>) -> Vec<Located<String>> {
    let mut found = Vec::new();
    let mut start = None;
    for (column, character) in line.value.chars().chain([' ']).enumerate() {
        match (character.is_whitespace(), start) {
            (false, None) => start = Some(column),
            (true, Some(from)) => {
                let word: String = line.value.chars().skip(from).take(column - from).collect();
                let spot = Spot { line: line.spot.line, column: line.spot.column + from };
                found.push(Located { value: word.trim_matches(['"', '\'']).to_owned(), spot });
                start = None;
            }
            (true, None) | (false, Some(_)) => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<EnvironmentFile, FileError> {
        EnvironmentFile::parse(Source { name: ".env".to_owned(), text: text.to_owned() }, false)
    }

    #[test]
    fn variables_are_read_where_they_stand() {
        let file = parse("# comment\n\nA=1\n  export B = \"x y\"\nC\n").expect("it is right");
        let told: Vec<_> =
            file.variables.iter().map(|(name, value)| (name.value.as_str(), name.spot, value.as_str())).collect();
        assert_eq!(
            told,
            [
                ("A", Spot { line: 3, column: 1 }, "1"),
                ("B", Spot { line: 4, column: 10 }, "x y"),
                ("C", Spot { line: 5, column: 1 }, ""),
            ]
        );
    }

    #[test]
    fn a_line_that_assigns_nothing_is_placed() {
        let error = parse("A=1\nB C=2\n").expect_err("it is wrong");
        assert_eq!(error.to_string(), ".env:2:1: could not parse it: a line must read NAME=value");
    }
}
