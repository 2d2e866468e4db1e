//! Which statements change something.

/// First words of statements that change the schema, rows or rights, or make such changes last.
const CHANGES: [&str; 16] = [
    "ALTER", "CALL", "COMMENT", "COMMIT", "COPY", "CREATE", "DELETE", "DO", "DROP", "GRANT", "INSERT", "MERGE",
    "RENAME", "REPLACE", "REVOKE", "TRUNCATE",
];

/// Whether a statement, or the first of several in one text, changes something. A lock's `SELECT … FOR UPDATE` does not.
pub(super) fn changes(text: &str) -> bool {
    let word: String = after_comments(text).chars().take_while(char::is_ascii_alphabetic).collect();
    let word = word.to_ascii_uppercase();
    word == "UPDATE" || word == "WITH" && mentions_change(text) || CHANGES.contains(&word.as_str())
}

/// Whether a statement makes a table unless it is there.
pub(super) fn makes_if_absent(text: &str) -> bool {
    let words = after_comments(text).split_whitespace().take(5);
    words
        .zip(["CREATE", "TABLE", "IF", "NOT", "EXISTS"])
        .filter(|(word, known)| word.eq_ignore_ascii_case(known))
        .count()
        == 5
}

/// A text on one line, as long as fits into a report.
pub(super) fn shown(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(160) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

fn mentions_change(text: &str) -> bool {
    let words = text.split(|c: char| !c.is_ascii_alphabetic());
    words.into_iter().any(|word| ["INSERT", "UPDATE", "DELETE"].iter().any(|change| word.eq_ignore_ascii_case(change)))
}

fn after_comments(text: &str) -> &str {
    let mut rest = text.trim_start_matches(|c: char| c.is_whitespace() || c == ';');
    loop {
        let after = match (rest.strip_prefix("--"), rest.strip_prefix("/*")) {
            (Some(comment), _) => comment.split_once('\n').map(|(_, after)| after),
            (None, Some(comment)) => comment.split_once("*/").map(|(_, after)| after),
            (None, None) => return rest,
        };
        rest = after.unwrap_or_default().trim_start();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_that_change_something_are_told_from_those_that_do_not() {
        let cases = [
            ("ALTER TABLE t ADD c int", true),
            ("\n  create table t (a int)", true),
            ("-- a note\n/* and another */ INSERT INTO t VALUES (1)", true),
            ("update \"t\" set a = 1", true),
            ("COMMIT", true),
            ("WITH gone AS (DELETE FROM t RETURNING a) SELECT * FROM gone", true),
            ("WITH a AS (SELECT 1) SELECT * FROM a", false),
            ("BEGIN", false),
            ("SELECT 1 FROM t FOR UPDATE", false),
            ("SET NAMES utf8mb4", false),
            ("ROLLBACK", false),
            ("", false),
        ];
        for (text, expected) in cases {
            assert_eq!(changes(text), expected, "{text}");
        }
        assert_eq!(shown("a\n  b"), "a b");
        assert_eq!(shown(&"x".repeat(200)).chars().count(), 161);
    }
}
