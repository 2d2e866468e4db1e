//! A migration that fails and whose command ends with 0.

use crate::database::sql::tokens;
use crate::database::{Engine, StatementError};
use crate::finding::{Code, Finding, Kind, Stage};
use crate::scenario::watch::changes_something;

/// Those of `errors` that say that the schema is not what the migration was to make of it. A statement that makes what is there, or drops
/// what is not, may well be meant to fail, and so may a question.
pub(in crate::scenario) fn failures(engine: Engine, errors: &[StatementError]) -> Vec<StatementError> {
    let counts = |error: &&StatementError| {
        let statement = error.statement.as_deref().unwrap_or_default();
        let is_setting = tokens(statement).first().is_some_and(|first| first.is("SET"));
        changes_something(statement) && !is_setting && !is_there_or_gone(engine, error)
    };
    errors.iter().filter(counts).cloned().collect()
}

fn is_there_or_gone(engine: Engine, error: &StatementError) -> bool {
    match engine {
        // Duplicates of each kind, what only follows from an earlier failure, and what is not there to be dropped.
        Engine::Postgres => {
            let known = ["42P07", "42701", "42710", "42P06", "42723", "25P02"].contains(&error.sqlstate.as_str());
            known || ["42P01", "42703", "42704"].contains(&error.sqlstate.as_str())
        }
        Engine::MySql | Engine::MariaDb => {
            error.errno.is_some_and(|errno| [1007, 1050, 1051, 1054, 1060, 1061, 1091, 1146].contains(&errno))
        }
    }
}

/// The first of `first` that a second run met again: what a migration deals with by itself it does not try twice.
pub(in crate::scenario) fn repeated<'e>(
    first: &'e [StatementError],
    second: &[StatementError],
) -> Option<&'e StatementError> {
    let same = |one: &StatementError, other: &StatementError| {
        one.sqlstate == other.sqlstate && one.errno == other.errno && one.statement == other.statement
    };
    first.iter().find(|one| second.iter().any(|other| same(one, other)))
}

/// What that means, where it is known in such a way. `command` is what migrates.
pub(in crate::scenario) fn judge(error: &StatementError, command: &str, kind: Kind, replay: &str) -> Finding {
    let what = format!("the migration fails, and its command ends with 0 all the same: {}", error.message.trim());
    let finding = if kind == Kind::Conditional {
        let sentence = format!("if production has such rows, {what}");
        Finding::warning(Code::M10, kind, Stage::Migrate, sentence)
    } else {
        Finding::error(Code::M10, kind, Stage::Migrate, what)
    };
    let number = error.errno.map_or_else(String::new, |it| format!(", error {it}"));
    let statement = error.statement.as_deref().unwrap_or_default();
    finding
        .evidence(format!("S1: SQLSTATE {}{number}", error.sqlstate))
        .evidence(format!("statement: {}", statement.split_whitespace().collect::<Vec<_>>().join(" ")))
        .evidence("a second run sends the same statement, which is refused again, and ends with 0 again")
        .evidence(format!("what migrates: {command}"))
        .help(Code::M10.entry().fix)
        .help(replay)
}

#[cfg(test)]
mod tests {
    use simulator_core::Timestamp;

    use super::*;

    fn error(sqlstate: &str, errno: Option<u16>, statement: &str) -> StatementError {
        StatementError {
            sqlstate: sqlstate.to_owned(),
            errno,
            message: "it is refused".to_owned(),
            detail: None,
            statement: Some(statement.to_owned()),
            at: Timestamp::from_millis(0),
        }
    }

    #[test]
    fn only_a_change_that_is_refused_twice_was_hidden() {
        let unique = || error("23505", None, "CREATE UNIQUE INDEX i ON t (a)");
        let mysql = || error("23000", Some(1062), "CREATE UNIQUE INDEX i ON t (a)");
        for (engine, first, second, expected) in [
            (Engine::Postgres, unique(), Some(unique()), true),
            (Engine::Postgres, unique(), None, false),
            (Engine::MariaDb, mysql(), Some(mysql()), true),
            (Engine::Postgres, error("42P07", None, "CREATE TABLE t (a int)"), None, false),
            (Engine::Postgres, error("42P01", None, "SELECT version_num FROM alembic_version"), None, false),
        ] {
            // Whatever is no failure is none the second time, either.
            let second = second.unwrap_or_else(|| error("42P07", None, "CREATE TABLE t (a int)"));
            let (first, second) = (failures(engine, &[first]), failures(engine, &[second]));
            assert_eq!(repeated(&first, &second).is_some(), expected, "{first:?}");
        }
    }

    #[test]
    fn what_production_has_to_have_for_it_is_no_error() {
        let error = error("23505", None, "CREATE UNIQUE\n INDEX i ON t (a)");
        let proved = judge(&error, "sh -c 'alembic upgrade head || true'", Kind::Proved, "again").to_string();
        assert!(proved.starts_with("error[M-10]") && proved.contains("CREATE UNIQUE INDEX i"), "{proved}");
        let conditional = judge(&error, "alembic", Kind::Conditional, "again").to_string();
        assert!(conditional.starts_with("warning[M-10] if production has such rows"), "{conditional}");
    }
}
