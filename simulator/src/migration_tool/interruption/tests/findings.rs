//! What is concluded from what was seen.

use simulator_core::Timestamp;

use crate::database::schema::Column;
use crate::database::{Blocked, Engine, SchemaChange, StatementError};
use crate::finding::{Code, Finding};
use crate::migration_tool::interruption::{
    Abandoned, Evidence, Interrupted, Outcome, Together, Tried, WayOut, findings,
};
use crate::migration_tool::{Condition, Entry, State, by_key};

fn error(sqlstate: &str, errno: Option<u16>, statement: &str) -> StatementError {
    StatementError {
        sqlstate: sqlstate.to_owned(),
        errno,
        message: "no".to_owned(),
        detail: None,
        statement: Some(statement.to_owned()),
        at: Timestamp::from_millis(0),
    }
}

fn outcome(exit_code: i64, lines: &[&str], errors: &[StatementError]) -> Outcome {
    Outcome {
        exit_code: Some(exit_code),
        lines: lines.iter().map(|&line| line.to_owned()).collect(),
        errors: errors.to_vec(),
    }
}

/// A kill after which a second run puts everything right.
fn harmless() -> Interrupted {
    Interrupted {
        at: 1,
        statement: "ALTER TABLE t ADD note int".to_owned(),
        left: Vec::new(),
        recorded: false,
        state: None,
        again: outcome(0, &[], &[]),
        whole: true,
        way_out: None,
    }
}

fn half() -> Interrupted {
    let note =
        Column { name: "note".into(), data_type: "int".into(), nullable: true, default: None, extra: String::new() };
    Interrupted {
        left: vec![SchemaChange::ColumnAdded { table: "t".into(), column: note }],
        again: outcome(1, &["Traceback"], &[error("42S21", Some(1060), "ALTER TABLE t ADD note int")]),
        whole: false,
        way_out: Some(WayOut {
            steps: vec!["ALTER TABLE `t` DROP COLUMN `note`;".into(), "go".into()],
            tried: Tried::Works,
        }),
        ..harmless()
    }
}

fn of(kills: Vec<Interrupted>, together: Option<Together>) -> Vec<Finding> {
    findings(&Evidence { kills, together, ..nothing() })
}

fn nothing() -> Evidence {
    let statements = vec!["ALTER TABLE t ADD note int".to_owned(), "UPDATE record".to_owned()];
    let (engine, tool, kills, untried) = (Engine::MySql, by_key("alembic"), Vec::new(), Vec::new());
    Evidence { engine, tool, at_start: true, statements, kills, untried, together: None, abandoned: None }
}

#[test]
fn each_way_to_be_lost_has_its_code() {
    let state =
        |locked, condition| Some(State { entries: vec![Entry { migration: "7".to_owned(), condition }], locked });
    let failed = |line: &str| outcome(1, &[line, "at somewhere"], &[]);
    let lost = |state, again| Interrupted { state, again, whole: false, ..harmless() };
    let cases: [(Vec<Interrupted>, &[Code]); 8] = [
        (vec![harmless(), harmless()], &[]),
        (vec![harmless(), half()], &[Code::M08]),
        (vec![lost(state(true, Condition::Applied), failed("Migration table is already locked"))], &[Code::M05]),
        (
            vec![lost(state(false, Condition::Unfinished), failed("Dirty database version 7. Fix and force version."))],
            &[Code::M03],
        ),
        (vec![lost(state(false, Condition::Unfinished), failed("no words for it"))], &[Code::M03]),
        (vec![lost(None, failed("migrate found failed migrations in the target database"))], &[Code::M09]),
        (vec![lost(None, failed("Timed out trying to acquire a postgres advisory lock (72707369)"))], &[Code::M06]),
        (vec![lost(None, outcome(1, &[], &[]))], &[Code::T06]),
    ];
    for (kills, expected) in cases {
        let shown = format!("{kills:?}");
        let codes: Vec<Code> = of(kills, None).iter().map(|finding| finding.code).collect();
        assert_eq!(codes, expected, "{shown}");
    }
    let nothing_left = of(vec![lost(None, failed("no words for it"))], None);
    let sentence =
        "killed at statement 1 of 2, the migration leaves the schema as it was, and a second run fails: exit code 1";
    assert_eq!(nothing_left.iter().map(|it| it.sentence.as_str()).collect::<Vec<_>>(), [sentence]);
}

#[test]
fn a_half_applied_migration_is_told_statement_by_statement_with_its_way_out() {
    let locked = Interrupted { state: Some(State { entries: Vec::new(), locked: true }), at: 2, ..half() };
    let found = of(vec![half(), locked], None);
    let half = found.iter().find(|finding| finding.code == Code::M08).expect("it is half applied");
    let expected = "\
warning[M-08] killed at statement 1 of 2, the migration leaves one change behind, and a second run fails: 1060 no (migrate)
  proof    killed at 1 of 2: ALTER TABLE t ADD note int
             left behind: + column t.note int
             not recorded as applied
             run again: 1060 no
           killed at 2 of 2: ALTER TABLE t ADD note int
             left behind: + column t.note int
             left behind: the tool's lock
             not recorded as applied
             run again: 1060 no
  fix      after a kill at one of the statements 1, 2 (tried here, it works):
             ALTER TABLE `t` DROP COLUMN `note`;
             go";
    let text = half.to_string();
    assert!(text.starts_with(expected), "{text}");
}

