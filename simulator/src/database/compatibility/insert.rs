//! INSERTs that leave out a column which the new schema requires. Preparing such a statement succeeds on every engine.

use std::collections::BTreeSet;
use std::fmt;

use super::ran::Captured;
use crate::database::catalog::Catalog;
use crate::database::sql::{Token, tokens};

/// What an INSERT, REPLACE or COPY writes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InsertTarget {
    /// The table, as the statement names it; with the schema before it if the statement does.
    pub table: String,
    /// The columns that it lists; `None` if it lists none and so means the first ones.
    pub columns: Option<Vec<String>>,
    /// How many values it gives without listing columns.
    pub values: usize,
}

impl InsertTarget {
    /// What a statement inserts into, if it does. Of a statement that begins with `WITH`, the first INSERT.
    #[must_use]
    pub fn of(statement: &str) -> Option<Self> {
        let tokens = tokens(statement);
        let begins = |keyword: &str| tokens.first().is_some_and(|first| first.is(keyword));
        let mut place = if begins("INSERT") || begins("REPLACE") {
            1 + tokens
                .iter()
                .skip(1)
                .take_while(|token| {
                    ["LOW_PRIORITY", "DELAYED", "HIGH_PRIORITY", "IGNORE"].iter().any(|word| token.is(word))
                })
                .count()
        } else if begins("WITH") {
            tokens.windows(2).position(|pair| pair[0].is("INSERT") && pair[1].is("INTO"))? + 1
        } else if begins("COPY") && tokens.iter().any(|token| token.is("FROM")) {
            1
        } else {
            return None;
        };
        if tokens.get(place)?.is("INTO") {
            place += 1;
        }
        let mut table = tokens.get(place)?.name()?.to_owned();
        place += 1;
        while let (Some(Token::Symbol('.')), Some(part)) = (tokens.get(place), tokens.get(place + 1)) {
            table = format!("{table}.{}", part.name()?);
            place += 2;
        }
        if tokens.get(place).is_some_and(|token| token.is("AS")) {
            place += 2;
        }
        let rest = &tokens[place.min(tokens.len())..];
        if rest.first().is_some_and(|token| token.is("SET")) {
            let columns = rest
                .windows(2)
                .filter(|pair| pair[1] == Token::Symbol('='))
                .filter_map(|pair| pair[0].name().map(str::to_owned));
            return Some(Self { table, columns: Some(columns.collect()), values: 0 });
        }
        if rest.first() == Some(&Token::Symbol('('))
            && !rest.get(1).is_some_and(|token| token.is("SELECT") || token.is("WITH"))
        {
            let listed = rest[1..].iter().take_while(|token| **token != Token::Symbol(')'));
            let columns: Vec<String> = listed.filter_map(|token| token.name().map(str::to_owned)).collect();
            return Some(Self { table, columns: Some(columns), values: 0 });
        }
        if rest.first().is_some_and(|token| token.is("DEFAULT")) {
            return Some(Self { table, columns: Some(Vec::new()), values: 0 });
        }
        let values =
            rest.iter().position(|token| token.is("VALUES") || token.is("VALUE")).map(|at| arguments(&rest[at + 1..]));
        Some(Self { table, columns: None, values: values.unwrap_or(usize::MAX) })
    }
}

/// How many values stand in the parentheses that `tokens` begin with.
fn arguments(tokens: &[Token]) -> usize {
    let (mut depth, mut count) = (0_usize, 0);
    for token in tokens {
        match token {
            Token::Symbol('(') => depth += 1,
            Token::Symbol(')') if depth == 1 => return count + 1,
            Token::Symbol(')') => depth = depth.saturating_sub(1),
            Token::Symbol(',') if depth == 1 => count += 1,
            Token::Symbol(_)
            | Token::Word(_)
            | Token::Name(_)
            | Token::Text(_)
            | Token::Number(_)
            | Token::Parameter => {}
        }
    }
    count
}

/// A column that an INSERT leaves out and the new schema requires.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uncovered {
    /// The statement.
    pub statement: Captured,
    /// The table.
    pub table: String,
    /// The column.
    pub column: String,
    /// Whether a trigger of the table could fill it in, so that it is not certain to fail.
    pub a_trigger_may_fill_it: bool,
}

impl fmt::Display for Uncovered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { statement, table, column, .. } = self;
        write!(f, "`{table}.{column}` is required and left out by: {}", statement.digest)
    }
}

