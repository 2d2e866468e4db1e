//! Reading MySQL's and MariaDB's catalogs.

use super::{Catalog, Check, Column, Filled, Kind, values};
use crate::database::{Connection, DatabaseError, Engine, sql};

const ACTION: &str = "read the catalogs";

const COLUMNS: &str = "SELECT c.TABLE_NAME, c.COLUMN_NAME, c.DATA_TYPE, c.COLUMN_TYPE, c.CHARACTER_MAXIMUM_LENGTH, \
     c.NUMERIC_PRECISION - c.NUMERIC_SCALE, c.IS_NULLABLE, c.COLUMN_DEFAULT IS NOT NULL AND c.COLUMN_DEFAULT <> 'NULL', c.EXTRA, \
     c.GENERATION_EXPRESSION IS NOT NULL AND c.GENERATION_EXPRESSION <> '' FROM information_schema.COLUMNS c \
     JOIN information_schema.TABLES t ON t.TABLE_SCHEMA = c.TABLE_SCHEMA AND t.TABLE_NAME = c.TABLE_NAME \
     WHERE c.TABLE_SCHEMA = DATABASE() AND t.TABLE_TYPE = 'BASE TABLE' ORDER BY 1, c.ORDINAL_POSITION";

const KEYS: &str = "SELECT TABLE_NAME, CONSTRAINT_NAME, COLUMN_NAME, REFERENCED_TABLE_NAME, REFERENCED_COLUMN_NAME \
     FROM information_schema.KEY_COLUMN_USAGE WHERE TABLE_SCHEMA = DATABASE() AND REFERENCED_TABLE_SCHEMA = DATABASE() \
     ORDER BY 1, 2, ORDINAL_POSITION";

const TRIGGERS: &str = "SELECT EVENT_OBJECT_TABLE, TRIGGER_NAME FROM information_schema.TRIGGERS \
     WHERE TRIGGER_SCHEMA = DATABASE() AND ACTION_TIMING = 'BEFORE' AND EVENT_MANIPULATION = 'INSERT' ORDER BY 1, 2";

pub(super) async fn read(connection: &mut Connection) -> Result<Catalog, DatabaseError> {
    let engine = connection.engine();
    let mut catalog = Catalog::empty(engine);
    for row in connection.rows(ACTION, COLUMNS).await? {
        let Some([table, name, base, data_type, length, whole, nullable, default, extra, generated]) = values(row)
        else {
            continue;
        };
        let filled = if generated == "1" {
            Filled::Generated
        } else if extra.contains("auto_increment") {
            Filled::Counter
        } else if default == "1" || extra.contains("DEFAULT_GENERATED") {
            Filled::Default
        } else {
            Filled::Not
        };
        let kind = kind(&base, &data_type, length.parse().ok(), whole.parse().ok());
        let column = Column { name, kind, data_type, nullable: nullable == "YES", filled };
        catalog.tables.entry(table).or_default().columns.push(column);
    }
    // An index over expressions, which only MySQL has, is about hidden columns: its rows are refused rather than foreseen.
    let unique = "SELECT TABLE_NAME, INDEX_NAME, COLUMN_NAME, INDEX_NAME = 'PRIMARY' FROM information_schema.STATISTICS \
         WHERE TABLE_SCHEMA = DATABASE() AND NON_UNIQUE = 0 AND COLUMN_NAME IS NOT NULL ORDER BY 1, 2, SEQ_IN_INDEX";
    catalog.add_unique(connection.rows(ACTION, unique).await?);
    catalog.add_foreign_keys(connection.rows(ACTION, KEYS).await?);
    for [table, name, expression] in connection.rows(ACTION, checks(engine)).await?.into_iter().filter_map(values) {
        if let Some(table) = catalog.tables.get_mut(&table) {
            let mentioned = |column: &&Column| expression.contains(&format!("`{}`", column.name));
            let columns = table.columns.iter().filter(mentioned).map(|column| column.name.clone()).collect();
            table.checks.push(Check { name, columns, expression });
        }
    }
    catalog.add_triggers(connection.rows(ACTION, TRIGGERS).await?);
    Ok(catalog)
}

