//! The values that a rehearsal's secrets have: made up anew each time, and never shown.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};

use super::config;
use crate::database::Engine;

const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// What stands unescaped in the user and password of a URL (RFC 3986 `unreserved`).
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// A secret of the task definition and the value it gets.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretValue {
    /// `valueFrom` of the task definition.
    pub value_from: String,
    /// The value.
    pub value: String,
}

impl SecretValue {
    /// Whether the task definition names it by a whole ARN, which only a secret has that is there already.
    #[must_use]
    pub fn is_fixed(&self) -> bool {
        suffix_of(&self.value_from).is_some()
    }

    /// What of it must not be shown: the value and, where it is a JSON object, what stands in it.
    #[must_use]
    pub fn hidden(&self) -> Vec<String> {
        let members: BTreeMap<String, String> = serde_json::from_str(&self.value).unwrap_or_default();
        std::iter::once(self.value.clone()).chain(members.into_values()).collect()
    }
}

impl std::fmt::Debug for SecretValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SecretValue").field("value_from", &self.value_from).finish_non_exhaustive()
    }
}

/// `length` random letters, digits, `-` and `_`.
///
/// # Errors
/// The system has no source of random numbers.
pub fn random(length: usize) -> io::Result<String> {
    let mut bytes = vec![0; length];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes.iter().map(|byte| char::from(LETTERS[usize::from(byte % 64)])).collect())
}

/// The value of a secret: random, or a JSON object in which it is for each of `keys`, if there are any.
///
/// # Errors
/// The system has no source of random numbers.
pub fn made_up(length: usize, keys: &[String]) -> io::Result<String> {
    if keys.is_empty() {
        return random(length);
    }
    let members = keys.iter().map(|key| Ok((key.clone(), Value::from(random(length)?))));
    Ok(Value::Object(members.collect::<io::Result<Map<_, _>>>()?).to_string())
}

/// A password: random, and with `special` in its midst, where production's has such characters. What comes after them is no digit, so that a
/// `%` at their end never begins what is an encoded character by chance.
///
/// # Errors
/// The system has no source of random numbers.
pub fn password(special: &str) -> io::Result<String> {
    if special.is_empty() {
        return random(24);
    }
    Ok(format!("{}{special}_{}", random(12)?, random(12)?))
}

/// What of `password` must not be shown: all of it, and the pieces between its special characters, since a client that takes one of those
/// for the end of the password shows the rest as a host or a path.
pub fn hidden(password: &str) -> impl Iterator<Item = &str> {
    let is_special = |c: char| !LETTERS.iter().any(|letter| char::from(*letter) == c);
    let pieces = password.split(is_special).filter(|piece| (8..password.len()).contains(&piece.len()));
    std::iter::once(password).chain(pieces)
}

/// `shape` with the database's particulars in it: encoded as in a URL, but for `{raw-password}`.
#[must_use]
pub fn database_url(shape: &str, database: &config::Database, engine: Engine, host: &str, password: &str) -> String {
    let escaped = |text: &str| utf8_percent_encode(text, ESCAPED).to_string();
    shape
        .replace("{user}", &escaped(&database.user))
        .replace("{password}", &escaped(password))
        .replace("{host}", host)
        .replace("{port}", &engine.port().to_string())
        .replace("{name}", &escaped(&database.name))
        // Last, since it may hold any of the above.
        .replace("{raw-password}", password)
}

/// The name of the secret that `value_from` points at: a name, or a Secrets Manager ARN with its six random characters and,
/// perhaps, `:json-key:version-stage:version-id`. The prefix `/aws/reference/secretsmanager/` is Parameter Store's.
#[must_use]
pub fn name_of(value_from: &str) -> &str {
    parts(value_from).0
}

/// The six random characters at the end of the ARN in `value_from`, if it has them.
#[must_use]
pub fn suffix_of(value_from: &str) -> Option<&str> {
    parts(value_from).1
}

/// The key of the secret's JSON object that the ARN in `value_from` asks for, if it does: what comes after partition, service, region, account,
/// type and name.
#[must_use]
pub fn key_of(value_from: &str) -> Option<&str> {
    value_from.strip_prefix("arn:")?.split(':').nth(6).filter(|key| !key.is_empty())
}

fn parts(value_from: &str) -> (&str, Option<&str>) {
    let Some(rest) = value_from.split_once(":secret:").map(|(_, rest)| rest) else { return (value_from, None) };
    let name = rest.split(':').next().unwrap_or(rest);
    match name.rsplit_once('-') {
        Some((before, suffix)) if suffix.len() == 6 && suffix.bytes().all(|it| it.is_ascii_alphanumeric()) => {
            (before, Some(suffix))
        }
        Some(_) | None => (name, None),
    }
}

#[cfg(test)]
mod tests {
    use super::{SecretValue, database_url, hidden, made_up, name_of, password};
    use crate::database::Engine;
    use crate::rehearsal::config::Database;

    #[test]
    fn a_password_is_encoded_where_it_is_not_asked_for_as_it_is() {
        let database: Database =
            toml::from_str("engine = \"postgres\"\nname = \"n\"\nuser = \"o'hara\"\nsecret = \"s\"\nurl = {}")
                .expect("it is written rightly");
        let url = |shape| database_url(shape, &database, Engine::Postgres, "database", "a%b{port}");
        assert_eq!(url("x://{user}:{password}@{host}:{port}/{name}"), "x://o%27hara:a%25b%7Bport%7D@database:5432/n");
        assert_eq!(url("x://{user}:{raw-password}@{host}"), "x://o%27hara:a%b{port}@database");
    }

    #[test]
    fn a_secret_with_keys_is_json_and_each_of_its_values_is_hidden() {
        let made = |keys: &[&str]| {
            let keys: Vec<String> = keys.iter().map(|&key| key.to_owned()).collect();
            let value = made_up(16, &keys).expect("there are random numbers");
            SecretValue { value_from: "news-api/keys".to_owned(), value }.hidden()
        };
        assert_eq!(made(&[]).iter().map(String::len).collect::<Vec<_>>(), [16]);
        let hidden = made(&["a", "b"]);
        assert_eq!(hidden.iter().skip(1).map(String::len).collect::<Vec<_>>(), [16, 16]);
        assert_eq!(hidden[0], format!("{{\"a\":\"{}\",\"b\":\"{}\"}}", hidden[1], hidden[2]));
    }

    #[test]
    fn a_password_has_the_characters_that_production_s_has() {
        let plain = password("").expect("there are random numbers");
        assert!(plain.len() == 24 && hidden(&plain).eq([plain.as_str()]));
        let special = password("p@%").expect("there are random numbers");
        assert!(special.len() == 28 && special.contains("p@%_"), "{special}");
        let pieces: Vec<&str> = hidden(&special).collect();
        assert!(pieces == [special.as_str(), &special[..13], &special[15..]], "{pieces:?}");
    }

    #[test]
    fn a_secret_is_known_by_its_name() {
        let cases = [
            ("news-api/database-url", "news-api/database-url"),
            ("arn:aws:secretsmanager:eu-central-1:123456789012:secret:news-api/key-AbCdEf", "news-api/key"),
            ("arn:aws:secretsmanager:eu-central-1:123456789012:secret:news-api/key-AbCdEf:password::", "news-api/key"),
            ("arn:aws:secretsmanager:eu-central-1:123456789012:secret:news-api/session", "news-api/session"),
        ];
        for (value_from, name) in cases {
            assert_eq!(name_of(value_from), name, "{value_from}");
        }
    }
}
