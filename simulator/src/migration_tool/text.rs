//! The texts by which a tool says what is wrong.

use super::Basis;
use crate::finding::Code;

/// A text that a tool prints for a known failure.
#[derive(Clone, Copy, Debug)]
pub struct Text {
    /// The text, on one line, with `{}` for what differs from time to time.
    pub pattern: &'static str,
    /// What it means.
    pub code: Code,
    /// The same as the end of a sentence whose subject is the container or the migration, with `{0}` for what the first `{}` stood for.
    pub means: &'static str,
    /// What to do, with the exact command where there is one, and `{0}` as above.
    pub way_out: &'static str,
    /// How the text is known.
    pub basis: Basis,
}

/// A text that was found.
#[derive(Clone, Debug)]
pub struct Said {
    /// The text.
    pub text: &'static Text,
    /// The line that it was found in.
    pub line: String,
    /// What stood for each `{}`.
    pub parts: Vec<String>,
}

impl Said {
    /// What is wrong, as the end of a sentence.
    #[must_use]
    pub fn means(&self) -> String {
        self.filled(self.text.means)
    }

    /// What to do.
    #[must_use]
    pub fn way_out(&self) -> String {
        self.filled(self.text.way_out)
    }

    fn filled(&self, sentence: &str) -> String {
        let numbered = self.parts.iter().enumerate();
        numbered.fold(sentence.to_owned(), |text, (number, part)| text.replace(&format!("{{{number}}}"), part))
    }
}

impl Text {
    /// What stood for each `{}`, if the text is in `line`: the shortest that fits, the last up to the end of the word.
    #[must_use]
    pub fn find(&self, line: &str) -> Option<Vec<String>> {
        let mut pieces = self.pattern.split("{}");
        let first = pieces.next()?;
        let mut rest = &line[line.find(first)? + first.len()..];
        let mut parts = Vec::new();
        for piece in pieces {
            let end =
                if piece.is_empty() { rest.find(char::is_whitespace).unwrap_or(rest.len()) } else { rest.find(piece)? };
            parts.push(rest[..end].trim_end_matches(['.', ',']).to_owned());
            rest = &rest[end + piece.len()..];
        }
        Some(parts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(pattern: &'static str) -> Text {
        Text { pattern, code: Code::X05, means: "knows no `{0}`", way_out: "make {0}", basis: Basis::Seen }
    }

    #[test]
    fn what_differs_is_cut_out_of_a_line() {
        let cases: [(&str, &str, Option<&[&str]>); 6] = [
            ("no revision '{}'", "FAILED: no revision '0002'", Some(&["0002"])),
            ("no revision '{}'", "FAILED: no revision 0002", None),
            ("found for version {}", "error: no migration found for version 7.", Some(&["7"])),
            ("{} in {}: bad", "a in b: bad", Some(&["a", "b"])),
            (
                "Locked by {} since {}",
                "Locked by host (10.0.0.7) since 1/2/26, 3:04",
                Some(&["host (10.0.0.7)", "1/2/26"]),
            ),
            ("already locked", "Error: already locked", Some(&[])),
        ];
        for (pattern, line, expected) in cases {
            let expected: Option<Vec<String>> = expected.map(|parts| parts.iter().map(|&it| it.to_owned()).collect());
            assert_eq!(text(pattern).find(line), expected, "{pattern} in {line}");
        }
    }
}
