//! The way that a schema takes through a migration.

use std::time::Duration;

use crate::database::SchemaSnapshot;

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
    pub(super) fn recorded(&self, now: &SchemaSnapshot) -> &SchemaSnapshot {
        self.all().find(|schema| schema.revision == now.revision).unwrap_or(&self.baseline)
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
            ],
            goal: schema("3", &["a", "b"]),
            patience: Duration::ZERO,
        };
        let left = |now: &SchemaSnapshot| SchemaSnapshot::difference(course.recorded(now), now).len();
        assert_eq!(left(&schema("1", &["a"])), 1);
        assert_eq!(left(&schema("2", &["a"])), 0);
        assert_eq!(left(&schema("3 (unfinished)", &["a", "b"])), 1);
        assert_eq!(course.revision_before(&["3 (unfinished)".to_owned()]), ["2"]);
        assert_eq!(course.revision_before(&["1".to_owned()]), ["1"]);
    }
}
