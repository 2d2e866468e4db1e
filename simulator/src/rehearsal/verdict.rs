//! What a rehearsal comes to.

use std::time::Duration;

use simulator_core::Event;

use super::permissions::Permissions;
use super::shift::Course;
use super::stage::{Ending, Outcome};
use super::traffic::Tally;
use crate::finding::{Finding, Severity};
use crate::prediction::{Needs, Prediction};
use crate::report::Redactor;

/// What a rehearsal comes to, and all that reports are made of.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// The rehearsal's id.
    pub id: String,
    /// The project.
    pub project: String,
    /// What was taken to run now.
    pub from: String,
    /// What was deployed.
    pub to: String,
    /// The database's engine and version, if there was a database.
    pub database: Option<String>,
    /// All stages, in order.
    pub outcomes: Vec<Outcome>,
    /// The requests that were sent during the rollout and the rollback.
    pub traffic: Tally,
    /// What AWS would do, if enough was seen to tell.
    pub prediction: Option<Prediction>,
    /// How requests moved to what was deployed, where the deploy moves them.
    pub course: Option<Course>,
    /// What the containers of what would be deployed needed.
    pub needs: Needs,
    /// What AWS would do otherwise than it went here.
    pub predicted: Vec<Finding>,
    /// What was called and is not simulated.
    pub not_simulated: Vec<Finding>,
    /// What became of the deploy's policies, where the deploy identity acted.
    pub permissions: Option<Permissions>,
    /// How the containers of what would be deployed behaved, as a script that can be played again.
    pub behaviours: Option<String>,
    /// What was real.
    pub real: Vec<String>,
    /// What was simulated, and how far.
    pub simulated: Vec<String>,
    /// What stood in for something else.
    pub stood_in: Vec<String>,
    /// What a reader should know of the circumstances before believing it.
    pub cautions: Vec<String>,
    /// From the start to the verdict.
    pub took: Duration,
    /// The trace.
    pub events: Vec<Event>,
    /// Every text of a report passes through it.
    pub redactor: Redactor,
}

impl Verdict {
    /// Whether every stage was proved or does not apply, and AWS would not fail what succeeded here, for
    /// want of permission least of all.
    #[must_use]
    pub fn would_succeed(&self) -> bool {
        let refuted = self.outcomes.iter().any(|outcome| matches!(outcome.ending, Ending::Refuted { .. }));
        let lacking = self.permissions.iter().flat_map(|permissions| &permissions.findings);
        !refuted && !self.predicted.iter().chain(lacking).any(|finding| finding.severity == Severity::Error)
    }

    /// All findings, the worst first.
    #[must_use]
    pub fn findings(&self) -> Vec<&Finding> {
        let mut findings: Vec<&Finding> = self
            .outcomes
            .iter()
            .flat_map(|outcome| {
                let refuting = match &outcome.ending {
                    Ending::Refuted { findings } => findings.as_slice(),
                    Ending::Proved { .. } | Ending::NotShown { .. } => &[],
                };
                refuting.iter().chain(&outcome.warnings)
            })
            .chain(&self.predicted)
            .chain(&self.not_simulated)
            .chain(self.permissions.iter().flat_map(|permissions| &permissions.findings))
            .collect();
        findings.sort_by(|a, b| a.worst_first(b));
        findings
    }
}
