//! Places in the user's files.

use std::fmt;

/// A place in one of the user's files.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The file, relative to the directory of `greenroom.toml`.
    pub file: String,
    /// The line, counted from 1; 0 for the file as a whole.
    pub line: usize,
    /// The column in characters, counted from 1; 0 for the line as a whole.
    pub column: usize,
    /// The line's text without the space around it; empty where it may hold a secret.
    pub snippet: String,
}

impl Place {
    /// A place in a file.
    pub fn new(file: impl Into<String>, line: usize, column: usize, snippet: impl Into<String>) -> Self {
        Self { file: file.into(), line, column, snippet: snippet.into() }
    }

    /// A file as a whole.
    pub fn file(file: impl Into<String>) -> Self {
        Self::new(file, 0, 0, "")
    }

    /// The place of the character at `offset` (in bytes) of `text`.
    #[must_use]
    pub fn at_offset(file: &str, text: &str, offset: usize) -> Self {
        let mut offset = offset.min(text.len());
        while !text.is_char_boundary(offset) {
            offset -= 1;
        }
        let start = text[..offset].rfind('\n').map_or(0, |newline| newline + 1);
        let end = text[offset..].find('\n').map_or(text.len(), |newline| offset + newline);
        let line = text[..offset].matches('\n').count() + 1;
        let column = text[start..offset].chars().count() + 1;
        Self::new(file, line, column, text[start..end].trim())
    }
}

impl fmt::Display for Place {
    /// `file:line:column`, as compilers write it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        match (self.line, self.column) {
            (0, _) => Ok(()),
            (line, 0) => write!(f, ":{line}"),
            (line, column) => write!(f, ":{line}:{column}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Place;

    #[test]
    fn offsets_become_lines_and_columns() {
        let text = "one\n  zwölf = 3\n";
        assert_eq!(Place::at_offset("f", text, 0), Place::new("f", 1, 1, "one"));
        let three = text.find('3').expect("it is there");
        assert_eq!(Place::at_offset("f", text, three), Place::new("f", 2, 11, "zwölf = 3"));
        assert_eq!(Place::at_offset("f", text, 999).to_string(), "f:3:1");
        assert_eq!(Place::file("f").to_string(), "f");
    }
}
