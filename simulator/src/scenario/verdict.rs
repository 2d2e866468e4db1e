//! What the scenarios come to.

use std::collections::BTreeSet;
use std::time::Duration;

use super::table::Scenario;
use super::window::{Starts, Windows};
use crate::finding::{Finding, Severity};
use crate::report::Redactor;

/// How a scenario ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// What must hold was seen to hold.
    Proved,
    /// It does not hold.
    Refuted,
    /// It was not shown either way.
    NotShown,
}

impl Ended {
    /// The word for it in reports.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Proved => "proved",
            Self::Refuted => "refuted",
            Self::NotShown => "not-shown",
        }
    }
}

/// What came of one scenario.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The scenario.
    pub scenario: Scenario,
    /// How it ended.
    pub ended: Ended,
    /// One line: what shows it, or why it was not shown.
    pub details: String,
    /// What was found, but for what another scenario's finding says already.
    pub findings: Vec<Finding>,
    /// From its beginning to its end; scenarios run side by side.
    pub took: Duration,
}

/// What the scenarios exercised, which is all that they can say anything of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// What the migration changes, a line each.
    pub changes: Vec<String>,
    /// The tables that the smoke requests read or wrote.
    pub exercised: BTreeSet<String>,
    /// The tables that the migration changes and no request touched.
    pub unexercised: BTreeSet<String>,
    /// How many adversarial rows the migration ran beside.
    pub seeded: usize,
    /// What could not be seeded, a line each.
    pub unseeded: Vec<String>,
}

/// What the scenarios come to, and all that reports are made of.
#[derive(Clone, Debug)]
pub struct DataVerdict {
    /// The rehearsal's id.
    pub id: String,
    /// The project.
    pub project: String,
    /// What was taken to run now.
    pub from: String,
    /// What would be deployed.
    pub to: String,
    /// The database's engine and image.
    pub database: String,
    /// The seed that everything random was drawn with.
    pub seed: u64,
    /// What came of each scenario that was asked for, in order.
    pub outcomes: Vec<Outcome>,
    /// What was exercised.
    pub coverage: Coverage,
    /// After how long tasks were up.
    pub starts: Starts,
    /// What stood in for something else.
    pub stood_in: Vec<String>,
    /// What a reader should know of the circumstances before believing it.
    pub cautions: Vec<String>,
    /// From the start to the verdict.
    pub took: Duration,
    /// Every text of a report passes through it.
    pub redactor: Redactor,
}

impl DataVerdict {
    /// Whether no scenario was refuted.
    #[must_use]
    pub fn would_succeed(&self) -> bool {
        !self.findings().iter().any(|finding| finding.severity == Severity::Error)
    }

    /// Says of each finding for how long it would be met.
    pub fn tell(&mut self, windows: &Windows) {
        for outcome in &mut self.outcomes {
            for finding in &mut outcome.findings {
                finding.window = windows.of(outcome.scenario, finding);
            }
        }
    }

    /// All findings, the worst first.
    #[must_use]
    pub fn findings(&self) -> Vec<&Finding> {
        let mut findings: Vec<&Finding> = self.outcomes.iter().flat_map(|outcome| &outcome.findings).collect();
        findings.sort_by(|a, b| a.worst_first(b));
        findings
    }
}
