//! How the stages of a rehearsal can end.

use std::time::Duration;

use crate::finding::Finding;
pub use crate::finding::Stage;

/// How a stage ended.
#[derive(Clone, Debug)]
pub enum Ending {
    /// It happened, and this shows it.
    Proved {
        /// One line of evidence.
        evidence: String,
    },
    /// It cannot be so, and these findings say why.
    Refuted {
        /// At least one.
        findings: Vec<Finding>,
    },
    /// It was not shown either way.
    NotShown {
        /// Why not.
        reason: String,
    },
}

/// What came of one stage.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The stage.
    pub stage: Stage,
    /// How it ended.
    pub ending: Ending,
    /// Findings that do not refute it.
    pub warnings: Vec<Finding>,
    /// How long the rehearsal waited for it. Work done ahead, beside earlier stages, is not in it.
    pub took: Duration,
}
