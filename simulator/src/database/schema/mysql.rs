//! Reading MySQL's and MariaDB's catalogs, which are nearly the same.

use super::SchemaSnapshot;
use crate::database::{Connection, DatabaseError, Engine};

pub(super) async fn read(connection: &mut Connection) -> Result<SchemaSnapshot, DatabaseError> {
    let action = "read the catalogs";
    let engine = connection.engine();
    let mut snapshot = SchemaSnapshot::assemble(
        connection.rows(action, TABLES).await?,
        connection.rows(action, &columns(engine)).await?,
        connection.rows(action, &indexes(engine)).await?,
        connection.rows(action, &constraints(engine)).await?,
    );
    for query in OTHERS {
        for row in connection.rows(action, query).await? {
            if let [Some(name), Some(definition)] = row.as_slice() {
                snapshot.others.insert(name.clone(), definition.clone());
            }
        }
    }
    Ok(snapshot)
}

const TABLES: &str = "SELECT TABLE_NAME, IF(TABLE_TYPE LIKE '%VIEW', 'view', 'table') FROM information_schema.TABLES \
     WHERE TABLE_SCHEMA = DATABASE() ORDER BY 1";

fn columns(engine: Engine) -> String {
    // MariaDB writes a default as SQL; MySQL writes a text without its quotes, which only EXTRA tells from an expression. MariaDB
    // writes the absence of a default as NULL where the column may be NULL.
    let default = match engine {
        Engine::MariaDb => "NULLIF(COLUMN_DEFAULT, 'NULL')",
        Engine::MySql | Engine::Postgres => {
            "IF(COLUMN_DEFAULT IS NULL OR EXTRA LIKE '%DEFAULT_GENERATED%' OR NUMERIC_PRECISION IS NOT NULL, COLUMN_DEFAULT, QUOTE(COLUMN_DEFAULT))"
        }
    };
    format!(
        "SELECT TABLE_NAME, COLUMN_NAME, COLUMN_TYPE, IS_NULLABLE, {default}, \
         TRIM(CONCAT_WS(' ', NULLIF(REPLACE(EXTRA, 'DEFAULT_GENERATED', ''), ''), \
         IF(GENERATION_EXPRESSION <> '', CONCAT('AS (', GENERATION_EXPRESSION, ')'), NULL), \
         IF(COLLATION_NAME <> (SELECT TABLE_COLLATION FROM information_schema.TABLES t WHERE t.TABLE_SCHEMA = c.TABLE_SCHEMA \
         AND t.TABLE_NAME = c.TABLE_NAME), CONCAT('COLLATE ', COLLATION_NAME), NULL))) \
         FROM information_schema.COLUMNS c WHERE TABLE_SCHEMA = DATABASE() ORDER BY 1, ORDINAL_POSITION"
    )
}

fn indexes(engine: Engine) -> String {
    // Indexes over expressions exist in MySQL only.
    let part = match engine {
        Engine::MariaDb => "COLUMN_NAME",
        Engine::MySql | Engine::Postgres => "COALESCE(COLUMN_NAME, CONCAT('(', EXPRESSION, ')'))",
    };
    format!(
        "SELECT TABLE_NAME, INDEX_NAME, CONCAT(IF(MIN(NON_UNIQUE) = 0, 'UNIQUE ', ''), MIN(INDEX_TYPE), ' (', \
         GROUP_CONCAT(CONCAT({part}, IF(SUB_PART IS NULL, '', CONCAT('(', SUB_PART, ')')), IF(COLLATION = 'D', ' DESC', '')) \
         ORDER BY SEQ_IN_INDEX SEPARATOR ', '), ')') \
         FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = DATABASE() GROUP BY TABLE_NAME, INDEX_NAME ORDER BY 1, 2"
    )
}

/// Foreign keys and checks. Keys are indexes, and named there.
fn constraints(engine: Engine) -> String {
    let checks = match engine {
        Engine::MariaDb => {
            "SELECT TABLE_NAME, CONSTRAINT_NAME, CONCAT('CHECK (', CHECK_CLAUSE, ')') FROM information_schema.CHECK_CONSTRAINTS \
             WHERE CONSTRAINT_SCHEMA = DATABASE()"
        }
        Engine::MySql | Engine::Postgres => {
            "SELECT t.TABLE_NAME, c.CONSTRAINT_NAME, CONCAT('CHECK (', c.CHECK_CLAUSE, ')', IF(t.ENFORCED = 'NO', ' NOT ENFORCED', '')) \
             FROM information_schema.CHECK_CONSTRAINTS c JOIN information_schema.TABLE_CONSTRAINTS t \
             ON t.CONSTRAINT_SCHEMA = c.CONSTRAINT_SCHEMA AND t.CONSTRAINT_NAME = c.CONSTRAINT_NAME AND t.CONSTRAINT_TYPE = 'CHECK' \
             WHERE c.CONSTRAINT_SCHEMA = DATABASE()"
        }
    };
    format!(
        "SELECT k.TABLE_NAME, k.CONSTRAINT_NAME, CONCAT('FOREIGN KEY (', \
         GROUP_CONCAT(k.COLUMN_NAME ORDER BY k.ORDINAL_POSITION SEPARATOR ', '), ') REFERENCES ', MIN(k.REFERENCED_TABLE_NAME), ' (', \
         GROUP_CONCAT(k.REFERENCED_COLUMN_NAME ORDER BY k.ORDINAL_POSITION SEPARATOR ', '), ') ON DELETE ', MIN(r.DELETE_RULE), \
         ' ON UPDATE ', MIN(r.UPDATE_RULE)) \
         FROM information_schema.KEY_COLUMN_USAGE k JOIN information_schema.REFERENTIAL_CONSTRAINTS r \
         ON r.CONSTRAINT_SCHEMA = k.CONSTRAINT_SCHEMA AND r.CONSTRAINT_NAME = k.CONSTRAINT_NAME AND r.TABLE_NAME = k.TABLE_NAME \
         WHERE k.TABLE_SCHEMA = DATABASE() AND k.REFERENCED_TABLE_NAME IS NOT NULL GROUP BY k.TABLE_NAME, k.CONSTRAINT_NAME \
         UNION ALL {checks} ORDER BY 1, 2"
    )
}

const OTHERS: [&str; 3] = [
    "SELECT CONCAT('view ', TABLE_NAME), VIEW_DEFINITION FROM information_schema.VIEWS WHERE TABLE_SCHEMA = DATABASE()",
    "SELECT CONCAT(LOWER(ROUTINE_TYPE), ' ', ROUTINE_NAME), ROUTINE_DEFINITION FROM information_schema.ROUTINES \
     WHERE ROUTINE_SCHEMA = DATABASE()",
    "SELECT CONCAT('trigger ', TRIGGER_NAME, ' on ', EVENT_OBJECT_TABLE), \
     CONCAT(ACTION_TIMING, ' ', EVENT_MANIPULATION, ' ', ACTION_STATEMENT) FROM information_schema.TRIGGERS \
     WHERE TRIGGER_SCHEMA = DATABASE()",
];
