//! A user's file as text, and places in it.

use std::path::Path;

use super::FileError;
use crate::database::statement::mask;
use crate::finding::Place;

/// A file that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Its name, relative to the directory of `greenroom.toml`.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// A line and a column in characters, both counted from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Spot {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

/// A value and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located<T> {
    /// The value.
    pub value: T,
    /// Where it begins.
    pub spot: Spot,
}

impl Source {
    /// Reads a file of `directory`.
    ///
    /// # Errors
    /// If it is not there, cannot be read or is not text.
    pub fn read(directory: &Path, name: &str) -> Result<Self, FileError> {
        let bytes =
            std::fs::read(directory.join(name)).map_err(|source| FileError::Read { name: name.to_owned(), source })?;
        let text = String::from_utf8(bytes).map_err(|error| {
            let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
            let place = Place::at_offset(name, &String::from_utf8_lossy(valid), valid.len());
            FileError::Parse {
                place: Place { snippet: String::new(), ..place }.into(),
                reason: "it is not UTF-8".to_owned(),
            }
        })?;
        Ok(Self { name: name.to_owned(), text })
    }

    /// Reads a file of `directory` that need not be there.
    ///
    /// # Errors
    /// If it is there and cannot be read or is not text.
    pub fn read_if_there(directory: &Path, name: &str) -> Result<Option<Self>, FileError> {
        match Self::read(directory, name) {
            Err(FileError::Read { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => Ok(None),
            result => result.map(Some),
        }
    }

    /// The place of a line and column. Its snippet shows no secret.
    #[must_use]
    pub fn place(&self, spot: Spot) -> Place {
        let line = self.text.lines().nth(spot.line.saturating_sub(1)).unwrap_or_default();
        Place::new(&self.name, spot.line, spot.column, conceal(line.trim()))
    }

    /// The place of the character at `offset` in bytes.
    #[must_use]
    pub fn place_at(&self, offset: usize) -> Place {
        let place = Place::at_offset(&self.name, &self.text, offset);
        Place { snippet: conceal(&place.snippet), ..place }
    }

    /// The line and column of the character at `offset` in bytes.
    pub(super) fn spot_at(&self, offset: usize) -> Spot {
        let Place { line, column, .. } = Place::at_offset(&self.name, &self.text, offset);
        Spot { line, column }
    }
}

/// Parts of a name that say that its value is secret.
const SECRET_WORDS: [&str; 8] = ["password", "passwd", "secret", "token", "key", "credential", "dsn", "private"];

/// Whether a variable's name says that its value is secret.
#[must_use]
pub fn sounds_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SECRET_WORDS.iter().any(|word| name.contains(word))
}

/// A line as it may be shown: what follows a name that sounds secret is hidden, and so is a password in a URL. A name without a value
/// (`KEY:`, or the `"name": "API_KEY"` of a task definition) hides nothing.
fn conceal(line: &str) -> String {
    let masked = mask(line, &[]);
    let Some(separator) = masked.find(['=', ':']) else { return masked };
    let (name, value) = masked.split_at(separator);
    let plain = value[1..].trim().trim_matches(['"', '\'', ',']);
    // A variable that stands for the value is no secret, and neither is a URL whose password has just been masked.
    if sounds_secret(name)
        && !plain.is_empty()
        && !plain.starts_with('$')
        && !plain.starts_with("****")
        && !plain.starts_with(['{', '['])
    {
        format!("{name}{} ****", &value[..1])
    } else {
        masked
    }
}

#[cfg(test)]
mod tests {
    use super::conceal;

    #[test]
    fn secrets_are_hidden_in_snippets() {
        let cases = [
            ("POSTGRES_PASSWORD: hunter2", "POSTGRES_PASSWORD: ****"),
            ("- API_TOKEN=hunter2", "- API_TOKEN= ****"),
            ("SESSION_KEY: ${SESSION_KEY:-x}", "SESSION_KEY: ${SESSION_KEY:-x}"),
            ("DATABASE_URL: postgresql://news:hunter2@db/news", "DATABASE_URL: postgresql://news:****@db/news"),
            ("\"containerPort\": 8000,", "\"containerPort\": 8000,"),
            ("\"name\": \"SESSION_KEY\",", "\"name\": \"SESSION_KEY\","),
            ("CMD [\"uvicorn\"]", "CMD [\"uvicorn\"]"),
            ("\"secrets\": [", "\"secrets\": ["),
        ];
        for (line, shown) in cases {
            assert_eq!(conceal(line), shown);
        }
    }
}
