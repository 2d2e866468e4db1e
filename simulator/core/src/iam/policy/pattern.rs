//! Text with wildcards and policy variables.

use std::borrow::Cow;

use super::Context;
use crate::glob::{Token, matches_tokens};

/// A text in which `*` stands for any text, `?` for any character and `${…}` for a condition key's value, as far as the place
/// where it stands allows them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    /// The tokens up to the first variable.
    start: Vec<Token>,
    /// Each variable with the tokens that follow it.
    rest: Vec<(Variable, Vec<Token>)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Variable {
    key: String,
    default: Option<String>,
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
        let mut pattern = Self { start: Vec::new(), rest: Vec::new() };
        let mut left = text;
        while let Some(next) = left.chars().next() {
            let reference = if syntax.variables { reference(left) } else { None };
            match reference {
                Some((Reference::Variable(variable), length)) => {
                    pattern.rest.push((variable, Vec::new()));
                    left = &left[length..];
                    continue;
                }
                Some((Reference::Char(literal), length)) => {
                    pattern.tail().push(Token::Char(literal));
                    left = &left[length..];
                    continue;
                }
                None => {}
            }
            pattern.tail().push(match next {
                '*' if syntax.wildcards => Token::AnyText,
                '?' if syntax.wildcards => Token::AnyChar,
                other => Token::Char(other),
            });
            left = &left[next.len_utf8()..];
        }
        pattern
    }

    /// Whether all of `text` matches.
    #[must_use]
    pub fn matches(&self, text: &str, context: &Context) -> bool {
        self.resolve(context).is_some_and(|tokens| matches_tokens(&tokens, text, |one, other| one == other))
    }

    /// The same, whatever the case of letters.
    #[must_use]
    pub fn matches_ignoring_case(&self, text: &str, context: &Context) -> bool {
        let same = |one: char, other: char| {
            one.eq_ignore_ascii_case(&other) || (!one.is_ascii() && one.to_lowercase().eq(other.to_lowercase()))
        };
        self.resolve(context).is_some_and(|tokens| matches_tokens(&tokens, text, same))
    }

    fn tail(&mut self) -> &mut Vec<Token> {
        match self.rest.last_mut() {
            Some((_, tail)) => tail,
            None => &mut self.start,
        }
    }

    /// The tokens with every variable replaced; nothing if one has no value, since then nothing can match. A wildcard in a value
    /// is an ordinary character.
    fn resolve(&self, context: &Context) -> Option<Cow<'_, [Token]>> {
        if self.rest.is_empty() {
            return Some(Cow::Borrowed(&self.start));
        }
        let mut resolved = self.start.clone();
        for (Variable { key, default }, tail) in &self.rest {
            let value = context.single(key).or(default.as_deref())?;
            resolved.extend(value.chars().map(Token::Char));
            resolved.extend(tail);
        }
        Some(Cow::Owned(resolved))
    }
}

/// What stands between `${` and `}`.
enum Reference {
    Variable(Variable),
    Char(char),
}

/// The reference that `text` begins with, and its length: `${key}`, `${key, 'default'}`, or `${*}`, `${?}`, `${$}` for the
/// characters themselves.
fn reference(text: &str) -> Option<(Reference, usize)> {
    let inner = text.strip_prefix("${")?;
    let end = inner.find('}')?;
    let (body, length) = (&inner[..end], end + 3);
    let variable = |key: &str, default| Variable { key: key.trim().to_ascii_lowercase(), default };
    let reference = match body {
        "*" | "?" | "$" => Reference::Char(body.chars().next()?),
        _ => Reference::Variable(match body.split_once(',') {
            None => variable(body, None),
            Some((key, default)) => {
                let default = default.trim().strip_prefix('\'')?.strip_suffix('\'')?;
                variable(key, Some(default.to_owned()))
            }
        }),
    };
    Some((reference, length))
}
