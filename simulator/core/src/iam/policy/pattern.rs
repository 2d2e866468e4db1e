//! Text with wildcards and policy variables.

use std::borrow::Cow;

use super::Context;

/// A text in which `*` stands for any text, `?` for any character and `${…}` for a condition key's value, as far as the place
/// where it stands allows them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    pieces: Vec<Piece>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Char(char),
    AnyChar,
    AnyText,
    Variable { key: String, default: Option<String> },
}

/// Which special characters a place in a policy knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Syntax {
    /// `*` and `?`.
    pub(super) wildcards: bool,
    /// `${…}`; only in policies of version 2012-10-17.
    pub(super) variables: bool,
}

impl Pattern {
    /// Reads `text`. Braces that close nothing stand for themselves.
    pub(super) fn parse(text: &str, syntax: Syntax) -> Self {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some(next) = rest.chars().next() {
            let variable = if syntax.variables { variable(rest) } else { None };
            if let Some((piece, length)) = variable {
                pieces.push(piece);
                rest = &rest[length..];
                continue;
            }
            pieces.push(match next {
                '*' if syntax.wildcards => Piece::AnyText,
                '?' if syntax.wildcards => Piece::AnyChar,
                other => Piece::Char(other),
            });
            rest = &rest[next.len_utf8()..];
        }
        Self { pieces }
    }

    /// Whether all of `text` matches.
    #[must_use]
    pub fn matches(&self, text: &str, context: &Context) -> bool {
        self.resolve(context).is_some_and(|pieces| glob(&pieces, text, |one, other| one == other))
    }

    /// The same, whatever the case of letters.
    #[must_use]
    pub fn matches_ignoring_case(&self, text: &str, context: &Context) -> bool {
        let same = |one: char, other: char| {
            one.eq_ignore_ascii_case(&other) || (!one.is_ascii() && one.to_lowercase().eq(other.to_lowercase()))
        };
        self.resolve(context).is_some_and(|pieces| glob(&pieces, text, same))
    }

    /// The pieces with every variable replaced; nothing if one has no value, since then nothing can match.
    fn resolve(&self, context: &Context) -> Option<Cow<'_, [Piece]>> {
        if !self.pieces.iter().any(|piece| matches!(piece, Piece::Variable { .. })) {
            return Some(Cow::Borrowed(&self.pieces));
        }
        let mut resolved = Vec::new();
        for piece in &self.pieces {
            match piece {
                Piece::Variable { key, default } => {
                    let value = context.single(key).or(default.as_deref())?;
                    resolved.extend(value.chars().map(Piece::Char));
                }
                Piece::Char(_) | Piece::AnyChar | Piece::AnyText => resolved.push(piece.clone()),
            }
        }
        Some(Cow::Owned(resolved))
    }
}

/// The variable that `text` begins with, and its length: `${key}`, `${key, 'default'}`, or `${*}`, `${?}`, `${$}` for the
/// characters themselves.
fn variable(text: &str) -> Option<(Piece, usize)> {
    let inner = text.strip_prefix("${")?;
    let end = inner.find('}')?;
    let (body, length) = (&inner[..end], end + 3);
    let piece = match body {
        "*" => Piece::Char('*'),
        "?" => Piece::Char('?'),
        "$" => Piece::Char('$'),
        _ => match body.split_once(',') {
            None => Piece::Variable { key: body.trim().to_ascii_lowercase(), default: None },
            Some((key, default)) => {
                let default = default.trim().strip_prefix('\'')?.strip_suffix('\'')?;
                Piece::Variable { key: key.trim().to_ascii_lowercase(), default: Some(default.to_owned()) }
            }
        },
    };
    Some((piece, length))
}

/// Matches in time proportional to the product of both lengths at worst: only the last `*` is ever taken up again.
fn glob(pieces: &[Piece], text: &str, same: impl Fn(char, char) -> bool) -> bool {
    let (mut piece, mut at) = (0, 0);
    let mut resume: Option<(usize, usize)> = None;
    loop {
        let next = text[at..].chars().next();
        let fits = match (pieces.get(piece), next) {
            (None, None) => return true,
            (Some(Piece::AnyText), _) => {
                resume = Some((piece, at));
                piece += 1;
                continue;
            }
            (Some(Piece::AnyChar), Some(_)) => true,
            (Some(Piece::Char(wanted)), Some(found)) => same(*wanted, found),
            (Some(Piece::AnyChar | Piece::Char(_) | Piece::Variable { .. }) | None, _) => false,
        };
        if let (true, Some(found)) = (fits, next) {
            piece += 1;
            at += found.len_utf8();
            continue;
        }
        // The last `*` takes one character more, if there is one.
        let Some((star, taken_to)) = resume else { return false };
        let Some(more) = text[taken_to..].chars().next() else { return false };
        resume = Some((star, taken_to + more.len_utf8()));
        piece = star + 1;
        at = taken_to + more.len_utf8();
    }
}
