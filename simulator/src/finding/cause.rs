//! From a database's error code to the catalogue's.

use super::Code;
use crate::database::{Engine, StatementError};

/// What a statement that failed in a migration means. `None` if the catalogue has nothing more exact than [`Code::T06`].
#[must_use]
pub fn migration_failure(engine: Engine, error: &StatementError) -> Option<Code> {
    let code = match engine {
        Engine::Postgres => match error.sqlstate.as_str() {
            "23502" => Code::M11,
            "23505" => Code::M12,
            "25001" => Code::M14,
            "55P03" => Code::M16,
            "57014" => Code::M19,
            "55P04" => Code::M20,
            "42501" => Code::C09,
            "28000" if error.message.contains("no encryption") => Code::C08,
            "53300" => Code::X09,
            _ => return None,
        },
        Engine::MySql | Engine::MariaDb => match error.errno? {
            3159 => Code::C08,
            // Invalid use of NULL, column cannot be NULL.
            1138 | 1048 => Code::M11,
            // What MariaDB says where MySQL says 1138: `Data truncated for column`. The same number says that a value is none of an enum's.
            1265 if engine == Engine::MariaDb && sets_not_null(error) => Code::M11,
            1062 => Code::M12,
            1205 => Code::M16,
            3024 | 1969 => Code::M19,
            // The last: a trigger or function while the server keeps a binary log, seen on MySQL 9.
            1142 | 1227 | 1044 | 1419 => Code::C09,
            1040 | 1203 => Code::X09,
            // Unknown collation, one that is not the character set's, illegal mixes of two, three and more. Seen on both servers: 1273, 1267.
            1273 | 1253 | 1267 | 1270 | 1271 => Code::M22,
            // Duplicate column, table exists, duplicate key name, cannot drop what is not there: left by an earlier run.
            1060 | 1050 | 1061 | 1091 => Code::M08,
            _ => return None,
        },
    };
    Some(code)
}

/// Whether the statement that failed makes a column NOT NULL.
fn sets_not_null(error: &StatementError) -> bool {
    let statement = error.statement.as_deref().unwrap_or_default().to_ascii_uppercase();
    statement.split_whitespace().collect::<Vec<_>>().join(" ").contains("NOT NULL") && !statement.contains("ENUM")
}

/// What a statement that failed in a request of an old task means, on a schema that the new release has migrated.
#[must_use]
pub fn request_failure(engine: Engine, error: &StatementError) -> Option<Code> {
    let code = match engine {
        Engine::Postgres => match error.sqlstate.as_str() {
            "42703" | "42P01" => Code::X01,
            "23502" | "23503" | "23505" | "23514" | "22001" => Code::X02,
            "0A000" if error.message.contains("cached plan") => Code::X03,
            "53300" => Code::X09,
            "42501" => Code::C09,
            _ => return None,
        },
        Engine::MySql | Engine::MariaDb => match error.errno? {
            1054 | 1146 => Code::X01,
            1364 | 1048 | 1062 | 1452 | 3819 | 4025 | 1406 => Code::X02,
            1040 | 1203 => Code::X09,
            1142 | 1044 => Code::C09,
            // A column that old tasks compare has another collation than before.
            1267 | 1270 | 1271 => Code::M22,
            _ => return None,
        },
    };
    Some(code)
}

#[cfg(test)]
mod tests {
    use simulator_core::Timestamp;

    use super::*;

    fn error(sqlstate: &str, errno: Option<u16>, message: &str) -> StatementError {
        StatementError {
            sqlstate: sqlstate.to_owned(),
            errno,
            message: message.to_owned(),
            detail: None,
            statement: None,
            at: Timestamp::from_millis(0),
        }
    }

    fn altering(statement: &str) -> StatementError {
        let truncated = error("01000", Some(1265), "Data truncated for column 'c' at row 1");
        StatementError { statement: Some(statement.to_owned()), ..truncated }
    }

    #[test]
    fn both_engines_codes_lead_to_the_same_causes() {
        let cases = [
            (Engine::Postgres, error("23502", None, "contains null values"), Some(Code::M11)),
            (Engine::Postgres, error("23505", None, "could not create unique index"), Some(Code::M12)),
            (Engine::MySql, error("23000", Some(1062), "Duplicate entry"), Some(Code::M12)),
            (Engine::MariaDb, error("42S21", Some(1060), "Duplicate column name"), Some(Code::M08)),
            (Engine::MariaDb, altering("ALTER TABLE t MODIFY c int\n NOT NULL"), Some(Code::M11)),
            (Engine::MariaDb, altering("ALTER TABLE t MODIFY c ENUM('a') NOT NULL"), None),
            (Engine::MySql, altering("ALTER TABLE t MODIFY c int NOT NULL"), None),
            (Engine::MariaDb, error("HY000", Some(1273), "Unknown collation: 'utf8mb4_0900_ai_ci'"), Some(Code::M22)),
            (Engine::Postgres, error("22012", None, "division by zero"), None),
            (Engine::MySql, error("22012", None, "division by zero"), None),
            (
                Engine::Postgres,
                error("28000", None, "no pg_hba.conf entry for host \"10.0.0.2\", no encryption"),
                Some(Code::C08),
            ),
            (Engine::Postgres, error("28000", None, "role \"news\" is not permitted to log in"), None),
        ];
        for (engine, error, code) in cases {
            assert_eq!(migration_failure(engine, &error), code, "{error}");
        }
    }

    #[test]
    fn a_request_fails_for_other_reasons_than_a_migration() {
        assert_eq!(request_failure(Engine::Postgres, &error("23502", None, "null value")), Some(Code::X02));
        assert_eq!(request_failure(Engine::MySql, &error("HY000", Some(1364), "no default")), Some(Code::X02));
        let plan = error("0A000", None, "cached plan must not change result type");
        assert_eq!(request_failure(Engine::Postgres, &plan), Some(Code::X03));
        assert_eq!(request_failure(Engine::Postgres, &error("0A000", None, "not supported")), None);
    }
}
