//! S0: the baseline. What runs now migrates its own database, gets its rows, and answers the requests that everything else is measured by.

use std::collections::BTreeSet;

use super::{Report, shown};
use crate::database::catalog::Catalog;
use crate::database::compatibility::{Capture, Captured, Ran, distinct};
use crate::database::{Account, LogicalDatabase, SchemaSnapshot};
use crate::finding::{Code, Finding, Kind, Stage};
use crate::rehearsal::RehearsalError;
use crate::scenario::evidence::Met;
use crate::scenario::ground::Ground;
use crate::scenario::judge::{Found, many, start};
use crate::scenario::migrator::{Unmigrated, migrate};
use crate::scenario::round::{once, round, warm};
use crate::scenario::table::Schema;
use crate::scenario::task::Task;

/// What runs now, as everything else is measured by it.
#[derive(Debug)]
pub(in crate::scenario) struct Reference {
    /// What its requests met.
    pub(in crate::scenario) met: Met,
    /// Its schema.
    pub(in crate::scenario) schema: SchemaSnapshot,
    /// Where its requests went: a database with the old schema, which nobody uses any more.
    pub(in crate::scenario) database: LogicalDatabase,
    /// The statements that its tasks sent, from their start on, without repetitions.
    pub(in crate::scenario) statements: Vec<Captured>,
    /// Its catalog.
    pub(in crate::scenario) catalog: Catalog,
    /// The tables that its requests read or wrote.
    pub(in crate::scenario) exercised: BTreeSet<String>,
}

/// What came of the baseline: a report, and the reference if there is one.
pub(in crate::scenario) struct Baseline {
    pub(in crate::scenario) report: Report,
    pub(in crate::scenario) reference: Option<Reference>,
}

impl Baseline {
    /// Makes the baseline.
    ///
    /// # Errors
    /// If the rehearsal cannot go on.
    pub(in crate::scenario) async fn lay(ground: &Ground<'_>) -> Result<Self, RehearsalError> {
        let database = ground.baseline();
        ground.keep_empty().await?;
        let ran = match fill(ground, &database).await? {
            Ok(ran) => ran,
            Err(finding) => return Ok(Self::refuted(*finding)),
        };
        let copy = ground.clone_called("s0", Schema::Baseline).await?;
        refer(ground, &copy, ran).await
    }

    fn refuted(finding: Finding) -> Self {
        let report = Report::shown("what runs now does not run", vec![Found::alone(finding)]);
        Self { report, reference: None }
    }
}

/// Whether what runs now stands on `database`, an empty one: it gets its rows, and a task of it starts.
///
/// # Errors
/// If the rehearsal cannot go on.
pub(in crate::scenario) async fn stands(
    ground: &Ground<'_>,
    database: &LogicalDatabase,
) -> Result<Result<(), Box<Finding>>, RehearsalError> {
    if let Err(finding) = fill(ground, database).await? {
        return Ok(Err(finding));
    }
    Ok(match Task::serve(ground, &ground.old, database).await {
        Ok(task) => {
            task.remove().await;
            Ok(())
        }
        Err(broken) => Err(Box::new(start::judge(&broken, "tasks of what runs now", Stage::Baseline, Code::T05))),
    })
}

/// Gives `database` the old schema and the rows of the seed, and answers with the statements that wrote them.
async fn fill(
    ground: &Ground<'_>,
    database: &LogicalDatabase,
) -> Result<Result<Vec<Ran>, Box<Finding>>, RehearsalError> {
    match migrate(ground, &ground.old, database).await {
        Ok(()) => {}
        Err(Unmigrated::Refuted(mut finding)) => {
            finding.stage = Stage::Baseline;
            finding.sentence = format!("what runs now cannot make its own schema: {}", finding.sentence);
            return Ok(Err(finding));
        }
        Err(Unmigrated::Failed(error)) => return Err(error),
    }
    if ground.seed().is_empty() {
        return Ok(Ok(Vec::new()));
    }
    let capture = Capture::start(database).await?;
    let task = match Task::serve(ground, &ground.old, database).await {
        Ok(task) => task,
        Err(broken) => {
            return Ok(Err(Box::new(start::judge(&broken, "tasks of what runs now", Stage::Baseline, Code::T05))));
        }
    };
    let asked = once(&ground.client, &task.base, ground.seed()).await;
    task.remove().await;
    let Some(failed) = asked.iter().find(|asked| asked.failed > 0) else { return Ok(Ok(capture.ran().await?)) };
    let sentence = format!("what runs now does not take the seed request `{}`", failed.name);
    let place = ground.session.input.files.smoke.source.name.clone();
    let finding = Finding::error(Code::T05, Kind::Proved, Stage::Baseline, sentence)
        .evidence(failed.shown())
        .help("correct the request in the smoke file, or choose another release with `--from`")
        .in_file(&place);
    Ok(Err(Box::new(finding)))
}

/// Sends the smoke requests to an old task on `database`. The statements that `ran` before count with those of the requests.
async fn refer(ground: &Ground<'_>, database: &LogicalDatabase, mut ran: Vec<Ran>) -> Result<Baseline, RehearsalError> {
    let schema = database.schema().await?;
    let catalog = Catalog::read(&mut database.connect(Account::Administrator).await?).await?;
    database.forget_touches().await?;
    let mark = database.mark().await?;
    let capture = Capture::start(database).await?;
    let task = match Task::serve(ground, &ground.old, database).await {
        Ok(task) => task,
        Err(broken) => {
            return Ok(Baseline::refuted(start::judge(&broken, "tasks of what runs now", Stage::Baseline, Code::T05)));
        }
    };
    let healthy_after = task.healthy_after;
    // As in the scenarios that are compared with it: what repeated requests meet here says nothing there.
    warm(&ground.client, &task.base, ground.smoke()).await;
    let asked = round(&ground.client, &task.base, ground.smoke()).await;
    task.remove().await;
    database.until_left().await?;
    let errors = database.errors_since(&mark).await?;
    let exercised = database.touched_tables().await?;
    ran.extend(capture.ran().await?);
    let statements = distinct(&ran);
    let met = Met { asked, errors };
    let evidence = format!(
        "`{}` is healthy after {:.1} s; {}; {} exercised with {}",
        ground.old.label,
        healthy_after.as_secs_f64(),
        shown(&met),
        many(exercised.len(), "table"),
        many(statements.iter().filter(|it| it.is_about_rows()).count(), "statement")
    );
    let failing: Vec<String> = met.asked.iter().filter(|it| it.failed > 0).map(|it| it.shown()).collect();
    let mut found = Vec::new();
    if !failing.is_empty() {
        let sentence = "requests fail before anything is deployed, and say nothing about the deploy";
        let finding = Finding::warning(Code::T05, Kind::Proved, Stage::Baseline, sentence).with_evidence(failing);
        found.push(Found::alone(finding.help("correct the requests in the smoke file, or the release")));
    }
    let reference = Some(Reference { met, schema, database: database.clone(), statements, catalog, exercised });
    Ok(Baseline { report: Report::shown(evidence, found), reference })
}
