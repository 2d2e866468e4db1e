//! Statements prepared on two schemas.

use std::fmt;

use super::ran::Captured;
use crate::database::{Connection, DatabaseError, Refusal, ResultColumn};

/// A statement as two schemas take it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compared {
    /// The statement.
    pub statement: Captured,
    /// What comes of it.
    pub verdict: Verdict,
}

/// What comes of a statement on the new schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It does what it did.
    Fits,
    /// The new schema refuses it.
    Breaks(Refusal),
    /// Its result has other columns. On PostgreSQL a connection that prepared it before fails with `cached plan must not change result
    /// type`; everywhere a program that reads columns by place reads others.
    Reshaped(Vec<ShapeChange>),
    /// It cannot be prepared on the old schema either, so nothing is known of it.
    NotComparable(Refusal),
}

/// A difference between two results.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ShapeChange {
    /// A column is new.
    Added(ResultColumn),
    /// A column is gone.
    Removed(ResultColumn),
    /// A column has another type.
    Retyped {
        /// As it was.
        before: ResultColumn,
        /// As it is.
        after: ResultColumn,
    },
    /// The columns that both have come in another order.
    Reordered,
}

impl fmt::Display for ShapeChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Added(column) => write!(f, "+ {column}"),
            Self::Removed(column) => write!(f, "- {column}"),
            Self::Retyped { before, after } => write!(f, "~ {before} -> {}", after.data_type),
            Self::Reordered => f.write_str("~ order of columns"),
        }
    }
}

/// Prepares each statement about rows on the schema `before` and on the schema `after`. None of them runs.
///
/// # Errors
/// If a connection fails; refusals are part of the answer.
pub async fn compare(
    before: &mut Connection,
    after: &mut Connection,
    statements: &[Captured],
) -> Result<Vec<Compared>, DatabaseError> {
    let mut compared = Vec::new();
    for statement in statements.iter().filter(|statement| statement.is_about_rows()) {
        let old = before.describe(&statement.text).await?;
        let new = after.describe(&statement.text).await?;
        compared.push(Compared { statement: statement.clone(), verdict: verdict(old, new) });
    }
    Ok(compared)
}

type Description = Result<Vec<ResultColumn>, Refusal>;

/// What comes of a statement that two schemas describe so.
fn verdict(before: Description, after: Description) -> Verdict {
    match (before, after) {
        (Err(refusal), _) => Verdict::NotComparable(refusal),
        (Ok(_), Err(refusal)) => Verdict::Breaks(refusal),
        (Ok(before), Ok(after)) if before == after => Verdict::Fits,
        (Ok(before), Ok(after)) => Verdict::Reshaped(shape_changes(&before, &after)),
    }
}

fn shape_changes(before: &[ResultColumn], after: &[ResultColumn]) -> Vec<ShapeChange> {
    let mut rest: Vec<&ResultColumn> = after.iter().collect();
    let mut changes = Vec::new();
    let mut kept = Vec::new();
    for old in before {
        // A name may stand for several columns: each is compared with the next of that name.
        match rest.iter().position(|new| new.name == old.name) {
            None => changes.push(ShapeChange::Removed(old.clone())),
            Some(place) => {
                let new = rest.remove(place);
                kept.push(&new.name);
                if new != old {
                    changes.push(ShapeChange::Retyped { before: old.clone(), after: new.clone() });
                }
            }
        }
    }
    let added: Vec<&ResultColumn> = rest;
    let order = after.iter().map(|column| &column.name).filter(|name| kept.contains(name));
    if !order.eq(kept.iter().copied()) && added.iter().all(|column| !kept.contains(&&column.name)) {
        changes.push(ShapeChange::Reordered);
    }
    changes.extend(added.into_iter().map(|column| ShapeChange::Added(column.clone())));
    changes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(columns: &str) -> Vec<ResultColumn> {
        let column = |text: &str| {
            let (name, data_type) = text.split_once(' ').expect("a name and a type");
            ResultColumn { name: name.to_owned(), data_type: data_type.to_owned() }
        };
        columns.split(", ").filter(|text| !text.is_empty()).map(column).collect()
    }

    fn refusal(sqlstate: &str) -> Refusal {
        Refusal { sqlstate: sqlstate.to_owned(), errno: None, message: "no".to_owned() }
    }

    #[test]
    fn what_the_new_schema_alone_refuses_breaks() {
        let fine = || Ok(shape("a int4"));
        assert_eq!(verdict(fine(), fine()), Verdict::Fits);
        assert_eq!(verdict(fine(), Err(refusal("42703"))), Verdict::Breaks(refusal("42703")));
        assert_eq!(verdict(Err(refusal("42P18")), Err(refusal("42703"))), Verdict::NotComparable(refusal("42P18")));
        assert_eq!(verdict(Err(refusal("42P18")), fine()), Verdict::NotComparable(refusal("42P18")));
    }

    #[test]
    fn shapes_are_compared_by_name_type_and_order() {
        let cases: [(&str, &str, &[&str]); 6] = [
            ("a int4, b text", "a int4, b text, c date", &["+ c date"]),
            ("a int4, b text", "b text", &["- a int4"]),
            ("a varchar(20)", "a varchar(40)", &["~ a varchar(20) -> varchar(40)"]),
            ("a int4, b text", "b text, a int4", &["~ order of columns"]),
            ("a int4, b text", "z int4, b text", &["- a int4", "+ z int4"]),
            ("n int4, n text", "n int4, n date", &["~ n text -> date"]),
        ];
        for (before, after, expected) in cases {
            let Verdict::Reshaped(changes) = verdict(Ok(shape(before)), Ok(shape(after))) else {
                panic!("{before} is not {after}")
            };
            let shown: Vec<String> = changes.iter().map(ToString::to_string).collect();
            assert_eq!(shown, expected, "{before} -> {after}");
        }
    }
}
