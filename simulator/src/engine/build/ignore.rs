//! `.dockerignore`: which files of a context are not sent.
//!
//! The rules are Docker's own: a pattern that matches a directory covers everything in it; the last pattern that matches
//! decides; `!` takes back; `**` stands for any number of directories. Docker's patterns are Go's `filepath.Match`.

use thiserror::Error;

/// A line that is not a pattern.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("line {line} holds no valid pattern: `{pattern}`")]
pub struct IgnoreError {
    /// The line, from 1.
    pub line: usize,
    /// What stands there.
    pub pattern: String,
}

/// The patterns of a `.dockerignore`, in order.
#[derive(Debug, Default)]
pub(super) struct Ignore {
    patterns: Vec<Pattern>,
}

#[derive(Debug)]
struct Pattern {
    takes_back: bool,
    tokens: Vec<Token>,
}

#[derive(Debug, PartialEq, Eq)]
enum Token {
    Character(char),
    /// `?`: any character but a slash.
    Any,
    /// `*`: any characters but slashes.
    Star,
    /// `**`, or `**/` where anything follows: any number of whole directories.
    Directories,
    /// `[a-z]`: one of these ranges, or, with `^`, none of them.
    Class {
        none_of: bool,
        ranges: Vec<(char, char)>,
    },
}

impl Ignore {
    /// Reads the text of a `.dockerignore`.
    ///
    /// # Errors
    /// A pattern is malformed.
    pub(super) fn parse(text: &str) -> Result<Self, IgnoreError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut patterns = Vec::new();
        for (index, line) in text.lines().enumerate() {
            if line.starts_with('#') || line.trim().is_empty() {
                continue;
            }
            let malformed = || IgnoreError { line: index + 1, pattern: line.trim().to_owned() };
            let (takes_back, pattern) =
                line.trim().strip_prefix('!').map_or((false, line.trim()), |pattern| (true, pattern.trim()));
            let tokens = tokenize(&cleaned(pattern)).filter(|_| !pattern.is_empty()).ok_or_else(malformed)?;
            patterns.push(Pattern { takes_back, tokens });
        }
        Ok(Self { patterns })
    }

    /// Whether the file or directory at `path` (relative to the context, with slashes) is left out.
    #[must_use]
    pub(super) fn excludes(&self, path: &str) -> bool {
        let mut excluded = false;
        for pattern in &self.patterns {
            if pattern.takes_back == excluded && pattern.covers(path) {
                excluded = !pattern.takes_back;
            }
        }
        excluded
    }

    /// Whether something below an excluded directory may be taken back.
    #[must_use]
    pub(super) fn takes_back(&self) -> bool {
        self.patterns.iter().any(|pattern| pattern.takes_back)
    }
}

impl Pattern {
    /// Whether the pattern matches `path` or a directory that `path` is in.
    fn covers(&self, path: &str) -> bool {
        let ends = path.match_indices('/').map(|(index, _)| index).chain([path.len()]);
        ends.map(|end| &path[..end]).any(|prefix| matches(&self.tokens, &prefix.chars().collect::<Vec<_>>()))
    }
}

