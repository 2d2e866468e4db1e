//! Properties of any plan, whatever the catalog.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::{Cell, Insert, Plan, Purpose};
use crate::database::Engine;
use crate::database::catalog::{Catalog, Column, Filled, ForeignKey, Kind, Table, Unique};

fn kind() -> impl Strategy<Value = Kind> {
    prop_oneof![
        Just(Kind::Boolean),
        (1_u32..40).prop_map(|length| Kind::Text(Some(length))),
        Just(Kind::Text(None)),
        Just(Kind::Integer { most: 127 }),
        Just(Kind::Integer { most: 2_147_483_647 }),
        (1_usize..5).prop_map(|count| Kind::Enumeration((0..count).map(|value| format!("v{value}")).collect())),
        Just(Kind::Timestamp),
        Just(Kind::Other),
    ]
}

/// A table with a key `id`, up to four columns of its own, and up to two references, some of which must be there.
fn table(count: usize) -> impl Strategy<Value = Table> {
    let own = prop::collection::vec((kind(), any::<bool>(), any::<bool>()), 0..4);
    let references = prop::collection::vec((0..count, any::<bool>(), any::<bool>()), 0..3);
    (own, references).prop_map(|(own, references)| {
        let column = |name: String, kind: Kind, nullable: bool| Column {
            name,
            kind,
            data_type: String::new(),
            nullable,
            filled: Filled::Not,
        };
        let unique = |name: &str| Unique { name: format!("u_{name}"), columns: vec![name.to_owned()], primary: false };
        let mut table = Table {
            columns: vec![column("id".into(), Kind::Integer { most: 2_147_483_647 }, false)],
            unique: vec![Unique { name: "pk".into(), columns: vec!["id".into()], primary: true }],
            ..Table::default()
        };
        for (number, (kind, nullable, is_unique)) in own.into_iter().enumerate() {
            table.columns.push(column(format!("c{number}"), kind, nullable));
            table.unique.extend(is_unique.then(|| unique(&format!("c{number}"))));
        }
        for (number, (to, nullable, is_unique)) in references.into_iter().enumerate() {
            let name = format!("r{number}");
            table.columns.push(column(name.clone(), Kind::Integer { most: 2_147_483_647 }, nullable));
            table.unique.extend(is_unique.then(|| unique(&name)));
            table.foreign_keys.push(ForeignKey {
                name: format!("fk_{name}"),
                to: format!("t{to}"),
                columns: vec![(name, "id".into())],
            });
        }
        table
    })
}

fn catalog() -> impl Strategy<Value = Catalog> {
    (1_usize..6).prop_flat_map(|count| {
        prop::collection::vec(table(count), count).prop_map(|tables| Catalog {
            engine: Engine::Postgres,
            tables: tables.into_iter().enumerate().map(|(number, table)| (format!("t{number}"), table)).collect(),
        })
    })
}

/// What a cell holds once references are followed.
fn value<'a>(rows: &'a BTreeMap<(&str, usize), &'a Insert>, cell: &'a Cell) -> Option<&'a Cell> {
    match cell {
        Cell::Of { table, row, column } => {
            let target = rows.get(&(table.as_str(), *row))?;
            target.cells.iter().find(|(name, _)| name == column).map(|(_, cell)| cell)
        }
        Cell::Null | Cell::Text(_) => Some(cell),
    }
}

proptest! {
    /// Every row can be inserted where it stands in the plan: what it refers to comes before it, no NULL stands where none may, no two rows
    /// are equal in what must be unique, no text is too long; and every table has rows or a reason.
    #[test]
    fn every_planned_row_is_one_that_the_schema_allows(catalog in catalog(), seed: u64) {
        let plan = Plan::of(&catalog, &[], seed);
        prop_assert_eq!(&plan, &Plan::of(&catalog, &[], seed), "the same seed gives the same rows");
        let mut rows: BTreeMap<(&str, usize), &Insert> = BTreeMap::new();
        for insert in &plan.inserts {
            prop_assert!(rows.insert((&insert.table, insert.row), insert).is_none(), "a row has a number of its own");
            let table = &catalog.tables[&insert.table];
            for (name, cell) in &insert.cells {
                let column = table.column(name).expect("columns are the table's");
                let held = value(&rows, cell);
                prop_assert!(held.is_some(), "{}.{name} refers to a row before it", insert.table);
                prop_assert!(column.nullable || held != Some(&Cell::Null), "{}.{name} may not be NULL", insert.table);
                if let (Kind::Text(Some(most)), Cell::Text(text)) = (&column.kind, cell) {
                    prop_assert!(text.chars().count() <= usize::try_from(*most).expect("it is small"));
                }
            }
            for column in table.columns.iter().filter(|column| !column.nullable) {
                prop_assert!(insert.cells.iter().any(|(name, _)| *name == column.name), "{} is filled", column.name);
            }
        }
        for (name, table) in &catalog.tables {
            for unique in &table.unique {
                let mut seen = BTreeSet::new();
                for insert in plan.inserts.iter().filter(|insert| insert.table == *name) {
                    let held = unique.columns.iter().map(|column| {
                        let cell = insert.cells.iter().find(|(own, _)| own == column).map(|(_, cell)| cell);
                        cell.and_then(|cell| value(&rows, cell)).map(|cell| format!("{cell:?}"))
                    });
                    let held: Vec<Option<String>> = held.collect();
                    let has_null = held.iter().any(|held| held.as_deref().is_none_or(|held| held == "Null"));
                    prop_assert!(has_null || seen.insert(held.clone()), "{name}.{} twice: {held:?}", unique.name);
                }
            }
            let has_rows = plan.inserts.iter().any(|insert| insert.table == *name);
            prop_assert!(has_rows || plan.gaps.iter().any(|gap| gap.table == *name), "{name} has rows or a reason");
        }
    }
}

