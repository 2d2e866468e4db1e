//! Filter patterns of `FilterLogEvents`: terms, quoted phrases, `?any` and `-none`. Patterns over JSON fields and
//! space-delimited columns are not simulated.

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
    /// [`Refusal::NotSimulated`] for JSON and column patterns and regular expressions; AWS's complaint about an open quote.
    pub(super) fn parse(text: &str) -> Result<Self, Refusal> {
        let trimmed = text.trim();
        if trimmed.starts_with(['{', '[', '%']) {
            return Err(Refusal::NotSimulated { what: format!("filter pattern `{text}` of logs:FilterLogEvents") });
        }
        let mut pattern = Self::default();
        let mut rest = trimmed;
        while !rest.is_empty() {
            let (group, body) = match rest.as_bytes()[0] {
                b'?' => (&mut pattern.any, &rest[1..]),
                b'-' => (&mut pattern.none, &rest[1..]),
                _ => (&mut pattern.all, rest),
            };
            let (term, after) = term(body).ok_or_else(|| {
                Refusal::fault("InvalidParameterException", format!("Invalid character(s) in term '{body}'"))
            })?;
            group.push(term.to_owned());
            rest = after.trim_start();
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
fn term(text: &str) -> Option<(&str, &str)> {
    match text.strip_prefix('"') {
        Some(quoted) => quoted.split_once('"'),
        None => {
            let end = text.find(char::is_whitespace).unwrap_or(text.len());
            (end > 0).then(|| text.split_at(end))
        }
    }
}
