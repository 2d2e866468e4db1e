//! Runs the scenarios that are wanted and puts together what came of them.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::stream::{self, StreamExt};

use super::down;
use super::ground::{Ground, Groundless};
use super::judge::{Found, coverage, rollback};
use super::overlap;
use super::parity;
use super::password;
use super::steps::{Baseline, Play, Reference, Report};
use super::table::Scenario;
use super::verdict::{Coverage, DataVerdict, Ended, Outcome};
use super::whole::{foresee, own_up, suspect};
use super::window::Starts;
use crate::database::Database;
use crate::database::schema::SchemaChange;
use crate::database::seeding::Seeded;
use crate::finding::{Code, Finding, Kind, Severity, Stage};
use crate::rehearsal::stages::{database, images};
use crate::rehearsal::{Progress, RehearsalError, Session, load};
use crate::report::Redactor;

/// So many scenarios run side by side: each is a container or two that wait for a database most of the time.
const SIDE_BY_SIDE: usize = 2;

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// These scenarios. The baseline is always played, since everything is measured by it.
    pub only: BTreeSet<Scenario>,
    /// What everything random is drawn with.
    pub seed: u64,
}

/// Hears of the scenarios while they go on.
pub trait Hearing: Send + Sync {
    /// A scenario has begun.
    fn began(&self, scenario: Scenario);
    /// A scenario has ended, but its findings are not yet compared with the others'.
    fn ended(&self, outcome: &Outcome);
}

/// Hears of everything without the secrets in it.
struct Discreet<'a> {
    hearing: &'a dyn Hearing,
    redactor: &'a Redactor,
}

impl Hearing for Discreet<'_> {
    fn began(&self, scenario: Scenario) {
        self.hearing.began(scenario);
    }

    fn ended(&self, outcome: &Outcome) {
        let mut outcome = outcome.clone();
        outcome.details = self.redactor.clean(&outcome.details);
        for finding in &mut outcome.findings {
            finding.sentence = self.redactor.clean(&finding.sentence);
        }
        self.hearing.ended(&outcome);
    }
}

/// Plays the scenarios that are wanted. [`Session::close`] must follow, whatever became of it.
///
/// # Errors
/// If they cannot be played; a deploy that breaks something is a verdict.
pub async fn run(
    session: &Session<'_>,
    wanted: &Wanted,
    progress: &Arc<dyn Progress>,
    hearing: &dyn Hearing,
) -> Result<DataVerdict, RehearsalError> {
    let began = Instant::now();
    let hearing: &dyn Hearing = &Discreet { hearing, redactor: &session.redactor };
    hearing.began(Scenario::S0);
    let ground = match Ground::open(session, progress).await {
        Ok(ground) => ground,
        Err(Groundless::Failed(error)) => return Err(error),
        Err(Groundless::Refuted(findings)) => {
            let found = findings.into_iter().map(Found::alone).collect();
            let report =
                Report { evidence: "there is nothing to stand on".to_owned(), shown: true, found, ..Report::default() };
            let first = outcome(Scenario::S0, report, began.elapsed(), hearing);
            return Ok(verdict(
                session,
                wanted,
                (String::new(), Vec::new()),
                all_not_shown(wanted, first),
                Coverage::default(),
            ));
        }
    };
    let about = (database::described(&ground.server), images::stand_ins(session, Some(&ground.server)).await);
    let Baseline { report, reference } = match Baseline::lay(&ground).await {
        Ok(baseline) => baseline,
        Err(error) => {
            let report = down::report(&ground, error, (Scenario::S0, wanted.seed)).await?;
            Baseline { report, reference: None }
        }
    };
    let first = outcome(Scenario::S0, report, began.elapsed(), hearing);
    let (mut outcomes, coverage) = match &reference {
        None => (all_not_shown(wanted, first), Coverage::default()),
        Some(reference) => {
            let (mut rest, learnt) = play(&ground, reference, wanted, hearing).await?;
            rest.insert(0, first);
            let coverage = covered(reference, &learnt);
            rest[0].findings.extend(warning(&coverage));
            (rest, coverage)
        }
    };
    overlap::hold(&ground, &mut outcomes).await?;
    password::hold(&ground, &mut outcomes).await?;
    parity::hold(&ground, reference.as_ref(), wanted.seed, &mut outcomes).await?;
    let starts = Starts::of(&ground.starts.lock(), &ground.old.label, &ground.new.label);
    let Ground { server, .. } = ground;
    if session.script.keep {
        // Dropping it would remove it.
        drop(Database::keep(server));
    }
    Ok(DataVerdict { starts, ..verdict(session, wanted, about, outcomes, coverage) })
}

/// What the scenarios learnt of the migration.
#[derive(Debug, Default)]
struct Learnt {
    changes: Vec<SchemaChange>,
    rows: Seeded,
}

