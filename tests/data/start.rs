//! What keeps a database from being called ready, or a task from starting and being reached: each version, what must be found in it, and
//! its near miss. All of it at night; on every run one version of each kind.

use super::{Case, ENGINES, Row, broken, green, play, warned};

const NEWS: &str = "news-api";
const NOTES: &str = "notes-node";

/// Only PostgreSQL's image asks no password of those inside its container.
const POSTGRES: &[&str] = &["postgres"];
const MYSQLS: &[&str] = &["mysql", "mariadb"];

/// The project's own health checks of its database, in its compose file and beside its workflow's job.
const CHECKS: [(&[&str], Case); 9] = [
    (POSTGRES, warned("v2-lying-check", "R", &["R-01 R"], "while only the temporary server")),
    (MYSQLS, warned("v2-lying-check", "R", &["R-02 R", "R-03 R"], "while only the temporary server")),
    (MYSQLS, warned("v2-pinging-check", "R", &["R-03 R"], "with a wrong password")),
    (POSTGRES, green("v2-pinging-check", "R")),
    (&ENGINES, warned("v2-waiting-check", "R", &["R-04 R"], "while no server runs at all")),
    (&ENGINES, green(HONEST, "R")),
    (POSTGRES, warned("v2-lying-service", "R", &["R-01 R"], "`postgres` beside the job `test`")),
    (MYSQLS, warned("v2-lying-service", "R", &["R-02 R", "R-03 R"], "beside the job `test`")),
    (&ENGINES, green(HONEST_SERVICE, "R")),
];

/// The near misses, which hold the lines that the findings print.
const HONEST: &str = "v2-honest-check";
const HONEST_SERVICE: &str = "v2-honest-service";

/// The same on every engine: migrations that cannot be run, and tasks that do not start or are not reached.
const STARTS: [(&str, Case); 22] = [
    (NEWS, broken("v2-two-heads", "S1", &["M-01 S1"], "several heads")),
    (NEWS, green("v2-merged-heads", "S1")),
    (NOTES, broken("v2-edited-changeset", "S1", &["M-04 S1"], "is not the one that was applied")),
    (NOTES, green("v2-added-changeset", "S1")),
    (NEWS, broken("v2-missing-env", "S6", &["C-01 S6"], "needs the variable `EDITOR_ADDRESS`")),
    (NEWS, green("v2-env-set", "S6")),
    (NEWS, green("v2-secret-by-name", "S6")),
    (NEWS, broken("v2-arm", "S1", &["C-04 ?"], "docker buildx build --platform linux/arm64")),
    (NEWS, green("v2-arm-crossed", "S1")),
    (NEWS, broken("v2-unhealthy", "S6", &["H-02 S6"], "calls `curl`, which is not in the image")),
    (NEWS, green("v2-healthy-by-python", "S6")),
    (NEWS, broken("v2-read-only", "S6", &["C-05 S6"], "writes to `/tmp/pages`")),
    (NEWS, green("v2-read-only-quiet", "S6")),
    (NEWS, broken("v2-not-owner", "S6", &["C-06 S6"], "may not use `/app/pages`")),
    (NEWS, green("v2-owner", "S6")),
    (NEWS, broken("v2-loopback", "S6", &["H-04 S6"], "listens on 127.0.0.1:8000 only")),
    (NEWS, green("v2", "S6")),
    (NOTES, broken("v2-loopback", "S6", &["H-04 S6"], "listens on 127.0.0.1:8000 only")),
    (NOTES, green("v2-every-address", "S6")),
    // As Docker's containers have it, and tasks on Fargate have not.
    (NOTES, warned("v2-localhost", "R", &["H-03 R"], "http://127.0.0.1:8000/healthz")),
    (NOTES, green("v2-localhost-everywhere", "R")),
    (NEWS, green("v2-localhost-by-python", "R")),
];

/// What there is on PostgreSQL alone.
const ENUMS: [Case; 2] =
    [broken("v2-enum-at-once", "S1", &["M-20 S1"], "unsafe use of new value"), green("v2-enum-committed", "S1")];

/// MySQL alone wants a password encrypted over a connection that is not, and PyMySQL needs a package for that.
const LOGINS: [(&[&str], Case); 3] = [
    (&ENGINES, green("v2-without-tls", "S1")),
    (&["mysql"], broken("v2-no-cryptography", "S1", &["M-24 S1"], "'cryptography' package is required")),
    (&["postgres", "mariadb"], green("v2-no-cryptography", "S1")),
];

/// What is played on every run, on which engine.
const ALWAYS: [(&str, &str, &str); 9] = [
    ("postgres", NEWS, "v2-lying-service"),
    ("postgres", NEWS, "v2-two-heads"),
    ("postgres", NOTES, "v2-edited-changeset"),
    ("mysql", NEWS, "v2-pinging-check"),
    ("mysql", NOTES, "v2-loopback"),
    ("mysql", NOTES, "v2-localhost"),
    ("mariadb", NEWS, "v2-waiting-check"),
    ("mariadb", NEWS, "v2-arm"),
    ("mariadb", NOTES, "v2-every-address"),
];

/// Every row of these tables.
pub(super) fn rows() -> Vec<Row> {
    let checks = CHECKS.iter().map(|(engines, case)| Row { app: NEWS, engines, case });
    let enums = ENUMS.iter().map(|case| Row { app: NEWS, engines: POSTGRES, case });
    let logins = LOGINS.iter().map(|(engines, case)| Row { app: NEWS, engines, case });
    checks
        .chain(STARTS.iter().map(|(app, case)| Row { app, engines: &ENGINES, case }))
        .chain(enums)
        .chain(logins)
        .collect()
}

#[test]
fn postgres() {
    play(&rows(), "postgres", &ALWAYS);
}

#[test]
fn mysql() {
    play(&rows(), "mysql", &ALWAYS);
}

#[test]
fn mariadb() {
    play(&rows(), "mariadb", &ALWAYS);
}

/// What a finding prints is pasted as it is: the near miss of a version differs from it in those lines alone.
mod printed {
    use super::super::Run;
    use super::{ENGINES, HONEST, HONEST_SERVICE};
    use crate::app::App;
    use crate::whole::in_turn;

    /// The line that is printed for `version` on `database` stands in `file` of its near miss.
    fn stands_in(version: &str, database: &str, (near_miss, file): (&str, &str)) {
        let run = Run::of(version, database, "R");
        let finding = &run.report["findings"][0];
        let line = finding["help"][0].as_str().unwrap_or_default();
        let text = std::fs::read_to_string(App::check_out(near_miss).path().join(file)).expect("it has the file");
        assert!(!line.is_empty() && text.contains(line), "{line}\n{}", run.printed());
        assert_eq!(finding["place"]["file"], file, "{}", run.printed());
        let number = finding["place"]["line"].as_u64().unwrap_or_default();
        let there = text.lines().nth(usize::try_from(number).unwrap_or_default().saturating_sub(1));
        assert_eq!(there.map(str::trim), Some(line), "it replaces the line that is named\n{}", run.printed());
    }

    #[test]
    fn the_line_replaces_the_one_in_the_compose_file() {
        for database in in_turn(&ENGINES, 1) {
            stands_in("v2-lying-check", database, (HONEST, "compose.yaml"));
        }
    }

    #[test]
    fn the_line_replaces_the_one_in_the_workflow() {
        for database in in_turn(&ENGINES, 2) {
            stands_in("v2-lying-service", database, (HONEST_SERVICE, ".github/workflows/test.yaml"));
        }
    }
}
