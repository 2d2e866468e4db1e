//! Hiding passwords in statements.

/// What stands where a password stood.
const MASK: &str = "****";

/// What a password literal follows in SQL, in lower case.
const INTRODUCTIONS: [&str; 4] = ["password", "identified by", "by", "as"];

/// Replaces the given secrets wherever they occur, every password literal of an account statement (`CREATE ROLE … PASSWORD '…'`,
/// `IDENTIFIED BY '…'`), and the password of every URL.
#[must_use]
pub fn mask(text: &str, secrets: &[&str]) -> String {
    let mut masked = text.to_owned();
    for secret in secrets.iter().filter(|secret| !secret.is_empty()) {
        masked = masked.replace(secret, MASK);
    }
    mask_urls(&mask_literals(&masked))
}

/// Masks each string literal that follows one of the introductions. `BY` and `AS` introduce other things too, which is why they count
/// only in a text that speaks of accounts.
fn mask_literals(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let about_accounts = lower.contains("identified") || lower.contains("password");
    if !about_accounts {
        return text.to_owned();
    }
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find(['\'', '"']) {
        let quote = rest.as_bytes()[open] as char;
        let (before, from) = rest.split_at(open);
        let length = literal_length(from, quote);
        masked.push_str(before);
        let lead = before.trim_end_matches([' ', '\t', '\n', '=', '(', 'E', 'e']).to_ascii_lowercase();
        let introduced = INTRODUCTIONS.iter().any(|introduction| {
            lead.strip_suffix(introduction)
                .is_some_and(|earlier| !earlier.ends_with(|last: char| last.is_alphanumeric() || last == '_'))
        });
        if introduced {
            masked.push(quote);
            masked.push_str(MASK);
            masked.push(quote);
        } else {
            masked.push_str(&from[..length]);
        }
        rest = &from[length..];
    }
    masked.push_str(rest);
    masked
}

/// Length of the literal that `text` starts with, quotes included. A literal that does not end reaches to the end.
fn literal_length(text: &str, quote: char) -> usize {
    let mut characters = text.char_indices().skip(1).peekable();
    while let Some((at, character)) = characters.next() {
        if character == '\\' {
            characters.next();
        } else if character == quote {
            match characters.peek() {
                Some((_, next)) if *next == quote => {
                    characters.next();
                }
                Some(_) | None => return at + quote.len_utf8(),
            }
        }
    }
    text.len()
}

/// Masks `password` in each `scheme://user:password@host`.
fn mask_urls(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("://") {
        let (before, from) = rest.split_at(start + 3);
        masked.push_str(before);
        let end = from
            .find(|end: char| end.is_whitespace() || matches!(end, '/' | '\'' | '"' | ',' | ')'))
            .unwrap_or(from.len());
        let authority = &from[..end];
        match authority.rsplit_once('@').and_then(|(account, host)| Some((account.split_once(':')?.0, host))) {
            Some((user, host)) => masked.push_str(&format!("{user}:{MASK}@{host}")),
            None => masked.push_str(authority),
        }
        rest = &from[end..];
    }
    masked.push_str(rest);
    masked
}

#[cfg(test)]
mod tests {
    use super::mask;

    #[test]
    fn passwords_are_masked_and_nothing_else_is() {
        let cases = [
            ("CREATE ROLE app LOGIN PASSWORD 'it''s secret'", "CREATE ROLE app LOGIN PASSWORD '****'"),
            (
                "ALTER USER a WITH ENCRYPTED password E'x\\'y' VALID UNTIL 'infinity'",
                "ALTER USER a WITH ENCRYPTED password E'****' VALID UNTIL 'infinity'",
            ),
            ("CREATE USER 'a'@'%' IDENTIFIED BY 'x'", "CREATE USER 'a'@'%' IDENTIFIED BY '****'"),
            (
                "CREATE USER a IDENTIFIED WITH caching_sha2_password BY \"x\"",
                "CREATE USER a IDENTIFIED WITH caching_sha2_password BY \"****\"",
            ),
            ("SET PASSWORD = 'x'", "SET PASSWORD = '****'"),
            ("SET PASSWORD FOR 'a'@'%' = PASSWORD('x')", "SET PASSWORD FOR 'a'@'%' = PASSWORD('****')"),
            ("SELECT name AS 'n' FROM t WHERE a = 'b'", "SELECT name AS 'n' FROM t WHERE a = 'b'"),
            ("dblink('postgres://u:p@ss@h:1/d')", "dblink('postgres://u:****@h:1/d')"),
            ("see https://host/a:b@c", "see https://host/a:b@c"),
            ("INSERT INTO t VALUES ('hunter2')", "INSERT INTO t VALUES ('****')"),
            ("PASSWORD 'never ends", "PASSWORD '****'"),
        ];
        for (text, expected) in cases {
            assert_eq!(mask(text, &["hunter2", ""]), expected);
        }
    }
}
