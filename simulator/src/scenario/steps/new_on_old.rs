//! S4: new code on the old schema, as when the migration was skipped, or the rollout stopped half-way.

use super::{Play, Report, shown};
use crate::database::{LogicalDatabase, SchemaSnapshot};
use crate::finding::{Code, Finding, Kind, Stage};
use crate::rehearsal::RehearsalError;
use crate::scenario::evidence::{Met, line};
use crate::scenario::judge::Found;
use crate::scenario::round::round;
use crate::scenario::table::Scenario;
use crate::scenario::task::{Broken, Task};

pub(super) async fn run(play: &Play<'_>, database: &LogicalDatabase) -> Result<Report, RehearsalError> {
    let ground = play.ground;
    let task = match Task::serve(ground, &ground.new, database).await {
        Ok(task) => task,
        Err(Broken { container, what, .. }) => {
            let evidence =
                format!("new tasks do not become healthy on the old schema, as is right: `{container}` {what}");
            return Ok(Report::shown(evidence, Vec::new()));
        }
    };
    let here = database.schema().await?;
    if !SchemaSnapshot::difference(&play.reference.schema, &here).is_empty() {
        task.remove().await;
        return Ok(Report::not_shown("the new release migrates at its start, so it never meets the old schema"));
    }
    let mark = database.mark().await?;
    let asked = round(&ground.client, &task.base, ground.smoke()).await;
    let errors = database.errors_since(&mark).await?;
    task.remove().await;
    let met = Met { asked, errors };
    let evidence = format!("new tasks become healthy on the old schema; {}", shown(&met));
    let found = judge(&met.beyond(&play.reference.met), &ground.new.label, &play.replay(Scenario::S4));
    Ok(Report::shown(evidence, found.map(Found::alone).into_iter().collect()))
}

/// What follows from what healthy new tasks met on the old schema. In the right order it does not happen, so it is no error.
fn judge(beyond: &Met, label: &str, replay: &str) -> Option<Finding> {
    let first = beyond.asked.first()?;
    let sentence =
        format!("new tasks become healthy on the old schema and then fail requests, such as `{}`", first.name);
    let finding = Finding::warning(Code::X04, Kind::Proved, Stage::RollOut, sentence)
        .evidence(format!("S4: new tasks are `{label}`; their health check succeeds all the same (H-06)"))
        .with_evidence(beyond.errors.iter().take(1).map(line))
        .with_evidence(beyond.asked.iter().take(2).map(|asked| asked.shown()))
        .help("migrate before the deploy, and stop it if the migration fails")
        .help(Code::H06.entry().fix)
        .help(replay);
    Some(finding)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::round::Asked;

    #[test]
    fn only_a_request_that_fails_is_worth_a_word() {
        let asked = Asked { name: "a".into(), line: "GET /a".into(), times: 3, wrong: vec!["500".into()], failed: 3 };
        assert_eq!(judge(&Met::default(), "v2", ""), None);
        let finding = judge(&Met { asked: vec![asked], errors: Vec::new() }, "v2", "again").expect("it failed");
        assert_eq!(finding.code, Code::X04);
        assert!(finding.evidence.iter().any(|line| line == "GET /a (a): 500, every time"), "{finding}");
    }
}