fn column(name: &str, kind: Kind, nullable: bool) -> Column {
    Column { name: name.into(), kind, data_type: "geometry".into(), nullable, filled: Filled::Not }
}

fn reference(name: &str, to: &str) -> ForeignKey {
    ForeignKey { name: format!("fk_{name}"), to: to.into(), columns: vec![(name.into(), "id".into())] }
}

const ID: Kind = Kind::Integer { most: 2_147_483_647 };

#[test]
fn what_cannot_be_seeded_is_said() {
    let key = |columns: &[&str]| Unique {
        name: "pk".into(),
        columns: columns.iter().map(|&c| c.to_owned()).collect(),
        primary: true,
    };
    let with = |columns: Vec<Column>, foreign_keys: Vec<ForeignKey>| Table {
        columns: [vec![column("id", ID, false)], columns].concat(),
        unique: vec![key(&["id"])],
        foreign_keys,
        ..Table::default()
    };
    let tables = [
        ("a", with(vec![column("b_id", ID, false)], vec![reference("b_id", "b")])),
        ("b", with(vec![column("a_id", ID, false)], vec![reference("a_id", "a")])),
        ("c", with(vec![column("d_id", ID, true)], vec![reference("d_id", "d")])),
        ("d", with(vec![column("c_id", ID, false)], vec![reference("c_id", "c")])),
        ("needs_a", with(vec![column("a_id", ID, false)], vec![reference("a_id", "a")])),
        ("place", with(vec![column("at", Kind::Other, false)], Vec::new())),
        ("maybe", with(vec![column("at", Kind::Other, true)], Vec::new())),
        ("visit", with(vec![column("place_id", ID, true)], vec![reference("place_id", "place")])),
        ("alembic_version", with(Vec::new(), Vec::new())),
        (
            "one",
            Table {
                columns: vec![column("only", Kind::Boolean, false)],
                unique: vec![key(&["only"])],
                ..Table::default()
            },
        ),
    ];
    let catalog =
        Catalog { engine: Engine::Postgres, tables: tables.map(|(name, table)| (name.to_owned(), table)).into() };
    let plan = Plan::of(&catalog, &["maybe_not"], 7);
    let said: Vec<String> = plan.gaps.iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        [
            "`place.at`: no value of type `geometry` is made, and it needs one",
            "`a`: it must refer to `b` (fk_b_id), which waits for this one, or for a cycle",
            "`b`: it must refer to `a` (fk_a_id), which waits for this one, or for a cycle",
            "`needs_a`: it must refer to `a` (fk_a_id), which waits for this one, or for a cycle",
            "`c.fk_d_id`: it stays NULL, since the tables refer to one another in a cycle",
            "`visit.fk_place_id`: it stays NULL, since `place` gets no rows",
            "`maybe.at`: no value of type `geometry` is made",
            "`one`: the longest text in every column: its key takes no more than 2 values",
            "`one`: NULL in every nullable column: its key takes no more than 2 values",
        ]
    );
    assert!(plan.inserts.iter().all(|insert| insert.table != "alembic_version"), "a tool's own table is left alone");
}

#[test]
fn each_purpose_is_served() {
    let table = Table {
        columns: vec![
            column("id", ID, false),
            column("name", Kind::Text(Some(20)), true),
            column("status", Kind::Enumeration(vec!["new".into(), "old".into(), "it's".into()]), false),
            column("tenant", ID, false),
            column("number", ID, false),
            column("user_id", ID, true),
        ],
        unique: vec![
            Unique { name: "pk".into(), columns: vec!["id".into()], primary: true },
            Unique { name: "by_number".into(), columns: vec!["tenant".into(), "number".into()], primary: false },
        ],
        ..Table::default()
    };
    let tables = BTreeMap::from([("users".to_owned(), Table::default()), ("orders".to_owned(), table)]);
    let plan = Plan::of(&Catalog { engine: Engine::Postgres, tables }, &["users"], 0);
    let shown: Vec<String> = plan.inserts.iter().map(|insert| insert.sql(Engine::Postgres)).collect();
    let into = "INSERT INTO \"orders\" (\"id\", \"name\", \"status\", \"tenant\", \"number\", \"user_id\") OVERRIDING SYSTEM VALUE VALUES";
    let expected = [
        "('1000000', '0aaaa', 'new', '1000000', '1000000', '1')",
        "('1000001', '0aaaa', 'new', '1000001', '1000000', '1')",
        "('1000002', '0aaaaaaaaaaaaaaaaaaa', 'new', '1000002', '1000000', '1')",
        "('1000003', NULL, 'new', '1000003', '1000000', NULL)",
        "('1000004', '0aaaa', 'old', '1000004', '1000000', '1')",
        "('1000005', '0aaaa', 'it''s', '1000005', '1000000', '1')",
        "('1000006', '0aaaa', 'new', '1000000', '1000006', '1')",
        "('1000007', '0aaaa', 'new', '1000007', '1000000', '1000900')",
    ];
    assert_eq!(shown, expected.map(|values| format!("{into} {values}")));
    assert_eq!(plan.inserts[6].purpose, Purpose::DuplicateOf("tenant".into()));
}
