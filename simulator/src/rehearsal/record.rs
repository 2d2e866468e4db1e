//! Runs stages one after another, and keeps what came of each.

use std::future::Future;
use std::time::Instant;

use super::RehearsalError;
use super::stage::{Ending, Outcome, Stage};
use crate::finding::Finding;

/// Hears of a rehearsal while it goes on.
pub trait Progress: Send + Sync {
    /// The rehearsal now waits for `stage`.
    fn started(&self, stage: Stage);
    /// Work on `stage`, perhaps ahead of its turn, has got this far.
    fn says(&self, stage: Stage, line: &str);
    /// Something happened in the simulated account, in AWS's own words.
    fn happened(&self, message: &str);
    /// A stage has ended.
    fn ended(&self, outcome: &Outcome);
}

/// What a stage that was proved hands on.
#[derive(Debug)]
pub struct Proof<T> {
    /// What later stages need of it.
    pub value: T,
    /// One line that shows it.
    pub evidence: String,
    /// Findings that do not refute it.
    pub warnings: Vec<Finding>,
}

impl<T> Proof<T> {
    /// A proof without warnings.
    #[must_use]
    pub fn new(value: T, evidence: impl Into<String>) -> Self {
        Self { value, evidence: evidence.into(), warnings: Vec::new() }
    }
}

/// Why a stage has no proof.
#[derive(Debug)]
pub enum Unproved {
    /// The obligation is refuted.
    Refuted(Vec<Finding>),
    /// The rehearsal itself cannot go on.
    Failed(RehearsalError),
}

impl From<RehearsalError> for Unproved {
    fn from(error: RehearsalError) -> Self {
        Self::Failed(error)
    }
}

impl From<Finding> for Unproved {
    fn from(finding: Finding) -> Self {
        Self::Refuted(vec![finding])
    }
}

/// Why no further stage is run.
#[derive(Debug)]
pub enum Halt {
    /// A stage was refuted.
    Refuted,
    /// The rehearsal itself cannot go on.
    Failed(RehearsalError),
}

/// The stages so far.
pub struct Record<'a> {
    outcomes: Vec<Outcome>,
    progress: &'a dyn Progress,
    keep_going: bool,
}

impl<'a> Record<'a> {
    /// Nothing so far. With `keep_going`, a refuted stage does not end the rehearsal where later ones can do without it.
    #[must_use]
    pub fn new(progress: &'a dyn Progress, keep_going: bool) -> Self {
        Self { outcomes: Vec::new(), progress, keep_going }
    }

    /// Runs `work` as `stage`. Answers what it hands on, or nothing if it was refuted and the rehearsal goes on all the same.
    ///
    /// # Errors
    /// If the rehearsal ends here.
    pub async fn stage<T>(
        &mut self,
        stage: Stage,
        work: impl Future<Output = Result<Proof<T>, Unproved>>,
    ) -> Result<Option<T>, Halt> {
        self.progress.started(stage);
        let began = Instant::now();
        let result = work.await;
        let took = began.elapsed();
        let (value, ending, warnings) = match result {
            Ok(Proof { value, evidence, warnings }) => (Some(value), Ending::Proved { evidence }, warnings),
            Err(Unproved::Refuted(findings)) => (None, Ending::Refuted { findings }, Vec::new()),
            Err(Unproved::Failed(error)) => return Err(Halt::Failed(error)),
        };
        let outcome = Outcome { stage, ending, warnings, took };
        self.progress.ended(&outcome);
        self.outcomes.push(outcome);
        match value {
            None if !self.keep_going => Err(Halt::Refuted),
            value => Ok(value),
        }
    }

    /// Runs `work` as `stage`, whose result later stages cannot do without.
    ///
    /// # Errors
    /// If the rehearsal ends here.
    pub async fn needed<T>(
        &mut self,
        stage: Stage,
        work: impl Future<Output = Result<Proof<T>, Unproved>>,
    ) -> Result<T, Halt> {
        self.stage(stage, work).await?.ok_or(Halt::Refuted)
    }

    /// Notes that `stage` does not apply.
    pub fn not_shown(&mut self, stage: Stage, reason: &str) {
        let ending = Ending::NotShown { reason: reason.to_owned() };
        let outcome = Outcome { stage, ending, warnings: Vec::new(), took: std::time::Duration::ZERO };
        self.progress.ended(&outcome);
        self.outcomes.push(outcome);
    }

    /// All ten stages: those that were never reached are not shown.
    #[must_use]
    pub fn finish(mut self) -> Vec<Outcome> {
        let refuted = self.outcomes.iter().find(|it| matches!(it.ending, Ending::Refuted { .. })).map(|it| it.stage);
        for stage in Stage::ALL {
            if self.outcomes.iter().any(|outcome| outcome.stage == stage) {
                continue;
            }
            let reason = refuted.map_or_else(|| "not reached".to_owned(), |stage| format!("{stage} was refuted"));
            self.not_shown(stage, &reason);
        }
        self.outcomes.sort_by_key(|outcome| outcome.stage);
        self.outcomes
    }
}
