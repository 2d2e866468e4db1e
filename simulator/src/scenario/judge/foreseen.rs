//! Statements of old tasks that the new schema refuses to prepare, whether or not a request has sent them to it.

use std::collections::{BTreeMap, BTreeSet};

use super::refused::{Circumstances, what};
use super::subject::{explaining, named};
use super::{Found, fix, replay};
use crate::database::compatibility::{Captured, Compared, ShapeChange, Uncovered, Verdict};
use crate::database::{Engine, Refusal, StatementError};
use crate::finding::{Code, Finding, Kind, request_failure};
use crate::pattern::one_line;
use crate::scenario::evidence::line;
use crate::scenario::foresight::Foresight;

/// What the new schema refuses, as findings of their own where `known` has none about the same thing; those that it has get the statements
/// as further evidence. A result of another shape is no finding: pools that were warm have shown whether it matters.
pub(in crate::scenario) fn judge(here: &Circumstances<'_>, foresight: &Foresight, known: &mut [Found]) -> Vec<Found> {
    let Foresight { compared, uncovered } = foresight;
    let mut groups: BTreeMap<(Code, String), Vec<StatementError>> = BTreeMap::new();
    let mut reshaped: BTreeSet<String> = BTreeSet::new();
    for Compared { statement, verdict } in compared {
        match verdict {
            Verdict::Breaks(refusal) => {
                let error = error(here.engine, statement, refusal);
                let Some(code) = request_failure(here.engine, &error) else { continue };
                let subject = explaining(&error, here.changes).map(named);
                let subject = subject.unwrap_or_else(|| error.message.clone());
                groups.entry((code, subject)).or_default().push(error);
            }
            Verdict::Reshaped(changes) => {
                let changes: Vec<String> = changes.iter().map(ShapeChange::to_string).collect();
                reshaped.insert(format!("{}: {}", shown(here.engine, statement), changes.join(", ")));
            }
            Verdict::Fits | Verdict::NotComparable(_) => {}
        }
    }
    let mut further = Vec::new();
    for (subject, mut errors) in groups {
        // Which of several tasks' connections sends first is chance.
        errors.sort_by(|a, b| a.statement.cmp(&b.statement));
        match known.iter_mut().find(|found| found.subject.as_ref() == Some(&subject)) {
            Some(found) => found.finding.evidence.push(format!(
                "the new schema refuses to prepare {} of the statements that old tasks sent in S0",
                errors.len()
            )),
            None => further.push(refused(here, subject, &errors)),
        }
    }
    for found in known.iter_mut().filter(|found| found.finding.code == Code::X03) {
        found
            .finding
            .evidence
            .extend(reshaped.iter().take(3).map(|line| format!("another result than before: {line}")));
    }
    // What is refused whatever columns it lists has been said.
    let is_refused = |one: &Uncovered| {
        compared
            .iter()
            .any(|it| it.statement.digest == one.statement.digest && matches!(it.verdict, Verdict::Breaks(_)))
    };
    let accepted: Vec<&Uncovered> = uncovered.iter().filter(|one| !is_refused(one)).collect();
    let left_out = left_out(here, &accepted);
    further.extend(left_out.into_iter().filter(|it| !known.iter().any(|found| found.subject == it.subject)));
    further
}

/// What the new schema refuses and no request has sent.
fn refused(here: &Circumstances<'_>, (code, subject): (Code, String), errors: &[StatementError]) -> Found {
    let Circumstances { engine, scenario, seed, stage, who, label, window, changes } = *here;
    let change = errors.iter().find_map(|error| explaining(error, changes));
    let finding = Finding::error(code, Kind::Proved, stage, format!("{who} {}: {subject}", what(code)))
        .evidence(format!("{scenario}: {who} are `{label}`, {window}"))
        .evidence("no smoke request sends it there; the new schema refuses to prepare what they sent in S0")
        .with_evidence(change.map(|change| format!("the migration: {change}")))
        .with_evidence(errors.iter().take(2).map(line))
        .with_help(fix::fix(engine, code, change, changes))
        .help(replay(scenario, seed));
    Found { subject: Some((code, subject)), finding }
}