/// Plays all but the baseline, each in a database of its own, and answers with what came of each, in order, and with what they learnt.
async fn play(
    ground: &Ground<'_>,
    reference: &Reference,
    wanted: &Wanted,
    hearing: &dyn Hearing,
) -> Result<(Vec<Outcome>, Learnt), RehearsalError> {
    let play = Play { ground, reference, seed: wanted.seed };
    let scenarios: Vec<Scenario> = wanted.only.iter().copied().filter(|it| *it != Scenario::S0).collect();
    let played = scenarios.iter().copied().map(|scenario| {
        let play = &play;
        async move {
            hearing.began(scenario);
            let began = Instant::now();
            let report = play.run(scenario).await;
            (scenario, report, began.elapsed())
        }
    });
    let mut reports: Vec<(Scenario, Report, Duration)> = Vec::new();
    let mut playing = stream::iter(played).buffered(SIDE_BY_SIDE);
    while let Some((scenario, report, took)) = playing.next().await {
        match report {
            Ok(report) => reports.push((scenario, report, took)),
            Err(error) => {
                reports.push((scenario, down::report(ground, error, (scenario, wanted.seed)).await?, took));
                break;
            }
        }
    }
    drop(playing);
    let unplayed = scenarios.into_iter().skip(reports.len());
    reports.extend(unplayed.map(|scenario| (scenario, down::not_shown(), Duration::ZERO)).collect::<Vec<_>>());
    let changes = reports.iter().map(|(_, report, _)| &report.changes).find(|changes| !changes.is_empty()).cloned();
    compare(&mut reports);
    own_up(wanted.seed, &mut reports);
    foresee(&mut reports);
    suspect(ground.engine(), wanted.seed, &mut reports, reference);
    let rows = reports.iter_mut().find_map(|(_, report, _)| report.rows.take());
    let learnt = Learnt { changes: changes.unwrap_or_default(), rows: rows.unwrap_or_default() };
    let outcomes = reports.into_iter().map(|(scenario, report, took)| outcome(scenario, report, took, hearing));
    Ok((outcomes.collect(), learnt))
}

/// Lays what old tasks meet in the deploy and in the rollback together.
fn compare(reports: &mut [(Scenario, Report, Duration)]) {
    let place = |of: Scenario| reports.iter().position(|(scenario, report, _)| *scenario == of && report.shown);
    let (Some(deployed), Some(back)) = (place(Scenario::S2), place(Scenario::S6)) else { return };
    let rolled_back = std::mem::take(&mut reports[back].1.found);
    reports[back].1.refuted = rolled_back.iter().any(|it| it.finding.severity == Severity::Error);
    let left = rollback::merge(&mut reports[deployed].1.found, rolled_back);
    reports[back].1.found = left;
}

fn outcome(scenario: Scenario, report: Report, took: Duration, hearing: &dyn Hearing) -> Outcome {
    let Report {
        evidence: details,
        shown,
        refuted,
        found,
        unmigrated: _,
        foreseen: _,
        changes: _,
        rows: _,
        watched: _,
    } = report;
    let findings: Vec<Finding> = found.into_iter().map(|it| it.finding).collect();
    let refuted = refuted || findings.iter().any(|finding| finding.severity == Severity::Error);
    let ended = match (shown, refuted) {
        (false, _) => Ended::NotShown,
        (true, false) => Ended::Proved,
        (true, true) => Ended::Refuted,
    };
    let outcome = Outcome { scenario, ended, details, findings, took };
    hearing.ended(&outcome);
    outcome
}

fn all_not_shown(wanted: &Wanted, first: Outcome) -> Vec<Outcome> {
    let rest = wanted.only.iter().filter(|scenario| **scenario != Scenario::S0).map(|scenario| Outcome {
        scenario: *scenario,
        ended: Ended::NotShown,
        details: "there is no baseline: see S0".to_owned(),
        findings: Vec::new(),
        took: Duration::ZERO,
    });
    std::iter::once(first).chain(rest).collect()
}

fn covered(reference: &Reference, Learnt { changes, rows }: &Learnt) -> Coverage {
    Coverage {
        changes: changes.iter().map(ToString::to_string).collect(),
        exercised: reference.exercised.clone(),
        unexercised: coverage::unexercised(changes, &reference.exercised),
        seeded: rows.accepted.len(),
        unseeded: rows.not_seeded(),
    }
}

/// Only what was exercised is claimed.
fn warning(coverage: &Coverage) -> Option<Finding> {
    let tables: Vec<&str> = coverage.unexercised.iter().map(String::as_str).collect();
    let sentence = format!("no smoke request touches what the migration changes: {}", tables.join(", "));
    let about = |line: &&String| tables.iter().any(|table| line.contains(*table));
    let finding = Finding::warning(Code::T12, Kind::Proved, Stage::Verify, sentence)
        .with_evidence(coverage.changes.iter().filter(about).cloned())
        .help("add requests to the smoke file that read and write them: what is not exercised is not shown");
    (!tables.is_empty()).then_some(finding)
}

fn verdict(
    session: &Session<'_>,
    wanted: &Wanted,
    (database, stood_in): (String, Vec<String>),
    outcomes: Vec<Outcome>,
    coverage: Coverage,
) -> DataVerdict {
    DataVerdict {
        id: session.identity.id().to_string(),
        project: session.script.project.clone(),
        from: session.script.from.label.clone(),
        to: session.script.to.label.clone(),
        database,
        seed: wanted.seed,
        outcomes,
        coverage,
        starts: Starts::default(),
        stood_in,
        cautions: load::caution(session.engine.facts().processors)
            .into_iter()
            .chain(session.script.left_out())
            .collect(),
        took: session.began.elapsed(),
        redactor: session.redactor.clone(),
    }
}
