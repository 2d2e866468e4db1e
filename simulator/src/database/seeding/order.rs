//! In which order tables get rows, so that foreign keys are obeyed.

use std::collections::{BTreeMap, BTreeSet};

use crate::database::catalog::{Catalog, Table};

/// In which order tables get rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Order {
    /// The tables, each after those that it refers to.
    pub tables: Vec<String>,
    /// Foreign keys that stay NULL, because they would close a cycle or refer to a table without rows: table and the key's name.
    pub open: BTreeSet<(String, String)>,
    /// Tables that can get no row, each with the reason.
    pub impossible: BTreeMap<String, String>,
}

/// Orders the tables of `catalog`, without those `left_out`.
///
/// A cycle is broken at a foreign key whose columns may be NULL; without one, none of its tables gets a row, nor does any that must
/// refer to them.
#[must_use]
pub fn order(catalog: &Catalog, left_out: &BTreeSet<String>) -> Order {
    let mut order = Order::default();
    let mut waiting: BTreeMap<&String, &Table> =
        catalog.tables.iter().filter(|(name, _)| !left_out.contains(*name)).collect();
    while !waiting.is_empty() {
        let placed = |to: &String| order.tables.contains(to);
        let ready = |name: &String, table: &Table, optional: bool| {
            table
                .foreign_keys
                .iter()
                .all(|key| key.to == *name || placed(&key.to) || optional && may_be_null(table, &key.name))
        };
        let chosen = waiting
            .iter()
            .find(|(name, table)| ready(name, table, false))
            .or_else(|| waiting.iter().find(|(name, table)| ready(name, table, true)))
            .map(|(name, table)| (*name, *table));
        let Some((name, table)) = chosen else { break };
        for key in table.foreign_keys.iter().filter(|key| key.to != *name && !placed(&key.to)) {
            order.open.insert((name.clone(), key.name.clone()));
        }
        order.tables.push(name.clone());
        waiting.remove(name);
    }
    for (name, table) in &waiting {
        let missing = table
            .foreign_keys
            .iter()
            .find(|key| key.to != **name && !order.tables.contains(&key.to) && !may_be_null(table, &key.name));
        let reason = missing.map_or_else(String::new, |key| {
            let why = if waiting.contains_key(&key.to) {
                "which waits for this one, or for a cycle"
            } else {
                "which gets no rows"
            };
            format!("it must refer to `{}` ({}), {why}", key.to, key.name)
        });
        order.impossible.insert((*name).clone(), reason);
    }
    order
}

/// Whether the reference can be left out: one NULL among its columns is enough.
pub(super) fn may_be_null(table: &Table, key: &str) -> bool {
    table
        .foreign_keys
        .iter()
        .filter(|candidate| candidate.name == key)
        .flat_map(|key| &key.columns)
        .any(|(own, _)| table.column(own).is_some_and(|column| column.nullable))
}