/// The pattern without what means nothing: `./`, doubled slashes, a leading or trailing slash, and `..` with what it undoes.
fn cleaned(pattern: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in pattern.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

fn tokenize(pattern: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut rest = pattern.chars().peekable();
    while let Some(character) = rest.next() {
        tokens.push(match character {
            '*' if rest.next_if_eq(&'*').is_some() => {
                rest.next_if_eq(&'/');
                Token::Directories
            }
            '*' => Token::Star,
            '?' => Token::Any,
            '[' => class(&mut rest)?,
            '\\' => Token::Character(rest.next()?),
            other => Token::Character(other),
        });
    }
    Some(tokens)
}

fn class(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<Token> {
    let none_of = rest.next_if_eq(&'^').is_some();
    let mut ranges = Vec::new();
    loop {
        let low = match rest.next()? {
            ']' if !ranges.is_empty() => return Some(Token::Class { none_of, ranges }),
            ']' | '-' => return None,
            '\\' => rest.next()?,
            other => other,
        };
        let high = if rest.next_if_eq(&'-').is_some() {
            match rest.next()? {
                ']' => return None,
                '\\' => rest.next()?,
                other => other,
            }
        } else {
            low
        };
        ranges.push((low, high));
    }
}

fn matches(tokens: &[Token], text: &[char]) -> bool {
    let Some((token, tokens)) = tokens.split_first() else { return text.is_empty() };
    match token {
        Token::Directories if tokens.is_empty() => true,
        Token::Directories => {
            let starts = (0..text.len()).filter(|&index| index == 0 || text[index - 1] == '/');
            starts.into_iter().any(|start| matches(tokens, &text[start..]))
        }
        Token::Star => {
            let reach = text.iter().position(|&character| character == '/').unwrap_or(text.len());
            (0..=reach).any(|taken| matches(tokens, &text[taken..]))
        }
        Token::Any | Token::Character(_) | Token::Class { .. } => {
            text.split_first().is_some_and(|(&first, text)| token.takes(first) && matches(tokens, text))
        }
    }
}

impl Token {
    fn takes(&self, character: char) -> bool {
        match self {
            Self::Character(expected) => character == *expected,
            Self::Any => character != '/',
            Self::Class { none_of, ranges } => {
                character != '/' && *none_of != ranges.iter().any(|&(low, high)| low <= character && character <= high)
            }
            Self::Star | Self::Directories => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Patterns, a path, and whether it is left out. Compared with what `docker build` sends.
    #[test]
    fn patterns_leave_out_what_docker_leaves_out() {
        for (patterns, path, expected) in [
            ("", "a", false),
            ("# a\n\n", "a", false),
            ("a", "a", true),
            ("a", "a/b/c", true),
            ("a", "ab", false),
            ("a", "b/a", false),
            ("/a/", "a/b", true),
            ("./a", "a", true),
            ("*.pyc", "x.pyc", true),
            ("*.pyc", "x/y.pyc", false),
            ("**/*.pyc", "x/y.pyc", true),
            ("**/*.pyc", "y.pyc", true),
            ("**", "x/y", true),
            ("a/**", "a/b/c", true),
            ("a/**/c", "a/c", true),
            ("a/**/c", "a/b/b/c", true),
            ("a/**/c", "a/b/bc", false),
            ("**/__pycache__", "x/__pycache__/y.pyc", true),
            ("**/__pycache__", "x__pycache__", false),
            ("*\n!keep", "keep/all", false),
            ("*\n!keep\nkeep/not", "keep/not", true),
            ("*\n!a/b", "a/b", false),
            ("*\n!a/b", "a/c", true),
            ("!a\na", "a", true),
            ("file?.txt", "file1.txt", true),
            ("file?.txt", "file/.txt", false),
            ("[a-c]x", "bx", true),
            ("[^a-c]x", "bx", false),
            ("[^a-c]x", "dx", true),
            ("a\\*b", "a*b", true),
            ("a\\*b", "acb", false),
            ("a.b", "axb", false),
            ("b/../a", "a", true),
            (".git", ".git/config", true),
            (".git", ".github", false),
        ] {
            let ignore = Ignore::parse(patterns).expect("the patterns are well formed");
            assert_eq!(ignore.excludes(path), expected, "`{patterns}` on `{path}`");
        }
    }

    #[test]
    fn a_malformed_pattern_is_pointed_at() {
        for (text, line, pattern) in [("a\n[b", 2, "[b"), ("!", 1, "!"), ("x\\", 1, "x\\"), ("[]a]", 1, "[]a]")] {
            let error = Ignore::parse(text).expect_err("malformed");
            assert_eq!(error, IgnoreError { line, pattern: pattern.to_owned() });
        }
    }
}
