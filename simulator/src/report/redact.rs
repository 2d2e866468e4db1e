//! Keeps secret values out of everything that is shown or written.

use std::sync::{Arc, PoisonError, RwLock};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What a secret is replaced by.
const MASK: &str = "********";

/// A value shorter than this is not searched for: it would mask half of every line and protect nothing.
const SHORTEST: usize = 4;

/// What is encoded in a URL: everything, what RFC 3986 does not call unreserved, the same without the slash (Python's `quote`), and what
/// JavaScript's `encodeURIComponent` encodes.
const ENCODED: [&AsciiSet; 4] = [NON_ALPHANUMERIC, RESERVED, &RESERVED.remove(b'/'), OF_COMPONENTS];
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
const OF_COMPONENTS: &AsciiSet = &RESERVED.remove(b'!').remove(b'\'').remove(b'(').remove(b')').remove(b'*');

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
        let encoded = ENCODED.map(|set| utf8_percent_encode(secret, set).to_string());
        let quoted = serde_json::Value::from(secret).to_string();
        let escaped = quoted.trim_matches('"').to_owned();
        for form in encoded.into_iter().chain([secret.to_owned(), escaped]) {
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
        redactor.hide("a-b!/c%");
        redactor.hide("ab");
        let cases = [
            ("password p@ss/\"word refused", "password ******** refused"),
            ("url=postgresql://news:p@ss/\"word@database:5432/news;", "url=********;"),
            ("p%40ss%2F%22word", "********"),
            (r#"{"password":"p@ss/\"word"}"#, r#"{"password":"********"}"#),
            ("a%2Db%21%2Fc%25 a-b%21%2Fc%25 a-b%21/c%25 a-b!%2Fc%25", "******** ******** ******** ********"),
            ("about abacus", "about abacus"),
        ];
        for (text, shown) in cases {
            assert_eq!(redactor.clean(text), shown);
        }
    }
}