/// The columns that each INSERT among `statements` leaves out, that the schema `after` requires, and that the schema `before` did not.
#[must_use]
pub fn uncovered(before: &Catalog, after: &Catalog, statements: &[Captured]) -> Vec<Uncovered> {
    let mut uncovered = Vec::new();
    for statement in statements {
        let Some(target) = InsertTarget::of(&statement.text) else { continue };
        let old = missing(before, &target).map(|(_, columns)| columns).unwrap_or_default();
        let Some((table, columns)) = missing(after, &target) else { continue };
        let a_trigger_may_fill_it = after.tables.get(&table).is_some_and(|table| !table.insert_triggers.is_empty());
        for column in columns.into_iter().filter(|column| !old.contains(column)) {
            uncovered.push(Uncovered {
                statement: statement.clone(),
                table: table.clone(),
                column,
                a_trigger_may_fill_it,
            });
        }
    }
    uncovered
}

/// The table that is meant, and the required columns of it that the INSERT leaves out.
fn missing(catalog: &Catalog, target: &InsertTarget) -> Option<(String, Vec<String>)> {
    let (name, table) = catalog.tables.get_key_value(find(catalog, &target.table)?)?;
    let is_given = |place: usize, column: &str| match &target.columns {
        Some(columns) => columns.iter().any(|given| given.eq_ignore_ascii_case(column)),
        None => place < target.values,
    };
    let required = table.columns.iter().enumerate().filter(|(_, column)| column.is_required(catalog.engine));
    let missing = required.filter(|(place, column)| !is_given(*place, &column.name));
    Some((name.clone(), missing.map(|(_, column)| column.name.clone()).collect()))
}

/// The name in the catalog of a table that a statement names: with its schema or without, in whatever case.
fn find<'a>(catalog: &'a Catalog, name: &str) -> Option<&'a String> {
    let own = name.rsplit('.').next().unwrap_or(name);
    let exact = catalog.tables.get_key_value(name).map(|(name, _)| name);
    exact.or_else(|| catalog.tables.keys().find(|table| table.eq_ignore_ascii_case(own)))
}

