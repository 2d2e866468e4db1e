//! Which table a statement is about, as far as its text says.

use sqlparser::ast::{AlterTable, CreateIndex, CreateTable, ObjectName, ObjectType, Statement};
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
pub(crate) fn made(statement: &Statement) -> Option<String> {
    if let Statement::CreateTable(CreateTable { name, .. }) = statement { Some(plain(name)) } else { None }
}

/// The table that the first statement of `text` that alters, renames or drops one does so to.
pub(crate) fn changed_by(engine: Engine, text: &str) -> Option<String> {
    parsed(engine, text).iter().find_map(changed)
}

/// The table that `statement` alters, renames or drops, or whose index it makes; the first of several.
pub(crate) fn changed(statement: &Statement) -> Option<String> {
    if let Statement::AlterTable(AlterTable { name, .. })
    | Statement::CreateIndex(CreateIndex { table_name: name, .. }) = statement
    {
        return Some(plain(name));
    }
    if let Statement::Drop { object_type: ObjectType::Table, names, .. } = statement {
        return names.first().map(plain);
    }
    if let Statement::RenameTable(renamed) = statement {
        return renamed.first().map(|it| plain(&it.old_name));
    }
    None
}

/// A table's name as snapshots have it: without quotes, with the schema before it where that is not the default one. The MySQLs' record is
/// read without the name of the database itself ([`unqualified`](crate::database::sql::unqualified)).
pub(crate) fn plain(name: &ObjectName) -> String {
    let parts: Vec<String> =
        name.0.iter().map(|part| part.as_ident().map_or_else(|| part.to_string(), |it| it.value.clone())).collect();
    let name = parts.join(".");
    name.strip_prefix("public.").map_or(name.clone(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::sql::unqualified;

    #[test]
    fn a_table_is_told_however_it_is_written() {
        let cases = [
            (Engine::Postgres, "ALTER TABLE public.\"Orders\" ADD a int", Some("Orders")),
            (Engine::Postgres, "CREATE UNIQUE INDEX CONCURRENTLY i ON audit.log (a)", Some("audit.log")),
            (Engine::MySql, "ALTER TABLE `orders` ADD COLUMN a int NULL", Some("orders")),
            (Engine::MySql, "RENAME TABLE orders TO purchases", Some("orders")),
            (Engine::Postgres, "DROP TABLE IF EXISTS \"orders\"", Some("orders")),
            (Engine::MySql, "UPDATE orders SET a = 1", None),
            (Engine::MySql, "no sql at all", None),
        ];
        for (engine, text, expected) in cases {
            assert_eq!(changed_by(engine, text).as_deref(), expected, "{text}");
        }
        let recorded = unqualified("ALTER TABLE shop.`orders` ADD a INT NULL", "shop");
        assert_eq!(changed_by(Engine::MariaDb, &recorded).as_deref(), Some("orders"));
    }
}
