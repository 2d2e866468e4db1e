//! What the migration changed and no request exercised.

use std::collections::BTreeSet;

use super::subject::table_of;
use crate::database::schema::SchemaChange;

/// The tables that `changes` are about and that are not in `touched`. A table that is new was nobody's to touch before.
pub(in crate::scenario) fn unexercised(changes: &[SchemaChange], touched: &BTreeSet<String>) -> BTreeSet<String> {
    let is_new = |table: &str| {
        changes.iter().any(|change| matches!(change, SchemaChange::TableAdded { table: added, .. } if added == table))
    };
    let changed = changes.iter().filter_map(table_of).filter(|table| !is_new(table));
    changed.filter(|table| !touched.contains(*table)).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changed_tables_that_nobody_asked_for_are_named() {
        let gone = |table: &str| SchemaChange::TableRemoved { kind: "table".into(), table: table.into() };
        let index = SchemaChange::Named {
            what: "index on orders".into(),
            name: "by_day".into(),
            before: None,
            after: Some("CREATE INDEX".into()),
        };
        let new = SchemaChange::TableAdded { kind: "table".into(), table: "tags".into(), columns: Vec::new() };
        let touched = BTreeSet::from(["articles".to_owned()]);
        let names = unexercised(&[gone("articles"), gone("users"), index, new], &touched);
        assert_eq!(names.into_iter().collect::<Vec<_>>(), ["orders", "users"]);
    }
}
