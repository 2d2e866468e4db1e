//! Which finding follows from which evidence: values in, values out.
//!
//! - [`subject`]: which change of the schema a failed statement is about
//! - [`refused`]: tasks that meet a schema they do not know
//! - [`foreseen`]: statements that the new schema refuses, whether or not a request has sent them
//! - [`fix`]: what to do about it, as text to paste
//! - [`start`]: why a task does not become healthy
//! - [`together`]: what old and new tasks read of one another
//! - [`readiness`]: what is wrong with a health check that was tried
//! - [`rollback`]: what of the deploy's findings the rollback meets as well
//! - [`waiting`]: a migration that waits for a reader, and those who wait behind it
//! - [`invalid`], [`masked`]: what a failed migration hides
//! - [`coverage`]: what was changed and never exercised
//! - [`locks`]: what the migration does to those who use its tables meanwhile
//! - [`suspicion`]: patterns of its statements that nothing played has answered
//! - [`seeded`], [`question`]: what depends on the rows that production has, and how to ask it

pub(super) mod coverage;
pub(super) mod fix;
pub(super) mod foreseen;
pub(super) mod invalid;
pub(super) mod locks;
pub(super) mod masked;
pub(super) mod question;
pub(super) mod readiness;
pub(super) mod refused;
pub(super) mod rollback;
pub(super) mod seeded;
pub(super) mod start;
pub(super) mod subject;
pub(super) mod suspicion;
pub(super) mod together;
pub(super) mod waiting;

use super::table::Scenario;
use crate::finding::{Code, Finding};

/// A finding, and what makes it the same as another scenario's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// What is broken, in the same words wherever it is met.
    pub(super) subject: Option<(Code, String)>,
    /// The finding.
    pub(super) finding: Finding,
}

impl Found {
    /// A finding that no other scenario can share.
    pub(super) fn alone(finding: Finding) -> Self {
        Self { subject: None, finding }
    }
}

/// The command that plays just `scenario` again.
pub(super) fn replay(scenario: Scenario, seed: u64) -> String {
    format!("play it again: greenroom rehearse data --only {scenario} --seed {seed}")
}

/// So many of a thing, in words.
pub(in crate::scenario) fn many(count: usize, thing: &str) -> String {
    format!("{count} {thing}{}", if count == 1 { "" } else { "s" })
}
