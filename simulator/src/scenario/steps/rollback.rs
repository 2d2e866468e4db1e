//! S6: the rollback. Fresh old tasks with their normal entry point, on the new schema and on rows that the new code wrote.

use super::{Play, Report, shown};
use crate::database::{LogicalDatabase, SchemaSnapshot};
use crate::finding::{Code, Finding, Stage};
use crate::rehearsal::RehearsalError;
use crate::scenario::evidence::Met;
use crate::scenario::judge::{Found, refused, start, together};
use crate::scenario::round::{Asked, once, read, round, write};
use crate::scenario::table::Scenario;
use crate::scenario::task::Task;

/// From when to when old tasks meet the new schema.
const WINDOW: &str = "from the rollback until the migration is undone or the next release is out";

pub(super) async fn run(play: &Play<'_>, database: &LogicalDatabase) -> Result<Report, RehearsalError> {
    let (ground, client) = (play.ground, &play.ground.client);
    let changes = match play.to_head(database).await? {
        Ok(changes) => changes,
        Err(report) => return by_itself(play, database, report).await,
    };
    let task = match Task::serve(ground, &ground.new, database).await {
        Ok(task) => task,
        Err(broken) => {
            let finding = start::judge(&broken, "new tasks", Stage::RollOut, Code::T08).help(play.replay(Scenario::S6));
            return Ok(Report::shown("new tasks do not start on the new schema", vec![Found::alone(finding)]));
        }
    };
    once(client, &task.base, ground.smoke()).await;
    let mut written = write(client, &task.base, ground.seed()).await;
    written.extend(write(client, &task.base, ground.smoke()).await);
    task.remove().await;

    let task = match Task::serve(ground, &ground.old, database).await {
        Ok(task) => task,
        Err(broken) => {
            let mut finding = start::judge(&broken, "fresh old tasks", Stage::RollBack, Code::T10)
                .evidence(format!("S6: old tasks are `{}`, {WINDOW}", ground.old.label));
            if finding.code == Code::X05 {
                finding = finding.evidence(Code::X07.entry().cause);
            }
            let finding = finding.help(play.replay(Scenario::S6));
            let report = Report::shown("fresh old tasks do not start on the new schema", vec![Found::alone(finding)]);
            return Ok(report.with_changes(changes));
        }
    };
    let mark = database.mark().await?;
    let mut asked = round(client, &task.base, ground.smoke()).await;
    for it in &written {
        let difference = together::difference(&it.body, &read(client, &task.base, &it.path).await);
        let wrong: Vec<String> = difference.into_iter().collect();
        let failed = u32::from(!wrong.is_empty());
        let name = format!("what the new release wrote with {}", it.by);
        asked.push(Asked { name, line: format!("GET {}", it.path), times: 1, wrong, failed });
    }
    let errors = database.errors_since(&mark).await?;
    task.remove().await;
    let met = Met { asked, errors };
    let here = refused::Circumstances {
        engine: ground.engine(),
        scenario: Scenario::S6,
        seed: play.seed,
        stage: Stage::RollBack,
        who: "fresh old tasks",
        label: &ground.old.label,
        window: WINDOW,
        changes: &changes,
    };
    let found = refused::judge(&here, &met.beyond(&play.reference.met));
    let evidence = format!(
        "fresh old tasks start; {}; {} things that the new release wrote were read",
        shown(&met),
        written.len()
    );
    Ok(Report::shown(evidence, found).with_changes(changes))
}

/// The rollback where no new task becomes healthy and the start of one has migrated all the same: ECS goes back by itself then, as the
/// services do that `bootstrap` makes. Without such a start the report is what `failed` says.
async fn by_itself(play: &Play<'_>, database: &LogicalDatabase, failed: Report) -> Result<Report, RehearsalError> {
    let ground = play.ground;
    let changes = SchemaSnapshot::difference(&play.reference.schema, &database.schema().await?);
    if ground.session.script.migration.is_some() || changes.is_empty() {
        return Ok(failed);
    }
    let broken = match Task::serve(ground, &ground.old, database).await {
        Ok(task) => {
            task.remove().await;
            return Ok(failed);
        }
        Err(broken) => broken,
    };
    let refused = start::judge(&broken, "fresh old tasks", Stage::RollBack, Code::T10);
    let sentence = format!(
        "new tasks fail after their start has migrated, and the automatic rollback fails as well: {}",
        refused.sentence
    );
    let finding = Finding { code: Code::X07, sentence, ..refused }
        .evidence("S6: no new task becomes healthy, and its start has left behind:")
        .with_evidence(changes.iter().map(|change| format!("  {change}")))
        .help(Code::X07.entry().fix)
        .help(play.replay(Scenario::S6));
    let report = Report::shown("fresh old tasks do not start on the new schema", vec![Found::alone(finding)]);
    Ok(Report { unmigrated: failed.unmigrated, ..report })
}
