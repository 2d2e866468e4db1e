//! Keeps secret values out of everything that is shown or written.

use std::sync::{Arc, PoisonError, RwLock};

/// What a secret is replaced by.
const MASK: &str = "********";

/// A value shorter than this is not searched for: it would mask half of every line and protect nothing.
const SHORTEST: usize = 4;

/// The secret values of a rehearsal. Clones share them.
#[derive(Clone, Default)]
pub struct Redactor {
    secrets: Arc<RwLock<Vec<String>>>,
}

impl Redactor {
    /// From now on `secret` is masked, as it stands and as it stands in URLs, JSON and Python's `repr`.
    pub fn hide(&self, secret: &str) {
        if secret.len() < SHORTEST {
            return;
        }
        let mut secrets = self.secrets.write().unwrap_or_else(PoisonError::into_inner);
        let encoded = percent_encoding::utf8_percent_encode(secret, percent_encoding::NON_ALPHANUMERIC).to_string();
        let quoted = serde_json::Value::from(secret).to_string();
        let escaped = quoted.trim_matches('"').to_owned();
        for form in [secret.to_owned(), encoded, escaped] {
            if !secrets.contains(&form) {
                secrets.push(form);
            }
        }
        // Longest first: a URL that holds a password is masked whole before the password is.
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
    }

    /// `text` without any of the secrets.
    #[must_use]
    pub fn clean(&self, text: &str) -> String {
        let secrets = self.secrets.read().unwrap_or_else(PoisonError::into_inner);
        secrets.iter().fold(text.to_owned(), |text, secret| text.replace(secret.as_str(), MASK))
    }
}

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Redactor")
    }
}

#[cfg(test)]
mod tests {
    use super::Redactor;

    #[test]
    fn a_secret_is_masked_in_every_form_it_takes() {
        let redactor = Redactor::default();
        redactor.hide("p@ss/\"word");
        redactor.hide("postgresql://news:p@ss/\"word@database:5432/news");
        redactor.hide("ab");
        let cases = [
            ("password p@ss/\"word refused", "password ******** refused"),
            ("url=postgresql://news:p@ss/\"word@database:5432/news;", "url=********;"),
            ("p%40ss%2F%22word", "********"),
            (r#"{"password":"p@ss/\"word"}"#, r#"{"password":"********"}"#),
            ("about abacus", "about abacus"),
        ];
        for (text, shown) in cases {
            assert_eq!(redactor.clean(text), shown);
        }
    }
}