const fn checks(engine: Engine) -> &'static str {
    match engine {
        Engine::MariaDb => {
            "SELECT TABLE_NAME, CONSTRAINT_NAME, CHECK_CLAUSE FROM information_schema.CHECK_CONSTRAINTS \
             WHERE CONSTRAINT_SCHEMA = DATABASE() ORDER BY 1, 2"
        }
        Engine::MySql | Engine::Postgres => {
            "SELECT t.TABLE_NAME, c.CONSTRAINT_NAME, c.CHECK_CLAUSE FROM information_schema.CHECK_CONSTRAINTS c \
             JOIN information_schema.TABLE_CONSTRAINTS t ON t.CONSTRAINT_SCHEMA = c.CONSTRAINT_SCHEMA \
             AND t.CONSTRAINT_NAME = c.CONSTRAINT_NAME AND t.CONSTRAINT_TYPE = 'CHECK' AND t.ENFORCED = 'YES' \
             WHERE c.CONSTRAINT_SCHEMA = DATABASE() ORDER BY 1, 2"
        }
    }
}

/// The kind of a type by its name; `full` also has its length, sign and values.
fn kind(name: &str, full: &str, length: Option<u32>, whole: Option<u32>) -> Kind {
    let integer = |bits: u32| {
        let most = if full.contains("unsigned") { u64::MAX >> (64 - bits) } else { u64::MAX >> (65 - bits) };
        Kind::Integer { most }
    };
    match name {
        "tinyint" if full.starts_with("tinyint(1)") => Kind::Boolean,
        "tinyint" => integer(8),
        "smallint" => integer(16),
        "mediumint" => integer(24),
        "int" => integer(32),
        "bigint" => integer(64),
        "decimal" => Kind::Decimal { whole: whole.unwrap_or(9) },
        "float" | "double" => Kind::Float,
        "char" | "varchar" | "tinytext" => Kind::Text(length),
        // Longer than any value that is made.
        "text" | "mediumtext" | "longtext" => Kind::Text(None),
        "binary" | "varbinary" | "tinyblob" => Kind::Bytes(length),
        "blob" | "mediumblob" | "longblob" => Kind::Bytes(None),
        // Each single value of a set is a value of it.
        "enum" | "set" => Kind::Enumeration(sql::literals(full)),
        "date" => Kind::Date,
        "time" => Kind::Time,
        "datetime" | "timestamp" => Kind::Timestamp,
        "year" => Kind::Year,
        "uuid" => Kind::Uuid,
        "json" => Kind::Json,
        "inet4" | "inet6" => Kind::Address,
        _ => Kind::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_read_from_the_type_as_the_server_writes_it() {
        let cases = [
            (("tinyint", "tinyint(1)", None, Some(3)), Kind::Boolean),
            (("tinyint", "tinyint unsigned", None, Some(3)), Kind::Integer { most: 255 }),
            (("int", "int(11)", None, Some(10)), Kind::Integer { most: i32::MAX.unsigned_abs().into() }),
            (("bigint", "bigint unsigned", None, Some(20)), Kind::Integer { most: u64::MAX }),
            (("decimal", "decimal(5,2)", None, Some(3)), Kind::Decimal { whole: 3 }),
            (("varchar", "varchar(20)", Some(20), None), Kind::Text(Some(20))),
            (("enum", "enum('a','it''s')", Some(4), None), Kind::Enumeration(vec!["a".into(), "it's".into()])),
            (("geometry", "geometry", None, None), Kind::Other),
        ];
        for ((name, full, length, whole), expected) in cases {
            assert_eq!(kind(name, full, length, whole), expected, "{full}");
        }
    }
}
