//! The way that a schema takes through a migration.

use std::time::Duration;

use super::statement::makes_if_absent;
use crate::database::SchemaSnapshot;
use crate::migration_tool::UNFINISHED;

/// The schema before a migration, after each of its statements as others see it, and in the end.
#[derive(Clone, Debug)]
pub(super) struct Course {
    pub(super) baseline: SchemaSnapshot,
    /// After each statement, in order.
    pub(super) after: Vec<SchemaSnapshot>,
    pub(super) goal: SchemaSnapshot,
    /// How long a run may take.
    pub(super) patience: Duration,
}

impl Course {
    /// The schema as it was when the tool's record first said what it says in `now`: a run may apply several migrations, and what those
    /// did that are recorded is to stay.
    /// A migration that is noted as begun is not: the note may come with its first definition, which ends a transaction on the MySQLs.
    pub(super) fn recorded(&self, now: &SchemaSnapshot) -> &SchemaSnapshot {
        let is_unfinished = now.revision.last().is_some_and(|it| it.ends_with(UNFINISHED));
        let found = if is_unfinished {
            self.all().take_while(|schema| schema.revision != now.revision).last()
        } else {
            self.all().find(|schema| schema.revision == now.revision)
        };
        found.unwrap_or(&self.baseline)
    }

    /// The number, from 1, of the first statement that is not just a table of the tool's own which is there already: by then a tool has
    /// looked what it has to do.
    pub(super) fn first_change(&self, statements: &[String]) -> usize {
        let is_there = |(text, after): &(&String, &SchemaSnapshot)| {
            makes_if_absent(text) && SchemaSnapshot::difference(&self.baseline, after).is_empty()
        };
        let passed = statements.iter().zip(&self.after).take_while(is_there).count();
        if passed < statements.len() { passed + 1 } else { 1 }
    }

    /// What the record said before it first said `revision`.
    pub(super) fn revision_before(&self, revision: &[String]) -> &[String] {
        let before = self.all().take_while(|schema| schema.revision != revision).last();
        before.map_or(&self.baseline.revision, |schema| &schema.revision)
    }

    fn all(&self) -> impl Iterator<Item = &SchemaSnapshot> {
        std::iter::once(&self.baseline).chain(&self.after).chain([&self.goal])
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::database::schema::Table;

    fn schema(revision: &str, tables: &[&str]) -> SchemaSnapshot {
        let tables: BTreeMap<String, Table> =
            tables.iter().map(|table| ((*table).to_owned(), Table::default())).collect();
        SchemaSnapshot { tables, revision: vec![revision.to_owned()], ..SchemaSnapshot::default() }
    }

    #[test]
    fn what_is_recorded_stays_and_what_came_after_it_is_what_was_left() {
        let course = Course {
            baseline: schema("1", &[]),
            after: vec![
                schema("1", &["a"]),
                schema("2", &["a"]),
                schema("3 (unfinished)", &["a"]),
                schema("3 (unfinished)", &["a", "b"]),
                schema("3", &["a", "b"]),
                // With its first definition.
                schema("4 (unfinished)", &["a", "b", "c"]),
            ],
            goal: schema("4", &["a", "b", "c"]),
            patience: Duration::ZERO,
        };
        let left = |now: &SchemaSnapshot| SchemaSnapshot::tables_changed(course.recorded(now), now).len();
        assert_eq!(left(&schema("1", &["a"])), 1);
        assert_eq!(left(&schema("2", &["a"])), 0);
        assert_eq!(left(&schema("3 (unfinished)", &["a", "b"])), 1);
        assert_eq!(left(&schema("4 (unfinished)", &["a", "b", "c"])), 1);
        assert_eq!(course.revision_before(&["3 (unfinished)".to_owned()]), ["2"]);
        assert_eq!(course.revision_before(&["1".to_owned()]), ["1"]);
    }
    /// The tables after each statement, the statements, and the number of the first that counts.
    type Case<'a> = (&'a [&'a [&'a str]], &'a [&'a str], usize);

    #[test]
    fn the_first_change_is_what_comes_after_a_table_that_is_there_already() {
        let course = |after: &[&[&str]]| Course {
            baseline: schema("1", &["record"]),
            after: after.iter().map(|tables| schema("1", tables)).collect(),
            goal: schema("2", &["record", "a"]),
            patience: Duration::ZERO,
        };
        let own = "\nCREATE TABLE IF NOT EXISTS record (version int)";
        let statements = |texts: &[&str]| -> Vec<String> { texts.iter().map(|&text| text.to_owned()).collect() };
        let cases: [Case<'_>; 4] = [
            (&[&["record"], &["record", "a"]], &[own, "CREATE TABLE a (b int)"], 2),
            (&[&["record"], &["record", "a"]], &["UPDATE lock SET taken = 1", "CREATE TABLE a (b int)"], 1),
            (&[&["record", "a"]], &["CREATE TABLE IF NOT EXISTS a (b int)"], 1),
            (&[&["record"]], &[own], 1),
        ];
        for (after, texts, expected) in cases {
            assert_eq!(course(after).first_change(&statements(texts)), expected, "{texts:?}");
        }
    }
}
