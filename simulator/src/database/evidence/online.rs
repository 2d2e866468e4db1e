//! Whether MySQL and MariaDB can carry out a definition while others use the table, asked of the server itself.

use std::fmt;

use crate::database::sql::{Token, tokens};
use crate::database::{Connection, DatabaseError, Refusal};

const ACTION: &str = "try a definition on a clone";

/// How a definition is carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Online {
    /// Only the catalog changes (`ALGORITHM=INSTANT`).
    Instant,
    /// Rows are read or written anew, but others may read and write meanwhile (`ALGORITHM=INPLACE, LOCK=NONE`).
    InPlace,
    /// In place, but others may only read meanwhile.
    Locked {
        /// The server's reason.
        reason: String,
    },
    /// The table is copied, and nobody may write meanwhile (M-18).
    Copy {
        /// The server's reason.
        reason: String,
    },
}

impl fmt::Display for Online {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Instant => f.write_str("instant"),
            Self::InPlace => f.write_str("in place"),
            Self::Locked { reason } => write!(f, "in place, writers wait: {reason}"),
            Self::Copy { reason } => write!(f, "copies the table, writers wait: {reason}"),
        }
    }
}

/// A statement that was run on a clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probed {
    /// The statement, as the migration sent it.
    pub statement: String,
    /// How it is carried out; `None` if it defines no table or index, or if none of the ways was accepted or refused for what it is.
    pub online: Option<Online>,
    /// Why it failed on the clone, if it did.
    pub failed: Option<Refusal>,
}

/// Runs the statements of a migration in their order on a clone of the database that it was written for, each `ALTER TABLE` and index in the
/// least disturbing way that the server accepts.
///
/// # Errors
/// If the connection fails; refusals are part of the answer.
pub async fn online(clone: &mut Connection, statements: &[String]) -> Result<Vec<Probed>, DatabaseError> {
    let mut probed = Vec::new();
    for statement in statements {
        probed.push(probe(clone, statement).await?);
    }
    Ok(probed)
}

async fn probe(clone: &mut Connection, statement: &str) -> Result<Probed, DatabaseError> {
    let mut reasons = Vec::new();
    for (way, variant) in variants(statement) {
        match clone.attempt(ACTION, &variant).await? {
            Ok(()) => {
                let reason = reasons.pop().unwrap_or_default();
                let online = match way {
                    Way::Instant => Online::Instant,
                    Way::InPlace => Online::InPlace,
                    Way::Locked => Online::Locked { reason },
                    Way::Copy => Online::Copy { reason },
                };
                return Ok(Probed { statement: statement.to_owned(), online: Some(online), failed: None });
            }
            Err(refusal) if is_about_the_way(&refusal) => reasons.push(reason(&refusal.message)),
            // The statement fails whatever the way; or this way cannot be written so, which running it as it is shows.
            Err(_) => break,
        }
    }
    let failed = clone.attempt(ACTION, statement).await?.err();
    Ok(Probed { statement: statement.to_owned(), online: None, failed })
}

/// `ER_ALTER_OPERATION_NOT_SUPPORTED` and `ER_ALTER_OPERATION_NOT_SUPPORTED_REASON`.
fn is_about_the_way(refusal: &Refusal) -> bool {
    matches!(refusal.errno, Some(1845 | 1846))
}

/// The reason in the server's message, or the whole message.
fn reason(message: &str) -> String {
    let reason = message.split_once("Reason: ").map_or(message, |(_, reason)| reason);
    reason.split_once(". Try ").map_or(reason, |(reason, _)| reason).to_owned()
}

#[derive(Clone, Copy)]
enum Way {
    Instant,
    InPlace,
    Locked,
    Copy,
}

/// The statement with each way asked for, the least disturbing first. None if it defines no table or index, or asks for a way itself.
///
/// MySQL takes no `LOCK` beside `ALGORITHM=INSTANT` (error 1221), MariaDB no way at all for `DROP INDEX`.
fn variants(statement: &str) -> Vec<(Way, String)> {
    let statement = statement.trim().trim_end_matches(';');
    let tokens = tokens(statement);
    let begins = |keywords: &[&str]| {
        keywords.iter().enumerate().all(|(place, word)| tokens.get(place).is_some_and(|token| token.is(word)))
    };
    let asks = |word: &str| {
        tokens
            .iter()
            .enumerate()
            .any(|(place, token)| token.is(word) && tokens.get(place + 1) == Some(&Token::Symbol('=')))
    };
    if asks("ALGORITHM") || asks("LOCK") {
        return Vec::new();
    }
    let kinds = ["UNIQUE", "FULLTEXT", "SPATIAL"];
    let (statement, separator) = if begins(&["ALTER", "TABLE"]) {
        (statement.to_owned(), ",")
    } else if begins(&["CREATE", "INDEX"]) || kinds.iter().any(|kind| begins(&["CREATE", kind, "INDEX"])) {
        (statement.to_owned(), "")
    } else if begins(&["DROP", "INDEX"])
        && let Some((index, table)) = statement.split_once(" ON ").or_else(|| statement.split_once(" on "))
    {
        let index = index.split_whitespace().skip(2).collect::<Vec<_>>().join(" ");
        (format!("ALTER TABLE {table} DROP INDEX {index}"), ",")
    } else {
        return Vec::new();
    };
    let ways = [
        (Way::Instant, format!("{statement}{separator} ALGORITHM=INSTANT")),
        (Way::InPlace, format!("{statement}{separator} ALGORITHM=INPLACE{separator} LOCK=NONE")),
        (Way::Locked, format!("{statement}{separator} ALGORITHM=INPLACE")),
        (Way::Copy, format!("{statement}{separator} ALGORITHM=COPY")),
    ];
    // An index is never there in an instant.
    ways.into_iter().skip(usize::from(separator.is_empty())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_way_is_asked_for_in_the_statements_own_grammar() {
        let second = |statement: &str| variants(statement).into_iter().nth(1).map(|(_, text)| text);
        for (statement, expected) in [
            ("ALTER TABLE t ADD a int;", Some("ALTER TABLE t ADD a int, ALGORITHM=INPLACE, LOCK=NONE")),
            ("create unique index i on t (a)", Some("create unique index i on t (a) ALGORITHM=INPLACE")),
            ("DROP INDEX `i` ON t", Some("ALTER TABLE t DROP INDEX `i`, ALGORITHM=INPLACE, LOCK=NONE")),
            ("ALTER TABLE t ADD a int, ALGORITHM=COPY", None),
            ("CREATE TABLE t (a int)", None),
            ("UPDATE t SET lock = 1", None),
        ] {
            assert_eq!(second(statement).as_deref(), expected, "{statement}");
        }
    }

    #[test]
    fn the_reason_is_what_the_server_gives() {
        for (message, expected) in [
            (
                "ALGORITHM=INPLACE is not supported. Reason: Cannot change column type INPLACE. Try ALGORITHM=COPY.",
                "Cannot change column type INPLACE",
            ),
            (
                "ALGORITHM=INPLACE is not supported for this operation. Try ALGORITHM=COPY.",
                "ALGORITHM=INPLACE is not supported for this operation",
            ),
        ] {
            assert_eq!(reason(message), expected);
        }
    }
}