/// The columns that INSERTs leave out, a finding each.
fn left_out(here: &Circumstances<'_>, uncovered: &[&Uncovered]) -> Vec<Found> {
    let Circumstances { engine, scenario, seed, stage, who, label, window, changes } = *here;
    let mut columns: BTreeMap<String, Vec<&Uncovered>> = BTreeMap::new();
    for one in uncovered {
        columns.entry(format!("`{}.{}`", one.table, one.column)).or_default().push(one);
    }
    let found = columns.into_iter().map(|(column, left_out)| {
        let change = changes.iter().find(|change| named(change) == column);
        let mut statements: Vec<String> = left_out.iter().map(|one| shown(engine, &one.statement)).collect();
        statements.sort();
        let filled = left_out.iter().any(|one| one.a_trigger_may_fill_it);
        let but = filled.then(|| "unless a trigger of the table fills it in".to_owned());
        let sentence = format!("{who} leave {column} out of what they insert, and the new schema requires it");
        let finding = Finding::warning(Code::X02, Kind::Static, stage, sentence)
            .evidence(format!("{scenario}: {who} are `{label}`, {window}"))
            .evidence("no smoke request inserts it there; the statements are those of S0, the columns those of the new schema")
            .with_evidence(change.map(|change| format!("the migration: {change}")))
            .with_evidence(statements.into_iter().take(2))
            .with_evidence(but)
            .with_help(fix::fix(engine, Code::X02, change, changes))
            .help(replay(scenario, seed));
        Found { subject: Some((Code::X02, column)), finding }
    });
    found.collect()
}

/// A refusal to prepare a statement, as if it had been run.
fn error(engine: Engine, statement: &Captured, refusal: &Refusal) -> StatementError {
    StatementError::of(refusal.clone(), Some(shown(engine, statement)))
}

/// A statement without the values that differ from one time to the next. PostgreSQL's record has none.
fn shown(engine: Engine, statement: &Captured) -> String {
    match engine {
        Engine::Postgres => one_line(&statement.text),
        Engine::MySql | Engine::MariaDb => statement.digest.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::ResultColumn;
    use crate::database::compatibility::{Ran, distinct};
    use crate::database::schema::{Column, SchemaChange};
    use crate::finding::{Severity, Stage};
    use crate::scenario::table::Scenario;

    fn compared(text: &str, verdict: Verdict) -> Compared {
        let ran = Ran { connection: 1, text: text.to_owned(), prepared_only: false };
        let statement = distinct(&[ran]).into_iter().next().expect("a statement");
        Compared { statement, verdict }
    }

    fn gone(text: &str) -> Compared {
        let refusal =
            Refusal { sqlstate: "42703".into(), errno: None, message: "column articles.body does not exist".into() };
        compared(text, Verdict::Breaks(refusal))
    }

    fn known(code: Code, subject: &str) -> Found {
        let finding = Finding::error(code, Kind::Proved, Stage::RollOut, "they break");
        Found { subject: Some((code, subject.to_owned())), finding }
    }

    #[test]
    fn what_no_request_has_shown_is_found_and_what_one_has_shown_is_not_said_twice() {
        let column = |name: &str| Column {
            name: name.into(),
            data_type: "text".into(),
            nullable: false,
            default: None,
            extra: String::new(),
        };
        let changes = [
            SchemaChange::ColumnRemoved { table: "articles".into(), column: column("body") },
            SchemaChange::ColumnAdded { table: "articles".into(), column: column("section") },
        ];
        let here = Circumstances {
            engine: Engine::Postgres,
            scenario: Scenario::S2,
            seed: 1,
            stage: Stage::RollOut,
            who: "old tasks",
            label: "v1",
            window: "until the last of them stops",
            changes: &changes,
        };
        let added = ResultColumn { name: "section".into(), data_type: "text".into() };
        let star = compared("SELECT * FROM articles", Verdict::Reshaped(vec![ShapeChange::Added(added)]));
        let insert = compared("INSERT INTO articles (id) VALUES ($1)", Verdict::Fits);
        let uncovered = Uncovered {
            statement: insert.statement.clone(),
            table: "articles".into(),
            column: "section".into(),
            a_trigger_may_fill_it: false,
        };
        let compared =
            vec![gone("SELECT body FROM articles"), star, gone("DELETE FROM articles WHERE body = $1"), insert];
        let foresight = Foresight { compared, uncovered: vec![uncovered] };
        let further = judge(&here, &foresight, &mut []);
        let found: Vec<(Severity, Kind, &str)> =
            further.iter().map(|it| (it.finding.severity, it.finding.kind, it.finding.sentence.as_str())).collect();
        assert_eq!(
            found,
            [
                (Severity::Error, Kind::Proved, "old tasks ask for what the migration has taken away: `articles.body`"),
                (
                    Severity::Warning,
                    Kind::Static,
                    "old tasks leave `articles.section` out of what they insert, and the new schema requires it"
                ),
            ]
        );
        assert!(further[0].finding.evidence[3].ends_with("in: DELETE FROM articles WHERE body = $1"), "{further:?}");

        let mut shown =
            [known(Code::X01, "`articles.body`"), known(Code::X02, "`articles.section`"), known(Code::X03, "x")];
        assert_eq!(judge(&here, &foresight, &mut shown), []);
        let evidence = |place: usize| shown[place].finding.evidence.join("\n");
        assert_eq!(evidence(0), "the new schema refuses to prepare 2 of the statements that old tasks sent in S0");
        assert_eq!(evidence(1), "");
        assert_eq!(evidence(2), "another result than before: SELECT * FROM articles: + section text");
    }
}
