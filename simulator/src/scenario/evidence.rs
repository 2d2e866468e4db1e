//! What requests met in one phase that they did not meet before.

use std::collections::BTreeSet;

use super::round::{Asked, failing};
use crate::database::StatementError;

/// What requests met in one phase.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Met {
    /// What came of each request.
    pub(super) asked: Vec<Asked>,
    /// The statements that failed meanwhile.
    pub(super) errors: Vec<StatementError>,
}

impl Met {
    /// What is here and was not in `reference`: requests that failed there too say nothing, and neither do errors that were there.
    pub(super) fn beyond(&self, reference: &Self) -> Self {
        let known: BTreeSet<_> = reference.errors.iter().map(kind).collect();
        let before = failing(&reference.asked);
        let mut errors: Vec<StatementError> = Vec::new();
        for error in &self.errors {
            let is_new = !known.contains(&kind(error));
            if is_new && !errors.iter().any(|it| kind(it) == kind(error)) {
                errors.push(error.clone());
            }
        }
        let asked =
            self.asked.iter().filter(|it| it.failed > 0 && !before.contains(it.name.as_str())).cloned().collect();
        Self { asked, errors }
    }
}

/// A failed statement in one line that is the same each time: PostgreSQL's account of a whole row that a constraint refuses has ids and
/// times in it.
pub(super) fn line(error: &StatementError) -> String {
    let varies = error.detail.as_ref().is_some_and(|detail| detail.starts_with("Failing row contains"));
    let detail = error.detail.clone().filter(|_| !varies);
    StatementError { detail, ..error.clone() }.to_string()
}

/// What makes two errors one: the code and the message without what differs from one time to the next.
fn kind(error: &StatementError) -> (String, Option<u16>, String) {
    (error.sqlstate.clone(), error.errno, plain(&error.message))
}

/// A message without positions and other numbers.
fn plain(message: &str) -> String {
    message.split(" at character ").next().unwrap_or_default().chars().filter(|c| !c.is_ascii_digit()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::Refusal;

    fn error(sqlstate: &str, message: &str) -> StatementError {
        let refusal = Refusal { sqlstate: sqlstate.to_owned(), errno: None, message: message.to_owned() };
        StatementError::of(refusal, None)
    }

    fn asked(name: &str, failed: u32) -> Asked {
        Asked { name: name.to_owned(), line: String::new(), times: 3, wrong: Vec::new(), failed }
    }

    #[test]
    fn only_what_is_new_counts_and_once() {
        let reference =
            Met { asked: vec![asked("a", 0), asked("b", 3)], errors: vec![error("23505", "duplicate key 7")] };
        let met = Met {
            asked: vec![asked("a", 1), asked("b", 3), asked("c", 0)],
            errors: vec![
                error("23505", "duplicate key 12"),
                error("42703", "column x does not exist at character 8"),
                error("42703", "column x does not exist at character 21"),
                error("42703", "column y does not exist"),
            ],
        };
        let beyond = met.beyond(&reference);
        assert_eq!(beyond.asked, [asked("a", 1)]);
        let messages: Vec<&str> = beyond.errors.iter().map(|it| it.message.as_str()).collect();
        assert_eq!(messages, ["column x does not exist at character 8", "column y does not exist"]);
        assert_eq!(reference.beyond(&reference), Met::default());
    }
}
