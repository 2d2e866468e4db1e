//! Which table a statement is about, as far as its text says.

use sqlparser::ast::{AlterTable, CreateIndex, CreateTable, ObjectName, ObjectNamePart, ObjectType, Statement};
use sqlparser::dialect::{Dialect, MySqlDialect, PostgreSqlDialect};
use sqlparser::parser::Parser;

use crate::database::Engine;

/// The statements of `text`; none if it cannot be parsed.
pub(crate) fn parsed(engine: Engine, text: &str) -> Vec<Statement> {
    let dialect: &dyn Dialect = match engine {
        Engine::Postgres => &PostgreSqlDialect {},
        Engine::MySql | Engine::MariaDb => &MySqlDialect {},
    };
    Parser::parse_sql(dialect, text).unwrap_or_default()
}

/// The table that `statement` makes.
pub(crate) fn made(engine: Engine, statement: &Statement) -> Option<String> {
    if let Statement::CreateTable(CreateTable { name, .. }) = statement { Some(plain(engine, name)) } else { None }
}

/// The table that the first statement of `text` that alters, renames or drops one does so to.
pub(crate) fn changed_by(engine: Engine, text: &str) -> Option<String> {
    parsed(engine, text).iter().find_map(|statement| changed(engine, statement))
}

/// The table that `statement` alters, renames or drops, or whose index it makes; the first of several.
pub(crate) fn changed(engine: Engine, statement: &Statement) -> Option<String> {
    if let Statement::AlterTable(AlterTable { name, .. })
    | Statement::CreateIndex(CreateIndex { table_name: name, .. }) = statement
    {
        return Some(plain(engine, name));
    }
    if let Statement::Drop { object_type: ObjectType::Table, names, .. } = statement {
        return names.first().map(|name| plain(engine, name));
    }
    if let Statement::RenameTable(renamed) = statement {
        return renamed.first().map(|it| plain(engine, &it.old_name));
    }
    None
}

/// A table's name as snapshots have it: without quotes, with the schema before it where that is not the default one. On the MySQLs a schema
/// is a database, and the app has rights in no other than its own, which Liquibase writes before every name.
pub(crate) fn plain(engine: Engine, name: &ObjectName) -> String {
    let part = |part: &ObjectNamePart| part.as_ident().map_or_else(|| part.to_string(), |it| it.value.clone());
    match engine {
        Engine::Postgres => {
            let name = name.0.iter().map(part).collect::<Vec<_>>().join(".");
            name.strip_prefix("public.").map_or(name.clone(), str::to_owned)
        }
        Engine::MySql | Engine::MariaDb => name.0.last().map(part).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_told_however_it_is_written() {
        let cases = [
            (Engine::Postgres, "ALTER TABLE public.\"Orders\" ADD a int", Some("Orders")),
            (Engine::Postgres, "CREATE UNIQUE INDEX CONCURRENTLY i ON audit.log (a)", Some("audit.log")),
            (Engine::MySql, "ALTER TABLE `orders` ADD COLUMN a int NULL", Some("orders")),
            (Engine::MariaDb, "ALTER TABLE shop.`orders` ADD a INT NULL", Some("orders")),
            (Engine::MySql, "RENAME TABLE orders TO purchases", Some("orders")),
            (Engine::Postgres, "DROP TABLE IF EXISTS \"orders\"", Some("orders")),
            (Engine::MySql, "UPDATE orders SET a = 1", None),
            (Engine::MySql, "no sql at all", None),
        ];
        for (engine, text, expected) in cases {
            assert_eq!(changed_by(engine, text).as_deref(), expected, "{text}");
        }
    }
}
