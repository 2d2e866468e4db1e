//! S7 and S8 on the app itself: a migration that is killed and run again, and one that waits for a reader.

use super::Run;

/// What is found on an engine, and a part of what S7 and S8 say of themselves.
struct Case {
    database: &'static str,
    warnings: &'static [&'static str],
    killed: &'static str,
    held: &'static str,
    /// A part of the way out.
    way_out: &'static str,
}

const POSTGRES: Case = Case {
    database: "postgres",
    warnings: &["M-07 S7", "M-16 S8"],
    killed: "a second run puts all 3 right; two at once end with the schema that one makes",
    held: "waits once: 2 of 2 canaries fail, the locks say 2; with a limit of a second 0 of 2 fail",
    way_out: "pg_advisory_xact_lock",
};

#[cfg(feature = "whole")]
const MYSQL: Case = Case {
    database: "mysql",
    warnings: &["M-07 S7", "M-08 S7", "M-17 S8"],
    killed: "the way out leads out of",
    way_out: "ALTER TABLE `articles` DROP COLUMN `summary`;",
    ..POSTGRES
};

fn check(case: &Case) {
    let Case { database, warnings, killed, held, way_out } = case;
    let run = Run::of("v2", database, "S7,S8");
    let printed = run.printed();
    assert_eq!(
        (run.exit, run.found("error"), run.found("warning")),
        (Some(0), Vec::new(), warnings.iter().map(|it| (*it).to_owned()).collect()),
        "{printed}"
    );
    assert_eq!((run.ended("S7"), run.ended("S8")), ("refuted", "refuted"), "{printed}");
    for part in [killed, held, way_out, &"tried here with 1 s: the migration gives up"] {
        assert!(run.report.to_string().contains(part), "{database}: {part}\n{printed}");
    }
    assert!(!run.report.to_string().contains("it is not enough"), "{printed}");
    assert_eq!(run.left(), "", "nothing is left");
}

#[test]
fn on_postgres_a_second_run_puts_a_killed_one_right() {
    check(&POSTGRES);
}

/// By night: what is killed, and how, is the same everywhere.
#[cfg(feature = "whole")]
#[test]
fn on_the_mysqls_a_killed_one_stays_half_applied_until_the_way_out() {
    check(&MYSQL);
    check(&Case { database: "mariadb", ..MYSQL });
}
