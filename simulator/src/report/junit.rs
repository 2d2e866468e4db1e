//! `junit.xml`: a test case per stage, for CI systems that show tests.

use std::io;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use crate::finding::Severity;
use crate::rehearsal::{Ending, Verdict};

/// The verdict as JUnit's XML.
///
/// # Errors
/// If it cannot be written as XML.
pub fn report(verdict: &Verdict) -> io::Result<String> {
    let mut suite = TestSuite::new(format!("{}: {} to {}", verdict.project, verdict.from, verdict.to));
    for outcome in &verdict.outcomes {
        let status = match &outcome.ending {
            Ending::Proved { .. } => TestCaseStatus::success(),
            Ending::Refuted { findings } => {
                let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
                if let Some(worst) = findings.first() {
                    status.set_type(worst.code.to_string()).set_message(worst.sentence.clone());
                }
                let texts: Vec<String> = findings.iter().map(ToString::to_string).collect();
                status.set_description(texts.join("\n\n"));
                status
            }
            Ending::NotShown { reason } => {
                let mut status = TestCaseStatus::skipped();
                status.set_message(reason.clone());
                status
            }
        };
        let mut case = TestCase::new(outcome.stage.to_string(), status);
        case.set_classname("greenroom rehearse").set_time(outcome.took);
        suite.add_test_case(case);
    }
    for finding in verdict.predicted.iter().filter(|finding| finding.severity == Severity::Error) {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
        status.set_type(finding.code.to_string()).set_message(finding.sentence.clone());
        status.set_description(finding.to_string());
        let mut case = TestCase::new(format!("on AWS: {}", finding.code), status);
        case.set_classname("greenroom rehearse");
        suite.add_test_case(case);
    }
    let mut report = Report::new("greenroom rehearse");
    report.set_time(verdict.took);
    report.add_test_suite(suite);
    report.to_string().map_err(io::Error::other)
}