#[test]
fn a_way_out_says_what_came_of_trying_it() {
    let not = "`npx knex migrate:unlock` does not start".to_owned();
    let cases = [
        (Tried::Works, "back (tried here, it works):"),
        (Tried::Fails, "back (tried here, it is not enough):"),
        (Tried::Not(not), "back (it could not be tried here: `npx knex migrate:unlock` does not start):"),
    ];
    for (tried, heading) in cases {
        let mut way_out = WayOut { steps: vec!["go".to_owned()], tried: tried.clone() };
        assert_eq!(way_out.told("back"), [heading, "  go"]);
        way_out.went(true);
        assert_eq!(way_out.tried, tried, "a later step cannot put it right");
        way_out.went(false);
        assert!(!way_out.works() && (tried == Tried::Works || way_out.tried == tried), "{way_out:?}");
    }
}

#[test]
fn two_runs_at_once_are_judged_by_what_they_did() {
    let together = |met, errors: &[StatementError], whole| Together {
        met,
        outcomes: [outcome(0, &[], errors), outcome(1, &[], &[])],
        whole,
    };
    let duplicate = [error("42701", None, "ALTER TABLE t ADD note int")];
    let deadlock = [error("40P01", None, "create index concurrently i on t (a)")];
    let detail = "Process 7: SELECT pg_advisory_lock(7)\nProcess 8: create index concurrently i on t (a)".to_owned();
    let waiter = StatementError { detail: Some(detail), ..error("40P01", None, "SELECT pg_advisory_lock(7)") };
    let elsewhere = [error("40P01", None, "UPDATE t SET a = 1")];
    let cases: [(Together, Option<&str>); 7] = [
        (
            together(true, &duplicate, true),
            Some("warning[M-07] Alembic lets two runs migrate at once, and one of them fails"),
        ),
        (together(true, &[], false), Some("error[M-07] Alembic lets two runs migrate at once, and the schema is not")),
        (together(true, &[], true), None),
        (together(false, &[], true), None),
        (together(false, &deadlock, true), Some("error[M-15] two runs at once end in a deadlock")),
        (together(false, &[waiter], true), Some("error[M-15] two runs at once end in a deadlock")),
        (together(false, &elsewhere, true), None),
    ];
    for (together, expected) in cases {
        let shown = format!("{together:?}");
        let found: Vec<String> = of(Vec::new(), Some(together)).iter().map(ToString::to_string).collect();
        assert_eq!(found.len(), usize::from(expected.is_some()), "{shown}");
        for (text, expected) in found.iter().zip(expected) {
            assert!(text.starts_with(expected), "{text}");
        }
    }
}

#[test]
fn a_session_that_outlives_its_migrator_is_told_with_what_ends_it() {
    let blocked = Blocked { statement: "SELECT GET_LOCK(?, -1)".to_owned(), holder: "Sleep".to_owned() };
    let waits = |again| Abandoned {
        statement: "CREATE TABLE record".to_owned(),
        blocked: Some(blocked.clone()),
        again,
        way_out: Some(WayOut { steps: vec!["SELECT 'KILL 7';".to_owned()], tried: Tried::Works }),
    };
    let refused = "Cannot run migrations because another migration process is currently running.";
    let failed = |line: &str| outcome(1, &[line], &[]);
    let cases = [
        (waits(Outcome::default()), Some("a second run waits for it without end")),
        (waits(failed(refused)), Some("a second run fails: Cannot run migrations")),
        // It does not wait for the lock, and so nobody saw who has it.
        (Abandoned { blocked: None, ..waits(failed(refused)) }, Some("a second run fails: Cannot run migrations")),
        (Abandoned { blocked: None, ..waits(failed("something else")) }, None),
        (waits(outcome(0, &[], &[])), None),
    ];
    for (abandoned, expected) in cases {
        let shown = format!("{abandoned:?}");
        let found = findings(&Evidence { abandoned: Some(abandoned), ..nothing() });
        let told: Vec<String> = found.iter().map(|finding| format!("{} {}", finding.code, finding.sentence)).collect();
        assert_eq!(told.len(), usize::from(expected.is_some()), "{shown}");
        assert!(told.iter().zip(expected).all(|(it, part)| it.starts_with("M-06") && it.contains(part)), "{told:?}");
    }
    let text = findings(&Evidence { abandoned: Some(waits(Outcome::default())), ..nothing() })[0].to_string();
    let expected = "\
  proof    killed at `CREATE TABLE record`, its connection kept open
           the second run waited in `SELECT GET_LOCK(?, -1)`, and had not ended after 20 s
           the lock's holder is the session that the killed run left: Sleep
  fix      while a run waits, as an administrator (tried here, it works):
             SELECT 'KILL 7';
";
    assert!(text.contains(expected), "{text}");
}
