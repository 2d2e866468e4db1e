//! `greenroom rehearse data` on real databases: each version that differs in one thing, what must be found in it, and its near miss, in
//! which nothing must.

mod bad_migration;
mod command;
mod concurrency;
mod frameworks;
mod interruption;
mod rules;
mod sqlx;
mod start;
mod table;
mod versions;

use std::process::Command;

use serde_json::Value;

use crate::app::{App, greenroom};
use crate::whole::whole;

/// What a run printed.
pub(crate) struct Run {
    exit: Option<i32>,
    stderr: String,
    report: Value,
}

impl Run {
    /// Plays `only` with `version` on `database`.
    fn of(version: &str, database: &str, only: &str) -> Self {
        Self::on(&App::check_out(version), database, only)
    }

    fn on(app: &App, database: &str, only: &str) -> Self {
        let output = command(app, database, only).output().expect("greenroom can be run");
        Self {
            exit: output.status.code(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            report: serde_json::from_slice(&output.stdout).unwrap_or(Value::Null),
        }
    }

    /// The findings about what happened, of one severity: the code and the scenario that the replay command names, in the order of the report.
    fn found(&self, severity: &str) -> Vec<String> {
        let findings = self.report["findings"].as_array().map(Vec::as_slice).unwrap_or_default();
        let of = findings.iter().filter(|finding| finding["severity"] == severity && finding["kind"] == "proved");
        of.map(|finding| format!("{} {}", finding["code"].as_str().unwrap_or_default(), played_in(finding))).collect()
    }

    /// Whether each error happened in the run.
    fn errors_are_proved(&self) -> bool {
        let findings = self.report["findings"].as_array().map(Vec::as_slice).unwrap_or_default();
        findings.iter().filter(|it| it["severity"] == "error").all(|it| it["kind"] == "proved")
    }

    /// The findings without what is measured and so differs from one run to the next: for how long they would be met.
    fn findings_but_windows(&self) -> Value {
        let mut findings = self.report["findings"].clone();
        for finding in findings.as_array_mut().into_iter().flatten() {
            finding.as_object_mut().and_then(|members| members.remove("window"));
        }
        findings
    }

    /// The codes of the findings about what did not happen here.
    fn notes(&self) -> Vec<&str> {
        let findings = self.report["findings"].as_array().map(Vec::as_slice).unwrap_or_default();
        findings.iter().filter(|finding| finding["kind"] != "proved").filter_map(|it| it["code"].as_str()).collect()
    }

    /// The findings of this kind and code.
    fn of_kind(&self, kind: &str, code: &str) -> Vec<&Value> {
        let findings = self.report["findings"].as_array().map(Vec::as_slice).unwrap_or_default();
        findings.iter().filter(|finding| finding["kind"] == kind && finding["code"] == code).collect()
    }

    /// How the scenario called `name` ended.
    fn ended(&self, name: &str) -> &str {
        let scenarios = self.report["scenarios"].as_array().map(Vec::as_slice).unwrap_or_default();
        let found = scenarios.iter().find(|scenario| scenario["scenario"] == name);
        found.and_then(|scenario| scenario["ended"].as_str()).unwrap_or("absent")
    }

    /// What the engine still has of it, by label: containers and volumes.
    fn left(&self) -> String {
        let rehearsal = self.report["rehearsal"].as_str().unwrap_or("none");
        let label = format!("label=greenroom.rehearsal={rehearsal}");
        let list = |words: &[&str]| {
            let output = Command::new("docker").args(words).args(["--quiet", "--filter", &label]).output();
            String::from_utf8_lossy(&output.expect("docker can be run").stdout).into_owned()
        };
        list(&["ps", "--all"]) + &list(&["volume", "ls"])
    }

    /// Everything, for messages of failed assertions.
    fn printed(&self) -> String {
        format!("exit {:?}\n{}\n{:#}", self.exit, self.stderr, self.report)
    }
}

/// The scenario that a finding's help says to play again.
fn played_in(finding: &Value) -> &str {
    let lines = finding["help"].as_array().map(Vec::as_slice).unwrap_or_default();
    let replay = lines.iter().filter_map(Value::as_str).find_map(|line| line.split_once("--only "));
    replay.and_then(|(_, rest)| rest.split(' ').next()).unwrap_or("?")
}

fn command(app: &App, database: &str, only: &str) -> Command {
    let mut command = greenroom();
    command.args(["rehearse", "data", "--json", "-f"]).arg(app.path().join("greenroom.toml"));
    command.args(["--database", database, "--only", only]);
    command
}

/// Every engine.
const ENGINES: [&str; 3] = ["postgres", "mysql", "mariadb"];

/// One run of a version, and what must be found in it.
pub(crate) struct Case {
    version: &'static str,
    /// The scenarios to play.
    only: &'static str,
    /// The errors, as code and scenario, the worst first; all are proved.
    errors: &'static [&'static str],
    /// The warnings, in the same way.
    warnings: &'static [&'static str],
    /// A part of the worst finding, if there must be one.
    says: &'static str,
}

