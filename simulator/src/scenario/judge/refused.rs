//! Tasks that meet a schema they do not know.

use std::collections::BTreeMap;

use super::subject::{explaining, named};
use super::{Found, fix, replay};
use crate::database::Engine;
use crate::database::schema::SchemaChange;
use crate::finding::{Code, Finding, Kind, Severity, Stage, request_failure};
use crate::scenario::evidence::{Met, line};
use crate::scenario::table::Scenario;

/// Who met what where.
#[derive(Clone, Copy, Debug)]
pub(in crate::scenario) struct Circumstances<'a> {
    /// The database's engine.
    pub(in crate::scenario) engine: Engine,
    /// The scenario.
    pub(in crate::scenario) scenario: Scenario,
    /// The seed of the rehearsal.
    pub(in crate::scenario) seed: u64,
    /// The stage of a deploy that it stands for.
    pub(in crate::scenario) stage: Stage,
    /// Whose requests they are: `old tasks`.
    pub(in crate::scenario) who: &'a str,
    /// How the version is called.
    pub(in crate::scenario) label: &'a str,
    /// From when to when they meet it.
    pub(in crate::scenario) window: &'a str,
    /// What the migration changed.
    pub(in crate::scenario) changes: &'a [SchemaChange],
}

/// The findings that follow from what was met beyond the reference: one for each thing that is broken, and one for the requests that
/// failed without a statement that did.
pub(in crate::scenario) fn judge(here: &Circumstances<'_>, beyond: &Met) -> Vec<Found> {
    let mut groups: BTreeMap<(Code, String), Vec<usize>> = BTreeMap::new();
    for (place, error) in beyond.errors.iter().enumerate() {
        let Some(code) = request_failure(here.engine, error) else { continue };
        let subject = explaining(error, here.changes).map(named);
        let subject =
            subject.unwrap_or_else(|| error.message.split(" at character ").next().unwrap_or_default().to_owned());
        groups.entry((code, subject)).or_default().push(place);
    }
    let mut found: Vec<Found> =
        groups.into_iter().map(|(subject, places)| statement(here, beyond, subject, &places)).collect();
    if found.is_empty() && !beyond.asked.is_empty() {
        found.push(unexplained(here, beyond));
    }
    found
}

/// One thing that is broken, as the database says.
fn statement(here: &Circumstances<'_>, beyond: &Met, (code, subject): (Code, String), places: &[usize]) -> Found {
    let Circumstances { engine, scenario, seed, stage, who, label, window, changes } = *here;
    let errors = || places.iter().filter_map(|place| beyond.errors.get(*place));
    let change = errors().find_map(|error| explaining(error, changes));
    // A statement that failed and was then repeated with success is nothing that a user notices.
    let severity = if beyond.asked.is_empty() { Severity::Warning } else { Severity::Error };
    let sentence = format!("{who} {}: {subject}", what(code));
    let mut finding = Finding::error(code, Kind::Proved, stage, sentence)
        .evidence(format!("{scenario}: {who} are `{label}`, {window}"))
        .with_evidence(change.map(|change| format!("the migration: {change}")))
        .with_evidence(errors().take(2).map(line))
        .with_evidence(beyond.asked.iter().take(3).map(|asked| asked.shown()))
        .with_help(fix::fix(engine, code, change, changes))
        .help(replay(scenario, seed));
    finding.severity = severity;
    Found { subject: Some((code, subject)), finding }
}

/// Requests that failed although the database refused nothing.
fn unexplained(here: &Circumstances<'_>, beyond: &Met) -> Found {
    let Circumstances { scenario, seed, stage, who, label, window, .. } = *here;
    let code = if stage == Stage::RollBack { Code::X06 } else { Code::T09 };
    let requests: Vec<&str> = beyond.asked.iter().map(|asked| asked.name.as_str()).collect();
    let finding = Finding::error(
        code,
        Kind::Proved,
        stage,
        format!("{who} answer otherwise than before: {}", requests.join(", ")),
    )
    .evidence(format!("{scenario}: {who} are `{label}`, {window}"))
    .with_evidence(beyond.errors.iter().take(2).map(line))
    .with_evidence(beyond.asked.iter().take(3).map(|asked| asked.shown()))
    .help(code.entry().fix)
    .help(replay(scenario, seed));
    Found { subject: Some((code, requests.join(", "))), finding }
}

/// What is wrong, after whose fault it is.
pub(super) fn what(code: Code) -> &'static str {
    if code == Code::X01 {
        "ask for what the migration has taken away"
    } else if code == Code::X02 {
        "cannot write rows that the migrated schema takes"
    } else if code == Code::X03 {
        "have statements prepared that the migrated schema answers otherwise"
    } else if code == Code::X09 {
        "find no connection left"
    } else {
        "are refused by the database"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::schema::Column;
    use crate::database::{Refusal, StatementError};
    use crate::scenario::round::Asked;

    fn error(sqlstate: &str, message: &str) -> StatementError {
        let refusal = Refusal { sqlstate: sqlstate.to_owned(), errno: None, message: message.to_owned() };
        StatementError::of(refusal, Some("SELECT articles.body FROM articles".to_owned()))
    }

    fn met(errors: Vec<StatementError>, failed: bool) -> Met {
        let asked = Asked {
            name: "the list".to_owned(),
            line: "GET /articles".to_owned(),
            times: 3,
            wrong: vec!["500 instead of 200: ".to_owned()],
            failed: 3,
        };
        Met { asked: failed.then_some(asked).into_iter().collect(), errors }
    }

    fn codes(beyond: &Met) -> Vec<(Severity, String)> {
        let column = Column {
            name: "body".into(),
            data_type: "text".into(),
            nullable: true,
            default: None,
            extra: String::new(),
        };
        let changes = [SchemaChange::ColumnRemoved { table: "articles".into(), column }];
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
        let found = judge(&here, beyond);
        found
            .into_iter()
            .map(|it| (it.finding.severity, format!("{} {}", it.finding.code, it.finding.sentence)))
            .collect()
    }

    #[test]
    fn each_broken_thing_is_one_finding() {
        let gone = "column articles.body does not exist at character 8";
        let insert = "column \"body\" of relation \"articles\" does not exist";
        let asked = "X-01 old tasks ask for what the migration has taken away: `articles.body`".to_owned();
        let both = met(vec![error("42703", gone), error("42703", insert)], true);
        assert_eq!(codes(&both), [(Severity::Error, asked.clone())]);
        assert_eq!(codes(&met(vec![error("42703", gone)], false)), [(Severity::Warning, asked)]);
        assert_eq!(codes(&met(Vec::new(), false)), []);
        let unexplained = (Severity::Error, "T-09 old tasks answer otherwise than before: the list".to_owned());
        assert_eq!(codes(&met(Vec::new(), true)), [unexplained]);
    }
}