/// The tables of `catalog` that the statements read or write.
#[must_use]
pub fn exercised(catalog: &Catalog, statements: &[Captured]) -> BTreeSet<String> {
    let mut tables = BTreeSet::new();
    for statement in statements.iter().filter(|statement| statement.is_about_rows()) {
        let tokens = tokens(&statement.text);
        let mut names = tokens.iter().enumerate().filter_map(|(place, token)| {
            let name = token.name()?;
            let dot = place > 1 && tokens[place - 1] == Token::Symbol('.');
            // A name after a dot may be a table's if it follows a schema's, which `FROM audit.log` shows.
            let before = if dot { place - 3 + usize::from(place == 2) } else { place.wrapping_sub(1) };
            let introduced = ["FROM", "JOIN", "INTO", "UPDATE", "ONLY", "TABLE", "USING"];
            let follows = tokens
                .get(before)
                .is_some_and(|token| *token == Token::Symbol(',') || introduced.iter().any(|word| token.is(word)));
            let full = if dot { format!("{}.{name}", tokens[place - 2].name()?) } else { name.to_owned() };
            follows.then_some(full)
        });
        tables.extend(names.by_ref().filter_map(|name| find(catalog, &name).cloned()));
    }
    tables
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::Engine;
    use crate::database::catalog::{Column, Filled, Kind, Table};
    use crate::database::compatibility::{Ran, distinct};

    fn captured(text: &str) -> Vec<Captured> {
        distinct(&[Ran { connection: 1, text: text.to_owned(), prepared_only: false }])
    }

    /// A table `orders (id serial, name, note NULL, mood enum, tenant)`, of which `tenant` is new.
    fn catalog(engine: Engine, with_tenant: bool, triggers: &[&str]) -> Catalog {
        let column = |name: &str, kind: Kind, nullable: bool, filled: Filled| Column {
            name: name.into(),
            kind,
            data_type: String::new(),
            nullable,
            filled,
        };
        let number = Kind::Integer { most: 100 };
        let mut columns = vec![
            column("id", number.clone(), false, Filled::Counter),
            column("name", Kind::Text(None), false, Filled::Not),
            column("note", Kind::Text(None), true, Filled::Not),
            column("mood", Kind::Enumeration(vec!["glad".into()]), false, Filled::Not),
        ];
        columns.extend(with_tenant.then(|| column("tenant", number, false, Filled::Not)));
        let insert_triggers = triggers.iter().map(|&name| name.to_owned()).collect();
        Catalog {
            engine,
            tables: [("orders".to_owned(), Table { columns, insert_triggers, ..Table::default() })].into(),
        }
    }

    #[test]
    fn an_insert_without_a_new_required_column_is_found() {
        let cases = [
            ("INSERT INTO orders (name, mood) VALUES ($1, $2) RETURNING *", true),
            ("INSERT INTO public.\"orders\" AS o (name, mood) VALUES ($1, $2) ON CONFLICT DO NOTHING", true),
            ("insert ignore into `shop`.`ORDERS` (`name`) values (?)", true),
            ("REPLACE INTO orders SET name = 'a', mood = 'glad'", true),
            ("INSERT INTO orders VALUES (1, f('a', 2), NULL, 'glad')", true),
            ("WITH n AS (SELECT 1) INSERT INTO orders (name) SELECT 'a' FROM n", true),
            ("COPY orders (name, mood) FROM STDIN", true),
            ("INSERT INTO orders DEFAULT VALUES", true),
            ("INSERT INTO orders (name, mood, tenant) VALUES ($1, $2, 3)", false),
            ("REPLACE INTO orders SET name = 'a', tenant = 2", false),
            ("INSERT INTO orders VALUES (1, 'a', NULL, 'glad', 7)", false),
            // How many columns these give is not known from their text.
            ("INSERT INTO orders SELECT * FROM others", false),
            ("INSERT INTO orders (SELECT * FROM others)", false),
            ("INSERT INTO elsewhere (name) VALUES (1)", false),
            ("SELECT name FROM orders", false),
            ("COPY orders TO STDOUT", false),
        ];
        let (before, after) = (catalog(Engine::Postgres, false, &[]), catalog(Engine::Postgres, true, &[]));
        for (text, expected) in cases {
            let found = uncovered(&before, &after, &captured(text));
            let columns: Vec<&str> = found.iter().map(|one| one.column.as_str()).collect();
            assert_eq!(columns, if expected { vec!["tenant"] } else { Vec::new() }, "{text}");
        }
    }

    #[test]
    fn what_was_required_before_or_is_filled_anyway_is_not_the_migrations_fault() {
        let statement = captured("INSERT INTO orders (note) VALUES (1)");
        let empty = Catalog { engine: Engine::MySql, tables: std::collections::BTreeMap::new() };
        let required = |engine| {
            let found = uncovered(&Catalog { engine, ..empty.clone() }, &catalog(engine, true, &[]), &statement);
            found.into_iter().map(|one| one.column).collect::<Vec<String>>()
        };
        assert_eq!(required(Engine::Postgres), ["name", "mood", "tenant"]);
        assert_eq!(required(Engine::MySql), ["name", "tenant"], "MySQL fills an enumeration");
        let before = catalog(Engine::MySql, true, &[]);
        assert_eq!(uncovered(&before, &before, &statement), []);
        let with_trigger = catalog(Engine::Postgres, true, &["fill"]);
        let found = uncovered(&catalog(Engine::Postgres, false, &[]), &with_trigger, &statement);
        assert!(found.iter().all(|one| one.a_trigger_may_fill_it) && found.len() == 1, "{found:?}");
    }

    #[test]
    fn tables_that_statements_touch_are_named() {
        let table = || Table::default();
        let tables = ["orders", "users", "audit.log", "untouched"].map(|name| (name.to_owned(), table()));
        let catalog = Catalog { engine: Engine::Postgres, tables: tables.into() };
        for (text, expected) in [
            ("SELECT o.id FROM orders o, users u WHERE o.untouched = 1", vec!["orders", "users"]),
            ("SELECT 1 FROM a JOIN \"users\" ON true", vec!["users"]),
            ("DELETE FROM audit.log", vec!["audit.log"]),
            ("UPDATE public.orders SET a = 1", vec!["orders"]),
            ("SELECT untouched.a", vec![]),
            ("ALTER TABLE untouched ADD a int", vec![]),
        ] {
            assert_eq!(exercised(&catalog, &captured(text)).into_iter().collect::<Vec<_>>(), expected, "{text}");
        }
    }
}
