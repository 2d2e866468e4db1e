//! S2: old tasks, whose pools are warm, on the new schema.

use super::{Play, Report, shown};
use crate::database::LogicalDatabase;
use crate::finding::{Code, Stage};
use crate::rehearsal::RehearsalError;
use crate::scenario::evidence::Met;
use crate::scenario::foresight::Foresight;
use crate::scenario::judge::{Found, foreseen, refused, start};
use crate::scenario::round::{round, warm};
use crate::scenario::table::Scenario;
use crate::scenario::task::Task;

/// From when to when old tasks meet the new schema. How long that is at the project's settings, [`crate::prediction`] says.
const WINDOW: &str = "from the migration's commit until the last old task stops";

pub(super) async fn run(play: &Play<'_>, database: &LogicalDatabase) -> Result<Report, RehearsalError> {
    let ground = play.ground;
    let task = match Task::serve(ground, &ground.old, database).await {
        Ok(task) => task,
        Err(broken) => {
            let finding = start::judge(&broken, "tasks of what runs now", Stage::Baseline, Code::T05);
            return Ok(Report::shown("what runs now does not start", vec![Found::alone(finding)]));
        }
    };
    let (client, requests) = (&ground.client, ground.smoke());
    warm(client, &task.base, requests).await;
    let changes = match play.to_head(database).await? {
        Ok(changes) => changes,
        Err(report) => {
            task.remove().await;
            return Ok(report);
        }
    };
    let mark = database.mark().await?;
    let asked = round(client, &task.base, requests).await;
    let errors = database.errors_since(&mark).await?;
    task.remove().await;
    let met = Met { asked, errors };
    let here = refused::Circumstances {
        engine: ground.engine(),
        scenario: Scenario::S2,
        seed: play.seed,
        stage: Stage::RollOut,
        who: "old tasks",
        label: &ground.old.label,
        window: WINDOW,
        changes: &changes,
    };
    let mut found = refused::judge(&here, &met.beyond(&play.reference.met));
    let foresight = Foresight::of(play.reference, database).await?;
    let foreseen = foreseen::judge(&here, &foresight, &mut found);
    let evidence = format!("old tasks with warm pools, migrated beside: {}", shown(&met));
    Ok(Report { foreseen, ..Report::shown(evidence, found).with_changes(changes) })
}