/// A row of the tables: a version of a fixture, and the engines on which it is so.
pub(crate) struct Row {
    app: &'static str,
    engines: &'static [&'static str],
    case: &'static Case,
}

const fn green(version: &'static str, only: &'static str) -> Case {
    Case { version, only, errors: &[], warnings: &[], says: "" }
}

const fn broken(
    version: &'static str,
    only: &'static str,
    errors: &'static [&'static str],
    says: &'static str,
) -> Case {
    Case { version, only, errors, warnings: &[], says }
}

const fn warned(
    version: &'static str,
    only: &'static str,
    warnings: &'static [&'static str],
    says: &'static str,
) -> Case {
    Case { warnings, ..broken(version, only, &[], says) }
}

/// Plays `cases` of `app` on `database` and says of all that are wrong.
fn check<'a>(app: &str, database: &str, cases: impl IntoIterator<Item = &'a Case>) {
    told(cases.into_iter().filter_map(|case| wrong(app, database, case)));
}

/// Plays those of `rows` that are on `database`: all at night, and on every run those that `always` names by engine, app and version.
fn play(rows: &[Row], database: &str, always: &[(&str, &str, &str)]) {
    let is_always = |row: &&Row| always.contains(&(database, row.app, row.case.version));
    let played = rows.iter().filter(|row| row.engines.contains(&database) && (whole() || is_always(row)));
    told(played.filter_map(|row| wrong(row.app, database, row.case)));
}

fn told(wrong: impl Iterator<Item = String>) {
    let wrong: Vec<String> = wrong.collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// Plays a case; what is not as it should be.
fn wrong(app: &str, database: &str, case: &Case) -> Option<String> {
    let Case { version, only, errors, warnings, says } = case;
    let run = Run::on(&App::check_out_of(app, version), database, only);
    let exit = if errors.is_empty() { 0 } else { 5 };
    // What was not played shows nothing, be it that a failed migration leaves nothing to play.
    let fails = !errors.is_empty();
    let is_shown = |ended: &str| ended != "absent" && (fails || ended != "not-shown");
    let all_shown = only.split(',').all(|name| is_shown(run.ended(name)));
    let worst = run.report["findings"][0].to_string();
    let found = run.found("error") == *errors && run.found("warning") == *warnings && worst.contains(says);
    // An error that did not happen here refutes nothing.
    let found = found && notes_are_right(&run, database) && run.errors_are_proved();
    let is_right = run.exit == Some(exit) && found && all_shown;
    (!is_right).then(|| {
        let expected = format!("{errors:?}, {warnings:?}, {says}");
        format!("{app} {version}, {only} on {database}: expected {expected}\n{}", run.printed())
    })
}

/// What is conditional or static: no migration of these limits how long it waits for a lock, which S1 says, and on the MySQLs some commit
/// several times.
fn notes_are_right(run: &Run, database: &str) -> bool {
    let known: &[&str] = if database == "postgres" { &["M-16"] } else { &["M-17", "M-08"] };
    let notes = run.notes();
    // One that fails may do so before its first statement.
    let says_enough = match run.ended("S1") {
        "proved" => !notes.is_empty(),
        "refuted" => true,
        _ => notes.is_empty(),
    };
    says_enough && notes.iter().all(|code| known.contains(code))
}
