//! Filter patterns of `FilterLogEvents`: terms, quoted phrases, `?any` and `-none` (CloudWatch Logs guide, "Filter pattern syntax").
//! Patterns over JSON fields and space-delimited columns and regular expressions are not simulated.

use super::INVALID;
use crate::refusal::Refusal;

/// What a line must hold.
#[derive(Debug, Default)]
pub(super) struct Pattern {
    all: Vec<String>,
    any: Vec<String>,
    none: Vec<String>,
}

impl Pattern {
    /// Reads a pattern; an empty one matches everything.
    ///
    /// # Errors
    /// [`Refusal::NotSimulated`] for JSON and column patterns, regular expressions, and `?` beside other terms, which the guide advises
    /// against; AWS's complaint about a term that would need quotes, and about an open quote.
    pub(super) fn parse(text: &str) -> Result<Self, Refusal> {
        let not_simulated =
            || Refusal::NotSimulated { what: format!("filter pattern `{text}` of logs:FilterLogEvents") };
        let trimmed = text.trim();
        if trimmed.starts_with(['{', '[']) {
            return Err(not_simulated());
        }
        let mut pattern = Self::default();
        let mut rest = trimmed;
        while !rest.is_empty() {
            let (group, body) = match rest.as_bytes()[0] {
                b'?' => (&mut pattern.any, &rest[1..]),
                b'-' => (&mut pattern.none, &rest[1..]),
                _ => (&mut pattern.all, rest),
            };
            if body.starts_with('%') {
                return Err(not_simulated());
            }
            let (term, after) = term(body)?;
            group.push(term);
            rest = after.trim_start();
        }
        let Self { all, any, none } = &pattern;
        if !any.is_empty() && all.len() + none.len() > 0 {
            return Err(not_simulated());
        }
        Ok(pattern)
    }

    /// Whether `line` holds every plain term, one of the optional ones if there are any, and none of the excluded ones.
    pub(super) fn matches(&self, line: &str) -> bool {
        self.all.iter().all(|term| line.contains(term))
            && (self.any.is_empty() || self.any.iter().any(|term| line.contains(term)))
            && !self.none.iter().any(|term| line.contains(term))
    }
}

/// The first term of `text`, without its quotes, and what follows it.
fn term(text: &str) -> Result<(String, &str), Refusal> {
    if let Some(quoted) = text.strip_prefix('"') {
        return phrase(quoted).ok_or_else(|| invalid('"'));
    }
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    let (term, after) = text.split_at(end);
    match term.chars().find(|c| !c.is_alphanumeric() && *c != '_') {
        Some(wrong) => Err(invalid(wrong)),
        // A `?` or `-` with nothing behind it.
        None if term.is_empty() => Err(Refusal::fault(INVALID, "Invalid filter pattern")),
        None => Ok((term.to_owned(), after)),
    }
}

/// The phrase before the next quote that no backslash precedes, and what follows that.
fn phrase(quoted: &str) -> Option<(String, &str)> {
    let mut phrase = String::new();
    let mut chars = quoted.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((phrase, &quoted[at + 1..])),
            '\\' => phrase.push(chars.next()?.1),
            other => phrase.push(other),
        }
    }
    None
}

/// AWS names the character alone.
fn invalid(character: char) -> Refusal {
    Refusal::fault(INVALID, format!("Invalid character(s) in term '{character}'"))
}
