//! Text with `*` for any text and `?` for any character.

/// A piece of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    /// This character.
    Char(char),
    /// Any one character.
    AnyChar,
    /// Any text, the empty one included.
    AnyText,
}

/// The tokens of `pattern`.
pub(crate) fn tokens(pattern: &str) -> Vec<Token> {
    pattern
        .chars()
        .map(|c| match c {
            '*' => Token::AnyText,
            '?' => Token::AnyChar,
            other => Token::Char(other),
        })
        .collect()
}

/// Whether all of `text` matches `pattern`, in which `*` and `?` are special.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    matches_tokens(&tokens(pattern), text, |one, other| one == other)
}

/// Whether all of `text` matches `tokens`, characters being compared by `same`. Takes time proportional to the product of both
/// lengths at worst: only the last `*` is ever taken up again.
pub(crate) fn matches_tokens(tokens: &[Token], text: &str, same: impl Fn(char, char) -> bool) -> bool {
    let (mut token, mut at) = (0, 0);
    let mut resume: Option<(usize, usize)> = None;
    loop {
        let next = text[at..].chars().next();
        let fits = match (tokens.get(token), next) {
            (None, None) => return true,
            (Some(Token::AnyText), _) => {
                resume = Some((token, at));
                token += 1;
                continue;
            }
            (Some(Token::AnyChar), Some(_)) => true,
            (Some(Token::Char(wanted)), Some(found)) => same(*wanted, found),
            (Some(Token::AnyChar | Token::Char(_)) | None, _) => false,
        };
        if let (true, Some(found)) = (fits, next) {
            token += 1;
            at += found.len_utf8();
            continue;
        }
        // The last `*` takes one character more, if there is one.
        let Some((star, taken_to)) = resume else { return false };
        let Some(more) = text[taken_to..].chars().next() else { return false };
        resume = Some((star, taken_to + more.len_utf8()));
        token = star + 1;
        at = taken_to + more.len_utf8();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What matching means, without any thought for time.
    fn reference(pattern: &[char], text: &[char]) -> bool {
        match (pattern, text) {
            ([], []) => true,
            (['*', rest @ ..], _) => (0..=text.len()).any(|taken| reference(rest, &text[taken..])),
            (['?', pattern @ ..], [_, text @ ..]) => reference(pattern, text),
            ([wanted, pattern @ ..], [found, text @ ..]) => wanted == found && reference(pattern, text),
            ([], [_, ..]) | ([_, ..], []) => false,
        }
    }

    proptest! {
        /// Matching agrees with a reference that tries everything.
        #[test]
        fn agrees_with_the_reference(pattern in "[ab*?é]{0,8}", text in "[abé]{0,8}") {
            let (of_pattern, of_text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
            prop_assert_eq!(matches(&pattern, &text), reference(&of_pattern, &of_text));
        }

        /// `*` matches everything.
        #[test]
        fn a_star_matches_everything(text in any::<String>()) {
            prop_assert!(matches("*", &text));
        }
    }
}
